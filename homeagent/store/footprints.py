"""What the agent itself used, a row a local day; also read beside a running agent."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from homeagent.domain.footprint import Estimate, FootprintDay
from homeagent.domain.ledger import SavingsEntry
from homeagent.store.ledger import reading_only
from homeagent.store.rows import Row, savings_of

INSERT = "INSERT OR REPLACE INTO footprint_days (day, content) VALUES (?, ?)"
_ESTIMATES = ("energy_wh", "cost", "carbon_g")


def row_of(day: FootprintDay) -> Row:
    """Return a row of `footprint_days`."""
    values = asdict(day)
    del values["day"]
    return (day.day.isoformat(), json.dumps(values))


def day_of(day: str, content: str) -> FootprintDay:
    """Return a day's footprint."""
    values: dict[str, Any] = json.loads(content)
    values |= {name: Estimate(**values[name]) for name in _ESTIMATES}
    return FootprintDay(day=date.fromisoformat(day), **values)


def days(connection: sqlite3.Connection) -> list[FootprintDay]:
    """Return every day, oldest first."""
    return [day_of(*row) for row in connection.execute("SELECT day, content FROM footprint_days ORDER BY day")]


def kept(path: Path) -> tuple[list[FootprintDay], list[SavingsEntry]]:
    """Return the footprint and the savings of every closed day in a database that an agent may be writing.

    Raises:
        StoreError: there is no database, or it is none of this release.
    """
    with reading_only(path) as connection:
        savings = connection.execute("SELECT * FROM savings ORDER BY day").fetchall()
        return days(connection), [savings_of(row) for row in savings]
