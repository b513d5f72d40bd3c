"""A car at its charger: what flows, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homeagent.agent.devices.orders import order
from homeagent.devices.car import levels_kw, nearest_kw, needed_kwh, phases_for
from homeagent.domain.command import SetCharge
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import FloatArray, SlotSeries, TimeGrid
from homeagent.domain.tasks import CarTask, DevicePlan
from homeagent.planning.car import best_response, evaluate
from homeagent.planning.slot_cost import PriceCost

CAR = CarSpec(name="car", max_charge_kw=7.2)
BOTH = CarSpec(name="car", max_charge_kw=11.04, phases=(1, 3))
COUNT = 24
GRID = TimeGrid(start=datetime(2026, 1, 1, 18, tzinfo=UTC), step=timedelta(hours=1), count=COUNT)


def cost(prices: FloatArray, net_kw: FloatArray | None = None) -> PriceCost:
    return PriceCost(
        grid=GRID,
        import_per_kwh=prices,
        export_per_kwh=prices * 0.3,
        net_kw=np.zeros(COUNT) if net_kw is None else net_kw,
    )


def task(**changes: object) -> CarTask:
    plain = CarTask(
        spec=CAR,
        present=np.arange(COUNT) < 13,
        leaves=np.where(np.arange(COUNT) == 12, 1.0, 0.0),
        needed_kwh=14.4,
        room_kwh=14.4,
        short_per_kwh=2.0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


def test_what_flows_on_one_and_on_three_phases() -> None:
    asked = (0.3, 1.0, 3.0, 3.8, 4.1, 20.0, -1.0)
    assert [nearest_kw(BOTH, kw) for kw in asked] == pytest.approx([0.0, 1.38, 3.0, 3.68, 4.14, 11.04, 0.0])
    assert [phases_for(BOTH, kw) for kw in (1.38, 3.68, 4.14)] == [1, 1, 3]
    assert levels_kw(BOTH)[0] == pytest.approx(11.04)
    assert needed_kwh(CAR, 20.0, 29.0) == pytest.approx(10.0)


def test_the_cheapest_hours_before_it_leaves_are_taken() -> None:
    prices = np.full(COUNT, 0.3)
    prices[[7, 8, 20]] = 0.1
    plan = best_response(task(), cost(prices))
    assert np.flatnonzero(plan.power_kw).tolist() == [7, 8]
    assert plan.level[[0, 8, 9, -1]] == pytest.approx([14.4, 7.2, 0.0, 0.0])
    assert plan.unmet == ()
    assert plan.other


def test_at_equal_prices_it_charges_at_once_and_in_one_piece() -> None:
    plan = best_response(task(), cost(np.full(COUNT, 0.3)))
    assert np.flatnonzero(plan.power_kw).tolist() == [0, 1]


def test_a_little_dearer_hour_does_not_break_it_into_pieces() -> None:
    prices = np.full(COUNT, 0.3)
    prices[[5, 6, 7]] = 0.2, 0.2001, 0.2
    plan = best_response(task(needed_kwh=21.0, room_kwh=21.0), cost(prices))
    assert np.flatnonzero(plan.power_kw).tolist() == [5, 6, 7]


def test_one_that_may_leave_any_time_is_charged_sooner() -> None:
    prices = np.where(np.arange(COUNT) < 6, 0.3, 0.2)
    waits = best_response(task(), cost(prices))
    hurries = best_response(task(leaves=np.where(np.arange(COUNT) == 12, 1.0, 0.05)), cost(prices))
    assert np.flatnonzero(waits.power_kw)[0] == 6
    assert np.flatnonzero(hurries.power_kw)[0] == 0
    assert "a chance of" in hurries.unmet[0]


def test_what_is_out_of_reach_is_charged_as_far_as_it_goes_and_told_at_once() -> None:
    plan = best_response(task(needed_kwh=100.0, room_kwh=100.0), cost(np.full(COUNT, 0.3)))
    assert plan.power_kw[:13] == pytest.approx(7.2)
    assert plan.unmet == (
        "car: 6.4 of 100.0 kWh will miss when it leaves: it is there for 13.0 h and takes 7.2 kW at most",
    )
    assert plan.wish_cost == pytest.approx(6.4 * 2.0)


def test_from_surplus_alone_except_for_what_is_needed() -> None:
    sun = np.where((np.arange(COUNT) >= 3) & (np.arange(COUNT) < 6), 5.0, 0.0)
    asked = task(needed_kwh=3.0, room_kwh=30.0, beyond_per_kwh=0.25, surplus_only=True, surplus_kw=sun)
    prices = np.full(COUNT, 0.2)
    plan = best_response(asked, cost(prices, net_kw=-sun))
    assert (plan.power_kw[sun == 0] == 0).all()
    assert plan.power_kw[3:6] == pytest.approx(4.29, abs=0.01)  # the highest power below what the sun gives
    anywhere = best_response(replace(asked, surplus_only=False), cost(prices, net_kw=-sun))
    assert anywhere.power_kw.sum() > plan.power_kw.sum()


def test_it_gives_to_the_home_in_the_dear_hours_and_leaves_with_what_it_needs() -> None:
    prices = np.full(COUNT, 0.2)
    prices[1:3] = 1.0
    gives = CarSpec(name="car", max_charge_kw=7.2, capacity_kwh=60.0, max_discharge_kw=4.0, min_soc_kwh=26.0)
    home = np.full(COUNT, 4.0)
    plan = best_response(task(spec=gives, stored_kwh=30.0), cost(prices, home))
    drawn = plan.power_kw
    assert drawn[1:3].sum() == pytest.approx(-8.0)  # more than it came with: bought at 0.2 before
    assert drawn[drawn > 0].sum() - 8.0 / 0.81 == pytest.approx(14.4)
    unknown = best_response(task(spec=gives), cost(prices, home))
    assert (unknown.power_kw >= 0).all()


def test_a_car_that_is_away_or_has_gone_is_asked_nothing() -> None:
    nobody = task(present=np.zeros(COUNT, dtype=bool))
    assert not best_response(nobody, cost(np.full(COUNT, 0.3))).power_kw.any()
    cut = evaluate(task(), np.full(COUNT, 7.2), GRID)
    assert cut.power_kw.sum() == pytest.approx(14.4)
    cut = evaluate(task(present=np.arange(COUNT) < 1), np.full(COUNT, 7.2), GRID)
    assert cut.power_kw.tolist() == [7.2] + [0.0] * (COUNT - 1)
    assert cut.wish_cost == pytest.approx(7.2 * 2.0)


def test_a_slot_in_which_it_becomes_full_is_told_the_least_that_can_flow() -> None:
    power_kw = SlotSeries(grid=GRID, values=np.where(np.arange(COUNT) == 0, 0.6, 0.0))
    plan = DevicePlan(
        name="car", power_kw=power_kw, level=np.zeros(COUNT + 1), follows_surplus=np.zeros(COUNT, dtype=bool)
    )
    assert order(CAR, plan, GRID.start) == SetCharge(power_kw=1.38, phases=1)
    assert order(CAR, plan, GRID.at(1)) == SetCharge(power_kw=0.0, phases=1)
