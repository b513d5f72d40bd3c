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
from homeagent.forecasting.floor import FEW_DAYS, LIKENESS_HOURS, LIKENESS_SCALE, OTHER_KIND_OF_DAY
from homeagent.forecasting.issued_ahead import IssuedAhead, issued_at

Float32Array: TypeAlias = npt.NDArray[np.float32]

DAYS = 28
DAYS_BACK = DAYS + 2
LEVELS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
"""The shares of the distribution that forecasts are made of."""
SMALLEST_LOAD_KW, SMALLEST_PV_KW = 0.05, 0.2
"""Lest an empty home or a covered roof be scaled up to nonsense."""
FEATURES = {"load": 36, "pv": 35}
"""Columns of each quantity's inputs."""
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

    @property
    def per_day(self) -> int:
        """Slots of a day."""
        return timedelta(days=1) // self.past.step


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Features of one quantity, relative to the home's own `scale_kw`, shape (origins,).

    `inputs` has shape (origins, ahead, features), in single precision: most of what is kept are these. `base` (origins,
    ahead, levels) is what the recent days alone would say as quantiles. `most` (origins,) is the largest plausible
    value. `counts` (origins, ahead) is 1 where there is something to forecast, 0 at night for PV.
    """

    inputs: Float32Array
    base: FloatArray
    scale_kw: FloatArray
    most: FloatArray
    counts: FloatArray


def course_of(
    history: History,
    calendar: LocalCalendar,
    temperature_c: FloatArray | None = None,
    irradiance_w_m2: FloatArray | None = None,
    issued: IssuedAhead | None = None,
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
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Recent:
    """The 28 days before each origin: indices of the same local time, and how much each day counts."""

    target: IndexArray
    same: IndexArray
    weight: FloatArray
    latest: IndexArray
    earlier: IndexArray


def _take(values: FloatArray, index: IndexArray) -> FloatArray:
    """Return values at indices; before the beginning there is nothing."""
    taken: FloatArray = np.where(index >= 0, values[np.clip(index, 0, len(values) - 1)], np.nan)
    return taken


def _recent(course: Course, origins: IndexArray, ahead: int) -> _Recent:
    per_day, offset = course.per_day, course.calendar.offset_s
    step_s = int(course.past.step.total_seconds())
    lead = np.arange(ahead)
    target = origins[:, None] + lead
    back = np.arange(1, DAYS + 1)[:, None] + lead // per_day
    same = target[:, None, :] - back * per_day
    shift = (offset[target][:, None, :] - offset[np.maximum(same, 0)]) // step_s
    same = np.where(same >= 0, same + shift, -1)
    same = np.where(same < origins[:, None, None], same, same - per_day)
    latest = origins[:, None] - per_day + np.arange(per_day)
    earlier = latest[:, None, :] - np.arange(1, DAYS + 1)[:, None] * per_day
    hours = slice(per_day - round(LIKENESS_HOURS * per_day / 24), per_day)
    apart = np.zeros((len(origins), DAYS))
    seen = np.zeros((len(origins), DAYS))
    load = np.abs(_take(course.load_kw, latest[:, None, hours]) - _take(course.load_kw, earlier[..., hours]))
    pv = np.abs(_take(course.pv_kw, latest[:, None, hours]) - _take(course.pv_kw, earlier[..., hours]))
    both = load + np.where(np.isnan(pv), 0.0, pv)
    apart, seen = np.nansum(both, axis=2), (~np.isnan(both)).sum(axis=2)
    distance = np.where(seen > 0, apart / np.maximum(seen, 1), np.nan)
    known = ~np.isnan(distance)
    median = _median(distance)
    distance = np.where(known, distance, median[:, None])
    weight = np.exp(-distance / (LIKENESS_SCALE * median[:, None] + 1e-9))
    off = course.calendar.day_off
    same_kind = off[np.maximum(same, 0)] == off[target][:, None, :]
    return _Recent(
        target=target,
        same=same,
        weight=weight[:, :, None] * np.where(same_kind, 1.0, OTHER_KIND_OF_DAY),
        latest=latest,
        earlier=earlier,
    )


def _median(values: FloatArray) -> FloatArray:
    """Return the median of each row without its gaps, 0 where there is nothing."""
    ranked = np.sort(values, axis=1)  # gaps come last
    count = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    middle = 0.5 * (ranked[rows, np.maximum(count - 1, 0) // 2] + ranked[rows, count // 2 * (count > 1)])
    return np.where(count > 0, middle, 0.0)


def _quantiles(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return weighted quantiles over the days, shape (origins, ahead, levels); gaps count nothing."""
    gap = np.isnan(values)
    weight = np.where(gap, 0.0, weight)
    order = np.argsort(np.where(gap, np.inf, values), axis=1)
    ranked = np.take_along_axis(np.where(gap, 0.0, values), order, axis=1)
    share = np.take_along_axis(weight, order, axis=1)
    total = share.sum(axis=1)
    reached = (np.cumsum(share, axis=1) - share / 2) / np.maximum(total, 1e-12)[:, None, :]
    last = np.maximum((~gap).sum(axis=1) - 1, 0)
    found = []
    for level in LEVELS:
        above = np.minimum((reached < level).sum(axis=1), last)
        below = np.maximum(above - 1, 0)
        high, low = (np.take_along_axis(ranked, at[:, None, :], axis=1)[:, 0] for at in (above, below))
        to, since = (np.take_along_axis(reached, at[:, None, :], axis=1)[:, 0] for at in (above, below))
        part = np.clip((level - since) / np.maximum(to - since, 1e-9), 0.0, 1.0)
        found.append(low + part * (high - low))
    return np.stack(found, axis=-1)


def _base(days: FloatArray, weight: FloatArray) -> FloatArray:
    """Return what the recent days say as quantiles. Few days are taken an hour early and late, too."""
    found = _quantiles(days, weight)
    few = (~np.isnan(days)).any(axis=2).sum(axis=1) < FEW_DAYS
    if few.any():
        hour = max(days.shape[2] // 24, 1)
        around = [np.roll(days[few], by, axis=2) for by in (0, hour, -hour)]
        found[few] = _quantiles(np.concatenate(around, axis=1), np.tile(weight[few], (1, 3, 1)))
    return found


def _mean(values: FloatArray, axis: int) -> FloatArray:
    """Return means without the gaps, NaN where there is nothing else."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=axis)
    sums = np.where(seen, values, 0.0).sum(axis=axis)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _calendar_columns(course: Course, recent: _Recent) -> list[FloatArray]:
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


def _largest(values: FloatArray, per_day: int) -> FloatArray:
    """Return 1.5 times the third largest daily peak of each origin's last days: twice is a habit, once an error."""
    by_day = values.reshape(len(values), -1, per_day)
    peaks = np.where(np.isnan(by_day), -np.inf, by_day).max(axis=2)
    third = np.sort(peaks, axis=1)[:, -3]
    return np.where(np.isfinite(third), 1.5 * third, np.nan)


def load_rows(course: Course, origins: IndexArray, ahead: int) -> Rows:
    """Return the features of the load in the `ahead` slots from each origin (an index into the course) on."""
    recent, per_day = _recent(course, origins, ahead), course.per_day
    window = _take(course.load_kw, origins[:, None] - DAYS * per_day + np.arange(DAYS * per_day))
    scale = np.maximum(np.nan_to_num(_mean(window, 1)), SMALLEST_LOAD_KW)
    most = np.where(np.isnan(limit := _largest(window, per_day)), 20 * scale, np.maximum(limit, 2 * scale)) / scale
    cut = most[:, None, None]
    days = np.minimum(_take(course.load_kw, recent.same) / scale[:, None, None], cut)
    base = _base(days, recent.weight)
    weight = np.where(np.isnan(days), 0.0, recent.weight)
    analogue = np.nansum(days * weight, axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    latest = np.minimum(_take(course.load_kw, recent.latest) / scale[:, None], most[:, None])
    earlier = np.minimum(_take(course.load_kw, recent.earlier) / scale[:, None, None], cut)
    apart = latest - _mean(earlier, 1)
    hours = [max(round(h * per_day / 24), 1) for h in (1, 3, 12, 24)]
    recently = [np.broadcast_to(_mean(apart[:, -count:], 1)[:, None], recent.target.shape) for count in hours]
    lead_h = np.arange(ahead) * 24 / per_day
    fading = [value * np.exp(-lead_h / h) for value, h in zip(recently, (2, 6, 12, 24), strict=True)]
    sunny, _ = _clearness(course, recent)
    near = [
        _mean(_take(course.load_kw, np.minimum(recent.same[:, :7] + by, origins[:, None, None] - 1)), 1)
        / scale[:, None]
        for by in (-1, 1)
    ]
    issued_c = issued_at(course.issued, origins, ahead)[2]
    temperature = np.where(np.isnan(issued_c), course.temperature_c[recent.target], issued_c)
    before = _mean(_take(course.temperature_c, recent.latest), 1)[:, None]
    columns = [
        *np.moveaxis(base[..., ::2], -1, 0),
        analogue,
        _mean(days[:, :7], 1),
        _mean(days, 1),
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
    ]
    return Rows(
        inputs=np.stack(columns, axis=-1, dtype=np.float32, casting="same_kind"),
        base=base,
        scale_kw=scale,
        most=most,
        counts=np.ones(recent.target.shape, dtype=np.float64),
    )


def _clearness(course: Course, recent: _Recent) -> tuple[FloatArray, FloatArray]:
    """Return of the last day, and of its last three hours, what share of the days' best the roof made."""
    latest, earlier = _take(course.pv_kw, recent.latest), _take(course.pv_kw, recent.earlier)
    best = np.where(np.isnan(earlier), 0.0, earlier).max(axis=1)
    made = np.where(np.isnan(latest), _mean(earlier, 1), latest)
    hours = max(round(3 * course.per_day / 24), 1)
    shares = []
    for part in (slice(None), slice(-hours, None)):
        could = best[:, part].sum(axis=1)
        share = np.nansum(made[:, part], axis=1) / np.maximum(could, 1e-9)
        shares.append(np.where(could > SMALLEST_PV_KW / 2, np.minimum(share, 1.5), np.nan))
    day = np.where(np.isnan(shares[0]), 0.0, shares[0])
    return day, np.where(np.isnan(shares[1]), day, shares[1])


def _issued_columns(
    course: Course, origins: IndexArray, ahead: int, scale: FloatArray, best: FloatArray
) -> list[FloatArray]:
    """Return what others said at each origin: the roof's power, and clouds as the light that they let through.

    The light is that of Kasten and Czeplak, "Solar and terrestrial radiation dependent on the amount and type of
    cloud", Solar Energy 24, 1980.
    """
    pv_kw, cloud, _ = issued_at(course.issued, origins, ahead)
    said = np.minimum(pv_kw / scale[:, None], 2.0)
    through = 1 - 0.75 * cloud**3.4
    return [said, said - best, through, best * through]


def pv_rows(course: Course, origins: IndexArray, ahead: int) -> Rows:
    """Return the features of PV, as `load_rows`; where the roof made nothing for four weeks, nothing is forecast."""
    recent, per_day = _recent(course, origins, ahead), course.per_day
    window = _take(course.pv_kw, origins[:, None] - DAYS * per_day + np.arange(DAYS * per_day))
    ranked = np.sort(np.where(np.isnan(window), 0.0, window), axis=1)
    scale = np.maximum(ranked[:, -max(round(0.002 * window.shape[1]), 3)], SMALLEST_PV_KW)
    days = np.minimum(_take(course.pv_kw, recent.same) / scale[:, None, None], 1.2)
    base = _base(days, recent.weight)
    weight = np.where(np.isnan(days), 0.0, recent.weight)
    analogue = np.nansum(days * weight, axis=1) / np.maximum(weight.sum(axis=1), 1e-12)
    best = np.where(np.isnan(days), 0.0, days).max(axis=1)
    day, hours = _clearness(course, recent)
    lead_h = np.arange(ahead) * 24 / per_day
    fading = np.exp(-lead_h / 4)
    irradiance = course.irradiance_w_m2[recent.target] / 1000
    sun = np.maximum(course.calendar.sun_height[recent.target], 0.02)
    columns = [
        *np.moveaxis(base[..., ::2], -1, 0),
        analogue,
        _mean(days[:, :7], 1),
        _mean(days[:, :3], 1),
        _mean(days, 1),
        days[:, 0],
        days[:, 1],
        best,
        best * day[:, None],
        best * hours[:, None] * fading,
        np.broadcast_to(day[:, None], best.shape),
        hours[:, None] * fading,
        *_calendar_columns(course, recent),
        irradiance,
        np.minimum(irradiance / sun, 2.0),
        best * np.minimum(irradiance / sun, 2.0),
        *_issued_columns(course, origins, ahead, scale, best),
    ]
    return Rows(
        inputs=np.stack(columns, axis=-1, dtype=np.float32, casting="same_kind"),
        base=base,
        scale_kw=scale,
        most=np.full(len(origins), 1.3),
        counts=(best > NO_SUN).astype(np.float64),
    )
