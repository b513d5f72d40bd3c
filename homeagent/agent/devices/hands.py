"""Sees that a person has set a device by hand: then it is theirs for a while."""

from __future__ import annotations

from datetime import timedelta

from homeagent.domain.command import Instruction, SetTemperature
from homeagent.domain.devices import DeviceState

LEFT_FOR = timedelta(hours=4)
"""So long a device is left to who set it, where the configuration says nothing of it."""
AS_TOLD_K = 0.6
"""Thermostats round to half degrees, or to whole ones in Fahrenheit."""


class Hands:
    """Compares what thermostats show with what they were told last. A thermostat that has yet to answer is no hand."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def told(self, device: str, instruction: Instruction) -> None:
        """Note what a device was told."""
        if isinstance(instruction, SetTemperature):
            self._told[device] = instruction.target_c
        else:
            self._told.pop(device, None)

    def forget(self, device: str) -> None:
        """Expect nothing of a device: nobody tells it anything now."""
        self._told.pop(device, None)

    def at_work(self, before: DeviceState | None, state: DeviceState) -> bool:
        """Return whether a set-point that was as told has been moved since by somebody else."""
        told_c = self._told.get(state.name)
        if told_c is None or before is None or before.target_c is None or state.target_c is None:
            return False
        was_as_told = abs(before.target_c - told_c) <= AS_TOLD_K
        return was_as_told and abs(state.target_c - told_c) > AS_TOLD_K
