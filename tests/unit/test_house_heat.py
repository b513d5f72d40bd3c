"""Plans of a house's heat on known days, and what a thermostat is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from houses import COOLER, ONE_NODE, PUMP, TWO_NODES, costs, grid_of, only_on_or_off, runs, steady, task_of, two_peaks

from homeagent.devices.heat_pump import corrected_cop, usual_cop
from homeagent.devices.house_heat import cop_at, modes_of
from homeagent.domain.devices import HouseModel
from homeagent.domain.grid import FloatArray
from homeagent.domain.tasks import HeatTask
from homeagent.planning.house_heat import best_response, evaluate, worth_of_heat_left
from homeagent.planning.thermostat import targets

CHEAP, DEAR = 0.1, 0.5


def day_with_a_dear_morning() -> tuple[HeatTask, FloatArray]:
    """24 hours: cheap until 6, dear until 10, wanted warm from 6 on."""
    grid = grid_of(24, 60)
    price = np.where(np.arange(24) < 6, CHEAP, np.where(np.arange(24) < 10, DEAR, 0.3))
    low_c = np.where(np.arange(24) < 6, 16.0, 20.0)
    task = task_of(grid=grid, low_c=low_c, discomfort_per_kh=np.full(24, 1.0), outdoor_c=np.zeros(24))
    return task, price


def test_it_heats_in_the_cheap_hours_before_the_dear_ones() -> None:
    task, price = day_with_a_dear_morning()
    plan = best_response(task, costs(grid_of(24, 60), price))
    cheap_kwh, dear_kwh = plan.power_kw[:6].sum(), plan.power_kw[6:10].sum()
    assert cheap_kwh > 8.0
    assert dear_kwh < 0.35 * cheap_kwh
    known = [2.5] * 6 + [0.38] + [1.08] * 4 + [0.91] * 3 + [1.08] * 2 + [1.26] * 6 + [1.44, 1.26]
    assert plan.power_kw == pytest.approx(known, abs=0.2)
    assert plan.level[6] > 21.0
    assert plan.level[6:].min() > 19.5
    flat = best_response(task, costs(grid_of(24, 60), np.full(24, 0.3)))
    assert flat.power_kw[:6].sum() < 0.8 * cheap_kwh


def test_it_sets_back_where_nobody_cares_and_is_warm_when_somebody_comes() -> None:
    grid = grid_of(96)
    hour = np.arange(96) / 4
    away = (hour >= 6) & (hour < 18)
    task = task_of(
        grid=grid,
        air_c=20.0,
        mass_c=20.0,
        low_c=np.where(away, 15.0, 20.0),
        discomfort_per_kh=np.where(away, 0.0, 1.0),
        outdoor_c=np.full(96, 0.0),
        sun_kw_m2=np.zeros(96),
    )
    plan = best_response(task, costs(grid, np.full(96, 0.3)))
    assert not plan.power_kw[(hour >= 7) & (hour < 14)].any()
    assert plan.level[72] > 19.5
    assert plan.level[:72].min() < 18.5


def test_it_cools_before_the_dear_evening() -> None:
    grid = grid_of(96)
    hour = np.arange(96) / 4
    task = task_of(COOLER, grid=grid, high_c=np.full(96, 25.0), discomfort_per_kh=np.full(96, 1.0))
    price = np.where((hour >= 17) & (hour < 21), 0.6, 0.15)
    plan = best_response(task, costs(grid, price))
    assert plan.power_kw.any()
    assert plan.power_kw[(hour >= 17) & (hour < 21)].sum() < 0.5 * plan.power_kw[(hour >= 13) & (hour < 17)].sum()
    assert plan.level[1:].max() < 26.0


def test_frost_is_kept_off_where_nobody_cares_for_days() -> None:
    grid = grid_of()
    task = task_of(grid=grid, discomfort_per_kh=np.zeros(192), outdoor_c=np.full(192, -15.0), air_c=9.0, mass_c=9.0)
    plan = best_response(task, costs(grid, np.full(192, 0.3)))
    assert plan.level.min() >= PUMP.guard_low_c - 1e-9
    assert plan.level.max() < 11.0
    assert not plan.unmet


def test_what_cannot_be_met_is_told_and_the_best_done() -> None:
    grid = grid_of(96)
    weak = replace(PUMP, max_kw=0.3, min_kw=0.1)
    task = task_of(weak, grid=grid, air_c=9.0, mass_c=9.0, outdoor_c=np.full(96, -10.0))
    plan = best_response(task, costs(grid, np.full(96, 0.3)))
    assert plan.power_kw[task.sun_kw_m2 == 0] == pytest.approx(0.3)
    assert len(plan.unmet) == 2
    assert "cooler than wanted" in plan.unmet[0]
    assert "frost guard" in plan.unmet[1]


def test_it_starts_no_more_often_than_it_may() -> None:
    grid = grid_of()
    price = np.where(np.arange(192) % 8 < 4, 0.1, 0.5)
    task = task_of(steady(only_on_or_off(), 15, starts=3), grid=grid)
    often = best_response(replace(task, spec=only_on_or_off()), costs(grid, price))
    seldom = best_response(task, costs(grid, price))
    for day in (slice(0, 96), slice(96, 192)):
        starts = [on for on, _ in runs(seldom.power_kw[day])].count(True)
        assert starts <= 4  # one of them may run on from the day before
    assert len(runs(often.power_kw)) > len(runs(seldom.power_kw))


def test_a_thermostat_is_told_above_the_room_to_run_and_below_to_rest() -> None:
    power_kw = np.array([2.5, 2.5, 0.0, 0.0, 1.0])
    air_c = np.array([19.0, 19.62, 20.1, 19.8, 19.5, 19.8])
    told = targets(PUMP, power_kw, air_c)
    assert told.tolist() == [20.5, 20.5, 19.0, 19.0, 20.0]
    assert targets(COOLER, np.array([1.5, 0.0]), np.array([25.0, 24.0, 24.5])).tolist() == [23.5, 25.0]
    powers = np.array([1.0, 2.5, 1.0, 1.0, 1.0])
    assert targets(PUMP, powers, np.array([22.2, 22.0, 22.3, 22.35, 22.1, 22.1])).tolist() == [22.0] * 5
    assert targets(PUMP, powers, np.array([22.2, 22.3, 22.5, 22.6, 22.7, 22.8])).tolist() == [23.0] * 5
    cold = targets(PUMP, np.zeros(2), np.array([8.2, 8.1, 8.0]))
    assert cold.tolist() == [8.5, 8.5]


def test_heat_left_at_the_end_is_not_given_away_if_it_is_worth_something() -> None:
    grid = grid_of()
    price = two_peaks(grid)
    task = task_of(grid=grid)
    worth = worth_of_heat_left(PUMP, TWO_NODES, price, task.outdoor_c, grid)
    assert 0.03 < worth < 0.12
    sunny = np.where(np.arange(192) % 96 < 30, 3.0, 0.0)
    assert worth_of_heat_left(PUMP, TWO_NODES, price, task.outdoor_c, grid, sunny) == 0.0
    plain = best_response(task, costs(grid, price))
    kept = best_response(replace(task, left_per_kwh=worth), costs(grid, price))
    assert kept.level[-1] > plain.level[-1] + 0.5


def test_a_house_that_loses_no_heat_is_refused() -> None:
    with pytest.raises(ValueError, match="holds and loses heat"):
        modes_of(HouseModel(air_kwh_per_k=1.0, out_kw_per_k=0.0))


def test_an_evaluated_course_is_the_one_asked_for() -> None:
    grid = grid_of(96)
    task = task_of(grid=grid, model=ONE_NODE)
    rest = evaluate(task, np.zeros(96), grid)
    assert rest.level[0] == task.air_c
    assert rest.level[-1] < 17.0
    assert rest.wish_cost > evaluate(task, np.full(96, 1.5), grid).wish_cost


def test_curves_of_heat_pumps_fall_where_the_lift_grows_and_follow_meters() -> None:
    for pump in ("air to radiators", "air to floor"):
        cop = cop_at(usual_cop(pump), np.array([-15.0, 0.0, 10.0]))
        assert (np.diff(cop) > 0).all()
        assert 1.5 < cop[0] < cop[2] < 5.0
    assert cop_at(usual_cop("air conditioner"), 35.0) == pytest.approx(3.2, abs=0.05)
    assert cop_at(usual_cop("heater"), -10.0) == 1.0
    curve = usual_cop("air to radiators")
    outdoor, power = np.array([0.0, 5.0, np.nan]), np.array([10.0, 8.0, 9.0])
    heat = 1.2 * cop_at(curve, outdoor) * power
    assert cop_at(corrected_cop(curve, outdoor, power, heat), 0.0) == pytest.approx(1.2 * cop_at(curve, 0.0))
    assert corrected_cop(curve, outdoor[2:], power[2:], heat[2:]) is curve
