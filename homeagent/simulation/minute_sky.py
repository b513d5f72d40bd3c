"""The sky above a simulated home, minute by minute: clouds of all sizes that a wind carries over it, light and warmth.

Cloud lengths follow the power law that Wood and Field found ("The distribution of cloud horizontal sizes", J. Climate
24, 2011); as in Bright et al., "Stochastic generation of synthetic minutely irradiance time series" (Solar Energy 115,
2015), length over wind speed is how long each of them shades the roof.
"""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.site import Place
from homeagent.simulation.drawn_home import Roof
from homeagent.simulation.population import Climate
from homeagent.simulation.weather import day_noise, irradiance_kw_m2, sun_direction

LENGTH_EXPONENT = 1.66
SHORTEST_KM, LONGEST_KM = 0.2, 300.0
SOLAR_CONSTANT_KW_M2 = 1.361
ALBEDO = 0.2
CELL_WARMER_K_M2_PER_KW = 31.0
"""By how much cells are warmer than the air in full sun: a nominal operating temperature of 45 degC."""
LOST_PER_K = 0.0035


def cloud_share(seed: int, day: int, climate: Climate) -> float:
    """Return the share of the sky that is covered on a day: mostly clear or mostly covered, less often in between."""
    return float(1 / (1 + np.exp(climate.clear + 2.0 * day_noise(seed, "cover", day, 0.5))))


def clear_sky_index(seed: int, day: int, count: int, cover: float) -> FloatArray:
    """Return how much of a clear sky's light comes through, minute by minute, shape (count,)."""
    rng = np.random.default_rng([seed, 22, day])
    wind_km_per_min = rng.uniform(4, 18) * 0.06
    thick = float(np.clip(0.25 + 0.5 * cover + rng.normal(0, 0.08), 0.15, 0.85))
    edges, through = [0.0], []
    while edges[-1] < count:
        cloud, gap = _lengths_km(rng) / wind_km_per_min
        gap *= min((1 - cover) / max(cover, 0.02), 50.0)
        edges += [edges[-1] + gap, edges[-1] + gap + cloud]
        beside = rng.uniform(0, 0.12) * 4 * cover * (1 - cover)  # light that clouds around a gap throw into it
        through += [1.0 + beside, 1 - float(np.clip(thick + rng.normal(0, 0.12), 0.1, 0.92))]
    light = np.concatenate([[0.0], np.cumsum(np.diff(edges) * through)])
    means: FloatArray = np.diff(np.interp(np.arange(count + 1), edges, light))
    haze = 0.95 + 0.03 * np.sin(np.arange(count) / rng.uniform(60, 240) + rng.uniform(0, 6))
    return means * haze


def _lengths_km(rng: np.random.Generator) -> FloatArray:
    """Return two lengths of the bounded power law."""
    power = 1 - LENGTH_EXPONENT
    low, high = SHORTEST_KM**power, LONGEST_KM**power
    lengths: FloatArray = (low + (high - low) * rng.random(2)) ** (1 / power)
    return lengths


def outdoor_c(
    seed: int, day: int, climate: Climate, clock_min: FloatArray, day_of_year: int, cover: float
) -> FloatArray:
    """Return the air's temperature on a day [degC]: season, the week's weather, and a swing that clouds dampen."""
    season = -np.cos(2 * np.pi * (day_of_year - 18) / 365)
    before, after = (day_noise(seed, "warmth", day + ahead, 0.75) for ahead in (0, 1))
    drift = before + (after - before) * clock_min / 1440
    swing = (1.5 + 4.5 * (1 - cover)) * -np.cos(2 * np.pi * (clock_min / 1440 - 0.12))
    warm: FloatArray = climate.mean_c + climate.season_c * season + 3.0 * drift + swing
    return warm


def on_the_ground_kw_m2(grid: TimeGrid, place: Place, index: FloatArray) -> FloatArray:
    """Return the global horizontal irradiance."""
    return irradiance_kw_m2(sun_direction(grid, place.latitude_deg, place.longitude_deg)[2], index)


def on_a_slope_kw_m2(
    grid: TimeGrid, place: Place, ground_kw_m2: FloatArray, tilt_deg: float, azimuth_deg: float
) -> FloatArray:
    """Return direct and diffuse light (Erbs et al., Solar Energy 28, 1982) on a slope; 0 is south, + is west."""
    south, west, up = sun_direction(grid, place.latitude_deg, place.longitude_deg)
    high = np.maximum(up, 0.05)
    kt = np.clip(ground_kw_m2 / (SOLAR_CONSTANT_KW_M2 * high), 0, 1)
    middle = 0.9511 - 0.1604 * kt + 4.388 * kt**2 - 16.638 * kt**3 + 12.336 * kt**4
    diffuse = np.where(kt <= 0.22, 1 - 0.09 * kt, np.where(kt > 0.8, 0.165, middle)) * ground_kw_m2  # noqa: PLR2004 - Erbs
    tilt, turned = np.radians(tilt_deg), np.radians(azimuth_deg)
    facing = up * np.cos(tilt) + np.sin(tilt) * (south * np.cos(turned) + west * np.sin(turned))
    direct = (ground_kw_m2 - diffuse) * np.maximum(facing, 0) / high
    return np.asarray(direct + diffuse * (1 + np.cos(tilt)) / 2 + ALBEDO * ground_kw_m2 * (1 - np.cos(tilt)) / 2)


def pv_kw(grid: TimeGrid, place: Place, roof: Roof, ground_kw_m2: FloatArray, air_c: FloatArray) -> FloatArray:
    """Return what the panels make."""
    light = on_a_slope_kw_m2(grid, place, ground_kw_m2, roof.tilt_deg, roof.azimuth_deg)
    cooler = 1 - LOST_PER_K * (air_c + CELL_WARMER_K_M2_PER_KW * light - 25)
    return np.asarray(np.clip(light * cooler * roof.peak_kw * roof.performance, 0, roof.limit_kw))
