"""The course of a supervised test: one leg after the other, and the way back whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from homeagent.agent.live.actuator_bench import Bench, EndedError
from homeagent.agent.live.put_back import Before
from homeagent.control.actuator_plan import Leg, lease_of, left_out, legs_of, unfit, unknown
from homeagent.control.actuator_report import Course, concluded, outcome
from homeagent.control.actuator_trial import Sample, Trial, level_kw
from homeagent.control.actuator_verdict import answer_s, arrived, fell_back_s, follows
from homeagent.domain.actuator import ActuatorReport, Tried
from homeagent.domain.command import Command, CommandResult, Confirmed, Failed, SafeState, SetMode, Skipped
from homeagent.domain.errors import PermanentError, TransientError

READ_S = 15.0
"""So long first readings are waited for."""
LEAVE_S = 45.0
"""So long the way back may take."""
MARGIN = 1.5
"""A leg is given so many times what the slowest answer so far took."""
SLACK_S = 5.0
BEFORE_S = 25.0
"""So long a battery that something had told otherwise may take to cover the home again."""
QUICK_S = 8.0
"""A device that answers sooner is told a second power too."""
MINUTE_S = 60.0
RETRY_S = 1.0
ATTEMPTS = 3

BACK = Leg(verb="self_consumption", told=SetMode(mode="self_consumption"))

_T = TypeVar("_T")


class NotTestedError(PermanentError):
    """A test should not begin as things stand."""


class Journal(Protocol):
    """Who keeps what a device is told."""

    def told(self, command: Command) -> None:
        """Keep a command before it is written."""

    def became(self, result: CommandResult) -> None:
        """Keep what became of it."""


class SupervisedTest:
    """One test of one device on a bench."""

    def __init__(self, bench: Bench, rated_kw: float, journal: Journal) -> None:
        self._bench, self._device, self._battery = bench, bench.device, bench.site.battery
        self._rated_kw, self._journal = rated_kw, journal
        self._trials: list[Trial] = []
        self._left: list[Tried] = []
        self._rest_kw = 0.0
        self._recent: tuple[Sample, ...] = ()
        self._longest_s: float | None = None
        """The slowest answer so far, None while there was none."""

    async def run(self, warnings: Sequence[str] = ()) -> ActuatorReport:
        """Test, leave the device as it was found whatever happens, and return what came of it.

        Raises:
            NotTestedError: it should not begin as things stand.
        """
        bench, ended = self._bench, None
        not_restored: tuple[str, ...] = ()
        bench.home.listeners.append(bench.saw)
        bench.home.link.listen()
        try:
            await self._begin()
            at, before = datetime.now(UTC), Before.of(self._device, bench.home.link.states)
            try:
                await self._legs()
            except EndedError as error:
                ended = str(error)
            finally:
                not_restored = await _uncancelled(self._leave(before))
        finally:
            bench.home.listeners.remove(bench.saw)
        course = Course(
            at=at,
            seconds=bench.seconds,
            trials=tuple(self._trials),
            left=tuple(self._left),
            warnings=(*warnings, *bench.noticed),
            not_restored=not_restored,
            ended=ended,
        )
        return concluded(self._device, course, self._battery, bench.home.wiring.meters)

    async def _begin(self) -> None:
        """Wait for readings, look for a while, and refuse if it should not begin."""
        bench = self._bench
        try:
            await bench.watch("waiting for readings", 0.0, READ_S, lambda s: self._unknown(s[-1]) is None)
            bench.start()
            samples = await bench.watch("nothing yet", 0.0, bench.pace.rest_s, lambda _samples: False)
        except EndedError as error:
            raise NotTestedError(f"{self._device.name} is not tested: {error}") from error
        observed = samples[-1].observed
        why = self._unknown(samples[-1]) or unfit(self._device, observed, self._battery)
        if why is not None:
            raise NotTestedError("; ".join([f"{self._device.name} is not tested: {why}", *bench.home.problems()]))
        self._recent, self._rest_kw = samples, level_kw(samples) or 0.0

    def _unknown(self, sample: Sample) -> str | None:
        return unknown(self._device, sample.observed)

    async def _legs(self) -> None:
        """Tell the device one thing after the other, as long as the time lasts."""
        bench = self._bench
        if self._device.kind == "battery" and not follows(self._recent, self._battery):
            kw = self._rest_kw
            bench.noticed[f"when the test began the battery did not cover the home: it was at {kw:+.2f} kW"] = None
            await self._try(BACK)
            self._rest_kw = level_kw(self._recent) or 0.0
        observed = bench.sample().observed
        legs, left = legs_of(self._device, observed, self._battery, bench.site.grid, self._rated_kw)
        self._left += left
        for leg in legs:
            await self._try_in_time(leg)
        if self._device.kind == "battery":
            await self._try(BACK, last=True)
        if (lease := self._lease_leg(legs)) is not None:
            await self._try_in_time(lease)

    async def _try_in_time(self, leg: Leg) -> None:
        """Try a leg, or say why there is no time for it."""
        why = self._no_time(leg)
        if why is None:
            await self._try(leg)
        elif not leg.extra:
            self._left.append(left_out(leg, why))

    def _no_time(self, leg: Leg) -> str | None:
        """Return why there is no time for a leg, None if there is."""
        if self._longest_s is None:
            tried = any(trial.leg.asked_kw or trial.leg.verb != BACK.verb for trial in self._trials)
            if not tried or leg.extra:
                return None
            return "what was told before had no effect"
        if leg.extra and self._longest_s > QUICK_S:
            return "the device is too slow for it"
        need_s = MARGIN * self._longest_s + self._bench.pace.steady_s + (leg.lease_seconds or 0.0)
        if self._bench.seconds + need_s > self._legs_end_s:
            return f"the device answered after {self._longest_s:.0f} s, so there was no time for it"
        return None

    @property
    def _legs_end_s(self) -> float:
        return self._bench.pace.total_s - self._bench.pace.back_s

    async def _try(self, leg: Leg, *, last: bool = False) -> None:
        """Tell the device one thing, and measure what it does."""
        bench, battery = self._bench, self._battery
        began_s, limit_s = bench.seconds, self._limit_s(leg, last=last)
        lease_s = leg.lease_seconds or bench.pace.total_s - began_s + bench.pace.back_s
        command = self._command(leg, lease_s)
        refused: str | None = None
        try:
            await bench.write(leg.words(), leg.told, timedelta(seconds=lease_s), limit_s)
        except TransientError as error:
            refused = str(error)
        slowest_s = MARGIN * (self._longest_s or 0.0)
        trial = Trial(
            leg=leg,
            before=self._recent,
            after=(bench.sample(began_s),),
            wrote_s=bench.seconds - began_s,
            rest_kw=self._rest_kw,
            refused=refused,
            patience_s=max(self._device.proof.within.total_seconds(), slowest_s),
            least_s=slowest_s if leg.extra else 0.0,
            steady_s=bench.pace.steady_s,
        )

        def enough(samples: tuple[Sample, ...]) -> bool:
            so_far = replace(trial, after=samples)
            return arrived(so_far, battery) if leg.lease_seconds is None else fell_back_s(so_far, battery) is not None

        if refused is None:
            trial = replace(trial, after=await bench.watch(leg.words(), began_s, limit_s, enough))
        self._note(replace(trial, echoed=bench.echoed()), command)

    def _limit_s(self, leg: Leg, *, last: bool) -> float:
        """Return the second of the test until which a leg is waited for."""
        pace, known_s = self._bench.pace, self._longest_s
        first_s = min(pace.first_s, BEFORE_S) if leg == BACK and not self._trials else pace.first_s
        wait_s = first_s if known_s is None else MARGIN * known_s + SLACK_S + pace.steady_s
        end_s = pace.total_s if last else self._legs_end_s
        return min(self._bench.seconds + wait_s + (leg.lease_seconds or 0.0), end_s)

    def _note(self, trial: Trial, command: Command) -> None:
        """Keep what was measured."""
        self._trials.append(trial)
        self._recent = trial.after
        answered_s = None if trial.leg.lease_seconds is not None else answer_s(trial, self._battery)
        if answered_s is not None:
            self._longest_s = max(answered_s, self._longest_s or 0.0)
        became = outcome(trial, self._battery)
        proved = became.verdict == "works"
        self._journal.became(
            Confirmed(command=command, proof=became.seen) if proved else Failed(command=command, reason=became.seen)
        )
        if became.verdict == "too much":
            raise EndedError(f"told to {became.told}, it did much more")

    def _command(self, leg: Leg, lease_s: float) -> Command:
        now = datetime.now(UTC)
        command = Command(
            device=self._device.name,
            instruction=leg.told,
            issued_at=now,
            valid_until=now + timedelta(seconds=lease_s),
            reason=f"a supervised test: {leg.words()}",
        )
        self._journal.told(command)
        return command

    def _lease_leg(self, legs: Sequence[Leg]) -> Leg | None:
        """Return charging with the shortest lease that the device has, None where it has none."""
        charging = next((leg for leg in legs if leg.verb == "charge"), None)
        shortest_s = lease_of(self._device)
        if charging is None or shortest_s is None:
            return None
        return Leg(verb=charging.verb, told=charging.told, asked_kw=charging.asked_kw, lease_seconds=shortest_s)

    async def _leave(self, before: Before) -> tuple[str, ...]:
        """Bring the device to its safe state and give its entities back what they showed; return what was not."""
        bench = self._bench
        missing: tuple[str, ...] = ("nothing could be given back: Home Assistant did not answer",)
        unsafe: str | None = "it was not brought to its safe state: Home Assistant did not answer"
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                unsafe = await self._unsafe(before)
                patience_s = min(max(self._device.answer.total_seconds(), SLACK_S), LEAVE_S / 3)
                states = bench.home.link.states
                missing = await before.put_back(bench.runner, states, bench, patience_s, bench.intruders)
        if unsafe is None:  # else the next run owes the safe state
            self._note_end()
        return missing if unsafe is None else (unsafe, *missing)

    async def _unsafe(self, before: Before) -> str | None:
        """Write the safe state, and return why that could not be done.

        It is not needed where somebody else acted, who is left alone, nor where the values before are all there is.
        """
        if self._bench.intruders or (self._device.kind != "battery" and before.values):
            return None
        if self._trials and self._trials[-1].leg == BACK and self._trials[-1].refused is None:
            return None
        tries = 0
        while True:
            try:
                await self._bench.write_through(self._device.safe, timedelta(seconds=MINUTE_S), LEAVE_S / 3 / ATTEMPTS)
            except TransientError as error:
                tries += self._bench.home.link.status.up
                if tries == ATTEMPTS:
                    return f"its safe state could not be written: {error}"
                await asyncio.sleep(RETRY_S)
            else:
                return None

    def _note_end(self) -> None:
        """Keep that the device was left as it should be, so that no later run makes up for it."""
        now, intruders = datetime.now(UTC), sorted(self._bench.intruders)
        command = Command(
            device=self._device.name,
            instruction=SafeState(),
            issued_at=now,
            valid_until=now + timedelta(seconds=LEAVE_S),
            reason="the end of a supervised test",
        )
        self._journal.told(command)
        left = Skipped(command=command, reason=f"somebody else set {', '.join(intruders)}") if intruders else None
        self._journal.became(left or Confirmed(command=command))


async def _uncancelled(work: Coroutine[None, None, _T]) -> _T:
    """Do something to its end even if the task around it is cancelled meanwhile; only then pass that on."""
    doing = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return doing.result()
