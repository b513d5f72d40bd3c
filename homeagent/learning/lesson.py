"""One quantity's lesson: split the past, let a teacher teach a student, and see how it does on the days held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.learning import Budget
from homeagent.forecasting.features import DAYS_BACK, LEVELS, Course, Rows, part_of
from homeagent.forecasting.learned import (
    USUAL_TRUST,
    Calibration,
    Quantity,
    corrections_of,
    lessons_of,
    measured,
    rows_of,
    some_rows,
)
from homeagent.forecasting.student import Lessons, Network, merged, teach
from homeagent.forecasting.tflite_file import Kind
from homeagent.learning.ladder import Rung, Test, choose_step, climb, cpu_s_per_10000
from homeagent.learning.model import Student
from homeagent.learning.pupil import Pupil
from homeagent.learning.runtime import choose

Say = Callable[[str], None]

FIRST_DAYS = 8
"""The first origin has so many days before it: a week to compare with."""
MOST_ROWS = 60_000
HELD_OUT_DAYS = 28
MEMBERS = 4
"""A student is taught as a committee of so many small ones, and then is one network. More of them gain nothing."""
WIDTHS: dict[Budget, tuple[tuple[int, ...], ...]] = {
    "small": ((6,), (8,), (12,)),
    "normal": ((8,), (12,), (20,)),
    "large": ((12,), (16,), (32,)),
}
"""Units of each member that the width search chooses from, narrow first; without a search the second serves."""
EPOCHS, RATE = 6, 1e-3
SEARCH_EPOCHS = 2
ALIKE = 1.002
"""A wider network must be so much better than a narrower one."""
REFRESH_EPOCHS, REFRESH_RATE = 2, 4e-4
MOST_TESTED = 400
"""Origins that the steps of compression are measured on."""
YESTERDAY = 9
"""The column of the load's inputs, and of PV's, that holds the same time yesterday."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Rows of one quantity, the last weeks held out: what is tested was never learned from."""

    rows: Rows
    truth: FloatArray
    learned: BoolArray
    held: BoolArray
    held_days: float

    @property
    def empty(self) -> bool:
        """Whether there is nothing to learn from, or nothing to test on."""
        return not (self.rows.counts[self.learned].any() and self.rows.counts[self.held].any())


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a lesson is given. `start` is a network to go on from; `compress` climbs the ladder of compression."""

    ahead: int
    budget: Budget
    kind: Kind
    start: Network | None
    with_teacher: bool
    search: bool
    compress: bool
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taught:
    """The student as it will serve, one that was never taught the held-out days, and what the ladder showed."""

    student: Student
    early: Pupil
    ladder: tuple[Rung, ...]


def split_rows(quantity: Quantity, course: Course, ahead: int) -> Split:
    """Return the rows of every origin that can be learned from or tested on, as many as memory and time allow."""
    per_day = course.per_day
    seen = np.flatnonzero(~np.isnan(course.load_kw))
    first = int(seen[0]) + FIRST_DAYS * per_day
    last = course.past.count - ahead
    stride = max(-(-(last - first) * ahead // MOST_ROWS), 1)
    stride += per_day % stride == 0 and stride > 1  # every time of day gets its turn
    origins = np.arange(first, last + 1, stride)
    held_days = min(HELD_OUT_DAYS, (last - first) / per_day / 3)
    cut = last - round(held_days * per_day)
    rows = rows_of(quantity, course, origins, ahead)
    return Split(
        rows=rows,
        truth=measured(quantity, course, origins, rows),
        learned=origins + ahead <= cut,
        held=origins >= cut,
        held_days=held_days,
    )


def untaught(rows: Rows, truth: FloatArray, widths: Sequence[int], seed: int) -> Network:
    """Return a network for inputs like these."""
    inputs = rows.inputs[(rows.counts > 0) & ~np.isnan(truth)]
    gap = np.isnan(inputs)
    count = np.maximum((~gap).sum(axis=0), 1)
    mean = np.where(gap, 0.0, inputs).sum(axis=0) / count
    deviation = np.sqrt(np.where(gap, 0.0, (inputs - mean) ** 2).sum(axis=0) / count) + 1e-3
    deviation[gap.all(axis=0)] = np.inf  # what was never seen says nothing, should it come later
    sizes = (inputs.shape[1], *widths, len(LEVELS))
    return Network.untaught(sizes, mean.astype(np.float32), deviation.astype(np.float32), seed)


def give(quantity: Quantity, course: Course, split: Split, plan: Plan, say: Say) -> Taught:
    """Return a student taught on all but the held-out days, judged on these, and then taught these, too."""
    rows, truth = some_rows(split.rows, split.learned), split.truth[split.learned]
    spread = slice(None, None, max(int(split.held.sum()) // MOST_TESTED, 1))
    held = some_rows(some_rows(split.rows, split.held), spread)
    test = Test(rows=held, truth=split.truth[split.held][spread], trust=1.0)
    ladder = [
        _rung("seasonal naive", test, _naive(held)),
        _rung("the floor", test, held.floor - held.base),
        _rung("recent days, untaught", test, 0.0 * held.base),
    ]
    taught = None
    if plan.with_teacher:
        from homeagent.learning.teacher import Teacher  # noqa: PLC0415 - scikit-learn, only where it is needed

        teacher = Teacher.of(rows, truth, plan.seed)
        taught = teacher.corrections(rows)
        one = some_rows(held, slice(0, 1))
        cpu_s = cpu_s_per_10000(lambda: teacher.corrections(one), 3)
        ladder.append(_rung("teacher", test, teacher.corrections(held), cpu_s))
        say(f"{quantity}: the teacher is fitted, pinball {ladder[-1].score.pinball_kw:.4f} kW")
    widths = _search(rows, truth, taught, test, plan) if plan.search else WIDTHS[plan.budget][1]
    if plan.start is None:
        network, lessons = committee(rows, truth, taught, widths, plan.seed)
    else:
        network, lessons = plan.start, lessons_of(plan.start, rows, truth, taught)
        teach(network, lessons, EPOCHS, RATE, seed=plan.seed)
    kind = plan.kind
    if plan.compress:
        steps = climb(network, lessons, test, choose(), plan.seed)
        chosen = choose_step(steps, plan.budget)
        network, kind = deepcopy(chosen.network), chosen.kind
        ladder += [step.rung for step in steps]
        say(f"{quantity}: of {len(steps)} steps of compression this serves: {chosen.rung.name}, {network.widths}")
    early = deepcopy(network)
    pupil = _through_held_out_days(quantity, course, network, split, plan)
    marks = pupil.score(len(truth), calibrated=False)
    say(
        f"{quantity}: pinball {marks.pinball_kw:.4f} kW, the floor's {marks.floor_pinball_kw:.4f} kW, "
        f"trust {pupil.student.trust:.2f}"
    )
    teach(network, lessons_of(network, split.rows, split.truth), REFRESH_EPOCHS, REFRESH_RATE, seed=plan.seed + 1)
    student = replace(pupil.student, network=network, kind=kind, marks=marks, notes=pupil.notes)
    frozen = Pupil(quantity, replace(pupil.student, network=early, notes=None), plan.ahead)
    return Taught(student=student, early=frozen, ladder=tuple(ladder))


def committee(
    rows: Rows, truth: FloatArray, taught: FloatArray | None, widths: Sequence[int], seed: int
) -> tuple[Network, Lessons]:
    """Return the mean of some small networks, each of which began elsewhere, as one; and what it was taught."""
    first = untaught(rows, truth, widths, seed)
    lessons = lessons_of(first, rows, truth, taught)
    sizes = (first.weights[0].shape[0], *widths, len(LEVELS))
    members = [Network.untaught(sizes, first.mean, first.deviation, seed + number) for number in range(MEMBERS)]
    for number, member in enumerate(members):
        teach(member, lessons, EPOCHS, RATE, seed=seed + number)
    return merged(members), lessons


def _through_held_out_days(quantity: Quantity, course: Course, network: Network, split: Split, plan: Plan) -> Pupil:
    """Return a copy of the student after it has served through the held-out days, learning night by night."""
    student = Student(
        network=deepcopy(network), trust=USUAL_TRUST, calibration=Calibration.none(), kind=plan.kind, marks=None
    )
    pupil = Pupil(quantity, student, plan.ahead)
    span = (DAYS_BACK + 4) * course.per_day
    for day in range(round(split.held_days) - 1, -1, -1):
        end = course.past.count - day * course.per_day
        pupil.night(part_of(course, max(end - span, 0), end, plan.ahead), seed=end)
    return pupil


def _search(rows: Rows, truth: FloatArray, taught: FloatArray | None, test: Test, plan: Plan) -> tuple[int, ...]:
    """Return the widths that come off best after a short lesson, the narrower where they are alike."""
    found = []
    for widths in WIDTHS[plan.budget]:
        network = untaught(rows, truth, widths, plan.seed)
        teach(network, lessons_of(network, rows, truth, taught), SEARCH_EPOCHS, RATE, seed=plan.seed)
        found.append((test.score(corrections_of(network, network, test.rows)).pinball_kw, widths))
    best = min(loss for loss, _ in found)
    return next(widths for loss, widths in found if loss <= ALIKE * best)


def _rung(name: str, test: Test, corrections: FloatArray, cpu_s: float | None = None) -> Rung:
    return Rung(name=name, score=test.score(corrections), bytes=None, cpu_s_per_10000=cpu_s)


def _naive(rows: Rows) -> FloatArray:
    """Return the corrections that make yesterday of the recent days, spread about it as they are about their middle."""
    yesterday = rows.inputs[..., YESTERDAY]
    middle = rows.base[..., LEVELS.index(0.5)]
    apart = np.where(np.isnan(yesterday), 0.0, yesterday - middle)
    return np.repeat(apart[..., None], len(LEVELS), axis=-1)
