"""What a house's heat is worth: cost to come over its temperatures, backward in time, by dynamic programming.

The state is the house's two modes (`devices.house_heat.Modes`), since each goes its way by itself: a table over both
is interpolated along one and then the other. Beside it stands whether the machine is on or off, and for how many slots
it must still stay so. What is wanted and the guards are priced at the edges, half for the slot before and half for the
one after. Bellman, "Dynamic Programming", 1957; the house as a store of heat as in Braun, "Reducing energy costs and
peak electrical demand through optimal control of building thermal storage", ASHRAE Transactions 96, 1990.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from homeagent.devices.house_heat import Modes
from homeagent.domain.grid import FloatArray, IntArray

GUARD_TIMES = 1000.0
"""A degree-hour beyond a guard costs so many times the dearest kWh in the table; what is chosen is filtered besides."""
FAST_STEP_C, FAST_POINTS = 0.7, (5, 25)
"""How far apart the fast mode's points are, and how many there are at least and at most."""
BREAK_TIMES = 100.0
"""To switch before the minimum time is over costs so many times the dearest kWh: for a guard alone."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wanted:
    """What is wanted of the air in each slot, shape (count,): a band, and what a degree-hour out of it costs."""

    low_c: FloatArray
    high_c: FloatArray
    per_kh: FloatArray

    def per_hour(self, air_c: FloatArray) -> FloatArray:
        """Return what temperatures cost for an hour; `air_c` has shape (count, ...)."""
        shape = (len(self.low_c),) + (1,) * (air_c.ndim - 1)
        low, high, price = (one.reshape(shape) for one in (self.low_c, self.high_c, self.per_kh))
        return np.asarray(price * (np.maximum(low - air_c, 0.0) + np.maximum(air_c - high, 0.0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Slots of one length: `rests_c` and `cost` have shape (count, levels), the first level is off."""

    hours: float
    rests_c: FloatArray
    cost: FloatArray
    wanted: Wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Where values are tabulated: the modes' points [degC], and the temperatures at each, (slow, fast)."""

    modes: Modes
    slow_c: FloatArray
    fast_c: FloatArray
    air_c: FloatArray
    mass_c: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Switching:
    """What switching costs and how long it binds: slots to stay off or on (at least 1), the price of a start."""

    off_slots: int
    on_slots: int
    start_cost: float
    break_cost: float


def table_of(
    modes: Modes, slow_range_c: tuple[float, float], fast_range_c: tuple[float, float], step_c: float
) -> Table:
    """Return a table over these ranges: `step_c` apart in the slow mode, a few points in the fast one, which fades."""
    slow_c = np.linspace(*slow_range_c, max(math.ceil((slow_range_c[1] - slow_range_c[0]) / step_c), 2) + 1)
    one_node = modes.fast_per_h == math.inf
    fast_points = min(
        max(math.ceil((fast_range_c[1] - fast_range_c[0]) / FAST_STEP_C) + 1, FAST_POINTS[0]), FAST_POINTS[1]
    )
    fast_c = np.zeros(1) if one_node else np.linspace(*fast_range_c, fast_points)
    air_c, mass_c = (np.asarray(one) for one in modes.temperatures(slow_c[:, None], fast_c[None, :]))
    return Table(modes=modes, slow_c=slow_c, fast_c=fast_c, air_c=air_c, mass_c=mass_c)


def edge_costs(table: Table, stretch: Stretch, guards_c: tuple[float, float], guard_per_kh: float) -> FloatArray:
    """Return what being at each point costs at each edge, shape (count + 1, slow, fast)."""
    beyond = np.maximum(guards_c[0] - table.air_c, 0.0) + np.maximum(table.air_c - guards_c[1], 0.0)
    bands, band = np.unique(
        np.stack([stretch.wanted.low_c, stretch.wanted.high_c, stretch.wanted.per_kh]), axis=1, return_inverse=True
    )
    each = Wanted(low_c=bands[0], high_c=bands[1], per_kh=bands[2])
    per_hour = each.per_hour(np.broadcast_to(table.air_c, (bands.shape[1], *table.air_c.shape)))
    halves = ((per_hour + guard_per_kh * beyond) * (stretch.hours / 2))[band.ravel()]
    return np.concatenate([halves[:1], halves[1:] + halves[:-1], halves[-1:]])


def _between(points: FloatArray, values: FloatArray) -> tuple[IntArray, FloatArray]:
    """Return the point below each value and how far on to the next it lies; beyond the ends it goes on straight."""
    position = (values - points[0]) / (points[1] - points[0])
    below = position.astype(np.int64).clip(0, len(points) - 2)
    return below, position - below


def next_modes(table: Table, stretch: Stretch) -> tuple[float, FloatArray, float, FloatArray]:
    """Return how much of each mode stays over a slot, and what is added to it by slot and level, (count, levels)."""
    modes = table.modes
    slow = math.exp(-modes.slow_per_h * stretch.hours)
    fast = math.exp(-modes.fast_per_h * stretch.hours)
    return slow, (1 - slow) * stretch.rests_c, fast, (1 - fast) * (1 + modes.fast_mass) * stretch.rests_c


def backward(table: Table, stretch: Stretch, costs: FloatArray, switching: Switching, last: FloatArray) -> FloatArray:
    """Return the cost to come at each edge, without the edge's own cost: (count + 1, states, slow, fast).

    States are off with 0, 1, ... slots that it must stay so, then on in the same way; `last` is that of the last edge.
    """
    count, levels = stretch.cost.shape
    offs, ons = switching.off_slots, switching.on_slots
    slow_n, fast_n = table.air_c.shape
    # each pair of a state after the slot and a level that leads to it
    state = np.concatenate([np.arange(offs), np.repeat(offs + np.arange(ons), levels - 1)])
    level = np.concatenate([np.zeros(offs, np.int64), np.tile(np.arange(1, levels), ons)])
    slow, slow_add, fast, fast_add = next_modes(table, stretch)
    below, on_slow = _between(table.slow_c, slow * table.slow_c + slow_add[:, :, None])
    rows = (below[:, level] + state[:, None] * slow_n).reshape(count, -1)
    rows_above = rows + 1
    on_slow = on_slow[:, level].reshape(count, -1, 1)
    mixing = _fast_mixing(table, fast, fast_add)[:, level] if fast_n > 1 else None
    paid = stretch.cost[:, level, None, None]
    may_start = np.full((offs, 1, 1), switching.start_cost + switching.break_cost)
    may_start[0] = switching.start_cost
    may_stop = np.full((ons, 1, 1), switching.break_cost)
    may_stop[0] = 0.0
    off_after, on_after = _one_less(offs), _one_less(ons)
    values = np.empty((count + 1, offs + ons, slow_n, fast_n))
    values[-1] = last
    for slot in range(count - 1, -1, -1):
        ahead = (values[slot + 1] + costs[slot + 1]).reshape(-1, fast_n)
        low = ahead.take(rows[slot], axis=0, mode="clip")
        high = ahead.take(rows_above[slot], axis=0, mode="clip")
        high -= low
        high *= on_slow[slot]
        high += low
        after = high.reshape(-1, slow_n, fast_n)
        if mixing is not None:
            after = after @ mixing[slot]
        after += paid[slot]
        rest = after[:offs]
        run = after[offs:].reshape(ons, levels - 1, slow_n, fast_n).min(axis=1)
        np.minimum(rest[off_after], run[-1] + may_start, out=values[slot, :offs])
        np.minimum(run[on_after], rest[-1] + may_stop, out=values[slot, offs:])
    return values


def _one_less(slots: int) -> IntArray | slice:
    """Return what is left of each number of slots to stay one slot later."""
    return slice(None) if slots == 1 else np.maximum(np.arange(slots) - 1, 0)


def _fast_mixing(table: Table, fast: float, fast_add: FloatArray) -> FloatArray:
    """Return the weights that interpolate along the fast mode: (count, levels, from, to)."""
    below, on = _between(table.fast_c, fast * table.fast_c + fast_add[:, :, None])
    weights = np.zeros((*below.shape[:2], len(table.fast_c), len(table.fast_c)))
    slots, levels, to = np.ogrid[tuple(slice(n) for n in below.shape)]
    weights[slots, levels, below, to] = 1 - on
    weights[slots, levels, below + 1, to] = on
    return weights


class Reader:
    """Reads the cost to come at any temperatures, in plain numbers: few are asked for, and numpy is slow at few."""

    def __init__(self, table: Table, values: FloatArray) -> None:
        self._values = cast("Sequence[float]", memoryview(values.reshape(-1).data))
        _, states, self._slow_n, self._fast_n = (int(size) for size in values.shape)
        self._edge, self._state = states * self._slow_n * self._fast_n, self._slow_n * self._fast_n
        modes = table.modes
        self._slow_air, self._slow_mass, self._fast_mass = modes.slow_air, 1 - modes.slow_air, modes.fast_mass
        self._slow_c, self._fast_c = float(table.slow_c[0]), float(table.fast_c[0])
        self._slow_per_k = 1 / float(table.slow_c[1] - table.slow_c[0])
        self._fast_per_k = 1 / float(table.fast_c[1] - table.fast_c[0]) if self._fast_n > 1 else 0.0

    def at(self, edge: int, state: int, air_c: float, mass_c: float) -> float:
        """Return the cost to come from an edge; beyond the table it goes on straight."""
        values, fast_n = self._values, self._fast_n
        place = (self._slow_air * air_c + self._slow_mass * mass_c - self._slow_c) * self._slow_per_k
        row = min(max(int(place), 0), self._slow_n - 2)
        place -= row
        first = edge * self._edge + state * self._state + row * fast_n
        if fast_n == 1:
            return values[first] + place * (values[first + 1] - values[first])
        fast = (air_c + self._fast_mass * mass_c - self._fast_c) * self._fast_per_k
        column = min(max(int(fast), 0), fast_n - 2)
        fast -= column
        first += column
        low = values[first] + fast * (values[first + 1] - values[first])
        first += fast_n
        return low + place * (values[first] + fast * (values[first + 1] - values[first]) - low)
