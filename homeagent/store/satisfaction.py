"""How content people can have been with each day, and what they said of decisions; also read beside a running agent."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict, fields
from datetime import date
from pathlib import Path

from homeagent.domain.people import Thumb
from homeagent.domain.satisfaction import SatisfactionDay
from homeagent.store.ledger import reading_only
from homeagent.store.rows import Row, epoch_s, instant

INSERT_DAY = "INSERT OR REPLACE INTO satisfaction_days (day, content) VALUES (?, ?)"
INSERT_THUMB = "INSERT OR REPLACE INTO thumbs (decision, at_s, up) VALUES (?, ?, ?)"
_NAMES = frozenset(one.name for one in fields(SatisfactionDay))


def day_row(day: SatisfactionDay) -> Row:
    """Return a row of `satisfaction_days`."""
    values = asdict(day)
    del values["day"]
    return (day.day.isoformat(), json.dumps(values))


def thumb_row(thumb: Thumb) -> Row:
    """Return a row of `thumbs`."""
    return (thumb.decision, epoch_s(thumb.at), int(thumb.up))


def days_of(connection: sqlite3.Connection) -> list[SatisfactionDay]:
    """Return every day, oldest first."""
    found = connection.execute("SELECT day, content FROM satisfaction_days ORDER BY day")
    return [_day(*row) for row in found]


def thumbs_of(connection: sqlite3.Connection) -> list[Thumb]:
    """Return every thumb, oldest first."""
    found = connection.execute("SELECT decision, at_s, up FROM thumbs ORDER BY at_s, decision")
    return [Thumb(decision=decision, at=instant(at_s), up=bool(up)) for decision, at_s, up in found]


def kept_days(path: Path) -> list[SatisfactionDay]:
    """Return every day of a database that a running agent may be writing; raises as `reading_only`."""
    with reading_only(path) as connection:
        return days_of(connection)


def _day(day: str, content: str) -> SatisfactionDay:
    values = {name: value for name, value in json.loads(content).items() if name in _NAMES}
    return SatisfactionDay(day=date.fromisoformat(day), **values)
