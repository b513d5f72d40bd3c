"""Which temperatures are wanted when: by who is likely at home, and who asleep.

A degree-hour out of a band costs as much as it is likely that somebody is there to feel it: so nobody's room is kept
warm, and a room is warmed up for a return that is likely enough to pay for it. Who is at home is told by earlier days
like this one, those most that were at this time as it is now; without sensors of presence, by usual times.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import HeatSpec
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.habits import DAY_KINDS, DayKind, Habits, Moment, UsualTime
from homeagent.domain.site import Place
from homeagent.domain.wishes import Band, HeatWish
from homeagent.forecasting.calendar import IndexArray, LocalCalendar, local_calendar, same_time_on_earlier_days

DAYS, LEAST_DAYS = 42, 7
OTHER_KIND = 0.15
"""What a day off says of a workday, and the other way round."""
UNLIKE_NOW = 0.1
"""What a day says that was at this time not as it is now; the present matters less the farther ahead."""
NOW_FADES_H = 6.0
USUALLY_HOME, USUALLY_DAYS = 0.8, 1.0
"""Before anything is seen somebody is taken to be at home so often, and that counts as so many days."""
FELT = 0.15
"""A state that is less likely has no say in the band."""
AWAY_SHARE = 0.1
"""Of the price: what the band of an empty home is worth, for the house's own sake."""
INSIDE_K = 0.2
CAREFUL_H = 1.5
"""How long before it is wanted a house whose heat is not known is warmed up."""
DEFAULT_SLEEP_H = (22.5, 6.5)
_QUARTILE = math.log(3)
_DAY_H = 24.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComfortBand:
    """What is wanted of a room in each slot, and how likely somebody is at home, and asleep there; (count,) each."""

    low_c: FloatArray
    high_c: FloatArray
    discomfort_per_kh: FloatArray
    home: FloatArray
    asleep: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PresencePast:
    """In which share of each slot nobody was at home, shape (count,); NaN where nothing told. It ends now."""

    grid: TimeGrid
    nobody_home: FloatArray


def comfort_ahead(
    wish: HeatWish,
    grid: TimeGrid,
    timezone: ZoneInfo,
    *,
    place: Place | None = None,
    past: PresencePast | None = None,
    habits: Habits | None = None,
    away: BoolArray | None = None,
) -> ComfortBand:
    """Return what is wanted over a grid to come; `wish` has a price.

    `away` says in which slots nobody will be there, as announced: then, and right after, presence is known. `past` has
    the grid's step and ends where it starts.
    """
    calendar = local_calendar(grid, timezone, place)
    home = None if past is None else home_ahead(past, calendar, timezone, place)
    if home is None:
        home = usually_home(habits, calendar)
    if away is not None:
        home = np.where(away, 0.0, home)
        back = np.flatnonzero(away[:-1] & ~away[1:]) + 1
        home[back] = 1.0
    asleep = home * usually_asleep(wish, habits, calendar)
    return banded(wish, home, asleep)


def banded(wish: HeatWish, home: FloatArray, asleep: FloatArray) -> ComfortBand:
    """Return the band and its price where somebody is at home, and where asleep there, with these probabilities.

    The band is that of the most demanding state that is likely enough, its price that of those who would miss it.
    """
    price = wish.discomfort_per_kh or 0.0
    awake = home - asleep
    up, abed = awake >= FELT, home >= FELT
    # while some may be up and the others asleep, a cold night's room is missed by all
    per_kh = price * np.where(up, awake, np.where(abed, home, AWAY_SHARE))

    def of(end: str) -> FloatArray:
        comfort, sleep, gone = (float(getattr(band, end)) for band in (wish.comfort, wish.sleep, wish.away))
        return np.where(up, comfort, np.where(abed, sleep, gone))

    return ComfortBand(low_c=of("low_c"), high_c=of("high_c"), discomfort_per_kh=per_kh, home=home, asleep=asleep)


def home_ahead(
    past: PresencePast, calendar: LocalCalendar, timezone: ZoneInfo, place: Place | None
) -> FloatArray | None:
    """Return how likely somebody is at home in each slot, (count,); None where too few days are known."""
    grid = calendar.grid
    index = same_time_on_earlier_days(past.grid, grid, DAYS, timezone)
    if not index.size or not past.grid.count:
        return None
    known = (index >= 0) & ~np.isnan(past.nobody_home[index])
    if known.sum(axis=0).min() < LEAST_DAYS:
        return None
    there = np.where(known, 1 - past.nobody_home[index], 0.0)
    was_off = local_calendar(past.grid, timezone, place).day_off[index]
    weight = np.where(was_off == calendar.day_off, 1.0, OTHER_KIND) * known * _like_now(past, index[:, 0], grid)
    total = weight.sum(axis=0) + USUALLY_DAYS
    return np.asarray(((weight * there).sum(axis=0) + USUALLY_DAYS * USUALLY_HOME) / total)


def _like_now(past: PresencePast, same_time: IndexArray, grid: TimeGrid) -> FloatArray:
    """Return how much each earlier day says, (days, count), by whether somebody was at home then as now."""
    before = same_time - 1
    now = past.nobody_home[-1]
    then = np.where(before >= 0, past.nobody_home[np.maximum(before, 0)], np.nan)
    unlike = np.where(np.isnan(then) | np.isnan(now), 0.0, np.abs(then - now))
    matters = np.exp(-np.arange(grid.count) * grid.step_hours / NOW_FADES_H)
    return np.asarray(1 - (1 - UNLIKE_NOW) * unlike[:, None] * matters)


def usually_home(habits: Habits | None, calendar: LocalCalendar) -> FloatArray:
    """Return how likely somebody is at home by when they usually leave and return; always where neither is seen."""
    hour, home = calendar.day_share * _DAY_H, np.ones(calendar.grid.count)
    for kind in DAY_KINDS:
        leaves, returns = _usual(habits, kind, "leave"), _usual(habits, kind, "return")
        if leaves is None or returns is None:
            continue
        gone = _passed(hour, leaves) * (1 - _passed(hour, returns))
        home = np.where(calendar.day_off == (kind == "day off"), 1 - gone, home)
    return home


def usually_asleep(wish: HeatWish, habits: Habits | None, calendar: LocalCalendar) -> FloatArray:
    """Return how likely whoever is at home is asleep: as the household says, else as usual, else by default."""
    hour, asleep = calendar.day_share * _DAY_H, np.zeros(calendar.grid.count)
    for kind in DAY_KINDS:
        sleeps = _said(wish.sleep_from_min) or _usual(habits, kind, "sleep") or _exactly(DEFAULT_SLEEP_H[0])
        wakes = _said(wish.sleep_until_min) or _usual(habits, kind, "wake") or _exactly(DEFAULT_SLEEP_H[1])
        if sleeps.hour < wakes.hour:  # after midnight belongs to the evening before
            sleeps = UsualTime(hour=sleeps.hour + _DAY_H, spread_hours=sleeps.spread_hours, days=0, of_days=0)
        risen = _passed(hour, wakes)
        up = risen * (1 - _passed(hour, sleeps)) + (1 - risen) * (1 - _passed(hour + _DAY_H, sleeps))
        asleep = np.where(calendar.day_off == (kind == "day off"), 1 - up, asleep)
    return asleep


def _usual(habits: Habits | None, kind: DayKind, moment: Moment) -> UsualTime | None:
    found = None if habits is None else habits.times[kind][moment]
    return found if isinstance(found, UsualTime) else None


def _exactly(hour: float) -> UsualTime:
    return UsualTime(hour=hour, spread_hours=0.0, days=0, of_days=0)


def _said(minutes: int | None) -> UsualTime | None:
    return None if minutes is None else _exactly(minutes / 60)


def _passed(hour: FloatArray, usual: UsualTime) -> FloatArray:
    """Return how likely a moment has passed at hours: half of the days lie within its spread (a logistic one)."""
    scale = max(usual.spread_hours / _QUARTILE, 1e-3)
    return np.asarray(1 / (1 + np.exp(-np.clip((hour - usual.hour) / scale, -50, 50))))


def inside(band: ComfortBand, by_k: float = INSIDE_K) -> ComfortBand:
    """Return the band that a plan should keep to, so that the room keeps to the wanted one: a little inside of it.

    A thermostat swings about what it is told, and a plan is off by a little; at an edge every swing is felt. Of a
    narrow band a fifth at each side is left out at most.
    """
    by = np.minimum(by_k, (band.high_c - band.low_c) / 5)
    return replace(band, low_c=band.low_c + by, high_c=band.high_c - by)


def careful_targets(spec: HeatSpec, band: ComfortBand, hours: float) -> FloatArray:
    """Return set-points, (count,), for a house that is not known: what is wanted, and what will be, a while before.

    They lie within the guards by the dead band, and plan nothing: no heat is stored, no setback is deeper than wanted.
    """
    before = max(round(CAREFUL_H / hours), 0)
    heating = spec.purpose == "heating"
    wanted = band.low_c if heating else -band.high_c
    padded = np.concatenate([wanted, np.full(before, -np.inf)])
    soonest = np.max([padded[later : later + len(wanted)] for later in range(before + 1)], axis=0)
    target_c = soonest if heating else -soonest
    return np.asarray(np.clip(target_c, spec.guard_low_c + spec.dead_band_k, spec.guard_high_c - spec.dead_band_k))


def band_now(wish: HeatWish, *, home: bool, asleep: bool) -> Band:
    """Return the band of a moment in which it is known who is there."""
    if not home:
        return wish.away
    return wish.sleep if asleep else wish.comfort
