"""Trains a model on one home's past. Runs in a process that ends afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.learning import Budget
from homeagent.forecasting.features import Course
from homeagent.forecasting.learned import QUANTITIES, Quantity
from homeagent.forecasting.student import Network
from homeagent.forecasting.tflite_file import Kind
from homeagent.learning.ladder import Rung
from homeagent.learning.lesson import Plan, Say, give, split_rows
from homeagent.learning.model import Market, Model, Student
from homeagent.learning.pupil import Pupil

LEAST_DAYS = 21
"""Before a home has so many measured days nothing is trained: a starter or the floor serves."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Request:
    """What the training process is given.

    `start` are networks to go on from, by quantity; `champions` are the students that serve now. `market` is what
    energy cost of late: without it a challenger is not judged in money. `search` tries several widths, `compress`
    climbs the ladder of compression.
    """

    course: Course
    ahead: int
    made_at: datetime
    budget: Budget
    kind: Kind
    start: Mapping[Quantity, Network] = field(default_factory=dict)
    champions: Mapping[Quantity, Student] = field(default_factory=dict)
    market: Market | None = None
    with_teacher: bool = True
    search: bool = False
    compress: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A model with what it took, None with the reason why there is none. `ladder` tells each step, by quantity."""

    model: Model | None
    cpu_seconds: float
    reason: str
    ladder: Mapping[Quantity, tuple[Rung, ...]] = field(default_factory=dict)


def train(request: Request, say: Say) -> Trained:
    """Return a model of the home, or the reason why there is none."""
    began = time.process_time()
    course = request.course
    days = measured_days(course)
    if days < LEAST_DAYS:
        reason = f"{days:.0f} days are measured, {LEAST_DAYS} are needed"
        return Trained(model=None, cpu_seconds=time.process_time() - began, reason=reason)
    students: dict[Quantity, Student] = {}
    early: dict[Quantity, Pupil] = {}
    ladder: dict[Quantity, tuple[Rung, ...]] = {}
    for quantity in QUANTITIES:
        split = split_rows(quantity, course, request.ahead)
        if split.empty:
            say(f"{quantity}: nothing to learn")
            continue
        taught = give(quantity, course, split, _plan(request, quantity), say)
        students[quantity], early[quantity], ladder[quantity] = taught.student, taught.early, taught.ladder
    if not students:
        return Trained(model=None, cpu_seconds=time.process_time() - began, reason="nothing could be learned")
    own, floor, champion = _regrets(request, early, say)
    model = Model(
        model_id=f"student-{request.made_at:%Y%m%d}",
        step_minutes=int(course.past.step / timedelta(minutes=1)),
        made_at=request.made_at,
        days_learned=days,
        students=students,
        regret=own,
        floor_regret=floor,
        champion_regret=champion,
    )
    return Trained(model=model, cpu_seconds=time.process_time() - began, reason="trained", ladder=ladder)


def measured_days(course: Course) -> float:
    """Return of how many days the load was measured."""
    return float((~np.isnan(course.load_kw)).sum() / course.per_day)


def _plan(request: Request, quantity: Quantity) -> Plan:
    return Plan(
        ahead=request.ahead,
        budget=request.budget,
        kind=request.kind,
        start=request.start.get(quantity),
        with_teacher=request.with_teacher,
        search=request.search,
        compress=request.compress,
        seed=request.seed,
    )


def _regrets(
    request: Request, early: Mapping[Quantity, Pupil], say: Say
) -> tuple[float | None, float | None, float | None]:
    """Return the money that students, who had not learned from these days, would have lost; the floor; who serves."""
    market, course = request.market, request.course
    if market is None:
        return None, None, None
    from homeagent.learning.regret import Said, regret_per_day  # noqa: PLC0415 - its solver is for this process alone

    def by(pupils: Mapping[Quantity, Pupil]) -> Said:
        def said(origin: int) -> tuple[FloatArray | None, FloatArray | None]:
            found = {quantity: pupil.quantiles_kw(course, origin) for quantity, pupil in pupils.items()}
            return found.get("load"), found.get("pv")

        return said

    floor = regret_per_day(course, market, None)
    if floor is None:
        return None, None, None
    own = regret_per_day(course, market, by(early))
    serving = {quantity: Pupil(quantity, student, request.ahead) for quantity, student in request.champions.items()}
    champion = regret_per_day(course, market, by(serving)) if serving else None
    if own is not None:
        beside = "" if champion is None else f", with what serves {champion:.3f}"
        say(f"money lost a day against perfect knowledge: {own:.3f}, with the floor {floor:.3f}{beside}")
    return own, floor, champion
