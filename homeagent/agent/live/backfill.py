"""Fills the agent's own store from Home Assistant's recorder: the newest first, in the background, once."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from homeagent.domain.errors import TransientError
from homeagent.domain.grid import slot_start
from homeagent.domain.readings import Reading
from homeagent.domain.wiring import Meters
from homeagent.hass.history import Period, readings_between, statistic_ids
from homeagent.hass.link import Link
from homeagent.store import Store

_LOGGER = logging.getLogger(__name__)

FACT, GAP_FACT = "history", "history_gap"
FINE_DAYS, YEARS_DAYS = 10, 730
CHUNK_DAYS = {"5minute": 2, "hour": 30}
"""So much is asked for at once: some thousand rows."""
PAUSE_S = 0.2
RETRY_S = 30.0
HOUR, FIVE_MINUTES = timedelta(hours=1), timedelta(minutes=5)
COMPILED_S = 20.0
"""So long after their end Home Assistant has compiled its five-minute statistics."""


class Remember(Protocol):
    """Takes what was found; after a milestone the home is worth a new plan."""

    def __call__(self, readings: Sequence[Reading], *, milestone: bool) -> None:
        """Take it in."""


@dataclass(slots=True)
class Progress:
    """How far the filling is, as it is kept in the store. `end` is when the agent began to measure by itself."""

    end: datetime
    fine_from: datetime
    done_from: datetime
    finished: bool = False

    def share(self) -> float:
        """Return how much of it is done, by time."""
        if self.finished:
            return 1.0
        return min((self.end - self.done_from) / timedelta(days=YEARS_DAYS), 1.0)

    def text(self) -> str:
        """Return it as it is kept."""
        stamps = [at.isoformat() for at in (self.end, self.fine_from, self.done_from)]
        return json.dumps([*stamps, self.finished])

    @classmethod
    def of(cls, text: str | None, now: datetime) -> Progress:
        """Return what was kept, or a new beginning."""
        if text is None:
            end = slot_start(now, HOUR)
            return cls(end=end, fine_from=slot_start(end - timedelta(days=FINE_DAYS), HOUR), done_from=end)
        end, fine_from, done_from, finished = json.loads(text)
        parse = datetime.fromisoformat
        return cls(end=parse(end), fine_from=parse(fine_from), done_from=parse(done_from), finished=finished)


class Backfill:
    """Works from the present back into the past, a chunk at a time; each is kept before the next is asked for.

    A later start fills only what was missed while the agent was not running.
    """

    def __init__(self, link: Link, meters: Meters, store: Store, now: datetime, remember: Remember) -> None:
        self.progress = Progress.of(store.fact(FACT), now)
        self._link = link
        self._meters = meters
        self._store = store
        self._remember = remember
        self._empty = 0
        self._gap = _gap(store, now)

    async def run(self) -> None:
        """Fill until there is no more; a lost link or a slow recorder is waited for."""
        while not self.progress.finished or self._gap is not None:
            await self._link.until_up()
            try:
                known = await statistic_ids(self._link)
                await self._fill(known)
                await self._mend(known)
            except TransientError as error:
                _LOGGER.info("history waits: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _mend(self, known: frozenset[str]) -> None:
        """Take over what was measured between the last run and this one."""
        if self._gap is None:
            return
        start, end = self._gap
        worth_a_plan = end - start >= HOUR
        await asyncio.sleep(COMPILED_S)
        while start < end:
            until = min(start + timedelta(days=CHUNK_DAYS["5minute"]), end)
            readings = await readings_between(self._link, self._meters, start, until, "5minute", known)
            self._store.write_readings(readings)
            self._remember(readings, milestone=until == end and worth_a_plan)
            start = until
            self._gap = (start, end)
            self._store.write_fact(GAP_FACT, json.dumps([start.isoformat(), end.isoformat()]))
            self._store.flush()
        _LOGGER.info("what was missed while the agent was not running is taken over from Home Assistant")
        self._gap = None

    async def _fill(self, known: frozenset[str]) -> None:
        oldest = self.progress.end - timedelta(days=YEARS_DAYS)
        while not self.progress.finished:
            period: Period = "5minute" if self.progress.done_from > self.progress.fine_from else "hour"
            end = self.progress.done_from
            start = end - timedelta(days=CHUNK_DAYS[period])
            start = max(start, self.progress.fine_from if period == "5minute" else oldest)
            readings = await readings_between(self._link, self._meters, start, end, period, known)
            if period == "5minute":
                hourly = await readings_between(self._link, self._meters, start, end, "hour", known)
                readings = [*missing_hours(hourly, readings), *readings]
            self._store.write_readings(readings)
            first = self.progress.done_from == self.progress.end
            self.progress.done_from = start
            self._empty = self._empty + 1 if not readings else 0
            self.progress.finished = start <= oldest or (period == "hour" and self._empty >= 2)  # noqa: PLR2004 - two months of nothing
            milestone = first or start == self.progress.fine_from or self.progress.finished
            self._remember(readings, milestone=milestone)
            self._store.write_fact(FACT, self.progress.text())
            self._store.flush()
            await asyncio.sleep(PAUSE_S)
        _LOGGER.info("history is taken over from Home Assistant, back to %s", f"{self.progress.done_from:%Y-%m-%d}")


def missing_hours(hourly: Sequence[Reading], fine: Sequence[Reading]) -> list[Reading]:
    """Return the hours of which nothing finer is known: Home Assistant may be set to forget that sooner."""
    known = {(reading.entity, slot_start(reading.at - reading.over, HOUR)) for reading in fine}
    return [reading for reading in hourly if (reading.entity, slot_start(reading.at - reading.over, HOUR)) not in known]


def _gap(store: Store, now: datetime) -> tuple[datetime, datetime] | None:
    """Return what is still to be taken over from the time between the last run and this one, and note it.

    Before the first run that is the hour that has begun. What Home Assistant keeps no five-minute statistics of any
    more is not asked for.
    """
    kept = store.fact(GAP_FACT)
    start, end = (None, None) if kept is None else (datetime.fromisoformat(text) for text in json.loads(kept))
    if start is None or end is None or start >= end:
        last = store.last_reading_at()
        start = slot_start(now, HOUR) if last is None else slot_start(last, FIVE_MINUTES) + FIVE_MINUTES
    end = slot_start(now, FIVE_MINUTES)
    start = max(start, slot_start(end - timedelta(days=FINE_DAYS), HOUR))
    if start >= end:
        return None
    store.write_fact(GAP_FACT, json.dumps([start.isoformat(), end.isoformat()]))
    return start, end
