"""Answers that are given in advance are checked before anything is written."""

from __future__ import annotations

import pytest
from surveys import Home

from homeagent.agent.discovery.run import answered, parsed
from homeagent.agent.discovery.understanding import understand
from homeagent.domain.discovery import Answer, Question
from homeagent.domain.errors import InputError


def home() -> Home:
    home = Home()
    home.power("sensor.grid_power", "grid")
    home.power("sensor.battery_power", "battery")
    home.soc()
    home.prices("sensor.price_one")
    home.prices("sensor.price_two")
    return home


def answer(**given: str) -> dict[str, Answer]:
    survey = home().survey()
    return answered({key.replace("__", "."): text for key, text in given.items()}, understand(survey), survey)


def test_they_are_taken_in_the_kind_that_is_asked_for() -> None:
    assert answer(battery__capacity_kwh="9,7", battery__min_soc="0.1", prices__import="sensor.price_two") == {
        "battery.capacity_kwh": 9.7,
        "battery.min_soc": 0.1,
        "prices.import": "sensor.price_two",
    }
    assert answer(prices__import="0.31", meters__load="sensor.grid_power", meters__grid__positive="export") == {
        "prices.import": 0.31,
        "meters.load": "sensor.grid_power",
        "meters.grid.positive": "export",
    }


def test_every_wrong_one_is_named_with_its_remedy() -> None:
    with pytest.raises(InputError) as caught:
        answer(
            battery__capacity_kwh="ten",
            meters__grid="sensor.grid_pover",
            meters__battery__positive="up",
            battery__capacity="10",
            prices__import="much",
        )
    said = {issue.path: (issue.message, issue.remedy) for issue in caught.value.issues}
    assert said["battery.capacity_kwh"] == ("is no number", "give a number")
    assert str(said["meters.grid"][1]).startswith("did you mean sensor.grid_power")
    assert said["meters.battery.positive"][1] == "give one of discharge, charge"
    assert said["battery.capacity"][1] == "did you mean battery.capacity_kwh?"
    assert said["prices.import"][0] == "is no number"


def test_yes_and_no_are_understood() -> None:
    question = Question(key="x", text="?", kind="yes_no")
    assert parsed(question, "Yes") is True
    assert parsed(question, "no") is False
