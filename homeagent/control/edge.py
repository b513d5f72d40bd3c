"""What a device is told at this moment: its command, made concrete by what is measured, within its guards. Pure.

The plan speaks once a slot; here its intention is held against the present every few seconds.
"""

from __future__ import annotations

import math
from datetime import timedelta

from homeagent.control.proof import Observed
from homeagent.control.surplus import Followed, follow, power_for
from homeagent.control.warmth import guarded_c, must_be_on, relay_on, resting_c
from homeagent.domain.command import Instruction, SetCharge, SetMode, SetSwitch, SetTemperature
from homeagent.domain.devices import ApplianceSpec, CarSpec, HeatSpec, TankSpec
from homeagent.domain.wiring import DeviceSpec

HELD_BACK_KW = 0.0


class Edge:
    """One device beside the battery. `most_kw` is what the fuse leaves to it at the moment."""

    def __init__(self, spec: DeviceSpec) -> None:
        self.spec = spec
        self.most_kw = math.inf
        self._followed = Followed()
        self._on: bool | None = None
        self._changed_s = -math.inf

    def concrete(self, instruction: Instruction, observed: Observed, now_s: float) -> Instruction | None:
        """Return what is told now, None where it cannot be said for want of a measurement."""
        known = self.spec.known
        if isinstance(instruction, SetCharge) and isinstance(known, CarSpec):
            return self._charge(instruction, known, observed, now_s)
        if isinstance(instruction, SetTemperature) and isinstance(known, HeatSpec | TankSpec):
            return self._warm(instruction, known, observed, now_s)
        if isinstance(instruction, SetSwitch):
            return self._switch(instruction, observed)
        if isinstance(instruction, SetMode) and instruction.mode == "charge":
            return self._forced(instruction)
        return instruction

    def _charge(self, asked: SetCharge, car: CarSpec, observed: Observed, now_s: float) -> Instruction | None:
        if not asked.surplus:
            told = power_for(asked, car, self.most_kw)
            self._followed = Followed(told=told)  # from here it may go on to follow
            return told
        if observed.left_kw is None:
            return None
        if self._followed.told is None and (observed.power_kw or 0.0) >= car.min_charge_kw:
            self._followed = Followed(told=SetCharge(power_kw=observed.power_kw or 0.0, phases=asked.phases))
        self._followed = follow(asked, car, observed.left_kw, self._followed, now_s, self.most_kw)
        return self._followed.told

    def _warm(
        self, asked: SetTemperature, known: HeatSpec | TankSpec, observed: Observed, now_s: float
    ) -> Instruction | None:
        held = self.most_kw <= HELD_BACK_KW
        target_c = guarded_c(known, resting_c(known) if held else asked.target_c)
        if "temperature" in self.spec.verbs:
            return SetTemperature(target_c=target_c)
        if observed.room_c is None:
            return None
        was_on = bool(observed.running) if self._on is None else self._on
        on = relay_on(known, target_c, observed.room_c, on=was_on)
        on = self._rested(known, on=on, was_on=was_on, now_s=now_s) if not held else on
        must = must_be_on(known, observed.room_c)
        on = on if must is None else must
        if on != self._on:
            self._on, self._changed_s = on, now_s
        return SetSwitch(on=on)

    def _rested(self, known: HeatSpec | TankSpec, *, on: bool, was_on: bool, now_s: float) -> bool:
        """Return whether it is on, once it has been as it is for its shortest time."""
        least = known.steadiness.min_on if was_on else known.steadiness.min_off
        return was_on if timedelta(seconds=min(now_s - self._changed_s, 1e9)) < least else on

    def _forced(self, asked: SetMode) -> Instruction:
        """Return what the fuse leaves of a battery's charging from the grid."""
        asked_kw = math.inf if asked.power_kw is None else asked.power_kw
        if asked_kw <= self.most_kw:
            return asked
        if self.most_kw > HELD_BACK_KW and self.spec.capability.sets_power:
            return SetMode(mode="charge", power_kw=self.most_kw)
        return SetMode(mode="hold" if self.spec.capability.holds else "self_consumption")

    def _switch(self, asked: SetSwitch, observed: Observed) -> Instruction:
        if self.most_kw > HELD_BACK_KW or not asked.on:
            return asked
        if isinstance(self.spec.known, ApplianceSpec) and observed.running:
            return asked  # a programme that has begun is not interrupted
        return SetSwitch(on=False)
