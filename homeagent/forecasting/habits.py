"""Reads a home's habits from what it uses: pure, and only as far as the measurements show them.

A slot is busy or quiet by a threshold between the two (Otsu, "A threshold selection method from gray-level histograms",
IEEE Transactions on Systems, Man, and Cybernetics 9, 1979). The longest quiet stretch of a night is its sleep; the
longest of a day, if there is a long one, is the time that nobody was there. Usual is the median over the days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.habits import DAY_KINDS, MOMENTS, DayKind, Habits, Moment, NotSeen, Shift, UsualTime
from homeagent.forecasting.calendar import IndexArray, LocalCalendar
from homeagent.forecasting.stretches import stretches

SLOT = timedelta(minutes=30)
"""Finer slots are averaged to these: a fridge must not look like somebody who is up."""
LEAST_DAYS = 10
"""Of one kind of day, before anything is said of it."""
OFTEN = 0.6
"""A moment is usual if it is seen on this share of the days."""
MOST_SPREAD_H = 1.5
"""With a wider spread there is no usual time."""
NOON_H = 12.0
NIGHT_H = (20.0, 34.0)
"""Hours, counted on from the day before, in which a night's sleep has its middle."""
LEAST_SLEEP_H, LEAST_ABSENCE_H = 3.0, 2.5
APART = 0.5
"""Of the variance: the least that lies between quiet and busy slots, else the two cannot be told apart."""
MOST_GAPS, AWAY_SHARE = 0.25, 0.5
"""Of a day: with more gaps, or longer away, it is not looked at."""
LEAST_APART_KW = 0.05
QUIET_SHARES = (0.02, 0.98)
LEAST_SHIFT_H = 0.75
LEAST_SIDE_DAYS = 6
SHIFT_GAIN = 0.35
"""A moment has moved if two medians leave so much less than one does."""
_EPOCH = date(1970, 1, 1)
_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Days:
    """A home's load by local day, shape (days, slots); NaN is not measured."""

    first: int
    load_kw: FloatArray
    day_off: BoolArray
    away: BoolArray

    @property
    def slot_h(self) -> float:
        return _HOURS / float(self.load_kw.shape[1])


def habits_of(load_kw: FloatArray, calendar: LocalCalendar, away: BoolArray | None = None) -> Habits:
    """Return the habits of the slots of a past; the calendar may reach beyond it.

    Days of which half is `away` do not count. Slots are an hour, or a part of one or of half an hour.
    """
    days = _by_day(load_kw, calendar, away)
    seen = (np.isnan(days.load_kw).mean(axis=1) < MOST_GAPS) & ~days.away
    busy, why = busy_above_kw(days.load_kw[seen])
    times: dict[DayKind, dict[Moment, UsualTime | NotSeen]] = {}
    found = {} if busy is None else _moments(days, seen, busy)
    for kind in DAY_KINDS:
        chosen = seen & (days.day_off == (kind == "day off"))
        count = int(chosen.sum())
        times[kind] = {}
        for moment in MOMENTS:
            if count < LEAST_DAYS:
                times[kind][moment] = NotSeen(reason=f"only {count} such days are measured")
            elif busy is None:
                times[kind][moment] = NotSeen(reason=why)
            else:
                at = np.flatnonzero(chosen)
                times[kind][moment] = _usual(found[moment][at], days.first + at, days.slot_h)
    return Habits(
        days=int(seen.sum()),
        times=times,
        standby_kw=_standby_kw(days.load_kw[seen]),
        kwh_per_day=_energy(days, seen),
        typical_kw=_typical(days, seen),
    )


def _by_day(load_kw: FloatArray, calendar: LocalCalendar, away: BoolArray | None) -> _Days:
    """Lay slots out by local day: an hour that the clock skips stays a gap, of one that comes twice the last counts."""
    count, step = len(load_kw), calendar.grid.step
    inside = max(SLOT // step, 1)
    per_day = timedelta(days=1) // (inside * step)
    start_s = int(calendar.grid.start.timestamp()) + np.arange(count) * int(step.total_seconds())
    slot = (start_s + calendar.offset_s[:count]) // int((inside * step).total_seconds())
    first = int(slot[0]) // per_day
    days = int(slot[-1]) // per_day - first + 1
    index = slot - first * per_day
    known = ~np.isnan(load_kw)
    total, seen, gone, off = (np.zeros(days * per_day) for _ in range(4))
    np.add.at(total, index[known], load_kw[known])
    np.add.at(seen, index[known], 1)
    if away is not None:
        np.add.at(gone, index, away[:count].astype(float) / inside)
    off[index] = calendar.day_off[:count]
    mean = np.where(2 * seen >= inside, total / np.maximum(seen, 1), np.nan)
    shape = (days, per_day)
    return _Days(
        first=first,
        load_kw=mean.reshape(shape),
        day_off=off.reshape(shape).max(axis=1) > 0,
        away=gone.reshape(shape).mean(axis=1) > AWAY_SHARE,
    )


def busy_above_kw(load_kw: FloatArray) -> tuple[float | None, str]:
    """Return the load above which somebody is up [kW], or None and why it cannot be told."""
    values = load_kw[~np.isnan(load_kw)]
    if len(values) < LEAST_DAYS * 24:
        return None, "too little is measured"
    low, high = np.quantile(values, QUIET_SHARES)
    if high - low < LEAST_APART_KW:
        return None, "the home uses the same at all hours"
    scaled = np.log(np.clip(values, low, high) + LEAST_APART_KW)
    edges = np.linspace(scaled.min(), scaled.max(), 65)
    share = np.histogram(scaled, edges)[0] / len(scaled)
    middle = (edges[:-1] + edges[1:]) / 2
    below, sums = np.cumsum(share)[:-1], np.cumsum(share * middle)[:-1]
    between = (sums[-1] + share[-1] * middle[-1]) * below - sums
    between = between**2 / np.maximum(below * (1 - below), 1e-9)
    best = int(np.argmax(between))
    if between[best] < APART * scaled.var():
        return None, "quiet and busy hours cannot be told apart"
    return float(np.exp(edges[best + 1]) - LEAST_APART_KW), ""


def _longest(quiet: BoolArray, first: int, last: int) -> tuple[int, int] | None:
    """Return where the longest stretch of quiet slots with its middle in [first, last) begins and ends."""
    begins, ends = stretches(quiet)
    inside = (begins + ends >= 2 * first) & (begins + ends < 2 * last)
    if not inside.any():
        return None
    longest = int(np.argmax(np.where(inside, ends - begins, 0)))
    return int(begins[longest]), int(ends[longest])


def _moments(days: _Days, seen: BoolArray, busy_kw: float) -> dict[Moment, FloatArray]:
    """Return each moment of each day [local hour], NaN where it is not seen."""
    count, per_day = days.load_kw.shape
    found: dict[Moment, FloatArray] = {moment: np.full(count, np.nan) for moment in MOMENTS}
    quiet = np.where(np.isnan(days.load_kw), busy_kw, days.load_kw) < busy_kw
    noon = round(NOON_H / days.slot_h)
    for day in range(count - 1):
        if not (seen[day] and seen[day + 1]):
            continue
        night = _longest(_noon_to_noon(quiet, day, noon), *(round((h - NOON_H) / days.slot_h) for h in NIGHT_H))
        if night is None or (night[1] - night[0]) * days.slot_h < LEAST_SLEEP_H or night[1] >= per_day:
            continue
        found["sleep"][day] = night[0] * days.slot_h + NOON_H
        found["wake"][day + 1] = night[1] * days.slot_h - NOON_H
    for day in range(count):
        wake, sleep = found["wake"][day], found["sleep"][day]
        if np.isnan(wake) or np.isnan(sleep):
            continue
        begin, end = round(wake / days.slot_h), min(round(sleep / days.slot_h), per_day)
        gone = _longest(quiet[day, begin:end], 0, end - begin)
        if gone is not None and (gone[1] - gone[0]) * days.slot_h >= LEAST_ABSENCE_H:
            found["leave"][day] = wake + gone[0] * days.slot_h
            found["return"][day] = wake + gone[1] * days.slot_h
    return found


def _noon_to_noon(quiet: BoolArray, day: int, noon: int) -> BoolArray:
    return np.concatenate([quiet[day, noon:], quiet[day + 1, :noon]])


def _usual(hours: FloatArray, at_day: IndexArray, slot_h: float) -> UsualTime | NotSeen:
    """Return the usual time of something that happened at these hours of these days (since 1970)."""
    known = ~np.isnan(hours)
    if known.mean() < OFTEN:
        return NotSeen(reason=f"seen on {int(known.sum())} of {len(hours)} days only")
    hours, at_day = hours[known], at_day[known]
    shift = _shift(hours, at_day)
    if shift is not None:
        hours = hours[at_day >= (shift.since - _EPOCH).days]
    spread = max(_spread_h(hours), slot_h / 2)
    if spread > MOST_SPREAD_H:
        return NotSeen(reason=f"half of the days differ by more than {spread:.1f} h")
    return UsualTime(
        hour=float(np.median(hours)), spread_hours=spread, days=int(known.sum()), of_days=len(known), shift=shift
    )


def _spread_h(hours: FloatArray) -> float:
    low, high = np.quantile(hours, (0.25, 0.75))
    return float(high - low) / 2


def _shift(hours: FloatArray, at_day: IndexArray) -> Shift | None:
    """Return where two medians, before and after, say clearly more than one; the last weeks' change alone is told."""
    count = len(hours)
    whole = np.abs(hours - np.median(hours)).sum()
    best, at = whole, 0
    for split in range(LEAST_SIDE_DAYS, count - LEAST_SIDE_DAYS + 1):
        before, after = hours[:split], hours[split:]
        left = np.abs(before - np.median(before)).sum() + np.abs(after - np.median(after)).sum()
        if left < best:
            best, at = left, split
    if not at or best > (1 - SHIFT_GAIN) * whole:
        return None
    before, after = hours[:at], hours[at:]
    was_hour, is_hour = float(np.median(before)), float(np.median(after))
    if abs(is_hour - was_hour) < LEAST_SHIFT_H or max(_spread_h(before), _spread_h(after)) > MOST_SPREAD_H:
        return None
    return Shift(since=_EPOCH + timedelta(days=int(at_day[at])), before_hour=was_hour)


def _standby_kw(load_kw: FloatArray) -> float | None:
    """Return what is always drawn: the median over the days of each day's lowest hour."""
    if len(load_kw) < LEAST_DAYS:
        return None
    inside = max(load_kw.shape[1] // _HOURS, 1)
    hourly = load_kw.reshape(len(load_kw), -1, inside).mean(axis=2)
    lowest = np.where(np.isnan(hourly), np.inf, hourly).min(axis=1)
    return float(np.median(lowest[np.isfinite(lowest)])) if np.isfinite(lowest).any() else None


def _energy(days: _Days, seen: BoolArray) -> Mapping[DayKind, float]:
    found: dict[DayKind, float] = {}
    for kind in DAY_KINDS:
        chosen = seen & (days.day_off == (kind == "day off"))
        if chosen.sum() >= LEAST_DAYS:
            found[kind] = float(np.median(np.nanmean(days.load_kw[chosen], axis=1)) * _HOURS)
    return found


def _typical(days: _Days, seen: BoolArray) -> FloatArray:
    """Return the median load by weekday and local slot, shape (7, slots)."""
    weekday = (days.first + np.arange(len(seen)) + _EPOCH.weekday()) % 7
    typical = np.full((7, days.load_kw.shape[1]), np.nan)
    for day in range(7):
        chosen = days.load_kw[seen & (weekday == day)]
        known = ~np.isnan(chosen).all(axis=0) if len(chosen) else np.zeros(typical.shape[1], dtype=np.bool_)
        typical[day, known] = np.nanmedian(chosen[:, known], axis=0) if known.any() else np.nan
    return typical
