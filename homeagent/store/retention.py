"""What is kept for how long: raw 10 days, 5 minutes a year, hours for ever."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta

RAW = timedelta(days=10)
FIVE_MINUTES = timedelta(days=366)
ENTRIES = timedelta(days=366)
"""Decisions, commands and others' forecasts; own plans and forecasts are only kept as long as raw readings."""
EVERY_FORECAST = timedelta(days=50)
"""Others' forecasts older than what their skill is measured on are thinned out to one in six hours."""

_FIVE_MINUTES_OF_RAW = """
INSERT OR REPLACE INTO readings_5min (entity, start_s, value, covered_s)
SELECT entity, slot_s, CASE WHEN sum(over_s) > 0 THEN sum(value * over_s) / sum(over_s) ELSE value END,
  min(sum(over_s), 300)
FROM (
  SELECT entity, value, over_s, at_ms, CAST((at_ms / 1000.0 - over_s / 2 - 0.001) / 300 AS INTEGER) * 300 AS slot_s
  FROM readings WHERE at_ms <= :raw_ms AND value IS NOT NULL AND over_s <= 300
)
GROUP BY entity, slot_s
HAVING max(at_ms)
"""
"""Means are weighted by the time they cover; of instants the last of a slot stays (SQLite's bare column of max())."""

_HOURS_OF_FIVE_MINUTES = """
INSERT OR REPLACE INTO readings_hourly (entity, start_s, value, covered_s)
SELECT entity, start_s / 3600 * 3600,
  CASE WHEN sum(covered_s) > 0 THEN sum(value * covered_s) / sum(covered_s) ELSE value END, sum(covered_s)
FROM readings_5min WHERE start_s < :fine_s
GROUP BY entity, start_s / 3600
HAVING max(start_s) >= 0
"""

_HOURS_OF_SLOTS = """
INSERT OR REPLACE INTO settled_slots
SELECT min(start_s), sum(hours), sum(load_kw * hours) / sum(hours), sum(pv_kw * hours) / sum(hours),
  sum(battery_kw * hours) / sum(hours), sum(grid_kw * hours) / sum(hours), sum(curtailed_kw * hours) / sum(hours),
  soc_kwh, sum(import_price_per_kwh * hours) / sum(hours), sum(export_price_per_kwh * hours) / sum(hours),
  sum(carbon_g_per_kwh * hours) / sum(hours), sum(cost)
FROM settled_slots WHERE start_s >= :settled_from_s AND start_s < :fine_s
GROUP BY start_s / 3600
"""

_FORECASTS_IN_SIX_HOURS = """
DELETE FROM issued_forecasts WHERE issued_at_s < :every_s AND rowid NOT IN (
  SELECT latest FROM (
    SELECT rowid AS latest, max(issued_at_s) FROM issued_forecasts WHERE issued_at_s < :every_s
    GROUP BY provider, quantity, issued_at_s / 21600
  )
)
"""


def thin_out(connection: sqlite3.Connection, now: datetime) -> None:
    """Down-sample and delete what is past its time, inside the caller's transaction. Doing it twice changes nothing."""
    raw_s = _hour(now - RAW)
    fine_s = _hour(now - FIVE_MINUTES)
    entries_s = int((now - ENTRIES).timestamp())
    settled_from_s = connection.execute(
        "SELECT coalesce(min(start_s), 0) / 3600 * 3600 FROM settled_slots WHERE hours < 1 AND start_s < ?", (fine_s,)
    ).fetchone()[0]
    bounds = {"raw_ms": raw_s * 1000, "fine_s": fine_s, "settled_from_s": settled_from_s}
    connection.execute(_FIVE_MINUTES_OF_RAW, bounds)
    connection.execute("DELETE FROM readings WHERE at_ms <= :raw_ms AND (over_s <= 300 OR value IS NULL)", bounds)
    connection.execute(_HOURS_OF_FIVE_MINUTES, bounds)
    connection.execute("DELETE FROM readings_5min WHERE start_s < :fine_s", bounds)
    if settled_from_s:
        connection.execute(_HOURS_OF_SLOTS, bounds)
        connection.execute(
            "DELETE FROM settled_slots WHERE hours < 1 AND start_s % 3600 > 0 AND start_s < :fine_s", bounds
        )
    for table in ("plans", "forecasts", "problems"):
        connection.execute(f"DELETE FROM {table} WHERE issued_at_s < ?", (raw_s,))  # noqa: S608 - names from here
    for table in ("decisions", "commands", "outcomes", "thinks"):
        connection.execute(f"DELETE FROM {table} WHERE at_s < ?", (entries_s,))  # noqa: S608 - names from here
    connection.execute("DELETE FROM issued_forecasts WHERE issued_at_s < ?", (entries_s,))
    connection.execute(_FORECASTS_IN_SIX_HOURS, {"every_s": _hour(now - EVERY_FORECAST) // 21600 * 21600})


def _hour(at: datetime) -> int:
    return int(at.timestamp()) // 3600 * 3600
