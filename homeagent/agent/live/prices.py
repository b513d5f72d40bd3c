"""A home's prices as they are published: read from Home Assistant, and put together as its tariff says."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from homeagent.agent.live.price_feeds import ActionPrices, Ask, EntityPrices
from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import SlotSeries
from homeagent.domain.ports import Clock
from homeagent.domain.price_unit import currency_of
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.site import SiteSpec
from homeagent.domain.tariff import ActionFeed, EntityFeed, PriceFeed
from homeagent.domain.wiring import PriceWiring
from homeagent.hass.entities import EntityState
from homeagent.sources.dispatches import dispatched, is_dispatching
from homeagent.sources.price_doubts import doubt, upside_down
from homeagent.sources.price_entries import midnight
from homeagent.sources.tariff import published

_LOGGER = logging.getLogger(__name__)

DAY = timedelta(days=1)
DAYS_AHEAD = 8
"""So far a tariff that needs no list is told ahead: each weekday once."""
LATE = timedelta(hours=2)
"""Tomorrow's prices that are missing so long after their time are a problem."""


class LivePrices:
    """Keeps what the tariff is made of, newest first. `problems` says what of it is missing, stale or doubtful."""

    def __init__(self, wiring: PriceWiring, site: SiteSpec, clock: Clock) -> None:
        self._wiring = wiring
        self._site = site
        self._clock = clock
        self._entities = {f: EntityPrices(f, site.timezone) for f in wiring.feeds() if isinstance(f, EntityFeed)}
        self._actions = {f: ActionPrices(f, site) for f in wiring.feeds() if isinstance(f, ActionFeed)}
        self._spots: dict[PriceFeed, SlotSeries] = {}
        self._wrong: dict[PriceFeed, str] = {}
        self._said: list[str] = []
        self._doubtful: str | None = None
        self._means: dict[PriceFeed, float] = {}
        self._dispatches: Mapping[str, Any] = {}
        giving = wiring.imports.dispatches
        self._no_dispatches = None if giving is None else f"{giving.entity} is not there: cheap slots are not known"
        self._new = True
        self._told_on: datetime | None = None
        self._last: PublishedPrices | None = None

    def see(self, entity: str, state: EntityState | None) -> bool:
        """Take in a changed entity; return whether it may have published something."""
        seen = [feed.see(entity, state) for feed in self._entities.values() if entity in feed.feed.entities]
        if self._wiring.imports.dispatches is not None and entity == self._wiring.imports.dispatches.entity:
            seen.append(self._see_dispatches(entity, state))
        self._new |= any(seen)
        return any(seen)

    async def fetch(self, ask: Ask) -> bool:
        """Ask the actions that are due; return whether anything new came."""
        now = self._clock.now()
        came = [await action.fetch(now, ask) for action in self._actions.values() if action.due(now)]
        self._new |= any(came)
        return any(came)

    def due(self) -> bool:
        """Return whether an action is to be asked now."""
        return any(action.due(self._clock.now()) for action in self._actions.values())

    def published(self) -> PublishedPrices | None:
        """Return what is new since the last call, None if nothing is."""
        now = self._clock.now()
        today = midnight(now.astimezone(self._site.timezone).date(), self._site.timezone)
        if not self._new and self._told_on == today:
            return None
        self._new, self._told_on = False, today
        self._read()
        if any(feed not in self._spots for feed in self._wiring.feeds()):
            return None
        found = published(
            self._wiring.imports,
            self._wiring.exports,
            spots=self._spots,
            dispatched=dispatched(self._dispatches),
            window=(today, today + DAYS_AHEAD * DAY),
            timezone=self._site.timezone,
        )
        if np.isnan(found.import_per_kwh).all():
            return None
        self._doubtful = upside_down(found.import_per_kwh, found.export_per_kwh)
        if self._last is not None and _equal(found, self._last):
            return None
        self._last = found
        return found

    def problems(self) -> list[str]:
        """Return each thing that is wrong with the prices, by name."""
        now = self._clock.now()
        found = [feed.problem for feed in self._entities.values()]
        found += [action.problem(now) for action in self._actions.values()]
        found += [self._no_dispatches, *self._wrong.values(), *self._said, self._doubtful]
        there = [text for text in found if text is not None]
        for feed in self._wiring.feeds():
            if feed in self._spots:
                there += self._stale(feed, self._spots[feed], now)
            elif not there:
                there.append(f"no prices of {feed.name} yet")
        return there

    def _read(self) -> None:
        """Bring the lists up to date; one that cannot be understood or believed leaves the last good one in place."""
        self._said = []
        for feed in self._wiring.feeds():
            try:
                self._take(feed)
                self._wrong.pop(feed, None)
            except PermanentError as error:
                self._wrong[feed] = str(error)

    def _take(self, feed: PriceFeed) -> None:
        if isinstance(feed, ActionFeed):
            series = self._actions[feed].read()
        else:
            series, said = self._entities[feed].read()
            self._said += said + self._other_money(feed)
        if series is None:
            return
        why = doubt(series.values, self._site.currency, self._means.get(feed))
        if why is not None and feed.unit is None:
            raise PermanentError(f"{feed.name}: {why}. Its prices are not used")
        values = series.values[~np.isnan(series.values)]
        if len(values):
            self._means[feed] = float(np.abs(values).mean())
        self._spots[feed] = series

    def _other_money(self, feed: EntityFeed) -> list[str]:
        """Say where an entity's money is not the home's."""
        units = {currency_of(unit) for unit in self._entities[feed].units()} if feed.unit is None else set()
        own = self._site.currency
        return [f"{feed.name} is in {unit}, the home's money is {own}" for unit in sorted(units - {None, own}, key=str)]

    def _stale(self, feed: PriceFeed, series: SlotSeries, now: datetime) -> list[str]:
        grid, known = series.grid, ~np.isnan(series.values)
        until = grid.at(int(np.flatnonzero(known)[-1]) + 1) if known.any() else grid.start
        zone = self._site.timezone
        if until <= now:
            return [f"{feed.name} ends at {until.astimezone(zone):%Y-%m-%d %H:%M}; prices since are estimated"]
        found = []
        if grid.start <= now and not known[grid.index_of(now)]:
            found.append(f"{feed.name} has a gap now; its price is estimated")
        today = now.astimezone(zone).date()
        expected = datetime.combine(today, self._site.prices.published_at, zone).astimezone(UTC)
        noon_tomorrow = midnight(today + DAY, zone) + DAY / 2
        if self._site.prices.known == "day_ahead" and now >= expected + LATE and until <= noon_tomorrow:
            found.append(f"{feed.name}: tomorrow's prices should be there since {expected.astimezone(zone):%H:%M}")
        return found

    def _see_dispatches(self, entity: str, state: EntityState | None) -> bool:
        if state is None or not state.present:
            self._no_dispatches = f"{entity} is {'gone' if state is None else state.state}: cheap slots are not known"
        elif not is_dispatching(state.attributes):
            self._no_dispatches = f"{entity} has no planned_dispatches; it gives no cheap slots away"
        else:
            self._no_dispatches = None
        before, self._dispatches = self._dispatches, {} if state is None else state.attributes
        return dispatched(before) != dispatched(self._dispatches)


def _equal(one: PublishedPrices, other: PublishedPrices) -> bool:
    return (
        one.grid == other.grid
        and np.array_equal(one.import_per_kwh, other.import_per_kwh, equal_nan=True)
        and np.array_equal(one.export_per_kwh, other.export_per_kwh, equal_nan=True)
    )
