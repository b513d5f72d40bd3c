"""What the people of a home plan for a day: when each is up and at home, the car's ways, machines they load."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.minute_load import Presence, presence_on

ANNOUNCED_EARLY_MIN = 15.0
"""Somebody who says when they leave says a round time, and leaves up to so much after it."""
LAST_MIN = 1425


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonDay:
    """One person's day, by minute of the day: at home or not, and awake there or not."""

    home: BoolArray
    awake: BoolArray
    leave: float | None
    back: float
    wake: float
    sleep: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A way of the car, in minutes of the day; `announced_min` is the time that was said, if any."""

    leave: int
    back: int
    km: float
    announced_min: int | None
    plugs_in: bool
    """Whether it is plugged in on coming home."""
    plugged_after: int
    """So many minutes after coming home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A machine is loaded: at which minute of the day, and how much later than at once it may be done."""

    appliance: str
    minute: int
    slack_min: float
    number: int


def people_of_day(
    drawn: ElectricHome, ordinal: int, clock_min: FloatArray, *, weekend: bool, later_min: float
) -> tuple[PersonDay, ...]:
    """Return everybody's day: the first person's is the one that the home's load belongs to, others are within it."""
    home = drawn.home
    first = presence_on(home, ordinal, weekend=weekend)
    rng = np.random.default_rng([home.seed, 34, ordinal])
    found = []
    for number, person in enumerate(drawn.people):
        jitter = rng.uniform(-15, 15, 3)
        leave, back, wake, sleep = first.leave, first.back + later_min, first.wake, first.sleep
        if number:
            wake += max(person.later_up_min + jitter[0], 0.0)
            sleep -= max(person.earlier_to_bed_min + jitter[1], 0.0)
            if not weekend and not home.away and person.works:
                leave, back = max(wake + 50, home.leave_min + jitter[2]), home.return_min + 2 * jitter[0]
            elif leave is not None:
                leave -= 5.0
                back += max(person.later_home_min + jitter[2], 0.0)
        found.append(_person_day(Presence(wake=wake, sleep=sleep, leave=leave, back=back), clock_min))
    return tuple(found)


def _person_day(presence: Presence, clock_min: FloatArray) -> PersonDay:
    leave = presence.leave
    home = np.ones(len(clock_min), dtype=np.bool_)
    if leave is not None:
        home = (clock_min < leave) | (clock_min >= presence.back)
    return PersonDay(
        home=home,
        awake=home & (clock_min >= presence.wake) & (clock_min < presence.sleep),
        leave=leave,
        back=presence.back,
        wake=presence.wake,
        sleep=presence.sleep,
    )


def _driver(drawn: ElectricHome) -> int:
    """Return who drives: whoever is away on workdays."""
    if drawn.home.away:
        return 0
    return next((number for number, one in enumerate(drawn.people) if number and one.works), 0)


def trips_of_day(
    drawn: ElectricHome, ordinal: int, people: tuple[PersonDay, ...], clock_min: FloatArray, *, weekend: bool
) -> tuple[Trip, ...]:
    """Return the car's ways: at most one of the day's absence, and now and then one in the evening."""
    rng = np.random.default_rng([drawn.seed, 35, ordinal])
    car, number = drawn.car, _driver(drawn)
    driver = people[number]
    draws = rng.random(6)
    works = not weekend and (drawn.home.away if number == 0 else True)
    long_way = weekend and draws[0] < 0.06  # noqa: PLR2004 - every eighth weekend has one
    km = car.commute_km * rng.uniform(0.95, 1.15) if works else rng.lognormal(np.log(18), 0.8)
    km = rng.uniform(120, 260) if long_way else float(np.clip(km, 2, 120))
    found = []
    if driver.leave is not None and draws[1] < (car.commutes if works else car.errands) + long_way:
        found.append((driver.leave, driver.back, km))
    evening = driver.back + 40 if driver.leave is not None else 1020.0
    if draws[2] < 0.12 and evening + 60 < driver.sleep - 30:  # noqa: PLR2004 - sport, friends, now and then
        leave = rng.uniform(evening, driver.sleep - 90)
        found.append((leave, min(leave + rng.uniform(45, 150), driver.sleep), float(rng.uniform(4, 30))))
    trips: list[Trip] = []
    for leaves, comes, way in found:
        leave, back = (int(np.argmax(clock_min >= min(max(at, 1.0), LAST_MIN))) for at in (leaves, comes))
        said = rng.random() < (1.0 if way > 100 else car.announces)  # noqa: PLR2004 - a long way is always announced
        early = rng.uniform(0, ANNOUNCED_EARLY_MIN)
        forgets, after = rng.random() < car.forgets, int(rng.exponential(4))
        if (trips and leave <= trips[-1].back + 5) or back <= leave:
            continue
        trips.append(
            Trip(
                leave=leave,
                back=back,
                km=way,
                announced_min=int((leave - early) // 5 * 5) if said else None,
                plugs_in=not forgets,
                plugged_after=after,
            )
        )
    return tuple(trips)


def loads_of_day(
    drawn: ElectricHome, ordinal: int, people: tuple[PersonDay, ...], clock_min: FloatArray, *, weekend: bool
) -> tuple[Load, ...]:
    """Return which machines are loaded when; as in `minute_load`, and only if somebody is up and in."""
    rng = np.random.default_rng([drawn.seed, 36, ordinal])
    up: BoolArray = np.any([one.awake for one in people], axis=0)
    found = []
    for habits in drawn.appliances:
        slack = [rng.uniform(*habits.slack_min) for _ in range(4)]
        if habits.name == "dishwasher":
            wanted = [drawn.home.dinner_min + rng.normal(70, 25)] if rng.random() < habits.a_day else []
        elif habits.name == "washer":
            wanted = rng.normal(660 if weekend else 1110, 110, min(rng.poisson(habits.a_day), 3)).tolist()
        else:  # a dryer is loaded when a wash is done
            wanted = []
        for number, minute in enumerate(sorted(wanted)):
            at = int(np.argmax(clock_min >= np.floor(min(max(minute, 0.0), LAST_MIN))))
            if up[at]:
                found.append(Load(appliance=habits.name, minute=at, slack_min=slack[number], number=number))
    return tuple(sorted(found, key=lambda one: one.minute))
