"""What a thermostat is told so that it does what a plan wants: above the room to run, below it to rest."""

from __future__ import annotations

import numpy as np

from homeagent.domain.devices import HeatSpec
from homeagent.domain.grid import FloatArray

STEP_K = 0.5
"""Thermostats take half degrees."""
_FULL = 0.98
_NEAR = 1e-6


def targets(spec: HeatSpec, power_kw: FloatArray, air_c: FloatArray) -> FloatArray:
    """Return the set-point of each slot (count,), for air temperatures at edges (count + 1,).

    A stretch of rest, or of full power, has one set-point, so that it is rarely told anything: beyond all that the air
    is planned to reach in it, by the dead band, and on to the next half degree. So a room that does other than planned
    is caught at the plan's end of the stretch. At part power it is told where the air is to be: the machine finds the
    power. Within the guards by the dead band.
    """
    warmer = 1.0 if spec.purpose == "heating" else -1.0
    told = np.round(air_c[1:] / STEP_K) * STEP_K
    kind = np.where(power_kw <= 0, 0, np.where(power_kw >= _FULL * spec.max_kw, 2, 1))
    begins = np.flatnonzero(np.diff(kind, prepend=-1))
    for begin, end in zip(begins, [*begins[1:], len(kind)], strict=True):
        if kind[begin] == 1:
            continue
        toward = warmer if kind[begin] else -warmer
        furthest = (toward * air_c[begin : end + 1]).max() + spec.dead_band_k
        told[begin:end] = toward * np.ceil(furthest / STEP_K - _NEAR) * STEP_K
    lowest = np.ceil((spec.guard_low_c + spec.dead_band_k) / STEP_K - _NEAR) * STEP_K
    highest = np.floor((spec.guard_high_c - spec.dead_band_k) / STEP_K + _NEAR) * STEP_K
    return np.asarray(np.clip(told, lowest, highest))
