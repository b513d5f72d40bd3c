"""A tank of hot water: when to heat it. Expected draw-off moves the water; the high one says what is safe."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from homeagent.devices.tank import TankStep, cop_at, shortcomings, tank_step
from homeagent.domain.devices import TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import TankTask
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import SlotCost
from homeagent.planning.tank_moves import better_moves
from homeagent.planning.tank_table import (
    SMALL_K,
    START_KWH,
    Money,
    TankTable,
    forced_slots,
    hygiene_due,
    hygiene_late_cost,
    least_slots,
    starts_below_c,
    stops_above_c,
    tank_table,
)

TOLD_KWH = 0.05
"""Less heat that misses is not worth a sentence."""
USED_AFTER_H = 12.0
"""Heat left at the grid's end is used about so much later, and loses what it loses until then."""
DAY_H = 24.0
SURELY_K = 2.0
"""A thermostat is told so much more than the hygiene temperature, so that its thermometer sees it."""
DEARER = (8.0, 64.0, 512.0)
"""Where a heater starts more often than it may, a start is priced so many times higher."""
DELAYS_H = (2.0,)
"""Other courses put off the first run by so many hours."""

Decide = Callable[[int, float], float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Course:
    """What a tank does: `water_c` (count + 1,), `power_kw` and `missed_kwh` (count,)."""

    water_c: FloatArray
    power_kw: FloatArray
    missed_kwh: FloatArray


def best_response(task: TankTask, cost: SlotCost) -> Response:
    """Return the cheapest way to keep the water hot, hygiene in time, all wishes priced."""
    grid = cost.grid
    if not grid.count:
        return evaluate(task, np.zeros(0), grid)
    step, cop = tank_step(task.spec, grid.step_hours), cop_at(task.spec.cop, task.outdoor_c)
    money = Money.of(cost, task.spec.max_kw)
    allowed = _starts_allowed(task, grid)
    for factor in (1.0, *DEARER):
        table = tank_table(task, grid.step, money, step, cop, START_KWH * task.cold_per_kwh * factor)
        policy = _Policy(task, table, grid)
        course = _drive(task, step, cop, policy.decide)
        if _starts(task, course.power_kw) <= allowed:
            break
    asked_kw, other = better_moves(task, grid.step, money, step, cop, policy.asked_kw)
    if _starts(task, asked_kw) <= max(allowed, _starts(task, course.power_kw)):
        course = _drive(task, step, cop, lambda slot, _: float(asked_kw[slot]))
    return _response(task, grid, step, cop, course, other=(*other, *_later(task, grid, step, cop, table, course)))


def evaluate(task: TankTask, power_kw: FloatArray, grid: TimeGrid) -> Response:
    """Return what a given course of power does; what the heater's own thermostat would cut is cut."""
    step, cop = tank_step(task.spec, grid.step_hours), cop_at(task.spec.cop, task.outdoor_c)
    return _response(task, grid, step, cop, _drive(task, step, cop, lambda slot, _: float(power_kw[slot])))


def worth_of_heat_left(spec: TankSpec, import_per_kwh: FloatArray, outdoor_c: FloatArray, grid: TimeGrid) -> float:
    """Return what a kWh of heat at the grid's end is worth: made in the cheap quarter of its last day, used later."""
    last = min(max(round(DAY_H / grid.step_hours), 1), grid.count)
    if not last:
        return 0.0
    made = import_per_kwh[-last:] / cop_at(spec.cop, outdoor_c[-last:])
    lost = spec.loss_kw_per_k / spec.kwh_per_k * USED_AFTER_H
    return max(float(np.quantile(made, 0.25)), 0.0) * math.exp(-lost)


class _Policy:
    """Follows a table slot by slot, and remembers how long the heater has run or rested."""

    def __init__(self, task: TankTask, table: TankTable, grid: TimeGrid, hold_off: range = range(0)) -> None:
        self._table, self._task, self._hold_off = table, task, hold_off
        self._runs = least_slots(task.spec.steadiness.min_on, grid.step)
        self._rests = least_slots(task.spec.steadiness.min_off, grid.step)
        self._done = hygiene_due(task, grid.count) is None
        self._on = task.on
        self._forced = forced_slots(task, grid.step)
        self.asked_kw = np.zeros(grid.count)

    def decide(self, slot: int, water_c: float) -> float:
        """Return the power of a slot that begins with the water at `water_c`."""
        spec, table = self._task.spec, self._table
        self._done = self._done or water_c >= spec.hygiene_c - SMALL_K
        if self._on and water_c >= spec.max_c - SMALL_K:  # the thermostat has ended the run
            self._on, self._forced = False, self._rests
        flag = -1 if self._done else 0
        place = (water_c - table.first_c) / table.apart_k
        below = min(max(int(place), 0), table.advantage.shape[-1] - 2)
        if self._forced > 0 or (self._on and water_c < stops_above_c(spec)):
            on = self._on
        elif slot in self._hold_off or (not self._on and water_c > starts_below_c(spec)):
            on = False
        else:
            row = table.advantage[slot, int(self._on), flag]
            low = float(row[below])
            on = low + (place - below) * (float(row[below + 1]) - low) < 0.0
        self._forced = max((self._forced if on == self._on else self._runs if on else self._rests) - 1, 0)
        self._on = on
        if on:
            self.asked_kw[slot] = table.powers_kw[table.level[slot, flag, round(place - below) + below]]
        return float(self.asked_kw[slot])


def _drive(task: TankTask, step: TankStep, cop: FloatArray, decide: Decide) -> _Course:
    count = len(cop)
    water, power, missed = np.empty(count + 1), np.empty(count), np.empty(count)
    now = water[0] = task.water_c
    for slot, (factor, drawn) in enumerate(zip(cop.tolist(), task.drawn_kwh.tolist(), strict=True)):
        now, power[slot], missed[slot] = step.once(now, decide(slot, now), factor, drawn)
        water[slot + 1] = now
    return _Course(water_c=water, power_kw=power, missed_kwh=missed)


def _later(
    task: TankTask, grid: TimeGrid, step: TankStep, cop: FloatArray, table: TankTable, course: _Course
) -> tuple[FloatArray, ...]:
    """Return courses with the first run put off, each the best that goes on from there."""
    on = np.concatenate([[task.on], course.power_kw > 0])
    begins = np.flatnonzero(on[1:] & ~on[:-1])
    if not len(begins):
        return ()
    found: dict[bytes, FloatArray] = {course.power_kw.tobytes(): course.power_kw}
    for delay_h in DELAYS_H:
        hold_off = range(int(begins[0]), int(begins[0]) + max(round(delay_h / grid.step_hours), 1))
        other = _drive(task, step, cop, _Policy(task, table, grid, hold_off).decide).power_kw
        found.setdefault(other.tobytes(), other)
    return tuple(found.values())[1:]


def _starts_allowed(task: TankTask, grid: TimeGrid) -> int:
    days = max(math.ceil(grid.count * grid.step_hours / DAY_H), 1)
    return max(days * task.spec.steadiness.starts_per_day - task.starts_today, 1)


def _starts(task: TankTask, power_kw: FloatArray) -> int:
    on = np.concatenate([[task.on], power_kw > 0])
    return int((on[1:] & ~on[:-1]).sum())


def _response(
    task: TankTask,
    grid: TimeGrid,
    step: TankStep,
    cop: FloatArray,
    course: _Course,
    other: tuple[FloatArray, ...] = (),
) -> Response:
    spec = task.spec
    high = step.high_missed_kwh(course.water_c[:-1], course.power_kw, cop, task.drawn_high_kwh)
    due, late = hygiene_due(task, grid.count), 0
    if due is not None:
        hot = np.flatnonzero(course.water_c[1:] >= spec.hygiene_c - SMALL_K)
        late = max((int(hot[0]) if len(hot) else grid.count) - due, 0)
    left = spec.kwh_per_k * max(spec.max_c - float(course.water_c[-1]), 0.0)
    return Response(
        power_kw=course.power_kw,
        level=course.water_c,
        wish_cost=task.cold_per_kwh * (float(high.sum()) + START_KWH * _starts(task, course.power_kw))
        + hygiene_late_cost(task) * late
        + task.left_per_kwh * left,
        target_c=_targets(spec, course),
        unmet=(*shortcomings(spec), *_cold(task, course, high), *_unclean(task, course, grid, late)),
        other=other,
    )


def _targets(spec: TankSpec, course: _Course) -> FloatArray:
    """Return what a thermostat is told: in a run where it ends, else what lets it rest.

    A layered tank's thermometer, low as it sits, is in cold water long before the hot is drawn.
    """
    rests_c = spec.useful_c if spec.layered <= 0 else spec.cold_c
    target = np.minimum(course.water_c[1:], rests_c)
    on = np.concatenate([[0], course.power_kw > 0, [0]]).astype(int)
    for first, end in zip(np.flatnonzero(np.diff(on) > 0), np.flatnonzero(np.diff(on) < 0), strict=True):
        reached = float(course.water_c[first : end + 1].max())
        if reached >= spec.hygiene_c - SMALL_K:
            reached += SURELY_K
        target[first:end] = min(max(reached, float(course.water_c[first]) + spec.dead_band_k), spec.max_c)
    return target


def _cold(task: TankTask, course: _Course, high_kwh: FloatArray) -> tuple[str, ...]:
    missed, drawn = float(course.missed_kwh.sum()), float(task.drawn_kwh.sum())
    if missed > TOLD_KWH:
        return (f"{task.spec.name}: {missed:.1f} of {drawn:.1f} kWh of hot water will miss",)
    if float(high_kwh.max(initial=0.0)) > TOLD_KWH:
        worst = float(high_kwh.max())
        return (f"{task.spec.name}: if as much is drawn as may be, {worst:.1f} kWh of hot water can miss at once",)
    return ()


def _unclean(task: TankTask, course: _Course, grid: TimeGrid, late: int) -> tuple[str, ...]:
    spec = task.spec
    if task.hygiene_by is None or task.hygiene_by >= grid.count:
        return ()
    due = f"{spec.name}: {spec.hygiene_c:.0f} degC against legionella"
    if spec.hygiene_c > spec.max_c + SMALL_K:
        return (f"{due} is due, but it is never heated above {spec.max_c:.0f} degC",)
    if not late:
        return ()
    hottest = float(course.water_c.max())
    if hottest < spec.hygiene_c - SMALL_K:
        return (f"{due} is due and cannot be reached: {hottest:.0f} degC at most",)
    hours = late * grid.step_hours
    return (f"{due} is reached {hours:.1f} h late",)
