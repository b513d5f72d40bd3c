"""What each device did on a day, as measured, and is planned to do for the rest of it; with the reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.agent import Agent
from homeagent.agent.device_view import LEVEL_UNITS, stretches_told
from homeagent.agent.devices.book import DeviceBook
from homeagent.agent.devices.memory import STEP
from homeagent.agent.requesting import class_of
from homeagent.agent.thinking import Thought
from homeagent.domain.devices import DeviceKnown, HeatSpec, TankSpec
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.readings import DeviceQuantity
from homeagent.domain.tasks import DevicePlan
from homeagent.store.past import KeptReason

Row = Mapping[str, object]
LONGEST_HELD = timedelta(hours=2)
"""So long a reason is shown after it was given last; decisions are made in every slot of a plan."""


def devices_of_day(agent: Agent, start: datetime, end: datetime) -> list[Row]:
    """Return a row for each device between two times, JSON-ready; what is not known is null."""
    book, now = agent.devices, agent.clock.now()
    if book is None:
        return []
    grid = TimeGrid(start=start, step=STEP, count=(end - start) // STEP)
    kept = agent.store.reasons_between(start - LONGEST_HELD, min(now, end))
    return [
        _device(agent, book, device, grid, [one for one in kept if one.device == name])
        for name, device in book.known.items()
    ]


def _device(agent: Agent, book: DeviceBook, device: DeviceKnown, grid: TimeGrid, kept: Sequence[KeptReason]) -> Row:
    now, thought = agent.clock.now(), agent.thought
    power_kw = book.memory.window(device.name, "power_kw", grid)
    level = _level(book, device, grid)
    plan = None if thought is None else next((one for one in thought.plan.devices if one.name == device.name), None)
    ahead = np.arange(grid.count) >= (now - grid.start) // grid.step
    if plan is not None:
        planned_kw, planned_level = _planned(plan, grid)
        power_kw, level = np.where(ahead, planned_kw, power_kw), np.where(ahead, planned_level, level)
    reasons = _past(kept, grid.start, min(now, grid.end))
    if plan is not None and thought is not None:
        reasons += _ahead(book, thought, device.name, max(now, grid.start), grid.end)
    return {
        "name": device.name,
        "kind": class_of(device),
        "level_unit": LEVEL_UNITS[class_of(device)],
        "step_minutes": grid.step / timedelta(minutes=1),
        "power_kw": _numbers(power_kw),
        "level": _numbers(level),
        "planned": _flags(ahead),
        "reasons": reasons,
    }


def _level(book: DeviceBook, device: DeviceKnown, grid: TimeGrid) -> FloatArray:
    """Return the temperature as it was measured; of other devices nothing of that kind is."""
    quantity: DeviceQuantity
    match device:
        case HeatSpec():
            quantity = "air_c"
        case TankSpec():
            quantity = "water_c"
        case _:
            return np.full(grid.count, np.nan)
    return book.memory.window(device.name, quantity, grid)


def _planned(plan: DevicePlan, grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    """Return a plan's power and level on the day's grid, NaN where it does not reach."""
    own = plan.power_kw.grid
    starts = np.array([(at - own.start) / own.step for at in grid.starts()])
    inside = (starts >= 0) & (starts < own.count)
    slot = np.clip(starts.astype(np.int_), 0, max(own.count - 1, 0))
    nothing = np.full(grid.count, np.nan)
    return np.where(inside, plan.power_kw.values[slot], nothing), np.where(inside, plan.level[slot], nothing)


def _past(kept: Sequence[KeptReason], start: datetime, end: datetime) -> list[Row]:
    """Return what was decided, one row as long as a device did the same: the first word says what that is."""
    rows: list[Row] = []
    begun: KeptReason | None = None
    for place, one in enumerate(kept):
        begun = begun or one
        after = kept[place + 1] if place + 1 < len(kept) else None
        until = min(one.at + LONGEST_HELD, end)
        goes_on = after is not None and after.at <= until
        if after is not None and goes_on:
            until = after.at
        if after is None or not goes_on or _act(after) != _act(begun):
            if until > start:
                rows.append(_row(begun, max(begun.at, start), until))
            begun = None
    return rows


def _act(reason: KeptReason) -> str:
    return reason.text.split(maxsplit=1)[0].strip(":,") if reason.text else ""


def _row(reason: KeptReason, since: datetime, until: datetime) -> Row:
    return {
        "from": _stamp(since),
        "until": _stamp(until),
        "why": reason.text,
        "runner_up": reason.runner_up,
        "runner_up_costs": None if reason.runner_up_costs is None else round(reason.runner_up_costs, 4),
    }


def _ahead(book: DeviceBook, thought: Thought, name: str, now: datetime, end: datetime) -> list[Row]:
    """Return the rest of the day as it is planned."""
    grid = thought.plan.grid
    if not grid.start <= now < min(grid.end, end):
        return []
    first, last = grid.index_of(now), min((end - grid.start) // grid.step, grid.count)
    return list(stretches_told(book.reasons, thought, name, first, last))


def _numbers(values: FloatArray) -> list[float | None]:
    return [round(value, 3) if np.isfinite(value) else None for value in values.tolist()]


def _flags(values: BoolArray) -> list[bool]:
    return [bool(value) for value in values]


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
