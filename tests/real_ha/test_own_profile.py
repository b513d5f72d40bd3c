"""A profile of one's own, and ours for plain things, through a real Home Assistant that fills in the templates."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from real_ha.agent_config import config_yaml
from real_ha.lab import Lab
from real_ha.rig import rig

from homeagent.config import Config, load_config
from homeagent.domain.command import Confirmed, SetMode, SetSwitch, SetTemperature

PROFILE = """
name: lab_battery
title: The lab's battery with a button
kind: battery
evidence: source
roles:
  mode: {domains: select, why: says what it does}
  power: {domains: number, why: is its power}
  apply: {domains: button, why: sends what was set}
verbs:
  self_consumption: [{set: mode, to: [Automatic, auto]}, {press: apply}]
  charge:
    - {set: mode, to: [Force charge, charge]}
    - {set: power, to: "{{ [power_w, max_charge_w] | min if window_start != window_end else 0 }}"}
    - {press: apply}
  discharge:
    - {set: mode, to: discharge}
    - {action: number.set_value, target: {entity_id: <power>}, data: {value: "{{ power_w }}"}}
    - {press: apply}
  hold: [{set: mode, to: hold}, {press: apply}]
power: {step_w: 100}
answer_seconds: 1
proof: {within_seconds: 5}
safe: its own mode
"""
TOLD = {
    "battery": """  profile: lab_battery
  entities: {mode: select.button_mode, power: number.button_power, apply: button.button_apply}
""",
    "boiler": """    profile: switch
    entities: {switch: switch.boiler}
    steering: {answer_seconds: 1, proof: {within_seconds: 5}}
""",
    "living_room": """    profile: climate
    entities: {thermostat: climate.living_room}
    steering: {answer_seconds: 1, proof: {within_seconds: 5, entity: sensor.heater_power}}
""",
}


def told_by_profiles(lab: Lab, folder: Path) -> Config:
    """Return the lab's usual configuration with a profile in place of each device's steering."""
    text = config_yaml(lab, battery="button")
    blocks = re.compile(r"^(  |    )steering:\n(?:\1 +.*\n)+", re.MULTILINE)
    ways = iter(TOLD.values())
    text = blocks.sub(lambda _: next(ways), text)
    assert "steering:\n" not in text
    (folder / "profiles").mkdir()
    (folder / "profiles" / "lab_battery.yaml").write_text(PROFILE)
    (folder / "config.yaml").write_text(text)
    return load_config(folder / "config.yaml")


def test_each_device_obeys_its_profile(lab: Lab, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with rig(told_by_profiles(lab, tmp_path)) as home:
            for told, watts in (
                (SetMode(mode="charge", power_kw=2.34), -2300),
                (SetMode(mode="discharge", power_kw=1.57), 1500),
                (SetMode(mode="hold"), 0),
                (SetMode(mode="charge", power_kw=3), -3000),
            ):
                result = await home.outcome("battery", told, 20)
                assert isinstance(result, Confirmed), result
                assert float(lab.state("sensor.button_battery_power")) == watts
            assert isinstance(await home.outcome("battery", SetMode(mode="self_consumption"), 20), Confirmed)
            assert lab.state("select.button_mode") == "auto"
            assert isinstance(await home.outcome("boiler", SetSwitch(on=True), 20), Confirmed)
            assert isinstance(await home.outcome("boiler", SetSwitch(on=False), 20), Confirmed)
            assert isinstance(await home.outcome("living_room", SetTemperature(target_c=22.0), 20), Confirmed)
            assert isinstance(await home.outcome("living_room", SetTemperature(target_c=18.0), 20), Confirmed)

    asyncio.run(scenario())
