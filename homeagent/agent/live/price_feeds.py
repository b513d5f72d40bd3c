"""Where lists of prices come from: entities that show them, and actions that are asked for them."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from homeagent.domain.errors import PermanentError, TransientError
from homeagent.domain.grid import SlotSeries
from homeagent.domain.site import SiteSpec
from homeagent.domain.tariff import ActionFeed, EntityFeed
from homeagent.hass.entities import EntityState
from homeagent.hass.errors import ActionFailedError
from homeagent.sources.price_entries import midnight
from homeagent.sources.price_shapes import read_entity, read_response
from homeagent.sources.price_slots import PricedSlot, PriceShapeError, on_a_grid

_LOGGER = logging.getLogger(__name__)

DAY = timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=30)
SPREAD_S = 90.0
"""Not every home asks at the same second."""
EXCHANGE = ZoneInfo("Europe/Berlin")
"""Whose days Nord Pool's are, wherever the home is."""
SAME = 1e-6


class Ask(Protocol):
    """Sends a command of Home Assistant's websocket, and returns its result."""

    def __call__(self, kind: str, *, timeout_s: float = ..., **data: object) -> Awaitable[Any]:
        """Raise a TransientError where there is no answer."""


class EntityPrices:
    """The newest lists of the entities of one feed."""

    def __init__(self, feed: EntityFeed, timezone: ZoneInfo) -> None:
        self.feed = feed
        self._timezone = timezone
        self._states: dict[str, EntityState] = {}
        self._absent: dict[str, str] = {}

    def see(self, entity: str, state: EntityState | None) -> bool:
        """Take in a changed entity; return whether it may list something new."""
        if state is None or not state.present:
            self._absent[entity] = "gone" if state is None else state.state
            return False
        back = self._absent.pop(entity, None) is not None
        before = self._states.get(entity)
        self._states[entity] = state
        return back or before is None or before.attributes != state.attributes

    def units(self) -> set[object]:
        """Return the units that the entities show."""
        return {state.attributes.get("unit_of_measurement") for state in self._states.values()}

    @property
    def problem(self) -> str | None:
        """Why nothing new can come: none of the entities is there."""
        if not self._absent or len(self._absent) < len(self.feed.entities):
            return None
        return "; ".join(f"{entity} is {how}: no new prices can be read" for entity, how in self._absent.items())

    def read(self) -> tuple[SlotSeries | None, list[str]]:
        """Return what is listed, None before any entity was seen, and what contradicts itself.

        Raises:
            PermanentError: a list cannot be understood.
        """
        if not self._states:
            return None, []
        found: dict[datetime, PricedSlot] = {}
        contradicting: set[str] = set()
        for entity, state in sorted(self._states.items(), key=lambda item: item[1].updated_at):
            for slot in self._slots(entity, state):
                other = found.get(slot.start)
                if other is not None and abs(other.per_kwh - slot.per_kwh) > SAME:
                    contradicting.add(entity)
                found[slot.start] = slot
        if not found:
            raise PriceShapeError(f"{self.feed.name}: lists no price at the moment")
        many = f"contradicts the others of {self.feed.name}; the one written last counts"
        said = [f"{entity} {many}" for entity in sorted(contradicting)]
        return _series(self.feed.name, found), said

    def _slots(self, entity: str, state: EntityState) -> list[PricedSlot]:
        try:
            return read_entity(
                state.attributes,
                timezone=self._timezone,
                as_of=state.updated_at,
                unit=self.feed.unit,
                shape=self.feed.shape,
            )
        except PermanentError as error:
            raise type(error)(f"{entity}: {error}") from error


class ActionPrices:
    """What an action answered: asked for each day when it is published, and with growing pauses until it is there."""

    def __init__(self, feed: ActionFeed, site: SiteSpec) -> None:
        self.feed = feed
        self.failure: str | None = None
        """Why the last call failed; None after one that brought what was wanted."""
        self._site = site
        self._day_zone = EXCHANGE if feed.action.startswith("nordpool.") else site.timezone
        self._late = timedelta(seconds=random.uniform(0, SPREAD_S))  # noqa: S311 - no secret
        self._slots: dict[datetime, PricedSlot] = {}
        self._entry: str | None = None
        self._failures = 0
        self._not_before: datetime | None = None
        self._asking = False

    def due(self, now: datetime) -> bool:
        """Return whether to ask now."""
        waits = self._not_before is not None and timedelta(0) < self._not_before - now <= LONGEST_PAUSE
        return not self._asking and not waits and bool(self._missing(now))

    async def fetch(self, now: datetime, ask: Ask) -> bool:
        """Ask for the days that are missing; return whether anything new came."""
        self._asking, self.failure, before = True, None, dict(self._slots)
        self._not_before = now + FIRST_PAUSE  # whatever comes of it
        try:
            await self._fetch(now, ask)
        except (TransientError, PermanentError) as error:
            self.failure = f"{self.feed.name}: {error}"
            if isinstance(error, ActionFailedError):
                self._entry = None  # it may have been made anew
        finally:
            self._asking = False
        if self._missing(now):
            pause = min(FIRST_PAUSE * 2 ** min(self._failures, 10), LONGEST_PAUSE)
            self._failures, self._not_before = self._failures + 1, now + pause
            _LOGGER.info("%s: not all there yet (%s)", self.feed.name, self.failure or "nothing for a day")
        else:
            self._failures, self._not_before = 0, None
        new = self._slots != before
        self._slots = {start: slot for start, slot in self._slots.items() if start > now - 2 * DAY}
        return new

    def problem(self, now: datetime) -> str | None:
        """Why today's prices are not known; tomorrow's may come late without being a problem yet."""
        today = now.astimezone(self._day_zone).date()
        if not self._asked or today not in self._missing(now):
            return None
        return self.failure or f"{self.feed.name}: has no prices of {today}"

    def read(self) -> SlotSeries | None:
        """Return what was answered, None before anything was.

        Raises:
            PermanentError: the slots fit no grid.
        """
        return _series(self.feed.name, self._slots) if self._slots else None

    @property
    def _asked(self) -> bool:
        return self._failures > 0 or bool(self._slots)

    def _missing(self, now: datetime) -> list[date]:
        """Return the days that should be known by now and are not."""
        today = now.astimezone(self._day_zone).date()
        clock = self._site.prices.published_at
        published = datetime.combine(today, clock, self._site.timezone).astimezone(UTC) + self._late
        days = [today, today + DAY] if now >= published else [today]
        return [day for day in days if not self._knows(day)]

    def _knows(self, day: date) -> bool:
        """Return whether a day's afternoon is known: a list may stop before midnight."""
        noon, end = midnight(day, self._day_zone) + DAY / 2, midnight(day + DAY, self._day_zone)
        return any(noon <= start < end for start in self._slots)

    async def _fetch(self, now: datetime, ask: Ask) -> None:
        calls = [await self._data(day, ask) for day in self._missing(now)] if self._by_day else [self._span(now)]
        for data in calls:
            domain, _, service = self.feed.action.partition(".")
            answer = await ask("call_service", domain=domain, service=service, service_data=data, return_response=True)
            for slot in read_response(self.feed, answer["response"]):
                self._slots[slot.start] = slot

    @property
    def _by_day(self) -> bool:
        return self.feed.action.startswith("nordpool.")

    async def _data(self, day: date, ask: Ask) -> Mapping[str, object]:
        """Return what Nord Pool is asked for a day; its entry is looked up where it is not configured."""
        data = dict(self.feed.data) | {"date": day.isoformat()}
        if "config_entry" not in data:
            if self._entry is None:
                entries = await ask("config_entries/get", domain="nordpool")
                if not entries:
                    raise PriceShapeError("Home Assistant has no Nord Pool integration; add it there")
                loaded = [entry for entry in entries if entry.get("state", "loaded") == "loaded"]
                self._entry = str((loaded or entries)[0]["entry_id"])
            data["config_entry"] = self._entry
        return data

    def _span(self, now: datetime) -> Mapping[str, object]:
        """Return today and tomorrow where the action takes a span; else what is configured."""
        if self.feed.action != "tibber.get_prices":
            return self.feed.data
        today = now.astimezone(self._site.timezone).date()
        start, end = (
            midnight(day, self._site.timezone).astimezone(self._site.timezone) for day in (today, today + 2 * DAY)
        )
        return {"start": start.isoformat(), "end": end.isoformat(), **self.feed.data}


def _series(name: str, slots: Mapping[datetime, PricedSlot]) -> SlotSeries:
    try:
        return on_a_grid([slots[start] for start in sorted(slots)])
    except PriceShapeError as error:
        raise PriceShapeError(f"{name}: {error}") from error
