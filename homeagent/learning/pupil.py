"""The student in service: says what comes, and learns from each day that has passed, in milliseconds, untaught.

What it said is judged before it learns from the answer, so trust, calibration and skill are those of true forecasts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.forecasting.features import DAYS_BACK, Course, Float32Array
from homeagent.forecasting.learned import (
    Calibration,
    Quantity,
    Runner,
    calibrate,
    calibrated_kw,
    choose_trust,
    corrected,
    corrections_of,
    joined,
    lessons_of,
    measured,
    rows_of,
    some_rows,
)
from homeagent.forecasting.scores import score
from homeagent.forecasting.student import practise
from homeagent.learning.model import Notebook, Skill, Student

REPLAY_DAYS = 28
ORIGINS_A_DAY = 6
STEPS, RATE = 6, 3e-4
ENOUGH_DAYS = 7
"""With fewer days noted, trust and calibration stay as they were."""
SKILL_DAYS = 7
LOST = 1.5
"""Of the floor's loss on the last day: more than this is a sudden loss of skill."""
WORSE = 1.1
"""The same over the last week."""


class Pupil:
    """One quantity's student with its notebook. `run` is what runs its file, or the network itself; `not_run` is why.

    A student that comes from its files has no notes; they are written anew by asking it again. `untaught_from` (slots
    since 1970) is when it was taught last: what it says of the days before then is no measure of trust.
    """

    def __init__(self, quantity: Quantity, student: Student, ahead: int, untaught_from: int = 0) -> None:
        self.quantity: Quantity = quantity
        self.student = student
        self.run: Runner = student.network
        self.file: bytes | None = None
        self.not_run: str | None = None
        self.notes = student.notes
        self.skill = student.marks if student.marks is not None and student.marks.lost else None
        self.day: Skill | None = None
        """How the last day went that a night has judged, before anything was learned from it."""
        self._ahead = ahead
        self._untaught_from = untaught_from

    def quantiles_kw(self, course: Course, origin: int | None = None) -> FloatArray:
        """Return the quantiles of the slots ahead of the course's end, or of an origin in it, (ahead, levels) [kW]."""
        origins = np.array([course.past.count if origin is None else origin])
        rows = rows_of(self.quantity, course, origins, self._ahead)
        said = corrected(rows, corrections_of(self.run, self.student.network, rows), self.student.trust)
        found: FloatArray = calibrated_kw(rows, said, self.student.calibration)[0]
        return found

    @property
    def lost(self) -> bool:
        """Whether the floor should serve in its place."""
        return self.skill is not None and self.skill.lost

    def night(self, course: Course, seed: int) -> None:
        """Judge and learn what has passed since the last night."""
        per_day = course.per_day
        every = max(per_day // ORIGINS_A_DAY, 1)
        self.day = None
        if not self._asked(course, every, per_day - every):
            return
        self._judge(per_day // every)
        self._learn(seed)

    def recall(self, course: Course) -> None:
        """Write the notes of the last weeks, if there are none, as if it had been asked then as it stands now."""
        if self.notes is None:
            self._asked(course, max(course.per_day // ORIGINS_A_DAY, 1), REPLAY_DAYS * course.per_day)

    def _asked(self, course: Course, every: int, back: int) -> bool:
        """Ask what has not been noted yet, `back` slots where nothing was; return whether there was anything."""
        per_day = course.per_day
        before = int(course.past.start.timestamp() // course.past.step.total_seconds())
        last = course.past.count - self._ahead
        first = last - back
        if self.notes is not None:
            first = max(int(self.notes.origins[-1]) - before + every, last - REPLAY_DAYS * per_day)
        whole = min(DAYS_BACK * per_day, last - per_day + every)  # before it the days to compare with are missing
        origins = np.arange(max(first, whole, per_day), last + 1, every)
        origins = origins[np.cumsum(~np.isnan(course.load_kw))[origins - 1] >= per_day]  # before that it was not asked
        if not len(origins):
            return False
        rows = rows_of(self.quantity, course, origins, self._ahead)
        truth = measured(self.quantity, course, origins, rows)
        corrections = corrections_of(self.run, self.student.network, rows)
        self._note(Notebook(origins=origins + before, rows=rows, truth=truth, corrections=corrections), per_day)
        return True

    def _note(self, new: Notebook, per_day: int) -> None:
        if self.notes is None:
            self.notes = new
            return
        old = self.notes
        keep = old.origins > new.origins[-1] - REPLAY_DAYS * per_day
        self.notes = Notebook(
            origins=np.concatenate([old.origins[keep], new.origins]),
            rows=joined([some_rows(old.rows, keep), new.rows]),
            truth=np.concatenate([old.truth[keep], new.truth]),
            corrections=np.concatenate([old.corrections[keep], new.corrections]),
        )

    def _judge(self, a_day: int) -> None:
        """Say whether the last day or week was worse than the floor; then trust and calibrate by all the notes."""
        notes, student = self.notes, self.student
        if notes is None:
            return
        week, day = self.score(a_day * SKILL_DAYS), self.score(a_day)
        self.day = day
        self.skill = replace(week, lost=week.lost or day.pinball_kw > LOST * day.floor_pinball_kw)
        fair = notes.origins >= self._untaught_from
        days = int(fair.sum()) / a_day
        if days < ENOUGH_DAYS:
            return
        rows, truth, corrections = some_rows(notes.rows, fair), notes.truth[fair], notes.corrections[fair]
        trust = choose_trust(rows, truth, corrections, days)
        counts = (rows.counts > 0) & ~np.isnan(truth)
        said = corrected(rows, corrections, trust)
        self.student = replace(student, trust=trust, calibration=calibrate(truth[counts], said[counts]))

    def score(self, last: int, *, calibrated: bool = True) -> Skill:
        """Return how the last so many noted origins went, as the student stands."""
        return self.score_on(slice(-last, None), calibrated=calibrated)

    def score_on(self, chosen: BoolArray | slice, *, calibrated: bool) -> Skill:
        """Return how the chosen noted origins went, as the student stands."""
        if self.notes is None:
            raise ValueError("nothing is noted yet")
        notes, student = self.notes, self.student
        rows, truth = some_rows(notes.rows, chosen), notes.truth[chosen]
        said = corrected(rows, notes.corrections[chosen], student.trust)
        scale = rows.scale_kw[:, None]
        calibration = student.calibration if calibrated else Calibration.none()
        own = score(truth * scale, calibrated_kw(rows, said, calibration), rows.counts)
        floor = score(truth * scale, rows.floor * scale[..., None], rows.counts)
        return Skill(
            pinball_kw=own.pinball_kw,
            floor_pinball_kw=floor.pinball_kw,
            mae_kw=own.mae_kw,
            floor_mae_kw=floor.mae_kw,
            coverage=own.coverage,
            lost=own.pinball_kw > WORSE * floor.pinball_kw,
        )

    def _learn(self, seed: int) -> None:
        if self.notes is None:
            return
        lessons = lessons_of(self.student.network, self.notes.rows, self.notes.truth)
        if len(lessons.rows):
            practise(self.student.network, lessons, STEPS, RATE, seed)

    @property
    def now(self) -> Student:
        """The student as it stands, with its notes and its marks of late."""
        marks = self.student.marks if self.skill is None else self.skill
        return replace(self.student, notes=self.notes, marks=marks)

    @property
    def sample(self) -> Float32Array:
        """Inputs that it has really seen, for the ranges of int8 and for checking a file, shape (rows, features)."""
        if self.notes is None:
            return np.empty((0, self.student.network.weights[0].shape[0]), np.float32)
        return self.notes.rows.inputs[self.notes.rows.counts > 0][-1024:]
