"""What a restart goes on with: the same plan, without thinking; and nothing where it does not fit."""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

import homeagent
from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.thinking import Thought
from homeagent.domain.inverter import InverterCapability
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that may be set."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


def agent_of(home: SimulatedHome, clock: Clock, store: Store, **changes: object) -> Agent:
    setup = Setup(
        site=home.site,
        capability=InverterCapability(),
        mode="control",
        observation_step=METER_STEP,
        replayable=True,
    )
    agent = Agent(replace(setup, **changes), home, home, store, clock)  # type: ignore[arg-type] # names from below
    agent.resume()
    return agent


async def live(agent: Agent, home: SimulatedHome, clock: Clock, rounds: int) -> None:
    for _ in range(rounds):
        await agent.tick()
        home.advance()
        clock.at += METER_STEP


@pytest.fixture
def lived(tmp_path: Path) -> tuple[Path, SimulatedHome, Clock, Thought]:
    """Give a home whose agent was killed two hours and a half after its start, and its last thought."""
    home, clock = SimulatedHome(1, START), Clock()
    store = Store.open(tmp_path / "a.db")
    agent = agent_of(home, clock, store)
    asyncio.run(live(agent, home, clock, 30))
    store._connection.close()  # noqa: SLF001 - as a kill: nothing that waits is written
    os.close(store._lock)  # noqa: SLF001 - as above
    assert agent.thought is not None
    return tmp_path / "a.db", home, clock, agent.thought


def same(one: Thought, other: Thought) -> None:
    assert one.solution is not None
    assert other.solution is not None
    assert np.array_equal(one.solution.value.cost_to_come, other.solution.value.cost_to_come)
    assert one.plan.policies == other.plan.policies
    assert one.plan.reason == other.plan.reason
    assert [asdict(price) for price in one.solution.prices] == [asdict(price) for price in other.solution.prices]
    for mine, kept in zip(one.solution.nets, other.solution.nets, strict=True):
        assert np.array_equal(mine.load_kw, kept.load_kw)
    for slot in range(one.plan.grid.count):
        assert one.solution.reason(one.problem, slot) == other.solution.reason(other.problem, slot)
    (load, pv), (kept_load, kept_pv) = one.forecasts(), other.forecasts()
    assert np.array_equal(load.mean_kw, kept_load.mean_kw)
    assert np.array_equal(pv.high_kw, kept_pv.high_kw)


def test_a_killed_agent_goes_on_with_its_plan_without_a_think(
    lived: tuple[Path, SimulatedHome, Clock, Thought],
) -> None:
    path, home, clock, thought = lived
    with Store.open(path) as store:
        agent = agent_of(home, clock, store)
        assert agent.thought is not None
        same(thought, agent.thought)
        asyncio.run(live(agent, home, clock, 1))
        assert agent.thinks == 0
        decision = agent.decisions[-1]
        assert decision.plan_digest == thought.plan.problem_digest
        assert decision.policy == thought.plan.policy_at(decision.at)
        asyncio.run(live(agent, home, clock, 12 * 12))
        assert 1 <= agent.thinks <= 6  # as the governor goes on by itself


def damage(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE kept_state SET content = substr(content, 1, length(content) / 2)")


def damage_quietly(connection: sqlite3.Connection) -> None:
    """Change the content and its checksum."""
    connection.execute("UPDATE kept_state SET content = zeroblob(50)")


def other_release(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE kept_state SET version = '1 0.0.1'")


def lost_problem(connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM problems")


def broken_problem(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE problems SET content = x'00'")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (damage, "damaged"),
        (damage_quietly, "damaged"),
        (other_release, "another release"),
        (lost_problem, "is not kept"),
        (broken_problem, "damaged"),
    ],
)
def test_what_cannot_be_trusted_is_left_alone_and_said(
    lived: tuple[Path, SimulatedHome, Clock, Thought],
    change: Callable[[sqlite3.Connection], None],
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path, home, clock, _ = lived
    with sqlite3.connect(path) as connection:
        change(connection)
    connection.close()
    caplog.set_level(logging.INFO)
    with Store.open(path) as store:
        agent = agent_of(home, clock, store)
        assert agent.thought is None
        asyncio.run(live(agent, home, clock, 1))
        assert agent.thinks == 1
    assert len([record for record in caplog.records if words in record.message]) == 1


def test_another_configuration_another_time_and_another_release_think_anew(
    lived: tuple[Path, SimulatedHome, Clock, Thought], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, home, clock, _ = lived
    with Store.open(path) as store:
        battery = replace(home.site.battery, capacity_kwh=home.site.battery.capacity_kwh + 1)
        assert agent_of(home, clock, store, site=replace(home.site, battery=battery)).thought is None
        assert agent_of(home, clock, store, capability=InverterCapability(control="modes")).thought is None
        assert agent_of(home, clock, store, mode="advise").thought is None
        lived_at = clock.at
        for clock.at in (lived_at - 3 * HOUR, lived_at + 25 * HOUR):
            assert agent_of(home, clock, store).thought is None
        clock.at = lived_at
        assert agent_of(home, clock, store).thought is not None
        monkeypatch.setattr(homeagent, "__version__", "99.0")
        assert agent_of(home, clock, store).thought is None


def test_prices_that_say_the_same_are_no_news_and_others_are(
    lived: tuple[Path, SimulatedHome, Clock, Thought],
) -> None:
    path, home, clock, _ = lived
    with Store.open(path) as store:
        agent = agent_of(home, clock, store)
        known = next(iter(store.prices_since(clock.at - HOUR)))
        assert agent.prices.knows(known, clock.at)
        dearer = replace(known, import_per_kwh=known.import_per_kwh + 0.01)
        assert not agent.prices.knows(dearer, clock.at)
        assert agent.prices.knows(dearer, known.grid.end)  # what is over changes nothing
        longer = replace(known, grid=replace(known.grid, start=known.grid.end + 10 * HOUR))
        assert not agent.prices.knows(longer, clock.at)
