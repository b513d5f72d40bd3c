"""Where the sun stands: all that a forecaster needs of astronomy."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.site import Place

_DAY_S = 86400
_YEAR_DAYS = 365.25


def sun_height(grid: TimeGrid, place: Place) -> FloatArray:
    """Return the sine of the sun's elevation at the middle of each slot, shape (count,); below 0 at night.

    Declination and equation of time to half a degree and half a minute, which is finer than any roof (the usual short
    forms; see Duffie and Beckman, "Solar Engineering of Thermal Processes").
    """
    seconds = grid.start.timestamp() + (np.arange(grid.count) + 0.5) * grid.step.total_seconds()
    year = 2 * np.pi * ((seconds / _DAY_S) % _YEAR_DAYS) / _YEAR_DAYS
    declination = np.radians(-23.44) * np.cos(year + 2 * np.pi * 10 / _YEAR_DAYS)
    late_min = 9.87 * np.sin(2 * (year - 1.39)) - 7.53 * np.cos(year - 1.39) - 1.5 * np.sin(year - 1.39)
    solar_min = seconds % _DAY_S / 60 + 4 * place.longitude_deg + late_min
    hour_angle = np.radians(solar_min / 4 - 180)
    latitude = np.radians(place.latitude_deg)
    sine: FloatArray = np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(
        hour_angle
    )
    return sine
