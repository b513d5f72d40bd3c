"""The bench of a supervised test: writes to one device, measures it, and notices when the test must end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeagent.agent.live.home import LiveHome
from homeagent.control.actuator_report import grid_proves
from homeagent.control.actuator_trial import Sample
from homeagent.control.authorship import Act, author_of
from homeagent.control.wording import worded
from homeagent.domain.actuator import STOPPED, Progress
from homeagent.domain.command import Instruction
from homeagent.domain.errors import HomeAgentError
from homeagent.domain.site import SiteSpec
from homeagent.domain.wiring import DeviceSpec, Value
from homeagent.hass import units
from homeagent.hass.entities import Change, EntityState
from homeagent.hass.errors import StepRefusedError
from homeagent.hass.steps import StepRunner, shows

BLIND_S = 15.0
"""So long readings may be missing during a test."""
TOLD_EVERY_S = 1.0
SLACK_S = 2.0


class EndedError(Exception):
    """The test must end now: somebody stops it, somebody else acts, or a limit is reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long a test may take [s]: in all, kept for the way back, for the first answer, for a look before.

    `steady_s` is how long an effect must stay before the next thing is told.
    """

    total_s: float = 120.0
    back_s: float = 15.0
    first_s: float = 80.0
    rest_s: float = 5.0
    steady_s: float = 4.0
    sample_s: float = 0.25


class Bench:
    """One device on the bench. `saw` must hear of every change of its entities."""

    def __init__(
        self,
        home: LiveHome,
        device: DeviceSpec,
        site: SiteSpec,
        pace: Pace,
        on_progress: Callable[[Progress], None],
        stop: asyncio.Event,
    ) -> None:
        self.home, self.device, self.site, self.pace = home, device, site, pace
        self.runner = StepRunner(home.link)
        self.noticed: dict[str, None] = {}
        """Who else acted, in words; in order."""
        self.intruders: set[str] = set()
        """The entities that somebody else set during the test; they are left to them."""
        self._on_progress, self._stop = on_progress, stop
        self._intruded = asyncio.Event()
        self._grid_proves = grid_proves(home.wiring.meters)
        self._clock_s = asyncio.get_running_loop().time
        self._began_s = self._clock_s()
        self._told_at_s = self._seen_at_s = self._began_s
        self._contexts: set[str] = set()
        self._asked: dict[str, Value] = {}
        self._writing = False
        self._settled_at_s: float | None = None

    @property
    def seconds(self) -> float:
        """How long the test has taken so far."""
        return self._clock_s() - self._began_s

    def start(self) -> None:
        """Count the test's time from here."""
        self._began_s = self._seen_at_s = self._clock_s()

    def sample(self, since_s: float = 0.0) -> Sample:
        """Return what is measured now; `since_s` is the second of the test that it counts from."""
        observed = self.home.observed(self.device)
        grid_kw = self.home.board.present_kw("grid_kw") if self._grid_proves else None
        if grid_kw is not None and observed.battery_kw is not None:  # as measured: a wrong sign must not be cut at zero
            observed = replace(observed, net_kw=grid_kw + observed.battery_kw)
        proof = self.home.state(self.device.proof.entity or "")
        return Sample(seconds=self.seconds - since_s, observed=observed, grid_kw=grid_kw, drawn_kw=_drawn_kw(proof))

    async def watch(
        self, told: str, since_s: float, limit_s: float, enough: Callable[[tuple[Sample, ...]], bool]
    ) -> tuple[Sample, ...]:
        """Measure until it is `enough`, or second `limit_s` of the test has come.

        Raises:
            EndedError: the test must end.
        """
        samples = [self.sample(since_s)]
        while not enough(tuple(samples)) and self.seconds < limit_s:
            await asyncio.sleep(self.pace.sample_s)
            self._go_on()
            samples.append(self.sample(since_s))
            self._check(samples[-1])
            self._progress(told, samples[-1])
        return tuple(samples)

    async def write(self, told: str, instruction: Instruction, lease: timedelta, limit_s: float) -> None:
        """Tell the device, whatever its entities show, before second `limit_s` of the test.

        Raises:
            EndedError: the test must end.
            TransientError: as `StepRunner.run`.
        """
        self._progress(told, self.sample(), now=True)
        left_s = max(limit_s - self.seconds, 1.0)
        await self._unless_ended(self.write_through(instruction, lease, left_s), left_s + SLACK_S)

    async def write_through(self, instruction: Instruction, lease: timedelta, patience_s: float) -> None:
        """Tell the device, and do not end before; raises as `StepRunner.run`."""
        local = datetime.now(self.site.timezone)
        net_kw, spec = self.sample().observed.net_kw, self.device
        verb, variables = worded(instruction, lease, self.site.battery, spec, net_kw=net_kw, local=local)
        if verb not in spec.verbs:
            raise StepRefusedError(f"the configuration has no steps for {verb}")
        if net_kw is None and spec.tells_the_grid(verb):
            raise StepRefusedError("the home's net load is not known, and it is told a power at the grid")
        self._writing = True
        self._asked.clear()
        try:
            await self.runner.run(
                spec.verbs[verb],
                variables,
                patience_s=min(spec.answer.total_seconds(), patience_s),
                skip_shown=False,
                log=self,
            )
        finally:
            self._writing, self._settled_at_s = False, self.seconds

    def echoed(self) -> bool | None:
        """Return whether the entities show what they were given, None where none was given anything."""
        states = self.home.link.states
        return all(shows(states.get(entity), value) for entity, value in self._asked.items()) if self._asked else None

    def asked(self, entity: str, value: Value) -> None:
        """Note what an entity is given."""
        self._asked[entity] = value

    def called(self, context: str) -> None:
        """Note a call that was made."""
        self._contexts.add(context)

    def saw(self, change: Change) -> None:
        """Notice what somebody else does to the device."""
        before, after = change.before, change.after
        if change.entity_id not in self.device.entities() or after is None or not after.present or change.first:
            return
        if before is not None and not after.differs(before):
            return
        asked, settled = self._asked.get(change.entity_id), self._settled_at_s
        answered = settled is not None and self.seconds >= settled + self.device.answer.total_seconds()
        act = Act(
            user_id=after.context.user_id,
            parent_id=after.context.parent_id,
            ours=after.context.id in self._contexts,
            as_told=None if asked is None else shows(after, asked),
            settling=self._writing or not answered,
        )
        author, own = author_of(act, self.home.user_id), self.home.user_id
        if author == "person" and after.context.user_id in {None, own}:
            self.noticed[f"{change.entity_id} changed to {after.shown} by itself during the test"] = None
        elif author in {"person", "automation"}:
            who = "a person" if author == "person" else "another automation"
            self.noticed[f"{who} set {change.entity_id} to {after.shown} during the test"] = None
            self.intruders.add(change.entity_id)
            self._intruded.set()

    async def _unless_ended(self, work: Coroutine[None, None, None], within_s: float) -> None:
        """Do something that is given up as soon as the test must end, or after `within_s`."""
        doing = asyncio.create_task(work)
        ends = [asyncio.create_task(self._stop.wait()), asyncio.create_task(self._intruded.wait())]
        try:
            await asyncio.wait([doing, *ends], timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (doing, *ends):
                task.cancel()
            await asyncio.wait([doing, *ends])
        self._go_on()
        if doing.cancelled():
            raise StepRefusedError(f"writing all of its steps took longer than {within_s:.0f} s")
        await doing

    def _go_on(self) -> None:
        """Raise if the test must end."""
        if self._stop.is_set():
            raise EndedError(STOPPED)
        if self._intruded.is_set():
            raise EndedError(list(self.noticed)[-1])

    def _check(self, sample: Sample) -> None:
        """See that the test may go on.

        Raises:
            EndedError: it may not.
        """
        observed, spec, grid = sample.observed, self.site.battery, self.site.grid
        if self.device.kind != "battery":
            return
        if observed.battery_kw is not None and observed.soc_kwh is not None:
            self._seen_at_s = self._clock_s()
        elif self._clock_s() - self._seen_at_s > BLIND_S:
            raise EndedError("; ".join(self.home.problems()) or "readings are missing")
        if observed.soc_kwh is not None and not spec.min_soc_kwh < observed.soc_kwh < spec.capacity_kwh:
            raise EndedError(f"the battery is at {observed.soc_kwh / spec.capacity_kwh:.0%}, where its limits are")
        if sample.grid_kw is not None and not -grid.max_export_kw <= sample.grid_kw <= grid.max_import_kw:
            raise EndedError(f"the grid is at {sample.grid_kw:+.1f} kW, beyond its limit")

    def _progress(self, told: str, sample: Sample, *, now: bool = False) -> None:
        """Say how far it is, about once a second."""
        if not now and self._clock_s() - self._told_at_s < TOLD_EVERY_S:
            return
        self._told_at_s = self._clock_s()
        kw = sample.observed.battery_kw if self.device.kind == "battery" else sample.drawn_kw
        self._on_progress(
            Progress(
                device=self.device.name,
                told=told,
                seconds=self.seconds,
                limit_seconds=self.pace.total_s,
                measured_kw=kw,
            )
        )


def _drawn_kw(state: EntityState | None) -> float | None:
    """Return the power that an entity shows, None where it shows none."""
    value = None if state is None or not state.present else units.number(state.state)
    if state is None or value is None:
        return None
    with contextlib.suppress(HomeAgentError):
        return units.power_kw(value, state.attributes.get("unit_of_measurement"))
    return None
