"""The agent's own parts against the lab: a live home with its drivers, told what to do by a script."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from real_ha.agent_config import config_yaml
from real_ha.lab import Lab

from homeagent.agent.live.home import LiveHome
from homeagent.agent.live.run import SystemClock
from homeagent.config import Config, load_config
from homeagent.domain.command import Command, CommandResult, Instruction, SetMode
from homeagent.domain.readings import Reading

MOMENT_S = 0.05


def configured(lab: Lab, folder: Path, **changes: str) -> Config:
    """Return a configuration for the lab."""
    path = folder / "config.yaml"
    path.write_text(config_yaml(lab, **changes))
    return load_config(path)


async def until(true: Callable[[], object], within_s: float) -> float:
    """Wait until something is true, and return how long it took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_s, "it did not come true in time"
        await asyncio.sleep(MOMENT_S)
    return time.monotonic() - began


def resident_mb(pid: int) -> float:
    """Return how much memory a process has at the moment."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2


@dataclass
class Rig:
    """A live home under test, and everything it has said."""

    home: LiveHome
    readings: list[Reading] = field(default_factory=list)
    outcomes: list[CommandResult] = field(default_factory=list)

    async def look(self) -> None:
        """Collect what there is, as the agent's rounds do."""
        while True:
            self.readings += self.home.readings()
            self.outcomes += self.home.outcomes()
            self.home.look()
            await asyncio.sleep(MOMENT_S)

    async def tell(self, device: str, instruction: Instruction, lease: timedelta = timedelta(hours=1)) -> CommandResult:
        """Hand over a command, and return the first answer."""
        now = SystemClock().now()
        command = Command(
            device=device, instruction=instruction, issued_at=now, valid_until=now + lease, reason="the script says so"
        )
        return await self.home.send(command)

    async def outcome(self, device: str, instruction: Instruction, within_s: float) -> CommandResult:
        """Hand over a command, and return what became of it."""
        sent = await self.tell(device, instruction)

        def found() -> CommandResult | None:
            return next((result for result in self.outcomes if result.command is sent.command), None)

        await until(found, within_s)
        result = found()
        assert result is not None
        return result

    def standing(self, device: str) -> str:
        """Return how a device stands."""
        return self.home.drivers[device].standing

    @staticmethod
    def lease_end() -> datetime:
        """Return an instant at which every lease has run out."""
        return SystemClock().now() + timedelta(days=1)

    def writes_left(self) -> int:
        """Return how often the battery may still be written to."""
        return self.home.drivers["battery"].budget.left(SystemClock().now())

    async def charge(self, kw: float, within_s: float) -> CommandResult:
        """Charge the battery, and return what became of it."""
        return await self.outcome("battery", SetMode(mode="charge", power_kw=kw), within_s)


async def ended(task: asyncio.Task[None]) -> None:
    """End a task, and wait until it has tidied up."""
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@asynccontextmanager
async def rig(config: Config, *, calm: bool = True) -> AsyncIterator[Rig]:
    """Run a live home until the end of the block; one that is not `calm` hears its meters at once."""
    assert config.wiring is not None
    home = LiveHome(config.wiring, config.site, config.mode, SystemClock(), config.known)
    if not calm:
        home.listeners.append(lambda _change: None)
    rig = Rig(home)
    tasks = [asyncio.create_task(home.run()), asyncio.create_task(rig.look())]
    try:
        await until(lambda: home.link.status.up, 30)
        yield rig
    finally:
        for task in tasks:
            await ended(task)
