"""The home's local clock, in slots of UTC: the same time of day on earlier days, across days of 23 and 25 hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.site import Place
from homeagent.forecasting.public_holidays import holidays_of
from homeagent.forecasting.sun import sun_height

IndexArray: TypeAlias = npt.NDArray[np.intp]

_HOUR_S = 3600
_DAY_S = 86400
_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3
_SATURDAY = 5


@lru_cache(maxsize=8192)
def _utc_offset_s(at_s: int, timezone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(at_s, UTC).astimezone(timezone).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def utc_offsets_s(grid: TimeGrid, timezone: ZoneInfo) -> IndexArray:
    """Return the zone's offset from UTC at each slot, shape (count,) [s]."""
    if not grid.count:
        return np.array([], dtype=np.intp)
    starts = int(grid.start.timestamp()) + np.arange(grid.count) * int(grid.step.total_seconds())
    first_day = int(starts[0]) // _DAY_S
    days = [_utc_offset_s(day * _DAY_S, timezone) for day in range(first_day, int(starts[-1]) // _DAY_S + 2)]
    offsets = np.array(days, dtype=np.intp)[starts // _DAY_S - first_day]
    for day in (first_day + k for k in range(len(days) - 1) if days[k] != days[k + 1]):
        for slot in np.flatnonzero(starts // _DAY_S == day):  # the clock changes on this day
            offsets[slot] = _utc_offset_s(int(starts[slot]) // _HOUR_S * _HOUR_S, timezone)
    return offsets


def same_time_on_earlier_days(past: TimeGrid, future: TimeGrid, days: int, timezone: ZoneInfo) -> IndexArray:
    """Return for each future slot where the same local time stands on earlier days, shape (days, future.count).

    Row k holds the k-th latest day on which that time of day has passed, counted from the first future slot: beyond
    24 hours ahead each row goes one day further back. `past` ends where `future` starts and has the same step. Indices
    count in `past`; what lies before it is -1. For a wall time that a day skipped the hour after it stands.
    """
    step_s = int(future.step.total_seconds())
    per_day = _DAY_S // step_s
    ahead = np.arange(future.count)
    back = np.arange(1, days + 1)[:, None] + ahead // per_day
    index = past.count + ahead - back * per_day
    offsets = np.concatenate([utc_offsets_s(past, timezone), utc_offsets_s(future, timezone)])
    shift = (offsets[past.count + ahead] - offsets[np.maximum(index, 0)]) // step_s
    index = np.where(index >= 0, index + shift, -1)
    return np.where(index < past.count, index, index - per_day * (index >= past.count)).clip(min=-1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalCalendar:
    """What a calendar and the sun say of each slot of `grid`, each of shape (count,)."""

    grid: TimeGrid
    offset_s: IndexArray
    day_share: FloatArray
    weekday: IndexArray
    day_off: BoolArray
    year_share: FloatArray
    sun_height: FloatArray


def local_calendar(grid: TimeGrid, timezone: ZoneInfo, place: Place | None) -> LocalCalendar:
    """Return a home's calendar. Without a place the sun stands over its zone's meridian, and no holiday is kept."""
    offset_s = utc_offsets_s(grid, timezone)
    start_s = int(grid.start.timestamp()) + np.arange(grid.count) * int(grid.step.total_seconds())
    day, second = np.divmod(start_s + offset_s, _DAY_S)
    weekday = (day + _EPOCH_WEEKDAY) % 7
    off = weekday >= _SATURDAY
    if place is not None and place.country is not None and grid.count:
        off |= np.isin(day, _holidays(place.country, int(day[0]), int(day[-1])))
    if place is None:
        zone_h = float(np.median(offset_s)) / _HOUR_S if grid.count else 0.0
        place = Place(latitude_deg=45.0, longitude_deg=15 * zone_h)
    return LocalCalendar(
        grid=grid,
        offset_s=offset_s,
        day_share=(second + grid.step.total_seconds() / 2) / _DAY_S,
        weekday=weekday,
        day_off=off,
        year_share=day % 365.25 / 365.25,
        sun_height=sun_height(grid, place),
    )


def _holidays(country: str, first: int, last: int) -> list[int]:
    years = range((date.fromordinal(first + _EPOCH)).year, date.fromordinal(last + _EPOCH).year + 1)
    return [day.toordinal() - _EPOCH for year in years for day in holidays_of(country, year)]
