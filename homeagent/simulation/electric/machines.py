"""Washer, dryer and dishwasher: loaded by people, started by somebody, run to the end."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.simulation import appliances
from homeagent.simulation.electric.drawn_electric import ApplianceHabits
from homeagent.simulation.electric.truth import Run

MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)
PROGRAMMES = {"washer": appliances.washing, "dryer": appliances.drying, "dishwasher": appliances.dishes}
LATE_MIN = 20.0
"""So late, in the mean, somebody presses the button that was suggested."""


def programme_kw(name: str, rated_kw: float, rng: np.random.Generator) -> list[float]:
    """Return one run of a machine, as means of minutes."""
    course: list[float] = appliances.minute_means(0.0, PROGRAMMES[name](rng, rated_kw))[1].tolist()
    return course


def usual_profile_kw(name: str, rated_kw: float) -> FloatArray:
    """Return the machine's programme as a sheet has it: one run with a fixed seed, which no real run repeats."""
    return np.asarray(programme_kw(name, rated_kw, np.random.default_rng(0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    course_kw: list[float]
    loaded_at: datetime
    ready_by: datetime


class Machine:
    """One machine: empty, loaded or running."""

    def __init__(self, habits: ApplianceHabits, seed: int) -> None:
        self.habits = habits
        self.starts = 0
        self._seed = seed
        self._queue: deque[_Waiting] = deque()
        self._loaded: _Waiting | None = None
        self._at = -1
        self._started: datetime | None = None
        self._start_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._at >= 0

    @property
    def ready_to_run(self) -> bool:
        """Whether it is loaded and waits."""
        return self._loaded is not None and not self.running

    @property
    def ready_by(self) -> datetime | None:
        """When what is in it should be done."""
        return None if self._loaded is None else self._loaded.ready_by

    @property
    def idle(self) -> bool:
        """Whether nothing is in it: then a minute changes nothing."""
        return self._loaded is None and not self._queue

    def load(self, now: datetime, slack_min: float, number: int) -> None:
        """Put something in; a machine that is not empty keeps people waiting."""
        rng = np.random.default_rng([self._seed, 38, now.toordinal(), len(self.habits.name), number])
        course = programme_kw(self.habits.name, self.habits.rated_kw, rng)
        wanted = now + len(course) * MINUTE + timedelta(minutes=slack_min)
        wanted += (datetime.min.replace(tzinfo=wanted.tzinfo) - wanted) % QUARTER
        self._queue.append(_Waiting(course_kw=course, loaded_at=now, ready_by=wanted))

    def start(self) -> bool:
        """Start what is in it; return whether there was anything to start."""
        if not self.ready_to_run:
            return False
        self._at, self._start_at = 0, None
        self.starts += 1
        return True

    def suggest(self, start: datetime, rng: np.random.Generator) -> None:
        """Take a start that somebody was told: its timer keeps it, a person is late."""
        late = 0.0 if self.habits.timer else float(rng.exponential(LATE_MIN))
        self._start_at = start + timedelta(minutes=round(late))

    def step(self, now: datetime, *, somebody_up: bool, at_once: bool) -> tuple[float, Run | None]:
        """Let a minute pass; return what it drew [kW] and the run that ended with it."""
        if self._loaded is None:
            if not self._queue:
                return 0.0, None
            self._loaded = self._queue.popleft()
        loaded = self._loaded
        if not self.running and self._due(loaded, now, somebody_up=somebody_up, at_once=at_once):
            self.start()
        if not self.running:
            return 0.0, None
        if self._at == 0:
            self._started = now
        power_kw = loaded.course_kw[self._at]
        self._at += 1
        if self._at < len(loaded.course_kw):
            return power_kw, None
        run = Run(
            appliance=self.habits.name,
            loaded_at=loaded.loaded_at,
            started_at=self._started or now,
            done_at=now + MINUTE,
            ready_by=loaded.ready_by,
        )
        self._loaded, self._at, self._started = None, -1, None
        return power_kw, run

    def _due(self, loaded: _Waiting, now: datetime, *, somebody_up: bool, at_once: bool) -> bool:
        """Return whether people start it themselves: as told, at once, or when it would be late."""
        if at_once:
            return True
        if self._start_at is not None and now >= self._start_at and (self.habits.timer or somebody_up):
            return True
        latest = loaded.ready_by - len(loaded.course_kw) * MINUTE
        return now >= latest and (self.habits.timer or self.habits.switched or somebody_up)
