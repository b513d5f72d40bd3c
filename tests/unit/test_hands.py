"""A hand on the thermostat is seen, and a thermostat that answers late or rounds is none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from still_home import NOW as STILL
from still_home import StillHome, still_agent

from homeagent.agent.devices.hands import LEFT_FOR, Hands
from homeagent.domain.command import SetSwitch, SetTemperature
from homeagent.domain.devices import DeviceState
from homeagent.store import Store

NOW = datetime(2026, 1, 7, 18, tzinfo=UTC)


def shows(target_c: float | None, minutes: int = 0) -> DeviceState:
    return DeviceState(name="living", at=NOW + timedelta(minutes=minutes), target_c=target_c)


@pytest.mark.parametrize(
    ("told_c", "before_c", "after_c", "hand"),
    [
        (20.0, 20.0, 22.0, True),
        (20.0, 20.0, 18.5, True),
        (20.0, 18.0, 18.0, False),  # it has yet to answer
        (20.0, 18.0, 20.0, False),  # it answers
        (20.0, 20.0, 20.5, False),  # it rounds
        (20.0, 20.0, None, False),
        (20.0, None, 22.0, False),
    ],
)
def test_a_hand_moves_what_was_as_told(
    told_c: float, before_c: float | None, after_c: float | None, *, hand: bool
) -> None:
    hands = Hands()
    hands.told("living", SetTemperature(target_c=told_c))
    assert hands.at_work(shows(before_c), shows(after_c, 5)) == hand


def test_who_was_told_nothing_is_not_overridden() -> None:
    hands = Hands()
    assert not hands.at_work(shows(20.0), shows(22.0, 5))
    hands.told("living", SetTemperature(target_c=20.0))
    hands.told("living", SetSwitch(on=True))
    assert not hands.at_work(shows(20.0), shows(22.0, 5))
    hands.told("living", SetTemperature(target_c=20.0))
    hands.forget("living")
    assert not hands.at_work(shows(20.0), shows(22.0, 5))


class MovedHome(StillHome):
    """The home that stands still, but for what its thermostat shows."""

    shown_c = 19.5
    at = STILL

    def device_states(self) -> list[DeviceState]:
        return [DeviceState(name="living", at=self.at, air_c=20.6, target_c=self.shown_c)]


def test_the_agent_leaves_a_thermostat_to_who_has_set_it(tmp_path: Path) -> None:
    async def live() -> None:
        with Store.open(tmp_path / "home.db", lasting=False) as store:
            agent, home = still_agent(store), MovedHome()
            book, now = agent.devices, STILL
            assert book is not None
            assert agent.thought is not None

            async def round_(minutes: int) -> list[str]:
                home.at = now + timedelta(minutes=minutes)
                before = len(book.decisions)
                book.see(home, agent.thought)
                book.feel(home.at, agent.satisfaction)
                await book.act(home.at, agent.thought, agent.commander, None)
                return [one.device for one in list(book.decisions)[before:]]

            assert "living" in await round_(0)
            told = next(one.instruction for one in book.decisions if one.device == "living")
            assert isinstance(told, SetTemperature)
            home.shown_c = told.target_c
            await round_(5)
            home.shown_c = told.target_c + 2.5
            assert "living" not in await round_(10)
            asked = agent.people.in_force(home.at).of("living")
            assert asked.paused_until == home.at + LEFT_FOR
            assert agent.satisfaction.today.overrides == 1
            assert "living" not in await round_(200)
            assert not agent.people.in_force(home.at + timedelta(hours=1)).of("living").paused

    asyncio.run(live())
