"""What a house's heat, and any plan of it, must hold for any house and any prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from houses import COOLER, PUMP, costs, grid_of, only_on_or_off, runs, steady, task_of, total, two_peaks
from hypothesis import example, given, settings
from hypothesis import strategies as st

from homeagent.devices.house_heat import course, heat_per_kw, house_step, mass_behind, modes_of, rest_c, warmth_kw
from homeagent.domain.devices import HeatSpec, HouseModel
from homeagent.domain.grid import FloatArray
from homeagent.domain.tasks import HeatTask
from homeagent.planning.house_heat import best_response, evaluate

temperature = st.floats(-15, 35)


@st.composite
def models(draw: st.DrawFn) -> HouseModel:
    two = draw(st.booleans())
    return HouseModel(
        air_kwh_per_k=draw(st.floats(0.7, 4)) if two else draw(st.floats(2, 20)),
        out_kw_per_k=draw(st.floats(0.05, 0.5)),
        mass_kwh_per_k=draw(st.floats(2, 30)) if two else 0.0,
        mass_kw_per_k=draw(st.floats(0.3, 4)) if two else 0.0,
        sun_m2=draw(st.floats(0, 8)),
        gains_kw=draw(st.floats(0, 1)),
    )


@st.composite
def specs(draw: st.DrawFn) -> HeatSpec:
    spec = draw(st.sampled_from((PUMP, COOLER)))
    max_kw = draw(st.floats(0.5, 4))
    return steady(replace(spec, max_kw=max_kw, min_kw=max_kw * draw(st.floats(0, 1))), draw(st.sampled_from((15, 45))))


@st.composite
def tasks(draw: st.DrawFn) -> HeatTask:
    grid = grid_of(60, 30)
    task = task_of(draw(specs()), draw(models()), grid)
    shift = draw(st.floats(-18, 10))
    return replace(
        task,
        air_c=draw(st.floats(5, 33)),
        mass_c=draw(st.floats(9, 29)),
        outdoor_c=task.outdoor_c + shift,
        on=draw(st.booleans()),
        minutes_so=draw(st.sampled_from((0.0, 20.0, 1e9))),
    )


def euler(model: HouseModel, air: float, mass: float, rest: float, hours: float) -> tuple[float, float, float]:
    """Integrate finely; return air, mass, and the heat lost to outdoors beside what is put in [kWh]."""
    parts, lost = 20_000, 0.0
    part = hours / parts
    for _ in range(parts):
        flow = model.mass_kw_per_k * (mass - air)
        leak = model.out_kw_per_k * (air - rest)
        air += (flow - leak) / model.air_kwh_per_k * part
        mass -= flow / model.mass_kwh_per_k * part if model.mass_kwh_per_k else 0.0
        lost += leak * part
    return air, mass, lost


@settings(deadline=None, max_examples=30)
@given(models(), temperature, temperature, temperature, st.sampled_from((0.25, 1.0)))
def test_a_step_is_what_a_fine_integration_comes_to_and_loses_no_heat(
    model: HouseModel, air: float, mass: float, rest: float, hours: float
) -> None:
    mass = mass if model.mass_kwh_per_k else air
    fine_air, fine_mass, lost = euler(model, air, mass, rest, hours)
    air_after, mass_after = house_step(model, hours).after(air, mass, rest)
    assert air_after == pytest.approx(fine_air, abs=5e-3)
    assert not model.mass_kwh_per_k or mass_after == pytest.approx(fine_mass, abs=5e-3)
    held = model.air_kwh_per_k * (air_after - air) + model.mass_kwh_per_k * (mass_after - mass)
    assert held == pytest.approx(-lost, abs=0.05)


@given(models(), temperature, temperature)
def test_modes_and_temperatures_are_two_ways_to_say_the_same(model: HouseModel, air: float, mass: float) -> None:
    mass = mass if model.mass_kwh_per_k else air
    modes = modes_of(model)
    assert modes.temperatures(*modes.of(air, mass)) == pytest.approx((air, mass), abs=1e-6)
    assert 0 < modes.slow_per_h < modes.fast_per_h


@settings(deadline=None)
@given(models(), st.lists(temperature, min_size=20, max_size=40))
def test_the_mass_is_known_from_the_air_alone(model: HouseModel, rests: list[float]) -> None:
    air, mass = course(model, 20.0, 20.0, np.repeat(rests, 10), 0.02)
    behind = mass_behind(model, air, 0.02, 20.0)
    assert behind == pytest.approx(mass[-1] if model.mass_kwh_per_k else air[-1], abs=0.02)


def extremes(task: HeatTask, hours: float) -> tuple[FloatArray, FloatArray]:
    """The coolest and the warmest that the machine can make the house at each edge."""
    found = []
    for power in (0.0, task.spec.max_kw):
        warmth = warmth_kw(task.model, task.sun_kw_m2, task.gains_kw, heat_per_kw(task.spec, task.outdoor_c) * power)
        rests = np.asarray(rest_c(task.model, task.outdoor_c, warmth))
        found.append(course(task.model, task.air_c, task.mass_c, rests, hours)[0])
    return np.minimum(*found), np.maximum(*found)


@settings(deadline=None, max_examples=60)
@given(tasks(), st.floats(-0.2, 0.6))
def test_no_plan_crosses_a_guard_that_can_be_held(task: HeatTask, mean: float) -> None:
    grid = grid_of(60, 30)
    plan = best_response(task, costs(grid, two_peaks(grid) - 0.25 + mean))
    coolest, warmest = extremes(task, grid.step_hours)
    low, high = warmest >= task.spec.guard_low_c, coolest <= task.spec.guard_high_c
    assert (plan.level[low] >= task.spec.guard_low_c - 1e-6).all()
    assert (plan.level[high] <= task.spec.guard_high_c + 1e-6).all()


@settings(deadline=None, max_examples=40)
@given(tasks(), st.floats(0, 0.6))
def test_it_stays_on_and_off_for_as_long_as_it_must(task: HeatTask, mean: float) -> None:
    grid = grid_of(60, 30)
    far = replace(task.spec, guard_low_c=-60.0, guard_high_c=90.0)
    plan = best_response(replace(task, spec=far), costs(grid, two_peaks(grid) - 0.25 + mean))
    least = {True: task.spec.steadiness.min_on, False: task.spec.steadiness.min_off}
    stretches = runs(plan.power_kw)
    for on, slots in stretches[1:-1]:
        assert slots * grid.step >= least[on]
    if task.minutes_so == 0 and len(stretches) > 1:
        first = stretches[0]
        assert first[0] == task.on
        assert first[1] * grid.step >= least[task.on]
    drawn = plan.power_kw[plan.power_kw > 0]
    assert (drawn <= task.spec.max_kw + 1e-9).all()


@settings(deadline=None, max_examples=40)
@given(tasks(), st.floats(0.05, 0.6))
def test_no_plan_is_worse_than_rest_or_full_power(task: HeatTask, mean: float) -> None:
    grid = grid_of(60, 30)
    free = steady(replace(task.spec, guard_low_c=-60.0, guard_high_c=90.0), 15)
    task = replace(task, spec=free, minutes_so=1e9, left_per_kwh=mean / 4)
    cost = costs(grid, two_peaks(grid) - 0.25 + mean)
    best = total(cost, best_response(task, cost))
    for power in (0.0, free.max_kw):
        constant = total(cost, evaluate(task, np.full(grid.count, power), grid))
        assert best <= constant + 0.02 * abs(constant) + 0.02


@settings(deadline=None, max_examples=25)
@given(tasks(), st.floats(1.2, 4.0))
@example(task_of(only_on_or_off(), grid=grid_of(60, 30)), 2.0)
def test_dearer_power_is_not_bought_more_of(task: HeatTask, times: float) -> None:
    grid = grid_of(60, 30)
    prices = np.maximum(two_peaks(grid), 0.02)
    bought = [best_response(task, costs(grid, prices * k)).power_kw @ prices for k in (1.0, times)]
    assert bought[1] <= bought[0] * 1.03 + 0.05


@settings(deadline=None, max_examples=10)
@given(tasks())
def test_the_same_question_has_the_same_answer(task: HeatTask) -> None:
    grid = grid_of(60, 30)
    cost = costs(grid, two_peaks(grid))
    one, other = best_response(task, cost), best_response(task, cost)
    assert (one.power_kw == other.power_kw).all()
    assert one.wish_cost == other.wish_cost
