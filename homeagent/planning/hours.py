"""When something runs that owes so many hours a day, in blocks that are not too short: a pool pump.

Dynamic programming (Bellman 1957) over slots, the slots still owed on the local day, and how long a block must go on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, IntArray, TimeGrid
from homeagent.domain.tasks import HoursTask
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import SlotCost

START_HOURS = 0.01
"""A start costs as much as so many missing hours: of courses that cost the same the one with fewer starts is taken."""
HOUR_MIN = 60.0
TOLD_H = 0.05
SMALL = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Days:
    """The days of a grid: where each ends, and what it owes in hours and in slots, each (days,)."""

    first: IntArray
    end: IntArray
    owed_h: FloatArray
    owed_slots: IntArray


def best_response(task: HoursTask, cost: SlotCost) -> Response:
    """Return the cheapest hours of each day, in blocks, what misses priced."""
    grid = cost.grid
    if not grid.count:
        return evaluate(task, np.zeros(0), grid)
    paid = cost.of(np.array([task.spec.rated_kw]))[:, 0]
    days, block = _days(task, grid), _block_slots(task, grid)
    on = _follow(task, grid, days, block, *_decisions(task, grid, days, block, paid))
    power_kw = np.where(on, task.spec.rated_kw, 0.0)
    return _response(task, power_kw, grid, days, _others(task, on, days, block, paid))


def evaluate(task: HoursTask, power_kw: FloatArray, grid: TimeGrid) -> Response:
    """Return what a given course of power means."""
    return _response(task, power_kw, grid, _days(task, grid), ())


def _block_slots(task: HoursTask, grid: TimeGrid) -> int:
    return max(math.ceil(task.spec.min_block / grid.step - SMALL), 1)


def _days(task: HoursTask, grid: TimeGrid) -> _Days:
    if not grid.count:
        return _Days(
            first=np.zeros(0, np.intp), end=np.zeros(0, np.intp), owed_h=np.zeros(0), owed_slots=np.zeros(0, np.intp)
        )
    first = np.flatnonzero(np.diff(task.day, prepend=task.day[0] - 1))
    end = np.append(first[1:], grid.count)
    owed = np.maximum(task.owed_hours[task.day[first]], 0.0)
    slots = np.ceil(owed / grid.step_hours - SMALL).astype(np.intp)
    return _Days(first=first, end=end, owed_h=owed, owed_slots=slots)


def _missing_cost(task: HoursTask, grid: TimeGrid, days: _Days, day: int, most: int) -> FloatArray:
    """Return what missing so many slots at a day's end costs, shape (most + 1,)."""
    left = np.arange(most + 1)
    missing_h = days.owed_h[day] - (days.owed_slots[day] - left) * grid.step_hours
    return np.where(left > 0, np.maximum(missing_h, 0.0), 0.0) * task.missing_per_hour


def _may_start(allowed: BoolArray, block: int) -> BoolArray:
    """Return where a whole block is allowed from here on, as far as the grid reaches."""
    forbidden = np.concatenate([[0], np.cumsum(~allowed)])
    ends = np.minimum(np.arange(len(allowed)) + block, len(allowed))
    may: BoolArray = forbidden[ends] == forbidden[:-1]
    return may


def _decisions(
    task: HoursTask, grid: TimeGrid, days: _Days, block: int, paid: FloatArray
) -> tuple[BoolArray, BoolArray]:
    """Return whether to start and whether to go on in each slot with so many slots owed, both (count, most + 1)."""
    most = int(days.owed_slots.max(initial=0))
    fewer = np.maximum(np.arange(most + 1) - 1, 0)
    start_cost = START_HOURS * task.missing_per_hour
    may_start = _may_start(task.allowed, block)
    start, go_on = np.zeros((grid.count, most + 1), dtype=bool), np.zeros((grid.count, most + 1), dtype=bool)
    value = np.zeros((1 + block, most + 1))  # off, then on with 0, 1, ... slots that it must still go on
    for day in range(len(days.first) - 1, -1, -1):
        if day + 1 < len(days.first):
            value = np.repeat(value[:, days.owed_slots[day + 1], None], most + 1, axis=1)
        value = value + _missing_cost(task, grid, days, day, most)
        for slot in range(int(days.end[day]) - 1, int(days.first[day]) - 1, -1):
            running = value[1:, fewer] + paid[slot]
            off = value[0]
            value = np.empty_like(value)
            value[0] = value[1] = off
            if may_start[slot]:
                begun = running[-1] + start_cost
                start[slot] = begun < off
                value[0] = np.minimum(begun, off)
            if task.allowed[slot]:
                go_on[slot] = running[0] <= off
                value[1] = np.minimum(running[0], off)
            value[2:] = running[:-1]
    return start, go_on


def _follow(task: HoursTask, grid: TimeGrid, days: _Days, block: int, start: BoolArray, go_on: BoolArray) -> BoolArray:
    on, running = np.zeros(grid.count, dtype=bool), task.on
    since = int(task.minutes_so // (grid.step_hours * HOUR_MIN))
    forced = max(block - since, 0) if running else 0
    for day, (first, end) in enumerate(zip(days.first, days.end, strict=True)):
        left = int(days.owed_slots[day])
        for slot in range(first, end):
            if running:
                stays = bool(task.allowed[slot]) and (forced > 0 or bool(go_on[slot, left]))
                forced = max(forced - 1, 0) if stays else 0
            else:
                stays = bool(start[slot, left])
                forced = block - 1
            on[slot] = running = stays
            left = max(left - running, 0)
    return on


def _others(task: HoursTask, on: BoolArray, days: _Days, block: int, paid: FloatArray) -> tuple[FloatArray, ...]:
    """Return for each day the course with that day's hours in one block, where that is cheapest."""
    found = []
    for first, end, owed in zip(days.first, days.end, days.owed_slots, strict=True):
        length = max(int(owed), block)
        begins = np.flatnonzero(_may_start(task.allowed, length)[first : max(end - length + 1, first)]) + first
        if not owed or not len(begins) or (first == 0 and task.on):
            continue
        sums = np.concatenate([[0.0], np.cumsum(paid)])
        best = int(begins[np.argmin(sums[begins + length] - sums[begins])])
        other = on.copy()
        other[first:end] = False
        other[best : best + length] = True
        if (other != on).any() and not _too_short(other, block):
            found.append(np.where(other, task.spec.rated_kw, 0.0))
    return tuple(found)


def _too_short(on: BoolArray, block: int) -> bool:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], on, [0]]).astype(int)))
    inside = edges[1::2] < len(on)
    return bool((np.diff(edges)[::2][inside] < block).any())


def _response(
    task: HoursTask, power_kw: FloatArray, grid: TimeGrid, days: _Days, other: tuple[FloatArray, ...]
) -> Response:
    on = power_kw > 0
    level = np.zeros(grid.count + 1)
    wish_cost, unmet = 0.0, []
    for first, end, owed_h in zip(days.first, days.end, days.owed_h, strict=True):
        left_h = np.maximum(owed_h - np.cumsum(on[first:end]) * grid.step_hours, 0.0)
        level[first], level[first + 1 : end + 1] = owed_h, left_h
        wish_cost += float(left_h[-1]) * task.missing_per_hour
        if left_h[-1] > TOLD_H:
            day = int(task.day[first])
            when = "today" if day == 0 else "tomorrow" if day == 1 else f"in {day} days"
            unmet.append(f"{task.spec.name}: {left_h[-1]:.1f} of {owed_h:.1f} hours will miss {when}")
    starts = int((on & ~np.concatenate([[task.on], on[:-1]])).sum()) if grid.count else 0
    return Response(
        power_kw=power_kw,
        level=level,
        wish_cost=wish_cost + START_HOURS * task.missing_per_hour * starts,
        unmet=tuple(unmet),
        other=other,
    )
