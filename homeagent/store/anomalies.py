"""What was odd in the home: written by the agent, and read by a command while it runs."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import asdict
from pathlib import Path
from typing import Any

from homeagent.domain.anomaly import Anomaly, Finding
from homeagent.store.ledger import reading_only
from homeagent.store.rows import Row, epoch_s, instant

INSERT = "INSERT OR REPLACE INTO anomalies (number, found_at_s, standing, content) VALUES (?, ?, ?, ?)"
_SELECT = "SELECT number, found_at_s, standing, content FROM anomalies ORDER BY number"


def anomaly_row(anomaly: Anomaly) -> Row:
    """Return an anomaly as it is kept."""
    finding = asdict(anomaly.finding)
    finding["since"] = epoch_s(anomaly.finding.since)
    ended = None if anomaly.ended_at is None else epoch_s(anomaly.ended_at)
    content = json.dumps({"finding": finding, "seen_at_s": epoch_s(anomaly.seen_at), "ended_at_s": ended})
    return (anomaly.number, epoch_s(anomaly.found_at), anomaly.standing, content)


def anomalies_of(connection: sqlite3.Connection) -> list[Anomaly]:
    """Return every anomaly, oldest first."""
    return [_anomaly(*row) for row in connection.execute(_SELECT)]


def kept_anomalies(path: Path) -> list[Anomaly]:
    """Return every anomaly of a database that a running agent may be writing; raises as `reading_only`."""
    with reading_only(path) as connection:
        return anomalies_of(connection)


def _anomaly(number: int, found_at_s: int, standing: Any, content: str) -> Anomaly:  # noqa: ANN401 - a literal as text
    kept = json.loads(content)
    finding = kept["finding"]
    return Anomaly(
        number=number,
        finding=Finding(**{**finding, "since": instant(finding["since"])}),
        found_at=instant(found_at_s),
        seen_at=instant(kept["seen_at_s"]),
        standing=standing,
        ended_at=None if kept["ended_at_s"] is None else instant(kept["ended_at_s"]),
    )
