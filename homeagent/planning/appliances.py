"""When an appliance runs: every start is priced, one run or a chain of them, and none is ever interrupted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from homeagent.devices.appliance import in_slots, slots_needed
from homeagent.domain.grid import FloatArray, IntArray, TimeGrid
from homeagent.domain.tasks import ApplianceTask
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import SlotCost

OTHERS = 6
"""So many other starts are told, each at least half a run from the better ones."""
MUST_RUN = 1e6
"""What leaving out a run that is no option costs: it happens only where none fits."""
HOUR_MIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StartCosts:
    """What a start costs in slot `first` and those after it: `money` of the grid, `wishes` (waits, lateness).

    Both have shape (starts,); it is (0,) where a run no longer ends inside the grid.
    """

    first: int
    money: FloatArray
    wishes: FloatArray

    @property
    def total(self) -> FloatArray:
        """What the plan minimises."""
        return self.money + self.wishes


def best_response(task: ApplianceTask, cost: SlotCost) -> Response:
    """Return the cheapest start, the rest of a run that has begun, or no run where it is optional and too dear."""
    return sequence_response((task,), cost)[0]


def sequence_response(tasks: Sequence[ApplianceTask], cost: SlotCost) -> tuple[Response, ...]:
    """Return the best starts of runs of which each begins after the one before it has ended, placed jointly.

    Where one is left out those after it are too: there is nothing for the dryer.
    """
    grid, step_min = cost.grid, _step_min(cost.grid)
    costs = [start_costs(task, cost) for task in tasks]
    needs = [_slots(task, step_min) for task in tasks]
    left_out = np.cumsum([_left_out_cost(task) for task in tasks][::-1])[::-1]
    to_come = [np.zeros(grid.count + 1)]  # by the slot from which the next run may begin, for each place in the chain
    for task, own, slots, none in zip(tasks[::-1], costs[::-1], needs[::-1], left_out[::-1], strict=True):
        if task.begun_min is not None:
            to_come.insert(0, np.full(grid.count + 1, to_come[0][min(slots, grid.count)]))
            continue
        at = np.full(grid.count + 1, math.inf)
        count = len(own.money)
        at[own.first : own.first + count] = own.total + to_come[0][own.first + slots : own.first + slots + count]
        to_come.insert(0, np.minimum(np.minimum.accumulate(at[::-1])[::-1], none))
    starts: list[int | None] = []
    free = 0
    for task, own, slots, after, none in zip(tasks, costs, needs, to_come[1:], left_out, strict=True):
        start = None if task.begun_min is not None else _start(own, slots, after, none, free)
        starts.append(start)
        if task.begun_min is not None:
            free = min(slots, grid.count)
        else:
            free = grid.count + 1 if start is None else start + slots
    return tuple(
        _response(task, start, grid, _others(task, own, start, slots, low, high))
        for task, own, start, slots, low, high in zip(
            tasks, costs, starts, needs, *_room(tasks, starts, needs, grid.count), strict=True
        )
    )


def evaluate(task: ApplianceTask, power_kw: FloatArray, grid: TimeGrid) -> Response:
    """Return what a given course means: it begins where it first draws, and runs to its end."""
    drawing = np.flatnonzero(power_kw > 0)
    silent = np.flatnonzero(in_slots(task.spec, _step_min(grid)) > 0)
    if task.begun_min is not None or not len(drawing) or not len(silent):
        return _response(task, None, grid, ())
    return _response(task, int(drawing[0] - silent[0]), grid, ())


def start_costs(task: ApplianceTask, cost: SlotCost) -> StartCosts:
    """Return what each start costs from which the run still ends inside the grid, the task's first slot on."""
    grid = cost.grid
    powers = in_slots(task.spec, _step_min(grid))
    first = max(task.first, 0)
    count = max(grid.count - len(powers) + 1 - first, 0)
    if task.begun_min is not None or not len(powers) or not count:
        return StartCosts(first=0, money=np.zeros(0), wishes=np.zeros(0))
    levels, place = np.unique(powers, return_inverse=True)
    table = cost.of(levels)
    money = np.zeros(count)
    for offset, level in enumerate(place):
        money += table[first + offset : first + offset + count, level]
    return StartCosts(first=first, money=money, wishes=_wishes(task, first + np.arange(count), grid))


def chains(tasks: Sequence[ApplianceTask]) -> tuple[tuple[int, ...], ...]:
    """Return the places of tasks that follow each other by `after`, each chain in its order.

    What comes after something that is not asked for, or after itself in a ring, stands alone; so does a second one
    after the same.
    """
    place = {task.spec.name: index for index, task in enumerate(tasks)}
    follower: dict[int, int] = {}
    for index, task in enumerate(tasks):
        before = place.get(task.spec.after or "")
        if before is not None and before != index:
            follower.setdefault(before, index)
    found: list[tuple[int, ...]] = []
    for head in sorted(set(range(len(tasks))) - set(follower.values())):
        chain = [head]
        while chain[-1] in follower:
            chain.append(follower[chain[-1]])
        found.append(tuple(chain))
    seen = {index for chain in found for index in chain}
    return tuple(sorted([*found, *((index,) for index in range(len(tasks)) if index not in seen)]))


def _step_min(grid: TimeGrid) -> float:
    return grid.step_hours * HOUR_MIN


def _slots(task: ApplianceTask, step_min: float) -> int:
    return slots_needed(task.spec, step_min) if task.begun_min is None else len(_rest(task, step_min))


def _rest(task: ApplianceTask, step_min: float) -> FloatArray:
    return in_slots(task.spec, step_min, max(task.begun_min or 0.0, 0.0))


def _left_out_cost(task: ApplianceTask) -> float:
    return MUST_RUN if task.at_most is None else task.at_most


def _late_h(task: ApplianceTask, end_min: float, step_min: float) -> float:
    return max(end_min - (task.last + 1) * step_min, 0.0) / HOUR_MIN


def _wishes(task: ApplianceTask, starts: IntArray, grid: TimeGrid) -> FloatArray:
    step_min = _step_min(grid)
    waits_h = (starts - task.first) * grid.step_hours
    end_min = starts * step_min + len(task.spec.profile_kw)
    late_h = np.maximum(end_min - (task.last + 1) * step_min, 0.0) / HOUR_MIN
    wishes: FloatArray = waits_h * task.wait_per_hour + late_h * task.late_per_hour
    return wishes


def _start(own: StartCosts, slots: int, after: FloatArray, none: float, free: int) -> int | None:
    """Return the best start from `free` on, the earliest of equals; None where leaving it out is cheaper."""
    low = max(free - own.first, 0)
    total = own.total[low:] + after[own.first + slots + low : own.first + slots + len(own.money)]
    if not len(total):
        return None
    best = int(total.argmin())
    return own.first + low + best if total[best] <= none else None


def _room(
    tasks: Sequence[ApplianceTask], starts: Sequence[int | None], needs: Sequence[int], count: int
) -> tuple[list[int], list[int]]:
    """Return between which slots each run of a chain may move while the others stay."""
    low, high = [], []
    for index in range(len(tasks)):
        before, after = starts[index - 1] if index else None, starts[index + 1] if index + 1 < len(tasks) else None
        begun = index > 0 and tasks[index - 1].begun_min is not None
        low.append(needs[index - 1] if begun else 0 if before is None else before + needs[index - 1])
        high.append(count if after is None else after)
    return low, high


def _others(
    task: ApplianceTask, own: StartCosts, start: int | None, slots: int, low: int, high: int
) -> tuple[int | None, ...]:
    """Return the next best starts, each half a run or more from all better ones, and leaving it out where it may be."""
    at = own.first + np.arange(len(own.money))
    total = np.where((at >= low) & (at + slots <= high), own.total, math.inf)
    if start is not None:
        total[abs(at - start) < max(slots // 2, 1)] = math.inf
    found: list[int | None] = []
    while len(found) < OTHERS and len(total) and math.isfinite(total.min()):
        best = int(total.argmin())
        found.append(own.first + best)
        total[max(best - max(slots // 2, 1) + 1, 0) : best + max(slots // 2, 1)] = math.inf
    if task.at_most is not None and start is not None:
        found.append(None)
    return tuple(found)


def _course(task: ApplianceTask, start: int | None, grid: TimeGrid) -> FloatArray:
    power = np.zeros(grid.count)
    if task.begun_min is not None:
        run, start = _rest(task, _step_min(grid)), 0
    else:
        run = in_slots(task.spec, _step_min(grid))
    if start is not None:
        run = run[: max(grid.count - start, 0)]
        power[start : start + len(run)] = run
    return power


def _response(task: ApplianceTask, start: int | None, grid: TimeGrid, others: tuple[int | None, ...]) -> Response:
    wish_cost, unmet = _unmet(task, start, grid)
    return Response(
        power_kw=_course(task, start, grid),
        level=np.full(grid.count + 1, math.nan),
        wish_cost=wish_cost,
        start_slot=start,
        unmet=unmet,
        other=tuple(_course(task, other, grid) for other in others),
    )


def _unmet(task: ApplianceTask, start: int | None, grid: TimeGrid) -> tuple[float, tuple[str, ...]]:
    """Return what the missed wishes of a start cost, and the sentences that say so."""
    name, step_min, lasts = task.spec.name, _step_min(grid), len(task.spec.profile_kw)
    if task.begun_min is not None:
        over_min = task.begun_min - lasts
        if over_min > 0:
            return 0.0, (f"{name}: it has run {over_min:.0f} min longer than its programme; nothing more is expected",)
        return _lateness(task, lasts - task.begun_min, 0.0, step_min)
    if start is not None:
        waits = (start - task.first) * grid.step_hours * task.wait_per_hour
        return _lateness(task, start * step_min + lasts, waits, step_min)
    if task.at_most is not None:
        return task.at_most, (f"{name}: left out, no run for {task.at_most:.2f} or less is in sight",)
    late_h = _late_h(task, grid.count * step_min, step_min)
    if task.last >= grid.count or task.first >= grid.count:
        return 0.0, ()
    return late_h * task.late_per_hour, (f"{name}: its run of {lasts} min does not fit into the plan",)


def _lateness(task: ApplianceTask, end_min: float, wish_cost: float, step_min: float) -> tuple[float, tuple[str, ...]]:
    late_h = _late_h(task, end_min, step_min)
    if late_h <= 0:
        return wish_cost, ()
    said = f"{task.spec.name}: ready {late_h:.1f} h later than asked"
    return wish_cost + late_h * task.late_per_hour, (said,)
