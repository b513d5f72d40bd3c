"""The agent's devices beside the battery: seen at each round, asked at each think, told at each slot."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from homeagent.agent.commander import Commander
from homeagent.agent.device_reasoning import Reasoner
from homeagent.agent.devices.asking import Ahead, Asking
from homeagent.agent.devices.car_task import LEAST_KWH, thought_gone
from homeagent.agent.devices.hands import LEFT_FOR, Hands
from homeagent.agent.devices.happenings import behind, happened, strayed
from homeagent.agent.devices.memory import DeviceMemory
from homeagent.agent.devices.orders import order
from homeagent.agent.devices.outdoor import Outdoor
from homeagent.agent.devices.warm_tasks import Around
from homeagent.agent.satisfaction_book import SatisfactionBook
from homeagent.agent.thinking import DeviceAsks, Thought
from homeagent.domain.command import Command, Confirmed, Instruction, Sent, SetCharge
from homeagent.domain.decision import DeviceDecision
from homeagent.domain.devices import CarSpec, DeviceKnown
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.ports import DeviceLink
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteState
from homeagent.domain.tasks import Choice
from homeagent.store import Store

KEPT = 400
LEASE_SLOTS = 4
PLANNED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What a device is told, why, and until when it holds."""

    device: str
    instruction: Instruction
    choice: Choice
    until: datetime
    digest: str
    wake: str | None


class DeviceBook:
    """One home's devices. `see` is called at each round, `tasks` at each think, `act` when a slot begins."""

    def __init__(self, asking: Asking, memory: DeviceMemory, outdoor: Outdoor, store: Store, reasons: Reasoner) -> None:
        self.asking = asking
        self.memory = memory
        self.outdoor = outdoor
        self.decisions: deque[DeviceDecision] = deque(maxlen=KEPT)
        self.reasons = reasons
        self._store = store
        self._news: str | None = None
        self._decided: tuple[datetime, str] | None = None
        self._planned: datetime | None = None
        self._last: dict[str, Instruction] = {}
        self._hands = Hands()
        self._now = datetime.min.replace(tzinfo=UTC)
        self._overridden: list[str] = []

    @property
    def known(self) -> Mapping[str, DeviceKnown]:
        """The devices by name."""
        return self.asking.known

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured: the weather, and what was kept of devices by the run before."""
        readings = tuple(readings)
        self.memory.add(readings)
        self.outdoor.add(readings)
        self.asking.learned.remember(readings)

    def learn(self, now: datetime) -> None:
        """Learn from what has been seen, once a local day."""
        if self.asking.learned.look(now, self.memory, self.outdoor):
            self.asking.rooms.learn(self.asking.learned.past(now))

    def see(self, link: object, thought: Thought | None) -> list[Reading]:
        """Take in how the devices stand, if the link tells; return readings to be kept."""
        states = link.device_states() if isinstance(link, DeviceLink) else ()
        kept: list[Reading] = []
        plans = {} if thought is None else {plan.name: plan for plan in thought.plan.devices}
        for state in states:
            device, before = self.known.get(state.name), self.memory.last(state.name)
            if device is None:
                continue
            kept += self.memory.see(state)
            self.asking.see(device, before, state)
            if self._hands.at_work(before, state):
                self._overridden.append(device.name)
            news = happened(device, before, state)
            if news is None and state.name in plans:
                plan = plans[state.name]
                needed_kwh = self.asking.cars_need(state.at).get(state.name) if state.plugged else None
                news = strayed(device, plan, state, state.at) or behind(device, plan, needed_kwh, state.at)
            self._news = news or self._news
        return kept

    def feel(self, now: datetime, satisfaction: SatisfactionBook) -> None:
        """Say how things stand for the people of the home."""
        self._now = now
        states = [state for state in map(self.memory.last, self.known) if state is not None]
        for device in self._overridden:  # the person's, for a while
            satisfaction.overridden(device, now)
            self.asking.people.by_hand(device, now + LEFT_FOR, now)
            self._hands.forget(device)
        self._overridden.clear()
        satisfaction.look(now, states, self.asking.rooms_now(now), self.asking.cars_need(now))

    def news(self, now: datetime) -> str | None:
        """Return once what has happened that no plan knew of, in words; what people ask comes first."""
        news, self._news = self._news, None
        return self.asking.people.news(now) or news

    def due(self, now: datetime) -> bool:
        """Return whether devices were last planned anew so long ago that it is time again; asked once a think."""
        due = self._planned is None or not timedelta(0) <= now - self._planned < PLANNED_EVERY
        self._planned = now if due else self._planned
        return due

    def asks(self, grid: TimeGrid, scenarios: Scenarios, import_per_kwh: FloatArray) -> DeviceAsks:
        """Return what is asked of devices on the plan's grid."""
        in_slots = scenarios.in_slots_of(grid)
        load_kw, pv_kw = in_slots.weight @ in_slots.load_kw, in_slots.weight @ in_slots.pv_kw
        around = Around(
            outdoor_c=self.outdoor.expected_c(grid),
            sun_kw_m2=self.outdoor.sun_kw_m2(grid, pv_kw, self.asking.learned.most_pv_kw),
            gains_kw=np.zeros(grid.count),  # the house as learned has them in it
        )
        ahead = Ahead(
            now=max(self._now, grid.start), grid=grid, import_per_kwh=import_per_kwh, load_kw=load_kw, pv_kw=pv_kw
        )
        return self.asking.asks(ahead, self.memory, around)

    def reconsider(self) -> None:
        """Decide anew at the next round."""
        self._decided = None

    async def act(self, now: datetime, thought: Thought | None, commander: Commander, wake: str | None) -> None:
        """Once in each slot of each plan, tell devices what is planned; a plain rule where nothing is."""
        if thought is None:
            return
        grid = thought.plan.grid
        slot_at = slot_start(now, grid.step), thought.plan.problem_digest
        if slot_at == self._decided:
            return
        self._decided = slot_at
        until = slot_start(now, grid.step) + LEASE_SLOTS * grid.step
        for name, device in self.known.items():
            told, why = self._order(device, thought, now)
            if told is None:
                self._hands.forget(name)
                continue
            if commander.holds(name, told, now, until) or not commander.commands(told, self._last.get(name)):
                continue
            choice = why or self.reasons(thought, name, grid.index_of(now))
            await self._tell(Told(name, told, choice, until, thought.plan.problem_digest, wake), now, commander)

    def _order(self, device: DeviceKnown, thought: Thought, now: datetime) -> tuple[Instruction | None, Choice | None]:
        """Return what a device is told now, and why where that is not of the plan."""
        theirs = self.asking.is_theirs(device, now)  # at once, even before there is a plan that knows of it
        plan = next((one for one in thought.plan.devices if one.name == device.name), None)
        grid = thought.plan.grid
        if plan is None or not grid.start <= now < grid.end or theirs:
            return self.asking.without_plan(device, now)
        if isinstance(device, CarSpec) and thought_gone(thought.problem.devices, device, grid.index_of(now)):
            needed_kwh = self.asking.cars_need(now).get(device.name) or 0.0
            if needed_kwh > LEAST_KWH:
                why = f"it was to have left, and is still there: {needed_kwh:.1f} kWh are needed"
                return SetCharge(power_kw=device.max_charge_kw, phases=max(device.phases)), Choice(text=why)
        return order(device, plan, now), None

    async def _tell(self, told: Told, now: datetime, commander: Commander) -> None:
        command = Command(
            device=told.device,
            instruction=told.instruction,
            issued_at=now,
            valid_until=told.until,
            reason=told.choice.text,
        )
        result = await commander.send(command, SiteState(at=now, soc_kwh=None))
        decision = DeviceDecision(
            at=now,
            device=told.device,
            instruction=told.instruction,
            choice=told.choice,
            result=result,
            plan_digest=told.digest,
            wake=told.wake,
        )
        self._last[told.device] = told.instruction
        if isinstance(result, Sent | Confirmed):
            self._hands.told(told.device, told.instruction)
        self.decisions.append(decision)
        self._store.write_device_decision(decision)
