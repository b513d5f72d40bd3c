"""A car's powers made level: the same energy, with any power in each slot instead of a few.

Where what more costs is the same in all slots that charge, nothing is gained by moving energy from one to another (the
"equal incremental cost" of economic dispatch; Wood and Wollenberg, "Power Generation, Operation, and Control", 1984).
The price of a kWh at which just enough is charged is found by halving.
"""

from __future__ import annotations

import numpy as np

from homeagent.devices.car import nearest_kw, ranges_kw
from homeagent.domain.grid import FloatArray, IntArray
from homeagent.domain.tasks import CarTask
from homeagent.planning.slot_cost import SlotCost

LEVELS = 16
HALVINGS = 30


def levelled_kw(task: CarTask, power_kw: FloatArray, cost: SlotCost) -> FloatArray | None:
    """Return a course of as much energy at levelled costs.

    None where when it charges matters too: where it may leave at any time, gives, or shall charge from surplus alone.
    """
    leaving = (task.leaves > 0) & (task.leaves < 1) & task.present
    energy_kw = float(power_kw.sum())
    if task.surplus_only or leaving.any() or (power_kw < 0).any() or energy_kw <= 0:
        return None
    within = [np.linspace(low, high, LEVELS) for _, low, high in ranges_kw(task.spec)]
    levels = np.unique(np.concatenate([[0.0], *within]))
    slots = _stay(task)
    paid = cost.of(levels[1:])[slots]
    paid = np.concatenate([np.zeros((len(slots), 1)), paid], axis=1)
    low, high = -1.0, float((paid[:, -1] / levels[-1]).max()) * 2 + 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        enough = float(_at(levels, paid, middle).sum()) >= energy_kw
        low, high = (low, middle) if enough else (middle, high)
    course = np.zeros(len(power_kw))
    course[slots] = _trimmed(task, _at(levels, paid, low), _at(levels, paid, high), energy_kw)
    return course


def _stay(task: CarTask) -> IntArray:
    """Return the slots of the first unbroken stay."""
    present = np.flatnonzero(task.present)
    first = int(present[0])
    ended = np.flatnonzero(~task.present[first:])
    return np.arange(first, first + int(ended[0]) if len(ended) else len(task.present))


def _at(levels: FloatArray, paid: FloatArray, price: float) -> FloatArray:
    """Return the best level of each slot where a kW for the slot is worth `price`; the lower of equal ones."""
    return np.asarray(levels[np.argmin(paid - price * levels, axis=1)])


def _trimmed(task: CarTask, less: FloatArray, more: FloatArray, energy_kw: float) -> FloatArray:
    """Return the course between two, as much as is asked: the slots in which they differ are raised one by one."""
    course = less.copy()
    for slot in np.flatnonzero(more > less):
        missing = energy_kw - float(course.sum())
        if missing <= 0:
            break
        raised = min(float(more[slot]), float(course[slot]) + missing)
        course[slot] = raised if raised >= more[slot] else nearest_kw(task.spec, raised)
    return course
