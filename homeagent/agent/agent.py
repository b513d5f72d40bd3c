"""The agent: observe, think when it may change a decision, act, settle. A real home and a simulated one look alike."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeagent.agent.governor import wake_reason
from homeagent.agent.observer import Observer
from homeagent.agent.peak_limits import PeakLimits
from homeagent.agent.price_book import PriceBook
from homeagent.agent.thinking import MEMORY, Thought, think
from homeagent.control.guard import LastSent, Mode, check, same
from homeagent.control.translation import translate
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import Command, CommandResult, Confirmed
from homeagent.domain.decision import Decision
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.ledger import Footprint, SettledSlot
from homeagent.domain.plan import ImportCap
from homeagent.domain.ports import Clock, HomeLink, PriceSource
from homeagent.domain.site import SiteSpec, SiteState
from homeagent.footprint.cpu_meter import CpuMeter, peak_memory_mb
from homeagent.savings.counterfactual import DayBook, RuleBattery
from homeagent.store import Store

_LOGGER = logging.getLogger(__name__)

BATTERY = "battery"
LEASE_SLOTS = 3
"""A command holds for so many slots of the plan; it is renewed in the last of them."""
SHORTEST_PLAN_STEP = timedelta(minutes=15)
LONGEST_PLAN_STEP = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an agent is given at its start; all of it comes from the configuration."""

    site: SiteSpec
    capability: InverterCapability
    mode: Mode
    observation_step: timedelta
    plan_step: timedelta | None = None
    minimum_hold: timedelta = timedelta(0)


class Agent:
    """Runs one home. `tick` does one round; the caller decides how often, a quiet round costs microseconds."""

    def __init__(self, setup: Setup, link: HomeLink, prices: PriceSource, store: Store, clock: Clock) -> None:
        self.setup = setup
        self.site = setup.site
        self.store = store
        self.clock = clock
        self.cpu = CpuMeter()
        self.observer = Observer(clock.now(), setup.observation_step)
        self.prices = PriceBook(self.site.timezone)
        self.peak_limits = None if self.site.peak_charge is None else PeakLimits(self.site.peak_charge, self.site)
        self.thought: Thought | None = None
        self.decisions: deque[Decision] = deque(maxlen=200)
        self.day_book: DayBook | None = None
        self.last_slot: SettledSlot | None = None
        self.looks = 0
        self.thinks = 0
        self.solves = 0
        self._link = link
        self._source = prices
        self._last_think: datetime | None = None
        self._decided_for: datetime | None = None
        self._last_sent: LastSent | None = None
        self._changed = asyncio.Event()

    def resume(self) -> None:
        """Take up what the store still knows, so that a restart costs neither history nor a known price."""
        since = self.clock.now() - MEMORY
        self.observer.add(self.store.readings_since(since))
        for published in self.store.prices_since(since):
            self.prices.add(published)

    async def tick(self) -> None:
        """Do one round: take in what is new, settle, think if need be, act."""
        now = self.clock.now()
        new_prices = await self._observe()
        self._settle(now)
        soc_kwh = self.observer.soc_kwh(now)
        wake = wake_reason(
            now,
            last_think=self._last_think,
            valid_until=None if self.thought is None else self.thought.plan.valid_until,
            new_prices=new_prices,
        )
        if wake is not None and soc_kwh is not None:
            self._think(now, soc_kwh)
        else:
            wake = None
        if soc_kwh is not None:
            await self._act(now, soc_kwh, wake)
        self._notify()

    @property
    def plan_step(self) -> timedelta:
        """The planner's step: as configured, else the price's, no finer than what is observed."""
        wanted = self.setup.plan_step or self.prices.step or LONGEST_PLAN_STEP
        return min(max(wanted, self.setup.observation_step, SHORTEST_PLAN_STEP), LONGEST_PLAN_STEP)

    async def _observe(self) -> bool:
        with self.cpu.part("link"):
            readings = self._link.readings()
            published = await self._source.published()
        with self.cpu.part("look"):
            self.observer.add(readings)
            self.looks += len(readings)
            if published is not None:
                self.prices.add(published)
        with self.cpu.part("store"):
            self.store.write_readings(readings)
            if published is not None:
                self.store.write_prices(published, seen_at=self.clock.now())
            self.store.thin_out(self.clock.now())
        return published is not None

    def _settle(self, now: datetime) -> None:
        with self.cpu.part("settle"):
            for slot, soc_after_kwh in self.observer.settle(now, self.prices):
                if self.day_book is None:
                    self.day_book = DayBook(self.site, RuleBattery(self.site, slot.soc_kwh))
                closed = self.day_book.add(slot, soc_after_kwh)
                if self.peak_limits is not None:
                    self.peak_limits.add(slot)
                self.last_slot = slot
                self.store.write_settled_slot(slot)
                if closed is not None:
                    self.store.write_savings(closed)

    def _think(self, now: datetime, soc_kwh: float) -> None:
        self.thought = think(
            now,
            soc_kwh,
            self.site,
            self.observer.memory,
            self.prices,
            step=self.plan_step,
            cpu=self.cpu,
            import_cap=None if self.peak_limits is None else self._import_cap,
        )
        self._last_think = now
        self._decided_for = None
        self.thinks += 1
        self.solves += self.thought.solution is not None
        with self.cpu.part("store"):
            self.store.write_plan(self.thought.plan)
            load, pv = self.thought.forecasts(self.thought.plan.grid)
            self.store.write_forecast("load_kw", load)
            self.store.write_forecast("pv_kw", pv)

    def _import_cap(self, grid: TimeGrid, history: History) -> ImportCap | None:
        return None if self.peak_limits is None else self.peak_limits.cap(grid, history, self.prices)

    async def _act(self, now: datetime, soc_kwh: float, wake: str | None) -> None:
        """Decide once for each slot of the plan, and send what changes something."""
        slot_at = slot_start(now, self.plan_step)
        if self.thought is None or slot_at == self._decided_for:
            return
        self._decided_for = slot_at
        decision = self._decide(now, soc_kwh, self.thought, wake)
        with self.cpu.part("control"):
            result = await self._send(decision.result.command, SiteState(at=now, soc_kwh=soc_kwh))
        decision = replace(decision, result=result)
        self.decisions.append(decision)
        with self.cpu.part("store"):
            self.store.write_decision(decision)

    def _decide(self, now: datetime, soc_kwh: float, thought: Thought, wake: str | None) -> Decision:
        plan, problem = thought.plan, thought.problem
        policy = plan.policy_at(now)
        slot = 0 if policy is None else plan.grid.index_of(now)
        if policy is None:
            policy, reason = self_consumption(self.site.battery), plan.reason
        elif slot == 0 or thought.solution is None:
            reason = plan.reason
        else:
            with self.cpu.part("plan"):
                reason = thought.solution.reason(problem, slot, soc_kwh)
        instruction = translate(
            policy,
            self.setup.capability,
            self.site.battery,
            soc_kwh=soc_kwh,
            expected_net_kw=thought.expected_net_kw(slot),
            hours=self.plan_step / timedelta(hours=1),
        )
        command = Command(
            device=BATTERY,
            instruction=instruction,
            issued_at=now,
            valid_until=slot_start(now, self.plan_step) + LEASE_SLOTS * self.plan_step,
            reason=reason.text,
        )
        return Decision(
            at=now,
            device=BATTERY,
            soc_kwh=soc_kwh,
            policy=policy,
            instruction=instruction,
            reason=reason,
            result=Confirmed(command=command),
            plan_digest=plan.problem_digest,
            wake=wake,
        )

    async def _send(self, command: Command, state: SiteState) -> CommandResult:
        refused = check(command, state, self.site.battery, self.setup.mode, self._last_sent, self.setup.minimum_hold)
        if refused is not None:
            return refused
        self.store.write_command(command)  # on disk before the device hears of it
        result = await self._link.send(command)
        if isinstance(result, Confirmed):
            last = self._last_sent
            renewed = last is not None and same(command.instruction, last.command.instruction, self.site.battery)
            changed_at = last.changed_at if last is not None and renewed else state.at
            self._last_sent = LastSent(command=command, changed_at=changed_at)
        else:
            _LOGGER.warning("%s: %s", command.device, result)
        return result

    async def finish(self) -> None:
        """Take in the last readings, settle what is closed, and close the books."""
        await self._observe()
        self._settle(self.clock.now())
        if self.day_book is not None:
            closed = self.day_book.close()
            if closed is not None:
                self.store.write_savings(closed)
        self.store.flush()

    @property
    def last_soc_kwh(self) -> float | None:
        """The newest state of charge."""
        return self.observer.soc_kwh(self.clock.now())

    def footprint(self) -> Footprint:
        """Return what the agent has used since its start."""
        return Footprint(
            thinks=self.thinks, looks=self.looks, cpu_seconds=dict(self.cpu.seconds), peak_memory_mb=peak_memory_mb()
        )

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait until the agent has done its next round."""
        await self._changed.wait()
