"""What a device is told, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from homeagent.domain.policy import BatteryPolicy

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


Instruction: TypeAlias = FollowPolicy | SetMode | SetReserve


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """An instruction with a lease: after `valid_until` the device goes back to its safe state."""

    device: str
    instruction: Instruction
    issued_at: datetime
    valid_until: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """Sent, and its effect was seen."""

    command: Command


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


CommandResult: TypeAlias = Confirmed | Skipped | Rejected | Failed
