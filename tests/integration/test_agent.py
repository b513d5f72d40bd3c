"""The agent's round under odd conditions: modes, gaps, a clock that jumps, a link that fails."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.view import View
from homeagent.domain.command import AgentMode, Command, CommandResult, Failed, SafeState, SetMode, Skipped
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.readings import Reading
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store

START = datetime(2025, 4, 6, 22, tzinfo=UTC)


class Clock:
    """A clock that may be set."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


class Home(SimulatedHome):
    """A simulated home whose link can be made to fail, and whose readings can be hidden."""

    def __init__(self) -> None:
        super().__init__(1, START)
        self.commands: list[Command] = []
        self.hidden: frozenset[str] = frozenset()
        self.broken = False

    def readings(self) -> list[Reading]:
        return [
            Reading(entity=reading.entity, at=reading.at, value=None, reason="unavailable")
            if reading.entity in self.hidden
            else reading
            for reading in super().readings()
        ]

    async def send(self, command: Command) -> CommandResult:
        self.commands.append(command)
        return Failed(command=command, reason="no answer") if self.broken else await super().send(command)


async def live(agent: Agent, home: Home, clock: Clock, hours: float) -> None:
    for _ in range(round(timedelta(hours=hours) / METER_STEP)):
        await agent.tick()
        home.advance()
        clock.at += METER_STEP


def agent_of(home: Home, clock: Clock, store: Store, mode: AgentMode = "control", control: str = "continuous") -> Agent:
    capability = InverterCapability(control="modes" if control == "modes" else "continuous")
    setup = Setup(
        site=home.site,
        capability=capability,
        mode=mode,
        observation_step=METER_STEP,
        minimum_hold=timedelta(hours=2),
    )
    return Agent(setup, home, home, store, clock)


@pytest.mark.parametrize(("mode", "decided"), [("observe", 0), ("advise", 12)])
def test_without_control_nothing_is_sent(tmp_path: Path, mode: AgentMode, decided: int) -> None:
    """Advice is decided like control; an observer only measures and settles."""
    home, clock = Home(), Clock()
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store, mode)
        asyncio.run(live(agent, home, clock, 12))
        assert store.db.table("commands").count == 0
        assert store.last_reading_at() is not None
    assert home.commands == []
    assert agent.day_book is not None
    assert len(agent.decisions) == decided
    assert all(isinstance(decision.result, Skipped) for decision in agent.decisions)


def test_without_a_state_of_charge_the_battery_is_made_safe_once_and_the_page_says_so(tmp_path: Path) -> None:
    home, clock = Home(), Clock()
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 3))
        home.hidden = frozenset({"soc_kwh"})
        asyncio.run(live(agent, home, clock, 2))
        sent = len(home.commands)
        assert isinstance(home.commands[-1].instruction, SafeState)
        asyncio.run(live(agent, home, clock, 6))
        assert len(home.commands) == sent
        assert View(agent).health()["ok"] is False
        home.hidden = frozenset()
        asyncio.run(live(agent, home, clock, 2))
        assert View(agent).health()["ok"] is True
        assert len(home.commands) > sent


def test_a_missing_meter_is_no_saving_and_no_crash(tmp_path: Path) -> None:
    home, clock = Home(), Clock()
    home.hidden = frozenset({"grid_kw"})
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 6))
    assert agent.day_book is None
    assert agent.thinks > 0


def test_a_clock_that_jumps_is_lived_with(tmp_path: Path) -> None:
    home, clock = Home(), Clock()
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 3))
        clock.at -= timedelta(hours=2)
        asyncio.run(agent.tick())
        assert agent.thought is not None
        assert agent.thought.plan.grid.start <= clock.at
        clock.at += timedelta(days=400)
        asyncio.run(agent.tick())
        clock.at = home.now
        asyncio.run(live(agent, home, clock, 2))
        assert agent.decisions[-1].at > START + timedelta(hours=3)


def test_a_link_that_fails_is_tried_again_with_the_next_slot(tmp_path: Path) -> None:
    home, clock = Home(), Clock()
    home.broken = True
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 4))
        assert len(home.commands) == 4  # once a slot, no storm
        assert store.db.table("commands").count == 4
    assert all(isinstance(decision.result, Failed) for decision in agent.decisions)


def test_a_mode_is_kept_for_its_minimum_time(tmp_path: Path) -> None:
    home, clock = Home(), Clock()
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store, control="modes")
        asyncio.run(live(agent, home, clock, 72))
    modes = [(c.issued_at, c.instruction.mode) for c in home.commands if isinstance(c.instruction, SetMode)]
    changes = [at for (at, mode), (_, before) in zip(modes[1:], modes, strict=False) if mode != before]
    assert len(changes) > 2
    assert all(later - earlier >= timedelta(hours=2) for earlier, later in itertools.pairwise(changes))
