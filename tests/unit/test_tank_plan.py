"""A tank in known situations: when it heats, what it is told, and what is said that cannot be."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from water_tasks import a_day_of_prices, prices, showers, tank_task

from homeagent.devices.tank import shortcomings, tank_step
from homeagent.domain.devices import CopCurve, Steadiness, TankSpec
from homeagent.domain.grid import frozen_array
from homeagent.planning.slot_cost import PriceCost
from homeagent.planning.tank import best_response, evaluate, worth_of_heat_left

SPEC = TankSpec(name="tank", litres=200, max_kw=2.0)
DAY, FLAT = prices(a_day_of_prices()), prices(np.full(96, 0.3))


def test_it_heats_in_the_cheap_hours_and_the_water_stays_hot() -> None:
    best = best_response(tank_task(), DAY)
    heated = best.power_kw > 0
    assert heated.any()
    assert (DAY.import_per_kwh * best.power_kw).sum() / best.power_kw.sum() < 0.85 * DAY.import_per_kwh.mean()
    assert evaluate(tank_task(), best.power_kw, DAY.grid).unmet == ()
    assert best.level.min() > SPEC.useful_c - 1


def test_a_possible_high_draw_is_a_reason_to_be_warmer() -> None:
    drawn = showers()
    calm = best_response(tank_task(drawn_high_kwh=drawn, left_per_kwh=0.0), FLAT)
    safe = best_response(tank_task(drawn_high_kwh=4 * drawn, left_per_kwh=0.0), FLAT)
    assert safe.level[27] > calm.level[27] + 2  # before the morning's showers


def test_hygiene_is_had_in_the_cheapest_time_before_it_is_due() -> None:
    cost = prices(np.where((np.arange(96) >= 40) & (np.arange(96) < 56), 0.05, 0.3))
    best = best_response(tank_task(hygiene_by=90, left_per_kwh=0.0, drawn_kwh=np.zeros(96)), cost)
    hot = np.flatnonzero(best.level[1:] >= SPEC.hygiene_c - 1e-6)
    assert 40 <= hot[0] < 56
    assert not best.unmet


def test_hygiene_that_is_not_due_costs_nothing() -> None:
    best = best_response(tank_task(left_per_kwh=0.0), FLAT)
    assert best.level.max() < SPEC.hygiene_c


def test_hygiene_that_is_overdue_is_had_as_soon_as_it_can_be() -> None:
    best = best_response(tank_task(hygiene_by=-3), DAY)
    first = int(np.flatnonzero(best.level[1:] >= SPEC.hygiene_c - 1e-6)[0])
    full = evaluate(tank_task(), np.full(96, SPEC.max_kw), DAY.grid)
    assert first == int(np.flatnonzero(full.level[1:] >= SPEC.hygiene_c - 1e-6)[0])
    assert best.unmet == (f"tank: 60 degC against legionella is reached {first / 4:.1f} h late",)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (TankSpec(name="tank", litres=200, max_kw=2.0, max_c=55), "never heated above 55 degC"),
        (TankSpec(name="tank", litres=200, max_kw=0.09), "cannot be reached"),
    ],
)
def test_hygiene_out_of_reach_is_said(spec: TankSpec, said: str) -> None:
    best = best_response(tank_task(spec=spec, hygiene_by=60, drawn_kwh=np.zeros(96)), DAY)
    assert any("legionella" in sentence and said in sentence for sentence in best.unmet)


def test_a_surplus_heats_up_to_the_maximum_and_not_above() -> None:
    cost = prices(np.where((np.arange(96) >= 40) & (np.arange(96) < 60), 0.01, 0.4))
    best = best_response(tank_task(left_per_kwh=0.05), cost)
    assert best.level.max() == pytest.approx(SPEC.max_c)


def test_a_heater_of_any_power_takes_what_the_sun_leaves_over() -> None:
    modulating = TankSpec(name="tank", litres=300, max_kw=3.0, min_kw=0.5)
    sunny = PriceCost(
        grid=DAY.grid,
        import_per_kwh=np.full(96, 0.4),
        export_per_kwh=np.full(96, 0.02),
        net_kw=np.where((np.arange(96) >= 40) & (np.arange(96) < 60), -1.75, 0.3),
    )
    best = best_response(tank_task(spec=modulating), sunny)
    assert best.power_kw[40:60].max() == 1.75
    assert best.power_kw[40:60].sum() > 0.8 * best.power_kw.sum()


def test_a_tank_too_big_for_its_heater_is_said() -> None:
    spec = TankSpec(name="tank", litres=2000, max_kw=0.5)
    assert shortcomings(spec) == ("tank: its heater takes 163 h to warm it: the tank is too big for it",)
    best = best_response(tank_task(spec=spec, water_c=12.0), DAY)
    assert best.unmet[0] == shortcomings(spec)[0]
    assert best.unmet[1].endswith("kWh of hot water will miss")
    leaks = TankSpec(name="tank", litres=100, max_kw=0.3, loss_kw_per_k=0.02)
    assert shortcomings(leaks) == ("tank: its heater cannot bring it to 45 degC: 33 degC at most",)
    assert shortcomings(SPEC) == ()


def test_a_thermostat_is_told_the_end_of_each_run_and_may_rest_in_between() -> None:
    best = best_response(tank_task(), DAY)
    assert best.target_c is not None
    heated = best.power_kw > 0
    assert (best.target_c[heated] >= np.minimum(best.level[1:][heated], SPEC.max_c) - 1e-9).all()
    assert (best.target_c[~heated] <= SPEC.useful_c).all()
    assert (best.target_c <= SPEC.max_c).all()


def test_starts_stay_within_what_a_day_allows() -> None:
    rng = np.random.default_rng(3)
    cost = prices(rng.uniform(0.1, 0.4, 192))
    for allowed in (24, 2):
        spec = TankSpec(name="tank", litres=200, max_kw=2.0, steadiness=Steadiness(starts_per_day=allowed))
        on = best_response(tank_task(192, spec), cost).power_kw > 0
        starts = int((on[1:] & ~on[:-1]).sum() + on[0])
        assert starts <= 2 * allowed
        if allowed == 24:
            assert starts > 4


def test_a_heat_pump_waits_for_mild_air() -> None:
    spec = TankSpec(
        name="tank",
        litres=300,
        max_kw=0.6,
        cop=CopCurve(outdoor_c=frozen_array([-10, 10]), cop=frozen_array([2.0, 4.0])),
    )
    outdoor = np.where(np.arange(96) < 48, -10.0, 10.0)
    best = best_response(tank_task(spec=spec, outdoor_c=outdoor, water_c=60.0), prices(np.full(96, 0.3)))
    assert best.power_kw[48:].sum() > 3 * best.power_kw[:48].sum()


def test_a_layered_tank_waits_longer_and_is_heated_through() -> None:
    layered = TankSpec(name="tank", litres=200, max_kw=2.0, layered=0.7)
    mixed, best = (best_response(tank_task(spec=spec, left_per_kwh=0.0), DAY) for spec in (SPEC, layered))
    assert best.level.min() < 40 < mixed.level.min()
    assert best.power_kw.sum() < mixed.power_kw.sum()
    ends = np.flatnonzero((best.power_kw[:-1] > 0) & (best.power_kw[1:] == 0)) + 1
    assert (best.level[ends] >= layered.useful_c - 1e-6).all()
    assert best.target_c is not None
    assert (best.target_c[best.power_kw == 0] == layered.cold_c).all()  # its thermometer sits in cold water


def test_heat_left_is_worth_its_cheap_making_less_what_it_loses() -> None:
    worth = worth_of_heat_left(SPEC, DAY.import_per_kwh, np.zeros(96), DAY.grid)
    assert 0.8 * np.quantile(DAY.import_per_kwh, 0.25) < worth < np.quantile(DAY.import_per_kwh, 0.25)
    assert worth_of_heat_left(SPEC, np.full(96, -0.1), np.zeros(96), DAY.grid) == 0


def test_a_tank_without_losses_keeps_its_heat() -> None:
    step = tank_step(TankSpec(name="tank", litres=200, max_kw=2.0, loss_kw_per_k=0.0), 0.25)
    water, power, missed = step.once(50.0, 0.0, 1.0, 0.5)
    assert (water, power, missed) == pytest.approx((50 - 0.5 / SPEC.kwh_per_k, 0, 0))


def test_an_empty_grid_has_an_empty_answer() -> None:
    best = best_response(tank_task(0), prices(np.zeros(0)))
    assert best.power_kw.shape == (0,)
    assert best.level.tolist() == [50.0]


def test_a_run_under_way_goes_on_as_long_as_it_must() -> None:
    spec = TankSpec(name="tank", litres=200, max_kw=2.0, steadiness=Steadiness(min_on=timedelta(minutes=45)))
    dear = prices(np.full(96, 1.0))
    best = best_response(tank_task(spec=spec, on=True, minutes_so=15, water_c=58.0, left_per_kwh=0.0), dear)
    assert (best.power_kw[:4] > 0).tolist() == [True, True, False, False]
