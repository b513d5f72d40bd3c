"""Charging sessions of many users and spot prices from CSV files, and the schedule that is made of both."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from homeagent.domain.car_sessions import CarSession
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.simulation.home_data import open_text, reason

HOUR = timedelta(hours=1)
NEEDED = ("session_id", "user", "plugin_utc", "plugout_utc", "energy_kwh")
MOST_ISSUES = 5
LONGEST_FILE = timedelta(days=366 * 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSession:
    """A session with its number, and whose it is."""

    session_id: str
    user: str
    stay: CarSession


def read_sessions(path: Path) -> tuple[UserSession, ...]:
    """Return the sessions of which both ends and the energy are known, oldest first.

    Raises:
        InputError: the file cannot be read, or holds what no session can be.
    """
    issues: list[Issue] = []
    found = [one for line, row in _rows(path, NEEDED) if (one := _session(line, row, issues)) is not None]
    if issues:
        raise InputError(str(path), tuple(issues[:MOST_ISSUES]))
    return tuple(sorted(found, key=lambda one: (one.stay.plug_in, one.stay.plug_out, one.session_id)))


def read_spot(path: Path, weeks: int) -> tuple[TimeGrid, FloatArray]:
    """Return hourly prices, each laid `weeks` weeks earlier; an hour that the file leaves out or empty is NaN.

    Finer prices become the means of their hours.

    Raises:
        InputError: the file cannot be read, or its first two columns are not times and prices.
    """
    issues: list[Issue] = []
    stamps: list[datetime] = []
    values: list[float] = []
    for line, row in _rows(path, ("timestamp",)):
        cells = list(row.values())
        try:
            at, price = _time(row["timestamp"]), float(cells[1]) if cells[1].strip() else math.nan
        except (ValueError, IndexError):
            _add(issues, line, "is no time with a price", ", ".join(cells)[:60], "write 2024-03-01T12:00:00Z,0.0512")
            continue
        stamps.append(at - timedelta(weeks=weeks))
        values.append(price)
    if not stamps:
        _add(issues, 1, "has no prices", "", "give one row an hour")
    elif max(stamps) - min(stamps) > LONGEST_FILE:
        _add(issues, 2, "lies too far from the last row", min(stamps).isoformat(), "give the years that are needed")
    if issues:
        raise InputError(str(path), tuple(issues[:MOST_ISSUES]))
    start = min(stamps).replace(minute=0, second=0, microsecond=0)
    at_hour = np.array([(stamp - start) // HOUR for stamp in stamps])
    prices = np.array(values)
    known = ~np.isnan(prices)
    count = int(at_hour.max()) + 1
    times = np.bincount(at_hour[known], minlength=count)
    sums = np.bincount(at_hour[known], prices[known], minlength=count)
    return TimeGrid(start=start, step=HOUR, count=count), np.where(times > 0, sums / np.maximum(times, 1), np.nan)


def write_schedule(path: Path, rows: Iterable[tuple[str, datetime, float]]) -> None:
    """Write what was charged in each clock hour: session_id, timestamp (UTC), kwh. Equal rows give equal bytes.

    Raises:
        InputError: the file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("session_id", "timestamp", "kwh"))
    writer.writerows((session, f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{kwh:.6f}") for session, at, kwh in rows)
    content = text.getvalue().encode()
    try:
        path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    except OSError as error:
        issue = Issue(path="--out", message=f"cannot be written: {reason(error)}", remedy="name a file in a folder")
        raise InputError(str(path), (issue,)) from error


def _session(line: int, row: dict[str, str], issues: list[Issue]) -> UserSession | None:
    if not all(row[name].strip() for name in NEEDED):
        return None
    try:
        stay = CarSession(
            plug_in=_time(row["plugin_utc"]), plug_out=_time(row["plugout_utc"]), energy_kwh=float(row["energy_kwh"])
        )
    except ValueError as error:
        _add(issues, line, "holds no session", str(error), "write times as 2024-03-01T12:00:00Z, energy in kWh")
        return None
    if stay.plug_out < stay.plug_in or not math.isfinite(stay.energy_kwh):
        _add(issues, line, "ends before it begins, or has no energy", row["plugout_utc"], "mend or drop the row")
        return None
    return UserSession(session_id=row["session_id"], user=row["user"], stay=stay)


def _add(issues: list[Issue], line: int, message: str, found: str, remedy: str) -> None:
    issues.append(Issue(path="row", message=message, line=line, found=found or None, remedy=remedy))


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text.strip())
    if at.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return at.astimezone(UTC)


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Give the rows of a CSV file as texts by column, with the number of their line."""
    try:
        with open_text(path) as file:
            reader = csv.reader(file)
            names = [name.strip() for name in next(reader, [])]
            lacking = [name for name in needed if name not in names]
            if lacking:
                issue = Issue(
                    path="header",
                    message=f"lacks {', '.join(lacking)}",
                    found=", ".join(names)[:80] or None,
                    remedy="see the formats in the docs of the command",
                )
                raise InputError(str(path), (issue,))
            for row in reader:
                if row:
                    yield reader.line_num, dict(zip(names, [*row, *[""] * len(names)], strict=False))
    except (OSError, EOFError) as error:
        issue = Issue(path="file", message=f"cannot be read: {reason(error)}", remedy="name a CSV file, plain or gzip")
        raise InputError(str(path), (issue,)) from error
    except (UnicodeDecodeError, csv.Error, zlib.error) as error:
        issue = Issue(path="file", message="is not a text file", remedy="give a CSV file, plain or gzip, in UTF-8")
        raise InputError(str(path), (issue,)) from error
