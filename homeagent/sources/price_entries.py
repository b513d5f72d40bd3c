"""The entries of a list of prices: timed ones as mappings, bare ones as the numbers of a local day."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from homeagent.domain.tariff import ListShape
from homeagent.sources.price_slots import PricedSlot, PriceShapeError

MOST_ENTRIES = 6000
"""Two months of quarter-hours: what is longer is no list of prices to come."""
STEPS = tuple(timedelta(minutes=minutes) for minutes in (15, 30, 60))


def timed(entries: Iterable[Any], shape: ListShape) -> Iterator[PricedSlot]:
    """Yield the slots of entries that tell when they begin; one without a price is left out.

    Raises:
        PriceShapeError: an entry has a price, but no time that can be read.
    """
    for entry in entries:
        if not isinstance(entry, Mapping):
            continue
        value = number(entry.get(shape.value))
        if value is None:
            continue
        began = instant(entry.get(shape.start))
        if began is None:
            raise PriceShapeError(f"lists {shown(entry)}, whose {shape.start} is no time with a time zone")
        ended = None if shape.end is None else instant(entry.get(shape.end))
        yield PricedSlot(began, None if ended is None or ended <= began else ended - began, value)


def bare(
    lists: Mapping[str, Sequence[Any]], names: Sequence[str], timezone: ZoneInfo, as_of: datetime
) -> Iterator[PricedSlot]:
    """Yield the slots of bare numbers: the first list is the local day of `as_of`, the second the next one.

    Raises:
        PriceShapeError: a list has another number of values than its day has hours, halves or quarters.
    """
    today = as_of.astimezone(timezone).date()
    for offset, name in enumerate(names):
        values = lists.get(name) or ()
        if all(value is None for value in values):
            continue
        day = today + timedelta(days=offset)
        start = midnight(day, timezone)
        length = midnight(day + timedelta(days=1), timezone) - start
        step = length / len(values)
        if step not in STEPS:
            hours = length / timedelta(hours=1)
            raise PriceShapeError(f"{name} lists {len(values)} values, but {day} has {hours:g} hours")
        for index, value in enumerate(values):
            price = number(value)
            if price is not None:
                yield PricedSlot(start + index * step, step, price)


def in_order(slots: Iterable[PricedSlot], factor: float) -> list[PricedSlot]:
    """Return slots in order of time, each start once, in currency per kWh."""
    found = {slot.start: slot._replace(per_kwh=slot.per_kwh * factor) for slot in slots}
    return [found[start] for start in sorted(found)]


def bounded(entries: Sequence[Any]) -> Sequence[Any]:
    """Return the entries.

    Raises:
        PriceShapeError: they are too many for a list of prices.
    """
    if len(entries) > MOST_ENTRIES:
        raise PriceShapeError(f"lists {len(entries)} entries; no list of prices to come is longer than {MOST_ENTRIES}")
    return entries


def midnight(day: date, timezone: ZoneInfo) -> datetime:
    """Return the start of a local day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=timezone).astimezone(UTC)


def instant(value: object) -> datetime | None:
    """Return a time in UTC, to the minute, since some lists begin a second late; None where it has no zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        if not isinstance(at, datetime) or at.tzinfo is None:
            return None
        return at.astimezone(UTC).replace(second=0, microsecond=0)
    except (ValueError, OverflowError):
        return None


def number(value: object) -> float | None:
    """Return a finite number, also where it is written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def shown(value: object) -> str:
    """Return what was found, shortened to a line."""
    text = repr(value)
    return text if len(text) <= 100 else text[:97] + "..."  # noqa: PLR2004 - one line
