"""The best way on for a tank, backwards over slots, water temperatures, rests and the hygiene that is still due.

Dynamic programming (Bellman 1957): in each slot the heater is off or on, and the table keeps what being on costs more
than being off, at every temperature. A run or a rest that is too short goes on, so only free heaters choose.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from homeagent.devices.tank import TankStep
from homeagent.domain.devices import TankSpec
from homeagent.domain.grid import BoolArray, FloatArray, IntArray, frozen_array
from homeagent.domain.tasks import TankTask
from homeagent.planning.slot_cost import SlotCost

FINEST_K, COARSEST_K = 0.3, 1.0
"""The temperatures of the table lie between these apart, and so that a slot of heating passes some of them."""
HEAT_STEPS = 3
MONEY_LEVELS, POWERS = 5, 3
START_KWH = 0.005
"""A start costs as much as so much heat missing: of courses that cost the same the one with fewer starts is taken."""
SMALL_K = 1e-6
MOST_MIN = 1e6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TankTable:
    """What to do: `advantage` (count, 2, flags, nodes) is what being on costs more, if it rests and if it runs.

    `level` (count, flags, nodes) is the best power's place in `powers_kw`. Flag 0 is hygiene still due, the last done.
    """

    first_c: float
    apart_k: float
    powers_kw: FloatArray
    advantage: FloatArray
    level: IntArray


@dataclass(frozen=True, slots=True)
class _Way:
    """Where an action leads from each node: (count, ...) neighbours below with their weights, and what it costs."""

    below: IntArray
    part: FloatArray
    cost: FloatArray


def least_slots(least: timedelta, step: timedelta) -> int:
    """Return how many whole slots something lasts at least."""
    return math.ceil(least / step - SMALL_K)


def stops_above_c(spec: TankSpec) -> float:
    """Return the coldest water at which a run may end: a layered tank's is heated through, else its top gets cold."""
    return spec.useful_c - SMALL_K if spec.layered > 0 else -math.inf


def forced_slots(task: TankTask, length: timedelta) -> int:
    """Return for how many slots the heater has to stay as it is, on or off."""
    least = task.spec.steadiness.min_on if task.on else task.spec.steadiness.min_off
    return max(least_slots(least - timedelta(minutes=min(task.minutes_so, MOST_MIN)), length), 0)


def powers_kw(spec: TankSpec) -> FloatArray:
    """Return the powers that a heater is planned with beside none."""
    if spec.min_kw is None or spec.min_kw >= spec.max_kw:
        return frozen_array([spec.max_kw])
    return frozen_array(np.linspace(spec.min_kw, spec.max_kw, POWERS))


def starts_below_c(spec: TankSpec) -> float:
    """Return the warmest water at which the heater's thermostat begins to heat."""
    return spec.max_c - spec.dead_band_k + SMALL_K


@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """What powers from 0 to `most_kw` cost in each slot: looked up once, shape (count, MONEY_LEVELS)."""

    most_kw: float
    table: FloatArray

    @classmethod
    def of(cls, cost: SlotCost, most_kw: float) -> Money:
        """Return the table of `cost`."""
        levels = np.linspace(0.0, most_kw, MONEY_LEVELS)[1:]
        return cls(most_kw, np.concatenate([np.zeros((cost.grid.count, 1)), cost.of(levels)], axis=1))

    def paid(self, power_kw: FloatArray) -> FloatArray:
        """Return what powers of shape (count, ...) cost in their slots."""
        place = power_kw * ((MONEY_LEVELS - 1) / self.most_kw)
        below = np.minimum(place.astype(np.intp), MONEY_LEVELS - 2)
        slot = np.arange(len(self.table)).reshape(-1, *(1,) * (power_kw.ndim - 1))
        low = self.table[slot, below]
        paid: FloatArray = low + (place - below) * (self.table[slot, below + 1] - low)
        return paid


def hygiene_late_cost(task: TankTask) -> float:
    """Return what each slot costs in which hygiene is overdue: a tank of heat. Health is not weighed against money."""
    spec = task.spec
    return max(task.cold_per_kwh, 1.0) * spec.kwh_per_k * max(spec.hygiene_c - spec.cold_c, 1.0)


def hygiene_due(task: TankTask, count: int) -> int | None:
    """Return the slot by whose end hygiene is due, None if it is not, is had, or is out of the heater's reach."""
    due = task.hygiene_by
    if due is None or due >= count or task.spec.hygiene_c > task.spec.max_c + SMALL_K:
        return None
    return None if task.water_c >= task.spec.hygiene_c - SMALL_K else max(due, 0)


def tank_table(
    task: TankTask, length: timedelta, money: Money, step: TankStep, cop: FloatArray, start_cost: float
) -> TankTable:
    """Return the table of a tank's best actions."""
    spec, powers = task.spec, powers_kw(task.spec)
    nodes = _nodes(task, step, cop)
    off, on, reach, cut = _ways(task, money, step, cop, powers, nodes)
    due = hygiene_due(task, len(cop))
    flags, late = (1, 0.0) if due is None else (2, hygiene_late_cost(task))
    runs, rests = (least_slots(one, length) for one in (spec.steadiness.min_on, spec.steadiness.min_off))
    rows = rests + 1  # it may start, or has to rest for so many slots; then the same for going on
    may_start, may_stop = nodes <= starts_below_c(spec), nodes >= stops_above_c(spec)
    value = np.empty((rows + max(runs, 1), flags, len(nodes)))
    value[:] = task.left_per_kwh * spec.kwh_per_k * np.maximum(spec.max_c - nodes, 0.0)
    advantage = np.empty((len(cop), 2, flags, len(nodes)))
    level = np.empty((len(cop), flags, len(nodes)), dtype=np.intp)
    any_reach, any_cut = (np.logical_or.reduce(where, axis=(1, 2)) for where in (reach, cut))
    for slot in range(len(cop) - 1, -1, -1):
        rise = value[..., 1:] - value[..., :-1]
        below, part = off.below[slot], off.part[slot]
        resting = value[:rows].take(below, axis=-1) + part * rise[:rows].take(below, axis=-1) + off.cost[slot]
        below, part = on.below[slot], on.part[slot]
        running = value[rows:].take(below, axis=-1) + part * rise[rows:].take(below, axis=-1)
        if any_cut[slot]:  # the thermostat ends the run
            ended = value[rests].take(below, axis=-1) + part * rise[rests].take(below, axis=-1)
            running = np.where(cut[slot], ended, running)
        if due is not None:
            if slot >= due:
                resting[:, 0] += late
                running[:, 0] += late
            if any_reach[slot]:
                running[:, 0] = np.where(reach[slot], running[:, 1], running[:, 0])
        running += on.cost[slot]
        if len(powers) > 1:
            level[slot] = running[0].argmin(axis=1)
            best = running.min(axis=2)
        else:
            level[slot], best = 0, running[:, :, 0]
        advantage[slot, 0] = best[-1] + start_cost - resting[0]
        stop = resting[max(rests - 1, 0)]
        advantage[slot, 1] = best[0] - stop
        value[1:rows] = resting[:-1]
        value[0] = resting[0] + np.where(may_start, np.minimum(advantage[slot, 0], 0.0), 0.0)
        value[rows + 1 :] = best[:-1]
        value[rows] = stop + np.where(may_stop, np.minimum(advantage[slot, 1], 0.0), advantage[slot, 1])
    return TankTable(first_c=nodes[0], apart_k=nodes[1] - nodes[0], powers_kw=powers, advantage=advantage, level=level)


def _nodes(task: TankTask, step: TankStep, cop: FloatArray) -> FloatArray:
    """Return evenly spaced temperatures on which the table stands; the hygiene temperature is one of them."""
    spec = task.spec
    a_slot = spec.max_kw * float(cop.max(initial=1.0)) * step.hours * step.k_per_kwh
    apart = min(max(a_slot / HEAT_STEPS, FINEST_K), COARSEST_K)
    low = min(task.water_c, spec.empty_c, _coasted(spec, task.water_c, step, len(cop)))
    high = max(spec.max_c, task.water_c, spec.useful_c + apart)
    anchor = spec.hygiene_c
    first, last = math.floor((low - anchor) / apart), math.ceil((high - anchor) / apart)
    return frozen_array(anchor + apart * np.arange(first, last + 1))


def _coasted(spec: TankSpec, water_c: float, step: TankStep, slots: int) -> float:
    """Return the water that nobody heats or draws at the end."""
    start = min(water_c, spec.empty_c)
    return spec.room_c + (start - spec.room_c) * step.keeps**slots


def _ways(
    task: TankTask, money: Money, step: TankStep, cop: FloatArray, powers: FloatArray, nodes: FloatArray
) -> tuple[_Way, _Way, BoolArray, BoolArray]:
    """Return where resting (count, nodes) and running (count, powers, nodes) lead, where it reaches hygiene, is cut."""
    drawn, high, factor = task.drawn_kwh[:, None, None], task.drawn_high_kwh[:, None, None], cop[:, None, None]
    asked = np.concatenate([[0.0], powers])[None, :, None]
    did = step.run(nodes[None, None, :], asked, factor, drawn)
    misses = task.cold_per_kwh * step.high_missed_kwh(nodes[None, None, :], did.power_kw, factor, high)
    paid = misses[:, 1:] + money.paid(did.power_kw[:, 1:])
    place = (did.water_c - nodes[0]) / (nodes[1] - nodes[0])
    below = place.astype(np.intp).clip(0, len(nodes) - 2)
    part = (place - below).clip(0.0, 1.0)
    reach = did.water_c[:, 1:] >= task.spec.hygiene_c - SMALL_K
    cut = did.power_kw[:, 1:] < asked[:, 1:] - SMALL_K
    return (
        _Way(below[:, 0], part[:, 0], misses[:, 0]),
        _Way(below[:, 1:], part[:, 1:], paid),
        reach,
        cut,
    )
