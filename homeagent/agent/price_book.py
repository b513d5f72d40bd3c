"""Every price that was published, for as long as estimates need it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.prices import PriceCurve, PublishedPrices
from homeagent.domain.site import Place
from homeagent.forecasting.price_days import PriceDays
from homeagent.forecasting.prices import learn_prices, price_curve, typical

TYPICAL_DAYS = 14
KEEP = timedelta(days=42)
"""What estimates are learned from."""
SAME_PER_KWH = 1e-9
HOUR = timedelta(hours=1)
STEP = timedelta(minutes=5)
"""Prices are kept in the finest slots that any tariff has."""


class PriceBook:
    """Prices by slot, whatever the step they were published in."""

    def __init__(self, timezone: ZoneInfo, place: Place | None = None) -> None:
        self._timezone = timezone
        self._place = place
        self._start: datetime | None = None
        self._import = np.array([])
        self._export = np.array([])
        self._estimates: PriceDays | None = None
        self._learned = False
        self.step: timedelta | None = None
        """The finest step that prices were published in, None before the first were."""

    def add(self, prices: PublishedPrices) -> None:
        """Remember what was published; later prices of a slot replace earlier ones, a gap replaces nothing."""
        step = prices.grid.step
        self.step = step if self.step is None else min(self.step, step)
        oldest = prices.grid.start if self._start is None else max(self._start, prices.grid.start - KEEP)
        oldest = min(oldest, prices.grid.start)
        end = max(prices.grid.end, self._end)
        grid = TimeGrid(start=oldest, step=STEP, count=(end - oldest) // STEP)
        kept = self.on(grid)
        first = (prices.grid.start - oldest) // STEP
        index = slice(first, first + prices.grid.count * (step // STEP))
        for target, source in zip(kept, (prices.import_per_kwh, prices.export_per_kwh), strict=True):
            fine = np.repeat(source, step // STEP)
            target[index] = np.where(np.isnan(fine), target[index], fine)
        self._start, (self._import, self._export) = oldest, kept
        self._learned = False

    def knows(self, prices: PublishedPrices, since: datetime) -> bool:
        """Return whether nothing that was published for `since` and later is new."""
        given = np.array([prices.import_per_kwh, prices.export_per_kwh])
        to_come = np.array([start + prices.grid.step > since for start in prices.grid.starts()], dtype=bool)
        same = np.isnan(given) | np.isclose(given, np.array(self.on(prices.grid)), rtol=0.0, atol=SAME_PER_KWH)
        return bool((same | ~to_come).all())

    @property
    def _end(self) -> datetime:
        return datetime.min.replace(tzinfo=UTC) if self._start is None else self._start + len(self._import) * STEP

    def on(self, grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
        """Return import and export prices on `grid`, each of shape (count,); a slot not known whole is NaN."""
        inside = max(grid.step // STEP, 1)
        if self._start is None:
            return np.full(grid.count, np.nan), np.full(grid.count, np.nan)
        ahead = (grid.start - self._start) // STEP
        index = ahead + np.arange(grid.count * inside)
        known = (index >= 0) & (index < len(self._import))
        index = np.where(known, index, 0)
        imports, exports = (
            np.where(known, values[index], np.nan).reshape(grid.count, inside).mean(axis=1)
            for values in (self._import, self._export)
        )
        return imports, exports

    def curve(self, grid: TimeGrid) -> PriceCurve:
        """Return prices for every slot of `grid`, estimated beyond what is published."""
        imports, exports = self.on(grid)
        unknown = bool(np.isnan(imports + exports).any())
        return price_curve(imports, exports, grid, self._learn() if unknown else None, self._timezone)

    def _learn(self) -> PriceDays | None:
        """Return what recent days say of those to come; learned once after each publication."""
        if not self._learned and self._start is not None:
            step = min(self.step or HOUR, HOUR)
            end = slot_start(self._end, step)
            start = max(slot_start(self._start, step), end - KEEP)
            grid = TimeGrid(start=start, step=step, count=(end - start) // step)
            self._estimates = learn_prices(*self.on(grid), grid, self._timezone, self._place) if grid.count else None
            self._learned = True
        return self._estimates

    def typical_day(self, grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
        """Return mean import and export prices of recent days at the local times of `grid`, each of shape (count,)."""
        past = _days_before(grid, TYPICAL_DAYS)
        imports, exports = (
            typical(before, known, past, grid, self._timezone, TYPICAL_DAYS)
            for before, known in zip(self.on(past), self.on(grid), strict=True)
        )
        return imports, exports

    def at(self, when: datetime) -> tuple[float, float] | None:
        """Return the prices that hold at `when`, None where they are unknown."""
        if self._start is None:
            return None
        index = (when - self._start) // STEP
        if not 0 <= index < len(self._import):
            return None
        buy, sell = float(self._import[index]), float(self._export[index])
        return None if np.isnan(buy) or np.isnan(sell) else (buy, sell)


def _days_before(grid: TimeGrid, days: int) -> TimeGrid:
    """Return the days before `grid`, with room for those whose clock changed."""
    start = grid.start - timedelta(days=days + 3)
    return TimeGrid(start=start, step=grid.step, count=(grid.start - start) // grid.step)
