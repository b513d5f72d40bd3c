"""How the students did, day by day: kept in the store, so that a restart forgets nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, timedelta

from homeagent.domain.learning import NightMark
from homeagent.learning.pupil import Pupil
from homeagent.store import Store

SHOWN_DAYS = 28


def night_mark(pupil: Pupil, model_id: str, day: date) -> NightMark | None:
    """Return how a student did on the day that a night has just judged, None if nothing was measured on it."""
    skill = pupil.day
    if skill is None or not math.isfinite(skill.pinball_kw):
        return None
    return NightMark(
        day=day,
        quantity=pupil.quantity,
        model_id=model_id,
        pinball_kw=skill.pinball_kw,
        floor_pinball_kw=skill.floor_pinball_kw,
        mae_kw=skill.mae_kw,
        floor_mae_kw=skill.floor_mae_kw,
        coverage=skill.coverage,
    )


class SkillBook:
    """The marks of the last weeks."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._marks: list[NightMark] | None = None

    def add(self, marks: Iterable[NightMark]) -> None:
        """Keep new marks."""
        for mark in marks:
            self._store.write_night_mark(mark)
            self._marks = None

    def marks(self, today: date) -> list[NightMark]:
        """Return the marks of the last weeks, oldest first."""
        since = today - timedelta(days=SHOWN_DAYS)
        if self._marks is None:
            self._marks = self._store.night_marks_since(since)
        return [mark for mark in self._marks if mark.day >= since]
