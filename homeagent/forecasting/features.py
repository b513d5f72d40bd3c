"""What a forecaster is told. One definition for teacher, student and serving.

Each row is one slot of the hours ahead, seen from one origin (the present, or a present of the past). Nothing of it
looks further back than `DAYS_BACK` before its origin, nothing at or after it but the calendar, the sun and the outlook:
so a row made while serving is the row that was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import IndexArray, LocalCalendar
from homeagent.forecasting.issued_ahead import IssuedAhead, issued_at, light_through
from homeagent.forecasting.recent_days import (
    DAYS,
    LEVELS,
    Recent,
    Seen,
    frozen_floor,
    load_by_recent_days,
    mean,
    pv_by_recent_days,
    recent_days,
    take,
)

Float32Array: TypeAlias = npt.NDArray[np.float32]

__all__ = ["DAYS_BACK", "FEATURES", "LEVELS", "Course", "Rows", "course_of", "load_rows", "part_of", "pv_rows"]

DAYS_BACK = DAYS + 2
SMALLEST_LOAD_KW, SMALLEST_PV_KW = 0.05, 0.2
"""Lest an empty home or a covered roof be scaled up to nonsense."""
FEATURES = {"load": 40, "pv": 34}
"""Columns of each quantity's inputs."""
MOST_PV = 1.3
"""Of the roof's best: more than this it never makes."""
NO_SUN = 0.01
"""Of the roof's best: where it made less in four weeks, at that time of day, it is night."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """A home's past in slots of one step, and the calendar of it and of the slots after it, each shape (slots,)."""

    past: TimeGrid
    load_kw: FloatArray
    pv_kw: FloatArray
    calendar: LocalCalendar
    temperature_c: FloatArray
    irradiance_w_m2: FloatArray
    issued: IssuedAhead | None = None
    nobody_home: FloatArray | None = None
    """In which share of each past slot nobody was there, NaN where that is not known; None if it never is."""

    @property
    def per_day(self) -> int:
        """Slots of a day."""
        return timedelta(days=1) // self.past.step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Features of one quantity, relative to the home's own `scale_kw`, shape (origins,).

    `inputs` has shape (origins, ahead, features), in single precision: most of what is kept are these. `base` (origins,
    ahead, levels) is what the recent days alone would say as quantiles, `floor` what the frozen floor says of them.
    `most` (origins,) is the largest plausible value. `counts` (origins, ahead) is 1 where there is something to
    forecast, 0 at night for PV.
    """

    inputs: Float32Array
    base: FloatArray
    floor: FloatArray
    scale_kw: FloatArray
    most: FloatArray
    counts: FloatArray


def course_of(
    history: History,
    calendar: LocalCalendar,
    temperature_c: FloatArray | None = None,
    irradiance_w_m2: FloatArray | None = None,
    issued: IssuedAhead | None = None,
    nobody_home: FloatArray | None = None,
) -> Course:
    """Return a course; the calendar spans the history and the slots ahead, as weather does where it is known."""
    unknown = np.full(calendar.grid.count, np.nan)
    return Course(
        past=history.grid,
        load_kw=history.load_kw,
        pv_kw=history.pv_kw,
        calendar=calendar,
        temperature_c=unknown if temperature_c is None else temperature_c,
        irradiance_w_m2=unknown if irradiance_w_m2 is None else irradiance_w_m2,
        issued=issued,
        nobody_home=nobody_home,
    )


def part_of(course: Course, first: int, last: int, ahead: int) -> Course:
    """Return the slots from `first` up to `last` as a past of their own, with the calendar of `ahead` slots more."""
    whole = slice(first, last + ahead)
    calendar = course.calendar
    return Course(
        past=TimeGrid(start=course.past.at(first), step=course.past.step, count=last - first),
        load_kw=course.load_kw[first:last],
        pv_kw=course.pv_kw[first:last],
        calendar=replace(
            calendar,
            grid=TimeGrid(start=course.past.at(first), step=course.past.step, count=last + ahead - first),
            offset_s=calendar.offset_s[whole],
            day_share=calendar.day_share[whole],
            weekday=calendar.weekday[whole],
            day_off=calendar.day_off[whole],
            year_share=calendar.year_share[whole],
            sun_height=calendar.sun_height[whole],
        ),
        temperature_c=course.temperature_c[whole],
        irradiance_w_m2=course.irradiance_w_m2[whole],
        issued=None if course.issued is None else course.issued.from_slot(first),
        nobody_home=None if course.nobody_home is None else course.nobody_home[first:last],
    )


def _calendar_columns(course: Course, recent: Recent) -> list[FloatArray]:
    calendar, target = course.calendar, recent.target
    clock = 2 * np.pi * calendar.day_share[target]
    week = 2 * np.pi * (calendar.weekday[target] + calendar.day_share[target]) / 7
    lead_h = np.broadcast_to(np.arange(target.shape[1]) * course.past.step.total_seconds() / 3600, target.shape)
    return [
        *(f(k * clock) for k in (1, 2, 3) for f in (np.sin, np.cos)),
        np.sin(week),
        np.cos(week),
        calendar.day_off[target].astype(np.float64),
        calendar.sun_height[target],
        lead_h / 24,
        np.exp(-lead_h / 3),
    ]


def _presence_columns(course: Course, recent: Recent) -> list[FloatArray]:
    """Return how empty the home was in the last half hour, fading ahead, and usually is then; and how they differ."""
    if course.nobody_home is None or np.isnan(course.nobody_home).all():
        return 3 * [np.full(recent.target.shape, np.nan)]
    lead_h = np.arange(recent.target.shape[1]) * 24 / course.per_day
    latest = take(course.nobody_home, recent.latest)
    usually = mean(take(course.nobody_home, recent.same), 1)
    now = latest[:, -max(course.per_day // 48, 1) :].mean(axis=1)[:, None]
    apart = now - mean(take(course.nobody_home, recent.earlier[:, :, -1:]), 1)
    return [now * np.exp(-lead_h / 3), usually, apart * np.exp(-lead_h / 6)]


def _largest(values: FloatArray, per_day: int) -> FloatArray:
    """Return 1.5 times the third largest daily peak of each origin's last days: twice is a habit, once an error."""
    by_day = values.reshape(len(values), -1, per_day)
    peaks = np.where(np.isnan(by_day), -np.inf, by_day).max(axis=2)
    third = np.sort(peaks, axis=1)[:, -3]
    return np.where(np.isfinite(third), 1.5 * third, np.nan)


def _relative(values: FloatArray, scale: FloatArray, most: FloatArray) -> Seen:
    """Return what gives values at indices (origins, ...) relative to each origin's scale, cut at the most of it."""

    def seen(index: IndexArray) -> FloatArray:
        rest = (slice(None), *[None] * (index.ndim - 1))
        cut: FloatArray = np.minimum(take(values, index) / scale[rest], most[rest])
        return cut

    return seen


def load_rows(course: Course, origins: IndexArray, ahead: int) -> Rows:
    """Return the features of the load in the `ahead` slots from each origin (an index into the course) on."""
    per_day = course.per_day
    recent = recent_days(course.calendar, per_day, origins, ahead)
    window = take(course.load_kw, origins[:, None] - DAYS * per_day + np.arange(DAYS * per_day))
    scale = np.maximum(np.nan_to_num(mean(window, 1)), SMALLEST_LOAD_KW)
    most = np.where(np.isnan(limit := _largest(window, per_day)), 20 * scale, np.maximum(limit, 2 * scale)) / scale
    seen = _relative(course.load_kw, scale, most)
    days, latest, earlier = seen(recent.same), seen(recent.latest), seen(recent.earlier)
    said = load_by_recent_days(seen, recent)
    floor = frozen_floor(course.load_kw, course.pv_kw, days, recent)
    apart = latest - mean(earlier, 1)
    hours = [max(round(h * per_day / 24), 1) for h in (1, 3, 12, 24)]
    recently = [np.broadcast_to(mean(apart[:, -count:], 1)[:, None], recent.target.shape) for count in hours]
    lead_h = np.arange(ahead) * 24 / per_day
    fading = [value * np.exp(-lead_h / h) for value, h in zip(recently, (2, 6, 12, 24), strict=True)]
    sunny, _ = _clearness(course, recent)
    near = [
        mean(take(course.load_kw, np.minimum(recent.same[:, :7] + by, origins[:, None, None] - 1)), 1) / scale[:, None]
        for by in (-1, 1)
    ]
    issued_c = issued_at(course.issued, origins, ahead)[1]
    temperature = np.where(np.isnan(issued_c), course.temperature_c[recent.target], issued_c)
    latest_c = take(course.temperature_c, recent.latest)
    yesterday_c = issued_at(course.issued, origins - per_day, per_day)[1]
    before = mean(np.where(np.isnan(latest_c), yesterday_c, latest_c), 1)[:, None]
    columns = [
        *np.moveaxis(said.quantiles[..., ::2], -1, 0),
        said.mean,
        floor[..., len(LEVELS) // 2],
        mean(days[:, :7], 1),
        mean(days, 1),
        days[:, 0],
        days[:, 1],
        days[:, 6],
        *near,
        *recently,
        *fading,
        np.broadcast_to(sunny[:, None], recent.target.shape),
        *_calendar_columns(course, recent),
        (temperature - before) / 10,
        (temperature - 15) / 10,
        *_presence_columns(course, recent),
    ]
    return Rows(
        inputs=np.stack(columns, axis=-1, dtype=np.float32, casting="same_kind"),
        base=said.quantiles,
        floor=floor,
        scale_kw=scale,
        most=most,
        counts=np.ones(recent.target.shape, dtype=np.float64),
    )


def _clearness(course: Course, recent: Recent) -> tuple[FloatArray, FloatArray]:
    """Return of the last day, and of its last three hours, what share of the days' best the roof made."""
    latest, earlier = take(course.pv_kw, recent.latest), take(course.pv_kw, recent.earlier)
    best = np.where(np.isnan(earlier), 0.0, earlier).max(axis=1)
    made = np.where(np.isnan(latest), mean(earlier, 1), latest)
    hours = max(round(3 * course.per_day / 24), 1)
    shares = []
    for part in (slice(None), slice(-hours, None)):
        could = best[:, part].sum(axis=1)
        share = np.nansum(made[:, part], axis=1) / np.maximum(could, 1e-9)
        shares.append(np.where(could > SMALLEST_PV_KW / 2, np.minimum(share, 1.5), np.nan))
    day = np.where(np.isnan(shares[0]), 0.0, shares[0])
    return day, np.where(np.isnan(shares[1]), day, shares[1])


def pv_rows(course: Course, origins: IndexArray, ahead: int) -> Rows:
    """Return the features of PV, as `load_rows`; where the roof made nothing for four weeks, nothing is forecast."""
    per_day = course.per_day
    recent = recent_days(course.calendar, per_day, origins, ahead)
    window = take(course.pv_kw, origins[:, None] - DAYS * per_day + np.arange(DAYS * per_day))
    ranked = np.sort(np.where(np.isnan(window), 0.0, window), axis=1)
    scale = np.maximum(ranked[:, -max(round(0.002 * window.shape[1]), 3)], SMALLEST_PV_KW)
    most = np.full(len(origins), MOST_PV)
    seen = _relative(course.pv_kw, scale, most)
    days = seen(recent.same)
    said = pv_by_recent_days(seen, course.calendar.sun_height, recent)
    floor = frozen_floor(course.load_kw, course.pv_kw, days, recent)
    best = np.where(np.isnan(days), 0.0, days).max(axis=1)
    day, hours = _clearness(course, recent)
    lead_h = np.arange(ahead) * 24 / per_day
    fading = np.exp(-lead_h / 4)
    irradiance = course.irradiance_w_m2[recent.target] / 1000
    through = light_through(issued_at(course.issued, origins, ahead)[0])
    sun = np.maximum(course.calendar.sun_height[recent.target], 0.02)
    columns = [
        *np.moveaxis(said.quantiles[..., ::2], -1, 0),
        said.mean,
        floor[..., len(LEVELS) // 2],
        mean(days[:, :7], 1),
        mean(days[:, :3], 1),
        days[:, 0],
        days[:, 1],
        mean(days, 1),
        best,
        best * day[:, None],
        best * hours[:, None] * fading,
        np.broadcast_to(day[:, None], best.shape),
        hours[:, None] * fading,
        *_calendar_columns(course, recent),
        irradiance,
        np.minimum(irradiance / sun, 2.0),
        best * np.minimum(irradiance / sun, 2.0),
        through,
        best * through,
    ]
    return Rows(
        inputs=np.stack(columns, axis=-1, dtype=np.float32, casting="same_kind"),
        base=said.quantiles,
        floor=floor,
        scale_kw=scale,
        most=most,
        counts=(best > NO_SUN).astype(np.float64),
    )
