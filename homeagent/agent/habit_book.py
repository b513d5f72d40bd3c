"""A home's habits as the page asks for them: read from the past once a day, when somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta

import numpy as np

from homeagent.agent.price_book import KEEP as KEEP_PRICES
from homeagent.agent.price_book import PriceBook
from homeagent.domain.grid import BoolArray, TimeGrid, slot_start
from homeagent.domain.habits import DAY_KINDS, Habits, NotSeen, UsualTime
from homeagent.domain.history import History
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.habit_words import sentences
from homeagent.forecasting.habits import habits_of

HOUR = timedelta(hours=1)


class HabitBook:
    """Habits of a running home. `past` gives what was measured up to a time, `away` when nobody was there."""

    def __init__(
        self,
        site: SiteSpec,
        past: Callable[[datetime], History],
        away: Callable[[TimeGrid], BoolArray],
        prices: PriceBook,
    ) -> None:
        self._site, self._past, self._away, self._prices = site, past, away, prices
        self._day: date | None = None
        self._told: Mapping[str, object] = {}

    def told(self, now: datetime) -> Mapping[str, object]:
        """Return the habits of today, JSON-ready."""
        today = now.astimezone(self._site.timezone).date()
        if today != self._day:
            history = self._past(slot_start(now, HOUR))
            calendar = local_calendar(history.grid, self._site.timezone, self._site.place)
            price = mean_price(self._prices, now)
            self._told = told(
                habits_of(history.load_kw, calendar, self._away(history.grid)), price, self._site.currency
            )
            self._day = today
        return self._told


def mean_price(prices: PriceBook, now: datetime) -> float | None:
    """Return what a kWh cost in the mean of the days that prices are kept for, None where that is not known."""
    end = slot_start(now, HOUR)
    imports, _ = prices.on(TimeGrid(start=end - KEEP_PRICES, step=HOUR, count=KEEP_PRICES // HOUR))
    known = imports[~np.isnan(imports)]
    return float(known.mean()) if len(known) else None


def told(habits: Habits, import_price_per_kwh: float | None, currency: str) -> dict[str, object]:
    """Return habits with their sentences, JSON-ready; weekdays begin with Monday, hours are local."""
    return {
        "days": habits.days,
        "sentences": sentences(habits, import_price_per_kwh, currency),
        "times": {
            kind: {moment: _time(time) for moment, time in times.items()} for kind, times in habits.times.items()
        },
        "standby_kw": _rounded(habits.standby_kw),
        "kwh_per_day": {kind: _rounded(habits.kwh_per_day.get(kind)) for kind in DAY_KINDS},
        "typical_kw": [[_rounded(None if np.isnan(kw) else float(kw)) for kw in row] for row in habits.typical_kw],
        "appliances": [
            {**asdict(one), "usual_start": _time(one.usual_start), "usual_weekdays": list(one.usual_weekdays)}
            for one in habits.appliances
        ],
    }


def _time(time: UsualTime | NotSeen) -> dict[str, object]:
    if isinstance(time, NotSeen):
        return {
            "hour": None,
            "spread_hours": None,
            "seen_days": None,
            "of_days": None,
            "moved": None,
            "why": time.reason,
        }
    shift = time.shift
    moved = None if shift is None else {"since": shift.since.isoformat(), "before_hour": round(shift.before_hour, 2)}
    return {
        "hour": round(time.hour, 2),
        "spread_hours": round(time.spread_hours, 2),
        "seen_days": time.days,
        "of_days": time.of_days,
        "moved": moved,
        "why": None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
