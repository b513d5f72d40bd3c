"""What a tank's physics and its plan must hold for any tank, any prices and any draw-off."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from water_tasks import any_prices, tank_tasks

from homeagent.devices.tank import cop_at, tank_step
from homeagent.domain.devices import Steadiness
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.tasks import TankTask
from homeagent.planning.slot_cost import PriceCost
from homeagent.planning.tank import best_response, evaluate
from homeagent.planning.tank_table import hygiene_due

SHORT = 8


def money(cost: PriceCost, power_kw: FloatArray) -> float:
    return float(cost.of(power_kw[:, None]).sum())


def total(task: TankTask, cost: PriceCost, power_kw: FloatArray) -> float:
    did = evaluate(task, power_kw, cost.grid)
    return money(cost, did.power_kw) + did.wish_cost


def runs(on: BoolArray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


@settings(deadline=None, max_examples=40)
@given(tank_tasks(), st.floats(0.0, 1.0))
def test_a_slot_is_what_a_fine_integration_of_its_heat_gives(task: TankTask, share: float) -> None:
    spec, step = task.spec, tank_step(task.spec, 0.25)
    power_kw, cop, drawn = share * spec.max_kw, float(cop_at(spec.cop, task.outdoor_c)[0]), float(task.drawn_kwh[0])
    water, power_kw, missed = step.once(task.water_c, power_kw, cop, drawn)
    fine, pieces = task.water_c, 20_000
    for _ in range(pieces):
        heat_kw = power_kw * cop - spec.loss_kw_per_k * (fine - spec.room_c) - (drawn - missed) / 0.25
        fine += heat_kw / spec.kwh_per_k * 0.25 / pieces
    assert water == pytest.approx(fine, abs=0.01)
    many = step.run(np.array([task.water_c]), np.array([share * spec.max_kw]), np.array([cop]), np.array([drawn]))
    assert (float(many.water_c[0]), float(many.power_kw[0]), float(many.missed_kwh[0])) == pytest.approx(
        (water, power_kw, missed), abs=1e-9
    )


@settings(deadline=None, max_examples=60)
@given(tank_tasks(), any_prices())
def test_heating_never_brings_water_above_its_maximum_and_power_stays_as_rated(task: TankTask, cost: PriceCost) -> None:
    for power_kw in (best_response(task, cost).power_kw, np.full(cost.grid.count, task.spec.max_kw)):
        did = evaluate(task, power_kw, cost.grid)
        heated = did.power_kw > 1e-9
        assert (did.level[1:][heated] <= task.spec.max_c + 1e-6).all()
        assert (did.power_kw >= 0).all()
        assert (did.power_kw <= task.spec.max_kw + 1e-9).all()


@settings(deadline=None, max_examples=60)
@given(tank_tasks(), any_prices())
def test_a_response_says_what_its_own_course_does(task: TankTask, cost: PriceCost) -> None:
    best = best_response(task, cost)
    did = evaluate(task, best.power_kw, cost.grid)
    np.testing.assert_allclose(did.level, best.level, atol=1e-9)
    assert did.wish_cost == pytest.approx(best.wish_cost)
    assert did.unmet == best.unmet
    again = best_response(task, cost)
    assert again.power_kw.tobytes() == best.power_kw.tobytes()


@settings(deadline=None, max_examples=80)
@given(tank_tasks(), any_prices())
def test_runs_and_rests_last_as_long_as_they_must(task: TankTask, cost: PriceCost) -> None:
    best = best_response(task, cost)
    count = cost.grid.count
    steadiness, step_min = task.spec.steadiness, 15.0
    for power_kw in (best.power_kw, *best.other):
        water = evaluate(task, power_kw, cost.grid).level
        on = power_kw > 1e-9
        for first, end in runs(on):
            before = task.minutes_so if task.on and first == 0 else 0.0
            ended_by_thermostat = water[end] >= task.spec.max_c - 1e-6
            lasted = timedelta(minutes=(end - first) * step_min + before)
            assert lasted >= steadiness.min_on or end == count or ended_by_thermostat
            if task.spec.layered:
                assert water[end] >= task.spec.useful_c - 1e-6 or end == count
        for first, end in runs(~on):
            before = task.minutes_so if not task.on and first == 0 else 0.0
            assert timedelta(minutes=(end - first) * step_min + before) >= steadiness.min_off or end == count


@settings(deadline=None, max_examples=20)
@given(tank_tasks(SHORT), any_prices(SHORT))
def test_no_course_of_a_short_time_is_much_better(task: TankTask, cost: PriceCost) -> None:
    free = Steadiness(min_on=timedelta(0), min_off=timedelta(0))
    task = replace(task, spec=replace(task.spec, steadiness=free, dead_band_k=0.0, min_kw=None, layered=0.0))
    assume(task.water_c <= task.spec.max_c)
    best = best_response(task, cost)
    own = money(cost, best.power_kw) + best.wish_cost
    courses = (np.array(on) * task.spec.max_kw for on in itertools.product((0.0, 1.0), repeat=SHORT))
    least = min(total(task, cost, course) for course in courses)
    slots = np.abs(cost.of(np.array([task.spec.max_kw])))
    near = 0.05 * (float(slots.sum()) + task.cold_per_kwh)  # a tank of 30 l rises by many nodes in a slot
    if hygiene_due(task, SHORT) is not None:
        near += float(slots.max())  # whether one slot less still reaches it lies between two nodes of the table
    assert own <= least + near
