"""A configuration held against what a Home Assistant says of itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from unit.test_wiring import HOME, STEERING, wiring

from homeagent.hass.entities import EntityState
from homeagent.hass.inspection import HomeAssistantFacts, inspect, version_of


def state(entity: str, value: str = "1", unit: str | None = None, **more: Any) -> EntityState:  # noqa: ANN401 - JSON
    attributes = more | ({} if unit is None else {"unit_of_measurement": unit})
    return EntityState(
        entity_id=entity, state=value, attributes=attributes, updated_at=datetime(2025, 1, 1, tzinfo=UTC)
    )


def facts(*changed: EntityState, version: str = "2025.4.4") -> HomeAssistantFacts:
    options = ["auto", "charge", "discharge", "hold"]
    there = [
        state("sensor.grid", unit="W", device_class="power"),
        state("sensor.roof", unit="kWh", device_class="energy"),
        state("sensor.shed", unit="W"),
        state("sensor.battery", unit="kW", device_class="power"),
        state("sensor.soc", "50", "%", device_class="battery"),
        state("sensor.price", "0.3", "EUR/kWh"),
        state("select.mode", "auto", options=options),
        state("number.power", "0", "W", min=0, max=5000),
        state("button.apply", "unknown"),
        *changed,
    ]
    return HomeAssistantFacts(
        version=version,
        timezone="Europe/Berlin",
        currency="EUR",
        states={found.entity_id: found for found in there},
        actions=frozenset({"vendor.force", "select.select_option"}),
    )


def told(folder: Path, found: HomeAssistantFacts, text: str = HOME + STEERING) -> list[str]:
    return [str(issue) for issue in inspect(wiring(folder, text), found)]


def test_a_home_that_fits_has_no_issue(tmp_path: Path) -> None:
    assert told(tmp_path, facts()) == []


DEVICES = """
ev: {max_charge_kw: 11, capacity_kwh: 60, soc: sensor.car_soc, plugged: sensor.charger_status}
water_heater: {litres: 200, rated_kw: 2, temperature: sensor.tank}
home: {outdoor: sensor.outdoor}
"""


def test_what_says_how_devices_stand_is_there_in_a_unit_that_it_can_have(tmp_path: Path) -> None:
    right = [
        state("sensor.car_soc", "40", "%"),
        state("sensor.charger_status", "charging"),
        state("sensor.tank", "120", "°F"),
        state("sensor.outdoor", "3", "°C"),
    ]
    text = HOME + STEERING + DEVICES
    assert told(tmp_path, facts(*right), text) == []
    wrong = [state("sensor.car_soc", "40"), state("sensor.tank", "50", "K"), state("sensor.charger_state", "charging")]
    soc, plugged, tank, outdoor = told(tmp_path, facts(*wrong), text)
    assert soc.startswith("car.soc: sensor.car_soc has no unit, so nobody knows what it measures; name an entity in %")
    assert plugged.startswith(
        "car.plugged: sensor.charger_status does not exist in Home Assistant; did you mean sensor.c"
    )
    assert tank.startswith("hot_water.temperature: sensor.tank has the unit K")
    assert outdoor.startswith("home.outdoor: sensor.outdoor does not exist")


@pytest.mark.parametrize(("version", "old"), [("2025.3.4", True), ("2024.12.0", True), ("2026.1.0b2", False)])
def test_a_release_that_is_too_old_is_named_with_the_lowest(tmp_path: Path, version: str, *, old: bool) -> None:
    issues = told(tmp_path, facts(version=version))
    assert bool(issues) is old
    assert not old or f"Home Assistant {version} is too old; update it to 2025.4 or later" in issues[0]


def test_versions_compare_as_numbers() -> None:
    assert version_of("2025.10.1") > version_of("2025.4.4")
    assert version_of("dev") == (0,)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (state("sensor.grid", unit="A"), "has the unit A, which is none of a power"),
        (state("sensor.grid"), "has no unit"),
        (state("sensor.grid", unit="W", device_class="apparent_power"), "device class apparent_power"),
        (state("sensor.soc", unit="V"), "none of a state of charge"),
        (state("select.mode", options=["auto", "force"]), "has no option 'charge'; it has auto, force"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changed: EntityState, words: str) -> None:
    assert any(words in issue for issue in told(tmp_path, facts(changed)))


def test_what_is_unavailable_is_judged_when_it_comes(tmp_path: Path) -> None:
    assert told(tmp_path, facts(state("sensor.grid", "unavailable"), state("select.mode", "unavailable"))) == []


def test_missing_entities_and_actions_come_with_near_names(tmp_path: Path) -> None:
    text = HOME.replace("sensor.grid", "sensor.gird") + STEERING.replace("vendor.force", "vendor.froce")
    issues = told(tmp_path, facts(), text)
    assert any("sensor.gird does not exist in Home Assistant; did you mean sensor.grid" in issue for issue in issues)
    assert any("vendor.froce is no action of Home Assistant; did you mean vendor.force" in issue for issue in issues)


def test_one_entity_for_two_things_is_found(tmp_path: Path) -> None:
    text = HOME.replace("sensor.shed", "sensor.grid") + STEERING
    assert any(
        "meters.grid and meters.pv read the same sensor.grid" in issue for issue in told(tmp_path, facts(), text)
    )


def test_one_meter_that_reads_an_entity_twice_is_found(tmp_path: Path) -> None:
    text = HOME.replace("[sensor.roof, sensor.shed]", "[sensor.roof, sensor.roof]") + STEERING
    assert any("meters.pv reads sensor.roof twice" in issue for issue in told(tmp_path, facts(), text))


PROFILE = """  profile: select_and_number
  entities: {mode: select.mode, power: number.power}
"""


def test_the_steps_of_a_profile_are_looked_at_too(tmp_path: Path) -> None:
    mode = state("select.mode", "charge", options=["self_consumption", "charge", "discharge", "wait"])
    issues = told(tmp_path, facts(mode), HOME + PROFILE)
    assert len(issues) == 1
    assert issues[0].startswith("battery.steering.hold[0]: select.mode has no option 'hold'")


def test_a_profiles_entity_that_is_not_there_is_said_once_by_its_role(tmp_path: Path) -> None:
    text = HOME + PROFILE.replace("number.power", "number.powr")
    mode = state("select.mode", "charge", options=["self_consumption", "charge", "discharge", "hold"])
    issues = told(tmp_path, facts(mode), text)
    assert issues == [
        "battery.entities.power: number.powr does not exist in Home Assistant; did you mean number.power?"
    ]


def test_a_profiles_actions_are_looked_for(tmp_path: Path) -> None:
    text = HOME + "  profile: huawei_solar\n  entities: {battery: 1f00}\n"
    issues = told(tmp_path, facts(), text)
    assert {issue.split(":")[0] for issue in issues} == {
        f"battery.steering.{verb}[0]" for verb in ("self_consumption", "charge", "discharge")
    }
    assert "huawei_solar.forcible_charge is no action of Home Assistant" in " ".join(issues)
