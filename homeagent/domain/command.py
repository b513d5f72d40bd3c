"""What a device is told, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from homeagent.domain.policy import BatteryPolicy

AgentMode: TypeAlias = Literal["observe", "advise", "control"]
Mode: TypeAlias = Literal["self_consumption", "charge", "hold", "discharge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowPolicy:
    """For an inverter, or the guard loop beside it, that can act on the measured net load."""

    policy: BatteryPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMode:
    """For an inverter that knows modes only; `power_kw` where the mode takes one."""

    mode: Mode
    power_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReserve:
    """For an inverter that only lets its reserve be set: it charges to it from the grid and discharges down to it."""

    reserve_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSwitch:
    """For a load that is on or off."""

    on: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTemperature:
    """For a thermostat."""

    target_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCharge:
    """For a car's charger: so much power on so many phases, or with `surplus` what the sun leaves over, if more.

    0 kW without `surplus` stops it; below 0 the car gives to the home.
    """

    power_kw: float
    phases: int = 1
    surplus: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggest:
    """For something that a person starts: when is best."""

    start: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SafeState:
    """For any device: what it does when nobody watches over it, as its configuration says."""


Instruction: TypeAlias = (
    FollowPolicy | SetMode | SetReserve | SetSwitch | SetTemperature | SetCharge | Suggest | SafeState
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An instruction with a lease: after `valid_until` the device goes back to its safe state."""

    device: str
    instruction: Instruction
    issued_at: datetime
    valid_until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """On its way: whether it has its effect is not known yet, and nobody waits for it."""

    command: Command


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """Sent, and its effect was seen. `proof` says what was measured, after how many attempts."""

    command: Command
    proof: str | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Not sent, on purpose: nothing would change, or the mode does not allow it."""

    command: Command
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A guard or the device refused it."""

    command: Command
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Sent, and no effect was seen, or the way to the device is broken."""

    command: Command
    reason: str


CommandResult: TypeAlias = Sent | Confirmed | Skipped | Rejected | Failed
