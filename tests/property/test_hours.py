"""What hours a day must hold for any prices, windows and blocks."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_tasks import prices, pump

from homeagent.domain.tasks import HoursTask
from homeagent.planning.hours import best_response, evaluate
from homeagent.planning.slot_cost import PriceCost

HOUR = timedelta(hours=1)
COUNT = 48


@st.composite
def pumps(draw: st.DrawFn, count: int = COUNT) -> HoursTask:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    change = draw(st.integers(1, count - 1))
    task = pump(
        count,
        day=(np.arange(count) >= change).astype(int),
        owed_hours=np.array([draw(st.floats(0, 6)), draw(st.floats(0, 6))]),
        allowed=np.repeat(rng.random(-(-count // 6)) < draw(st.sampled_from((0.7, 1.0))), 6)[:count],
        missing_per_hour=draw(st.sampled_from((0.05, 3.0))),
        on=draw(st.booleans()),
        minutes_so=draw(st.floats(0, 120)),
    )
    return replace(task, spec=replace(task.spec, min_block=draw(st.sampled_from((timedelta(0), HOUR, 1.5 * HOUR)))))


@st.composite
def costs(draw: st.DrawFn, count: int = COUNT) -> PriceCost:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return prices(rng.uniform(-0.1, 0.6, count))


@settings(deadline=None)
@given(pumps(), costs())
def test_it_runs_where_it_may_in_blocks_that_are_long_enough(task: HoursTask, cost: PriceCost) -> None:
    best = best_response(task, cost)
    before = task.minutes_so if task.on else 0.0
    for power_kw in (best.power_kw, *best.other):
        on = power_kw > 0
        assert not (on & ~task.allowed).any()
        edges = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]]).astype(int)))
        for first, end in zip(edges[::2], edges[1::2], strict=True):
            lasted = timedelta(minutes=15 * int(end - first) + (before if first == 0 else 0.0))
            stopped = task.on and first == 0 and end < COUNT and not task.allowed[end]
            assert lasted >= task.spec.min_block or end == COUNT or stopped


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 20))
def test_hours_that_are_owed_are_met_where_they_can_be(seed: int, hours: float) -> None:
    cost = prices(np.random.default_rng(seed).uniform(0, 0.6, 192))
    best = best_response(pump(hours=hours), cost)
    slots = (best.power_kw.reshape(2, 96) > 0).sum(axis=1)
    assert (slots >= math.floor(4 * hours)).all()  # a part of a slot may not be worth one


@settings(deadline=None)
@given(pumps(), costs())
def test_a_response_says_what_its_own_course_does(task: HoursTask, cost: PriceCost) -> None:
    best = best_response(task, cost)
    did = evaluate(task, best.power_kw, cost.grid)
    assert did.wish_cost == pytest.approx(best.wish_cost)
    np.testing.assert_array_equal(did.level, best.level)
    assert best_response(task, cost).power_kw.tobytes() == best.power_kw.tobytes()


@settings(deadline=None, max_examples=40)
@given(pumps(10), costs(10))
def test_no_course_of_a_short_time_is_cheaper(task: HoursTask, cost: PriceCost) -> None:
    task = replace(task, on=False, spec=replace(task.spec, min_block=timedelta(0)))
    best = best_response(task, cost)

    def total(power_kw: np.typing.NDArray[np.float64]) -> float:
        return float(cost.of(power_kw[:, None]).sum()) + evaluate(task, power_kw, cost.grid).wish_cost

    courses = (np.array(on) * task.allowed for on in itertools.product((0.0, 1.0), repeat=10))
    assert total(best.power_kw) == pytest.approx(min(total(course) for course in courses), abs=1e-9)
