"""Devices that profiles fit: what is steered is written out, what only the household can complete is offered."""

from __future__ import annotations

from pathlib import Path

import pytest
from surveys import NOW, Home

from homeagent.agent.discovery.understanding import understand
from homeagent.agent.discovery.yaml_text import config_text, write_config
from homeagent.config import load_config
from homeagent.config.profile import Profile
from homeagent.config.profile_files import load_profiles
from homeagent.domain.discovery import FoundDevice


@pytest.fixture(scope="module")
def profiles() -> list[Profile]:
    return load_profiles()


def home() -> Home:
    home = Home()
    home.devices["inverter"] = FoundDevice(id="inverter", name="SolaX")
    home.power("sensor.solax_measured_power", {"grid": -1}, device_id="inverter")
    home.power("sensor.solax_pv_power_total", "pv", device_id="inverter")
    home.power("sensor.solax_battery_power_charge", {"battery": -1}, device_id="inverter")
    home.soc("sensor.solax_battery_capacity", device_id="inverter")
    home.counter("sensor.in", "grid+", device_id="inverter")
    home.counter("sensor.out", "grid-", device_id="inverter")
    home.energy = {
        "energy_sources": [{"type": "grid", "stat_energy_from": "sensor.in", "stat_energy_to": "sensor.out"}]
    }
    for name in (
        "select.solax_remotecontrol_power_control",
        "number.solax_remotecontrol_active_power",
        "number.solax_remotecontrol_autorepeat_duration",
        "button.solax_remotecontrol_trigger",
    ):
        home.show(name, "0", platform="solax_modbus", device_id="inverter")
    home.show("number.goe_012345_amp", 16, "A", platform="goecharger_api2", device_id="car")
    home.show("select.goe_012345_frc", "0", platform="goecharger_api2", device_id="car", options=["0", "1", "2"])
    home.show("climate.living_room", "heat", platform="generic_thermostat", max_temp=28)
    home.prices()
    return home


def test_a_battery_with_a_profile_is_written_out(profiles: list[Profile]) -> None:
    battery = understand(home().survey(), {}, profiles).values["battery"]
    assert battery["profile"] == "solax_modbus"
    assert battery["entities"]["trigger"] == "button.solax_remotecontrol_trigger"


def test_automations_that_touch_what_would_be_steered_are_named(profiles: list[Profile]) -> None:
    found = home()
    found.related = {"select.solax_remotecontrol_power_control": ("automation.night_charging",)}
    warned = [one.text for one in understand(found.survey(), {}, profiles).findings if one.kind == "warning"]
    assert any("automation.night_charging" in text for text in warned)


def test_a_disabled_entity_that_a_profile_needs_is_named(profiles: list[Profile]) -> None:
    found = home()
    found.show("button.solax_remotecontrol_trigger", "", platform="solax_modbus", device_id="inverter", disabled=True)
    understood = understand(found.survey(), {}, profiles)
    assert "profile" not in understood.values["battery"]
    remedies = [one.remedy for one in understood.findings if one.topic == "steering"]
    assert any("enable button.solax_remotecontrol_trigger" in (remedy or "") for remedy in remedies)


def test_what_else_can_be_switched_is_offered_in_comments_that_are_right(
    profiles: list[Profile], tmp_path: Path
) -> None:
    text = config_text(understand(home().survey(), {}, profiles), "http://homeassistant.local:8123", NOW)
    start = text.index("# What else can be switched")
    offered = [line.removeprefix("# ") for line in text[start:].splitlines()[1:]]
    path = tmp_path / "config.yaml"
    write_config(path, text[:start] + "\n".join(offered) + "\n", "token")
    config = load_config(path)
    assert config.wiring is not None
    assert {device.name: device.kind for device in config.wiring.devices} == {
        "battery": "battery",
        "goe_012345_amp": "charger",
        "living_room": "thermostat",
    }
