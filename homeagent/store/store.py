"""One writer over one SQLite file: commands are on disk before the device hears of them, the rest within seconds."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from homeagent.domain.anomaly import Anomaly
from homeagent.domain.command import Command, CommandResult, SafeState
from homeagent.domain.decision import Decision
from homeagent.domain.errors import StoreError
from homeagent.domain.footprint import FootprintDay
from homeagent.domain.forecast import Forecast
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.learning import NightMark
from homeagent.domain.ledger import SavingsEntry, SettledSlot
from homeagent.domain.plan import Plan, PlanningProblem
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.thinking import ThinkRecord
from homeagent.store import footprints, rows
from homeagent.store.anomalies import INSERT as INSERT_ANOMALY
from homeagent.store.anomalies import anomalies_of, anomaly_row
from homeagent.store.issued import INSERT as INSERT_ISSUED
from homeagent.store.issued import issued_row, issued_since
from homeagent.store.journal import FACT as JOURNAL
from homeagent.store.journal import Journal, told_in_json
from homeagent.store.kept import INSERT as INSERT_KEPT
from homeagent.store.kept import QUERY as KEPT
from homeagent.store.kept import KeptState, kept_of
from homeagent.store.migrating import migrate
from homeagent.store.problems import problem_bytes, problem_of
from homeagent.store.retention import thin_out

if TYPE_CHECKING:
    from sqlite_utils import Database

_LOGGER = logging.getLogger(__name__)

FLUSH_AFTER_S = 30.0
"""Half of what may be lost at most, so that a slow disk does not break the promise."""
TAKEN_IN_AFTER_S = 900.0
FLUSH_ROWS = 5000
THIN_OUT_EVERY = timedelta(days=1)

INSERT_PRICE = """
INSERT INTO prices (start_s, step_s, import_per_kwh, export_per_kwh, spot_per_kwh, seen_at_s) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (start_s) DO UPDATE SET
  (step_s, import_per_kwh, export_per_kwh, spot_per_kwh, seen_at_s) =
  (excluded.step_s, excluded.import_per_kwh, excluded.export_per_kwh, excluded.spot_per_kwh, excluded.seen_at_s)
WHERE excluded.seen_at_s < prices.start_s + prices.step_s + 86400
"""
"""A slot that ended more than a day ago keeps the price that was paid, whatever the tariff is by now."""
_INSERT = {
    "readings": "INSERT OR REPLACE INTO readings (entity, at_ms, value, reason, over_s) VALUES (?, ?, ?, ?, ?)",
    "prices": INSERT_PRICE,
    "plans": "INSERT INTO plans (issued_at_s, kind, content) VALUES (?, ?, ?)",
    "forecasts": "INSERT INTO forecasts (issued_at_s, kind, content) VALUES (?, ?, ?)",
    "decisions": "INSERT INTO decisions (at_s, device, content) VALUES (?, ?, ?)",
    "commands": "INSERT INTO commands (at_s, device, content) VALUES (?, ?, ?)",
    "settled_slots": "INSERT OR REPLACE INTO settled_slots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "outcomes": "INSERT INTO outcomes (at_s, device, issued_at_s, kind, content) VALUES (?, ?, ?, ?, ?)",
    "problems": "INSERT OR REPLACE INTO problems (digest, issued_at_s, content) VALUES (?, ?, ?)",
    "facts": "INSERT OR REPLACE INTO facts (name, content) VALUES (?, ?)",
    "issued_forecasts": INSERT_ISSUED,
    "kept_state": INSERT_KEPT,
    "night_marks": "INSERT OR REPLACE INTO night_marks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "thinks": "INSERT INTO thinks (at_s, wake, depth, cpu_seconds, worth, next_at_s) VALUES (?, ?, ?, ?, ?, ?)",
    "savings": "INSERT OR REPLACE INTO savings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "footprint_days": footprints.INSERT,
    "anomalies": INSERT_ANOMALY,
}


class Store:
    """The agent's history. Made by `Store.open`, which holds the file against a second agent until it is closed.

    Rows wait in memory until many have gathered, some time has passed or a command is written, and then go to disk in
    one transaction; what waits for longer than `FLUSH_AFTER_S` is in the journal meanwhile. `lasting` False trades
    safety for speed: for a backtest's scratch file.
    """

    def __init__(
        self, connection: sqlite3.Connection, lock: int, *, lasting: bool, monotonic_s: Callable[[], float]
    ) -> None:
        self._connection = connection
        self._lock = lock
        self._lasting = lasting
        self._monotonic_s = monotonic_s
        self._waiting: dict[str, list[rows.Row]] = {name: [] for name in _INSERT}
        self._flushed_s = self._noted_s = monotonic_s()
        self._journal = Journal(self._path.with_name(self._path.name + "-journal.jsonl"))
        self._unnoted: list[tuple[str, rows.Row]] = []
        self._batch = int(self.fact(JOURNAL) or 0)
        self._thinned: datetime | None = None

    @classmethod
    def open(cls, path: Path, *, lasting: bool = True, monotonic_s: Callable[[], float] = time.monotonic) -> Store:
        """Open or make the database, and bring its tables up to date.

        Raises:
            StoreError: another agent has it open, it is no database or damaged, it cannot be written, or a newer
                release made it.
        """
        lock = _lock(path)
        try:
            with _plain_errors(path):
                connection = sqlite3.connect(path, isolation_level=None)
                try:
                    _prepare(connection, path, lasting=lasting)
                    migrate(connection, path)
                except BaseException:
                    connection.close()
                    raise
        except BaseException:
            os.close(lock)
            raise
        store = cls(connection, lock, lasting=lasting, monotonic_s=monotonic_s)
        store._take_in_journal()
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what waits, and let go of the file."""
        try:
            self.flush()
        finally:
            self._journal.close()
            self._connection.close()
            os.close(self._lock)

    @property
    def db(self) -> Database:
        """The tables as sqlite-utils has them, for whoever looks into them by hand."""
        from sqlite_utils import Database  # noqa: PLC0415 - 8 MB that a running agent has no use for

        return Database(self._connection)

    def write_readings(self, readings: Sequence[Reading]) -> None:
        """Keep what was measured. Called at every round, so it also sees to it that nothing waits too long."""
        self._add("readings", map(rows.reading_row, readings))

    def write_prices(self, prices: PublishedPrices, *, seen_at: datetime) -> None:
        """Keep what was published."""
        self._add("prices", rows.price_rows(prices, seen_at))

    def write_plan(self, plan: Plan) -> None:
        """Keep a plan."""
        self._add("plans", [rows.plan_row(plan)])

    def write_forecast(self, quantity: str, forecast: Forecast) -> None:
        """Keep a forecast."""
        self._add("forecasts", [rows.forecast_row(quantity, forecast)])

    def write_issued(self, issued: IssuedForecast) -> None:
        """Keep another's forecast as it was issued."""
        self._add("issued_forecasts", [issued_row(issued)])

    def write_decision(self, decision: Decision) -> None:
        """Keep what was decided."""
        self._add("decisions", [rows.decision_row(decision)])

    def write_settled_slot(self, slot: SettledSlot) -> None:
        """Keep a closed slot, as it was priced."""
        self._add("settled_slots", [rows.settled_row(slot)])

    def write_savings(self, entry: SavingsEntry) -> None:
        """Keep a day's savings."""
        self._add("savings", [rows.savings_row(entry)])

    def write_footprint(self, day: FootprintDay) -> None:
        """Keep what the agent has used on a day so far."""
        self._add("footprint_days", [footprints.row_of(day)])

    def write_night_mark(self, mark: NightMark) -> None:
        """Keep how a student did on a day."""
        self._add("night_marks", [rows.night_mark_row(mark)])

    def write_think(self, record: ThinkRecord) -> None:
        """Keep that the agent thought."""
        self._add("thinks", [rows.think_row(record)])

    def write_anomaly(self, anomaly: Anomaly) -> None:
        """Keep what was odd, in place of what was kept of the same number."""
        self._add("anomalies", [anomaly_row(anomaly)])

    def write_command(self, command: Command) -> None:
        """Keep a command; it is on disk when this returns."""
        self._add("commands", [rows.command_row(command)])
        if self._lasting:
            self.flush()

    def write_outcome(self, result: CommandResult, at: datetime) -> None:
        """Keep what became of a command."""
        self._add("outcomes", [rows.outcome_row(result, at)])

    def write_problem(self, problem: PlanningProblem) -> None:
        """Keep all that a plan was made from."""
        issued_at_s = rows.epoch_s(problem.scenarios.issued_at)
        self._add("problems", [(problem.digest(), issued_at_s, problem_bytes(problem))])

    def write_fact(self, name: str, content: str) -> None:
        """Remember one thing under a name, in place of what stood there."""
        self._add("facts", [(name, content)])

    def write_kept(self, state: KeptState) -> None:
        """Keep what the agent goes on with after a restart; it is on disk when this returns."""
        self._add("kept_state", [state.row()])
        self.flush()

    def _add(self, table: str, new: Iterable[rows.Row]) -> None:
        waiting, before = self._waiting[table], len(self._waiting[table])
        waiting.extend(new)
        self._unnoted += [(table, row) for row in waiting[before:]]
        now_s = self._monotonic_s()
        long_ago = now_s - self._flushed_s >= (TAKEN_IN_AFTER_S if self._lasting else FLUSH_AFTER_S)
        if len(waiting) >= FLUSH_ROWS or long_ago:
            self.flush(forced=False)
        elif self._lasting and now_s - self._noted_s >= FLUSH_AFTER_S:
            self._note()

    def _take_in_journal(self) -> None:
        """Take in what a run before left in its journal; what does not fit is given up rather than the start."""
        for table, row in self._journal.of(self._batch):
            if table in self._waiting:
                self._waiting[table].append(row)
        try:
            self.flush()
        except StoreError as error:
            _LOGGER.warning("the last minutes of the run before cannot be taken in: %s", error)
            for waiting in self._waiting.values():
                waiting.clear()
            self._journal.clear()

    def _note(self) -> None:
        """Have the journal hold what only memory holds."""
        if not all(told_in_json(row) for _, row in self._unnoted):
            self.flush(forced=False)
            return
        with _plain_errors(self._path):
            self._journal.append(self._batch, self._unnoted)
        self._unnoted.clear()
        self._noted_s = self._monotonic_s()

    def flush(self, *, forced: bool = True) -> None:
        """Write all that waits, in one transaction. If it fails, it still waits.

        `forced` waits until the disk has it. Otherwise the system has it, and writes it in its own time: a killed
        process loses nothing of that, a power cut what came in the last half minute.

        Raises:
            StoreError: the disk is full or the file is broken.
        """
        self._flushed_s = self._noted_s = self._monotonic_s()
        if not any(self._waiting.values()):
            return
        with _plain_errors(self._path):
            if self._lasting:
                self._connection.execute(f"PRAGMA synchronous = {'FULL' if forced else 'NORMAL'}")
            with self._transaction():
                for table, waiting in self._waiting.items():
                    if waiting:
                        self._connection.executemany(_INSERT[table], waiting)
                self._connection.execute(_INSERT["facts"], (JOURNAL, str(self._batch + 1)))
            self._batch += 1
            self._journal.clear()
        self._unnoted.clear()
        for waiting in self._waiting.values():
            waiting.clear()

    def thin_out(self, now: datetime) -> None:
        """Down-sample and forget what is past its time, at most once a day."""
        if self._thinned is not None and timedelta(0) <= now - self._thinned < THIN_OUT_EVERY:
            return
        self._thinned = now
        with _plain_errors(self._path), self._transaction():
            thin_out(self._connection, now)
        self._connection.execute("PRAGMA incremental_vacuum")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @property
    def _path(self) -> Path:
        return Path(self._connection.execute("PRAGMA database_list").fetchone()[2])

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


def _lock(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); name a folder you may write to") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreError(f"{path}: another homeagent has it open; stop that one, or use another file") from None
    return lock


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path}: {error}; see to free space and to the rights of the folder") from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise StoreError(f"{path}: {error}; see to free space and to the rights of the folder") from error
        remedy = "move it away and start again, or put a backup in its place"
        raise StoreError(f"{path}: is no sound database ({error}); {remedy}") from error


def _prepare(connection: sqlite3.Connection, path: Path, *, lasting: bool) -> None:
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'OFF'}")
    connection.execute("PRAGMA foreign_keys = ON")
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        raise StoreError(f"{path}: lies on a file system without WAL; put it on a local disk")
