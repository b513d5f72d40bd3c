"""A simulated home, learned from its simulated past, driven by the same agent, tick and store as a real one."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeagent.agent.agent import Agent, Setup
from homeagent.agent.view import View
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.ledger import SavingsEntry
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store
from homeagent.web.server import Page

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
"""A Monday's midnight in Berlin, in spring: sun and dear evenings on the same days."""
LIVED_BEFORE_THE_PAGE = timedelta(days=7)
SHORTEST_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a headless demo came to."""

    entries: list[SavingsEntry]
    currency: str


class Demo:
    """A simulated home with its agent."""

    def __init__(
        self,
        seed: int,
        store: Store,
        inverter: InverterCapability | None = None,
        *,
        start: datetime = START,
        minimum_hold: timedelta = timedelta(0),
        learning: LearningRules | None = None,
    ) -> None:
        self.clock = VirtualClock(start)
        self.home = SimulatedHome(seed, start, inverter=inverter)
        setup = Setup(
            site=self.home.site,
            capability=inverter or InverterCapability(),
            mode="control",
            observation_step=METER_STEP,
            minimum_hold=minimum_hold,
            learning=learning,
        )
        self.agent = Agent(setup, self.home, self.home, store, self.clock)

    async def step(self) -> None:
        """Let the agent do one round, then one meter step of time pass."""
        await self.agent.tick()
        self.home.advance()
        self.clock.advance_to(self.home.now)

    async def live(self, days: float, progress: Callable[[int, int], None]) -> None:
        """Live for so many days, as fast as it goes."""
        count = round(timedelta(days=days) / METER_STEP)
        for done in range(count):
            await self.step()
            if done % 96 == 0:
                progress(done, count)
        progress(count, count)


@contextmanager
def made_up_home(seed: int) -> Iterator[Demo]:
    """Give a demo with a store of its own, which is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="homeagent-demo-") as folder,
        Store.open(Path(folder) / "homeagent.db", lasting=False) as store,
    ):
        yield Demo(seed, store, learning=LearningRules(patient=True))


def run_through(seed: int, days: int, progress: Callable[[int, int], None]) -> Result:
    """Run the demo to its end and return each day's savings."""

    async def run(demo: Demo) -> Result:
        await demo.live(days, progress)
        await demo.agent.finish()
        entries = [] if demo.agent.day_book is None else demo.agent.day_book.entries
        return Result(entries=entries, currency=demo.home.site.currency)

    with made_up_home(seed) as demo:
        return asyncio.run(run(demo))


def serve(seed: int, speed: float, port: int, echo: Callable[[str], None]) -> None:
    """Run the demo at `speed` simulated seconds per second with its page, until Ctrl-C.

    Raises:
        PermanentError: the port is taken.
    """

    async def run(demo: Demo) -> None:
        await demo.live(LIVED_BEFORE_THE_PAGE / timedelta(days=1), lambda _done, _total: None)
        async with Page(View(demo.agent, notice="a simulated home, at a chosen speed"), "127.0.0.1", port) as page:
            echo(f"homeagent is on {page.url} (Ctrl-C ends it)")
            pause_s = METER_STEP.total_seconds() / speed
            steps = 1 if pause_s >= SHORTEST_PAUSE_S else round(SHORTEST_PAUSE_S / pause_s)
            while True:
                for _ in range(steps):
                    await demo.step()
                await asyncio.sleep(pause_s * steps)

    with made_up_home(seed) as demo, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run(demo))
