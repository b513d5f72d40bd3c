"""The running agent: starts inside-out, stops outside-in, and leaves every device in its safe state."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from homeagent.agent.agent import Agent
from homeagent.agent.forecast_report import TIMEZONE
from homeagent.agent.given import Setup
from homeagent.agent.host_state import HostWatch
from homeagent.agent.live.backfill import Backfill
from homeagent.agent.live.ending import ended_by_signals
from homeagent.agent.live.home import LiveHome
from homeagent.agent.live.live_view import LiveView
from homeagent.domain.command import AgentMode
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.effort import HostRules
from homeagent.domain.expectations import Absence
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.domain.thinking import GovernorRules
from homeagent.domain.wiring import Wiring
from homeagent.domain.wishes import Wish
from homeagent.footprint.task_meter import TaskMeter
from homeagent.forecasting.public_holidays import Years, take_over
from homeagent.learning.child import end_trainings
from homeagent.store import Store
from homeagent.web.server import Page

_LOGGER = logging.getLogger(__name__)

OBSERVED = timedelta(minutes=5)
SOC_STALE_AFTER = timedelta(minutes=10)
FIRST_ROUND_S = 5.0
SURELY_OVER_S = 0.002
"""So that a timer that is a little early does not wake before the minute is over."""
RELEASE_S = 3.0
"""So long the safe states may take at the end; a clean stop ends within five seconds."""
SEEN_BEFORE = "home_assistant_seen"
DAY = timedelta(days=1)
FORECASTS_BACK = timedelta(days=7)
"""A forecast that stood still for longer is news when it comes again."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """All that a run needs of a configuration, in the domain's types: what reads and checks files stays out of it."""

    site: SiteSpec
    inverter: InverterCapability
    mode: AgentMode
    wiring: Wiring
    thinking_step: timedelta | None
    governor: GovernorRules
    host: HostRules | None
    minimum_hold: timedelta
    learning: LearningRules | None
    absences: tuple[Absence, ...]
    store: Path
    port: int
    holidays: Years
    known: tuple[DeviceKnown, ...] = ()
    wishes: Mapping[str, Wish] = field(default_factory=dict)


async def run(config: RunConfig, echo: Callable[[str], None]) -> None:
    """Run until SIGTERM or Ctrl-C.

    Raises:
        StoreError, PermanentError: the store or the port cannot be had.
    """
    take_over(config.holidays)
    stop = asyncio.Event()
    ended_by_signals(stop)
    with Store.open(config.store) as store:
        await _Run(config, store).until(stop, echo)


async def lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Do `work`, and begin again with growing pauses if it fails: one fault must not end the watch over a home."""
    pause_s = 1.0
    while True:
        try:
            return await work()
        except Exception:
            _LOGGER.exception("a part of the agent failed; it begins again in %.0f s", pause_s)
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 60.0)


async def _ended(*tasks: asyncio.Task[None]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


class _Run:
    """Everything of one run, put together."""

    def __init__(self, config: RunConfig, store: Store) -> None:
        clock = SystemClock()
        store.write_fact(TIMEZONE, config.site.timezone.key)
        self.home = LiveHome(config.wiring, config.site, config.mode, clock, config.known, config.wishes)
        setup = Setup(
            site=config.site,
            capability=config.inverter,
            mode=config.mode,
            observation_step=OBSERVED,
            plan_step=config.thinking_step,
            governor=config.governor,
            minimum_hold=config.minimum_hold,
            timetables=config.wiring.timetables,
            soc_stale_after=SOC_STALE_AFTER,
            learning=config.learning,
            absences=config.absences,
            devices=config.known,
            wishes=config.wishes,
            replayable=True,
        )
        self.agent = Agent(setup, self.home, self.home, store, clock, self.home, HostWatch(config.host))
        self.agent.resume()
        self.home.restore(self.agent.commands_in_force)
        self.home.forecasts.restore(store.issued_forecasts_since(clock.now() - FORECASTS_BACK))
        for device in store.devices_left(clock.now()):
            self.home.owe_safe_state(device)
        for device, count in store.commands_since(clock.now() - DAY).items():
            if device in self.home.drivers:
                self.home.drivers[device].budget.spend(clock.now(), count)
        self.home.on_act = self._acted
        self.backfill = Backfill(self.home.link, config.wiring.meters, store, clock.now(), self._remember)
        self._port = config.port
        self._yielded: set[str] = set()

    async def until(self, stop: asyncio.Event, echo: Callable[[str], None]) -> None:
        """Run until `stop` is set; then no new round begins, the devices are made safe, and the link ends last."""
        view = LiveView(self.agent, self.home, self.backfill, self._resume, self._acted)
        async with Page(view, "127.0.0.1", self._port) as page:
            asyncio.get_running_loop().set_task_factory(TaskMeter(self.agent.cpu))
            link = asyncio.create_task(lasting(self.home.run), name="link")
            rounds = asyncio.create_task(lasting(self._rounds), name="rounds")
            history = asyncio.create_task(self.agent.cpu.following("link", lasting(self.backfill.run)), name="history")
            try:
                echo(f"homeagent is on {page.url} in mode {self.agent.setup.mode} (Ctrl-C ends it)")
                await stop.wait()
                echo("stopping")
            finally:
                await _ended(rounds, history)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RELEASE_S):
                        await self.home.release()
                await _ended(link)
                end_trainings()
                await self.agent.finish()

    async def _rounds(self) -> None:
        clock_s = asyncio.get_running_loop().time
        await self.home.alarm.sleep(clock_s() + FIRST_ROUND_S)
        while True:
            if self.home.came_up:
                self.home.came_up = False
                self.agent.reconsider()
            await self.home.hear()
            await self.agent.tick()
            self.home.look()
            now = datetime.now(UTC)
            self._note_overrides(now)
            await self.home.alarm.sleep(clock_s() + 60 - now.second - now.microsecond / 1e6 + SURELY_OVER_S)

    def _note_overrides(self, now: datetime) -> None:
        """Count each device that has been left to a person since the last round."""
        yielded = {name for name, driver in self.home.drivers.items() if driver.standing == "yielded"}
        for name in sorted(yielded - self._yielded):
            self.agent.satisfaction.overridden(name, now)
            self.agent.people.by_hand(name, self.home.drivers[name].until, now)
        self._yielded = yielded

    def _remember(self, readings: Sequence[Reading], *, milestone: bool) -> None:
        self.agent.remember(readings, think=milestone)
        if milestone:
            self.home.alarm.ring("history came")

    def _acted(self, act: str) -> None:
        """Think at once about what a person did."""
        self.agent.ask(act)
        self.home.alarm.ring("a person acted", "person")

    def _resume(self, device: str) -> bool | None:
        resumed = self.home.resume(device)
        if resumed:
            self.agent.reconsider()
            self._acted(f"a person resumed {device}")
        return resumed
