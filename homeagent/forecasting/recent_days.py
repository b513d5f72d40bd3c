"""What the recent days alone say of the hours ahead: the quantiles that a student corrects.

Each slot takes the same local time of the last four weeks, and its neighbours. Days that are alike and that are near
weigh more; then they are brought to the level of the last day (load) or to the height of today's sun (PV).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.forecasting.calendar import IndexArray, LocalCalendar
from homeagent.forecasting.floor import FEW_DAYS, LIKENESS_HOURS, LIKENESS_SCALE, OTHER_KIND_OF_DAY

DAYS = 28
LEVELS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95)
"""The shares of the distribution that forecasts are made of."""
LOAD_VIEWS = ((0.4, 10.0), (0.25, 20.0), (None, 3.0))
PV_VIEWS = ((0.45, 14.0), (0.3, 40.0), (1.0, 5.0))
"""Views of which days matter, averaged: how much likeness counts, and after how many days a day counts half. A day as
unlike the last hours as the median day weighs exp(-1 / likeness) of one just like them; None looks at age alone."""
LOAD_LIKE_HOURS, PV_LIKE_HOURS = (3, 6, 24), (3, 6, 12)
"""The last hours by which days are held to be alike; the latest are in each span, and so count most."""
LOAD_NEIGHBOURS, PV_NEIGHBOURS = 0.25, 0.15
"""What the slots before and after count beside the slot itself: habits are not to the minute."""
OTHER_KIND, SAME_WEEKDAY = 0.25, 1.5
"""What a working day counts for a weekend, and the other way round; and a day of the same weekday."""
LEVEL_POWER, LEAST_LEVEL = 0.4, 0.1
"""A day is brought towards the last one by this power of their means' ratio; of the scale, the least mean."""
LATE_HOURS, LATE_SHARE, LATE_FADES_H = 3, 0.4, 2.0
"""What the last hours have more than a day's same hours had is added to it, a share that fades ahead."""
SUN_POWER, LEAST_SUN, TWILIGHT = 0.7, 0.03, -0.05
"""How a roof's output goes with the sine of the sun's height; below twilight it makes nothing."""
MOST_SUN = 2.0
"""No day is brought to more than so many times what it had."""


Seen: TypeAlias = Callable[[IndexArray], FloatArray]
"""Gives a quantity at indices (origins, ...), relative to each origin's scale and cut where no home goes."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recent:
    """The 28 days before each origin, as indices of slots; -1 before the beginning.

    `target` (origins, ahead) are the slots asked for, `same` (origins, days, ahead) the same local time before,
    `latest` (origins, a day) the last 24 hours and `earlier` (origins, days, a day) those of each day before.
    """

    origins: IndexArray
    target: IndexArray
    same: IndexArray
    latest: IndexArray
    earlier: IndexArray
    other_kind: BoolArray
    same_weekday: BoolArray
    ago: FloatArray


def take(values: FloatArray, index: IndexArray) -> FloatArray:
    """Return values at indices; before the beginning there is nothing."""
    taken: FloatArray = np.where(index >= 0, values[np.clip(index, 0, len(values) - 1)], np.nan)
    return taken


def recent_days(calendar: LocalCalendar, per_day: int, origins: IndexArray, ahead: int) -> Recent:
    """Return where the recent days of each origin stand."""
    offset, step_s = calendar.offset_s, int(calendar.grid.step.total_seconds())
    lead = np.arange(ahead)
    target = origins[:, None] + lead
    days = np.arange(1, DAYS + 1)
    same = target[:, None, :] - (days[:, None] + lead // per_day) * per_day
    shift = (offset[target][:, None, :] - offset[np.maximum(same, 0)]) // step_s
    same = np.where(same >= 0, same + shift, -1)
    same = np.where(same < origins[:, None, None], same, same - per_day)
    latest = origins[:, None] - per_day + np.arange(per_day)
    off, weekday, then = calendar.day_off, calendar.weekday, np.maximum(same, 0)
    return Recent(
        origins=origins,
        target=target,
        same=same,
        latest=latest,
        earlier=latest[:, None, :] - days[:, None] * per_day,
        other_kind=off[then] != off[target][:, None, :],
        same_weekday=weekday[then] == weekday[target][:, None, :],
        ago=days[:, None].astype(np.float64),
    )


def mean(values: FloatArray, axis: int) -> FloatArray:
    """Return means without the gaps, NaN where there is nothing else."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=axis)
    sums = np.where(seen, values, 0.0).sum(axis=axis)
    return np.where(count > 0, sums / np.maximum(count, 1), np.nan)


def _median(values: FloatArray) -> FloatArray:
    """Return the median of each row without its gaps, 0 where there is nothing."""
    ranked = np.sort(values, axis=1)  # gaps come last
    count = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    middle = 0.5 * (ranked[rows, np.maximum(count - 1, 0) // 2] + ranked[rows, count // 2 * (count > 1)])
    return np.where(count > 0, middle, 0.0)


def quantiles(values: FloatArray, weights: Sequence[FloatArray]) -> FloatArray:
    """Return the mean of weighted quantiles over the days, shape (origins, ahead, levels); gaps count nothing."""
    gap = np.isnan(values)
    order = np.argsort(np.where(gap, np.inf, values), axis=1)
    ranked = np.take_along_axis(np.where(gap, 0.0, values), order, axis=1)
    last = np.maximum((~gap).sum(axis=1) - 1, 0)
    views = []
    for weight in weights:
        share = np.take_along_axis(np.where(gap, 0.0, weight), order, axis=1)
        total = share.sum(axis=1)
        reached = (np.cumsum(share, axis=1) - share / 2) / np.maximum(total, 1e-12)[:, None, :]
        views.append(_at_levels(ranked, reached, last))
    found: FloatArray = np.mean(views, axis=0)
    return found


def _at_levels(ranked: FloatArray, reached: FloatArray, last: IndexArray) -> FloatArray:
    """Return where the ranked values of each slot reach the levels, straight lines between them."""
    levels = np.array(LEVELS)[None, :, None]
    above = np.minimum((reached[:, None] < levels[..., None]).sum(axis=2), last[:, None])
    below = np.maximum(above - 1, 0)
    high, low = (np.take_along_axis(ranked, at, axis=1) for at in (above, below))
    to, since = (np.take_along_axis(reached, at, axis=1) for at in (above, below))
    part = np.clip((levels - since) / np.maximum(to - since, 1e-9), 0.0, 1.0)
    return np.moveaxis(low + part * (high - low), 1, -1)


def _alike(apart: FloatArray, scale: float) -> FloatArray:
    """Return the weight of each day, shape (origins, days, 1), by how far its hours (origins, days, hours) are off."""
    distance = mean(apart, 2)
    median = _median(distance)[:, None]
    distance = np.where(np.isnan(distance), median, distance)
    weight: FloatArray = np.exp(-distance / (scale * median + 1e-9))[:, :, None]
    return weight


def _views(apart: FloatArray, views: Sequence[tuple[float | None, float]], recent: Recent) -> list[FloatArray]:
    """Return the weights of the days in each view, shape (origins, days, ahead)."""
    every = np.ones(recent.same.shape)
    return [
        every * 0.5 ** (recent.ago / half_life) * (1.0 if likeness is None else _alike(apart, likeness))
        for likeness, half_life in views
    ]


def _spans(apart: FloatArray, hours: tuple[int, ...]) -> FloatArray:
    """Return the last hours of a day's differences, each span after the other."""
    per_day = apart.shape[2]
    return np.concatenate([apart[:, :, per_day - max(round(h * per_day / 24), 1) :] for h in hours], axis=2)


def frozen_floor(load_kw: FloatArray, pv_kw: FloatArray, values: FloatArray, recent: Recent) -> FloatArray:
    """Return the quantiles of the frozen floor for `values` (origins, days, ahead), in their unit."""
    load = np.abs(take(load_kw, recent.latest)[:, None] - take(load_kw, recent.earlier))
    pv = np.abs(take(pv_kw, recent.latest)[:, None] - take(pv_kw, recent.earlier))
    apart = _spans(load + np.where(np.isnan(pv), 0.0, pv), (LIKENESS_HOURS,))
    weight = _alike(apart, LIKENESS_SCALE) * np.where(recent.other_kind, OTHER_KIND_OF_DAY, 1.0)
    found, few = quantiles(values, [weight]), _few(values)
    if few.any():  # as the floor does: an hour early and late, too
        hour = max(recent.latest.shape[1] // 24, 1)
        around = np.concatenate([np.roll(values[few], by, axis=2) for by in (0, hour, -hour)], axis=1)
        found[few] = quantiles(around, [np.tile(weight[few], (1, 3, 1))])
    return found


def _few(values: FloatArray) -> BoolArray:
    """Return for which origins only a few days (origins, days, ahead) are known, shape (origins,)."""
    few: BoolArray = (~np.isnan(values)).any(axis=2).sum(axis=1) < FEW_DAYS
    return few


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said:
    """What the recent days say: quantiles (origins, ahead, levels) and their weighted mean (origins, ahead)."""

    quantiles: FloatArray
    mean: FloatArray


def _of(values: list[FloatArray], weights: list[FloatArray], neighbours: float) -> Said:
    """Return what the slot itself, the one before and the one after say together."""
    pool = np.concatenate(values, axis=1)
    near = np.where(_few(values[0]), 1.0, neighbours)[:, None, None]  # of few days each slot tells little
    shares = [np.concatenate([weight, near * weight, near * weight], axis=1) for weight in weights]
    own = np.where(np.isnan(values[0]), 0.0, weights[0])
    middle = np.nansum(values[0] * own, axis=1) / np.maximum(own.sum(axis=1), 1e-12)
    return Said(quantiles=quantiles(pool, shares), mean=middle)


def _slots(recent: Recent) -> list[IndexArray]:
    """Return the slots of the same time, and those before and after; none at or after the origin."""
    last = recent.origins[:, None, None] - 1
    return [recent.same, *(np.where(recent.same < 0, -1, np.minimum(recent.same + by, last)) for by in (-1, 1))]


def load_by_recent_days(seen: Seen, recent: Recent) -> Said:
    """Return what the recent days say of the load; `seen` gives the load at indices (origins, ...)."""
    latest, earlier = seen(recent.latest), seen(recent.earlier)
    ratio = (mean(latest, 1)[:, None] + LEAST_LEVEL) / (mean(earlier, 2) + LEAST_LEVEL)
    level = np.where(np.isnan(ratio), 1.0, np.clip(ratio, 0.25, 4.0))[:, :, None] ** LEVEL_POWER
    apart = latest[:, None] - earlier * level
    late = np.nan_to_num(mean(_spans(apart, (LATE_HOURS,)), 2))[:, :, None]
    lead_h = np.arange(recent.target.shape[1]) * 24 / recent.latest.shape[1]
    more = LATE_SHARE * np.exp(-lead_h / LATE_FADES_H) * late
    values = [np.maximum(seen(index) * level + more, 0.0) for index in _slots(recent)]
    kind = np.where(recent.other_kind, OTHER_KIND, 1.0) * np.where(recent.same_weekday, SAME_WEEKDAY, 1.0)
    views = _views(_spans(np.abs(apart), LOAD_LIKE_HOURS), LOAD_VIEWS, recent)
    return _of(values, [weight * kind for weight in views], LOAD_NEIGHBOURS)


def pv_by_recent_days(seen: Seen, sun_height: FloatArray, recent: Recent) -> Said:
    """Return what the recent days say of PV; `seen` gives it at indices (origins, ...)."""
    strength = np.maximum(sun_height, 0.0) ** SUN_POWER + LEAST_SUN

    def under_sun(now: IndexArray, then: IndexArray) -> FloatArray:
        brought = seen(then) * np.minimum(strength[now] / strength[np.maximum(then, 0)], MOST_SUN)
        return np.where(sun_height[now] > TWILIGHT, brought, np.minimum(brought, seen(then)))

    apart = np.abs(seen(recent.latest)[:, None] - under_sun(recent.latest[:, None], recent.earlier))
    values = [under_sun(recent.target[:, None], index) for index in _slots(recent)]
    return _of(values, _views(_spans(apart, PV_LIKE_HOURS), PV_VIEWS, recent), PV_NEIGHBOURS)
