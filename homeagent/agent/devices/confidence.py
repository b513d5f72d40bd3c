"""What it costs to meet a car's learned departures more surely, from its own stays at the home's own prices."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from homeagent.agent.car_sessions.confidence import price_of_confidence
from homeagent.agent.car_sessions.spot import SpotAsKnown
from homeagent.agent.price_book import KEEP, PriceBook
from homeagent.domain.car_sessions import CarSession
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.site import SiteSpec
from homeagent.domain.wishes import CarWish
from homeagent.forecasting.car_habits import FEW
from homeagent.simulation.session_file import UserSession

HOUR = timedelta(hours=1)
LOOKED_BACK = timedelta(days=30)
"""The prices before them say what waiting usually saves."""


class ConfidenceTeller:
    """Says for each car what half the risk would cost; worked out anew once a local day, when somebody looks."""

    def __init__(self, site: SiteSpec, prices: PriceBook) -> None:
        self._site, self._prices = site, prices
        self._told: dict[str, tuple[date, str | None]] = {}

    def told(self, car: CarSpec, wish: CarWish, stays: Sequence[CarSession], now: datetime) -> str | None:
        """Return the sentence, None where a departure is configured or too few stays are known."""
        today = now.astimezone(self._site.timezone).date()
        if self._told.get(car.name, (None, None))[0] != today:
            self._told[car.name] = today, self._worked_out(car, wish, stays, now)
        return self._told[car.name][1]

    def _worked_out(self, car: CarSpec, wish: CarWish, stays: Sequence[CarSession], now: datetime) -> str | None:
        end = slot_start(now, HOUR)
        recent = [one for one in stays if one.plug_in >= end - LOOKED_BACK and one.energy_kwh > 0]
        if wish.ready_by_min is not None or len(recent) < FEW:
            return None
        grid = TimeGrid(start=end - KEEP, step=HOUR, count=KEEP // HOUR)
        imports, _ = self._prices.on(grid)
        if np.isnan(imports[-(LOOKED_BACK // HOUR) :]).any():
            return None
        spot = SpotAsKnown(grid, imports, self._site.timezone, self._site.place, self._site.prices.published_at)
        mine = tuple(UserSession(session_id=str(n), user=car.name, stay=one) for n, one in enumerate(recent))
        found = price_of_confidence(
            mine,
            spot,
            self._site.timezone,
            power_kw=car.max_charge_kw,
            now=wish.confidence,
            more=1 - (1 - wish.confidence) / 2,
            currency=self._site.currency,
        )
        return None if found is None else str(found)
