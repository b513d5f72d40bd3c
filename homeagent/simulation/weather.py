"""Sun and clouds over one place, minute by minute: the sky of the simulated home."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid

KIND_DAYS = 5
"""A day's weather remembers so many days before it."""


def day_noise(seed: int, stream: str, day: int, memory: float) -> float:
    """Return a standard normal number for a day that is like the days before it, by `memory` (0 to 1).

    Every day can be had without the days before it: the same seed gives the same day.
    """
    weight = memory ** np.arange(KIND_DAYS)
    key = [seed, sum(map(ord, stream))]
    noise = [np.random.default_rng([*key, day - back]).normal() for back in range(KIND_DAYS)]
    return float(weight @ noise / np.sqrt(weight @ weight))


def sun_direction(grid: TimeGrid, latitude_deg: float, longitude_deg: float) -> FloatArray:
    """Return where the sun stands at each slot's middle as parts of 1 to the south, the west and up, shape (3, count).

    Declination by Cooper (Solar Energy 12, 1969), equation of time by Spencer (Search 2, 1971).
    """
    start: datetime = grid.start + grid.step / 2
    minutes = np.arange(grid.count) * (grid.step.total_seconds() / 60) + start.hour * 60 + start.minute
    day_of_year = start.timetuple().tm_yday + minutes / 1440 - start.hour / 24
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day_of_year) / 365)
    b = 2 * np.pi * (day_of_year - 1) / 365
    equation_min = 229.18 * (
        0.000075 + 0.001868 * np.cos(b) - 0.032077 * np.sin(b) - 0.014615 * np.cos(2 * b) - 0.040849 * np.sin(2 * b)
    )
    hour_angle = np.radians((minutes + 4 * longitude_deg + equation_min) / 4 - 180)
    latitude = np.radians(latitude_deg)
    noonwards = np.cos(declination) * np.cos(hour_angle)
    up = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * noonwards
    south = noonwards * np.sin(latitude) - np.sin(declination) * np.cos(latitude)
    return np.array([south, np.cos(declination) * np.sin(hour_angle), up])


def sine_of_elevation(grid: TimeGrid, latitude_deg: float, longitude_deg: float) -> FloatArray:
    """Return the sine of the sun's elevation at each slot's middle, shape (count,); below 0 at night."""
    sine: FloatArray = sun_direction(grid, latitude_deg, longitude_deg)[2]
    return sine


def irradiance_kw_m2(sine: FloatArray, clear: FloatArray) -> FloatArray:
    """Return the global irradiance on the ground under a sky of clearness 0 to 1 (Haurwitz, J. Meteorology 2, 1945)."""
    up = np.maximum(sine, 1e-3)
    return np.where(sine > 0, 1.098 * up * np.exp(-0.057 / up), 0.0) * clear


def clearness(seed: int, day: int, count: int) -> FloatArray:
    """Return how much of a clear sky's light comes through, minute by minute, shape (count,).

    The day has a kind (overcast to clear); passing clouds switch between sun and shade, most often on days in between.
    """
    kind = 1 / (1 + np.exp(-1.6 * day_noise(seed, "sky", day, 0.6)))
    rng = np.random.default_rng([seed, 7, day])
    knots = np.arange(0, count + 120, 120)
    slow = np.interp(np.arange(count), knots, rng.normal(0, 0.12, len(knots)))
    clouds = np.zeros(count)
    at = 0
    while at < count:
        lasting = int(rng.gamma(2.0, 12.0)) + 2
        clouds[at : at + lasting] = rng.random() > kind
        at += lasting
    soft = np.convolve(clouds, np.ones(3) / 3, mode="same")
    through = (0.25 + 0.75 * kind + slow) * (1 - 0.65 * soft * (1.1 - 0.4 * kind))
    return np.asarray(np.clip(through, 0.05, 1.0))
