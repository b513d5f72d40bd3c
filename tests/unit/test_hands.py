"""A hand on the thermostat is seen, and a thermostat that answers late or rounds is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from homeagent.agent.devices.hands import Hands
from homeagent.domain.command import SetSwitch, SetTemperature
from homeagent.domain.devices import DeviceState

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
