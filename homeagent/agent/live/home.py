"""A home behind Home Assistant, as the agent sees it: readings and prices come out, commands go in."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from homeagent.agent.live.alarm import Alarm
from homeagent.agent.live.battery_group import BatteryGroup
from homeagent.agent.live.device_board import DeviceBoard
from homeagent.agent.live.driver import REST_S, Driver, Effects
from homeagent.agent.live.forecasts import LiveForecasts
from homeagent.agent.live.holding_back import HoldingBack
from homeagent.agent.live.notices import Notices
from homeagent.agent.live.observing import Claim, Observing
from homeagent.agent.live.prices import LivePrices
from homeagent.agent.live.surroundings import outdoor, presence
from homeagent.control.proof import Observed
from homeagent.domain.command import AgentMode, Command, CommandResult, Rejected, Skipped
from homeagent.domain.devices import DeviceKnown, DeviceState
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.ports import Clock
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.domain.wiring import DeviceSpec, Wiring
from homeagent.domain.wishes import Wish
from homeagent.hass.entities import Change, EntityState
from homeagent.hass.lateness import Lateness
from homeagent.hass.link import Link
from homeagent.hass.metering import MeterBoard
from homeagent.hass.steps import StepRunner

_LOGGER = logging.getLogger(__name__)

BATTERY = "battery"
READ_EVERY = timedelta(minutes=1)
ROUNDS_TO_READ = 4
"""So often the event loop goes round until what waits at the socket has been read and taken in."""
SHORTEST_UNSEEN_S = 5.0
"""So long the guard loop leaves the devices alone, whatever is measured."""


class LiveHome:
    """Implements `HomeLink`, `DeviceLink`, `PriceSource` and `ForecastSource` over the live link.

    `run` keeps it alive; `alarm` is rung when a round of the agent pays. In any mode but `control` it has no drivers:
    nothing can be commanded.
    """

    def __init__(
        self,
        wiring: Wiring,
        site: SiteSpec,
        mode: AgentMode,
        clock: Clock,
        known: Sequence[DeviceKnown] = (),
        wishes: Mapping[str, Wish] | None = None,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.alarm = Alarm(loop.time)
        self.wiring = wiring
        self._measuring = wiring.measuring()
        self._news = wiring.news()
        self.link = Link(
            wiring.home_assistant,
            wiring.entities(),
            on_change=self._on_change,
            on_status=self._on_status,
            calm=self._measuring,
            pause_s=self._pause_s,
        )
        self.board = MeterBoard(wiring.meters, clock.now, loop.time)
        self.devices = DeviceBoard(
            known, wiring.sensors, self.state, lambda: self.link.temperature_unit, site.timezone, wishes
        )
        self.prices = LivePrices(wiring.prices, site, clock)
        self.forecasts = LiveForecasts(wiring.forecasts, self.link, clock)
        self._clock = clock
        self._next_read = _next_minute(clock.now())
        self._readings: list[Reading] = []
        self._outcomes: list[CommandResult] = []
        self._restore: list[Command] = []
        self.came_up = False
        """Whether the link has come up since the agent last asked; the one who asks takes it back."""
        self.listeners: list[Callable[[Change], None]] = []
        """Who else is told of every change of an entity, at once."""
        self.on_act: Callable[[str], None] = lambda _act: None
        """Told what a person did to a device."""
        self._measured = asyncio.Event()
        self._lateness = Lateness()
        devices = wiring.devices if mode == "control" else ()
        self._notices = Notices(self.link, wiring.home_assistant.heartbeat if devices else None)
        effects = Effects(
            report=self._report,
            tell=self._notices.tell,
            untell=self._notices.untell,
            acted=self._acted,
            attend=self.link.listen,
            now=clock.now,
            zone=site.timezone,
        )
        runner = StepRunner(self.link)
        self._observing = Observing(self.board, devices, wiring.sensors, self.state, lambda: self.link.temperature_unit)
        self._observing.claims = self._claims
        self.drivers = {
            spec.name: Driver(spec, site.battery if spec.part is None else spec.part.spec, runner, self, effects)
            for spec in devices
        }
        parts = {name: driver for name, driver in self.drivers.items() if driver.spec.part is not None}
        self._group = BatteryGroup(parts, self._observing.whole_battery, clock.now) if parts else None
        self._fuse = HoldingBack(site.grid, wiring.phases, self._observing.drawn_kw)

    async def run(self) -> None:
        """Keep the link and the guard loops alive, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.link.run(), name="link")
            tasks.create_task(self.forecasts.run(), name="forecasts")
            tasks.create_task(self._guard(), name="guard loop")

    async def _guard(self) -> None:
        """Have every driver look when something was measured, at most every few seconds; now and then in any case."""
        now = asyncio.get_running_loop().time
        while self.drivers:
            looked_s = now()
            self._share(looked_s)
            for driver in self.drivers.values():
                driver.guard(linked=self.link.status.up)
            self._measured.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(d.due_in_s(self._clock.now()) for d in self.drivers.values())):
                    await self._measured.wait()
            left_s = looked_s + SHORTEST_UNSEEN_S - now()
            if left_s > 0:
                await asyncio.sleep(left_s)

    def _share(self, now_s: float) -> None:
        """Keep the home below its fuse, and have several batteries share what the whole is to do."""
        if not self.link.status.up:
            return
        self._fuse.look(now_s, self.board.present_kw("grid_kw"), self.state, self.drivers)
        result = None if self._group is None else self._group.guard()
        if result is not None:
            self._report(result)

    def _claims(self) -> list[Claim]:
        """Return the chargers that follow the surplus, in the order of the configuration."""
        follow = [(name, driver.follows_kw) for name, driver in self.drivers.items()]
        return [Claim(name=name, told_kw=kw) for name, kw in follow if kw is not None]

    async def hear(self) -> None:
        """Take in what the meters have told meanwhile."""
        self.link.listen()
        for _ in range(ROUNDS_TO_READ):
            await asyncio.sleep(0)

    def _pause_s(self) -> float:
        """Return how long the meters need not be heard: who else listens to every change wants them at once."""
        if self.listeners:
            return 0.0
        return min((driver.pause_s for driver in self.drivers.values()), default=REST_S)

    def readings(self) -> Sequence[Reading]:
        """Return what was measured since the last call: means of minutes, and first values after a connect."""
        now = self._clock.now()
        new, self._readings = self._readings, []
        if now >= self._next_read or self._next_read - now > 2 * READ_EVERY:  # the clock was set back
            self._next_read = _next_minute(now)
            new += self.board.take()
            new += self.forecasts.readings()
            if self.link.status.up:
                new += presence(self.wiring, self.state, now, READ_EVERY)
                new += outdoor(self.wiring, self.state, self.link.temperature_unit, now, READ_EVERY)
        return new

    def device_states(self) -> Sequence[DeviceState]:
        """Return how each device stands. A set-point that the edge has moved is left out: it is nobody's hand."""
        states = self.devices.look(self._clock.now(), linked=self.link.status.up)
        moved = {name for name, driver in self.drivers.items() if driver.set_otherwise}
        return [replace(state, target_c=None) if state.name in moved else state for state in states]

    async def published(self) -> PublishedPrices | None:
        """Return what has been published since the last call."""
        return self.prices.published()

    def issued(self) -> Sequence[IssuedForecast]:
        """Return what others have forecast since the last call."""
        return self.forecasts.issued()

    async def send(self, command: Command) -> CommandResult:
        """Hand a command to its device's driver."""
        driver = self.drivers.get(command.device)
        group = self._group if command.device == BATTERY else None
        if group is not None and self.link.status.up:
            return group.obey(command)
        if driver is None and group is None:
            return Rejected(command=command, reason="the configuration does not say how it is told")
        if driver is None or not self.link.status.up:
            return Skipped(command=command, reason="no link to Home Assistant")
        return driver.obey(command)

    def outcomes(self) -> Sequence[CommandResult]:
        """Return what became of commands since the last call."""
        known, self._outcomes = self._outcomes, []
        return known

    def look(self) -> None:
        """Do what is due: end leases, touch the heartbeat, deliver what could not be told before."""
        now = self._clock.now()
        for driver in self.drivers.values():
            driver.look(now)
        if self.link.status.up:
            self._notices.deliver()
            self._notices.beat(now)
            if self.prices.due():
                self._notices.run(self._fetch_prices(), "prices")

    def restore(self, commands: Sequence[Command]) -> None:
        """Take up commands of the run before, once the home has been seen."""
        known = {*self.drivers, *([] if self._group is None else [BATTERY])}
        self._restore = [command for command in commands if command.device in known]

    def owe_safe_state(self, device: str) -> None:
        """Bring what a run before has left to its safe state; several batteries each."""
        names = self._group.names if self._group is not None and device == BATTERY else (device,)
        for name in names:
            if name in self.drivers:
                self.drivers[name].owe_safe_state()

    async def release(self) -> None:
        """Bring every device that the agent holds to its safe state."""
        await asyncio.gather(*(driver.release() for driver in self.drivers.values()))

    def resume(self, device: str) -> bool | None:
        """Stop yielding to a person; return whether there was anything to stop, None for an unknown device."""
        driver = self.drivers.get(device)
        if driver is None:
            return None
        return driver.resume()

    def observed(self, device: DeviceSpec) -> Observed:
        """Return what is measured of a device now."""
        return self._observing.of(device)

    def state(self, entity: str) -> EntityState | None:
        """Return an entity as Home Assistant shows it."""
        return self.link.states.get(entity)

    @property
    def user_id(self) -> str | None:
        """The user whose token the agent uses."""
        return self.link.user_id

    def problems(self) -> list[str]:
        """Return each degraded step by name."""
        status = self.link.status
        found = [] if status.up else [f"no link to Home Assistant: {status.problem}"]
        if status.up:
            found += self.board.problems()
            found += self.devices.problems()
            found += self._fuse.problems()
        found += self.prices.problems()
        found += self.forecasts.problems() if status.up else []
        return found + [f"{name} is {d.standing}: {d.why}" for name, d in self.drivers.items() if d.why is not None]

    def _on_change(self, change: Change) -> None:
        self.board.see(change.entity_id, change.after, self._ago_s(change))
        if change.entity_id in self._measuring:
            self._measured.set()
        if change.entity_id in self._news and not change.first:
            self.alarm.ring("a device changed", "person")
        if self.prices.see(change.entity_id, change.after):
            self.alarm.ring("prices came")
        self.forecasts.see(change.entity_id, change.after)
        for driver in self.drivers.values():
            if change.entity_id in driver.entities:
                driver.saw(change)
        for listener in self.listeners:
            listener(change)

    def _ago_s(self, change: Change) -> float:
        """Return how long ago a change happened; what a fresh subscription tells holds from now on."""
        if change.first or change.after is None:
            return 0.0
        return self._lateness.of(change.after.updated_at.timestamp(), asyncio.get_running_loop().time())

    def _on_status(self, up: bool) -> None:  # noqa: FBT001 - what the link has to say
        if up:
            self.came_up = True
            self._notices.forgotten()
            self._readings += self.board.snapshot()
            for command in self._restore:
                if self._group is not None and command.device == BATTERY:
                    self._group.obey(command)
                else:
                    self.drivers[command.device].restore(command)
            self._restore = []
        else:
            self.board.lost()
            self.forecasts.lost()
        self.alarm.ring("the link came up" if up else "the link went down")

    def _report(self, result: CommandResult) -> None:
        if self._group is not None and result.command.device in self._group.names:
            whole = self._group.heard(result)
            if whole is None:
                return
            result = whole
        self._outcomes.append(result)
        self.alarm.ring("a device answered")

    def _acted(self, act: str) -> None:
        self.on_act(act)

    async def _fetch_prices(self) -> None:
        if await self.prices.fetch(self.link.command):
            self.alarm.ring("prices came")


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0, microsecond=0) + READ_EVERY
