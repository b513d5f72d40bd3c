"""A home's first day: what homes usually do, taken over by what this one has shown, hour by hour.

There is no day before to look at yet. So the load goes by the clock and PV by the sun's height, as they do in many
homes; the more has been measured the more the home's own level counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.calendar import IndexArray
from homeagent.forecasting.features import Course
from homeagent.forecasting.learned import Quantity

BINS: Mapping[Quantity, int] = {"load": 24, "pv": 12}
"""Hours of the day; night, and steps of the sine of the sun's height."""
LEAST_EXPECTED_H = 0.05
"""Below that nothing can be said of a home's level: the sun was not up yet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usual:
    """What homes usually do, as quantiles, shape (bins, levels): in kW, and relative to a home's own level.

    After `half_h` hours at its usual level a home's own level counts half.
    """

    kw: FloatArray
    share: FloatArray
    half_h: float


def bins(quantity: Quantity, course: Course) -> IndexArray:
    """Return the row of the table for each slot of the past and of the hours ahead."""
    calendar, count = course.calendar, BINS[quantity]
    if quantity == "load":
        return (calendar.day_share * count).astype(np.intp) % count
    return np.clip(np.ceil(calendar.sun_height * (count - 1)), 0, count - 1).astype(np.intp)


def usual_kw(quantity: Quantity, usual: Usual, course: Course) -> FloatArray | None:
    """Return the quantiles of the slots after the course's end, shape (ahead, levels); None without such a meter."""
    load, pv = ~np.isnan(course.load_kw), ~np.isnan(course.pv_kw)
    if quantity == "pv" and load.any() and not pv.any():
        return None
    seen, values = (load, course.load_kw) if quantity == "load" else (pv, course.pv_kw)
    where = bins(quantity, course)
    past, ahead = where[: course.past.count], where[course.past.count :]
    hours = course.past.step.total_seconds() / 3600
    expected_h = float(usual.share.mean(axis=1)[past[seen]].sum()) * hours
    if expected_h < LEAST_EXPECTED_H:
        return usual.kw[ahead]
    level_kw = float(values[seen].sum()) * hours / expected_h
    own = expected_h / (expected_h + usual.half_h)
    found: FloatArray = (1 - own) * usual.kw[ahead] + own * level_kw * usual.share[ahead]
    return found
