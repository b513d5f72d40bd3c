"""Forecasts as they were issued, as rows and back; and a reader for a database that a running agent may be writing."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeagent.domain.errors import StoreError
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.readings import Reading
from homeagent.store.ledger import reading_only
from homeagent.store.rows import Row, epoch_s, instant, reading_of

INSERT = (
    "INSERT OR REPLACE INTO issued_forecasts (provider, quantity, issued_at_s, start_s, step_s, count, low_level, "
    "high_level, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
SINCE = """
SELECT provider, quantity, issued_at_s, start_s, step_s, count, low_level, high_level, content
FROM issued_forecasts WHERE issued_at_s >= ? ORDER BY issued_at_s, provider, quantity
"""
READINGS = """
SELECT entity, start_s + 3600 AS at_s, value, covered_s FROM readings_hourly WHERE entity = :name AND at_s > :since_s
UNION ALL SELECT entity, start_s + 300, value, covered_s FROM readings_5min
  WHERE entity = :name AND start_s + 300 > :since_s
UNION ALL SELECT entity, at_ms / 1000.0, value, over_s FROM readings
  WHERE entity = :name AND value IS NOT NULL AND at_ms > :since_s * 1000
"""
PER_UNIT = 1000.0
GAP = np.iinfo(np.int32).min


def issued_row(issued: IssuedForecast) -> Row:
    """Return a row of `issued_forecasts`: its numbers as packed thousandths."""
    columns = [values for values in (issued.mean, issued.low, issued.high) if values is not None]
    thousandths = [np.where(np.isnan(values), GAP, np.rint(np.nan_to_num(values) * PER_UNIT)) for values in columns]
    content = zlib.compress(np.array(thousandths).astype("<i4").tobytes(), 9)
    low, high = (None, None) if issued.low is None else issued.levels
    grid = issued.grid
    return (
        issued.provider,
        issued.quantity,
        epoch_s(issued.issued_at),
        epoch_s(grid.start),
        int(grid.step.total_seconds()),
        grid.count,
        low,
        high,
        content,
    )


def issued_of(row: tuple[Any, ...]) -> IssuedForecast:
    """Return a forecast.

    Raises:
        StoreError: its bytes are damaged.
    """
    provider, quantity, issued_at_s, start_s, step_s, count, low, high, content = row
    try:
        numbers = np.frombuffer(zlib.decompress(content), dtype="<i4").reshape(1 if low is None else 3, count)
    except (zlib.error, ValueError) as error:
        raise StoreError(f"a stored forecast of {provider} is damaged ({error})") from error
    columns: list[FloatArray] = [np.where(column == GAP, np.nan, column / PER_UNIT) for column in numbers]
    issued = IssuedForecast(
        provider=provider,
        quantity=quantity,
        issued_at=instant(issued_at_s),
        grid=TimeGrid(start=instant(start_s), step=timedelta(seconds=step_s), count=count),
        mean=columns[0],
    )
    if low is None:
        return issued
    return IssuedForecast(
        provider=provider,
        quantity=quantity,
        issued_at=issued.issued_at,
        grid=issued.grid,
        mean=columns[0],
        low=columns[1],
        high=columns[2],
        levels=(low, high),
    )


def issued_since(connection: sqlite3.Connection, at: datetime) -> Iterator[IssuedForecast]:
    """Yield every forecast issued at `at` or later, oldest first."""
    yield from map(issued_of, connection.execute(SINCE, (epoch_s(at),)))


def stored_forecasts(path: Path, since: datetime) -> list[IssuedForecast]:
    """Return the forecasts issued since then, oldest first.

    Raises:
        StoreError: there is no database, or it is none of this release.
    """
    with reading_only(path) as connection:
        return list(issued_since(connection, since))


def stored_readings(path: Path, quantity: str, since: datetime) -> list[Reading]:
    """Return what was measured of one quantity since then, as finely as it is kept, without its gaps.

    Raises:
        StoreError: as `stored_forecasts`.
    """
    with reading_only(path) as connection:
        found = connection.execute(READINGS, {"name": quantity, "since_s": since.timestamp()}).fetchall()
    return [reading_of(entity, at_s, value, None, min(over_s, 3600)) for entity, at_s, value, over_s in found]


def stored_fact(path: Path, name: str) -> str | None:
    """Return what is remembered under a name.

    Raises:
        StoreError: as `stored_forecasts`.
    """
    with reading_only(path) as connection:
        found = connection.execute("SELECT content FROM facts WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])
