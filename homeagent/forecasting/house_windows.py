"""What is measured of a room, cut into whole days ahead, and a fit of few numbers to them.

The fit is Levenberg's and Marquardt's (Marquardt, "An algorithm for least-squares estimation of nonlinear parameters",
SIAM Journal 11, 1963) with weak prior values, and Huber's weights against days on which a window stood open. Errors of
the numbers are clustered by window, since the misses of one window hang together.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from homeagent.domain.grid import FloatArray, IntArray

AHEAD_H, BEHIND_H = 24.0, 72.0
"""How far ahead a window is, and how much of the air's past says what the mass is like."""
LEADS_H = (3.0, 6.0, 12.0, 18.0, 24.0)
_BELIEVED_GAP_H = 3.0
_SPIKE_K = 1.5
_NUDGE = 1e-3
_ROUNDS, _TRIES = 8, 6
_ENOUGH = 1e-4
_HUBER = 1.0
"""In usual misses: beyond, a miss counts only as its size, not as its square."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Windows:
    """Where windows begin, shape (windows,), and the air's past at each, newest first, (windows, past slots) [degC]."""

    begins: IntArray
    past_c: FloatArray
    slots: int
    hours: float

    def ahead(self, values: FloatArray) -> FloatArray:
        """Return the values of the slots of each window, (windows, slots)."""
        return np.asarray(values[self.begins[:, None] + np.arange(self.slots)])

    def mass_c(self, time_constant_h: float) -> FloatArray:
        """Return the mass's temperature at each window's begin: the air's past, the longer ago the less."""
        weight = np.exp(-np.arange(self.past_c.shape[1]) * self.hours / time_constant_h)
        return np.asarray(self.past_c @ (weight / weight.sum()))

    def some(self, chosen: FloatArray | IntArray) -> Windows:
        """Return the chosen ones."""
        return Windows(begins=self.begins[chosen], past_c=self.past_c[chosen], slots=self.slots, hours=self.hours)


def clean(air_c: FloatArray, hours: float) -> FloatArray:
    """Return readings without jumps from the two before, short gaps bridged straight; longer ones stay NaN.

    Where a reading is known, nothing up to it hangs on a later one.
    """
    before = np.stack([np.concatenate([np.full(back, np.nan), air_c[: len(air_c) - back]]) for back in (0, 1, 2)])
    some = ~np.isnan(before).all(axis=0)
    middle = np.full(len(air_c), np.nan)
    middle[some] = np.nanmedian(before[:, some], axis=0)
    kept = np.where(np.abs(air_c - middle) > _SPIKE_K, np.nan, air_c)
    return bridged(kept, hours)


def held(values: FloatArray, hours: float) -> FloatArray:
    """Return values in which the last known one stands for up to three hours of gaps."""
    at = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
    short = (np.arange(len(values)) - at) * hours <= _BELIEVED_GAP_H
    return np.where((at >= 0) & short, values[np.maximum(at, 0)], np.nan)


def bridged(values: FloatArray, hours: float) -> FloatArray:
    """Return values with gaps of up to three hours filled straight."""
    known = np.flatnonzero(~np.isnan(values))
    if len(known) < 2:  # noqa: PLR2004 - a line needs two points
        return values
    filled = np.interp(np.arange(len(values)), known, values[known])
    filled[: known[0]] = filled[known[-1] + 1 :] = np.nan
    for before, after in pairwise(known.tolist()):
        if (after - before - 1) * hours > _BELIEVED_GAP_H:
            filled[before + 1 : after] = np.nan
    return np.asarray(filled)


def windows_of(air_c: FloatArray, inputs: FloatArray, hours: float, every_h: float) -> Windows:
    """Return the windows in which air and inputs (inputs, slots) are known throughout, begun every so many hours."""
    slots, past = round(AHEAD_H / hours), round(BEHIND_H / hours)
    begins = np.arange(past - 1, len(air_c) - slots, max(round(every_h / hours), 1))
    behind = begins[:, None] - np.arange(past)
    ahead = begins[:, None] + np.arange(slots)
    known = ~np.isnan(air_c[behind]).any(axis=1) & ~np.isnan(air_c[ahead + 1]).any(axis=1)
    known &= ~np.isnan(inputs[:, ahead]).any(axis=(0, 2))
    return Windows(begins=begins[known], past_c=air_c[behind][known], slots=slots, hours=hours)


PINNED = 1e-5
"""A prior spread up to it says that a number is not asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prior:
    """What numbers are like before anything is measured: the middle and how far they may be off."""

    mean: FloatArray
    spread: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fitted:
    """Numbers that fit best, their standard errors, and how badly their directions differ in how well they are seen."""

    numbers: FloatArray
    errors: FloatArray
    condition: float


def fitted(misses: Callable[[FloatArray], FloatArray], prior: Prior, begin: FloatArray, usual_k: float) -> Fitted:
    """Return the numbers that make the misses (windows, leads) least; `usual_k` is what a miss is usually like."""

    def cost(miss: FloatArray, numbers: FloatArray) -> float:
        scaled = np.abs(miss) / usual_k
        huber = np.where(scaled < _HUBER, scaled**2 / 2, _HUBER * (scaled - _HUBER / 2)).sum()
        return float(huber + (((numbers - prior.mean) / prior.spread) ** 2).sum() / 2)

    numbers, damping = begin.copy(), 1e-2
    miss = misses(numbers)
    best = cost(miss, numbers)
    for _ in range(_ROUNDS):
        slopes, weight = _slopes(misses, numbers, miss), _weights(miss, usual_k)
        pull = (numbers - prior.mean) / prior.spread**2
        seen = (slopes * weight) @ slopes.T + np.diag(1 / prior.spread**2)
        gradient = (slopes * weight) @ miss.ravel() + pull
        was = best
        for _ in range(_TRIES):
            move = np.linalg.solve(seen + damping * np.diag(np.diag(seen)), gradient)
            tried = numbers - np.clip(move, -1.0, 1.0)
            tried_miss = misses(tried)
            tried_cost = cost(tried_miss, tried)
            if tried_cost < best:
                numbers, miss, best, damping = tried, tried_miss, tried_cost, damping / 5
                break
            damping *= 5
        if was - best < _ENOUGH * best:
            break
    return _with_errors(misses, prior, numbers, miss, usual_k)


def _slopes(misses: Callable[[FloatArray], FloatArray], numbers: FloatArray, miss: FloatArray) -> FloatArray:
    slopes = np.empty((len(numbers), miss.size))
    for one in range(len(numbers)):
        nudged = numbers.copy()
        nudged[one] += _NUDGE
        slopes[one] = ((misses(nudged) - miss) / _NUDGE).ravel()
    return slopes


def _weights(miss: FloatArray, usual_k: float) -> FloatArray:
    return np.asarray(np.minimum(1.0, _HUBER * usual_k / np.maximum(np.abs(miss.ravel()), 1e-9)) / usual_k**2)


def _with_errors(
    misses: Callable[[FloatArray], FloatArray], prior: Prior, numbers: FloatArray, miss: FloatArray, usual_k: float
) -> Fitted:
    slopes, weight = _slopes(misses, numbers, miss), _weights(miss, usual_k)
    seen = (slopes * weight) @ slopes.T
    inverse = np.linalg.inv(seen + np.diag(1 / prior.spread**2))
    scores = (slopes * weight * miss.ravel()).reshape(len(numbers), *miss.shape).sum(axis=2)
    spread = inverse @ (scores @ scores.T + np.diag(1 / prior.spread**2)) @ inverse
    free = prior.spread > PINNED
    seen = seen[np.ix_(free, free)]
    scale = np.sqrt(np.maximum(np.diag(seen), 1e-12))
    return Fitted(
        numbers=numbers,
        errors=np.sqrt(np.maximum(np.diag(spread), 0.0)),
        condition=float(np.linalg.cond(seen / np.outer(scale, scale))),
    )
