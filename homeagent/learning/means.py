"""How much learning the machine can bear now: a training waits while it is hot, short of memory, busy or unplugged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from homeagent.domain.learning import Budget
from homeagent.domain.machine import MachineState

TRAINING_MB = 400.0
"""A training takes some 300 MB, measured; with less than this the system would have to make room."""
SPARE_MB = 700.0
"""With less than this the next smaller students are trained."""
HOT_C = 75.0
"""A Raspberry Pi slows down from 80 degC on."""
BUSY = 2.0
LONGEST_WAIT = timedelta(days=3)
SMALLER: dict[Budget, Budget] = {"large": "normal", "normal": "small", "small": "small"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a training may take. `wait` is why there should be none now, None where it may begin."""

    wait: str | None
    budget: Budget
    teacher: bool


def strain(machine: MachineState) -> str | None:
    """Return what the machine suffers from, None where it has time and room."""
    if machine.on_battery:
        return "the machine runs on its battery"
    if machine.throttled:
        return "the machine is throttled"
    if machine.hottest_c is not None and machine.hottest_c >= HOT_C:
        return f"the machine is hot ({machine.hottest_c:.0f} degC)"
    if machine.available_mb is not None and machine.available_mb < TRAINING_MB:
        return f"little memory is left ({machine.available_mb:.0f} MB)"
    if machine.load is not None and machine.load >= BUSY:
        return f"the machine is busy (load {machine.load:.1f} a core)"
    return None


def means_for(machine: MachineState, budget: Budget, waited: timedelta) -> Means:
    """Return what a training may take that has waited so long: after three days a small one is better than none."""
    suffers = strain(machine)
    if suffers is None:
        spare = machine.available_mb is None or machine.available_mb >= SPARE_MB
        return Means(wait=None, budget=budget if spare else SMALLER[budget], teacher=True)
    wait = suffers if waited < LONGEST_WAIT else None
    return Means(wait=wait, budget=SMALLER[budget], teacher=False)
