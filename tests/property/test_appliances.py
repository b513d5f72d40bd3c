"""What the runs of appliances must hold for any programme, window and price."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_tasks import prices

from homeagent.devices.appliance import in_slots
from homeagent.domain.devices import ApplianceSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import ApplianceTask
from homeagent.planning.appliances import best_response, chains, evaluate, sequence_response, start_costs
from homeagent.planning.slot_cost import PriceCost

COUNT = 40
STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


@st.composite
def specs(draw: st.DrawFn, name: str = "washing", after: str | None = None) -> ApplianceSpec:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    minutes = draw(st.integers(1, 200))
    return ApplianceSpec(name=name, profile_kw=rng.uniform(0.0, 3.0, minutes) + 0.01, after=after)


@st.composite
def tasks(draw: st.DrawFn, name: str = "washing", after: str | None = None) -> ApplianceTask:
    first = draw(st.integers(-20, COUNT + 5))
    return ApplianceTask(
        spec=draw(specs(name, after)),
        first=first,
        last=first + draw(st.integers(-10, COUNT)),
        at_most=draw(st.sampled_from((None, 0.05, 0.5, 5.0))),
        wait_per_hour=draw(st.floats(0, 0.1)),
        late_per_hour=draw(st.floats(0, 5)),
    )


@st.composite
def costs(draw: st.DrawFn) -> PriceCost:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return prices(rng.uniform(-0.1, 0.6, COUNT), draw(st.sampled_from(STEPS)))


def energy(power_kw: FloatArray, grid: TimeGrid) -> float:
    return float(power_kw.sum()) * grid.step_hours


def money(cost: PriceCost, power_kw: FloatArray) -> float:
    return float(cost.of(power_kw[:, None]).sum())


@settings(deadline=None)
@given(specs(), st.sampled_from((1.0, 5.0, 15.0, 60.0)), st.floats(0, 250))
def test_the_energy_in_slots_is_what_is_left_of_the_programme(
    spec: ApplianceSpec, step_min: float, begun_min: float
) -> None:
    left = spec.profile_kw[math.ceil(begun_min) :].sum() if begun_min < len(spec.profile_kw) else 0.0
    if begun_min % 1 and begun_min < len(spec.profile_kw):
        left += spec.profile_kw[int(begun_min)] * (1 - begun_min % 1)
    assert in_slots(spec, step_min, begun_min).sum() * step_min == pytest.approx(left, abs=1e-9)


@settings(deadline=None)
@given(tasks(), costs())
def test_a_run_has_the_programmes_energy_and_is_never_interrupted(task: ApplianceTask, cost: PriceCost) -> None:
    best = best_response(task, cost)
    for power_kw in (best.power_kw, *best.other):
        drawing = np.flatnonzero(power_kw > 0)
        if len(drawing):
            assert energy(power_kw, cost.grid) == pytest.approx(float(task.spec.profile_kw.sum()) / 60)
            assert len(drawing) == drawing[-1] - drawing[0] + 1
            assert drawing[0] >= task.first


@settings(deadline=None)
@given(tasks(), costs())
def test_no_other_start_is_cheaper_and_the_same_input_gives_the_same_start(
    task: ApplianceTask, cost: PriceCost
) -> None:
    best = best_response(task, cost)
    own = money(cost, best.power_kw) + best.wish_cost
    starts = start_costs(task, cost)
    if best.start_slot is None:
        assert task.at_most is not None or not len(starts.money)
    elif task.at_most is not None:
        assert own <= task.at_most + 1e-9
    if len(starts.money) and (task.at_most is None or best.start_slot is not None):
        assert own == pytest.approx(float(starts.total.min()), abs=1e-9)
    did = evaluate(task, best.power_kw, cost.grid)
    assert (did.start_slot, did.unmet) == (best.start_slot, best.unmet)
    assert did.wish_cost == pytest.approx(best.wish_cost)
    assert best_response(task, cost).power_kw.tobytes() == best.power_kw.tobytes()


@settings(deadline=None)
@given(tasks(), st.floats(0, 250), costs())
def test_a_run_that_has_begun_goes_on_to_its_end(task: ApplianceTask, begun_min: float, cost: PriceCost) -> None:
    begun = ApplianceTask(spec=task.spec, first=task.first, last=task.last, begun_min=begun_min)
    best = best_response(begun, cost)
    rest = in_slots(task.spec, cost.grid.step_hours * 60, begun_min)
    assert best.power_kw[: len(rest)] == pytest.approx(rest[:COUNT])
    assert not best.power_kw[len(rest) :].any()
    assert best.start_slot is None
    assert not best.other


@settings(deadline=None, max_examples=60)
@given(tasks(), tasks("dryer", "washing"), costs())
def test_a_chain_is_placed_jointly_and_in_its_order(
    washing: ApplianceTask, dryer: ApplianceTask, cost: PriceCost
) -> None:
    assert chains((dryer, washing)) == ((1, 0),)
    first, second = sequence_response((washing, dryer), cost)
    slots = len(in_slots(washing.spec, cost.grid.step_hours * 60))
    if second.start_slot is not None:
        assert first.start_slot is not None
        assert second.start_slot >= first.start_slot + slots
    if washing.at_most is None and dryer.at_most is None:
        one, two = start_costs(washing, cost), start_costs(dryer, cost)
        pairs = [
            float(one.total[k] + two.total[m])
            for k in range(len(one.money))
            for m in range(len(two.money))
            if two.first + m >= one.first + k + slots
        ]
        if pairs:
            own = sum(money(cost, each.power_kw) + each.wish_cost for each in (first, second))
            assert own == pytest.approx(min(pairs), abs=1e-9)
