"""An appliance's programme laid over slots: the energy is the programme's, wherever in time it begins."""

from __future__ import annotations

import math

import numpy as np

from homeagent.domain.devices import ApplianceSpec
from homeagent.domain.grid import FloatArray


def slots_needed(spec: ApplianceSpec, step_min: float) -> int:
    """Return how many slots a whole run touches."""
    return math.ceil(len(spec.profile_kw) / step_min - 1e-9)


def in_slots(spec: ApplianceSpec, step_min: float, begun_min: float = 0.0) -> FloatArray:
    """Return the mean power of each slot of what is left of a run that began `begun_min` before the first [kW].

    Its shape is (slots,), none where the programme is over. The last slot may be only in part the run's.
    """
    lasts = len(spec.profile_kw)
    left = max(lasts - begun_min, 0.0)
    edges = np.minimum(begun_min + step_min * np.arange(math.ceil(left / step_min - 1e-9) + 1), lasts)
    energy = np.interp(edges, np.arange(lasts + 1), np.concatenate([[0.0], np.cumsum(spec.profile_kw)]))
    power_kw: FloatArray = np.diff(energy) / step_min
    return power_kw
