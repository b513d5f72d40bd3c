"""What the people of a simulated home switch on, minute by minute: when they wake, leave, come back, cook and wash.

How often things are used follows Richardson et al., "Domestic electricity use: a high-resolution energy demand model"
(Energy and Buildings 42, 2010), for homes that own them; what they draw meanwhile is in `appliances.py`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.simulation import appliances
from homeagent.simulation.drawn_home import DrawnHome

WEEKEND = 5
MINUTES_OF_DAY = 1440
DOOR_K = 0.12
"""How much warmer a fridge's box is after its door was opened."""
Use = tuple[float, list[tuple[float, float]]]
"""The wall clock's minute at which something is switched on, and its (minutes, kW) from then on."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LocalDay:
    """One local day: its first minute in the window, the wall clock's minutes, and what the sky is like."""

    ordinal: int
    weekday: int
    first: int
    clock_min: FloatArray
    dark: BoolArray
    outdoor_c: FloatArray

    @property
    def part(self) -> slice:
        """Where the day lies in the window."""
        return slice(self.first, self.first + len(self.clock_min))


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """When people are up and at home on one day, by the wall clock's minutes; `leave` is None where they stay."""

    wake: float
    sleep: float
    leave: float | None
    back: float

    def up_and_in(self, clock_min: FloatArray) -> BoolArray:
        """Return whether somebody is."""
        up = (clock_min >= self.wake) & (clock_min < self.sleep)
        return up if self.leave is None else up & ((clock_min < self.leave) | (clock_min >= self.back))


def presence_on(home: DrawnHome, ordinal: int, *, weekend: bool) -> Presence:
    """Return when people are up and at home on a day, as the day's load has it."""
    return _presence(np.random.default_rng([home.seed, 23, ordinal]), home, weekend=weekend)


def load_kw(home: DrawnHome, days: Sequence[LocalDay], *, later_min: float = 0.0) -> FloatArray:
    """Return the load of a window of days that follow each other [kW], by minute.

    `later_min` is by how much later than by habit everybody comes home.
    """
    count = days[-1].part.stop
    load, room_c, opened = np.zeros(count), np.zeros(count), np.zeros(count)
    for day in days:
        rng = np.random.default_rng([home.seed, 23, day.ordinal])
        presence = _presence(rng, home, weekend=day.weekday >= WEEKEND)
        presence = replace(presence, back=presence.back + later_min)
        there = presence.up_and_in(day.clock_min)
        load[day.part] += _steady_kw(rng, home, day, there)
        room_c[day.part] = appliances.ROOM_C + np.clip(0.2 * (day.outdoor_c - 15), -1.5, 5)
        doors = rng.integers(0, len(there), rng.poisson(12 + 6 * home.people))
        opened[day.first + doors[there[doors]]] += DOOR_K
        for minute, pieces in _uses(rng, home, presence, weekend=day.weekday >= WEEKEND):
            at = int(np.argmax(day.clock_min >= np.floor(minute)))
            if minute < MINUTES_OF_DAY and there[at]:
                _draw(load, day.first + at + minute % 1, pieces)
    return load + _cold_kw(home, room_c, opened)


def _draw(load: FloatArray, start: float, pieces: list[tuple[float, float]]) -> None:
    first, drawn = appliances.minute_means(start, pieces)
    part = drawn[: len(load) - first]
    load[first : first + len(part)] += part


def _cold_kw(home: DrawnHome, room_c: FloatArray, opened: FloatArray) -> FloatArray:
    """Return what fridge and freezer draw; a freezer's door stays shut, and it rests longer."""
    rng, owned = np.random.default_rng([home.seed, 24]), home.owned
    on, off = owned.fridge_on_min, owned.fridge_off_min
    fridge = appliances.fridge_kw(owned.fridge_kw, on, off, room_c, opened, rng.random())
    phase, longer = rng.random(), rng.uniform(1.0, 1.6)
    if not owned.freezer_kw:
        return fridge
    shut = np.zeros(len(opened))
    return fridge + appliances.fridge_kw(owned.freezer_kw, on, off * longer, room_c, shut, phase)


def _presence(rng: np.random.Generator, home: DrawnHome, *, weekend: bool) -> Presence:
    wake = home.wake_min + rng.normal(0, 12) + (home.weekend_later_min if weekend else 0)
    leave: float | None = home.leave_min + rng.normal(0, 8)
    back = home.return_min + rng.normal(0, 25)
    if weekend or not home.away:  # out for a while: shopping, a visit
        leave, lasting = rng.uniform(560, 900), rng.uniform(45, 240)
        back = leave + lasting
        leave = leave if rng.random() < 0.5 else None  # noqa: PLR2004 - on every second day
    sleep = home.sleep_min + rng.normal(15 if weekend else 0, 18)
    return Presence(wake=wake, sleep=min(sleep, MINUTES_OF_DAY), leave=leave, back=back)


def _steady_kw(rng: np.random.Generator, home: DrawnHome, day: LocalDay, there: BoolArray) -> FloatArray:
    """Return what is on for hours: standby, lamps after dark, screens in the evening, computers."""
    owned, count = home.owned, len(day.clock_min)
    lamps = np.repeat(rng.uniform(0.4, 1.3, count // 30 + 1), 30)[:count] * owned.light_kw * home.people
    watching = (day.clock_min > home.dinner_min + 30 + rng.normal(0, 20)) & (rng.random() < 0.9)  # noqa: PLR2004
    sessions = np.repeat(rng.random(count // 45 + 1) < 0.35, 45)[:count]  # noqa: PLR2004 - a third of the time
    steady = owned.standby_kw + there * (lamps * day.dark + owned.screen_kw * watching + owned.computer_kw * sessions)
    return np.asarray(steady + rng.normal(0, 0.002, count).clip(-0.006, 0.006))


def _uses(rng: np.random.Generator, home: DrawnHome, presence: Presence, *, weekend: bool) -> Iterator[Use]:
    """Give what is switched on; nothing of what the home does not own."""
    owned = home.owned
    yield from _meals(rng, home, presence, weekend=weekend)
    if owned.kettle_kw:
        for minute in rng.uniform(presence.wake, presence.sleep, rng.poisson(owned.kettles_a_day)):
            yield minute, appliances.kettle(rng, owned.kettle_kw)
    if owned.hair_dryer_kw and rng.random() < 0.6:  # noqa: PLR2004 - a share of mornings
        yield presence.wake + rng.uniform(5, 30), [(rng.uniform(3, 8), owned.hair_dryer_kw)]
    if owned.vacuum_kw and rng.random() < (0.4 if weekend else 0.15):
        yield rng.uniform(600, 1080), [(rng.uniform(8, 25), owned.vacuum_kw)]
    if owned.washer_kw:
        for minute in rng.normal(660 if weekend else 1110, 110, rng.poisson(owned.washes_a_day)):
            washing = appliances.washing(rng, owned.washer_kw)
            yield minute, washing
            if owned.dryer_kw and rng.random() < 0.6:  # noqa: PLR2004 - a share of washes
                done = minute + sum(lasting for lasting, _ in washing)
                yield done + rng.uniform(5, 60), appliances.drying(rng, owned.dryer_kw)


def _meals(rng: np.random.Generator, home: DrawnHome, presence: Presence, *, weekend: bool) -> Iterator[Use]:
    """Give breakfast, perhaps a warm lunch, mostly a warm dinner, and the dishes after it."""
    owned, dinner = home.owned, home.dinner_min + rng.normal(0, 18)
    breakfast = presence.wake + rng.normal(15, 5)
    yield breakfast, [(rng.uniform(2, 4), rng.uniform(0.7, 1.1))]  # a toaster
    if owned.kettle_kw:
        yield breakfast, appliances.kettle(rng, owned.kettle_kw)
    lunch = rng.normal(750, 25)
    cooked = [dinner] if rng.random() < 0.85 else []  # noqa: PLR2004 - now and then they eat out
    cooked += [lunch] if rng.random() < (0.6 if weekend else 0.35) else []
    for meal in cooked:
        if owned.oven_kw and rng.random() < (0.6 if weekend else 0.35):
            yield meal - rng.uniform(20, 45), appliances.oven(rng, owned.oven_kw)
        for _ in range(rng.poisson(1.2)):
            if owned.hob_kw:
                yield meal - rng.uniform(5, 30), appliances.hob(rng, owned.hob_kw * rng.uniform(0.6, 1.0))
    for _ in range(rng.poisson(0.8)):
        if owned.microwave_kw:
            yield rng.uniform(presence.wake, presence.sleep), [(rng.uniform(1, 5), owned.microwave_kw)]
    if owned.dishwasher_kw and rng.random() < 0.2 + 0.14 * home.people:
        yield dinner + rng.normal(70, 25), appliances.dishes(rng, owned.dishwasher_kw)
