"""A home's prices put together from what its tariff is made of, on the finest grid that any part needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, SlotSeries, TimeGrid
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.tariff import PriceFeed, RateTable, Tariff

STEPS = tuple(timedelta(minutes=minutes) for minutes in (60, 30, 15, 5))
BACK = timedelta(days=3)
DISPATCH_STEP = timedelta(minutes=15)

Spots: TypeAlias = Mapping[PriceFeed, SlotSeries]
Window: TypeAlias = tuple[datetime, datetime]


def published(
    imports: Tariff,
    exports: Tariff,
    *,
    spots: Spots,
    dispatched: Sequence[Window],
    window: Window,
    timezone: ZoneInfo,
) -> PublishedPrices:
    """Return both prices wherever a spot price is listed, and in `window` too where importing needs none.

    What lies more than `BACK` before the window is left out: a list that nobody renews must not grow with its age.
    `spots` are in currency per kWh; `dispatched` are the windows that the tariff gives away.
    """
    starts = [series.grid.start for series in spots.values()]
    ends = [series.grid.end for series in spots.values()]
    if imports.spot is None:
        starts.append(window[0])
        ends.append(window[1])
    market = imports.spot or exports.none_when_negative or exports.spot
    start = max(min(starts), window[0] - BACK)
    grid = grid_for((imports, exports), spots, start, max(*ends, start), timezone)
    return PublishedPrices(
        grid=grid,
        import_per_kwh=compose(imports, spots, dispatched, grid, timezone),
        export_per_kwh=compose(exports, spots, dispatched, grid, timezone),
        spot_per_kwh=None if market is None else _on(grid, spots.get(market)),
    )


def grid_for(tariffs: Sequence[Tariff], spots: Spots, start: datetime, end: datetime, timezone: ZoneInfo) -> TimeGrid:
    """Return the coarsest grid on which no part of the tariffs changes inside a slot."""
    minutes = {rate.from_minute for tariff in tariffs for table in tariff.tables() for rate in table}
    minutes |= {rate.to_minute for tariff in tariffs for table in tariff.tables() for rate in table}
    marks = [timedelta(minutes=minute) for minute in minutes]
    marks += [series.grid.step for series in spots.values()]
    marks += [_of_day(series.grid.start) for series in spots.values()]
    marks += [at.astimezone(timezone).utcoffset() or timedelta(0) for at in (start, end)] if minutes else []
    if any(tariff.dispatches is not None for tariff in tariffs):
        marks.append(DISPATCH_STEP)
    step = next((step for step in STEPS if not any(mark % step for mark in marks)), STEPS[-1])
    first = start - _of_day(start) % step
    return TimeGrid(start=first, step=step, count=-((first - end) // step))


def compose(
    tariff: Tariff, spots: Spots, dispatched: Sequence[Window], grid: TimeGrid, timezone: ZoneInfo
) -> FloatArray:
    """Return one direction's price on `grid` [currency/kWh], NaN where it is not known; shape (count,)."""
    local = [at.astimezone(timezone) for at in grid.starts()]
    if tariff.spot is None:
        energy = _rates(tariff.rates, local)
    else:
        included = 1 + tariff.vat if tariff.spot_includes_vat else 1.0
        energy = _on(grid, spots.get(tariff.spot)) / included
    price = energy * tariff.factor * (1 + tariff.share) + tariff.per_kwh
    if tariff.dispatches is not None:
        cheap = tariff.dispatches.per_kwh
        starts = grid.starts()  # wall-clock times cannot be added to
        inside = np.array([any(start <= at and at + grid.step <= end for start, end in dispatched) for at in starts])
        price = np.where(inside, np.fmin(price, cheap), price)
    for fee in tariff.fees:
        price = price + _rates(fee.table, local)
    price = price * (1 + tariff.vat)
    if tariff.none_when_negative is not None:
        market = _on(grid, spots.get(tariff.none_when_negative))
        price = np.where(np.isnan(market), np.nan, np.where(market < 0, 0.0, price))
    return price


def _of_day(at: datetime) -> timedelta:
    at = at.astimezone(UTC)
    return at - at.replace(hour=0, minute=0, second=0, microsecond=0)


def _rates(table: RateTable, local: Sequence[datetime]) -> FloatArray:
    """Return the first rate that holds at each local time; NaN where none does."""
    values = [next((rate.per_kwh for rate in table if rate.holds(at)), np.nan) for at in local]
    return np.array(values, dtype=np.float64)


def _on(grid: TimeGrid, series: SlotSeries | None) -> FloatArray:
    """Return a coarser or equal series on `grid`, NaN outside it."""
    if series is None:
        return np.full(grid.count, np.nan)
    ahead_s, own_s = (int(span.total_seconds()) for span in (grid.start - series.grid.start, series.grid.step))
    index = (ahead_s + np.arange(grid.count) * int(grid.step.total_seconds())) // own_s
    known = (index >= 0) & (index < series.grid.count)
    return np.where(known, series.values[np.where(known, index, 0)], np.nan)
