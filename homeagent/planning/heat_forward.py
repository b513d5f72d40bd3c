"""Follows the value of a house's heat forward: what the machine does in each slot, along the house's own exact course.

Guards come before minimum times and the number of starts, those before wishes and money.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from homeagent.devices.house_heat import house_step
from homeagent.domain.grid import FloatArray
from homeagent.domain.tasks import HeatTask
from homeagent.planning.heat_guard import Guard
from homeagent.planning.heat_value import Reader, Stretch, Switching, Wanted

BESIDE = 3
"""Of the levels between the coarse ones so many on either side of the best are tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edge:
    """What a degree too cold and too warm at an edge costs, half for each slot beside it."""

    low_c: float
    high_c: float
    per_k: float


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
class Machine:
    """Whether the machine is on, for how many slots it must stay so, and how often it was started in these 24 hours."""

    switching: Switching
    day_slots: int
    starts_per_day: int
    on: bool
    owed: int
    starts: int

    @classmethod
    def of(cls, task: HeatTask, switching: Switching, hours: float) -> Machine:
        """Return the machine as it stands when the task begins."""
        steadiness = task.spec.steadiness
        least = steadiness.min_on if task.on else steadiness.min_off
        owed_min = least / timedelta(minutes=1) - task.minutes_so
        return cls(
            switching=switching,
            day_slots=max(round(24 / hours), 1),
            starts_per_day=steadiness.starts_per_day,
            on=task.on,
            owed=max(math.ceil(owed_min / (hours * 60) - 1e-9), 0),
            starts=task.starts_today,
        )

    def states(self) -> tuple[int, int]:
        """Return the table's state after a slot of rest, and after one in which it runs."""
        offs, ons = self.switching.off_slots, self.switching.on_slots
        stays = max(self.owed - 1, 0)
        if self.on:
            return offs - 1, offs + min(stays, ons - 1)
        return min(stays, offs - 1), offs + ons - 1

    def may_start(self, slot: int) -> bool:
        """Return whether there are starts left; each 24 hours have their own."""
        if slot % self.day_slots == 0 and slot:
            self.starts = 0
        return self.on or self.starts < self.starts_per_day

    def turn(self, *, on: bool) -> None:
        """Take in what it does in a slot."""
        if on == self.on:
            self.owed = max(self.owed - 1, 0)
            return
        self.starts += on
        self.owed = (self.switching.on_slots if on else self.switching.off_slots) - 1
        self.on = on


class House:
    """Where the house is after each power, and what is to come then, in plain numbers: a slot has few of them."""

    def __init__(self, task: HeatTask, stretch: Stretch, powers_kw: FloatArray, reader: Reader) -> None:
        step = house_step(task.model, stretch.hours)
        rest, by_kw = stretch.rests_c[:, 0], (stretch.rests_c[:, -1] - stretch.rests_c[:, 0]) / powers_kw[-1]
        self._reader = reader
        self._air = (step.air_air, step.air_mass)
        self._mass = (step.mass_air, step.mass_mass)
        self._adds = [((1 - sum(of)) * rest).tolist() for of in (self._air, self._mass)]
        self._by_kw = [((1 - sum(of)) * by_kw).tolist() for of in (self._air, self._mass)]
        self._powers_kw = powers_kw.tolist()
        self._cost = stretch.cost.tolist()
        self._edges = edges_of(stretch.wanted, stretch.hours)
        self.air_c, self.mass_c = task.air_c, task.mass_c
        self._slot, self._air_rest, self._mass_rest = 0, 0.0, 0.0
        self.count = len(self._cost)

    def begin(self, slot: int) -> None:
        """Look at a slot from where the house is."""
        self._slot = slot
        self._air_rest = self._adds[0][slot] + self._air[0] * self.air_c + self._air[1] * self.mass_c
        self._mass_rest = self._adds[1][slot] + self._mass[0] * self.air_c + self._mass[1] * self.mass_c

    def after(self, level: int) -> tuple[float, float]:
        """Return the temperatures of air and mass after the slot at a level."""
        power_kw = self._powers_kw[level]
        return (
            self._air_rest + self._by_kw[0][self._slot] * power_kw,
            self._mass_rest + self._by_kw[1][self._slot] * power_kw,
        )

    def costs(self, level: int, state: int) -> float:
        """Return what a level costs now and later, but for a start."""
        air_c, mass_c = self.after(level)
        cost: float = self._cost[self._slot][level] + self._reader.at(self._slot + 1, state, air_c, mass_c)
        for edge in self._edges[self._slot]:
            if air_c < edge.low_c:
                cost += (edge.low_c - air_c) * edge.per_k
            elif air_c > edge.high_c:
                cost += (air_c - edge.high_c) * edge.per_k
        return cost

    def beyond_k(self, level: int, guards: list[Guard]) -> float:
        """Return how far a level gets beyond guards."""
        return sum(max(guard.sign * (guard.at_c - self.after(level)[0]), 0.0) for guard in guards)

    def go(self, level: int) -> None:
        """Let the slot pass at a level."""
        self.air_c, self.mass_c = self.after(level)


def forward(
    house: House,
    powers_kw: FloatArray,
    guards: tuple[Guard, ...],
    machine: Machine,
    guard_per_k: float,
    coarse: list[int],
) -> tuple[FloatArray, bool]:
    """Return the powers that cost least, slot by slot, and whether a start was refused for there being too many.

    In a slot the `coarse` levels are tried, then those between them about the best; all where a guard is near.
    """
    power_kw, refused = np.zeros(house.count), False
    for slot in range(house.count):
        house.begin(slot)
        states, may_start = machine.states(), machine.may_start(slot)
        begun = 0.0 if machine.on else machine.switching.start_cost
        near = [guard for guard in guards if not guard.surely_safe(slot + 1, *house.after(0), *house.after(-1))]
        tried = _guarded(near, slot + 1, house, len(powers_kw)) if near else coarse
        costs = [
            house.costs(level, states[level > 0]) + begun * (level > 0) + guard_per_k * house.beyond_k(level, near)
            for level in tried
        ]
        best = _least(tried, costs)
        if machine.owed or not may_start:
            refused = refused or (not machine.owed and best > 0)
            steady = [at for at, level in enumerate(tried) if (level > 0) == machine.on]
            if steady:
                best = _least([tried[at] for at in steady], [costs[at] for at in steady])
        if best and not near:
            beside = range(max(best - BESIDE, 1), min(best + BESIDE, len(powers_kw) - 1) + 1)
            best = _least(beside, [house.costs(level, states[1]) for level in beside])
        power_kw[slot] = powers_kw[best]
        machine.turn(on=best > 0)
        house.go(best)
    return power_kw, refused


def _least(levels: Sequence[int], costs: list[float]) -> int:
    return levels[costs.index(min(costs))]


def _guarded(guards: list[Guard], edge: int, house: House, levels: int) -> list[int]:
    """Return the levels that keep the guards, all where none does; a guard that no level keeps is passed over."""
    air_c, mass_c = np.array([house.after(level) for level in range(levels)]).T
    allowed = np.ones(levels, dtype=np.bool_)
    for guard in guards:
        both = allowed & guard.safe(edge, air_c, mass_c)
        allowed = both if both.any() else allowed
    return [int(level) for level in np.flatnonzero(allowed)]
