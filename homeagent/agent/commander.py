"""What the devices are told: checked, written down before they hear of it, and held against what became of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.control.guard import LastSent, check, same
from homeagent.control.timetable import instruction_at
from homeagent.domain.command import (
    AgentMode,
    Command,
    CommandResult,
    Confirmed,
    Failed,
    Instruction,
    Rejected,
    SafeState,
    Sent,
    Skipped,
)
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.ports import HomeLink
from homeagent.domain.site import BatterySpec, SiteState
from homeagent.domain.wiring import Timetable
from homeagent.store import Store

_LOGGER = logging.getLogger(__name__)

BATTERY = "battery"
SAFE_FOR = timedelta(hours=1)
"""The lease of what is not planned in slots: a safe state, a timetable's entry."""
HOURS_AGAIN = timedelta(minutes=15)

Follows = Callable[[BatteryPolicy | None], None]
"""Is told what the battery follows, so that it can be held against what it does; None: nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Within which commands are given."""

    mode: AgentMode
    battery: BatterySpec
    capability: InverterCapability
    minimum_hold: timedelta
    timezone: ZoneInfo
    devices: Mapping[str, DeviceKnown] = field(default_factory=dict)


class Commander:
    """Sends what changes something, and remembers what holds."""

    def __init__(self, limits: Limits, link: HomeLink, store: Store, follows: Follows) -> None:
        self._limits = limits
        self._link = link
        self._store = store
        self._follows = follows
        self._last_sent: dict[str, LastSent] = {}
        self._kept_at: dict[str, tuple[Instruction, datetime]] = {}

    @property
    def in_force(self) -> list[Command]:
        """What the devices were last told, as far as it was not refused."""
        return [last.command for last in self._last_sent.values()]

    def take_up(self, commands: Iterable[Command]) -> None:
        """Go on from what the run before has told the devices."""
        for command in commands:
            self._last_sent[command.device] = LastSent(command=command, changed_at=command.issued_at)

    def reconsider(self) -> None:
        """Try again at once what a device with fixed hours refused."""
        self._kept_at.clear()

    def outcomes(self, now: datetime) -> list[CommandResult]:
        """Return what became of commands that were on their way, once."""
        results = list(self._link.outcomes())
        for result in results:
            self._store.write_outcome(result, now)
            command = result.command
            last = self._last_sent.get(command.device)
            if isinstance(result, Failed | Skipped) and last is not None and last.command is command:
                del self._last_sent[command.device]
                self._follows(None)
        return results

    def commands(self, instruction: Instruction, before: Instruction | None) -> bool:
        """Return whether it is worth saying: where nothing is commanded, only what was not said before."""
        return self._limits.mode == "control" or instruction != before

    def holds(self, device: str, instruction: Instruction, now: datetime, until: datetime) -> bool:
        """Return whether a device was told this already, and need not be told again yet, to hold until then."""
        last = self._last_sent.get(device)
        if last is None or not same(instruction, last.command.instruction, self._limits.battery):
            return False
        return last.command.valid_until - now > (until - now) / 3

    async def send(self, command: Command, state: SiteState) -> CommandResult:
        """Send a command if it may be and changes something; it is on disk before the device hears of it."""
        last, limits = self._last_sent.get(command.device), self._limits
        known = limits.devices.get(command.device)
        refused = check(
            command,
            state,
            limits.battery,
            limits.mode,
            last,
            limits.minimum_hold if known is None else timedelta(0),  # each device has its own steadiness
            limits.capability,
            known,
        )
        if refused is not None:
            return refused
        self._store.write_command(command)
        result = await self._link.send(command)
        if isinstance(result, Confirmed | Sent):
            renewed = last is not None and same(command.instruction, last.command.instruction, limits.battery)
            changed_at = last.changed_at if last is not None and renewed else state.at
            self._last_sent[command.device] = LastSent(command=command, changed_at=changed_at)
        else:
            self._last_sent.pop(command.device, None)
        if not isinstance(result, Sent):
            self._store.write_outcome(result, state.at)
        if isinstance(result, Failed | Rejected):
            _LOGGER.warning("%s: %s", command.device, result)
        return result

    async def make_safe(self, now: datetime) -> None:
        """Bring the battery to its safe state, once: without a state of charge nobody can steer it."""
        last = self._last_sent.get(BATTERY)
        if last is None or isinstance(last.command.instruction, SafeState):
            return
        self._follows(None)
        await self._send_for_now(BATTERY, SafeState(), now, "the state of charge is not known")

    async def keep_hours(self, now: datetime, timetable: Timetable) -> None:
        """Tell a device with fixed hours what the hour asks, when that changes or its lease is due."""
        instruction = instruction_at(timetable, now, self._limits.timezone)
        last = self._last_sent.get(timetable.device)
        if (
            last is not None
            and last.command.instruction == instruction
            and last.command.valid_until - now > SAFE_FOR / 3
        ):
            return
        retry = self._kept_at.get(timetable.device)
        if last is None and retry is not None and retry[0] == instruction and now - retry[1] < HOURS_AGAIN:
            return
        self._kept_at[timetable.device] = (instruction, now)
        local = now.astimezone(self._limits.timezone)
        await self._send_for_now(timetable.device, instruction, now, f"its timetable at {local:%H:%M}")

    async def _send_for_now(self, device: str, instruction: Instruction, now: datetime, reason: str) -> None:
        command = Command(
            device=device, instruction=instruction, issued_at=now, valid_until=now + SAFE_FOR, reason=reason
        )
        await self.send(command, SiteState(at=now, soc_kwh=None))
