"""What a thermostat is told so that it does what a plan wants: above the room to run, below it to rest."""

from __future__ import annotations

import numpy as np

from homeagent.domain.devices import HeatSpec
from homeagent.domain.grid import FloatArray

STEP_K = 0.5
"""Thermostats take half degrees."""
_FULL = 0.98
_REST, _PART, _RUN = 0, 1, 2
_SHORT_SLOTS = 2
"""Full power for less, amid part power, is part power."""
_HOLDS_K, _MOVES_K = 0.2, 0.4
_NEAR = 1e-6


def targets(spec: HeatSpec, power_kw: FloatArray, air_c: FloatArray) -> FloatArray:
    """Return the set-point of each slot (count,), for air temperatures at edges (count + 1,).

    A stretch of rest, or of full power, has one set-point, so that it is rarely told anything: beyond all that the air
    is planned to reach in it, by the dead band, and on to the next half degree. So a room that does other than planned
    is caught at the plan's end of the stretch. Part power that gets the room anywhere is told in the same way, by half
    the dead band, since many a thermostat only knows on and off; part power that holds it, where the air is to be,
    anew only where that moves by most of half a degree. Within the guards by the dead band.
    """
    warmer = 1.0 if spec.purpose == "heating" else -1.0
    told = np.empty(len(power_kw))
    for kind, begin, end in _stretches(spec, power_kw):
        toward = -warmer if kind == _REST else warmer
        furthest = (toward * air_c[begin : end + 1]).max()
        if kind == _PART and furthest - toward * air_c[begin] < _HOLDS_K:
            told[begin:end] = _followed(air_c[begin + 1 : end + 1])
            continue
        furthest += spec.dead_band_k * (0.5 if kind == _PART else 1.0)
        told[begin:end] = toward * np.ceil(furthest / STEP_K - _NEAR) * STEP_K
    lowest = np.ceil((spec.guard_low_c + spec.dead_band_k) / STEP_K - _NEAR) * STEP_K
    highest = np.floor((spec.guard_high_c - spec.dead_band_k) / STEP_K + _NEAR) * STEP_K
    return np.asarray(np.clip(told, lowest, highest))


def _stretches(spec: HeatSpec, power_kw: FloatArray) -> list[tuple[int, int, int]]:
    """Return the kind of each stretch, and the slots at which it begins and ends."""
    kinds = np.where(power_kw <= 0, _REST, np.where(power_kw >= _FULL * spec.max_kw, _RUN, _PART))
    for _ in range(2):  # what is short by itself first, then the stretches that this makes of it
        begins = np.flatnonzero(np.diff(kinds, prepend=-1))
        ends = [*begins[1:].tolist(), len(kinds)]
        found = [(int(kinds[begin]), int(begin), end) for begin, end in zip(begins, ends, strict=True)]
        for kind, begin, end in found:
            amid = {int(kinds[at]) for at in (begin - 1, end) if 0 <= at < len(kinds)}
            if kind == _RUN and end - begin < _SHORT_SLOTS and _PART in amid:
                kinds[begin:end] = _PART
    return found


def _followed(air_c: FloatArray) -> FloatArray:
    """Return set-points that follow temperatures in half degrees, and stay while they are near enough."""
    told = np.round(air_c / STEP_K) * STEP_K
    for slot in range(1, len(told)):
        if abs(air_c[slot] - told[slot - 1]) <= _MOVES_K:
            told[slot] = told[slot - 1]
    return np.asarray(told)
