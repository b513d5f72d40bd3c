"""Powers made level: the same energy at any powers instead of a few.

Where what more costs is the same in all slots that draw, nothing is gained by moving energy from one to another (the
"equal incremental cost" of economic dispatch; Wood and Wollenberg, "Power Generation, Operation, and Control", 1984).
The price of a kWh at which just enough is drawn is found by halving.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from homeagent.devices.car import nearest_kw, ranges_kw
from homeagent.domain.grid import FloatArray, IntArray
from homeagent.domain.tasks import CarTask, HeatTask
from homeagent.planning.slot_cost import SlotCost

LEVELS, FINE = 16, 9
HEAT_STEPS = 6.0
"""A heat pump's program has so many steps between its least and its most power; no slot is moved by more than one."""
HALVINGS = 30


def levelled_kw(task: CarTask, power_kw: FloatArray, cost: SlotCost) -> FloatArray | None:
    """Return a car's course of as much energy at levelled costs.

    None where when it charges matters too: where it may leave at any time, gives, or shall charge from surplus alone.
    """
    leaving = (task.leaves > 0) & (task.leaves < 1) & task.present
    if task.surplus_only or leaving.any() or (power_kw < 0).any() or power_kw.sum() <= 0:
        return None
    slots = [_stay(task)]
    within = [np.linspace(low, high, LEVELS) for _, low, high in ranges_kw(task.spec)]
    levels = np.unique(np.concatenate([[0.0], *within]))
    rough = _levelled(power_kw, slots, np.broadcast_to(levels, (len(power_kw), len(levels))), cost)
    rough = np.array([nearest_kw(task.spec, kw) for kw in rough.tolist()])
    if len(within) > 1:
        return rough
    low_kw, high_kw = float(levels[1]), float(levels[-1])
    near = np.where(rough[:, None] > 0, _near(rough, float(np.diff(levels[1:]).max()), low_kw, high_kw), 0.0)
    return _levelled(power_kw, slots, near, cost)


def levelled_runs_kw(task: HeatTask, power_kw: FloatArray, cost: SlotCost) -> FloatArray | None:
    """Return a heat pump's course in which each run has the same energy at levelled costs, None where it has no choice.

    Nothing is moved far, so that temperatures stay nearly what they were.
    """
    low, high = task.spec.min_kw, task.spec.max_kw
    runs = _runs(power_kw)
    if low >= high or not runs:
        return None
    near = _near(power_kw, (high - low) / HEAT_STEPS, low, high)
    return _levelled(power_kw, runs, np.where(power_kw[:, None] > 0, near, 0.0), cost)


def _near(power_kw: FloatArray, step_kw: float, low_kw: float, high_kw: float) -> FloatArray:
    """Return powers near those of a course, ascending: (count, levels)."""
    return np.clip(power_kw[:, None] + step_kw * np.linspace(-1, 1, FINE), low_kw, high_kw)


def _runs(power_kw: FloatArray) -> list[IntArray]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], power_kw > 0, [0]]).astype(int)))
    return [np.arange(first, end) for first, end in list(pairwise(edges.tolist()))[::2]]


def _stay(task: CarTask) -> IntArray:
    """Return the slots of the first unbroken stay."""
    present = np.flatnonzero(task.present)
    first = int(present[0])
    ended = np.flatnonzero(~task.present[first:])
    return np.arange(first, first + int(ended[0]) if len(ended) else len(task.present))


def _levelled(power_kw: FloatArray, groups: Sequence[IntArray], levels: FloatArray, cost: SlotCost) -> FloatArray:
    """Return the course whose energy in each group of slots is as it was, at levelled costs; `levels` ascend."""
    paid, course = cost.of(levels), power_kw.copy()
    for slots in groups:
        asked = float(power_kw[slots].sum())
        own, priced = levels[slots], paid[slots]
        top = float((np.abs(priced[:, -1]) / np.maximum(own[:, -1], 1e-9)).max())
        low, high = -2 * top - 1.0, 2 * top + 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            enough = float(_at(own, priced, middle).sum()) >= asked
            low, high = (low, middle) if enough else (middle, high)
        less, more = _at(own, priced, low), _at(own, priced, high)
        missing = asked - float(less.sum())
        raised = np.cumsum(more - less)
        course[slots] = less + np.clip(missing - (raised - (more - less)), 0.0, more - less)
    return course


def _at(levels: FloatArray, paid: FloatArray, price: float) -> FloatArray:
    """Return the best level of each slot where a kW for the slot is worth `price`; the lower of equal ones."""
    best = np.argmin(paid - price * levels, axis=1)
    return np.asarray(levels[np.arange(len(levels)), best])
