"""Several batteries that are planned as one: what the whole is told is shared among them, look by look.

Each has a driver of its own, with its own proof, budget and person to yield to. One that is left to somebody, or gave
no proof, does what it does; the others share what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from homeagent.agent.live.driver import Driver
from homeagent.control.following import mode_now
from homeagent.control.guard import same
from homeagent.control.proof import Observed
from homeagent.devices.batteries import aggregate, share
from homeagent.domain.command import (
    Command,
    CommandResult,
    Confirmed,
    Failed,
    FollowPolicy,
    Instruction,
    SafeState,
    Sent,
    SetMode,
    Skipped,
)
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.wiring import BatteryPart

AMONG_H = 0.25
"""Power is shared so that the batteries would be level after so long."""
LEAST_KW = 0.05
LEFT_ALONE = {"yielded", "contested", "degraded"}
ABLE = InverterCapability()


class BatteryGroup:
    """Implements what the agent tells `battery` by what each of several is told."""

    def __init__(
        self, drivers: Mapping[str, Driver], whole: Callable[[], Observed], now: Callable[[], datetime]
    ) -> None:
        self._drivers = dict(drivers)
        self.names = tuple(drivers)
        self._whole, self._now = whole, now
        self._command: Command | None = None
        self._told: dict[str, Command] = {}
        self._proved: set[str] = set()

    def obey(self, command: Command) -> CommandResult:
        """Begin to carry out a command of the whole."""
        if not self._free():
            return Skipped(command=command, reason="each of the batteries is left alone: " + self._why())
        self._command, self._proved = command, set()
        self._told = {}
        return self._tell() or Sent(command=command)

    def guard(self) -> CommandResult | None:
        """Share anew what the whole is to do now; return the outcome if it cannot be done any more."""
        if self._command is not None and self._command.valid_until <= self._now():
            self._command = None  # the drivers' own leases end with it
        return None if self._command is None else self._tell()

    def heard(self, result: CommandResult) -> CommandResult | None:
        """Return what the outcome of a part means for the whole, None if that is not known yet or was said."""
        part, command = result.command.device, self._command
        if command is None or self._told.get(part) is not result.command:
            return None
        if isinstance(result, Confirmed):
            news = part not in self._proved
            self._proved.add(part)
            done = news and self._proved >= {*self._free()}
            return (
                Confirmed(command=command, proof=f"each of {len(self._proved)} batteries was proved") if done else None
            )
        if isinstance(result, Failed | Skipped) and not self._free():
            self._command = None
            return replace(result, command=command)
        return None

    def _free(self) -> dict[str, Driver]:
        return {name: one for name, one in self._drivers.items() if one.standing not in LEFT_ALONE}

    def _why(self) -> str:
        return "; ".join(f"{name}: {one.why}" for name, one in self._drivers.items())

    def _tell(self) -> CommandResult | None:
        command, free = self._command, self._free()
        if command is None or not free:
            return None
        shared = self._shared(command.instruction, free)
        if shared is None:
            self._command = None
            return Failed(command=command, reason="the state of charge or the net load is not known")
        for name, instruction in shared.items():
            before, spec = self._told.get(name), _part(free[name]).spec
            if before is None or not same(instruction, before.instruction, spec):
                self._told[name] = replace(command, device=name, instruction=instruction)
                free[name].obey(self._told[name])
        return None

    def _shared(self, instruction: Instruction, free: Mapping[str, Driver]) -> dict[str, Instruction] | None:
        """Return what each is told; powers are shared by what room each has left, all else is said to each."""
        whole, parts = self._whole(), {name: _part(driver) for name, driver in free.items()}
        specs = [part.spec for part in parts.values()]
        mode = instruction
        if isinstance(instruction, FollowPolicy):
            if whole.soc_kwh is None or whole.net_kw is None:
                return None
            every = aggregate([_part(driver).spec for driver in self._drivers.values()])
            mode = mode_now(
                instruction.policy, every, whole.soc_kwh, whole.net_kw, ABLE, apart_kw=whole.apart_kw or 0.0
            )
        if not isinstance(mode, SetMode) or mode.mode in {"self_consumption", "hold"}:
            return dict.fromkeys(parts, SafeState() if isinstance(mode, SafeState) else mode)
        stored = [driver.observed().soc_kwh for driver in free.values()]
        known = [kwh for kwh in stored if kwh is not None]
        if len(known) < len(stored):
            return None
        rated_kw = sum(one.max_charge_kw if mode.mode == "charge" else one.max_discharge_kw for one in specs)
        asked_kw = rated_kw if mode.power_kw is None else mode.power_kw
        powers = share(specs, known, asked_kw if mode.mode == "charge" else -asked_kw, AMONG_H)
        return {name: _mode(kw) for name, kw in zip(parts, powers, strict=True)}


def _mode(kw: float) -> SetMode:
    if abs(kw) < LEAST_KW:
        return SetMode(mode="hold")
    return SetMode(mode="charge" if kw > 0 else "discharge", power_kw=round(abs(kw), 3))


def _part(driver: Driver) -> BatteryPart:
    part = driver.spec.part
    if part is None:
        raise TypeError(f"{driver.spec.name} is not one of several batteries")
    return part
