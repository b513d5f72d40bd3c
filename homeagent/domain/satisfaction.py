"""How satisfied the people of a home can be with a day: one formula, 100 less points for each harm.

Why each weight is what it is, with the sources, is in docs/satisfaction.md. The weights were fixed there before any
planner was tuned, and are no settings: two homes, or two ways to run one home, can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from homeagent.domain.devices import TankSpec
from homeagent.domain.grid import BoolArray, FloatArray

FULL: Final = 100.0
PER_KH: Final = 2.0
"""Points for a degree-hour [K h] out of the band while somebody is at home and awake, mean of the rooms."""
PER_MISSED_DEPARTURE: Final = 15.0
PER_SHORT_KWH: Final = 3.0
NOTICED_KWH: Final = 0.5
"""A car that leaves with less missing than this has not missed its departure."""
PER_LATE_HOUR: Final = 2.0
PER_COLD_WATER_KWH: Final = 10.0
PER_OVERRIDE: Final = 5.0
PER_THUMB_DOWN: Final = 5.0
PER_THUMB_UP: Final = 2.0
MOST_FOR_THUMBS_UP: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SatisfactionDay:
    """What people have felt on one local day, as far as it was measured.

    The four `..._known` say which share of it was measured, None where the home has no such thing.
    """

    day: date
    home_awake_hours: float = 0.0
    cold_kh: float = 0.0
    """Degree-hours below the band while somebody is at home and awake [K h], the mean of the rooms."""
    hot_kh: float = 0.0
    departures: int = 0
    missed_departures: int = 0
    """Departures with `NOTICED_KWH` or more missing of what was asked for."""
    short_kwh: float = 0.0
    """Energy that missed at departures, at the charger."""
    runs: int = 0
    late_hours: float = 0.0
    """By how much runs of appliances ended later than asked for; a run still owed is late until the day ends."""
    cold_water_kwh: float = 0.0
    """Heat that drawn water was short of its useful temperature."""
    overrides: int = 0
    """Manual changes against what the agent, or a schedule, had a device do; several within an hour are one."""
    thumbs_up: int = 0
    thumbs_down: int = 0
    comfort_known: float | None = None
    cars_known: float | None = None
    runs_known: float | None = None
    water_known: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Satisfaction:
    """A score from 0 to 100 with what was taken off, or None where nothing is known; `confidence` from 0 to 1."""

    score: float | None
    confidence: float
    points: tuple[tuple[str, float], ...] = ()
    """Each harm's points, in a fixed order; thumbs up are below 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comfort:
    """How a room was while somebody was at home and awake; `known` is the share of that time that is known."""

    home_awake_hours: float
    cold_kh: float
    hot_kh: float
    known: float


def satisfaction(day: SatisfactionDay) -> Satisfaction:
    """Return the score of one day: 100 less the points of all harms, never below 0 nor above 100."""
    confidence = _confidence(day)
    if confidence == 0:
        return Satisfaction(score=None, confidence=0.0)
    points = points_of(day)
    score = min(max(FULL - sum(points.values()), 0.0), FULL)
    return Satisfaction(score=score, confidence=confidence, points=tuple(points.items()))


def points_of(day: SatisfactionDay) -> dict[str, float]:
    """Return what each harm takes off; their sum may exceed 100."""
    return {
        "cold": PER_KH * day.cold_kh,
        "hot": PER_KH * day.hot_kh,
        "departures": PER_MISSED_DEPARTURE * day.missed_departures + PER_SHORT_KWH * day.short_kwh,
        "waits": PER_LATE_HOUR * day.late_hours,
        "water": PER_COLD_WATER_KWH * day.cold_water_kwh,
        "overrides": PER_OVERRIDE * day.overrides,
        "thumbs_down": PER_THUMB_DOWN * day.thumbs_down,
        "thumbs_up": 0.0 - min(PER_THUMB_UP * day.thumbs_up, MOST_FOR_THUMBS_UP),
    }


def mean_satisfaction(days: Sequence[SatisfactionDay]) -> Satisfaction:
    """Return the score of many days: the mean of the days that have one; the confidence is the mean of all days."""
    each = [satisfaction(day) for day in days]
    scores = [one.score for one in each if one.score is not None]
    confidence = sum(one.confidence for one in each) / len(each) if each else 0.0
    if not scores:
        return Satisfaction(score=None, confidence=confidence)
    scored = [dict(one.points) for one in each if one.score is not None]
    points = tuple((name, sum(one[name] for one in scored) / len(scored)) for name in scored[0])
    return Satisfaction(score=sum(scores) / len(scores), confidence=confidence, points=points)


def comfort(
    air_c: FloatArray, low_c: FloatArray, high_c: FloatArray, home_awake: FloatArray | BoolArray, step_h: float
) -> Comfort:
    """Return the degree-hours of one room out of its band over slots of `step_h` hours, all of shape (count,).

    `home_awake` is 1 where somebody is at home and awake, 0 where nobody is, NaN where nobody knows; so is `air_c`.
    What is not known is not guessed: it takes nothing off and lowers `known`.
    """
    cares = np.asarray(home_awake, dtype=float)
    wanted = np.where(np.isnan(cares), 1.0, cares)
    seen = ~np.isnan(air_c) & ~np.isnan(cares)
    share = np.where(seen, wanted, 0.0)
    air = np.where(seen, air_c, (low_c + high_c) / 2)
    hours = float(wanted.sum()) * step_h
    return Comfort(
        home_awake_hours=float(np.nansum(cares)) * step_h,
        cold_kh=float((np.maximum(low_c - air, 0.0) * share).sum()) * step_h,
        hot_kh=float((np.maximum(air - high_c, 0.0) * share).sum()) * step_h,
        known=1.0 if hours == 0 else float(share.sum()) * step_h / hours,
    )


def cold_water_kwh(tank: TankSpec, before_c: float, after_c: float, hours: float, heated_kwh: float = 0.0) -> float:
    """Return by how much the water drawn between two looks at a mixed tank was short of its useful temperature [kWh].

    What was drawn follows from how much the tank cooled beyond its losses; `heated_kwh` is what was put in meanwhile.
    """
    mean_c = (before_c + after_c) / 2
    if mean_c >= tank.useful_c or mean_c <= tank.cold_c:
        return 0.0
    lost_kwh = tank.loss_kw_per_k * max(mean_c - tank.room_c, 0.0) * hours
    drawn_kwh = tank.kwh_per_k * (before_c - after_c) + heated_kwh - lost_kwh
    return max(drawn_kwh, 0.0) * (tank.useful_c - mean_c) / (mean_c - tank.cold_c)


def mean_comfort(rooms: Sequence[Comfort]) -> Comfort:
    """Return the mean of the rooms: a home with many is judged as one with few."""
    count = len(rooms)
    if count == 0:
        return Comfort(home_awake_hours=0.0, cold_kh=0.0, hot_kh=0.0, known=0.0)
    return Comfort(
        home_awake_hours=sum(room.home_awake_hours for room in rooms) / count,
        cold_kh=sum(room.cold_kh for room in rooms) / count,
        hot_kh=sum(room.hot_kh for room in rooms) / count,
        known=sum(room.known for room in rooms) / count,
    )


def _confidence(day: SatisfactionDay) -> float:
    parts = (day.comfort_known, day.cars_known, day.runs_known, day.water_known)
    known = [part for part in parts if part is not None]
    return sum(known) / len(known) if known else 0.0
