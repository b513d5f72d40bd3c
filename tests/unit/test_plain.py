"""Tasks and plans of devices are kept without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import situations
from device_tasks import one_of_each
from situations import START

from homeagent.domain.command import Command, SetCharge, Suggest
from homeagent.domain.grid import SlotSeries, TimeGrid
from homeagent.domain.tasks import DevicePlan, content
from homeagent.store.plain import made, plain
from homeagent.store.problems import problem_bytes, problem_of
from homeagent.store.rows import command_of, command_row, epoch_s


def test_a_problem_with_every_kind_of_device_comes_back_as_it_was() -> None:
    asked = situations.problem()
    problem = replace(asked, scenarios=asked.scenarios.in_whole_watts(), devices=one_of_each())
    kept = problem_of(problem_bytes(problem))
    assert kept.digest() == problem.digest()
    assert content(kept.devices) == content(problem.devices)
    assert [task.spec.name for task in kept.devices] == ["car", "house", "tank", "washing", "dryer", "pool"]


@pytest.mark.parametrize("index", range(6))
def test_another_wish_is_another_problem(index: int) -> None:
    tasks = one_of_each()
    changed = {"needed_kwh": 13.9, "air_c": 20.4, "water_c": 49.0, "first": 2, "at_most": 0.3, "missing_per_hour": 2.0}
    name, value = list(changed.items())[index]
    other = (*tasks[:index], replace(tasks[index], **{name: value}), *tasks[index + 1 :])  # type: ignore[arg-type]
    before, after = (replace(situations.problem(), devices=devices) for devices in (tasks, other))
    assert before.digest() != after.digest()


def test_a_plan_of_a_device_comes_back_as_it_was() -> None:
    grid = TimeGrid(start=START, step=timedelta(minutes=15), count=3)
    plan = DevicePlan(
        name="washing",
        power_kw=SlotSeries(grid=grid, values=np.array([0.0, 1.1, 0.1])),
        level=np.array([np.nan] * 4),
        follows_surplus=np.array([False, True, False]),
        start=grid.at(1),
        unmet=("it ends late",),
    )
    (kept,) = made(json.loads(json.dumps(plain((plan,)))))
    assert kept.power_kw.grid == grid
    assert (kept.start, kept.unmet, kept.target_c) == (grid.at(1), ("it ends late",), None)
    assert kept.follows_surplus.dtype == np.bool_
    assert np.array_equal(kept.level, plan.level, equal_nan=True)


@pytest.mark.parametrize("instruction", [SetCharge(power_kw=3.7, phases=3, surplus=True), Suggest(start=START)])
def test_what_a_device_was_told_comes_back(instruction: SetCharge | Suggest) -> None:
    until = START + timedelta(hours=1)
    command = Command(device="car", instruction=instruction, issued_at=START, valid_until=until, reason="it is cheap")
    _, device, text = command_row(command)
    assert command_of(str(device), epoch_s(START), str(text)) == command
