"""The student that knows nothing of what came since one day: beside it one sees how soon the living one follows."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.features import DAYS_BACK, Course
from homeagent.forecasting.learned import calibrated_kw, corrected, corrections_of, measured, rows_of
from homeagent.forecasting.scores import score
from homeagent.learning.model import Student
from homeagent.learning.pupil import ORIGINS_A_DAY

WEEK_DAYS = 7


class Frozen:
    """A student of load as it stood at `since`: it has no lessons after, and takes the week before for what came after.

    `loss_kw` is what it has lost on each day since then.
    """

    def __init__(self, student: Student, since: datetime) -> None:
        self._student = replace(student, network=deepcopy(student.network), notes=None)
        self._since = since
        self.loss_kw: dict[date, float] = {}

    def span(self, now: datetime) -> timedelta:
        """Return how much of the past a judgement looks at: what is forecast from, and the last week that is known."""
        return now - self._since + timedelta(days=DAYS_BACK + WEEK_DAYS)

    def judge(self, day: date, course: Course, ahead: int) -> None:
        """Note what it would have lost in the forecasts that a night judges, on a day that has just passed."""
        every = max(course.per_day // ORIGINS_A_DAY, 1)
        last = course.past.count - ahead
        origins = np.arange(last - course.per_day + every, last + 1, every)
        known = (self._since - course.past.start) // course.past.step
        before = replace(course, load_kw=repeated(course.load_kw, known, WEEK_DAYS * course.per_day))
        rows, student = rows_of("load", before, origins, ahead), self._student
        said = corrected(rows, corrections_of(student.network, student.network, rows), student.trust)
        scale = rows.scale_kw[:, None]
        truth = measured("load", course, origins, rows) * scale
        self.loss_kw[day] = score(truth, calibrated_kw(rows, said, student.calibration), rows.counts).pinball_kw


def repeated(values: FloatArray, known: int, week: int) -> FloatArray:
    """Return values whose first `known` are kept, and whose rest is the last week of these, again and again."""
    slots = np.arange(len(values))
    back = np.maximum((slots - known) // week + 1, 0) * week
    found: FloatArray = values[slots - back]
    return found
