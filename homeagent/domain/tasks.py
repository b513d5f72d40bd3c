"""What the planner is asked of each device over a grid: physics is hard, wishes have prices.

Arrays have shape (count,) for slots. Prices of wishes are in the home's currency.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import ApplianceSpec, CarSpec, HeatSpec, HoursSpec, HouseModel, TankSpec
from homeagent.domain.grid import BoolArray, FloatArray, IntArray, SlotSeries, frozen_array


@dataclass(frozen=True, slots=True)
class _Frozen:
    """Keeps copies of its arrays that nobody can write."""

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, np.ndarray):
                array = np.array(value)
                array.setflags(write=False)
                object.__setattr__(self, one.name, array)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarTask(_Frozen):
    """What a car asks: `needed_kwh` more at the charger before it leaves; it could take `room_kwh` (>= needed).

    `present` says in which slots it is plugged in. `leaves` is how likely it leaves during a slot if it is still there
    at its start: 1 in the last slot before an announced departure, a learned hazard otherwise. Energy that misses when
    it leaves costs `short_per_kwh`; what it takes beyond the need is worth `beyond_per_kwh`.
    `stored_kwh` is None where the state of charge is unknown: then it can be charged, never discharged.
    """

    spec: CarSpec
    present: BoolArray
    leaves: FloatArray
    needed_kwh: float
    room_kwh: float
    short_per_kwh: float
    beyond_per_kwh: float = 0.0
    stored_kwh: float | None = None
    surplus_only: bool = False
    """A person asks that it charges from surplus alone, except for what is needed."""
    later_per_kwh: float | None = None
    """What a kWh usually costs: what one costs that still misses at the end of the grid, if the car has not left."""
    surplus_kw: FloatArray | None = None
    """What the sun is expected to leave over (count,): what is taken beyond the need is planned from it alone, where
    `surplus_only` asks for that; None: nothing is."""
    charging: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatTask(_Frozen):
    """A house to keep between `low_c` and `high_c` where somebody cares: `discomfort_per_kh` is 0 where nobody does.

    Degree-hours below or above the band cost `discomfort_per_kh` (count,). `gains_kw` (count,) is heat from people and
    appliances beside what the model has. `minutes_so` is how long the machine is on or off as it is. A kWh of heat in
    the house at the grid's end is worth `left_per_kwh`.
    """

    spec: HeatSpec
    model: HouseModel
    air_c: float
    mass_c: float
    outdoor_c: FloatArray
    sun_kw_m2: FloatArray
    gains_kw: FloatArray
    low_c: FloatArray
    high_c: FloatArray
    discomfort_per_kh: FloatArray
    left_per_kwh: float = 0.0
    on: bool = False
    minutes_so: float = 1e9
    starts_today: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TankTask(_Frozen):
    """Hot water that is drawn: `drawn_kwh` (count,) as expected, `drawn_high_kwh` (count,) as it may be at most.

    Heat that misses below `useful_c` costs `cold_per_kwh`. `hygiene_by` is the last slot by whose end the tank should
    have reached the hygiene temperature, None where that lies beyond the grid.
    """

    spec: TankSpec
    water_c: float
    drawn_kwh: FloatArray
    drawn_high_kwh: FloatArray
    outdoor_c: FloatArray
    cold_per_kwh: float
    hygiene_by: int | None = None
    left_per_kwh: float = 0.0
    on: bool = False
    minutes_so: float = 1e9
    starts_today: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApplianceTask(_Frozen):
    """A run that is asked for between slot `first` and the end of slot `last` (both inclusive), to the end.

    With `at_most` the run is optional: it is left out if it costs more. A wait costs `wait_per_hour` from `first` on;
    an end after `last` costs `late_per_hour`. A run that has begun `begun_min` ago cannot be stopped.
    """

    spec: ApplianceSpec
    first: int
    last: int
    at_most: float | None = None
    wait_per_hour: float = 0.0
    late_per_hour: float = 1.0
    begun_min: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HoursTask(_Frozen):
    """Hours that are still to be run, `owed_hours` (days,) of each local day; `day` (count,) numbers the slots' days.

    `allowed` (count,) says in which slots it may run. An hour that misses costs `missing_per_hour`.
    """

    spec: HoursSpec
    day: IntArray
    allowed: BoolArray
    owed_hours: FloatArray
    missing_per_hour: float = 1.0
    on: bool = False
    minutes_so: float = 1e9


DeviceTask: TypeAlias = CarTask | HeatTask | TankTask | ApplianceTask | HoursTask


def content(tasks: Iterable[DeviceTask]) -> bytes:
    """Return the content of tasks in a few bytes: equal tasks give equal bytes."""
    sha = hashlib.sha256()
    for task in tasks:
        for part in _parts(task):
            sha.update(part)
    return sha.digest()


def _parts(value: object) -> Iterator[bytes]:
    """Return what a value consists of; a number counts as the same whoever has computed it."""
    match value:
        case np.ndarray():
            yield value.tobytes()
        case np.generic():
            yield repr(value.item()).encode()
        case tuple():
            for one in value:
                yield from _parts(one)
        case _ if is_dataclass(value):
            yield type(value).__name__.encode()
            for field in fields(value):
                yield from _parts(getattr(value, field.name))
        case _:
            yield repr(value).encode()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """What is done with a device in one slot, and what else could be: the next best and what it costs more.

    `text` is a sentence with numbers. `runner_up` is in words ("off", "later: 02:15"), None where there is no choice.
    """

    text: str
    runner_up: str | None = None
    runner_up_costs: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DevicePlan:
    """What one device is planned to do. `power_kw` is drawn, - where a car gives; `level` has shape (count + 1,).

    The level is the energy still needed by a car [kWh], the temperature of the air or the water [degC], the hours
    still owed; NaN where it means nothing. In slots with `follows_surplus` the device takes what the sun leaves over,
    whatever that is, at least `power_kw`'s share that is needed. `target_c` (count,) is what a thermostat is told.
    `start` is when an appliance begins, None where it does not.
    """

    name: str
    power_kw: SlotSeries
    level: FloatArray
    follows_surplus: BoolArray
    target_c: FloatArray | None = None
    start: datetime | None = None
    wish_cost: float = 0.0
    """What the wishes that are not met cost, as priced; the plan minimises it too, it is never shown as money."""
    unmet: tuple[str, ...] = ()

    def starts_by_day(self, timezone: ZoneInfo, *, on: bool = False) -> dict[date, int]:
        """Return how often it is switched on in each local day of the plan; `on`: it is before the first slot."""
        drawing = self.power_kw.values != 0
        begins = drawing & ~np.concatenate([[on], drawing[:-1]])
        days = [at.astimezone(timezone).date() for at in self.power_kw.grid.starts()]
        counted = dict.fromkeys(days, 0)
        for day, begun in zip(days, begins.tolist(), strict=True):
            counted[day] += int(begun)
        return counted

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", frozen_array(self.level))
