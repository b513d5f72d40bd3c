"""The all-electric home that belongs to a seed: its people, its house and everything that can be shifted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from homeagent.simulation.drawn_home import DrawnHome, drawn_home
from homeagent.simulation.electric.building import BuildingSpec
from homeagent.simulation.electric.climate_machine import PanelSpec, WaterSpec
from homeagent.simulation.electric.compressor import CompressorSpec
from homeagent.simulation.electric.drawn_building import (
    drawn_building,
    drawn_panels,
    drawn_split,
    drawn_water_heating,
)
from homeagent.simulation.electric.electric_car import CarBatterySpec
from homeagent.simulation.electric.layered_tank import TankHeaterSpec
from homeagent.simulation.population import CLIMATES, Climate

Season = Literal["heating", "cooling"]
COLD_ZONES = ("Europe/Berlin", "Europe/Vienna", "Europe/Amsterdam", "Europe/Stockholm", "Europe/Warsaw")
WARM_ZONES = ("Europe/Vienna", "Europe/Rome", "Europe/Madrid")
WATTS = 1000.0
CHARGERS: tuple[tuple[tuple[int, ...], int], ...] = (((1,), 16), ((1,), 32), ((3,), 16), ((1, 3), 16))
"""Phases that can be used, and amperes: 3.7, 7.4, 11 and 11 kW."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What one person likes [degC], and bears before they do something about it."""

    likes_c: float
    low_c: float
    high_c: float
    asleep_low_c: float
    asleep_high_c: float
    patience_min: int
    litres_per_day: float
    """Hot water at 45 degC, baths left out."""
    later_up_min: float
    earlier_to_bed_min: float
    later_home_min: float
    works: bool
    """Whether this person is away on workdays where somebody else stays at home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarHabits:
    """How a car is used; times come from its driver's day."""

    battery: CarBatterySpec
    commute_km: float
    """There and back."""
    commutes: float
    """The share of workdays on which it is taken."""
    errands: float
    """The share of other times away on which it is taken."""
    target_share: float
    """What the owner has set as the charge to stop at."""
    announces: float
    """The share of stays in which somebody says when the car leaves."""
    forgets: float
    tells_stored: bool
    """Whether the car tells its state of charge; else only what was asked at the charger is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceHabits:
    """A machine with programmes that people load by habit."""

    name: str
    rated_kw: float
    a_day: float
    slack_min: tuple[float, float]
    """How much later than at once it may be done, in the people's eyes."""
    timer: bool
    """Whether it can be told to start later; else somebody has to be there."""
    switched: bool
    """Whether it can be started from afar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHabits:
    """A pool's pump."""

    rated_kw: float
    hours_per_day: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectricHome:
    """All that a seed decides once."""

    seed: int
    season: Season
    home: DrawnHome
    """People's times, what else they own, roof and battery."""
    people: tuple[Person, ...]
    building: BuildingSpec
    heating: WaterSpec | PanelSpec | None
    cooling: CompressorSpec | None
    band_k: float
    set_c: float
    """The set-point that this household likes."""
    tank: TankHeaterSpec
    tank_set_c: float
    tank_inside: bool
    baths: bool
    car: CarHabits
    appliances: tuple[ApplianceHabits, ...]
    pool: PoolHabits | None
    cold_water_c: float
    airs: float
    """How many times a day a window is opened wide in winter."""
    sleeps_open: bool
    """Whether the bedroom's window is tilted at night, in winter too."""
    blinds: float
    """What of the sun their blinds let in on hot days."""
    forecast_skill: float
    """The factor on the weather service's usual error."""

    @property
    def hvac(self) -> Season:
        """The name of the device that heats or cools the rooms."""
        return self.season


def drawn_electric(seed: int, season: Season) -> ElectricHome:
    """Return the home that belongs to a seed in a season."""
    rng = np.random.default_rng([seed, 31, season == "cooling"])
    home = drawn_home(seed)
    owned = home.owned
    climate = _climate(rng, season)
    dishes_kw, dryer_kw = owned.dishwasher_kw, owned.dryer_kw
    home = replace(home, climate=climate, owned=replace(owned, washer_kw=0.0, dishwasher_kw=0.0, dryer_kw=0.0))
    people = tuple(_person(rng, season) for _ in range(home.people))
    building = drawn_building(rng, home.people)
    set_c = _agreed_c(people)
    below_k = rng.uniform(1.0, 3.0)
    panels = rng.random() < (0.15 if building.kind == "new" else 0.65)
    heating: WaterSpec | PanelSpec | None = None
    if season == "heating":
        heating = (
            drawn_panels(rng, building, climate, below_k)
            if panels
            else drawn_water_heating(rng, building, climate, set_c - below_k)
        )
    slow = isinstance(heating, WaterSpec)
    return ElectricHome(
        seed=seed,
        season=season,
        home=home,
        people=people,
        building=building,
        heating=heating,
        cooling=drawn_split(rng, building) if season == "cooling" else None,
        band_k=rng.uniform(0.4, 0.8) if slow else rng.uniform(0.3, 0.6),
        set_c=set_c,
        tank=_tank(rng, home.people),
        tank_set_c=float(rng.choice((52.0, 55.0, 58.0, 60.0))),
        tank_inside=bool(rng.random() < 0.6),  # noqa: PLR2004 - a share of homes
        baths=bool(rng.random() < 0.5),  # noqa: PLR2004 - a share of homes
        car=_car(rng),
        appliances=_appliances(rng, home, washer_kw=owned.washer_kw, dishes_kw=dishes_kw, dryer_kw=dryer_kw),
        pool=_pool(rng) if season == "cooling" and rng.random() < 0.35 else None,  # noqa: PLR2004 - a share of homes
        cold_water_c=climate.mean_c + (-2 if season == "heating" else 4) + rng.uniform(-1, 1),
        airs=rng.uniform(0.5, 2.5),
        sleeps_open=bool(rng.random() < 0.15),  # noqa: PLR2004 - a share of homes
        blinds=rng.uniform(0.25, 0.7),
        forecast_skill=rng.uniform(0.8, 1.25),
    )


def _climate(rng: np.random.Generator, season: Season) -> Climate:
    zones = COLD_ZONES if season == "heating" else WARM_ZONES
    climates = [climate for climate in CLIMATES if climate.zone in zones]
    return climates[rng.integers(len(climates))]


def _agreed_c(people: tuple[Person, ...]) -> float:
    """Return the set-point they agree on, in halves of a degree: the mean of what they like, if all can bear it."""
    mean = float(np.mean([person.likes_c for person in people]))
    low, high = max(person.low_c for person in people) + 0.3, min(person.high_c for person in people) - 0.3
    wanted = min(max(mean, low), high) if low <= high else (low + high) / 2
    return round(2 * wanted) / 2


def _person(rng: np.random.Generator, season: Season) -> Person:
    """Return what somebody likes: about EN 16798-1's category II (20 to 24 degC, 23 to 26 degC), as people differ."""
    if season == "heating":
        likes = float(np.clip(rng.normal(21.2, 0.8), 19.5, 23.0))
        low, high = likes - rng.uniform(0.7, 1.2), likes + rng.uniform(1.5, 3.0)
        asleep = rng.uniform(15.0, 17.5), rng.uniform(22.5, 25.0)
    else:
        likes = float(np.clip(rng.normal(24.8, 0.8), 23.0, 26.5))
        low, high = likes - rng.uniform(2.0, 3.5), likes + rng.uniform(0.7, 1.3)
        asleep = rng.uniform(17.0, 19.0), rng.uniform(26.0, 28.0)
    return Person(
        likes_c=likes,
        low_c=low,
        high_c=high,
        asleep_low_c=asleep[0],
        asleep_high_c=asleep[1],
        patience_min=int(rng.uniform(15, 60)),
        litres_per_day=rng.uniform(25, 60),
        later_up_min=rng.uniform(0, 45),
        earlier_to_bed_min=rng.uniform(0, 60),
        later_home_min=rng.uniform(0, 90),
        works=bool(rng.random() < 0.6),  # noqa: PLR2004 - a share of people
    )


def _tank(rng: np.random.Generator, people: int) -> TankHeaterSpec:
    litres = float(np.clip(round((40 + 55 * people * rng.uniform(0.8, 1.3)) / 10) * 10, 80, 300))
    standing_w = rng.uniform(8.5 + 4.25 * litres**0.4, 12 + 5.93 * litres**0.4)  # classes B and C of EU 812/2013
    heat_pump = bool(litres >= 150 and rng.random() < 0.5)  # noqa: PLR2004 - a share of homes with room for it
    return TankHeaterSpec(
        litres=litres,
        loss_kw_per_k=standing_w / 45 / WATTS,
        power_kw=rng.uniform(0.4, 0.7) if heat_pump else float(rng.choice((1.5, 2.0, 2.4, 3.0))),
        heat_pump=heat_pump,
        quality=rng.uniform(0.88, 1.08),
        low_layer=int(rng.integers(5, 8)),
        band_k=rng.uniform(4, 7),
    )


def _car(rng: np.random.Generator) -> CarHabits:
    used, most_a = CHARGERS[rng.integers(len(CHARGERS))]
    battery = CarBatterySpec(
        capacity_kwh=float(rng.choice((40.0, 52.0, 58.0, 64.0, 77.0))),
        kwh_per_km=rng.uniform(0.15, 0.20),
        colder_share_per_k=rng.uniform(0.007, 0.015),
        most_a=most_a,
        phases=used,
        overhead_kw=rng.uniform(0.15, 0.3),
        efficiency=rng.uniform(0.92, 0.96),
    )
    return CarHabits(
        battery=battery,
        commute_km=float(np.clip(2 * rng.lognormal(np.log(13), 0.7), 6, 120)),
        commutes=rng.uniform(0.5, 1.0),
        errands=rng.uniform(0.4, 0.9),
        target_share=float(rng.choice((0.7, 0.8, 0.9))),
        announces=rng.uniform(0.2, 0.9),
        forgets=rng.uniform(0.01, 0.08),
        tells_stored=bool(rng.random() < 0.6),  # noqa: PLR2004 - a share of cars
    )


def _appliances(
    rng: np.random.Generator, home: DrawnHome, *, washer_kw: float, dishes_kw: float, dryer_kw: float
) -> tuple[ApplianceHabits, ...]:
    def habits(name: str, rated_kw: float, a_day: float, slack_min: tuple[float, float]) -> ApplianceHabits:
        return ApplianceHabits(
            name=name,
            rated_kw=rated_kw,
            a_day=a_day,
            slack_min=slack_min,
            timer=bool(rng.random() < 0.6),  # noqa: PLR2004 - a share of machines
            switched=bool(rng.random() < 0.5),  # noqa: PLR2004 - a share of machines
        )

    washes = max(home.owned.washes_a_day, 0.12)
    found = [habits("washer", washer_kw or 2.0, washes, (180.0, 840.0))]
    if dryer_kw:
        found.append(habits("dryer", dryer_kw, 0.6, (120.0, 600.0)))
    if dishes_kw:
        found.append(habits("dishwasher", dishes_kw, 0.2 + 0.14 * home.people, (240.0, 900.0)))
    return tuple(found)


def _pool(rng: np.random.Generator) -> PoolHabits:
    return PoolHabits(rated_kw=rng.uniform(0.5, 1.1), hours_per_day=float(rng.choice((4.0, 5.0, 6.0, 8.0))))
