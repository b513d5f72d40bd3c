"""What the page and the API are told of the learned side: who serves and why, and how good it was day by day."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Protocol

from homeagent.agent.agent import Agent
from homeagent.agent.frozen import Frozen
from homeagent.agent.learner import Learner
from homeagent.domain.learning import NightMark
from homeagent.learning.pupil import Pupil

BAND_TARGET = 0.8
SPANS_DAYS = (7, 28)
EVENTS = 6


class Beside(Protocol):
    """What a simulated home knows beside its agent: when its habits changed, and how students without lessons do."""

    changed_on: date | None
    frozen: Frozen | None


def _why_none(agent: Agent) -> str:
    peaks = "with a peak charge every day of the past counts, so the recent days forecast"
    return "learning is off" if agent.site.peak_charge is None else peaks


def models_told(agent: Agent, beside: Beside | None = None) -> Mapping[str, object]:
    """Return which model serves, how well of late, and why it and no other."""
    learner = agent.learner
    today = agent.clock.now().astimezone(agent.site.timezone).date()
    marks = agent.skill_book.marks(today)
    model = None if learner is None else learner.model
    return {
        "serving": "floor" if learner is None else learner.serving,
        "why": _why_none(agent) if learner is None else learner.reason,
        "trouble": None if learner is None else learner.trouble,
        "teaching": learner is not None and learner.teaching,
        "runtime": None if learner is None else learner.runtime,
        "made_at": None if model is None else f"{model.made_at:%Y-%m-%dT%H:%M:%SZ}",
        "days_learned": None if model is None else round(model.days_learned, 1),
        "last_training_cpu_seconds": _last_training(learner),
        "band_target": BAND_TARGET,
        "students": {} if learner is None else {name: _student(one, marks) for name, one in learner.pupils.items()},
        "nights": [_night(mark, beside) for mark in marks],
        "habits_changed_on": _changed(beside, today),
        "events": [] if learner is None or learner.registry is None else list(learner.registry.events[-EVENTS:]),
    }


def _last_training(learner: Learner | None) -> float | None:
    return None if learner is None or not learner.trainings_cpu_s else round(learner.trainings_cpu_s[-1], 1)


def _changed(beside: Beside | None, today: date) -> str | None:
    """Return when a simulated home's habits changed; what is yet to come is told by nobody."""
    changed_on = None if beside is None else beside.changed_on
    return None if changed_on is None or changed_on > today else changed_on.isoformat()


def _student(pupil: Pupil, marks: Sequence[NightMark]) -> Mapping[str, object]:
    skill, student = pupil.now.marks, pupil.student
    return {
        "serves": not pupil.lost,
        "trust": round(student.trust, 3),
        "pinball_kw": None if skill is None else _number(skill.pinball_kw),
        "floor_pinball_kw": None if skill is None else _number(skill.floor_pinball_kw),
        "band_coverage": None if skill is None else _number(skill.coverage),
        "file_bytes": None if pupil.file is None else len(pupil.file),
        "file_kind": None if pupil.file is None else student.kind,
        "spans": [_span(days, [mark for mark in marks if mark.quantity == pupil.quantity]) for days in SPANS_DAYS],
    }


def _span(days: int, marks: Sequence[NightMark]) -> Mapping[str, object]:
    """Return the means over the last so many days, of those that were judged."""
    since = None if not marks else marks[-1].day - timedelta(days=days - 1)
    chosen = [mark for mark in marks if since is not None and mark.day >= since]

    def mean(values: Sequence[float]) -> float | None:
        return _number(sum(values) / len(values)) if values else None

    return {
        "days": days,
        "days_judged": len(chosen),
        "pinball_kw": mean([mark.pinball_kw for mark in chosen]),
        "floor_pinball_kw": mean([mark.floor_pinball_kw for mark in chosen]),
        "band_coverage": mean([mark.coverage for mark in chosen]),
    }


def _night(mark: NightMark, beside: Beside | None) -> Mapping[str, object]:
    frozen = None if beside is None or mark.quantity != "load" else beside.frozen
    stopped = None if frozen is None else frozen.loss_kw.get(mark.day)
    return {
        "day": mark.day.isoformat(),
        "quantity": mark.quantity,
        "model": mark.model_id,
        "pinball_kw": _number(mark.pinball_kw),
        "floor_pinball_kw": _number(mark.floor_pinball_kw),
        "frozen_pinball_kw": None if stopped is None else _number(stopped),
        "mae_kw": _number(mark.mae_kw),
        "floor_mae_kw": _number(mark.floor_mae_kw),
        "band_coverage": _number(mark.coverage),
    }


def _number(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None
