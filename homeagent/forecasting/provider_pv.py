"""A provider's solar forecast, corrected by its own past on this roof, as scenarios.

For each recent day the forecast that was known then, at the same time of day and with the same lead, is held against
what the roof made. That gives the bias (a scale for the whole day, and one for each hour, both drawn towards no
correction while days are few) and the errors that are left: each day's errors, whole, are one scenario, and days of
which much the same was expected weigh more. So the correction knows nothing of weather or geometry, and the spread is
what this provider really gets wrong here. (Analogues of the forecast itself: Delle Monache et al., 2013.)
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.issued import resampled
from homeagent.forecasting.calendar import IndexArray, same_time_on_earlier_days
from homeagent.forecasting.floor import DAYS, FEW_DAYS, LIKENESS_SCALE

MODEL_ID = "provider-1"
STALE = timedelta(hours=26)
"""A forecast that has not changed for longer stands still: a day's sun is past, and nothing new came."""
LOOKED_AT = 12
"""So many of the latest may fill each other's gaps."""
FEWEST_DAYS = 2
"""With fewer days of its errors nobody knows what it is worth here."""
MOST_OF_A_DAY = 0.6
"""A day counts if both forecast and measurement are known for this share of it."""
SCALE_DAYS, HOUR_DAYS, SPREAD_DAYS = 3.0, 5.0, 5.0
"""So many days of agreement the corrections are set against: after as many days half of what was seen is corrected."""
CLEAREST_SCALES = (0.2, 5.0)
MARGIN, MARGIN_OF_A_NEW_ROOF = 1.2, 2.0
"""So many times what the roof has made at most it is believed to make; more where less than `KNOWN_ROOF` is known."""
KNOWN_ROOF = timedelta(days=14)

Curve: TypeAlias = tuple[datetime, TimeGrid, FloatArray]
"""When a forecast was known, and its means [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """What was forecast for the present grid's times on earlier days, and what came: kW, shape (days, count)."""

    forecast: FloatArray
    measured: FloatArray

    def whole_days(self) -> Past:
        """Return the days of which both are known for most of the time."""
        known = (~np.isnan(self.forecast + self.measured)).mean(axis=1) > MOST_OF_A_DAY
        return Past(forecast=self.forecast[known], measured=self.measured[known])


def known_at(curves: Sequence[Curve], now: datetime, grid: TimeGrid) -> FloatArray:
    """Return what was forecast for `grid` at `now`, shape (count,): the latest, its gaps filled from those before.

    `curves` are in order of time. What has stood still for longer than `STALE` does not count.
    """
    found = np.full(grid.count, np.nan)
    known = bisect(curves, now, key=lambda curve: curve[0])
    for issued_at, of, mean in reversed(curves[max(known - LOOKED_AT, 0) : known]):
        gaps = np.isnan(found)
        if now - issued_at > STALE or not gaps.any():
            break
        found[gaps] = resampled(of, mean, grid)[gaps]
    return found


def past_of(curves: Sequence[Curve], history: History, grid: TimeGrid, timezone: ZoneInfo) -> Past:
    """Return the same times of day on earlier days: row k is the k-th latest on which they all have passed."""
    per_day = timedelta(days=1) // grid.step
    source = same_time_on_earlier_days(history.grid, grid, DAYS, timezone)
    measured = np.append(history.pv_kw, np.nan)[source]
    forecast = np.full(measured.shape, np.nan)
    for row in range(DAYS):
        for first in range(0, grid.count, per_day):  # beyond 24 hours ahead a row goes one day further back
            at = int(source[row, first])
            if at < 0:
                continue
            began = history.grid.at(at) - first * grid.step  # so that the lead is the same
            count = min(per_day, grid.count - first)
            forecast[row, first : first + count] = _course(curves, began, source[row, first : first + count], history)
    return Past(forecast=forecast, measured=measured)


def _course(curves: Sequence[Curve], began: datetime, slots: IndexArray, history: History) -> FloatArray:
    low, high = int(slots.min()), int(slots.max())
    if low < 0:
        return np.full(len(slots), np.nan)
    part = TimeGrid(start=history.grid.at(low), step=history.grid.step, count=high - low + 1)
    found: FloatArray = known_at(curves, began, part)[slots - low]
    return found


def scales(past: Past, per_hour: int) -> FloatArray:
    """Return what the forecast is multiplied with in each slot, shape (count,): 1 while nothing is known.

    Least squares, which counts sunny hours most, set against days that would have agreed.
    """
    both = ~np.isnan(past.forecast) & ~np.isnan(past.measured)
    forecast, measured = np.where(both, past.forecast, 0.0), np.where(both, past.measured, 0.0)
    together, squares = forecast * measured, forecast**2
    days = max(int(both.any(axis=1).sum()), 1)
    day = squares.sum() / days
    if not day:
        return np.ones(past.forecast.shape[1])
    whole = (together.sum() + SCALE_DAYS * day) / (squares.sum() + SCALE_DAYS * day)
    hour = np.arange(past.forecast.shape[1]) // per_hour
    by_hour, of_hour = (np.bincount(hour, values.sum(axis=0)) for values in (together, squares))
    agreed = HOUR_DAYS * of_hour / days + 1e-9
    found: FloatArray = ((by_hour + agreed * whole) / (of_hour + agreed)).clip(*CLEAREST_SCALES)[hour]
    return found


def errors(past: Past, scale: FloatArray, per_hour: int) -> FloatArray:
    """Return each day's errors [kW] of the corrected forecast, shape (days, count); of days with any alone.

    With few days their common part is drawn towards none, and each stands for itself an hour early and late too.
    """
    apart = past.measured - scale * past.forecast
    gaps = np.isnan(apart)
    mean = np.where(gaps, 0.0, apart).sum(axis=0) / np.maximum((~gaps).sum(axis=0), 1)
    filled: FloatArray = np.where(gaps, mean, apart) - mean * SPREAD_DAYS / (SPREAD_DAYS + len(apart))
    if len(filled) < FEW_DAYS:
        filled = np.concatenate([filled, np.roll(filled, per_hour, axis=1), np.roll(filled, -per_hour, axis=1)])
    return filled


def likeness(past: Past, expected: FloatArray) -> FloatArray:
    """Return how like the present forecast that of each day was, shape (days,), between 0 and 1."""
    apart = np.abs(past.forecast - expected)
    seen = ~np.isnan(apart)
    distance = np.where(seen, apart, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    likely: FloatArray = np.exp(-distance / (LIKENESS_SCALE * float(np.median(distance)) + 1e-9))
    return likely


def most_kw(history: History) -> float:
    """Return what the roof is believed to make at most."""
    seen = history.pv_kw[~np.isnan(history.pv_kw)]
    if not len(seen):
        return np.inf
    margin = MARGIN if len(seen) * history.grid.step >= KNOWN_ROOF else MARGIN_OF_A_NEW_ROOF
    return float(margin * seen.max())


def with_provider(
    scenarios: Scenarios, curves: Sequence[Curve], history: History, timezone: ZoneInfo, *, alike: bool = True
) -> Scenarios | None:
    """Return the scenarios with PV as a provider expects it, None where it says nothing or is not known well enough.

    Load and weights stay, and so does a slot that the provider does not cover. With `alike` the errors of days whose
    forecast was like the present one are taken more often, else those of each day alike.
    """
    grid = scenarios.grid
    expected = known_at(curves, grid.start, grid)
    if np.isnan(expected).all():
        return None
    per_hour = max(timedelta(hours=1) // grid.step, 1)
    past = past_of(curves, history, grid, timezone).whole_days()
    if len(past.forecast) < FEWEST_DAYS:
        return None
    scale = scales(past, per_hour)
    apart = errors(past, scale, per_hour)
    rows = np.arange(len(scenarios.weight)) % len(apart)
    if alike:
        rows = drawn(np.resize(likeness(past, expected), len(apart)), scenarios.weight)
    pv_kw = (scale * expected + apart[rows]).clip(0.0, most_kw(history))
    dark = (expected <= 0) & (scenarios.pv_kw <= 0).all(axis=0)
    pv_kw = np.where(np.isnan(expected), scenarios.pv_kw, np.where(dark, 0.0, pv_kw))
    return replace(scenarios, pv_kw=pv_kw, model_id=f"{scenarios.model_id}+{MODEL_ID}")


def drawn(likely: FloatArray, weight: FloatArray) -> IndexArray:
    """Return for each scenario which day's errors it takes, so that by weight each day has its part of `likely`."""
    middle = np.cumsum(weight) - weight / 2
    ends = np.cumsum(likely / likely.sum())
    picked: IndexArray = np.searchsorted(ends, middle).clip(max=len(likely) - 1)
    return picked


def pooled(provided: Scenarios, floor: Scenarios, share: float) -> Scenarios:
    """Return both sets of scenarios as one, the provider's with `share` of the weight: they err in different ways."""
    return replace(
        provided,
        load_kw=np.concatenate([provided.load_kw, floor.load_kw]),
        pv_kw=np.concatenate([provided.pv_kw, floor.pv_kw]),
        weight=np.concatenate([share * provided.weight, (1 - share) * floor.weight]),
    )
