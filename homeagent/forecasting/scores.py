"""How good a forecast was: pinball loss, absolute error, and how often the truth lay inside the band."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.features import LEVELS

LOW, MIDDLE, HIGH = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Means over all slots that count. `coverage` is the share of the truth inside the 80 % band."""

    pinball_kw: float
    mae_kw: float
    coverage: float
    slots: int


def pinball(measured: FloatArray, quantiles: FloatArray) -> FloatArray:
    """Return the loss of each slot, the mean over the levels; `quantiles` has one axis more, the levels."""
    apart = measured[..., None] - quantiles
    levels = np.array(LEVELS)
    loss: FloatArray = np.maximum(levels * apart, (levels - 1) * apart).mean(axis=-1)
    return loss


def score(measured_kw: FloatArray, quantiles_kw: FloatArray, counts: FloatArray) -> Score:
    """Return the score over the slots that were measured and count; NaN where there is none."""
    chosen = (counts > 0) & ~np.isnan(measured_kw)
    truth, said = measured_kw[chosen], quantiles_kw[chosen]
    if not len(truth):
        return Score(pinball_kw=np.nan, mae_kw=np.nan, coverage=np.nan, slots=0)
    inside = (truth >= said[:, LOW] - 1e-9) & (truth <= said[:, HIGH] + 1e-9)
    return Score(
        pinball_kw=float(pinball(truth, said).mean()),
        mae_kw=float(np.abs(truth - said[:, MIDDLE]).mean()),
        coverage=float(inside.mean()),
        slots=len(truth),
    )
