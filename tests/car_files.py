"""Small made-up files of sessions and prices."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2024, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def made_up(
    folder: Path, *, days: int = 30, price_shift: float = 0.0, until_day: int | None = None
) -> tuple[Path, Path]:
    """Write sessions of two users, and prices around them; from `until_day` on prices are `price_shift` higher."""
    sessions, prices = folder / "sessions.csv", folder / "prices.csv"
    with sessions.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["session_id", "user", "plugin_utc", "plugout_utc", "energy_kwh"])
        for day in range(days):
            evening = START + timedelta(days=day, hours=16, minutes=(37 * day) % 60)
            hours = 1.5 if day % 5 == 3 else 13.2
            writer.writerow([f"a{day}", "a", f"{evening:%Y-%m-%dT%H:%M:%SZ}", _end(evening, hours), 8 + day % 4])
            if day % 2:
                noon = START + timedelta(days=day, hours=11, minutes=20)
                writer.writerow([f"b{day}", "b", f"{noon:%Y-%m-%dT%H:%M:%SZ}", _end(noon, 3.5), 6.5])
        writer.writerow(["open", "b", f"{START:%Y-%m-%dT%H:%M:%SZ}", "", 5])
    with prices.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "price_eur_per_kwh"])
        first = START - timedelta(days=60)
        for hour in range((days + 64) * 24):
            at = first + hour * HOUR
            price = 0.1 - 0.04 * np.cos((hour % 24 - 19) / 12 * np.pi) * -1 + 0.01 * np.sin(hour / 37)
            late = until_day is not None and at >= START + timedelta(days=until_day)
            writer.writerow([f"{at:%Y-%m-%dT%H:%M:%SZ}", round(float(price) + (price_shift if late else 0.0), 5)])
    return sessions, prices


def _end(start: datetime, hours: float) -> str:
    return f"{start + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
