"""Reasons decide nothing: the same plan has the same words, and the next best is never cheaper than what is done."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from device_plans import BERLIN, GRID, START, plan_of, tasks
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.domain.grid import FloatArray
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask
from homeagent.planning.device_reasons import DeviceReasons
from homeagent.planning.device_responses import evaluate
from homeagent.planning.runner_up import runner_up, slot_prices
from homeagent.planning.slot_cost import PriceCost

seeds = st.integers(0, 10_000)
slots = st.integers(0, GRID.count - 1)
movable = st.sampled_from([name for name, task in tasks().items() if not isinstance(task, ApplianceTask)])


def home(seed: int) -> PriceCost:
    drawn = np.random.default_rng(seed)
    return PriceCost(
        grid=GRID,
        import_per_kwh=np.repeat(drawn.uniform(-0.1, 0.6, 48), 4),
        export_per_kwh=np.full(GRID.count, 0.05),
        net_kw=drawn.uniform(-3, 3, GRID.count),
    )


def some_course(task: DeviceTask, seed: int) -> FloatArray:
    on = np.repeat(np.random.default_rng(seed).uniform(size=24) < 0.3, 8)
    most_kw = {"car": 7.2, "guest": 7.2, "van": 7.2, "living": 2.5, "office": 1.0, "tank": 2.0, "pool": 1.1}
    return evaluate(task, np.where(on, most_kw[task.spec.name], 0.0), GRID).power_kw


@settings(max_examples=60, deadline=None)
@given(movable, seeds, seeds, slots)
def test_the_next_best_is_never_cheaper_and_does_otherwise(name: str, prices: int, course: int, slot: int) -> None:
    task, cost = tasks()[name], home(prices)
    power_kw = some_course(task, course)
    assert not isinstance(task, ApplianceTask)
    second = runner_up(task, power_kw, slot_prices(task, power_kw, cost), cost, slot)
    if second is not None:
        assert second.costs >= 0
        assert second.now == (not power_kw[slot] > 0.01)
        assert second.at is None or slot < second.at < GRID.count


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(tasks())), seeds, seeds, slots)
def test_the_same_plan_has_the_same_words(name: str, prices: int, course: int, slot: int) -> None:
    def told() -> object:
        task = tasks()[name]
        power_kw = np.zeros(GRID.count) if isinstance(task, ApplianceTask) else some_course(task, course)
        return DeviceReasons(task, plan_of(task, power_kw), home(prices), BERLIN).choice(slot)

    first, again = told(), told()
    assert repr([getattr(first, key) for key in ("text", "runner_up", "runner_up_costs")]) == repr(
        [getattr(again, key) for key in ("text", "runner_up", "runner_up_costs")]
    )
    assert "nan" not in repr(getattr(first, "text", ""))


@pytest.mark.parametrize("name", tasks())
def test_the_stretches_of_a_plan_cover_it_without_a_gap(name: str) -> None:
    task = tasks()[name]
    power_kw = np.zeros(GRID.count) if isinstance(task, ApplianceTask) else some_course(task, 3)
    stretches = DeviceReasons(task, plan_of(task, power_kw), home(3), BERLIN).stretches(0, GRID.count)
    assert stretches[0].first == 0
    assert stretches[-1].end == GRID.count
    assert all(one.end == other.first for one, other in pairwise(stretches))


def test_the_best_start_of_an_appliance_has_a_dearer_next_best() -> None:
    task = tasks()["washer"]
    assert isinstance(task, ApplianceTask)
    cost = home(1)
    from homeagent.planning.appliances import best_response  # noqa: PLC0415 - of this test alone

    answer = best_response(task, cost)
    reasons = DeviceReasons(task, plan_of(task, answer.power_kw), cost, BERLIN)
    choice = reasons.choice(0)
    assert choice.runner_up_costs is None or choice.runner_up_costs >= 0
    assert re.search(r"\d\d:\d\d: -?\d+\.\d\d for the run", choice.text)
    assert GRID.start == START


def test_a_car_that_is_not_to_be_charged_tonight_says_so() -> None:
    car = tasks()["car"]
    assert isinstance(car, CarTask)
    later = replace(car, present=np.arange(GRID.count) >= 52, leaves=car.leaves)
    reasons = DeviceReasons(later, plan_of(later, np.zeros(GRID.count)), home(1), BERLIN)
    assert reasons.choice(0).text == "waits until 06:00, as asked"
    assert reasons.choice(0).runner_up is None
    assert reasons.choice(GRID.count - 1).text == "has left by then"
