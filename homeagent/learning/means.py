"""How much learning the machine can bear now: a training waits while the machine is strained or short of memory."""

from __future__ import annotations

from dataclasses import dataclass

from homeagent.domain.effort import Effort
from homeagent.domain.learning import Budget

TRAINING_MB = 400.0
"""A training takes some 300 MB, measured; with less than this the system would have to make room."""
SPARE_MB = 700.0
"""With less than this the next smaller students are trained."""
SMALLER: dict[Budget, Budget] = {"large": "normal", "normal": "small", "small": "small"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a training may take. `wait` is why there should be none now, None where it may begin."""

    wait: str | None
    budget: Budget
    teacher: bool


def means_for(effort: Effort, available_mb: float | None, budget: Budget, *, overdue: bool) -> Means:
    """Return what a training may take; one that is overdue begins all the same: a small one is better than none."""
    wait = None
    if effort.level != "full":
        wait = f"the machine is {effort.reason}"
    elif available_mb is not None and available_mb < TRAINING_MB:
        wait = f"little memory is left ({available_mb:.0f} MB)"
    if wait is not None:
        return Means(wait=None if overdue else wait, budget=SMALLER[budget], teacher=False)
    spare = available_mb is None or available_mb >= SPARE_MB
    return Means(wait=None, budget=budget if spare else SMALLER[budget], teacher=True)
