"""A car is never given more than it takes, nor when it is away, nor less than its least current."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homeagent.devices.car import charger_kwh, nearest_kw
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import CarTask
from homeagent.planning.car import best_response, evaluate
from homeagent.planning.slot_cost import PriceCost

COUNT = 32
GRID = TimeGrid(start=datetime(2026, 1, 1, tzinfo=UTC), step=timedelta(minutes=30), count=COUNT)
HOURS = GRID.step_hours

prices = st.lists(st.floats(-0.1, 0.6), min_size=COUNT, max_size=COUNT).map(np.array)


@st.composite
def tasks(draw: st.DrawFn) -> CarTask:
    phases = draw(st.sampled_from([(1,), (3,), (1, 3)]))
    top = draw(st.floats(1.0, 7.4)) * max(phases) / min(phases)
    gives = draw(st.sampled_from([0.0, 3.0]))
    needed = draw(st.floats(0.0, 40.0))
    first, last = sorted((draw(st.integers(0, COUNT)), draw(st.integers(0, COUNT))))
    slots = np.arange(COUNT)
    return CarTask(
        spec=CarSpec(name="car", max_charge_kw=top, phases=phases, max_discharge_kw=gives, min_soc_kwh=10.0),
        present=(slots >= first) & (slots < last),
        leaves=np.where(slots == last - 1, 1.0, draw(st.sampled_from([0.0, 0.02, 0.3]))),
        needed_kwh=needed,
        room_kwh=needed + draw(st.sampled_from([0.0, 7.3])),
        short_per_kwh=draw(st.sampled_from([0.0, 0.3, 3.0])),
        beyond_per_kwh=draw(st.sampled_from([0.0, 0.15])),
        stored_kwh=draw(st.sampled_from([None, 8.0, 24.0])),
        surplus_only=draw(st.booleans()),
        surplus_kw=draw(st.sampled_from([None, np.full(COUNT, 2.5)])),
        charging=draw(st.booleans()),
    )


def at(price: FloatArray) -> PriceCost:
    return PriceCost(grid=GRID, import_per_kwh=price, export_per_kwh=0.3 * price, net_kw=np.full(COUNT, 0.4))


@given(task=tasks(), price=prices)
def test_physics_hold_for_any_car(task: CarTask, price: FloatArray) -> None:
    plan = best_response(task, at(price))
    for course in (plan.power_kw, *plan.other):
        spec = task.spec
        assert not course[~task.present].any()
        assert course.max(initial=0.0) <= spec.max_charge_kw + 1e-6
        assert course.min(initial=0.0) >= -(0.0 if task.stored_kwh is None else spec.max_discharge_kw) - 1e-6
        given_kwh = np.cumsum(charger_kwh(spec, course * HOURS))
        assert given_kwh.max(initial=0.0) <= task.room_kwh + 1e-6
        floor = max((task.stored_kwh or 0.0) - spec.min_soc_kwh, 0.0)
        assert (given_kwh * spec.charge_efficiency).min(initial=0.0) >= -floor - 1e-6


@given(task=tasks(), price=prices)
def test_what_flows_is_a_power_that_can_flow_until_the_car_has_what_it_takes(task: CarTask, price: FloatArray) -> None:
    plan = best_response(task, at(price))
    odd = [
        slot for slot, kw in enumerate(plan.power_kw) if kw > 0 and abs(nearest_kw(task.spec, float(kw)) - kw) > 1e-6
    ]
    given_kwh = np.cumsum(charger_kwh(task.spec, plan.power_kw * HOURS))
    for slot in odd:  # it stopped within the slot: it had what it needs, or was full
        ends = (abs(given_kwh[slot] - task.needed_kwh), abs(given_kwh[slot] - task.room_kwh))
        assert min(ends) < 1e-6


@given(task=tasks(), price=prices)
def test_judging_the_best_course_finds_it_as_it_is_and_no_other_better(task: CarTask, price: FloatArray) -> None:
    plan = best_response(task, at(price))
    again = evaluate(task, plan.power_kw, GRID)
    assert np.allclose(again.power_kw, plan.power_kw)
    assert again.wish_cost == plan.wish_cost
    assert again.unmet == plan.unmet


@given(task=tasks(), price=prices, more=st.floats(1.0, 20.0))
def test_a_higher_price_of_missing_energy_leaves_no_more_of_it(task: CarTask, price: FloatArray, more: float) -> None:
    task = replace(task, beyond_per_kwh=0.0, stored_kwh=None, leaves=np.where(task.leaves < 1, 0.03, 1.0))
    task = replace(task, short_per_kwh=max(task.short_per_kwh, 0.1))
    less, least = (
        best_response(replace(task, short_per_kwh=worth), at(price)).wish_cost / worth
        for worth in (task.short_per_kwh, task.short_per_kwh * more)
    )
    assert least <= less + 0.05 + 0.01 * task.needed_kwh  # a start's price and the table's steps
