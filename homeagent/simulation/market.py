"""A made-up day-ahead market: dear mornings and evenings, cheap sunny noons, cheap days when wind blows."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.simulation.weather import day_noise

TAXES_AND_GRID_PER_KWH = 0.12
VAT = 1.2
WEEKEND = 5


def spot_per_kwh(seed: int, day: int, weekday: int, clock_hour: FloatArray, sun: FloatArray) -> FloatArray:
    """Return the spot price of each hour of a local day [EUR/kWh].

    `clock_hour` is the wall clock's hour and `sun` the sine of the sun's elevation, each of shape (hours,).
    """
    rng = np.random.default_rng([seed, 3, day])
    level = 0.095 + 0.03 * day_noise(seed, "wind", day, 0.5) - (0.015 if weekday >= WEEKEND else 0.0)
    morning = 0.035 * np.exp(-((clock_hour - 8) ** 2) / 4)
    evening = 0.075 * np.exp(-((clock_hour - 19.5) ** 2) / 5)
    solar = 0.10 * np.clip(0.5 + 0.35 * day_noise(seed, "sky over the land", day, 0.6), 0, 1.2) * np.maximum(sun, 0)
    return np.asarray(np.round(level + morning + evening - solar + rng.normal(0, 0.006, len(clock_hour)), 5))


def retail_per_kwh(spot: FloatArray) -> FloatArray:
    """Return what a household pays to import at a spot price."""
    return np.asarray(np.round(VAT * spot + TAXES_AND_GRID_PER_KWH, 5))
