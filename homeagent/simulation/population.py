"""Many homes that never were, each in its first weeks: what starter students learn from. Seeded.

Unlike the one home of the demo these differ in everything: place, season, people, work, size, heating, car, pool, roof.
The people are those of `household.py`, with wider ranges; minute by minute, then meter means. Ranges are set so that a
year comes to 1.5 to 15 MWh, about what statistics give for homes with and without electric heating and cars. None
was fitted to a measured home. What is switched on when somebody is at home and awake follows Richardson et al.,
"Domestic electricity use: a high-resolution energy demand model" (Energy and Buildings 42, 2010), much simplified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.site import Place
from homeagent.simulation.household import WEEKEND, Household
from homeagent.simulation.weather import irradiance_kw_m2, sine_of_elevation

MINUTE = timedelta(minutes=1)
DAY_MIN = 1440
MEMORY_OF_THE_SKY = 0.5
"""How much of a day's cloudiness, and of its warmth, the next day keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """A place with its usual sky and warmth [degC]: rough figures of the kind that an atlas has."""

    zone: str
    place: Place
    clear: float
    mean_c: float
    season_c: float


def _climate(
    zone: str, latitude_deg: float, longitude_deg: float, country: str, clear: float, mean_c: float, season_c: float
) -> Climate:
    place = Place(latitude_deg=latitude_deg, longitude_deg=longitude_deg, country=country)
    return Climate(zone=zone, place=place, clear=clear, mean_c=mean_c, season_c=season_c)


# zone, latitude, longitude, country, log-odds of a clear sky, mean of the year, half of summer less winter
CLIMATES = (
    _climate("Europe/Berlin", 52.5, 13.4, "DE", -0.2, 10, 9),
    _climate("Europe/Vienna", 48.2, 16.4, "AT", 0.1, 11, 10),
    _climate("Europe/London", 51.5, -0.1, "GB", -0.4, 11, 6),
    _climate("Europe/Dublin", 53.3, -6.2, "IE", -0.6, 10, 5),
    _climate("Europe/Amsterdam", 52.4, 4.9, "NL", -0.3, 11, 7),
    _climate("Europe/Stockholm", 59.3, 18.1, "SE", -0.2, 7, 10),
    _climate("Europe/Warsaw", 52.2, 21.0, "PL", -0.2, 9, 11),
    _climate("Europe/Rome", 41.9, 12.5, "IT", 0.8, 16, 8),
    _climate("Europe/Madrid", 40.4, -3.7, "ES", 1.2, 15, 10),
    _climate("America/New_York", 40.7, -74.0, "US", 0.4, 13, 12),
    _climate("America/Chicago", 41.9, -87.6, "US", 0.2, 10, 14),
    _climate("America/Denver", 39.7, -105.0, "US", 1.1, 10, 12),
    _climate("America/Phoenix", 33.4, -112.1, "US", 2.0, 24, 11),
    _climate("America/Toronto", 43.7, -79.4, "CA", 0.1, 9, 13),
    _climate("Australia/Brisbane", -27.5, 153.0, "AU", 0.9, 21, 5),
    _climate("Australia/Melbourne", -37.8, 145.0, "AU", 0.4, 15, 5),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class YoungHome:
    """A home from its first midnight on."""

    timezone: ZoneInfo
    place: Place
    history: History


def young_home(seed: int, days: int, step: timedelta) -> YoungHome:
    """Return the home that belongs to a seed, in its first `days`; the same home in any step."""
    rng = np.random.default_rng([seed, 11])
    climate = CLIMATES[rng.integers(len(CLIMATES))]
    zone = ZoneInfo(climate.zone)
    local = datetime(2018, 1, 1, tzinfo=zone) + timedelta(days=int(rng.integers(0, 6 * 365)))
    start = local.astimezone(UTC).replace(minute=0)
    day = local.date().toordinal()
    wall = TimeGrid(start=start, step=MINUTE, count=(days + 1) * DAY_MIN)
    sine = sine_of_elevation(wall, climate.place.latitude_deg, climate.place.longitude_deg)
    weather = _weather(rng, climate, wall, days + 1)
    load = _load_kw(rng, seed, day, sine, weather.outdoor_c)
    pv = _pv_kw(rng, climate.place, wall, sine, weather.clear)
    inside = step // MINUTE
    grid = TimeGrid(start=start, step=step, count=days * DAY_MIN // inside)
    late = [
        (at.astimezone(zone).utcoffset() or timedelta(0)) - (local.utcoffset() or timedelta(0)) for at in _days(grid)
    ]
    shift = np.repeat([by // MINUTE for by in late], DAY_MIN)  # the people go by the clock, the sun does not
    by_the_clock = np.clip(np.arange(days * DAY_MIN) + shift, 0, len(load) - 1)
    means = [values.reshape(-1, inside).mean(axis=1) for values in (load[by_the_clock], pv[: days * DAY_MIN])]
    return YoungHome(timezone=zone, place=climate.place, history=History(grid=grid, load_kw=means[0], pv_kw=means[1]))


def _days(grid: TimeGrid) -> list[datetime]:
    return [grid.start + timedelta(days=day) for day in range(grid.count * grid.step // timedelta(days=1))]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Weather:
    clear: FloatArray
    outdoor_c: FloatArray


def _lasting(rng: np.random.Generator, count: int, memory: float) -> FloatArray:
    """Return standard normal numbers, each of them like the one before."""
    noise = rng.normal(size=count)
    for at in range(1, count):
        noise[at] = memory * noise[at - 1] + np.sqrt(1 - memory**2) * noise[at]
    return noise


def _weather(rng: np.random.Generator, climate: Climate, wall: TimeGrid, days: int) -> _Weather:
    """Return the share of a clear sky's light, and the air outside, minute by minute."""
    minutes = np.arange(days * DAY_MIN)
    year = 2 * np.pi * (wall.start.timetuple().tm_yday + minutes / DAY_MIN) / 365
    summer = -np.cos(year - 0.35) * np.sign(climate.place.latitude_deg)
    sky = _lasting(rng, days, MEMORY_OF_THE_SKY)
    kind = 1 / (1 + np.exp(-(climate.clear + 1.5 * sky + 0.6 * summer[::DAY_MIN])))
    hourly = np.repeat(kind, 24) + 0.13 * _lasting(rng, days * 24, 0.7)
    spells = np.repeat(rng.random(days * DAY_MIN // 12), 12)  # clouds come and go in twelve minutes
    slow = np.clip(np.interp(minutes / 60, np.arange(days * 24) + 0.5, hourly), 0.03, 1.0)
    clear = np.clip(slow * (1 - 0.6 * (spells > slow) * (1.05 - slow)) + 0.08 * slow, 0.04, 1.0)
    warmth = (
        climate.mean_c
        + climate.season_c * summer
        + np.interp(minutes / DAY_MIN, np.arange(days), 3.0 * _lasting(rng, days, 0.7))
    )
    by_day = (2 + 5 * np.repeat(kind, DAY_MIN)) * -np.cos(2 * np.pi * (minutes / DAY_MIN - 0.13))
    return _Weather(clear=clear, outdoor_c=warmth + by_day)


def _household(rng: np.random.Generator) -> Household:
    """Return a family; every second home has somebody in it by day."""
    people = int(rng.choice([1, 2, 3, 4, 5], p=[0.25, 0.33, 0.18, 0.17, 0.07]))
    early = rng.normal(0, 60)
    away = rng.random() < 0.55  # noqa: PLR2004 - a share of homes
    return Household(
        people=people,
        wake_min=int(np.clip(410 + early + rng.normal(0, 20), 270, 620)),
        wake_weekend_min=int(np.clip(490 + early + rng.normal(0, 40), 300, 700)),
        leave_min=int(np.clip(500 + early, 330, 720)) if away else None,
        return_min=int(np.clip(rng.normal(1020 + early / 2, 80), 780, 1320)),
        dinner_min=int(rng.normal(1125, 60)),
        sleep_min=int(np.clip(rng.normal(1365 + early / 2, 45), 1230, 1438)),
        base_kw=float(rng.uniform(0.05, 0.35)),
        washing_per_day=float(rng.uniform(0.08, 0.25)) * people,
    )


def _load_kw(rng: np.random.Generator, seed: int, day: int, sine: FloatArray, outdoor_c: FloatArray) -> FloatArray:
    """Return the load minute by minute on the wall clock of the first day."""
    days = len(sine) // DAY_MIN
    people = _household(rng)
    clock = np.arange(float(DAY_MIN))
    weekday = (day - 1 + np.arange(days)) % 7
    off = weekday >= WEEKEND
    core = np.concatenate(
        [
            people.day_load_kw(seed, day + at, int(weekday[at]), clock, sine[at * DAY_MIN : (at + 1) * DAY_MIN] < 0)
            for at in range(days)
        ]
    )
    if rng.random() < 0.3:  # noqa: PLR2004 - some cook with gas: the tall parts are smaller
        core = people.base_kw + 0.6 * (core - people.base_kw)
    core *= np.exp(rng.normal(0.1, 0.4)) * np.repeat(np.exp(rng.normal(0, 0.08, days)), DAY_MIN)
    gone = _gone(rng, days)
    wake = np.where(off, people.wake_weekend_min, people.wake_min)
    minute = np.tile(clock, days)
    awake = (minute >= np.repeat(wake, DAY_MIN)) & (minute < people.sleep_min)
    core += _this_and_that(rng, days, awake)
    lowest = np.minimum(core, people.base_kw + 0.05)
    core = np.where(np.repeat(gone, DAY_MIN), lowest, core)
    core += _air(rng, minute, awake, outdoor_c) * np.where(np.repeat(gone, DAY_MIN), 0.3, 1.0)
    core += _by_the_clock(rng, days)
    car = _car(rng, days, off, people.return_min) * ~np.repeat(gone, DAY_MIN)
    core += car
    return np.asarray(core)


def _gone(rng: np.random.Generator, days: int) -> BoolArray:
    """Return the days on which nobody is there: one home in eight travels in its first weeks."""
    gone = np.zeros(days, dtype=np.bool_)
    if rng.random() < 1 / 8:
        first = int(rng.integers(0, days))
        gone[first : first + int(rng.integers(2, 10))] = True
    return gone


def _this_and_that(rng: np.random.Generator, days: int, awake: BoolArray) -> FloatArray:
    """Return what is on for an hour or so while somebody is awake: ovens, irons, tools, screens, fans."""
    load = np.zeros(days * DAY_MIN)
    a_day, usual_kw = rng.uniform(1, 7), rng.uniform(0.15, 1.2)
    for at in rng.integers(0, len(load), rng.poisson(2 * a_day * days)):
        if awake[at]:
            load[at : at + int(rng.gamma(2.0, 25.0)) + 5] += min(rng.exponential(usual_kw), 4.0)
    return load


def _air(rng: np.random.Generator, minute: FloatArray, awake: BoolArray, outdoor_c: FloatArray) -> FloatArray:
    """Return heating and cooling with electricity [kW], where there is any: proportional, with a setback at night."""
    load = np.zeros(len(minute))
    heats, cools = rng.random() < 0.3, rng.random() < 0.35  # noqa: PLR2004 - shares of homes
    daily = np.repeat(np.exp(rng.normal(0, 0.25, len(minute) // DAY_MIN)), DAY_MIN)
    slow = np.interp(np.arange(len(minute)), np.arange(0, len(minute), 60) + 30.0, outdoor_c[::60])
    if heats:
        wanted = np.where(awake, 17.0, 17.0 - rng.uniform(0, 5))
        load += np.minimum(rng.uniform(0.03, 0.15) * np.maximum(wanted - slow, 0), rng.uniform(1.5, 5)) * daily
        morning = (minute > rng.uniform(240, 420)) & (minute < rng.uniform(430, 560))
        load += np.where(morning & (slow < 12), rng.uniform(0, 1.0), 0)  # noqa: PLR2004 - cold mornings, an extra push
    if cools:
        late = np.roll(slow, 90)  # walls are warm when the air cools again
        from_min = rng.uniform(600, 1000) if rng.random() < 0.5 else 0.0  # noqa: PLR2004 - some only from then on
        on = (minute >= from_min) & (awake | bool(rng.random() < 0.5))  # noqa: PLR2004 - some sleep with it
        used = np.repeat(rng.random(len(minute) // DAY_MIN) < rng.uniform(0.6, 1.0), DAY_MIN)
        load += (
            np.minimum(rng.uniform(0.08, 0.35) * np.maximum(late - 22.5, 0), rng.uniform(0.8, 4)) * on * used * daily
        )
    return load


def _by_the_clock(rng: np.random.Generator, days: int) -> FloatArray:
    """Return what a timer switches: a water tank at night or noon in one home of four, a pool's pump in one of ten."""
    load = np.zeros((days, DAY_MIN))
    if rng.random() < 0.25:  # noqa: PLR2004
        first, power = int(rng.choice([0, 60, 120, 240, 720, 1320])), rng.uniform(1.5, 3.2)
        for day, lasting in enumerate(rng.gamma(6.0, 15.0, days)):
            load[day, first : first + int(lasting)] += power
    if rng.random() < 0.1:  # noqa: PLR2004
        first, lasting = int(rng.integers(300, 900)), int(rng.integers(180, 480))
        load[:, first : first + lasting] += rng.uniform(0.5, 1.6)
    return load.reshape(-1)


def _car(rng: np.random.Generator, days: int, off: BoolArray, return_min: int) -> FloatArray:
    """Return a car's charging in one home of six: on coming home, or from a cheap hour of the night on."""
    load = np.zeros((days + 1) * DAY_MIN)
    if rng.random() < 5 / 6:
        return load[: days * DAY_MIN]
    power = float(rng.choice([2.3, 3.7, 7.2]))
    often, cheap = rng.uniform(0.2, 0.9), rng.random() < 0.4  # noqa: PLR2004 - a share of cars
    for day in range(days):
        if rng.random() < often * (0.6 if off[day] else 1.0):
            first = day * DAY_MIN + (1410 if cheap else int(return_min + rng.normal(20, 30)))
            load[first : first + int(rng.gamma(2.5, 3.5) / power * 60)] += power
    return load[: days * DAY_MIN]


def _pv_kw(rng: np.random.Generator, place: Place, wall: TimeGrid, sine: FloatArray, clear: FloatArray) -> FloatArray:
    """Return what a roof of any pitch and direction makes, behind a horizon and an inverter's limit.

    Direct light by the angle on the roof, diffuse light from the sky it sees: more of it the less clear the sky is.
    """
    peak_kw = float(np.exp(rng.normal(np.log(5), 0.45)))
    tilt, facing = np.radians(rng.uniform(5, 45)), np.radians(np.clip(rng.normal(0, 50), -100, 100))
    latitude = abs(np.radians(place.latitude_deg))
    up = np.maximum(sine, 0.02)
    # the sun's azimuth from the equator's side, + towards the evening, by the hour of the true solar day
    minutes = wall.start.hour * 60 + wall.start.minute + np.arange(wall.count) + 4 * place.longitude_deg
    angle = np.radians((minutes / 4 - 180) % 360)
    day = wall.start.timetuple().tm_yday + np.arange(wall.count) / DAY_MIN
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284 + day) / 365) * np.sign(place.latitude_deg)
    south = np.cos(declination) * np.cos(angle) * np.sin(latitude) - np.sin(declination) * np.cos(latitude)
    west = np.cos(declination) * np.sin(angle)
    on_roof = np.maximum(up * np.cos(tilt) + np.sin(tilt) * (south * np.cos(facing) + west * np.sin(facing)), 0)
    whole = irradiance_kw_m2(sine, np.ones(wall.count))
    direct = 0.85 * np.clip((clear - 0.25) / 0.75, 0, 1)
    hidden = sine < np.where(west < 0, rng.uniform(0, 0.25), rng.uniform(0, 0.25))
    light = whole * (direct * np.minimum(on_roof / up, 3.0) * ~hidden + (clear - 0.85 * direct * 0.9) * 0.9)
    made = np.maximum(light, 0) * peak_kw * rng.uniform(0.75, 0.92)
    return np.asarray(np.where(sine > 0, np.minimum(made, peak_kw * rng.uniform(0.7, 1.0)), 0.0))
