"""The agent: observe, think when it may change a decision, act, settle. A real home and a simulated one look alike."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from homeagent.agent.accounts import Accounts
from homeagent.agent.anomaly_book import AnomalyBook
from homeagent.agent.commander import BATTERY, Commander
from homeagent.agent.devices.making import device_book
from homeagent.agent.devices.rooms import Rooms
from homeagent.agent.due_book import DueBook
from homeagent.agent.expectations import Expectations
from homeagent.agent.footprint_book import Counts, FootprintBook, surroundings_of
from homeagent.agent.given import Setup
from homeagent.agent.governor import Governor, rules_for
from homeagent.agent.host_state import HostWatch
from homeagent.agent.keeping import Keeper
from homeagent.agent.learner import Learner
from homeagent.agent.observer import Observer
from homeagent.agent.peak_limits import PeakLimits
from homeagent.agent.people_book import PeopleBook
from homeagent.agent.power_ahead import power_ahead
from homeagent.agent.price_book import PriceBook
from homeagent.agent.remembering import KEEP, METERS
from homeagent.agent.satisfaction_book import SatisfactionBook
from homeagent.agent.skill_book import SkillBook
from homeagent.agent.thinking import MEMORY, Forecaster, Thought, lost_without, think, worth_of_thinking_again
from homeagent.control.translation import translate
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import (
    Command,
    Confirmed,
    FollowPolicy,
    Sent,
)
from homeagent.domain.decision import Decision
from homeagent.domain.expectations import AnnouncedLoad
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.ledger import Footprint, SettledSlot
from homeagent.domain.plan import ImportCap
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.ports import Clock, ForecastSource, HomeLink, PriceSource
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteState
from homeagent.domain.thinking import ThinkRecord, Wake
from homeagent.footprint.cpu_meter import CpuMeter, peak_memory_mb
from homeagent.footprint.energy import EnergyMeter
from homeagent.forecasting.floor import floor_scenarios
from homeagent.learning.hours import PowerAhead
from homeagent.learning.registry import FLOOR
from homeagent.savings.counterfactual import DayBook
from homeagent.store import Store

_LOGGER = logging.getLogger(__name__)

LEASE_SLOTS = 3
"""A command holds for so many slots of the plan; it is renewed in the last of them."""
SHORTEST_PLAN_STEP = timedelta(minutes=15)
LONGEST_PLAN_STEP = timedelta(hours=1)


class Agent:
    """Runs one home. `tick` does one round; the caller decides how often, a quiet round costs microseconds."""

    def __init__(
        self,
        setup: Setup,
        link: HomeLink,
        prices: PriceSource,
        store: Store,
        clock: Clock,
        forecasts: ForecastSource | None = None,
        host: HostWatch | None = None,
    ) -> None:
        self.setup = setup
        self.host = host or HostWatch()
        self.site = setup.site
        self.store = store
        self.clock = clock
        self.cpu = CpuMeter()
        self.observer = Observer(
            clock.now(), setup.observation_step, setup.soc_stale_after, has_battery=self.site.has_battery
        )
        self.prices = PriceBook(self.site.timezone, self.site.place)
        self.expectations = Expectations(
            store, self.site.timezone, setup.absences, self.observer.means["nobody_home"].window
        )
        self.anomalies = (
            AnomalyBook(
                self.site,
                self.observer.means,
                setup.observation_step,
                self.prices,
                store,
                clock.now(),
                apart=bool(setup.devices),
            )
            if setup.watchful
            else None
        )
        self.learner = self._new_learner(clock.now())
        self.skill_book = SkillBook(store)
        self.governor = Governor(rules_for(self.site, setup.governor, devices=bool(setup.devices)))
        self.peak_limits = None if self.site.peak_charge is None else PeakLimits(self.site.peak_charge, self.site)
        self.thought: Thought | None = None
        self.decisions: deque[Decision] = deque(maxlen=200)
        self.looks = 0
        self.thinks = 0
        self.solves = 0
        self.decided = 0
        self.footprints = FootprintBook(
            store,
            self.cpu,
            self.site.timezone,
            lambda: Counts(thinks=self.thinks, looks=self.looks, decisions=self.decided),
            surroundings_of(self.observer, self.prices),
            EnergyMeter(),
            clock.now(),
        )
        self.accounts = Accounts(self.site, store, self.footprints, self.peak_limits)
        self._link = link
        self.commander = Commander(setup.limits(), link, store, self._follows)
        self.people = PeopleBook(store, setup.devices, self.site.timezone)
        self.expectations.told_of = lambda: self.people.absences(clock.now())
        self.satisfaction = SatisfactionBook(store, setup.devices, self.site.timezone, clock.now())
        self.devices = device_book(
            setup.devices,
            setup.wishes,
            self.site,
            store,
            self.prices,
            self.observer.memory.history,
            Rooms(
                self.observer.means["nobody_home"].window,
                setup.observation_step,
                self.expectations.told_away,
                self.site.timezone,
                self.site.place,
            ),
            self.people,
            clock.now(),
        )
        self._source = prices
        self._forecasts = forecasts
        self._decided_for: datetime | None = None
        self._news: str | None = None
        self._keeper = Keeper(store, setup.site, replace(setup, outlook=None)) if setup.replayable else None
        self._changed = asyncio.Event()

    def _new_learner(self, now: datetime) -> Learner | None:
        setup = self.setup
        if setup.learning is None or self.site.peak_charge is not None:  # there every day counts
            return None

        def older(since: datetime, until: datetime) -> list[Reading]:
            return self.store.older_means(since, until, METERS)

        learner = Learner(self.site, setup.observation_step, setup.learning, now, self.prices.on, setup.outlook, older)
        learner.leave_out(self.expectations.no_habit)
        learner.train_when(self.host, self._power_ahead, DueBook(self.store))
        return learner

    def _power_ahead(self, now: datetime) -> PowerAhead | None:
        return power_ahead(now, self.thought, self.observer.memory, self.site, self.last_slot)

    def resume(self) -> None:
        """Take up what the store still knows: a restart costs no history, no known price, no savings and no command."""
        now = self.clock.now()
        since = now - MEMORY
        self._take_in(self.store.readings_since(since))
        for published in self.store.prices_since(since):
            self.prices.add(published)
        self._hear(self.store.issued_forecasts_since(now - KEEP if self.learner is not None else since))
        self.commander.take_up(self.store.commands_in_force(now))
        self.accounts.reopen(slot_start(since, timedelta(days=1)), now)
        self._go_on(now)

    def _go_on(self, now: datetime) -> None:
        """Take up the plan of the run before, where it holds; and what the learner had done by then."""
        resumed = None if self._keeper is None else self._keeper.take_up(now)
        if resumed is not None:
            self.thought = resumed.thought
            at_risk = worth_of_thinking_again(self.thought, self.governor.rules.longest)
            self.governor.thought(resumed.at, self.thought.problem, at_risk)
            if self.learner is not None:
                self.learner.take_up(resumed.beside.get("learner", {}))

    def _keep(self) -> None:
        """Keep what a restart goes on with."""
        if self._keeper is not None and self.thought is not None and self.governor.thought_at is not None:
            beside = {} if self.learner is None else {"learner": self.learner.kept()}
            self._keeper.keep(self.thought, self.governor.thought_at, beside)

    def remember(self, readings: Iterable[Reading], *, think: bool) -> None:
        """Take in what was measured before the agent came; with `think` the next round plans anew."""
        self._take_in(readings)
        if think:
            self._news = "more of the home's past is known"

    def _take_in(self, readings: Iterable[Reading]) -> None:
        readings = tuple(readings)
        self.observer.add(readings)
        if self.anomalies is not None:
            self.anomalies.add(readings)
        if self.learner is not None:
            self.learner.add(readings)
        if self.devices is not None:
            self.devices.add(readings)

    def announce(self, load: AnnouncedLoad) -> None:
        """Expect a load, and plan anew with it in the next round; raises as `Expectations.announce`."""
        self.expectations.announce(load, self.clock.now())
        self._news = f"a load was announced: {load.name}"

    def cancel_load(self, name: str) -> bool:
        """Expect a load no longer; return whether it was expected."""
        found = self.expectations.cancel(name, self.clock.now())
        if found:
            self._news = f"a load is expected no longer: {name}"
        return found

    def _hear(self, issued: Iterable[IssuedForecast]) -> None:
        """Take in what others forecast: the plan looks back for weeks, the learner for as long as it learns from."""
        for forecast in issued:
            self.observer.memory.issued.add(forecast)
            if self.learner is not None:
                self.learner.hear((forecast,))
            if self.devices is not None:
                self.devices.outdoor.hear(forecast)

    def ask(self, why: str) -> None:
        """Think in the next round, and note that this is why."""
        self._news = why

    def reconsider(self) -> None:
        """Decide anew at the next round: a device that was left alone may be told again."""
        self._decided_for = None
        if self.devices is not None:
            self.devices.reconsider()
        self.commander.reconsider()

    @property
    def commands_in_force(self) -> list[Command]:
        """What the devices were last told, as far as it was not refused."""
        return self.commander.in_force

    async def tick(self) -> None:
        """Do one round: take in what is new, settle, think if need be, act."""
        now = self.clock.now()
        new_prices = await self._observe()
        with self.cpu.part("look"):
            self.host.effort(now)
        self._take_outcomes()
        self._settle(now)
        if self.anomalies is not None and self.anomalies.due(now):
            with self.cpu.part("anomalies"):
                self.anomalies.look(now)
        soc_kwh = self.observer.soc_kwh(now)
        if self.devices is not None:
            self._news = self.devices.news(now) or self._news
        with self.cpu.part("look"):
            wake = self.governor.wake(
                now,
                valid_until=None if self.thought is None else self.thought.plan.valid_until,
                new_prices=new_prices,
                news=self._news,
                patience=self.host.effort(now).patience,
            )
        if wake is not None and soc_kwh is not None and self.setup.mode != "observe":
            self._think(now, soc_kwh, wake)
        else:
            wake = None
            if self.learner is not None:
                with self.cpu.part("learn"):
                    self.learner.look(now)
        if soc_kwh is None:
            await self.commander.make_safe(now)
        elif self.site.has_battery:
            await self._act(now, soc_kwh, wake)
        if self.devices is not None and self.setup.mode != "observe":
            with self.cpu.part("control"):
                await self.devices.act(now, self.thought, self.commander, None if wake is None else wake.reason)
        for timetable in self.setup.timetables:
            await self.commander.keep_hours(now, timetable)
        self._notify()

    @property
    def plan_step(self) -> timedelta:
        """The planner's step: as configured, else the price's, no finer than what is observed."""
        usual = None if self.devices is None else SHORTEST_PLAN_STEP
        wanted = self.setup.plan_step or usual or self.prices.step or LONGEST_PLAN_STEP
        return min(max(wanted, self.setup.observation_step, SHORTEST_PLAN_STEP), LONGEST_PLAN_STEP)

    async def _observe(self) -> bool:
        with self.cpu.part("link"):
            readings = self._link.readings()
            published = await self._source.published()
            issued = () if self._forecasts is None else self._forecasts.issued()
        with self.cpu.part("look"):
            self._take_in(readings)
            self.looks += len(readings)
            news = published is not None and not self.prices.knows(published, self.clock.now())
            if published is not None:
                self.prices.add(published)
            self._hear(issued)
            kept = [] if self.devices is None else self.devices.see(self._link, self.thought)
            if self.devices is not None:
                self.devices.feel(self.clock.now(), self.satisfaction)
        with self.cpu.part("store"):
            self.store.write_readings([*readings, *kept])
            for forecast in issued:
                self.store.write_issued(forecast)
            if published is not None:
                self.store.write_prices(published, seen_at=self.clock.now())
            self.store.thin_out(self.clock.now())
        return news

    def _settle(self, now: datetime) -> None:
        with self.cpu.part("store"):
            self.footprints.look(now)
        with self.cpu.part("settle"):
            for slot in self.accounts.settle(now, self.observer, self.prices):
                drawn_kw = 0.0 if self.devices is None else self.observer.controlled_kw(slot.start)
                self.governor.see(slot.start, slot.hours, slot.load_kw - drawn_kw - slot.pv_kw)

    def _take_outcomes(self) -> None:
        """Note what became of commands that were on their way."""
        with self.cpu.part("store"):
            results = self.commander.outcomes(self.clock.now())
        for result in results:
            for index, decision in enumerate(self.decisions):
                if decision.result.command is result.command:
                    self.decisions[index] = replace(decision, result=result)

    def _think(self, now: datetime, soc_kwh: float, wake: Wake) -> None:
        before, began_s = self.thought, self.cpu.total_s
        if self.devices is not None:
            with self.cpu.part("learn"):
                self.devices.learn(now)
        full = self.host.effort(now).learned or not wake.of_age
        if self.learner is not None:
            with self.cpu.part("learn"):
                self.learner.tick(now)
            marks, self.learner.new_marks = self.learner.new_marks, []
            self.skill_book.add(marks)
        self.thought = think(
            now,
            soc_kwh,
            self.site,
            self.observer.memory,
            self.prices,
            step=self.plan_step,
            cpu=self.cpu,
            import_cap=None if self.peak_limits is None else self._import_cap,
            timetables=self.setup.timetables if self.setup.mode == "control" else (),
            forecaster=floor_scenarios if self.learner is None else self._forecaster(self.learner, full=full),
            expectations=self.expectations,
            present=None if full else before,
            devices=None if self.devices is None else self.devices.asks,
            before=None if before is None else before.plan,
            steady=wake.of_age and self.devices is not None and not self.devices.due(now),
        )
        with self.cpu.part("plan"):
            lost = lost_without(self.thought, before, self.governor.rules.longest)
            at_risk = worth_of_thinking_again(self.thought, self.governor.rules.longest)
        self.governor.thought(now, self.thought.problem, at_risk)
        self._news = None
        self._decided_for = None
        self.thinks += 1
        self.solves += self.thought.solution is not None
        record = ThinkRecord(
            at=now,
            wake=wake.reason,
            depth="full" if full and self.learner is not None and self.learner.serving != FLOOR else "floor",
            cpu_seconds=self.cpu.total_s - began_s,
            worth=None if lost is None else float(lost.sum()),
            next_at=self.governor.next_at(),
        )
        with self.cpu.part("store"):
            self.store.write_think(record)
            self.store.write_plan(self.thought.plan)
            if self.setup.replayable:
                self.store.write_problem(self.thought.problem)
            load, pv = self.thought.forecasts(self.thought.plan.grid)
            self.store.write_forecast("load_kw", load)
            self.store.write_forecast("pv_kw", pv)
            self.store.write_forecast("net_kw", self.thought.net_forecast(self.thought.plan.grid))
            self._keep()
        if self.anomalies is not None:
            self.anomalies.expect(load)

    @staticmethod
    def _forecaster(learner: Learner, *, full: bool) -> Forecaster:
        """Return who forecasts: the students, or on a strained machine the recent days alone."""
        return learner.scenarios if full else learner.recent_days

    def _import_cap(self, grid: TimeGrid, history: History) -> ImportCap | None:
        return None if self.peak_limits is None else self.peak_limits.cap(grid, history, self.prices)

    async def _act(self, now: datetime, soc_kwh: float, wake: Wake | None) -> None:
        """Decide once for each slot of the plan, and send what changes something."""
        slot_at = slot_start(now, self.plan_step)
        if self.thought is None or slot_at == self._decided_for:
            return
        self._decided_for = slot_at
        decision = self._decide(now, soc_kwh, self.thought, wake)
        with self.cpu.part("control"):
            result = await self.commander.send(decision.result.command, SiteState(at=now, soc_kwh=soc_kwh))
        if isinstance(result, Confirmed | Sent):
            follows = isinstance(decision.instruction, FollowPolicy) and self.setup.capability.control == "continuous"
            self._follows(decision.policy if follows else None)
        decision = replace(decision, result=result)
        self.decisions.append(decision)
        self.decided += 1
        with self.cpu.part("store"):
            self.store.write_decision(decision)

    def _decide(self, now: datetime, soc_kwh: float, thought: Thought, wake: Wake | None) -> Decision:
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
            apart_kw=thought.apart_kw(slot),
        )
        until = slot_start(now, self.plan_step) + LEASE_SLOTS * self.plan_step
        command = Command(device=BATTERY, instruction=instruction, issued_at=now, valid_until=until, reason=reason.text)
        return Decision(
            at=now,
            device=BATTERY,
            soc_kwh=soc_kwh,
            policy=policy,
            instruction=instruction,
            reason=reason,
            result=Confirmed(command=command),
            plan_digest=plan.problem_digest,
            wake=None if wake is None else wake.reason,
        )

    def _follows(self, policy: BatteryPolicy | None) -> None:
        """Note what the battery was told, so that it can be held against what it does; None: nobody can say."""
        if self.anomalies is not None:
            self.anomalies.told(self.clock.now(), policy)

    async def finish(self) -> None:
        """Take in the last readings, settle what is closed, and close the books."""
        await self._observe()
        self._settle(self.clock.now())
        self.footprints.take(self.clock.now())
        self._keep()
        self.accounts.close()
        self.store.flush()

    @property
    def day_book(self) -> DayBook | None:
        """The savings by day, None until a slot was settled."""
        return self.accounts.day_book

    @property
    def last_slot(self) -> SettledSlot | None:
        """The newest settled slot."""
        return self.accounts.last_slot

    @property
    def last_soc_kwh(self) -> float | None:
        """The newest state of charge."""
        return self.observer.soc_kwh(self.clock.now())

    def footprint(self) -> Footprint:
        """Return what the agent has used since its start."""
        return Footprint(
            thinks=self.thinks, looks=self.looks, cpu_seconds=self.cpu.totals(), peak_memory_mb=peak_memory_mb()
        )

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait until the agent has done its next round."""
        await self._changed.wait()
