"""Prices as integrations write them, key by key, for the local days of any zone: 23, 24 or 25 hours of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

BERLIN, LONDON = ZoneInfo("Europe/Berlin"), ZoneInfo("Europe/London")
HOUR, HALF, QUARTER = (timedelta(minutes=minutes) for minutes in (60, 30, 15))
DAY = timedelta(days=1)
SPRING, SUMMER, AUTUMN = date(2026, 3, 29), date(2026, 6, 10), date(2026, 10, 25)


def edges(day: date, zone: ZoneInfo, step: timedelta) -> list[datetime]:
    """Return the edges of a local day's slots, in local time."""
    start, end = (
        datetime(at.year, at.month, at.day, tzinfo=zone).astimezone(UTC) for at in (day, day + timedelta(days=1))
    )
    return [(start + index * step).astimezone(zone) for index in range((end - start) // step + 1)]


def price_of(start: datetime) -> float:
    """Return a price [currency/kWh] that tells every quarter-hour of a year apart; nights are negative."""
    return round(-0.05 + (start.astimezone(UTC).timestamp() // 900 % 35_040) / 100_000, 5)


def prices(day: date, zone: ZoneInfo, step: timedelta) -> list[float]:
    """Return the prices of a local day."""
    return [price_of(start) for start in edges(day, zone, step)[:-1]]


def entries(
    day: date, zone: ZoneInfo, step: timedelta, keys: Sequence[str | None], times: float = 1.0, **more: object
) -> list[dict[str, Any]]:
    """Return a local day's entries; `keys` are those of start, end (None where there is none) and value."""
    marks = edges(day, zone, step)
    start_key, end_key, value_key = keys
    listed = []
    for start, end in pairwise(marks):
        entry: dict[str, Any] = {str(start_key): start.isoformat(), str(value_key): price_of(start) * times} | more
        listed.append(entry if end_key is None else entry | {end_key: end.isoformat()})
    return listed


@dataclass(frozen=True)
class Recorded:
    """One recorded shape: what its attributes are on a day, and the steps that it has been seen with."""

    name: str
    attributes: Callable[[date, ZoneInfo, timedelta], dict[str, Any]]
    steps: tuple[timedelta, ...] = (HOUR, QUARTER)
    days: int = 2


def _nord_pool(day: date, zone: ZoneInfo, step: timedelta, *, timed: bool = True) -> dict[str, Any]:
    keys = ("start", "end", "value")
    lists = {"today": prices(day, zone, step), "tomorrow": prices(day + DAY, zone, step)}
    raw = {"raw_today": entries(day, zone, step, keys), "raw_tomorrow": entries(day + DAY, zone, step, keys)}
    more = {"tomorrow_valid": True, "price_in_cents": False, "currency": "EUR", "unit": "kWh", "region": "FI"}
    return lists | (raw if timed else {}) | more | {"unit_of_measurement": "EUR/kWh", "device_class": "monetary"}


def _energi_data_service(day: date, zone: ZoneInfo, step: timedelta) -> dict[str, Any]:
    keys = ("hour", None, "price")
    return {
        "today": prices(day, zone, step),
        "tomorrow": None,
        "raw_today": entries(day, zone, step, keys),
        "raw_tomorrow": None,
        "tomorrow_valid": False,
        "next_data_update": "13:00:00",
        "unit_of_measurement": "DKK/kWh",
    }


def _nord_pool_cents(day: date, zone: ZoneInfo, step: timedelta) -> dict[str, Any]:
    keys = ("start", "end", "value")
    return {
        "raw_today": entries(day, zone, step, keys, 100),
        "raw_tomorrow": [entry | {"value": None} for entry in entries(day + DAY, zone, step, keys)],
        "price_in_cents": True,
        "unit_of_measurement": "Øre/kWh",
    }


def _octopus(day: date, zone: ZoneInfo, step: timedelta) -> dict[str, Any]:
    keys = ("start", "end", "value_inc_vat")
    rates = entries(day, zone, step, keys, is_capped=False, is_intelligent_adjusted=False)
    return {"event_types": ["octopus_energy_electricity_current_day_rates"], "tariff_code": "E-1R-A", "rates": rates}


def _epex(keys: Sequence[str | None], unit: str, times: float) -> Callable[[date, ZoneInfo, timedelta], dict[str, Any]]:
    def attributes(day: date, zone: ZoneInfo, step: timedelta) -> dict[str, Any]:
        data = [entry for at in (day, day + DAY) for entry in entries(at, zone, step, keys, times)]
        return {"data": data, "unit_of_measurement": unit, "state_class": "measurement"}

    return attributes


def _entsoe(day: date, zone: ZoneInfo, step: timedelta) -> dict[str, Any]:
    keys = ("time", None, "price")
    listed = [entry for at in (day, day + DAY) for entry in entries(at, zone, step, keys)]
    return {"prices": listed, "unit_of_measurement": "EUR/kWh", "device_class": "monetary"}


RECORDED = (
    Recorded("Nord Pool (HACS)", _nord_pool),
    Recorded("bare numbers of a day", lambda *how: _nord_pool(*how, timed=False)),
    Recorded("Nord Pool (HACS)", _nord_pool_cents, days=1),
    Recorded("Energi Data Service", _energi_data_service, days=1),
    Recorded("Octopus Energy", _octopus, (HALF,), days=1),
    Recorded("EPEX Spot", _epex(("start_time", "end_time", "price_per_kwh"), "EUR/kWh", 1)),
    Recorded("EPEX Spot up to version 2", _epex(("start_time", "end_time", "price_eur_per_mwh"), "EUR/MWh", 1000)),
    Recorded("EPEX Spot up to version 2", _epex(("start_time", "end_time", "price_ct_per_kwh"), "ct/kWh", 100)),
    Recorded("ENTSO-e", _entsoe),
)


def nord_pool_answer(day: date, zone: ZoneInfo, step: timedelta, area: str = "SE3") -> dict[str, Any]:
    """Return what nordpool.get_prices_for_date answers: per MWh, without a unit."""
    listed = entries(day, zone, step, ("start", "end", "price"), 1000)
    for entry in listed:
        entry.update((key, datetime.fromisoformat(entry[key]).astimezone(UTC).isoformat()) for key in ("start", "end"))
    return {area: listed}


def tibber_answer(days: Sequence[date], zone: ZoneInfo, step: timedelta, home: str = "Villa") -> dict[str, Any]:
    """Return what tibber.get_prices answers: no end, no unit, a blank where others have a T."""
    keys = ("start_time", None, "price")
    listed = [entry for day in days for entry in entries(day, zone, step, keys, level="NORMAL")]
    return {"prices": {home: [entry | {"start_time": entry["start_time"].replace("T", " ")} for entry in listed]}}
