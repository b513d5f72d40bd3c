"""When the agent thought, why, how hard, and what it was worth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Depth: TypeAlias = Literal["floor", "full"]
"""`floor` takes the recent days for a forecast, `full` asks the students. A look is no think: it evaluates neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkRecord:
    """One think: an instant at which a forecaster or planner was evaluated.

    `worth` is by how much the new plan is expected to be cheaper than going on with the one before [currency], None
    where there was none to go on with. `next_at` is when the agent meant to think again, if nothing happened before.
    """

    at: datetime
    wake: str
    depth: Depth
    cpu_seconds: float
    worth: float | None
    next_at: datetime
