"""Reads the kept history of a database that a running agent may be writing: for a training by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.store.ledger import reading_only
from homeagent.store.rows import epoch_s, published_of, reading_of

_READINGS = """
SELECT entity, start_s + 3600 AS at_s, value, NULL, min(covered_s, 3600) FROM readings_hourly WHERE start_s >= :since_s
UNION ALL SELECT entity, start_s + 300, value, NULL, covered_s FROM readings_5min WHERE start_s >= :since_s
UNION ALL SELECT entity, at_ms / 1000.0, value, reason, over_s FROM readings WHERE at_ms > :since_s * 1000
ORDER BY at_s, entity
"""
_PRICES = "SELECT start_s, step_s, import_per_kwh, export_per_kwh FROM prices WHERE start_s >= ? ORDER BY start_s"


def kept_readings(path: Path, since: datetime, entities: Iterable[str]) -> list[Reading]:
    """Return what was measured of some entities, oldest first; raises as `reading_only`."""
    wanted = frozenset(entities)
    with reading_only(path) as connection:
        rows = connection.execute(_READINGS, {"since_s": epoch_s(since)})
        return [reading_of(*row) for row in rows if row[0] in wanted]


def kept_prices(path: Path, since: datetime) -> list[PublishedPrices]:
    """Return the published prices as unbroken blocks; raises as `reading_only`."""
    with reading_only(path) as connection:
        return list(published_of(connection.execute(_PRICES, (epoch_s(since),)).fetchall()))
