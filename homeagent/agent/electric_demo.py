"""An all-electric simulated home with its agent: every device planned and told, on a page or run through."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.view import View
from homeagent.domain.inverter import InverterCapability
from homeagent.footprint.cpu_meter import SIMULATION
from homeagent.simulation.all_electric import METER_STEP, AllElectricHome
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.electric.truth import HomeTruth
from homeagent.store import Store
from homeagent.web.server import Page

Season = Literal["heating", "cooling"]

STARTS = {
    "heating": datetime(2025, 1, 19, 23, tzinfo=UTC),
    "cooling": datetime(2025, 7, 6, 22, tzinfo=UTC),
}
"""A Monday's midnight in Berlin."""
PAST = timedelta(days=42)
"""So long the home has lived by a night schedule: the agent learns house, habits and machines from it."""
LIVED_IN_HASTE = timedelta(days=2)
STEPS_IN_HASTE = 6
SHORTEST_PAUSE_S = 0.05


class ElectricDemo:
    """An all-electric home, its clock and its agent."""

    def __init__(self, seed: int, season: Season, store: Store, past: timedelta = PAST) -> None:
        start = STARTS[season]
        self.clock = VirtualClock(start)
        self.home = AllElectricHome(seed, start, season=season, past=past)
        setup = Setup(
            site=self.home.site,
            capability=InverterCapability(),
            mode="control",
            observation_step=METER_STEP,
            devices=self.home.devices,
            wishes=self.home.wishes,
            watchful=False,
        )
        self.agent = Agent(setup, self.home, self.home, store, self.clock, forecasts=self.home)

    async def step(self) -> None:
        """Let the agent do one round, then one meter step of time pass."""
        await self.agent.tick()
        with self.agent.cpu.part(SIMULATION):
            self.home.advance()
        self.clock.advance_to(self.home.now)

    async def live(self, days: float, progress: Callable[[int, int], None]) -> None:
        """Live for so many days, as fast as it goes."""
        count = round(timedelta(days=days) / METER_STEP)
        for done in range(count):
            await self.step()
            if done % 48 == 0:
                progress(done, count)
        progress(count, count)


@contextmanager
def electric_home(seed: int, season: Season, past: timedelta = PAST) -> Iterator[ElectricDemo]:
    """Give a demo with a store of its own, which is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="homeagent-demo-") as folder,
        Store.open(Path(folder) / "homeagent.db", lasting=False) as store,
    ):
        yield ElectricDemo(seed, season, store, past)


def run_electric(seed: int, season: Season, days: int, progress: Callable[[int, int], None]) -> HomeTruth:
    """Run the demo to its end; return what really happened in the simulated home."""
    with electric_home(seed, season) as demo:
        asyncio.run(demo.live(days, progress))
        return demo.home.truth()


def serve_electric(seed: int, season: Season, speed: float, port: int, echo: Callable[[str], None]) -> None:
    """Run the demo with its page until Ctrl-C: two days in haste, then at `speed` seconds per second.

    Raises:
        PermanentError: the port is taken.
    """

    async def run(demo: ElectricDemo) -> None:
        view = View(demo.agent, notice="a simulated all-electric home, at a chosen speed")
        async with Page(view, "127.0.0.1", port) as page:
            echo(f"homeagent is on {page.url} (Ctrl-C ends it)")
            haste_ends = demo.clock.now() + LIVED_IN_HASTE
            pause_s = METER_STEP.total_seconds() / speed
            steps = 1 if pause_s >= SHORTEST_PAUSE_S else round(SHORTEST_PAUSE_S / pause_s)
            while True:
                haste = demo.clock.now() < haste_ends
                for _ in range(STEPS_IN_HASTE if haste else steps):
                    await demo.step()
                await asyncio.sleep(0 if haste else pause_s * steps)

    with electric_home(seed, season) as demo, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(demo))
