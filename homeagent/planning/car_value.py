"""What energy that a car still needs is worth at each time, by stochastic dynamic programming.

Going backwards from the end, V(left, t) is the expected cost to come of a car that is still there at the start of slot
t and needs `left` kWh more at its charger. In each slot it may leave, with the chance that is known or learned; what
misses then has a price. So waiting for a cheaper hour is weighed against the chance that the car is gone before: the
rule of a newsvendor (Edgeworth 1888; Arrow, Harris and Marschak, "Optimal inventory policy", Econometrica 19, 1951), at
every hour again. Charging is off, or on at one of a few powers. A start has a small price, so that equal courses are
taken in one piece.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass

import numpy as np

from homeagent.devices.car import STOPS_KWH, charger_kwh, gives_kwh
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import BoolArray, FloatArray, IntArray

STATES = 64
"""About so many energies in the table."""
CERTAIN = 1.0 - 1e-9
TIE = 1e-9
"""Of courses nearer than this [currency] the earlier is taken, and the higher power."""
OFF = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stay:
    """A car's stay at its charger, slot by slot: shape (count,), or (count, levels) for `costs`.

    `costs` is what each power costs for the whole slot, `hours` how long the car is there in it. `leaves` is the chance
    that it leaves in the slot: a certain one at its end, an uncertain one at any time in it. `surplus_kw` holds what
    energy beyond the need may be taken from, None where it may be taken from anywhere.
    """

    spec: CarSpec
    levels_kw: FloatArray
    costs: FloatArray
    hours: FloatArray
    leaves: FloatArray
    needed_kwh: float
    beyond_kwh: float
    short_per_kwh: float
    beyond_per_kwh: float
    later_per_kwh: float
    """What a kWh costs that still misses at the end of the grid, if the car has not left."""
    start_cost: float
    stored_kwh: float | None = None
    surplus_kw: FloatArray | None = None
    in_bursts: bool = False
    """A lower power is a mean: the highest one for the first part of the slot."""

    @property
    def highest_kwh(self) -> float:
        """The need of a car at its floor."""
        return self.needed_kwh + gives_kwh(self.spec, self.stored_kwh)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarValue:
    """The table: `left_kwh` (states,) ascending; by slot, whether it was on, and state: costs to come and choices."""

    left_kwh: FloatArray
    cost_to_come: FloatArray
    """Shape (count + 1, 2, states): of a car that was off, of one that was on."""
    choices: IntArray
    """The level that is best, `OFF` where none is, shape (count, 2, states)."""
    points: list[float]

    def choose(self, slot: int, left_kwh: float, *, on: bool) -> int:
        """Return the level to choose: that of the next point of the table above."""
        at = min(bisect_left(self.points, left_kwh - STOPS_KWH), len(self.points) - 1)
        return int(self.choices[slot, int(on), at])

    def at(self, slot: int, left_kwh: float, *, on: bool) -> float:
        """Return the expected cost to come."""
        return float(np.interp(left_kwh, self.left_kwh, self.cost_to_come[slot, int(on)]))


@dataclass(frozen=True, slots=True, eq=False)
class _Moves:
    """Where each level leads from each state in a slot of one length; all of shape (levels, states)."""

    below: IntArray
    weight: FloatArray
    part: FloatArray
    """The part of the slot in which it draws: less than 1 where it becomes full."""
    part_leaving: FloatArray
    """The same, as a mean over the times at which it may leave."""
    missing: FloatArray
    """What misses costs, if it leaves at the end."""
    missing_leaving: FloatArray


def value_of_need(stay: Stay, states: int = STATES) -> CarValue:
    """Return the table for a stay, of about so many states."""
    left = _states(stay, states)
    count = len(stay.hours)
    known: dict[tuple[float, bytes], _Moves] = {}
    missing = _missing(stay, left)
    costs_by_level = (stay.costs + TIE * np.arange(len(stay.levels_kw)))[:, :, None]
    starts, ties = np.array([[stay.start_cost], [0.0]]), np.where(left > STOPS_KWH, TIE, -TIE)
    value = np.empty((count + 1, 2, len(left)))
    choices = np.empty((count, 2, len(left)), dtype=np.int_)
    value[count] = np.where(left > 0, stay.later_per_kwh, stay.beyond_per_kwh) * left
    for slot in range(count - 1, -1, -1):
        hours, beyond, leaves = float(stay.hours[slot]), _goes_beyond(stay, slot), float(stay.leaves[slot])
        key = hours, beyond.tobytes()
        if key not in known:
            known[key] = _moves(stay, left, hours, np.where(beyond, -stay.beyond_kwh, 0.0))
        moves = known[key]
        off = (1 - leaves) * value[slot + 1, 0] + leaves * missing
        if leaves >= CERTAIN:
            costs = costs_by_level[slot] * moves.part + moves.missing
        else:
            after = value[slot + 1, 1]
            ahead = after[moves.below]
            ahead = ahead + moves.weight * (after[moves.below + 1] - ahead)
            part = moves.part + leaves * (moves.part_leaving - moves.part)
            costs = costs_by_level[slot] * part + (1 - leaves) * ahead + leaves * moves.missing_leaving
        on = costs.min(axis=0) + starts
        charges = on < off + ties
        value[slot] = np.where(charges, on, off)
        choices[slot] = np.where(charges, costs.argmin(axis=0), OFF)
    return CarValue(left_kwh=left, cost_to_come=value, choices=choices, points=left.tolist())


def _goes_beyond(stay: Stay, slot: int) -> BoolArray:
    """Return which levels go on beyond the need: none, all, or those that the sun gives."""
    if stay.beyond_per_kwh <= 0:
        return np.zeros(len(stay.levels_kw), dtype=np.bool_)
    if stay.surplus_kw is None:
        return np.ones(len(stay.levels_kw), dtype=np.bool_)
    return np.asarray(stay.levels_kw <= stay.surplus_kw[slot])


def _states(stay: Stay, states: int) -> FloatArray:
    """Return energies to tabulate: from the need in steps of which the highest power makes a whole number."""
    lowest = -stay.beyond_kwh if stay.beyond_per_kwh > 0 else 0.0
    highest = max(stay.highest_kwh, 0.01)
    most = float(stay.levels_kw.max(initial=0.0)) * float(np.median(stay.hours)) if len(stay.hours) else 0.0
    step = max((highest - lowest) / states, 0.01)
    if most > 0:
        step = most / max(np.floor(most / step), 1.0)
        step = step / np.ceil(step * states / 4 / (highest - lowest))
    down = stay.needed_kwh - step * np.arange(int((stay.needed_kwh - lowest) / step) + 1)
    up = stay.needed_kwh + step * np.arange(1, int((highest - stay.needed_kwh) / step) + 1)
    points = np.unique(np.concatenate([down, up, [lowest, 0.0, highest]]))
    kept: FloatArray = points[np.append(np.diff(points) > STOPS_KWH, True)]
    return kept


def _missing(stay: Stay, left: FloatArray) -> FloatArray:
    return np.asarray(np.where(left > 0, stay.short_per_kwh, stay.beyond_per_kwh) * left)


def _moves(stay: Stay, left: FloatArray, hours: float, lowest: FloatArray) -> _Moves:
    spec = stay.spec
    levels_kw = stay.levels_kw[:, None]
    energy, lowest = charger_kwh(spec, levels_kw * hours), lowest[:, None]
    here = left[None, :]
    after = np.minimum(np.maximum(here - energy, np.minimum(lowest, here)), np.maximum(stay.highest_kwh, here))
    moved = np.where(energy == 0, 1.0, energy)
    part = (here - after) / moved
    lasts = part * levels_kw / levels_kw[0] if stay.in_bursts else part
    part_leaving = part * (1 - lasts / 2)
    below = (np.searchsorted(left, after, side="right") - 1).clip(0, len(left) - 2)
    weight = (after - left[below]) / (left[below + 1] - left[below])
    return _Moves(
        below=below,
        weight=weight,
        part=part,
        part_leaving=part_leaving,
        missing=_missing(stay, after),
        missing_leaving=_missing(stay, here - energy * part_leaving),
    )
