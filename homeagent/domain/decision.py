"""One entry of the ledger: what was decided for a device, why, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from homeagent.domain.command import CommandResult, Instruction
from homeagent.domain.plan import Reason
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.tasks import Choice


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a device was to do from `at` on. `wake` says why the agent thought, None where an older plan still held."""

    at: datetime
    device: str
    soc_kwh: float
    policy: BatteryPolicy
    instruction: Instruction
    reason: Reason
    result: CommandResult
    plan_digest: str
    wake: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDecision:
    """What a device beside the battery was to do from `at` on, as `plan_digest` has it; `wake` as above."""

    at: datetime
    device: str
    instruction: Instruction
    choice: Choice
    result: CommandResult
    plan_digest: str
    wake: str | None
