"""What a meter says that no home does, and how far a forecast may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray
from homeagent.domain.history import History

DAY = timedelta(days=1)

MOST_KW = 1000.0
"""Whatever says more (or no number) does not measure a home."""
WRONG_SIGN_KW = 0.2
"""Less than nothing by this much is a meter the wrong way round; by less, an inverter's own need or a rounding."""
NONSENSE = 20.0
"""Times the usual day's peak: no home's habits, a unit mistaken."""
LEAST_USUAL_KW = 1.0
"""The least that a usual day's peak is taken for: an empty house may be moved into."""
MARGIN = 1.5
"""Over the third largest daily peak: twice is a habit, once an error."""
LEAST_DAYS = 5
"""Of fewer days the third largest peak says nothing."""


def daily_peaks(values: FloatArray, per_day: int) -> FloatArray:
    """Return the peak of each day that was measured, days counted back from the end; shape (measured days,)."""
    days = len(values) // per_day
    by_day = values[len(values) - days * per_day :].reshape(days, per_day)
    measured = by_day[~np.isnan(by_day).all(axis=1)]
    peaks: FloatArray = np.nanmax(measured, axis=1) if len(measured) else np.empty(0)
    return peaks


def believable(values: FloatArray, per_day: int) -> FloatArray:
    """Return readings of load or PV [kW] with a gap where they are no number, negative or far beyond any home.

    A sensor that is moved to another unit is a gap until most of the days are in it, and again once it is put right.
    """
    there = (values >= -WRONG_SIGN_KW) & (values <= MOST_KW)
    kept = np.where(there, np.maximum(values, 0.0), np.nan)
    peaks = daily_peaks(kept, per_day)
    if not len(peaks):
        return kept
    limit = NONSENSE * max(float(np.median(peaks)), LEAST_USUAL_KW)
    believed: FloatArray = np.where(kept > limit, np.nan, kept)
    return believed


def ceiling_kw(values: FloatArray, per_day: int) -> float:
    """Return how much a home may be forecast that has used so much; without enough days there is no limit."""
    peaks = daily_peaks(values, per_day)
    return MARGIN * float(np.sort(peaks)[-3]) if len(peaks) >= LEAST_DAYS else np.inf


def believed(history: History) -> History:
    """Return a history without what no home does."""
    per_day = DAY // history.grid.step
    load_kw, pv_kw = believable(history.load_kw, per_day), believable(history.pv_kw, per_day)
    return History(grid=history.grid, load_kw=load_kw, pv_kw=np.minimum(pv_kw, ceiling_kw(pv_kw, per_day)))


def bounded(courses: Scenarios, history: History) -> Scenarios:
    """Return courses that stay within what a home may be forecast with such a history."""
    per_day = DAY // history.grid.step
    return replace(
        courses,
        load_kw=np.minimum(courses.load_kw, ceiling_kw(history.load_kw, per_day)),
        pv_kw=np.minimum(courses.pv_kw, ceiling_kw(history.pv_kw, per_day)),
    )
