"""A car's best course: what it needs, taken where that is cheapest, before it may leave."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from homeagent.devices.car import drawn_kwh, gives_kwh, left_after_kwh, levels_kw
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.satisfaction import NOTICED_KWH
from homeagent.domain.tasks import CarTask
from homeagent.planning.car_value import CERTAIN, OFF, CarValue, Stay, value_of_need
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import SlotCost

START_KWH = 0.05
"""A start is priced as so much energy at the mean price: what breaks a course into pieces must pay more than that."""
LEAST_MISSING_KWH = 0.05
"""Less than this is not worth a sentence."""
LEAST_MISSING_SHARE = 0.02
"""So much of the need must be expected to miss for a risk to be told."""
SAME_KW = 1e-6


def best_response(task: CarTask, cost: SlotCost) -> Response:
    """Return the course of least expected cost: of energy, and of what misses when the car leaves.

    It is the course of a car that does not leave before it must. What is out of reach is charged as far as it goes, and
    told. `other` holds charging at once, and beginning the other way round: off instead of on, or on instead of off.
    """
    task, there = _worth_a_start(task), _There.of(task)
    if not there.slots:
        return evaluate(task, np.zeros(cost.grid.count), cost.grid)
    levels = levels_kw(task.spec)
    if task.stored_kwh is None:
        levels = levels[levels > 0]
    stay = _stay(task, cost, there, levels)
    value = value_of_need(stay)
    best = evaluate(task, _course(task, stay, value, there, cost.grid), cost.grid)
    turned = _course(task, stay, value, there, cost.grid, turned=True)
    at_once = np.where(np.isin(np.arange(cost.grid.count), there.slots), task.spec.max_charge_kw, 0.0)
    held = (evaluate(task, course, cost.grid).power_kw for course in (_until_met(task, at_once, cost.grid), turned))
    return Response(
        power_kw=best.power_kw,
        level=best.level,
        wish_cost=best.wish_cost,
        unmet=best.unmet,
        other=tuple(course for course in held if np.abs(course - best.power_kw).max() > SAME_KW),
    )


def evaluate(task: CarTask, power_kw: FloatArray, grid: TimeGrid) -> Response:
    """Return what becomes of a given course: held to what the car can take, with what misses priced and told."""
    task = _worth_a_start(task)
    there, spec, hours = _There.of(task), task.spec, grid.step_hours
    lowest, highest = -_beyond_kwh(task), task.needed_kwh + gives_kwh(spec, task.stored_kwh)
    later = task.later_per_kwh or 0.0
    least = -spec.max_discharge_kw if task.stored_kwh is not None else 0.0
    held, level = np.zeros(grid.count), np.full(grid.count + 1, max(task.needed_kwh, 0.0))
    left, stays, risk, worn_kwh = task.needed_kwh, 1.0, _Risk(), 0.0
    for slot in there.slots:
        asked = min(max(float(power_kw[slot]), least), spec.max_charge_kw) * hours
        drawn = drawn_kwh(spec, left, asked, lowest_kwh=lowest, highest_kwh=highest)
        before, left = left, left_after_kwh(spec, left, drawn)
        held[slot], level[slot + 1 :] = drawn / hours, max(left, 0.0)
        worn_kwh += stays * max(-drawn, 0.0)
        leaves = there.leaves(task, slot)
        risk.leaves(stays * leaves, left if leaves >= CERTAIN else (before + left) / 2, certain=leaves >= CERTAIN)
        stays *= 1 - leaves
    return Response(
        power_kw=held,
        level=level,
        wish_cost=risk.missing_kwh * task.short_per_kwh
        - (risk.beyond_kwh + stays * max(-left, 0.0)) * task.beyond_per_kwh
        + stays * max(left, 0.0) * min(later, task.short_per_kwh)
        + worn_kwh * spec.wear_per_kwh
        + _starts(held, on=task.charging) * START_KWH * later,
        unmet=_unmet(task, there, risk, hours),
    )


def _worth_a_start(task: CarTask) -> CarTask:
    """Return the task without a need that nobody would notice: a car may stop short of full, and ask for ever."""
    return replace(task, needed_kwh=0.0) if task.needed_kwh < NOTICED_KWH and not task.charging else task


def _starts(power_kw: FloatArray, *, on: bool) -> int:
    flows = np.abs(power_kw) > SAME_KW
    return int((flows & ~np.append(on, flows[:-1])).sum())


@dataclass(slots=True)
class _Risk:
    """What is to be expected when it leaves [kWh], and how likely it leaves before it must, with something missing."""

    missing_kwh: float = 0.0
    beyond_kwh: float = 0.0
    early: float = 0.0
    at_end_kwh: float = 0.0

    def leaves(self, chance: float, left_kwh: float, *, certain: bool) -> None:
        self.missing_kwh += chance * max(left_kwh, 0.0)
        self.beyond_kwh += chance * max(-left_kwh, 0.0)
        if certain:
            self.at_end_kwh = max(left_kwh, 0.0)
        elif left_kwh > LEAST_MISSING_KWH:
            self.early += chance


@dataclass(frozen=True, slots=True)
class _There:
    """The first unbroken stretch of slots in which the car is there. `ends`: it is certain to be gone after it."""

    slots: range
    ends: bool

    @classmethod
    def of(cls, task: CarTask) -> _There:
        present = np.flatnonzero(task.present)
        if not len(present):
            return cls(range(0), ends=False)
        first = int(present[0])
        gone = ~task.present | np.append(False, task.leaves[:-1] >= CERTAIN)
        after = np.flatnonzero(gone[first + 1 :])
        if len(after):
            return cls(range(first, first + 1 + int(after[0])), ends=True)
        return cls(range(first, len(gone)), ends=bool(task.leaves[-1] >= CERTAIN))

    def leaves(self, task: CarTask, slot: int) -> float:
        """Return the chance that it leaves in a slot: in the last one before it is gone, for certain."""
        return 1.0 if self.ends and slot == self.slots[-1] else float(task.leaves[slot])


def _beyond_kwh(task: CarTask) -> float:
    return max(task.room_kwh - task.needed_kwh, 0.0)


def _stay(task: CarTask, cost: SlotCost, there: _There, levels: FloatArray) -> Stay:
    """Return the stay with what each power costs in it, a discharge with its wear."""
    hours, slots = cost.grid.step_hours, slice(there.slots.start, there.slots.stop)
    costs = cost.of(levels)[slots] + np.maximum(-levels, 0.0) * hours * task.spec.wear_per_kwh
    usual = task.later_per_kwh
    if usual is None:
        usual = max(float(costs[:, 0].mean()) / (levels[0] * hours), 0.0)
    beyond_per_kwh, surplus_kw = task.beyond_per_kwh, None
    if task.surplus_only:
        surplus_kw = (task.surplus_kw if task.surplus_kw is not None else np.zeros(cost.grid.count))[slots]
        bought = surplus_kw < levels[0]  # else the need would be bought, to leave the sun for what is beyond
        beyond_per_kwh = min((beyond_per_kwh, *(costs[bought, 0] / (levels[0] * hours)).tolist()))
    return Stay(
        spec=task.spec,
        levels_kw=levels,
        costs=costs,
        hours=np.full(len(there.slots), hours),
        leaves=np.array([there.leaves(task, slot) for slot in there.slots]),
        needed_kwh=task.needed_kwh,
        beyond_kwh=_beyond_kwh(task),
        short_per_kwh=task.short_per_kwh,
        beyond_per_kwh=beyond_per_kwh,
        later_per_kwh=min(usual, task.short_per_kwh),
        start_cost=START_KWH * usual,
        stored_kwh=task.stored_kwh,
        surplus_kw=surplus_kw,
    )


def _course(
    task: CarTask, stay: Stay, value: CarValue, there: _There, grid: TimeGrid, *, turned: bool = False
) -> FloatArray:
    """Return the course by the table; `turned`, its first slot is the other way round."""
    spec, hours = task.spec, grid.step_hours
    lowest, highest = -stay.beyond_kwh if stay.beyond_per_kwh > 0 else 0.0, stay.highest_kwh
    powers, power_kw = stay.levels_kw.tolist(), np.zeros(grid.count)
    left, on = task.needed_kwh, task.charging
    for k, slot in enumerate(there.slots):
        level = value.choose(k, left, on=on)
        if turned and k == 0:
            level = 0 if level == OFF else OFF
        on = level != OFF
        if not on:
            continue
        stops = lowest if stay.surplus_kw is None or powers[level] <= stay.surplus_kw[k] else 0.0
        drawn = drawn_kwh(spec, left, powers[level] * hours, lowest_kwh=min(stops, left), highest_kwh=highest)
        left = left_after_kwh(spec, left, drawn)
        power_kw[slot] = drawn / hours
    return power_kw


def _until_met(task: CarTask, power_kw: FloatArray, grid: TimeGrid) -> FloatArray:
    """Return a course that ends once the need is met."""
    given = np.cumsum(power_kw) * grid.step_hours
    over = np.minimum(np.maximum(given - task.needed_kwh, 0.0), power_kw * grid.step_hours)
    return power_kw - over / grid.step_hours


def _unmet(task: CarTask, there: _There, risk: _Risk, hours: float) -> tuple[str, ...]:
    """Return what will miss for certain, or may, where that is worth a sentence."""
    name, needed = task.spec.name, task.needed_kwh
    if not there.slots:
        return ()
    if risk.at_end_kwh > LEAST_MISSING_KWH:
        stays_h = len(there.slots) * hours
        told = (
            f"{name}: {risk.at_end_kwh:.1f} of {needed:.1f} kWh will miss when it leaves: "
            f"it is there for {stays_h:.1f} h and takes {task.spec.max_charge_kw:.1f} kW at most"
        )
        return (told,)
    if risk.missing_kwh > max(LEAST_MISSING_SHARE * needed, LEAST_MISSING_KWH):
        told = (
            f"{name}: with a chance of {risk.early:.0%} it leaves before it has the {needed:.1f} kWh that it needs; "
            f"{risk.missing_kwh:.1f} kWh miss on average"
        )
        return (told,)
    return ()
