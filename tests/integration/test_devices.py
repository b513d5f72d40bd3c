"""The agent with every device, in a simulated all-electric home: planned, told, obeyed, kept over a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.agent.replay import replay
from homeagent.agent.view import View
from homeagent.domain.command import Confirmed, SetCharge, SetTemperature, Skipped
from homeagent.domain.decision import DeviceDecision
from homeagent.domain.devices import DeviceState
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import NO_BATTERY
from homeagent.simulation.all_electric import METER_STEP, AllElectricHome
from homeagent.simulation.clock import VirtualClock
from homeagent.store import Store
from homeagent.store.ledger import ledger

START = datetime(2025, 1, 19, 23, tzinfo=UTC)
PAST = timedelta(days=14)
HOUR = timedelta(hours=1)


class Home(AllElectricHome):
    """An all-electric home whose devices' states can be tampered with."""

    def __init__(self) -> None:
        super().__init__(4, START, past=PAST)
        self.tampered: dict[str, dict[str, object]] = {}

    def device_states(self) -> Sequence[DeviceState]:
        return [replace(state, **self.tampered.get(state.name, {})) for state in super().device_states()]  # type: ignore[arg-type]


def agent_of(home: Home, clock: VirtualClock, store: Store, **changes: object) -> Agent:
    setup = Setup(
        site=home.site,
        capability=InverterCapability(),
        mode="control",
        observation_step=METER_STEP,
        devices=home.devices,
        wishes=home.wishes,
        watchful=False,
        replayable=True,
    )
    agent = Agent(replace(setup, **changes), home, home, store, clock, forecasts=home)  # type: ignore[arg-type]
    agent.resume()
    return agent


async def live(agent: Agent, home: Home, clock: VirtualClock, hours: float) -> None:
    for _ in range(round(hours * HOUR / METER_STEP)):
        await agent.tick()
        home.advance()
        clock.advance_to(home.now)


def told(agent: Agent, device: str) -> list[DeviceDecision]:
    assert agent.devices is not None
    return [decision for decision in agent.devices.decisions if decision.device == device]


def test_a_winter_s_day_of_every_device(tmp_path: Path) -> None:
    home, clock = Home(), VirtualClock(START)
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 26))
        assert agent.thought is not None
        assert agent.devices is not None
        assert agent.devices.asking.learned.houses.keys() == {"heating"}
        heating = told(agent, "heating")
        assert all(isinstance(one.result, Confirmed) for one in heating)
        assert {type(one.instruction) for one in heating} == {SetTemperature}
        assert {type(one.instruction) for one in told(agent, "car")} <= {SetCharge}
        assert told(agent, "hot_water")
        assert all(len(one.choice.text) > 20 for one in agent.devices.decisions)
        (day,) = home.truth().days
        assert day.guard_min == 0
        assert sum(one.missed for one in day.departures if one.announced) == 0
        devices = View(agent).devices()["devices"]
        assert isinstance(devices, list)
        assert [one["name"] for one in devices] == [device.name for device in home.devices]
        store.flush()
        entries = [entry for entry in ledger(tmp_path / "a.db", 300) if entry.device == "heating"]
        assert entries[-1].told.endswith("degC")
        number = entries[-1].decision
        assert number is not None
        assert replay(tmp_path / "a.db", number).differences == ()


def test_a_restart_goes_on_with_the_same_plan_and_forgets_nothing_of_the_devices(tmp_path: Path) -> None:
    home, clock = Home(), VirtualClock(START)
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 9.2))
        assert agent.devices is not None
        before = agent.thought
        stays = agent.devices.asking.learned.sessions.of("car")
    assert before is not None
    assert stays
    with Store.open(tmp_path / "a.db") as store:
        again = agent_of(home, clock, store)
        assert again.devices is not None
        assert again.thought is not None
        assert again.thought.plan.problem_digest == before.plan.problem_digest
        assert [one.power_kw.values.tolist() for one in again.thought.plan.devices] == [
            one.power_kw.values.tolist() for one in before.plan.devices
        ]
        assert again.devices.asking.learned.sessions.of("car") == stays
        asyncio.run(live(again, home, clock, 1))
        assert again.devices.asking.learned.houses.keys() == {"heating"}


def test_a_paused_device_is_told_nothing_and_a_boosted_one_runs(tmp_path: Path) -> None:
    home, clock = Home(), VirtualClock(START)
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 2))
        until = {"until": f"{clock.now() + 3 * HOUR:%Y-%m-%dT%H:%M:%SZ}"}
        assert agent.people.ask("pause", "heating", until, clock.now())
        assert agent.people.ask("boost", "hot_water", until, clock.now())
        heard = len(told(agent, "heating"))
        asyncio.run(live(agent, home, clock, 2))
        assert len(told(agent, "heating")) == heard
        newest = told(agent, "hot_water")[-1]
        assert newest.instruction == SetTemperature(target_c=65.0)
        assert newest.choice.text.startswith("a person wants it at full power until")
        asyncio.run(live(agent, home, clock, 3))
        assert len(told(agent, "heating")) > heard
        assert told(agent, "hot_water")[-1].instruction != SetTemperature(target_c=65.0)


@pytest.mark.parametrize(
    ("device", "tampered", "said"),
    [
        ("heating", {"air_c": None}, "heating does not tell the room's temperature: nothing is planned for it"),
        ("hot_water", {"water_c": None}, "hot_water does not tell its temperature: nothing is planned for it"),
        ("heating", {"stale": "shows 19.0 degC for a day"}, "heating shows 19.0 degC for a day: nothing is planned"),
        (
            "car",
            {"plugged": True, "leaves_at": START - HOUR},
            "car: the departure that was told lies in the past, and is left out",
        ),
    ],
)
def test_a_device_that_cannot_be_trusted_is_left_out_and_it_is_said(
    tmp_path: Path, device: str, tampered: dict[str, object], said: str
) -> None:
    home, clock = Home(), VirtualClock(START)
    home.tampered[device] = tampered
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store)
        asyncio.run(live(agent, home, clock, 1.1))
        assert agent.devices is not None
        assert agent.devices.asking.problems[device].startswith(said)
        assert any(problem.startswith(said) for problem in View(agent).degraded())
        others = {"heating", "hot_water"} - {device}
        assert agent.thought is not None
        assert others <= {plan.name for plan in agent.thought.plan.devices}


def test_advice_is_decided_and_nothing_is_told(tmp_path: Path) -> None:
    home, clock = Home(), VirtualClock(START)
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store, mode="advise")
        asyncio.run(live(agent, home, clock, 2))
        assert told(agent, "heating")
        assert all(isinstance(one.result, Skipped) for one in told(agent, "heating"))
        assert store.db.table("commands").count == 0
        assert not home.handed_over


def test_a_home_without_a_battery_plans_its_devices(tmp_path: Path) -> None:
    home, clock = Home(), VirtualClock(START)
    with Store.open(tmp_path / "a.db") as store:
        agent = agent_of(home, clock, store, site=replace(home.site, battery=NO_BATTERY))
        asyncio.run(live(agent, home, clock, 3))
        assert told(agent, "heating")
        assert agent.decisions == type(agent.decisions)()
        assert agent.day_book is not None
