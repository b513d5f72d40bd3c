"""One writer over one SQLite file: commands are on disk before the device hears of them, the rest within seconds."""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from homeagent.domain.anomaly import Anomaly
from homeagent.domain.command import Command, CommandResult
from homeagent.domain.decision import Decision, DeviceDecision
from homeagent.domain.errors import StoreError
from homeagent.domain.footprint import FootprintDay
from homeagent.domain.forecast import Forecast
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.learning import NightMark
from homeagent.domain.ledger import SavingsEntry, SettledSlot
from homeagent.domain.people import Thumb
from homeagent.domain.plan import Plan, PlanningProblem
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.satisfaction import SatisfactionDay
from homeagent.domain.thinking import ThinkRecord
from homeagent.store import footprints, rows
from homeagent.store.anomalies import INSERT as INSERT_ANOMALY
from homeagent.store.anomalies import anomaly_row
from homeagent.store.issued import INSERT as INSERT_ISSUED
from homeagent.store.issued import issued_row
from homeagent.store.journal import FACT as JOURNAL
from homeagent.store.journal import Journal, told_in_json
from homeagent.store.kept import INSERT as INSERT_KEPT
from homeagent.store.kept import KeptState
from homeagent.store.migrating import migrate
from homeagent.store.past import Past
from homeagent.store.problems import problem_bytes
from homeagent.store.retention import thin_out
from homeagent.store.satisfaction import INSERT_DAY, INSERT_THUMB, day_row, thumb_row

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
    "satisfaction_days": INSERT_DAY,
    "thumbs": INSERT_THUMB,
}


class Store(Past):
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

    def write_device_decision(self, decision: DeviceDecision) -> None:
        """Keep what was decided for a device beside the battery."""
        self._add("decisions", [rows.device_decision_row(decision)])

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

    def write_satisfaction(self, day: SatisfactionDay) -> None:
        """Keep how content people can be with a day so far."""
        self._add("satisfaction_days", [day_row(day)])

    def write_thumb(self, thumb: Thumb) -> None:
        """Keep what somebody said of a decision, in place of what was said before; it is on disk when this returns."""
        self._add("thumbs", [thumb_row(thumb)])
        self.flush()

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

    def write_fact(self, name: str, content: str, *, at_once: bool = False) -> None:
        """Remember one thing under a name, in place of what stood there; `at_once`: it is on disk when this returns."""
        self._add("facts", [(name, content)])
        if at_once:
            self.flush()

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
