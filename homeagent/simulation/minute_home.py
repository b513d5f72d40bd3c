"""A whole simulated home in steps of a minute, as columns: load, PV, prices, carbon and weather. Seeded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, require_utc
from homeagent.simulation.drawn_home import DrawnHome, drawn_home
from homeagent.simulation.home_data import HomeData
from homeagent.simulation.market import VAT, spot_per_kwh
from homeagent.simulation.minute_load import LocalDay, load_kw
from homeagent.simulation.minute_sky import clear_sky_index, cloud_share, on_the_ground_kw_m2, outdoor_c, pv_kw
from homeagent.simulation.weather import day_noise, sine_of_elevation

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOUR_MIN = 60
DUSK = 0.06
"""The sine of the sun's elevation below which lamps are on."""
WATTS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MinuteHome:
    """A drawn home and its columns, named as in a home's file."""

    home: DrawnHome
    timezone: ZoneInfo
    data: HomeData


def minute_home(seed: int, first: date, days: int, step: timedelta) -> MinuteHome:
    """Return the home of a seed from local midnight of `first` on; more days change nothing of those before.

    `step` is a minute, or whole minutes that divide the hour: then the columns are means of the same minutes.
    """
    home = drawn_home(seed)
    zone = ZoneInfo(home.climate.zone)
    minutes = _grid(zone, first, days, MINUTE)
    at, made = 0, []
    for ahead in range(days):
        made.append(_day(home, zone, first + timedelta(days=ahead), at))
        at += made[-1][0].part.stop - made[-1][0].first
    columns = {name: np.concatenate([columns[name] for _, columns in made]) for name in made[0][1]}
    columns = {"load_kw": np.maximum(load_kw(home, [day for day, _ in made]), 0.0), **columns}
    inside = step // MINUTE
    means = {name: values.reshape(-1, inside).mean(axis=1) for name, values in columns.items()}
    grid = TimeGrid(start=minutes.start, step=step, count=minutes.count // inside)
    return MinuteHome(home=home, timezone=zone, data=HomeData(grid=grid, columns=means, ignored=()))


def _grid(zone: ZoneInfo, first: date, days: int, step: timedelta) -> TimeGrid:
    start, end = (datetime.combine(day, time(0), tzinfo=zone) for day in (first, first + timedelta(days=days)))
    return TimeGrid(start=start, step=step, count=(require_utc(end) - require_utc(start)) // step)


def _day(home: DrawnHome, zone: ZoneInfo, day: date, at: int) -> tuple[LocalDay, dict[str, FloatArray]]:
    """Return one local day whose first minute is the window's `at`, and what is outside of the home on it."""
    minutes, hours = _grid(zone, day, 1, MINUTE), _grid(zone, day, 1, HOUR)
    number, place = day.toordinal(), home.climate.place
    clock_hour = np.array([hour.astimezone(zone).hour for hour in hours.starts()], dtype=np.float64)
    clock_min = (clock_hour[:, None] * HOUR_MIN + np.arange(HOUR_MIN)).reshape(-1)
    cover = cloud_share(home.seed, number, home.climate)
    air_c = outdoor_c(home.seed, number, home.climate, clock_min, day.timetuple().tm_yday, cover)
    ground = on_the_ground_kw_m2(minutes, place, clear_sky_index(home.seed, number, minutes.count, cover))
    sun = sine_of_elevation(hours, place.latitude_deg, place.longitude_deg)
    spot = spot_per_kwh(home.seed, number, day.weekday(), clock_hour, sun)
    sells = spot if home.feed_in_per_kwh is None else np.full(len(spot), home.feed_in_per_kwh)
    by_hour = {
        "price_import_per_kwh": VAT * spot + home.taxes_per_kwh,
        "price_export_per_kwh": sells,
        "carbon_g_per_kwh": _carbon_g_per_kwh(home.seed, number, clock_hour, sun),
    }
    columns = {
        "pv_kw": pv_kw(minutes, place, home.roof, ground, air_c),
        **{name: np.repeat(np.round(values, 5), HOUR_MIN) for name, values in by_hour.items()},
        "temp_c": air_c,
        "irradiance_w_m2": ground * WATTS,
    }
    dark = sine_of_elevation(minutes, place.latitude_deg, place.longitude_deg) < DUSK
    local = LocalDay(ordinal=number, weekday=day.weekday(), first=at, clock_min=clock_min, dark=dark, outdoor_c=air_c)
    return local, columns


def _carbon_g_per_kwh(seed: int, day: int, clock_hour: FloatArray, sun: FloatArray) -> FloatArray:
    """Return the grid's intensity of each hour: cheap wind and sun are clean too, evenings are not."""
    rng = np.random.default_rng([seed, 25, day])
    solar = np.clip(0.5 + 0.35 * day_noise(seed, "sky over the land", day, 0.6), 0, 1.2) * np.maximum(sun, 0)
    evening = np.exp(-((clock_hour - 19.5) ** 2) / 8)
    level = 360 + 75 * day_noise(seed, "wind", day, 0.5) + 60 * evening - 230 * solar
    return np.asarray(np.clip(level + rng.normal(0, 12, len(clock_hour)), 60, 650))
