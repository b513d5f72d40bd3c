"""Clocks that jump, machines that slept, days of 23 and 25 hours: what the agent does then is bounded and stated."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from homeagent.agent.agent import Agent
from homeagent.agent.given import Setup
from homeagent.domain.grid import slot_start
from homeagent.domain.inverter import InverterCapability
from homeagent.simulation.simulated_home import METER_STEP, SimulatedHome
from homeagent.store import Store

START = datetime(2025, 4, 6, 22, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Clock:
    """A clock that may be set."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at


class Life:
    """An agent and a home, whose clocks may part."""

    def __init__(self, store: Store, start: datetime = START) -> None:
        self.home, self.clock = SimulatedHome(1, start), Clock(start)
        setup = Setup(site=self.home.site, capability=InverterCapability(), mode="control", observation_step=METER_STEP)
        self.agent = Agent(setup, self.home, self.home, store, self.clock)

    def live(self, span: timedelta) -> None:
        async def rounds() -> None:
            for _ in range(span // METER_STEP):
                await self.agent.tick()
                self.home.advance()
                self.clock.at += METER_STEP

        asyncio.run(rounds())

    def wakes(self) -> list[str]:
        return [decision.wake for decision in self.agent.decisions if decision.wake is not None]


@pytest.mark.parametrize(("jump", "reason"), [(HOUR, None), (-HOUR, "the clock went back")])
def test_a_clock_that_jumps_costs_one_think_and_control_goes_on(
    tmp_path: Path, jump: timedelta, reason: str | None
) -> None:
    with Store.open(tmp_path / "a.db") as store:
        life = Life(store)
        life.live(6 * HOUR + METER_STEP)
        thinks, settled = life.agent.thinks, len(list(store.settled_since(START)))
        life.clock.at += jump
        asyncio.run(life.agent.tick())
        thought_anew = life.agent.thinks - thinks
        assert thought_anew <= 1
        if reason is not None:  # an hour ahead the plan may do as it is
            assert thought_anew == 1
            assert life.wakes()[-1] == reason
        decision, thought = life.agent.decisions[-1], life.agent.thought
        assert thought is not None
        assert decision.at == life.clock.at
        assert decision.policy == thought.plan.policy_at(life.clock.at)
        asyncio.run(life.agent.tick())
        assert life.agent.thinks == thinks + thought_anew
        assert len(list(store.settled_since(START))) <= settled + 1  # of what nobody measured nothing is settled


def test_a_machine_that_was_suspended_for_a_day_thinks_once_and_makes_nothing_up(tmp_path: Path) -> None:
    """The home went on meanwhile; nobody measured it."""
    with Store.open(tmp_path / "a.db") as store:
        life = Life(store)
        life.live(6 * HOUR)
        thinks, decisions = life.agent.thinks, len(life.agent.decisions)
        asleep = life.clock.at
        for _ in range(DAY // METER_STEP):
            life.home.advance()
        life.home.readings()
        life.home.advance()
        life.clock.at = life.home.now
        asyncio.run(life.agent.tick())
        assert life.agent.thinks == thinks + 1
        assert len(life.agent.decisions) == decisions + 1
        assert life.wakes()[-1] == "the plan has ended"
        life.live(HOUR)
        settled = [slot.start for slot, _ in store.settled_since(START)]
        assert not [at for at in settled if asleep < at < asleep + DAY]
        assert max(settled) > asleep + DAY


def test_a_clock_that_jumps_to_and_fro_keeps_thinks_bounded(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        life = Life(store)
        life.live(2 * HOUR)
        thinks = life.agent.thinks
        for _ in range(10):
            for jump in (HOUR, -HOUR):
                life.clock.at += jump
                for _ in range(5):
                    asyncio.run(life.agent.tick())
        assert life.agent.thinks - thinks <= 20


@pytest.mark.parametrize(("day", "hours"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25), (date(2025, 4, 9), 24)])
def test_each_slot_of_a_daylight_saving_day_is_decided(tmp_path: Path, day: date, hours: int) -> None:
    with Store.open(tmp_path / "a.db") as store:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC) - 6 * HOUR
        life = Life(store, start)
        life.live(36 * HOUR)
        zone = life.home.site.timezone
        assert zone.key == "Europe/Berlin"
        decided = [one.at for one in life.agent.decisions if one.at.astimezone(zone).date() == day]
        slots = {slot_start(at, life.agent.plan_step) for at in decided}
        assert len(slots) == hours * round(HOUR / life.agent.plan_step)
        assert len(decided) == len(set(decided)) <= len(slots) + life.agent.thinks
        assert life.agent.thinks <= 36 + 4
