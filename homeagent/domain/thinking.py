"""When the agent thought, why, how hard, and what it was worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

Depth: TypeAlias = Literal["floor", "full"]
"""`floor` takes the recent days for a forecast and, where it may, the present plan's worth of stored energy for what is
far; `full` asks the students, and plans the whole day. A look is no think: it evaluates neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkRecord:
    """One think: an instant at which a forecaster or planner was evaluated.

    `worth` is by how much the new plan is expected to be cheaper than going on with the one before for as long as that
    may be [currency], None where there was none to go on with. `next_at` is when the agent meant to think again, if
    nothing happened before.
    """

    at: datetime
    wake: str
    depth: Depth
    cpu_seconds: float
    worth: float | None
    next_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """Why the agent thinks now. `of_age` says that nothing happened: the plan before had merely grown old."""

    reason: str
    of_age: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GovernorRules:
    """When to think: at fixed times, or with `every` None as soon as it is expected to pay.

    A think pays from `pays_from` of what one filling of the battery can be worth, so the same number fits any home and
    currency. No plan is older than `longest`.
    """

    every: timedelta | None = None
    pays_from: float = 0.0002
    longest: timedelta = timedelta(hours=6)


ADAPTIVE = GovernorRules()
