"""Slots that a tariff gives away for charging a car, as Octopus Intelligent shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeagent.sources.price_entries import instant

LISTS = ("planned_dispatches", "completed_dispatches")
DEARER = "bump-charge"
"""Charging at once by the person's wish; that it gets the cheap rate has not been seen, so it is not counted on."""
MOST = 500


def is_dispatching(attributes: Mapping[str, Any]) -> bool:
    """Return whether an entity's attributes tell dispatches."""
    return isinstance(attributes.get(LISTS[0]), list)


def dispatched(attributes: Mapping[str, Any]) -> list[tuple[datetime, datetime]]:
    """Return the windows that are cheap, those to come and those that were: (start, end)."""
    lists = [attributes[name] for name in LISTS if isinstance(attributes.get(name), list)]
    entries = [entry for entries in lists for entry in entries[-MOST:] if isinstance(entry, Mapping)]
    windows = []
    for entry in entries:
        start, end = instant(entry.get("start")), instant(entry.get("end"))
        if start is not None and end is not None and start < end and entry.get("source") != DEARER:
            windows.append((start, end))
    return sorted(set(windows))
