"""Small made-up homes as files, for tests that drive the backtest."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from homeagent.domain.grid import FloatArray

START = datetime(2024, 3, 1, tzinfo=UTC)

SCENARIO = """
home: {timezone: Europe/Berlin}
battery:
  capacity_kwh: 6
  max_charge_kw: 3
  max_discharge_kw: 3
  charge_efficiency: 0.95
  discharge_efficiency: 0.95
  min_soc: 0.1
  initial_soc: 0.3
prices: {known: day_ahead}
"""

PEAK = """
grid: {max_import_kw: 12}
peak_charge:
  timezone: Europe/Berlin
  days: 3
  tiers: [[2, 8], [4, 15], [6, 25], [10, 49]]
"""


def made_up_home(days: int, step: timedelta = timedelta(hours=1), seed: int = 0) -> dict[str, FloatArray]:
    """Return columns of a home with an evening peak, PV at noon and a price that varies by hour and day."""
    rng = np.random.default_rng(seed)
    per_hour = timedelta(hours=1) // step
    count = days * 24 * per_hour
    hour = np.arange(count) / per_hour % 24
    sun = np.repeat(rng.uniform(0.2, 1, days), 24 * per_hour)
    load = 0.3 + 1.5 * np.exp(-((hour - 18) ** 2) / 6) + rng.gamma(1.5, 0.2, count)
    pv = 3 * sun * np.maximum(np.cos((hour - 12) / 12 * np.pi) - 0.2, 0)
    spot = 0.1 + 0.06 * np.sin((np.arange(count) // per_hour) * 2 * np.pi / 12) + 0.0
    spot += np.repeat(rng.normal(0, 0.05, days), 24 * per_hour)
    hourly = spot[::per_hour].repeat(per_hour)
    return {
        "load_kw": load,
        "pv_kw": pv,
        "price_import_per_kwh": 1.2 * hourly + 0.12,
        "price_export_per_kwh": hourly,
        "carbon_g_per_kwh": 300 + 100 * np.cos(hour / 24 * 2 * np.pi) + rng.normal(0, 20, count),
        "temp_c": 10 + 5 * np.cos((hour - 15) / 24 * 2 * np.pi),
        "irradiance_w_m2": pv * 250,
        "forecast_pv_kw": pv * 0.9,
        "appliance_oven_kw": load * 0.1,
    }


def write_home(
    folder: Path, columns: dict[str, FloatArray], step: timedelta = timedelta(hours=1), name: str = "home.csv"
) -> Path:
    """Write columns as a home's file; NaN becomes an empty cell."""
    path = folder / name
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", *columns])
        for row, values in enumerate(zip(*columns.values(), strict=True)):
            at = START + row * step
            rows.writerow(
                [f"{at:%Y-%m-%dT%H:%M:%SZ}", *("" if np.isnan(value) else repr(float(value)) for value in values)]
            )
    return path


def write_scenario(folder: Path, text: str = SCENARIO, name: str = "scenario.yaml") -> Path:
    """Write a scenario file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
