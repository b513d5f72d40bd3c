"""What a configuration says of prices, in words, and held against what Home Assistant shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeagent.agent.live.prices import LivePrices
from homeagent.domain.errors import Issue, PermanentError
from homeagent.domain.site import SiteSpec
from homeagent.domain.tariff import EntityFeed
from homeagent.domain.wiring import PriceWiring
from homeagent.hass.entities import EntityState
from homeagent.hass.inspection import HomeAssistantFacts
from homeagent.sources.dispatches import is_dispatching
from homeagent.sources.price_shapes import read_entity
from homeagent.sources.tariff_words import told


@dataclass(frozen=True, slots=True)
class _At:
    """A clock that stands."""

    at: datetime

    def now(self) -> datetime:
        """Return its time."""
        return self.at


def tariff_lines(wiring: PriceWiring, site: SiteSpec) -> Iterator[str]:
    """Yield how each price comes about."""
    yield from told("import price", wiring.imports, site.currency, site.timezone)
    yield from told("export price", wiring.exports, site.currency, site.timezone)


def price_issues(wiring: PriceWiring, site: SiteSpec, facts: HomeAssistantFacts) -> Iterator[Issue]:
    """Yield each entity whose prices cannot be read; one that is absent is judged when it comes."""
    for path, tariff in (("prices.import", wiring.imports), ("prices.export", wiring.exports)):
        for feed in tariff.feeds():
            for entity in feed.entities if isinstance(feed, EntityFeed) else ():
                state = facts.states.get(entity)
                if isinstance(feed, EntityFeed) and state is not None and state.present:
                    yield from _listing(path, feed, state, site)
        giving = None if tariff.dispatches is None else facts.states.get(tariff.dispatches.entity)
        if giving is not None and giving.present and not is_dispatching(giving.attributes):
            message = f"{giving.entity_id} has no planned_dispatches"
            yield Issue(path=f"{path}.dispatches", message=message, remedy="name the entity that tells them")


def _listing(path: str, feed: EntityFeed, state: EntityState, site: SiteSpec) -> Iterator[Issue]:
    try:
        read_entity(state.attributes, timezone=site.timezone, as_of=state.updated_at, unit=feed.unit, shape=feed.shape)
    except PermanentError as error:
        remedy = "name the entity that lists the prices, or describe its list; see docs/tariffs.md"
        yield Issue(path=path, message=f"{state.entity_id}: {error}", remedy=remedy)


def price_lines(wiring: PriceWiring, site: SiteSpec, facts: HomeAssistantFacts, now: datetime) -> Iterator[str]:
    """Yield what the entities' lists come to now; actions are asked by the running agent alone."""
    prices = LivePrices(wiring, site, _At(now))
    for entity in sorted(wiring.entities()):
        prices.see(entity, facts.states.get(entity))
    found = prices.published()
    if found is not None and found.grid.start <= now < found.grid.end:
        slot = found.grid.index_of(now)
        minutes = found.grid.step // timedelta(minutes=1)
        buy, sell = found.import_per_kwh[slot], found.export_per_kwh[slot]
        yield f"prices now: import {buy:.4f}, export {sell:.4f} {site.currency}/kWh, in slots of {minutes} minutes"
    for problem in prices.problems():
        yield f"prices: {problem}"
