"""Payloads in the shapes that integrations have, with every time of a local day: 23, 24 or 25 hours of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = {"spring": date(2024, 3, 31), "plain": date(2024, 6, 5), "autumn": date(2024, 10, 27)}
HOURS_OF = {"spring": 23, "plain": 24, "autumn": 25}


def times(day: date, minutes: int, days: int = 1) -> list[datetime]:
    """Return the starts of a local day's slots, in local time."""
    begin, end = (datetime.combine(at, time(0), tzinfo=BERLIN) for at in (day, day + timedelta(days=days)))
    step, at, found = timedelta(minutes=minutes), begin.astimezone(UTC), []
    while at < end.astimezone(UTC):
        found.append(at.astimezone(BERLIN))
        at += step
    return found


def power_kw(at: datetime) -> float:
    """Return a made-up roof's power: it follows the sun, not the clock."""
    hour = at.astimezone(UTC).hour + at.astimezone(UTC).minute / 60
    return round(max(4 - (hour - 11) ** 2 / 5, 0.0), 3)


def solcast(day: date) -> dict[str, Any]:
    """Solcast: 30 minutes, means in kW, with quantiles; hours in kWh."""

    def entry(at: datetime, kw: float) -> dict[str, Any]:
        estimates = {"pv_estimate": kw, "pv_estimate10": round(kw / 2, 4), "pv_estimate90": round(kw * 1.2, 4)}
        return {"period_start": at.isoformat(), **estimates}

    halves = [entry(at, power_kw(at)) for at in times(day, 30)]
    hours = [entry(at, (power_kw(at) + power_kw(at + timedelta(minutes=30))) / 2) for at in times(day, 60)]
    return {"detailedForecast": halves, "detailedHourly": hours, "dayname": f"{day:%A}", "dataCorrect": True}


def watt_hours(day: date, minutes: int, *, light_only: bool = False, days: int = 1) -> dict[str, float]:
    """Return a map of times to the Wh of the interval that begins then."""
    found = {at.isoformat(): power_kw(at) * 1000 * minutes / 60 for at in times(day, minutes, days)}
    if light_only:
        found = {at: wh for at, wh in found.items() if wh > 0}
    return found


def open_meteo(day: date) -> dict[str, Any]:
    """Open-Meteo Solar Forecast: a local day in steps of 15 minutes."""
    return {"watts": {at.isoformat(): power_kw(at) * 1000 for at in times(day, 15)}, "wh_period": watt_hours(day, 15)}


def forecast_solar(day: date) -> dict[str, Any]:
    """Forecast.Solar: UTC, the day's light, `watts` being the power at the time and not the interval's."""
    in_utc = {datetime.fromisoformat(at).astimezone(UTC).isoformat(): wh for at, wh in watt_hours(day, 60).items()}
    return {"watts": {at: wh * 1.3 for at, wh in in_utc.items()}, "wh_period": in_utc}


def weather_hours(day: date) -> list[dict[str, Any]]:
    """An hourly weather forecast."""
    return [
        {
            "datetime": at.isoformat(),
            "condition": "sunny",
            "temperature": 50.0,
            "cloud_coverage": 30,
            "humidity": 70,
            "wind_speed": 36.0,
            "precipitation": 0.5,
        }
        for at in times(day, 60)
    ]


def half_hours_of_carbon(day: date) -> list[dict[str, Any]]:
    """carbonintensity.org.uk's list."""
    return [
        {
            "from": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ"),
            "to": (at.astimezone(UTC) + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%MZ"),
            "intensity": {"forecast": 100 + index, "actual": None, "index": "low"},
        }
        for index, at in enumerate(times(day, 30))
    ]
