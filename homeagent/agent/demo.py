"""A simulated home, learned from its simulated past, driven by the same agent, tick and store as a real one."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from homeagent.agent.agent import Agent
from homeagent.agent.frozen import Frozen
from homeagent.agent.given import Setup
from homeagent.agent.view import View
from homeagent.domain.grid import slot_start
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules, NightMark
from homeagent.domain.ledger import SavingsEntry
from homeagent.footprint.cpu_meter import SIMULATION
from homeagent.learning.child import end_trainings
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.planted_faults import FaultKind, planted
from homeagent.simulation.simulated_home import METER_STEP, PAST, SimulatedHome, simulated_site
from homeagent.store import Store
from homeagent.web.server import Page

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
"""A Monday's midnight in Berlin, in spring: sun and dear evenings on the same days."""
LEARNED_FROM = timedelta(days=120)
"""So much of the simulated past is there when it begins."""
LIVED_IN_HASTE = timedelta(days=17)
"""So long is lived as fast as it goes, before the page's speed: the change of habits and what it teaches are in it."""
BREAKS_AFTER = timedelta(days=11)
"""Then a fault begins, if one is wanted: it is found before the haste ends."""
STEPS_IN_HASTE = 12
SHORTEST_PAUSE_S = 0.05
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a headless demo came to."""

    entries: list[SavingsEntry]
    currency: str
    marks: list[NightMark]
    frozen: Frozen | None
    changed_on: date | None


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
        habits_change: int | None = None,
        past: timedelta = PAST,
        fault: FaultKind | None = None,
    ) -> None:
        self.clock = VirtualClock(start)
        self.changed_on = None if habits_change is None else _first_day(start) + timedelta(days=habits_change - 1)
        planned = None if fault is None else planted(fault, seed, start + BREAKS_AFTER)
        self.home = SimulatedHome(
            seed, start, inverter=inverter, past=past, other_habits_from=self.changed_on, happening=planned
        )
        self.frozen: Frozen | None = None
        self._day = _first_day(start)
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
        with self.agent.cpu.part(SIMULATION):
            self._hold_against_frozen()
            self.home.advance()
        self.clock.advance_to(self.home.now)

    def _hold_against_frozen(self) -> None:
        """Keep the students as they stood when habits changed, and judge them on each day that has passed."""
        today = self.clock.now().astimezone(self.home.site.timezone).date()
        if today == self._day or self.agent.learner is None:
            return
        yesterday, self._day = self._day, today
        if self.changed_on is None or today < self.changed_on:
            return
        if self.frozen is None:
            student = self.agent.learner.students().get("load")
            self.frozen = None if student is None else Frozen(student, slot_start(self.clock.now(), HOUR))
        elif yesterday >= self.changed_on:
            end = slot_start(self.clock.now(), HOUR)
            course = self.agent.learner.course(end, self.frozen.span(end))
            self.frozen.judge(yesterday, course, self.agent.learner.ahead)

    async def learned(self) -> None:
        """Stand still until the simulated past is learned."""
        await self.agent.tick()
        learner = self.agent.learner
        while learner is not None and learner.teaching:  # noqa: ASYNC110 - the result is taken in by a round
            await asyncio.sleep(SHORTEST_PAUSE_S)

    async def live(self, days: float, progress: Callable[[int, int], None]) -> None:
        """Live for so many days, as fast as it goes."""
        count = round(timedelta(days=days) / METER_STEP)
        for done in range(count):
            await self.step()
            if done % 96 == 0:
                progress(done, count)
        progress(count, count)


def _first_day(start: datetime) -> date:
    return start.astimezone(simulated_site().timezone).date()


@contextmanager
def made_up_home(
    seed: int, learning: LearningRules, habits_change: int | None = None, fault: FaultKind | None = None
) -> Iterator[Demo]:
    """Give a demo with a store of its own, which is gone afterwards."""
    with (
        tempfile.TemporaryDirectory(prefix="homeagent-demo-") as folder,
        Store.open(Path(folder) / "homeagent.db", lasting=False) as store,
    ):
        models = Path(folder) / "models"
        yield Demo(
            seed,
            store,
            learning=replace(learning, models=models),
            habits_change=habits_change,
            past=LEARNED_FROM,
            fault=fault,
        )


def run_through(seed: int, days: int, progress: Callable[[int, int], None], habits_change: int | None = None) -> Result:
    """Run the demo to its end and return each day's savings and marks; habits change on that day of it, or never."""

    async def run(demo: Demo) -> Result:
        await demo.live(days, progress)
        await demo.agent.finish()
        entries = [] if demo.agent.day_book is None else demo.agent.day_book.entries
        today = demo.clock.now().astimezone(demo.home.site.timezone).date()
        marks = demo.agent.skill_book.marks(today)
        return Result(
            entries=entries,
            currency=demo.home.site.currency,
            marks=marks,
            frozen=demo.frozen,
            changed_on=demo.changed_on,
        )

    with made_up_home(seed, LearningRules(patient=True), habits_change) as demo:
        return asyncio.run(run(demo))


def serve(
    seed: int,
    speed: float,
    port: int,
    habits_change: int | None,
    fault: FaultKind | None,
    echo: Callable[[str], None],
) -> None:
    """Run the demo with its page until Ctrl-C: learn, live some weeks in haste, go on at `speed` seconds per second.

    Raises:
        PermanentError: the port is taken.
    """

    async def run(demo: Demo) -> None:
        view = View(demo.agent, notice="a simulated home, at a chosen speed", beside=demo)
        async with Page(view, "127.0.0.1", port) as page:
            echo(f"homeagent is on {page.url} (Ctrl-C ends it)")
            await demo.learned()
            haste_ends = demo.clock.now() + LIVED_IN_HASTE
            pause_s = METER_STEP.total_seconds() / speed
            steps = 1 if pause_s >= SHORTEST_PAUSE_S else round(SHORTEST_PAUSE_S / pause_s)
            while True:
                haste = demo.clock.now() < haste_ends
                for _ in range(STEPS_IN_HASTE if haste else steps):
                    await demo.step()
                await asyncio.sleep(0 if haste else pause_s * steps)

    learning = LearningRules(wait=timedelta(0))
    with made_up_home(seed, learning, habits_change, fault) as demo, contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(run(demo))
        finally:
            end_trainings()
