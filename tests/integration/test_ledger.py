"""From a decision to its ledger entry and back: what was told, why, what came of it, and the same plan again."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.replay import replay
from homeagent.cli import main
from homeagent.domain.command import Command, CommandResult, Confirmed, Failed, SetMode, SetSwitch, Skipped
from homeagent.domain.errors import InputError, StoreError
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.wiring import Timetable
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store
from homeagent.store.ledger import ledger
from homeagent.store.problems import problem_bytes, problem_of

START = datetime(2025, 4, 6, 22, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at


def lived(path: Path, hours: float, *timetables: Timetable) -> Agent:
    """Run a simulated home for some hours with a store on disk."""
    home, clock = SimulatedHome(1, START), Clock()
    setup = Setup(
        site=home.site,
        capability=InverterCapability(control="modes"),
        mode="control",
        observation_step=METER_STEP,
        timetables=timetables,
        replayable=True,
    )

    async def run(agent: Agent) -> None:
        for _ in range(round(timedelta(hours=hours) / METER_STEP)):
            await agent.tick()
            home.advance()
            clock.at += METER_STEP

    with Store.open(path) as store:
        agent = Agent(setup, home, home, store, clock)
        asyncio.run(run(agent))
    return agent


def test_every_command_is_in_the_ledger_with_all_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    agent = lived(path, 6)
    entries = ledger(path, 100)
    sent = [d for d in agent.decisions if isinstance(d.result, Confirmed)]
    assert [entry.at for entry in entries] == [decision.at for decision in sent]
    assert all(entry.why and entry.forecast and entry.plan and entry.outcome == "Confirmed" for entry in entries)
    assert [entry.decision for entry in entries] == sorted({entry.decision for entry in entries if entry.decision})
    done = CliRunner().invoke(main, ["ledger", "--store", str(path), "--json", "--last", "2"])
    assert [json.loads(line)["device"] for line in done.output.splitlines()] == ["battery"] * 2
    told = CliRunner().invoke(main, ["ledger", "--store", str(path)]).output
    assert "outcome  Confirmed" in told
    assert "expected load" in told


def test_a_proof_is_kept_when_a_person_ends_the_command(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        command = Command(
            device="battery",
            instruction=SetMode(mode="hold"),
            issued_at=START,
            valid_until=START + timedelta(hours=1),
            reason="test",
        )
        store.write_command(command)
        store.write_outcome(Confirmed(command=command, proof="battery at 0 kW"), START + timedelta(seconds=3))
        store.write_outcome(Skipped(command=command, reason="a person acted"), START + timedelta(seconds=90))
    (entry,) = ledger(tmp_path / "a.db", 5)
    assert (entry.outcome, entry.proof, entry.proved_after_s) == ("Confirmed", "battery at 0 kW", 3.0)
    assert entry.ended_by == "a person acted"


def test_a_stored_decision_gives_the_same_plan(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    lived(path, 4)
    for entry in ledger(path, 100):
        assert entry.decision is not None
        again = replay(path, entry.decision)
        assert again.differences == ()
        assert again.plan.problem_digest == entry.plan
    done = CliRunner().invoke(main, ["replay", "1", "--store", str(path)])
    assert (done.exit_code, "The same plan, from the same inputs" in done.output) == (0, True)


def test_a_plan_that_comes_out_otherwise_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    lived(path, 1)
    with closing(sqlite3.connect(path)) as db, db:
        (content,) = db.execute("SELECT content FROM plans").fetchone()
        db.execute("UPDATE plans SET content = ?", (json.dumps(json.loads(content) | {"expected_cost": 99.0}),))
    done = CliRunner().invoke(main, ["replay", "1", "--store", str(path)])
    assert done.exit_code == 1
    assert "instead of 99.0000" in done.output


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    lived(path, 0.5)
    with pytest.raises(InputError, match="see homeagent ledger for the numbers"):
        replay(path, 4711)
    with pytest.raises(StoreError, match="name the store that homeagent run writes"):
        ledger(tmp_path / "none.db", 5)


def test_a_problem_is_kept_without_loss(tmp_path: Path) -> None:
    thought = lived(tmp_path / "a.db", 0.5).thought
    assert thought is not None
    assert problem_of(problem_bytes(thought.problem)).digest() == thought.problem.digest()


def test_devices_with_fixed_hours_are_told_when_the_hour_comes(tmp_path: Path) -> None:
    entries = ((0, SetSwitch(on=False)), (90, SetSwitch(on=True)), (210, SetSwitch(on=False)))
    agent = lived(tmp_path / "a.db", 5, Timetable(device="boiler", entries=entries, rated_kw=2.0))
    zone = agent.site.timezone
    told = [e for e in ledger(tmp_path / "a.db", 200) if e.device == "boiler"]
    changes = [(e.at.astimezone(zone).strftime("%H:%M"), e.told) for e in told]
    assert changes[0][1] == "off"
    assert ("01:30", "on") in changes
    assert ("03:30", "off") in changes
    thought = agent.thought
    assert thought is not None


def test_what_the_agent_switches_is_expected_but_not_learned(tmp_path: Path) -> None:
    """A boiler from 12 to 14 stands in the plan as announced, while the household's own load stays what it was."""
    noon = Timetable(device="boiler", entries=((720, SetSwitch(on=True)), (840, SetSwitch(on=False))), rated_kw=2.0)
    plain, boiling = lived(tmp_path / "a.db", 2), lived(tmp_path / "b.db", 2, noon)
    assert plain.thought is not None
    assert boiling.thought is not None
    grid = plain.thought.problem.scenarios.grid
    more_kw = boiling.thought.problem.scenarios.load_kw - plain.thought.problem.scenarios.load_kw
    for slot, at in enumerate(grid.starts()):
        on = 12 <= at.astimezone(plain.site.timezone).hour < 14
        assert abs(more_kw[:, slot] - (2.0 if on else 0.0)).max() < 0.002


def test_a_restart_takes_up_commands_prices_and_books(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    before = lived(path, 30)
    home, clock = SimulatedHome(1, START), Clock()
    clock.at = START + timedelta(hours=30)
    with Store.open(path) as store:
        agent = Agent(before.setup, home, home, store, clock)
        agent.resume()
        assert agent.commands_in_force == before.commands_in_force
        assert agent.prices.at(clock.at - timedelta(hours=1)) == before.prices.at(clock.at - timedelta(hours=1))
        assert agent.day_book is not None
        assert before.day_book is not None
        assert [entry.day for entry in agent.day_book.entries] == [entry.day for entry in before.day_book.entries]
        today, kept = agent.day_book.today(), before.day_book.today()
        assert today is not None
        assert kept is not None
        assert today.cost == pytest.approx(kept.cost)
        assert today.cost_rule == pytest.approx(kept.cost_rule)


def test_a_command_that_failed_is_not_taken_up(tmp_path: Path) -> None:
    at = START
    with Store.open(tmp_path / "a.db") as store:
        for device in ("one", "two", "three"):
            command = Command(
                device=device,
                instruction=SetMode(mode="hold"),
                issued_at=at,
                valid_until=at + timedelta(hours=1),
                reason="test",
            )
            store.write_command(command)
            outcomes: dict[str, CommandResult] = {
                "one": Failed(command=command, reason="no effect"),
                "two": Skipped(command=command, reason="a person acted"),
                "three": Confirmed(command=command),
            }
            store.write_outcome(outcomes[device], at)
        assert [command.device for command in store.commands_in_force(at)] == ["three"]
        assert store.devices_left(at) == []
        assert store.commands_in_force(at + timedelta(hours=2)) == []
        assert store.devices_left(at + timedelta(hours=2)) == ["three"]
