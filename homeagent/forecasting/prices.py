"""Prices beyond what is published: the mean of the same local time on recent days, marked as estimated."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.prices import PriceCurve
from homeagent.forecasting.calendar import same_time_on_earlier_days

DAYS = 7


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


def price_curve(
    past_import: FloatArray,
    past_export: FloatArray,
    known_import: FloatArray,
    known_export: FloatArray,
    past_grid: TimeGrid,
    grid: TimeGrid,
    timezone: ZoneInfo,
) -> PriceCurve:
    """Return prices for every slot of `grid`, which starts where `past_grid` ends; NaN is estimated."""
    unknown = np.isnan(known_import) | np.isnan(known_export)
    first_unknown = int(np.argmax(unknown)) if unknown.any() else grid.count
    known_until: datetime = grid.at(first_unknown)
    return PriceCurve(
        grid=grid,
        import_per_kwh=estimate(past_import, known_import, past_grid, grid, timezone),
        export_per_kwh=estimate(past_export, known_export, past_grid, grid, timezone),
        estimated=unknown,
        known_until=known_until,
    )


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
