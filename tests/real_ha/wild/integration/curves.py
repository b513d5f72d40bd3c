"""Prices, sun and weather of the lab's days, the same for every integration that tells of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

SPOT_PER_KWH = (
    *(0.081, 0.074, 0.069, 0.066, 0.068, 0.082, 0.118, 0.154, 0.149, 0.112, 0.071, 0.032),
    *(-0.004, -0.012, 0.018, 0.064, 0.109, 0.168, 0.221, 0.243, 0.187, 0.141, 0.112, 0.093),
)
"""A day-ahead market's hours: two humps, and noon below nothing."""
MORNING, EVENING = 7.0, 18.0


def day(now: datetime, offset: int) -> datetime:
    """Return the local midnight that begins today plus `offset` days."""
    return (now + timedelta(days=offset)).replace(hour=0, minute=0, second=0, microsecond=0)


def _slots(now: datetime, offset: int, minutes: int) -> Iterator[tuple[datetime, datetime]]:
    """Yield start and end of each step of a local day, of which two in a year have 23 and 25 hours."""
    step, zone = timedelta(minutes=minutes), now.tzinfo
    start, end = day(now, offset).astimezone(UTC), day(now, offset + 1).astimezone(UTC)
    while start < end:
        yield start.astimezone(zone), (start + step).astimezone(zone)
        start += step


def spot(now: datetime, offset: int = 0, minutes: int = 60) -> list[dict[str, Any]]:
    """Return a day's market prices [currency/kWh]; steps below an hour lie a little around their hour's."""
    slots = []
    for start, end in _slots(now, offset, minutes):
        around = (start.minute - (60 - minutes) / 2) / 60 * 0.01
        price = round(SPOT_PER_KWH[start.hour] + around + 0.002 * offset, 5)
        slots.append({"start": start, "end": end, "price": price})
    return slots


def sun(now: datetime, offset: int, minutes: int, kwp: float) -> list[dict[str, Any]]:
    """Return what a roof of `kwp` is expected to give in a day: each step's mean power [kW]."""
    slots = []
    for start, end in _slots(now, offset, minutes):
        middle = start.hour + (start.minute + minutes / 2) / 60
        share = math.sin(math.pi * (middle - MORNING) / (EVENING - MORNING)) if MORNING < middle < EVENING else 0.0
        slots.append({"start": start, "end": end, "kw": round(0.7 * kwp * share, 4)})
    return slots


def weather(now: datetime, hours: int = 48) -> list[dict[str, Any]]:
    """Return an hourly forecast as weather entities give it."""
    start = now.replace(minute=0, second=0, microsecond=0)
    times = [start + timedelta(hours=k) for k in range(hours)]
    return [
        {
            "datetime": at.isoformat(),
            "condition": "sunny" if MORNING < at.hour < EVENING else "clear-night",
            "temperature": round(6 + 4 * math.sin(math.pi * (at.hour - 9) / 12), 1),
            "cloud_coverage": 30,
            "humidity": 70,
        }
        for at in times
    ]


def priced(
    slots: list[dict[str, Any]],
    start: str,
    end: str | None,
    price: str,
    factor: float = 1.0,
    plus: float = 0.0,
    *,
    utc: bool = False,
    also: dict[str, float] | None = None,
) -> list[dict[str, Any]]:
    """Return slots in the words of an integration: names of the keys, unit by `factor`, what is added after it."""
    zoned = [
        (slot["start"].astimezone(UTC), slot["end"].astimezone(UTC)) if utc else (slot["start"], slot["end"])
        for slot in slots
    ]
    return [
        {
            start: began.isoformat(),
            **({} if end is None else {end: ended.isoformat()}),
            price: round(slot["price"] * factor + plus, 6),
            **{name: round(slot["price"] * times, 6) for name, times in (also or {}).items()},
        }
        for slot, (began, ended) in zip(slots, zoned, strict=True)
    ]


def plus_vat(price: float, factor: float, digits: int) -> float:
    """Return a price as a bare list shows it."""
    return round(price * factor, digits)


def watt_hours(slots: list[dict[str, Any]]) -> dict[str, float]:
    """Return the energy of each interval [Wh] by its start."""
    return {
        slot["start"].isoformat(): round(1000 * slot["kw"] * (slot["end"] - slot["start"]).total_seconds() / 3600, 1)
        for slot in slots
    }


def watts(slots: list[dict[str, Any]]) -> dict[str, float]:
    """Return powers [W] by their time."""
    return {slot["start"].isoformat(): round(1000 * slot["kw"], 1) for slot in slots}


def estimates(slots: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return means of intervals [kW] with their low and high estimates."""
    return [
        {
            "period_start": slot["start"].isoformat(),
            "pv_estimate": slot["kw"],
            "pv_estimate10": round(0.6 * slot["kw"], 4),
            "pv_estimate90": round(1.2 * slot["kw"], 4),
        }
        for slot in slots
    ]


FILTERS = {
    "priced": priced,
    "plus_vat": plus_vat,
    "watt_hours": watt_hours,
    "watts": watts,
    "estimates": estimates,
}
