"""What a device could do instead in a slot, and what that costs more, wishes counted, the rest of the home as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.tasks import CarTask, HeatTask, HoursTask, TankTask
from homeagent.planning.device_responses import evaluate
from homeagent.planning.slot_cost import SlotCost

DRAWS_KW = 0.01
Movable: TypeAlias = CarTask | HeatTask | TankTask | HoursTask


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerUp:
    """The next best: `now` says whether the device would draw in the slot, `at` is the slot that changes with it.

    `costs` is what it costs more over the horizon [currency], never below 0.
    """

    now: bool
    at: int | None
    costs: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotPrices:
    """What a kWh costs this device in each slot, (count,): of what it draws there, or would draw.

    `more` and `less` are what drawing `step_kw` more or less costs in a slot; `allowed` says where it could draw.
    """

    per_kwh: FloatArray
    more: FloatArray
    less: FloatArray
    step_kw: float
    allowed: BoolArray


def slot_prices(task: Movable, power_kw: FloatArray, cost: SlotCost) -> SlotPrices:
    """Return the prices that a device meets in each slot beside what it is planned to draw."""
    allowed, most_kw = _allowed(task), _most_kw(task)
    drawn = power_kw[power_kw > DRAWS_KW]
    step_kw = float(np.median(drawn)) if len(drawn) else most_kw
    raised = np.minimum(power_kw + step_kw, np.maximum(most_kw, power_kw))
    lowered = np.where(power_kw > DRAWS_KW, np.maximum(power_kw - step_kw, 0.0), power_kw)
    paid, paid_more, paid_less = cost.of(np.stack([power_kw, raised, lowered], axis=1)).T
    kwh = cost.grid.step_hours * np.where(abs(power_kw) > DRAWS_KW, power_kw, step_kw)
    per_kwh = np.where(abs(power_kw) > DRAWS_KW, paid, paid_more - paid) / kwh
    return SlotPrices(per_kwh=per_kwh, more=paid_more - paid, less=paid_less - paid, step_kw=step_kw, allowed=allowed)


def runner_up(task: Movable, power_kw: FloatArray, prices: SlotPrices, cost: SlotCost, slot: int) -> RunnerUp | None:
    """Return the next best thing to do in `slot`, None where there is no choice.

    A device that draws could leave it, with or without drawing later instead; one that rests could draw, with or
    without resting later.
    """
    if not prices.allowed[slot] and power_kw[slot] <= DRAWS_KW:
        return None
    ways = _instead(task, power_kw, prices, slot)
    base = evaluate(task, power_kw, cost.grid)
    others = [evaluate(task, course, cost.grid) for course, _ in ways]
    courses = np.stack([base.power_kw, *(one.power_kw for one in others)], axis=1)
    paid = cost.of(courses).sum(axis=0)
    draws = bool(power_kw[slot] > DRAWS_KW)
    found = [
        RunnerUp(now=not draws, at=at, costs=max(float(paid[k + 1] + one.wish_cost - paid[0] - base.wish_cost), 0.0))
        for k, (one, (_, at)) in enumerate(zip(others, ways, strict=True))
        if (one.power_kw[slot] > DRAWS_KW) != draws  # else it cannot be done
    ]
    return min(found, key=lambda one: (one.costs, -1 if one.at is None else one.at), default=None)


def _instead(task: Movable, power_kw: FloatArray, prices: SlotPrices, slot: int) -> list[tuple[FloatArray, int | None]]:
    """Return courses that do otherwise in `slot`, each with the slot to which it moves what it would have drawn."""
    draws, later = power_kw > DRAWS_KW, np.arange(len(power_kw)) > slot
    flipped = power_kw.copy()
    flipped[slot] = 0.0 if draws[slot] else prices.step_kw
    ways: list[tuple[FloatArray, int | None]] = [(flipped, None)]
    if draws[slot]:
        free = later & prices.allowed & (power_kw + prices.step_kw <= _most_kw(task) + DRAWS_KW)
        moved = _best(prices.more, free)
    else:
        moved = _best(prices.less, later & draws)
    for at in {moved, _first(later & draws) if not draws[slot] else None} - {None}:
        if at is None:
            continue
        course = flipped.copy()
        course[at] = course[at] + power_kw[slot] if draws[slot] else max(course[at] - prices.step_kw, 0.0)
        ways.append((course, at))
    return sorted(ways, key=lambda way: -1 if way[1] is None else way[1])


def _best(cost: FloatArray, among: BoolArray) -> int | None:
    return int(np.where(among, cost, np.inf).argmin()) if among.any() else None


def _first(among: BoolArray) -> int | None:
    return int(among.argmax()) if among.any() else None


def _allowed(task: Movable) -> BoolArray:
    match task:
        case CarTask():
            gone = np.concatenate([[False], np.cumsum(task.leaves)[:-1] >= 1.0])
            return np.asarray(task.present & ~gone)
        case HoursTask():
            return np.asarray(task.allowed)
        case HeatTask() | TankTask():
            return np.ones(len(task.outdoor_c), dtype=np.bool_)


def _most_kw(task: Movable) -> float:
    match task:
        case CarTask():
            return task.spec.max_charge_kw
        case HoursTask():
            return task.spec.rated_kw
        case HeatTask() | TankTask():
            return task.spec.max_kw
