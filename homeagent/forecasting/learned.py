"""The learned forecaster of one quantity: the student's corrections, how far they are trusted, and the calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.forecasting.calendar import IndexArray
from homeagent.forecasting.features import LEVELS, Course, Rows, load_rows, pv_rows
from homeagent.forecasting.scores import HIGH, LOW, pinball
from homeagent.forecasting.student import Float32Array, Lessons, Network

Quantity: TypeAlias = Literal["load", "pv"]
Runner: TypeAlias = Callable[[Float32Array], Float32Array]
"""Gives the corrections (rows, levels) of standardised rows, whatever runs the network."""

QUANTITIES: tuple[Quantity, ...] = ("load", "pv")
ROWS: Mapping[Quantity, Callable[[Course, IndexArray, int], Rows]] = {"load": load_rows, "pv": pv_rows}
AT_ONCE = 16
"""Origins whose features are made together: a matter of memory."""
SPREAD = 0.02
"""Of the scale: the least spread that a calibration is measured in."""
HALF_CALIBRATED = 400
"""Slots seen after which a shift is half believed."""


def rows_of(quantity: Quantity, course: Course, origins: IndexArray, ahead: int) -> Rows:
    """Return the features of any number of origins."""
    parts = [ROWS[quantity](course, origins[at : at + AT_ONCE], ahead) for at in range(0, len(origins), AT_ONCE)]
    return parts[0] if len(parts) == 1 else joined(parts)


def measured(quantity: Quantity, course: Course, origins: IndexArray, rows: Rows) -> FloatArray:
    """Return what came, relative to the scale and cut where no home goes, shape (origins, ahead); NaN is a gap."""
    values = course.load_kw if quantity == "load" else course.pv_kw
    target = origins[:, None] + np.arange(rows.base.shape[1])
    seen = np.where(target < len(values), values[np.minimum(target, len(values) - 1)], np.nan)
    return np.minimum(seen / rows.scale_kw[:, None], rows.most[:, None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Calibration:
    """A shift of each level in parts of the band's width, shape (levels,)."""

    shift: FloatArray

    @classmethod
    def none(cls) -> Calibration:
        """Return the one that changes nothing."""
        return cls(shift=np.zeros(len(LEVELS)))


def spread(quantiles: FloatArray) -> FloatArray:
    """Return the width that shifts are measured in."""
    width: FloatArray = quantiles[..., HIGH] - quantiles[..., LOW] + SPREAD
    return width


def calibrate(truth: FloatArray, said: FloatArray) -> Calibration:
    """Return the shifts with which the 80 % band would have covered that much of what came.

    Conformal prediction with one number, the band's widening (Romano et al., "Conformalized quantile regression",
    NeurIPS 2019); the levels between follow in proportion, the middle stays. A shift of its own for each level was
    measured: its noise costs a hundredth of the loss. `truth` has shape (slots,), `said` (slots, levels), both relative
    to the scale. Of few slots little is believed.
    """
    if not len(truth):
        return Calibration.none()
    outside = np.maximum(said[:, LOW] - truth, truth - said[:, HIGH]) / spread(said)
    wider = float(np.quantile(outside, LEVELS[HIGH] - LEVELS[LOW])) * len(truth) / (len(truth) + HALF_CALIBRATED)
    return Calibration(shift=wider * (np.array(LEVELS) - 0.5) / (LEVELS[HIGH] - 0.5))


def corrected(rows: Rows, corrections: FloatArray, trust: float) -> FloatArray:
    """Return quantiles relative to the scale, not calibrated yet, shape (origins, ahead, levels)."""
    said = np.sort(rows.base + trust * corrections, axis=-1)
    kept: FloatArray = np.clip(said, 0.0, rows.most[:, None, None]) * (rows.counts > 0)[..., None]
    return kept


def calibrated_kw(rows: Rows, said: FloatArray, calibration: Calibration) -> FloatArray:
    """Return quantiles in kW: ordered, never below nothing nor above what this home has ever used times a margin."""
    shifted = np.sort(said + calibration.shift * spread(said)[..., None], axis=-1)
    kept = np.clip(shifted, 0.0, rows.most[:, None, None]) * (rows.counts > 0)[..., None]
    in_kw: FloatArray = kept * rows.scale_kw[:, None, None]
    return in_kw


TRUSTS = (0.0, 0.25, 0.5, 0.75, 1.0)
USUAL_TRUST, USUAL_TRUST_DAYS = 0.6, 14.0
"""What is trusted before anything was measured, and how many days of measurement weigh as much as that."""


def choose_trust(rows: Rows, truth: FloatArray, corrections: FloatArray, days: float) -> float:
    """Return how much of the corrections to believe: what would have been best, drawn towards what usually is."""
    counts = (rows.counts > 0) & ~np.isnan(truth)
    if not counts.any():
        return USUAL_TRUST
    known, base, wrong = truth[counts], rows.base[counts], corrections[counts]
    weight = np.repeat(rows.scale_kw, counts.sum(axis=1))
    losses = [weight @ pinball(known, base + trust * wrong) for trust in TRUSTS]
    best = TRUSTS[int(np.argmin(losses))]
    return (best * days + USUAL_TRUST * USUAL_TRUST_DAYS) / (days + USUAL_TRUST_DAYS)


def some_rows(rows: Rows, chosen: BoolArray | slice) -> Rows:
    """Return the rows of the chosen origins."""
    return Rows(
        inputs=rows.inputs[chosen],
        base=rows.base[chosen],
        floor=rows.floor[chosen],
        scale_kw=rows.scale_kw[chosen],
        most=rows.most[chosen],
        counts=rows.counts[chosen],
    )


def joined(parts: Sequence[Rows]) -> Rows:
    """Return the rows of several parts one after another."""
    return Rows(
        inputs=np.concatenate([part.inputs for part in parts]),
        base=np.concatenate([part.base for part in parts]),
        floor=np.concatenate([part.floor for part in parts]),
        scale_kw=np.concatenate([part.scale_kw for part in parts]),
        most=np.concatenate([part.most for part in parts]),
        counts=np.concatenate([part.counts for part in parts]),
    )


def lessons_of(network: Network, rows: Rows, truth: FloatArray, taught: FloatArray | None = None) -> Lessons:
    """Return the rows that count and were measured as lessons; `taught` are a teacher's corrections."""
    chosen = (rows.counts > 0) & ~np.isnan(truth)
    return Lessons(
        rows=network.standardised(rows.inputs[chosen]),
        measured=(truth[chosen][:, None] - rows.base[chosen]).astype(np.float32),
        taught=None if taught is None else taught[chosen].astype(np.float32),
        levels=np.array(LEVELS, dtype=np.float32),
        weight=np.ones(int(chosen.sum()), dtype=np.float32),
    )


def corrections_of(run: Runner, network: Network, rows: Rows) -> FloatArray:
    """Return the student's corrections for all rows, shape (origins, ahead, levels)."""
    count, ahead, width = rows.inputs.shape
    standard = network.standardised(rows.inputs.reshape(-1, width))
    said = np.concatenate([run(standard[at : at + ahead]) for at in range(0, count * ahead, ahead)])
    return said.reshape(count, ahead, len(LEVELS)).astype(np.float64)
