"""A home's habits: when it wakes, leaves, returns and sleeps, what never stops, what runs weekly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from homeagent.domain.grid import FloatArray

Moment: TypeAlias = Literal["wake", "leave", "return", "sleep"]
DayKind: TypeAlias = Literal["workday", "day off"]

MOMENTS: tuple[Moment, ...] = ("wake", "leave", "return", "sleep")
DAY_KINDS: tuple[DayKind, ...] = ("workday", "day off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A moment that has moved: since when, and what it was before [local hour]."""

    since: date
    before_hour: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualTime:
    """When something usually happens, as an hour of the local day; beyond 24 it is after midnight.

    Half of the days lie within `spread_hours` of it. It was seen on `days` of `of_days` days looked at.
    """

    hour: float
    spread_hours: float
    days: int
    of_days: int
    shift: Shift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSeen:
    """Why a moment cannot be told from what the home uses."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceRuns:
    """What one metered appliance does: runs a week, energy and length of one, when it usually starts."""

    name: str
    runs_per_week: float
    energy_kwh: float
    hours: float
    usual_start: UsualTime | NotSeen
    usual_weekdays: tuple[int, ...]
    """The weekdays, Monday 0, that hold clearly more than their share of the runs."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Habits:
    """A home's habits as of `days` measured days.

    `typical_kw` has shape (7, slots of a day): the median by weekday, Monday first, and local time; NaN is not known.
    """

    days: int
    times: Mapping[DayKind, Mapping[Moment, UsualTime | NotSeen]]
    standby_kw: float | None
    kwh_per_day: Mapping[DayKind, float]
    typical_kw: FloatArray
    appliances: tuple[ApplianceRuns, ...] = ()
