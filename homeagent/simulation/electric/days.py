"""One day around and inside a home before anybody reacts: sky, prices, people's plans, what they switch on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid, require_utc
from homeagent.simulation.electric.compressor import Weather, cooling_weather, heating_weather
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.electric.hot_water_use import Draw, draws_of_day
from homeagent.simulation.electric.layered_tank import tank_cop
from homeagent.simulation.electric.plans import Load, PersonDay, Trip, loads_of_day, people_of_day, trips_of_day
from homeagent.simulation.market import VAT, spot_per_kwh
from homeagent.simulation.minute_load import WEEKEND, LocalDay, load_kw
from homeagent.simulation.minute_sky import (
    clear_sky_index,
    cloud_share,
    on_a_slope_kw_m2,
    on_the_ground_kw_m2,
    outdoor_c,
    pv_kw,
)
from homeagent.simulation.weather import day_noise, sine_of_elevation

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
HOUR_MIN = 60
DUSK = 0.06
FACADES_DEG = (0.0, 90.0, 180.0, -90.0)
"""South, west, north, east."""
BLINDS_FROM_C = 21.0
"""Above this outside, blinds are down where the sun is on the window."""
HEAT_OF_LOAD = 0.8
"""What of the appliances' electricity stays in the rooms: the rest goes down the drain or out of the hood (assumed)."""
AWAKE_KW, ASLEEP_KW = 0.085, 0.06
"""A person's dry heat (ISO 7730, sitting and sleeping)."""
LIVING_PART = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """What is outside on a day, by minute; shape (minutes,)."""

    grid: TimeGrid
    clock_min: FloatArray
    out_c: FloatArray
    wind_m_s: FloatArray
    ground_kw_m2: FloatArray
    cover: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricDay:
    """One local day as plain lists by minute, for the loop."""

    day: date
    start: datetime
    sky: Sky
    out_c: list[float]
    wind_m_s: list[float]
    heating: Weather
    cooling: Weather
    tank_cop: list[float]
    living_sun_kw: list[float]
    sleeping_sun_kw: list[float]
    living_gains_kw: list[float]
    sleeping_gains_kw: list[float]
    living_open_m2: list[float]
    sleeping_open_m2: list[float]
    pv_kw: list[float]
    base_kw: list[float]
    import_per_kwh: FloatArray
    export_per_kwh: FloatArray
    """Prices by the hour."""
    people: tuple[PersonDay, ...]
    awake: list[int]
    """How many are at home and awake."""
    at_home: list[int]
    draws: dict[int, list[Draw]]
    trips: tuple[Trip, ...]
    loads: tuple[Load, ...]

    @property
    def minutes(self) -> int:
        """How many minutes the day has: 1440, or an hour more or less."""
        return self.sky.grid.count


def local_grid(zone: ZoneInfo, day: date, step: timedelta) -> TimeGrid:
    """Return a local day's slots."""
    start, end = (require_utc(datetime.combine(one, time(0), tzinfo=zone)) for one in (day, day + timedelta(days=1)))
    return TimeGrid(start=start, step=step, count=(end - start) // step)


def sky_of_day(drawn: ElectricHome, zone: ZoneInfo, day: date) -> Sky:
    """Return what is outside on a day."""
    home, climate, number = drawn.home, drawn.home.climate, day.toordinal()
    grid = local_grid(zone, day, MINUTE)
    hours = [at.astimezone(zone).hour for at in local_grid(zone, day, HOUR).starts()]
    clock_min = (np.array(hours, dtype=np.float64)[:, None] * HOUR_MIN + np.arange(HOUR_MIN)).reshape(-1)
    cover = cloud_share(home.seed, number, climate)
    out_c = outdoor_c(home.seed, number, climate, clock_min, day.timetuple().tm_yday, cover)
    index = clear_sky_index(home.seed, number, grid.count, cover)
    return Sky(
        grid=grid,
        clock_min=clock_min,
        out_c=out_c,
        wind_m_s=_wind_m_s(home.seed, number, grid.count),
        ground_kw_m2=on_the_ground_kw_m2(grid, climate.place, index),
        cover=cover,
    )


def prices_of_day(drawn: ElectricHome, zone: ZoneInfo, day: date) -> tuple[FloatArray, FloatArray]:
    """Return what importing costs and exporting pays in each hour."""
    home, hours = drawn.home, local_grid(zone, day, HOUR)
    clock_hour = np.array([at.astimezone(zone).hour for at in hours.starts()], dtype=np.float64)
    sun = sine_of_elevation(hours, home.climate.place.latitude_deg, home.climate.place.longitude_deg)
    spot = spot_per_kwh(home.seed, day.toordinal(), day.weekday(), clock_hour, sun)
    sells = spot if home.feed_in_per_kwh is None else np.full(len(spot), home.feed_in_per_kwh)
    return np.round(VAT * spot + home.taxes_per_kwh, 5), np.round(sells, 5)


def electric_day(drawn: ElectricHome, zone: ZoneInfo, day: date) -> ElectricDay:
    """Return a day; the same seed gives the same day, whatever came before."""
    home, number, weekend = drawn.home, day.toordinal(), day.weekday() >= WEEKEND
    sky = sky_of_day(drawn, zone, day)
    rng = np.random.default_rng([home.seed, 32, number])
    later = _later_min(rng) if home.away and not weekend else 0.0
    people = people_of_day(drawn, number, sky.clock_min, weekend=weekend, later_min=later)
    dark = sine_of_elevation(sky.grid, home.climate.place.latitude_deg, home.climate.place.longitude_deg) < DUSK
    local = LocalDay(
        ordinal=number,
        weekday=day.weekday(),
        first=0,
        clock_min=sky.clock_min,
        dark=dark,
        outdoor_c=sky.out_c,
    )
    base = np.maximum(load_kw(home, [local], later_min=later), 0.0)
    awake = np.sum([one.awake for one in people], axis=0)
    at_home = np.sum([one.home for one in people], axis=0)
    living_sun, sleeping_sun = _sun_kw(drawn, sky)
    gains = HEAT_OF_LOAD * base
    opened = _aired(rng, drawn, sky, people)
    imports, exports = prices_of_day(drawn, zone, day)
    return ElectricDay(
        day=day,
        start=sky.grid.start,
        sky=sky,
        out_c=sky.out_c.tolist(),
        wind_m_s=sky.wind_m_s.tolist(),
        heating=heating_weather(sky.out_c),
        cooling=cooling_weather(sky.out_c),
        tank_cop=tank_cop(sky.out_c).tolist(),
        living_sun_kw=living_sun.tolist(),
        sleeping_sun_kw=sleeping_sun.tolist(),
        living_gains_kw=(LIVING_PART * gains + AWAKE_KW * awake).tolist(),
        sleeping_gains_kw=((1 - LIVING_PART) * gains + ASLEEP_KW * (at_home - awake)).tolist(),
        living_open_m2=opened[0].tolist(),
        sleeping_open_m2=opened[1].tolist(),
        pv_kw=pv_kw(sky.grid, home.climate.place, home.roof, sky.ground_kw_m2, sky.out_c).tolist(),
        base_kw=base.tolist(),
        import_per_kwh=imports,
        export_per_kwh=exports,
        people=people,
        awake=awake.tolist(),
        at_home=at_home.tolist(),
        draws=draws_of_day(drawn, number, people, sky.clock_min),
        trips=trips_of_day(drawn, number, people, sky.clock_min, weekend=weekend),
        loads=loads_of_day(drawn, number, people, sky.clock_min, weekend=weekend),
    )


def _later_min(rng: np.random.Generator) -> float:
    """Return by how much later than by habit everybody comes home: one workday in eight, an hour or two (assumed)."""
    late, by = rng.random() < 1 / 8, rng.uniform(45, 150)
    return float(by) if late else 0.0


def _wind_m_s(seed: int, day: int, count: int) -> FloatArray:
    """Return the wind at the house: 3 m/s in the mean, calm or windy for days, gusty by the hour (assumed)."""
    rng = np.random.default_rng([seed, 33, day])
    before, after = (day_noise(seed, "breeze", day + ahead, 0.6) for ahead in (0, 1))
    slow = before + (after - before) * np.arange(count) / count
    hours = np.interp(np.arange(count) / HOUR_MIN, np.arange(27), rng.normal(0, 0.3, 27))
    return np.asarray(2.7 * np.exp(0.4 * slow + hours))


def _sun_kw(drawn: ElectricHome, sky: Sky) -> tuple[FloatArray, FloatArray]:
    """Return what the sun brings into the living and the sleeping zone; on warm days blinds are down."""
    place = drawn.home.climate.place
    living, sleeping = np.zeros(sky.grid.count), np.zeros(sky.grid.count)
    for facade, azimuth_deg in enumerate(FACADES_DEG):
        light = on_a_slope_kw_m2(sky.grid, place, sky.ground_kw_m2, 90.0, azimuth_deg)
        shaded = (sky.out_c > BLINDS_FROM_C) & (light > 0.15)  # noqa: PLR2004 - the sun is on it
        light = np.where(shaded, drawn.blinds * light, light)
        living += drawn.building.living.sun_m2[facade] * light
        sleeping += drawn.building.sleeping.sun_m2[facade] * light
    return living, sleeping


def _aired(
    rng: np.random.Generator, drawn: ElectricHome, sky: Sky, people: tuple[PersonDay, ...]
) -> tuple[FloatArray, FloatArray]:
    """Return how far windows are open by habit [m2]; in summer people open them by how warm it is, in the loop."""
    living, sleeping = np.zeros(sky.grid.count), np.zeros(sky.grid.count)
    if drawn.season == "cooling":
        return living, sleeping
    up: BoolArray = np.any([one.awake for one in people], axis=0)
    minutes = np.flatnonzero(up)
    if len(minutes):
        for room in rng.integers(0, 2, rng.poisson(drawn.airs)):
            first = minutes[0] + int(rng.uniform(5, 50)) if rng.random() < 0.6 else int(rng.choice(minutes))  # noqa: PLR2004 - mostly in the morning
            (living, sleeping)[room][first : first + int(rng.uniform(4, 12))] = rng.uniform(0.4, 1.0)
    if drawn.sleeps_open:
        asleep = ~up & np.any([one.home for one in people], axis=0)
        sleeping = np.where(asleep, np.maximum(sleeping, 0.05), sleeping)
    return living, sleeping
