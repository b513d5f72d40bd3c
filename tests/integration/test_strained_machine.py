"""The agent on a strained machine: it forecasts smaller, and neither a person's act nor a safe state ever waits."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import homeagent
from homeagent.agent import schooling
from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.host_state import HostWatch
from homeagent.agent.thinking import BEYOND, cost_at
from homeagent.agent.view import View
from homeagent.domain.command import Command, CommandResult, SafeState
from homeagent.domain.effort import HostRules
from homeagent.domain.expectations import AnnouncedLoad
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.machine import MachineState
from homeagent.domain.readings import Reading
from homeagent.domain.thinking import ADAPTIVE, GovernorRules
from homeagent.learning.training import Request, Trained
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
WORST = MachineState(on_battery=True, battery=0.05, hottest_c=95.0, throttled=True, load=9.0, memory_pressure=0.9)
EASE = MachineState(on_battery=False, hottest_c=40.0)


class Home(SimulatedHome):
    """A simulated home that notes what it is told, and whose readings can be hidden."""

    def __init__(self, past: timedelta) -> None:
        super().__init__(1, START, past=past)
        self.commands: list[Command] = []
        self.hidden: frozenset[str] = frozenset()

    def readings(self) -> list[Reading]:
        return [
            replace(reading, value=None, reason="unavailable") if reading.entity in self.hidden else reading
            for reading in super().readings()
        ]

    async def send(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return await super().send(command)


async def live(agent: Agent, home: Home, clock: VirtualClock, hours: float) -> None:
    for _ in range(round(timedelta(hours=hours) / METER_STEP)):
        await agent.tick()
        home.advance()
        clock.advance_to(home.now)


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What reached the training's process; none is started here."""
    requests: list[Request] = []

    def train(request: Request, _say: object) -> Trained:
        requests.append(request)
        return Trained(model=None, cpu_seconds=0.0, reason="not here")

    monkeypatch.setattr(schooling, "train_in_child", train)
    return requests


def forecasters_of_new_thinks(agent: Agent, home: Home, clock: VirtualClock, hours: int) -> set[str]:
    """Live on, and return who forecast in thinks of the full hour, where students may be asked."""
    seen = set()
    for _ in range(round(timedelta(hours=hours) / METER_STEP)):
        before = agent.thinks
        asyncio.run(live(agent, home, clock, METER_STEP / timedelta(hours=1)))
        assert agent.thought is not None
        if agent.thinks > before:
            seen.add(agent.thought.problem.scenarios.model_id)
    return seen


@contextmanager
def agent_on(
    machine: list[MachineState],
    folder: Path,
    learning: LearningRules | None = None,
    past: timedelta = timedelta(days=2),
    governor: GovernorRules = ADAPTIVE,
) -> Iterator[tuple[Agent, Home, VirtualClock]]:
    home, clock = Home(past), VirtualClock(START)
    setup = Setup(
        site=home.site,
        capability=InverterCapability(),
        mode="control",
        observation_step=METER_STEP,
        learning=learning,
        governor=governor,
    )
    with Store.open(folder / "a.db", lasting=False) as store:
        host = HostWatch(HostRules(), lambda _rules: machine[0])
        yield Agent(setup, home, home, store, clock, host=host), home, clock


@pytest.mark.parametrize("machine", [EASE, WORST])
def test_a_persons_act_is_planned_with_in_the_very_next_round(tmp_path: Path, machine: MachineState) -> None:
    with agent_on([machine], tmp_path) as (agent, home, clock):
        asyncio.run(live(agent, home, clock, 2.1))
        thinks = agent.thinks
        agent.announce(AnnouncedLoad(name="sauna", start=clock.now(), over=timedelta(hours=2), energy_kwh=12.0))
        asyncio.run(agent.tick())
        assert agent.thinks == thinks + 1
        assert agent.thought is not None
        assert agent.thought.expected_net_kw(1) > 5.0
        sent = len(home.commands)
        agent.reconsider()  # a person gave a device back
        asyncio.run(agent.tick())
        assert len(agent.decisions) > 1
        assert agent.decisions[-1].at == clock.now()
        assert len(home.commands) >= sent


def test_a_safe_state_comes_as_soon_as_on_a_machine_at_ease(tmp_path: Path) -> None:
    rounds = {}
    for name, machine in {"ease": EASE, "worst": WORST}.items():
        (tmp_path / name).mkdir()
        with agent_on([machine], tmp_path / name) as (agent, home, clock):
            asyncio.run(live(agent, home, clock, 2))
            home.hidden = frozenset({"soc_kwh"})
            rounds[name] = 0
            while not isinstance(home.commands[-1].instruction, SafeState):
                asyncio.run(live(agent, home, clock, METER_STEP / timedelta(hours=1)))
                rounds[name] += 1
    assert rounds["worst"] == rounds["ease"]


def test_a_strained_machine_forecasts_smaller_and_says_so(tmp_path: Path) -> None:
    """The recent days do where a plan has merely grown old; what a person does is worth the students."""
    machine = [EASE]
    fixed = GovernorRules(every=timedelta(hours=1))
    with agent_on(machine, tmp_path, LearningRules(train_every=None), governor=fixed) as (agent, home, clock):
        asyncio.run(live(agent, home, clock, 0.25))
        assert forecasters_of_new_thinks(agent, home, clock, 3) == {"starter-30"}
        machine[0] = MachineState(on_battery=True, battery=0.34)
        assert forecasters_of_new_thinks(agent, home, clock, 3) == {"floor-1"}
        told = View(agent).health()["machine"]
        assert isinstance(told, dict)
        assert told["told"] == "on battery at 34 %: thinking less, training waits"
        agent.announce(AnnouncedLoad(name="sauna", start=clock.now(), over=timedelta(hours=2), energy_kwh=12.0))
        asyncio.run(agent.tick())
        assert agent.thought is not None
        assert agent.thought.problem.scenarios.model_id == "starter-30"
        machine[0] = EASE
        assert forecasters_of_new_thinks(agent, home, clock, 3) == {"starter-30"}


def test_a_plan_says_what_comes_after_a_glance_only_well_before_its_end(tmp_path: Path) -> None:
    with agent_on([EASE], tmp_path) as (agent, home, clock):
        asyncio.run(live(agent, home, clock, 0.25))
        thought = agent.thought
        assert thought is not None
        end, step = thought.plan.grid.end, thought.plan.grid.step
        assert cost_at(thought, end - BEYOND, step) is not None
        assert cost_at(thought, end - BEYOND + step, step) is None
        assert cost_at(thought, thought.plan.grid.start - step, step) is None


def test_a_training_begins_on_the_homes_own_sun(tmp_path: Path, taught: list[Request]) -> None:
    """It is due at midnight, and waits for PV to be left over."""
    with agent_on([EASE], tmp_path, LearningRules(), past=timedelta(days=30)) as (agent, home, clock):
        learner = agent.learner
        assert learner is not None
        asyncio.run(live(agent, home, clock, 2))
        assert "a training waits: PV surplus, expected at " in learner.reason
        while "waits" in learner.reason and clock.now() < START + timedelta(days=1):
            asyncio.run(live(agent, home, clock, METER_STEP / timedelta(hours=1)))
        began = clock.now()
        asyncio.run(live(agent, home, clock, 1.1))
        assert len(taught) == 1
        assert timedelta(hours=6) < began - START < timedelta(hours=18)
        slot = agent.last_slot
        assert slot is not None
        assert slot.pv_kw > slot.load_kw


def test_a_training_begins_without_a_think_once_the_machine_is_at_ease(tmp_path: Path, taught: list[Request]) -> None:
    machine = [WORST]
    with agent_on(machine, tmp_path, LearningRules(), past=timedelta(days=30)) as (agent, home, clock):
        asyncio.run(live(agent, home, clock, 13 + METER_STEP / timedelta(hours=1)))  # past noon, after the hour's think
        thinks, machine[0] = agent.thinks, EASE
        asyncio.run(live(agent, home, clock, 0.75))
        assert len(taught) == 1
        assert agent.thinks == thinks


def test_a_training_made_by_hand_meanwhile_is_not_waited_for(tmp_path: Path, taught: list[Request]) -> None:
    with agent_on([WORST], tmp_path, LearningRules(), past=timedelta(days=30)) as (agent, home, clock):
        learner = agent.learner
        assert learner is not None
        asyncio.run(live(agent, home, clock, 1))
        assert "a training waits" in learner.reason
        learner._schooling.last = clock.now()  # noqa: SLF001 - as taking up the files of a training by hand does
        asyncio.run(live(agent, home, clock, 0.5))
        assert "a training waits" not in learner.reason
        assert taught == []


def test_what_guards_a_device_knows_nothing_of_the_machine() -> None:
    """The guard loop, the control of devices and the link cannot be slowed by what they do not know."""
    source = Path(homeagent.__file__).parent
    guards = [*source.glob("control/*.py"), *source.glob("hass/*.py"), source / "agent/live/driver.py"]
    assert len(guards) > 10
    for path in guards:
        assert not {"effort", "host_state", "HostWatch", "patience="} & {*re.findall(r"[\w=]+", path.read_text())}, path
