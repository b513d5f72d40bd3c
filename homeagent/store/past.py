"""What the store gives back of what was written."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest

from homeagent.domain.anomaly import Anomaly
from homeagent.domain.command import Command, SafeState
from homeagent.domain.footprint import FootprintDay
from homeagent.domain.forecast import Forecast
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.learning import NightMark
from homeagent.domain.ledger import SavingsEntry, SettledSlot
from homeagent.domain.people import Thumb
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.satisfaction import SatisfactionDay
from homeagent.domain.thinking import ThinkRecord
from homeagent.store import footprints, rows
from homeagent.store.anomalies import anomalies_of
from homeagent.store.issued import issued_since
from homeagent.store.kept import QUERY as KEPT
from homeagent.store.kept import KeptState, kept_of
from homeagent.store.problems import problem_of
from homeagent.store.satisfaction import days_of, thumbs_of

BATTERY = "battery"
"""The name under which the battery's own decisions are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReason:
    """Why a device beside the battery was to do what it did, as it was told then."""

    at: datetime
    device: str
    text: str
    runner_up: str | None
    runner_up_costs: float | None


class Past(ABC):
    """The reading half of the store: what waits is written first, so that nothing is missed."""

    _connection: sqlite3.Connection

    @abstractmethod
    def flush(self, *, forced: bool = True) -> None:
        """Write all that waits."""

    def kept(self) -> KeptState | None:
        """Return what the run before was to go on with, None where there is nothing; raises StoreError if damaged."""
        self.flush()
        found = self._connection.execute(KEPT).fetchone()
        return None if found is None else kept_of(*found)

    def problem(self, digest: str) -> PlanningProblem | None:
        """Return what a plan was made from, None if it is not kept; raises StoreError if damaged."""
        self.flush()
        found = self._connection.execute("SELECT content FROM problems WHERE digest = ?", (digest,)).fetchone()
        return None if found is None else problem_of(found[0])

    def readings_since(self, at: datetime) -> Iterator[Reading]:
        """Yield every reading after `at`, oldest first, as finely as it is still kept."""
        self.flush()
        since_s = at.timestamp()
        query = """
            SELECT entity, start_s + 3600 AS at_s, value, NULL, min(covered_s, 3600) FROM readings_hourly
              WHERE start_s + 3600 > :since_s
            UNION ALL SELECT entity, start_s + 300, value, NULL, covered_s FROM readings_5min
              WHERE start_s + 300 > :since_s
            UNION ALL SELECT entity, at_ms / 1000.0, value, reason, over_s FROM readings WHERE at_ms > :since_s * 1000
            ORDER BY at_s, entity
        """
        for entity, at_s, value, reason, over_s in self._connection.execute(query, {"since_s": since_s}):
            yield rows.reading_of(entity, at_s, value, reason, over_s)

    def older_means(self, since: datetime, until: datetime, entities: Iterable[str]) -> list[Reading]:
        """Return what was measured between two times as means of quarter hours, else of hours: a year in a moment."""
        self.flush()
        names = tuple(entities)
        marks = ", ".join("?" * len(names))
        span = (int(since.timestamp()), int(until.timestamp()))
        query = f"""
            SELECT entity, start_s + 3600 AS at_s, value, NULL, min(covered_s, 3600) FROM readings_hourly
              WHERE start_s >= ? AND start_s + 3600 <= ? AND entity IN ({marks})
            UNION ALL
            SELECT entity, start_s / 900 * 900 + 900, sum(value * covered_s) / sum(covered_s), NULL, sum(covered_s)
              FROM readings_5min WHERE start_s >= ? AND start_s + 300 <= ? AND covered_s > 0 AND entity IN ({marks})
              GROUP BY entity, start_s / 900
        """  # noqa: S608 - question marks alone are put in
        rows_found = self._connection.execute(query, (*span, *names, *span, *names))
        return [rows.reading_of(*row) for row in rows_found if row[2] is not None]

    def last_reading_at(self) -> datetime | None:
        """Return when something was last measured, None if nothing ever was."""
        self.flush()
        (at_ms,) = self._connection.execute("SELECT max(at_ms) FROM readings WHERE value IS NOT NULL").fetchone()
        return None if at_ms is None else rows.instant(at_ms / 1000)

    def prices_since(self, at: datetime) -> Iterator[PublishedPrices]:
        """Yield the published prices of slots that start at `at` or later, as unbroken blocks."""
        self.flush()
        query = "SELECT start_s, step_s, import_per_kwh, export_per_kwh FROM prices WHERE start_s >= ? ORDER BY start_s"
        yield from rows.published_of(self._connection.execute(query, (rows.epoch_s(at),)).fetchall())

    def issued_forecasts_since(self, at: datetime) -> Iterator[IssuedForecast]:
        """Yield others' forecasts issued at `at` or later, oldest first."""
        self.flush()
        yield from issued_since(self._connection, at)

    def commands_in_force(self, now: datetime) -> list[Command]:
        """Return each device's newest command, if its lease still holds and it is not known to have failed."""
        return [command for command in self._newest_commands() if command.issued_at <= now < command.valid_until]

    def devices_left(self, now: datetime) -> list[str]:
        """Return the devices whose newest command ran out while nobody watched, so that nobody made them safe."""
        newest = self._newest_commands()
        return [c.device for c in newest if c.valid_until <= now and not isinstance(c.instruction, SafeState)]

    def _newest_commands(self) -> list[Command]:
        self.flush()
        query = """
            SELECT device, at_s, content FROM commands c
            WHERE id = (SELECT max(id) FROM commands WHERE device = c.device)
              AND NOT EXISTS (SELECT 1 FROM outcomes o WHERE o.device = c.device AND o.issued_at_s = c.at_s
                AND o.kind NOT IN ('Sent', 'Confirmed'))
        """
        return [rows.command_of(*row) for row in self._connection.execute(query)]

    def commands_since(self, at: datetime) -> dict[str, int]:
        """Return how many commands each device was given."""
        self.flush()
        query = "SELECT device, count(*) FROM commands WHERE at_s >= ? GROUP BY device"
        return dict(self._connection.execute(query, (rows.epoch_s(at),)).fetchall())

    def settled_between(self, since: datetime, until: datetime) -> list[SettledSlot]:
        """Return the settled slots that start in [since, until), oldest first."""
        self.flush()
        query = "SELECT * FROM settled_slots WHERE start_s >= ? AND start_s < ? ORDER BY start_s"
        span = rows.epoch_s(since), rows.epoch_s(until)
        return [rows.settled_of(row) for row in self._connection.execute(query, span)]

    def settled_since(self, at: datetime) -> Iterator[tuple[SettledSlot, float]]:
        """Yield settled slots with the state of charge after each: the next slot's, where that follows at once."""
        self.flush()
        query = "SELECT * FROM settled_slots WHERE start_s >= ? ORDER BY start_s"
        slots = [rows.settled_of(row) for row in self._connection.execute(query, (rows.epoch_s(at),))]
        for slot, later in zip_longest(slots, slots[1:]):
            follows = later is not None and later.start == slot.start + timedelta(hours=slot.hours)
            yield slot, later.soc_kwh if later is not None and follows else slot.soc_kwh

    def savings(self) -> list[SavingsEntry]:
        """Return every closed day's savings, oldest first."""
        self.flush()
        return [rows.savings_of(row) for row in self._connection.execute("SELECT * FROM savings ORDER BY day")]

    def footprint_days(self) -> list[FootprintDay]:
        """Return what the agent used on each day, oldest first."""
        self.flush()
        return footprints.days(self._connection)

    def night_marks_since(self, day: date) -> list[NightMark]:
        """Return how the students did on each day from `day` on, oldest first."""
        self.flush()
        query = "SELECT * FROM night_marks WHERE day >= ? ORDER BY day, quantity"
        return [rows.night_mark_of(row) for row in self._connection.execute(query, (day.isoformat(),))]

    def thinks_between(self, since: datetime, until: datetime) -> list[ThinkRecord]:
        """Return the thinks in [since, until), oldest first."""
        self.flush()
        query = """
            SELECT at_s, wake, depth, cpu_seconds, worth, next_at_s FROM thinks WHERE at_s >= ? AND at_s < ?
            ORDER BY at_s, id
        """
        span = since.timestamp(), until.timestamp()
        return [rows.think_of(*row) for row in self._connection.execute(query, span)]

    def reasons_between(self, since: datetime, until: datetime) -> list[KeptReason]:
        """Return why devices beside the battery did what they did in [since, until), oldest first."""
        self.flush()
        query = """
            SELECT at_s, device, json_extract(content, '$.why'), json_extract(content, '$.runner_up'),
              json_extract(content, '$.runner_up_costs')
            FROM decisions WHERE at_s >= ? AND at_s < ? AND device != ? ORDER BY id
        """
        span = (rows.epoch_s(since), rows.epoch_s(until), BATTERY)
        return [
            KeptReason(at=rows.instant(at_s), device=device, text=why, runner_up=other, runner_up_costs=costs)
            for at_s, device, why, other, costs in self._connection.execute(query, span)
        ]

    def satisfaction_days(self) -> list[SatisfactionDay]:
        """Return how content people can have been with each day, oldest first."""
        self.flush()
        return days_of(self._connection)

    def thumbs(self) -> list[Thumb]:
        """Return what somebody said of decisions, oldest first."""
        self.flush()
        return thumbs_of(self._connection)

    def anomalies(self) -> list[Anomaly]:
        """Return all that was odd, oldest first."""
        self.flush()
        return anomalies_of(self._connection)

    def forecast_issued(self, quantity: str, since: datetime, until: datetime) -> Forecast | None:
        """Return the agent's first own forecast of a quantity in [since, until), None if it made none then."""
        self.flush()
        query = """
            SELECT issued_at_s, content FROM forecasts WHERE issued_at_s >= ? AND issued_at_s < ? AND kind = ?
            ORDER BY id LIMIT 1
        """
        span = rows.epoch_s(since), rows.epoch_s(until)
        found = self._connection.execute(query, (*span, quantity)).fetchone()
        return None if found is None else rows.forecast_of(*found)

    def forecasts_between(self, quantity: str, since: datetime, until: datetime) -> list[Forecast]:
        """Return the agent's own forecasts of a quantity issued in [since, until), oldest first."""
        self.flush()
        query = """
            SELECT issued_at_s, content FROM forecasts WHERE issued_at_s >= ? AND issued_at_s < ? AND kind = ?
            ORDER BY id
        """
        span = rows.epoch_s(since), rows.epoch_s(until)
        return [rows.forecast_of(*row) for row in self._connection.execute(query, (*span, quantity))]

    def looks_between(self, since: datetime, until: datetime, step: timedelta) -> dict[int, int]:
        """Return how many readings came in each step from `since` on, by its number; of raw ones alone it is known."""
        self.flush()
        query = """
            SELECT CAST((at_ms - :since_ms - 1) / :step_ms AS INTEGER) AS slot, count(*) FROM readings
            WHERE at_ms > :since_ms AND at_ms <= :until_ms GROUP BY slot
        """
        bounds = {"since_ms": rows.epoch_s(since) * 1000, "until_ms": rows.epoch_s(until) * 1000}
        return dict(self._connection.execute(query, bounds | {"step_ms": step // timedelta(milliseconds=1)}).fetchall())

    def fact(self, name: str) -> str | None:
        """Return what is remembered under a name."""
        self.flush()
        found = self._connection.execute("SELECT content FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else str(found[0])
