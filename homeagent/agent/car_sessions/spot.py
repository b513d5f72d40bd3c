"""Spot prices as they become known: a day ahead, the rest estimated."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, require_utc
from homeagent.domain.site import Place
from homeagent.forecasting.prices import AHEAD_DAYS, learn_prices, price_curve

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEARNED_FROM = timedelta(days=70)
SPREAD_FROM = timedelta(days=364)


class SpotAsKnown:
    """Hourly prices of which tomorrow's local day is known from `published` on."""

    def __init__(
        self, grid: TimeGrid, per_kwh: FloatArray, timezone: ZoneInfo, place: Place | None, published: time = time(13)
    ) -> None:
        self._grid, self._per_kwh = grid, per_kwh
        self._timezone, self._place, self._published = timezone, place, published
        self._estimates: dict[datetime, FloatArray] = {}

    def next_news(self, at: datetime) -> datetime:
        """Return when the next prices are published after `at`, up to the clock hour."""
        day = at.astimezone(self._timezone).date()
        news = [self._local(day + ahead * DAY, self._published) for ahead in (0, 1)]
        return news[bisect_right(news, at)]

    def known_until(self, at: datetime) -> datetime:
        """Return the end of the last published day at `at`."""
        day = at.astimezone(self._timezone).date()
        ahead = 2 if at >= self._local(day, self._published) else 1
        return self._local(day + ahead * DAY, time(0))

    def seen(self, at: datetime, start: datetime, count: int) -> FloatArray:
        """Return prices of `count` hours from `start`, as they are known or estimated at `at`."""
        until = self.known_until(at)
        known = min(max((until - start) // HOUR, 0), count)
        prices = np.concatenate([self.real(start, known), self._estimated(until)[: count - known]])
        prices = np.append(prices, np.full(count - len(prices), prices[-24:].mean()))
        gaps = np.isnan(prices)
        return np.where(gaps, prices[~gaps].mean() if not gaps.all() else 0.0, prices)

    def real(self, start: datetime, count: int) -> FloatArray:
        """Return what the prices really were; NaN outside the file."""
        at = (start - self._grid.start) // HOUR + np.arange(count)
        inside = (at >= 0) & (at < self._grid.count)
        return np.where(inside, self._per_kwh[at.clip(0, self._grid.count - 1)], np.nan)

    def year_before(self, at: datetime) -> FloatArray:
        """Return the prices of the last 364 whole days known at `at`; none where the file begins later."""
        until = self.known_until(at)
        prices = self.real(until - SPREAD_FROM, SPREAD_FROM // HOUR)
        return prices if not np.isnan(prices).all() else np.zeros(0)

    def _estimated(self, until: datetime) -> FloatArray:
        """Return estimates of the hours from `until` on, learned from what was known then."""
        if until not in self._estimates:
            past = TimeGrid(start=until - LEARNED_FROM, step=HOUR, count=LEARNED_FROM // HOUR)
            ahead = TimeGrid(start=until, step=HOUR, count=(AHEAD_DAYS - 1) * 24)
            prices = self.real(past.start, past.count)
            nothing = np.full(ahead.count, np.nan)
            exports = np.full(past.count, np.nan)
            learned = learn_prices(prices, exports, past, self._timezone, self._place)
            self._estimates[until] = price_curve(nothing, nothing, ahead, learned, self._timezone).import_per_kwh
        return self._estimates[until]

    def _local(self, day: date, at: time) -> datetime:
        return require_utc(datetime.combine(day, at, self._timezone)).astimezone(UTC)
