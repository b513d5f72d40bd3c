"""What a home does without the agent: the set-points of its thermostats, and everything else at once or by a timer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from homeagent.domain.command import Instruction, SafeState

ProgrammeName = Literal["constant", "night"]
NIGHT_FROM_MIN, NIGHT_UNTIL_MIN = 22 * 60, 6 * 60
SETBACK_K = 3.0
"""By how much a usual programmable thermostat lets the rooms go at night: 21 to 18 degC."""
POOL_FROM_MIN = 9 * 60


@dataclass(frozen=True, slots=True)
class Programme:
    """The same set-point all the time, or a setback at night.

    The rest is the same in both: the car charges when it comes home, the tank goes by its thermostat, machines start
    when they are loaded, the pool's pump by its timer, and the battery keeps to self-consumption.
    """

    name: ProgrammeName

    def rooms_c(self, set_c: float, clock_min: float, *, cooling: bool) -> float:
        """Return what the rooms' thermostat is set to."""
        if self.name == "constant" or NIGHT_UNTIL_MIN <= clock_min < NIGHT_FROM_MIN:
            return set_c
        return set_c + (SETBACK_K if cooling else -SETBACK_K)

    def pool_on(self, clock_min: float, hours_per_day: float) -> bool:
        """Return whether the pool's pump runs."""
        return POOL_FROM_MIN <= clock_min < POOL_FROM_MIN + 60 * hours_per_day


class Leases:
    """What the agent has told each device, until the lease ends: then the device goes by its own programme."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Instruction, datetime]] = {}

    def take(self, device: str, instruction: Instruction, valid_until: datetime) -> None:
        """Hold an instruction; a safe state ends what holds."""
        if isinstance(instruction, SafeState):
            self._told.pop(device, None)
        else:
            self._told[device] = (instruction, valid_until)

    def drop(self, device: str) -> None:
        """Forget what a device was told: a person has set it by hand."""
        self._told.pop(device, None)

    def at(self, device: str, now: datetime) -> Instruction | None:
        """Return what holds now."""
        told = self._told.get(device)
        if told is None:
            return None
        if told[1] <= now:
            del self._told[device]
            return None
        return told[0]
