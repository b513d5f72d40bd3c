"""Follows the value of a house's heat forward: what the machine does in each slot, along the house's own exact course.

Guards come before minimum times and the number of starts, those before wishes and money.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from homeagent.devices.house_heat import HouseStep, house_step
from homeagent.domain.devices import HouseModel
from homeagent.domain.grid import BoolArray, FloatArray, IntArray
from homeagent.domain.tasks import HeatTask
from homeagent.planning.heat_guard import Guard
from homeagent.planning.heat_value import Reader, Stretch, Switching, Wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """What a degree too cold and too warm at an edge costs, half for each slot beside it."""

    low_c: float
    high_c: float
    per_k: float

    def cost(self, air_c: FloatArray) -> FloatArray:
        off_k = np.maximum(self.low_c - air_c, air_c - self.high_c)
        return np.asarray(np.maximum(off_k, 0.0) * self.per_k)


def edges_of(wanted: Wanted, hours: float) -> tuple[tuple[_Edge, ...], ...]:
    """Return the prices at the end of each slot; slots that want the same are taken together."""
    slots = [
        _Edge(low_c=low, high_c=high, per_k=per_kh * hours / 2)
        for low, high, per_kh in zip(wanted.low_c.tolist(), wanted.high_c.tolist(), wanted.per_kh.tolist(), strict=True)
    ]
    found = []
    for one, following in zip(slots, [*slots[1:], None], strict=True):
        edges: tuple[_Edge, ...]
        if following is not None and (one.low_c, one.high_c) == (following.low_c, following.high_c):
            edges = (_Edge(low_c=one.low_c, high_c=one.high_c, per_k=one.per_k + following.per_k),)
        else:
            edges = (one,) if following is None else (one, following)
        found.append(tuple(edge for edge in edges if edge.per_k))
    return tuple(found)


@dataclass(slots=True, kw_only=True)
class _Machine:
    """Whether the machine is on, for how many slots it must stay so, and how often it was started in these 24 hours."""

    task: HeatTask
    switching: Switching
    hours: float
    on: bool
    owed: int
    starts: int

    @classmethod
    def of(cls, task: HeatTask, switching: Switching, hours: float) -> _Machine:
        least = task.spec.steadiness.min_on if task.on else task.spec.steadiness.min_off
        owed_min = least / timedelta(minutes=1) - task.minutes_so
        owed = max(math.ceil(owed_min / (hours * 60) - 1e-9), 0)
        return cls(task=task, switching=switching, hours=hours, on=task.on, owed=owed, starts=task.starts_today)

    def states(self, turns_on: BoolArray) -> IntArray:
        """Return the table's state after each level."""
        offs, ons = self.switching.off_slots, self.switching.on_slots
        stays = max(self.owed - 1, 0)
        if self.on:
            return np.where(turns_on, offs + min(stays, ons - 1), offs - 1)
        return np.where(turns_on, offs + ons - 1, min(stays, offs - 1))

    def may_start(self, slot: int) -> bool:
        if slot % max(round(24 / self.hours), 1) == 0 and slot:
            self.starts = 0
        return self.on or self.starts < self.task.spec.steadiness.starts_per_day

    def turn(self, *, on: bool) -> None:
        if on == self.on:
            self.owed = max(self.owed - 1, 0)
            return
        self.starts += on
        self.owed = (self.switching.on_slots if on else self.switching.off_slots) - 1
        self.on = on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _House:
    """`HouseStep` with what each slot and level adds to air and mass, shape (count, levels), counted once for all."""

    step: HouseStep
    air_adds: FloatArray
    mass_adds: FloatArray

    @classmethod
    def of(cls, model: HouseModel, stretch: Stretch) -> _House:
        step = house_step(model, stretch.hours)
        return cls(
            step=step,
            air_adds=(1 - step.air_air - step.air_mass) * stretch.rests_c,
            mass_adds=(1 - step.mass_air - step.mass_mass) * stretch.rests_c,
        )

    def air_after(self, slot: int, air_c: float, mass_c: float) -> FloatArray:
        return np.asarray(self.air_adds[slot] + (self.step.air_air * air_c + self.step.air_mass * mass_c))

    def mass_after(self, slot: int, air_c: float, mass_c: float) -> FloatArray:
        return np.asarray(self.mass_adds[slot] + (self.step.mass_air * air_c + self.step.mass_mass * mass_c))

    def mass_of(self, slot: int, level: int, air_c: float, mass_c: float) -> float:
        return float(self.mass_adds[slot, level]) + self.step.mass_air * air_c + self.step.mass_mass * mass_c

    def mass_ends(self, slot: int, air_c: float, mass_c: float) -> tuple[float, float]:
        off, full = self.mass_of(slot, 0, air_c, mass_c), self.mass_of(slot, -1, air_c, mass_c)
        return min(off, full), max(off, full)


def forward(
    task: HeatTask,
    stretch: Stretch,
    powers_kw: FloatArray,
    guards: tuple[Guard, ...],
    reader: Reader,
    switching: Switching,
    guard_per_kh: float,
) -> tuple[FloatArray, bool]:
    """Return the powers that cost least, slot by slot, and whether a start was refused for there being too many."""
    house = _House.of(task.model, stretch)
    edges = edges_of(stretch.wanted, stretch.hours)
    machine = _Machine.of(task, switching, stretch.hours)
    guard_per_k = guard_per_kh * stretch.hours
    air_c, mass_c = task.air_c, task.mass_c
    turns_on = np.arange(len(powers_kw)) > 0
    power_kw, refused = np.zeros(len(stretch.cost)), False
    for slot in range(len(stretch.cost)):
        air = house.air_after(slot, air_c, mass_c)
        total = reader.after(slot, machine.states(turns_on), air_c, mass_c)
        total += stretch.cost[slot]
        ends = sorted((float(air[0]), float(air[-1])))
        for edge in edges[slot]:
            if ends[0] < edge.low_c or ends[1] > edge.high_c:
                total += edge.cost(air)
        if not machine.on:
            total[1:] += switching.start_cost
        may_start = machine.may_start(slot)
        allowed = None
        if not all(guard.surely_safe(slot + 1, *ends, *house.mass_ends(slot, air_c, mass_c)) for guard in guards):
            for guard in guards:
                total += guard_per_k * np.maximum(guard.sign * (guard.at_c - air), 0.0)
            allowed = _guarded(guards, slot + 1, air, house.mass_after(slot, air_c, mass_c))
        if machine.owed or not may_start:
            if not machine.owed:
                refused = refused or _best(total, allowed) > 0
            steady = turns_on == machine.on
            steady = steady if allowed is None else steady & allowed
            allowed = steady if steady.any() else allowed
        best = _best(total, allowed)
        power_kw[slot] = powers_kw[best]
        machine.turn(on=best > 0)
        air_c, mass_c = float(air[best]), house.mass_of(slot, best, air_c, mass_c)
    return power_kw, refused


def _guarded(guards: tuple[Guard, ...], edge: int, air_c: FloatArray, mass_c: FloatArray) -> BoolArray | None:
    """Return the levels that keep the guards, None where all do; a guard that no level keeps is passed over."""
    allowed: BoolArray | None = None
    for guard in guards:
        safe = guard.safe(edge, air_c, mass_c)
        if safe.all():
            continue
        both = safe if allowed is None else safe & allowed
        allowed = both if both.any() else allowed
    return allowed


def _best(total: FloatArray, allowed: BoolArray | None) -> int:
    return int((total if allowed is None else np.where(allowed, total, np.inf)).argmin())
