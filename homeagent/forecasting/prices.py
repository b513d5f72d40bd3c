"""Prices beyond what is published: learned from recent days, with their uncertainty, and marked as estimated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import Place
from homeagent.forecasting.calendar import (
    IndexArray,
    local_calendar,
    same_time_on_earlier_days,
    utc_offsets_s,
)
from homeagent.forecasting.price_days import PriceDays, learned

DAYS = 7
AHEAD_DAYS = 8
"""So many days after the last published one are estimated; what is further is as the last of them."""
_HOUR = timedelta(hours=1)
_DAY_S = 86400
_SATURDAY = 5


def estimate(
    past: FloatArray, known: FloatArray, past_grid: TimeGrid, grid: TimeGrid, timezone: ZoneInfo
) -> FloatArray:
    """Return `known` with its NaN filled by the mean of recent days, else by the mean of all that is known, else 0."""
    unknown = np.isnan(known)
    if not unknown.any():
        return known
    source = same_time_on_earlier_days(past_grid, grid, DAYS, timezone)
    mean = _mean_of_seen(np.append(past, np.nan)[source], np.concatenate([past, known]))
    return np.where(unknown, mean, known)


def learn_prices(
    imports: FloatArray, exports: FloatArray, grid: TimeGrid, timezone: ZoneInfo, place: Place | None
) -> PriceDays | None:
    """Return estimates for the local days from the last known one on; None where no import price is known.

    An hour that a local day has twice counts as its mean, one that it has not is a gap. Where no export price is known
    it is 0.
    """
    if np.isnan(imports).all():
        return None
    if np.isnan(exports).all():
        exports = np.zeros_like(imports)
    day, slot = _local_places(grid, timezone)
    per_day = _DAY_S // int(grid.step.total_seconds())
    first, count = int(day[0]), int(day[-1] - day[0]) + 1
    at = (day - first) * per_day + slot
    by_day = np.empty((count * per_day, 2))
    for column, values in enumerate((imports, exports)):
        seen = ~np.isnan(values)
        times = np.bincount(at[seen], minlength=count * per_day)
        sums = np.bincount(at[seen], values[seen], minlength=count * per_day)
        by_day[:, column] = sums / np.where(times > 0, times, np.nan)
    kinds = _kinds_of_days(first, count + AHEAD_DAYS, timezone, place)
    return learned(by_day.reshape(count, per_day, 2), kinds, first, AHEAD_DAYS)


def price_curve(
    known_import: FloatArray,
    known_export: FloatArray,
    grid: TimeGrid,
    estimates: PriceDays | None,
    timezone: ZoneInfo,
) -> PriceCurve:
    """Return prices for every slot of `grid`; NaN is estimated, 0 where there is no estimate either."""
    unknown = np.isnan(known_import) | np.isnan(known_export)
    first_unknown = int(np.argmax(unknown)) if unknown.any() else grid.count
    at = _Estimated.on(grid, estimates, timezone)
    no_import = np.isnan(known_import)
    return PriceCurve(
        grid=grid,
        import_per_kwh=np.where(no_import, at.mean[:, 0], known_import),
        export_per_kwh=np.where(np.isnan(known_export), at.mean[:, 1], known_export),
        estimated=unknown,
        known_until=grid.at(first_unknown),
        import_low_per_kwh=np.where(no_import, at.low[:, 0], known_import),
        import_high_per_kwh=np.where(no_import, at.high[:, 0], known_import),
        estimated_from_days=0 if estimates is None else estimates.days,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Estimated:
    """Estimates on a grid, each of shape (count, 2): import and export."""

    mean: FloatArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def on(cls, grid: TimeGrid, estimates: PriceDays | None, timezone: ZoneInfo) -> _Estimated:
        if estimates is None:
            nothing = np.zeros((grid.count, 2))
            return cls(mean=nothing, low=nothing, high=nothing)
        days, slots = estimates.mean.shape[:2]
        step = min(grid.step, timedelta(days=1) / slots)
        inside = grid.step // step
        day, slot = _local_places(TimeGrid(start=grid.start, step=step, count=grid.count * inside), timezone, slots)
        row = (day - estimates.first_day).clip(0, days - 1)
        mean, low, high = (
            values[row, slot].reshape(grid.count, inside, 2).mean(axis=1)
            for values in (estimates.mean, estimates.low, estimates.high)
        )
        return cls(mean=mean, low=low, high=high)


def typical(
    past: FloatArray, known: FloatArray, past_grid: TimeGrid, grid: TimeGrid, timezone: ZoneInfo, days: int
) -> FloatArray:
    """Return the mean of what is known and of the same local time on `days` earlier days, else of all, else 0."""
    source = same_time_on_earlier_days(past_grid, grid, days, timezone)
    return _mean_of_seen(np.vstack([np.append(past, np.nan)[source], known]), np.concatenate([past, known]))


def _mean_of_seen(same_time: FloatArray, everything: FloatArray) -> FloatArray:
    count = (~np.isnan(same_time)).sum(axis=0)
    seen = everything[~np.isnan(everything)]
    fallback = float(seen.mean()) if len(seen) else 0.0
    return np.where(count > 0, np.nansum(same_time, axis=0) / np.maximum(count, 1), fallback)


def _local_places(grid: TimeGrid, timezone: ZoneInfo, slots: int | None = None) -> tuple[IndexArray, IndexArray]:
    """Return the number of each slot's local day and its place in it, in `slots` a day, else in the grid's own."""
    step_s = int(grid.step.total_seconds())
    local_s = int(grid.start.timestamp()) + np.arange(grid.count) * step_s + utc_offsets_s(grid, timezone)
    day, second = np.divmod(local_s, _DAY_S)
    return day, second * (slots or _DAY_S // step_s) // _DAY_S


def _kinds_of_days(first: int, count: int, timezone: ZoneInfo, place: Place | None) -> IndexArray:
    """Return 0 for workdays, 1 for Saturdays, 2 for Sundays and holidays, of `count` local days from `first` on."""
    midday = datetime.fromtimestamp(first * _DAY_S, UTC).replace(tzinfo=timezone) + 12 * _HOUR
    calendar = local_calendar(TimeGrid(start=midday, step=timedelta(days=1), count=count), timezone, place)
    return np.where(calendar.weekday == _SATURDAY, 1, np.where(calendar.day_off, 2, 0))
