"""What a roof would make under a clear sky: tilt and direction are found in what it made at its best. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.site import Place
from homeagent.forecasting.sun import sun_height

HIGH = 0.15
"""Sine of the sun's height below which horizon and haze say more than the roof does."""
TILTS_DEG = (0.0, 15.0, 30.0, 45.0)
FACINGS_DEG = (-90.0, -60.0, -30.0, 0.0, 30.0, 60.0, 90.0)
"""From the equator, + towards the west."""
DIFFUSE = 0.15
BINS = 6
_YEAR_S = 365.25 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """The sun over each slot, shape (count,): its height, and how far it stands to the equator and to the west."""

    height: FloatArray
    equator: FloatArray
    west: FloatArray


def sky_over(grid: TimeGrid, place: Place) -> Sky:
    """Return the sun's place in the sky in each slot's middle."""
    height = sun_height(grid, place)
    seconds = grid.start.timestamp() + (np.arange(grid.count) + 0.5) * grid.step.total_seconds()
    declination = np.radians(-23.44) * np.cos(2 * np.pi * (seconds % _YEAR_S) / _YEAR_S + 2 * np.pi * 10 / 365.25)
    angle = np.radians((seconds % 86400 / 60 + 4 * place.longitude_deg) / 4 - 180)
    latitude = abs(np.radians(place.latitude_deg))
    declination = declination * (1 if place.latitude_deg >= 0 else -1)
    equator = np.cos(declination) * np.cos(angle) * np.sin(latitude) - np.sin(declination) * np.cos(latitude)
    return Sky(height=height, equator=equator, west=np.cos(declination) * np.sin(angle))


def roof_kw(sky: Sky, tilt_deg: float, facing_deg: float) -> FloatArray:
    """Return what a roof of one kW makes under a clear sky, NaN where the sun is low."""
    tilt, facing = np.radians(tilt_deg), np.radians(facing_deg)
    up = np.maximum(sky.height, HIGH / 2)
    on_roof = up * np.cos(tilt) + np.sin(tilt) * (sky.equator * np.cos(facing) + sky.west * np.sin(facing))
    light = np.exp(-0.057 / up) * ((1 - DIFFUSE) * np.maximum(on_roof, 0.0) + DIFFUSE * up)
    return np.where(sky.height > HIGH, np.maximum(light, 0.02), np.nan)


def best_roof(pv_kw: FloatArray, sky: Sky, upto: int) -> FloatArray:
    """Return the clear-sky course of the roof that fits the best moments of the slots before `upto`, in kW.

    The right roof makes the same share of its clear sky at its best in every part of the day.
    """
    past = np.flatnonzero((sky.height[:upto] > HIGH) & (pv_kw[:upto] > 0))
    past = past[:: max(len(past) // 4000, 1)]
    angle = np.arctan2(sky.west[past], np.maximum(sky.equator[past], 0.05))
    edges = np.quantile(angle, np.linspace(0, 1, BINS + 1)[1:-1])
    part = np.digitize(angle, edges)
    best: tuple[float, float, FloatArray] | None = None
    for tilt in TILTS_DEG:
        for facing in FACINGS_DEG if tilt else (0.0,):
            clear = roof_kw(sky, tilt, facing)
            share = pv_kw[past] / clear[past]
            tops = np.array([np.quantile(share[part == at], 0.95) for at in range(BINS)])
            uneven = float(tops.std() / tops.mean())
            if best is None or uneven < best[0]:
                best = uneven, float(np.median(tops)), clear
    if best is None:  # there always is a roof: the tilts are a constant
        raise ValueError("no roof to choose from")
    return best[1] * best[2]
