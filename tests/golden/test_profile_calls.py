"""What each profile makes Home Assistant do for each verb, call by call. Run this file to write the golden anew."""

from __future__ import annotations

import ast
import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from found_homes import BY_HAND, HOMES
from jinja2 import Environment, StrictUndefined

from homeagent.config import load_config
from homeagent.config.matching import match
from homeagent.config.profile import Profile
from homeagent.config.profile_files import load_profile, profile_paths
from homeagent.control.wording import worded
from homeagent.domain.command import Instruction, SetMode, SetReserve, SetSwitch, SetTemperature
from homeagent.domain.discovery import FoundEntity
from homeagent.domain.site import SiteSpec
from homeagent.domain.wiring import CallAction, DeviceSpec, Pause, Press, SetEntity, Step, Value
from homeagent.hass.entities import EntityState
from homeagent.hass.steps import call_to_set, refusal

GOLDEN = Path(__file__).with_name("profile_calls.json")
LOCAL = datetime(2025, 3, 1, 1, 12, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin"))
LEASE = timedelta(hours=1, minutes=30)
NET_KW = 1.234
HOME = """
home_assistant: {url: "http://ha.local:8123/", token: abc}
meters: {grid: sensor.grid, pv: [sensor.roof], battery: sensor.battery, soc: sensor.soc}
prices: {import: sensor.price}
"""
BATTERY = "battery: {capacity_kwh: 10, max_charge_kw: 4.567, max_discharge_kw: 4.8, min_soc: 0.1%s}\n"
TOLD: dict[str, Instruction] = {
    "self_consumption": SetMode(mode="self_consumption"),
    "charge": SetMode(mode="charge", power_kw=2.3456),
    "discharge": SetMode(mode="discharge", power_kw=1.2345),
    "hold": SetMode(mode="hold"),
    "reserve": SetReserve(reserve_kwh=6.27),
    "on": SetSwitch(on=True),
    "off": SetSwitch(on=False),
    "temperature": SetTemperature(target_c=21.5),
}


def entities_of(profile: Profile) -> tuple[list[FoundEntity], Mapping[str, str]]:
    if profile.name in BY_HAND:
        return BY_HAND[profile.name]
    home = HOMES[profile.name]
    binding = match(profile, home)
    assert binding is not None
    assert binding.complete
    return home, binding.entities


def bound(profile: Profile, entities: Mapping[str, str]) -> tuple[DeviceSpec, SiteSpec]:
    told = f"profile: {profile.name}, entities: {json.dumps(entities)}"
    if profile.kind == "battery":
        text = BATTERY % f", {told}"
    elif profile.kind == "thermostat":
        text = BATTERY % "" + f'climate: {{room: {{entity: climate.x, {told}, timetable: {{"06:00": 21}}}}}}\n'
    else:
        load = f'{{rated_kw: 11, {told}, timetable: {{"02:00": on}}}}'
        text = BATTERY % "" + f"appliances: {{load: {load}}}\n"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_text(HOME + text)
        config = load_config(path)
    assert config.wiring is not None
    return config.wiring.devices[0], config.site


def rendered(value: Any, variables: Mapping[str, Value], home: list[FoundEntity]) -> Any:  # noqa: ANN401 - as YAML has it
    """Return a value with its templates filled in, as Home Assistant does it: what looks like a number is one."""
    if isinstance(value, Mapping):
        return {name: rendered(part, variables, home) for name, part in value.items()}
    if not isinstance(value, str) or "{{" not in value:
        return value
    attributes = {entity.entity_id: entity.attributes for entity in home}
    # what HA renders is sent to a device, not to a browser
    jinja = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - see above
    jinja.globals["state_attr"] = lambda entity, name: attributes[entity].get(name)
    text = jinja.from_string(value).render(variables)
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text


def call(step: Step, variables: Mapping[str, Value], home: list[FoundEntity]) -> str:
    match step:
        case Pause(seconds=seconds):
            return f"wait {seconds:g} s"
        case Press(entity=entity):
            return f"button.press {entity}"
        case SetEntity(entity=entity):
            value = rendered(step.value, variables, home)
            (there,) = (found for found in home if found.entity_id == entity)
            state = EntityState(
                entity_id=entity, state="1", attributes=there.attributes, updated_at=datetime(2025, 3, 1, tzinfo=UTC)
            )
            assert refusal(state, entity, value) is None
            made = call_to_set(entity, value)
            return f"{made.domain}.{made.service} {entity} {json.dumps(made.data, sort_keys=True)}"
        case CallAction():
            data = {**step.target, **rendered(step.data, variables, home)}
            return f"{step.action} {json.dumps(data, sort_keys=True)}"


def calls(name: str) -> dict[str, list[str]]:
    profile = load_profile(name)
    home, entities = entities_of(profile)
    device, site = bound(profile, entities)
    made = {}
    for verb in device.verbs:
        said, variables = worded(TOLD[verb], LEASE, site.battery, device, net_kw=NET_KW, local=LOCAL)
        assert said == verb
        made[verb] = [call(step, variables, home) for step in device.verbs[verb]]
    return made


@pytest.mark.parametrize("name", profile_paths())
def test_each_verb_is_told_in_the_known_calls(name: str) -> None:
    assert calls(name) == json.loads(GOLDEN.read_text(encoding="utf-8"))[name]


@pytest.mark.parametrize("unit", ["%", "W"])
def test_the_unit_of_a_number_decides_what_is_sent(unit: str) -> None:
    from found_homes import goodwe  # noqa: PLC0415 - a variant of one home

    profile, home = load_profile("goodwe_hacs"), goodwe(fork=True, unit=unit)
    binding = match(profile, home)
    assert binding is not None
    device, site = bound(profile, binding.entities)
    _, variables = worded(TOLD["charge"], LEASE, site.battery, device)
    told = [call(step, variables, home) for step in device.verbs["charge"]]
    assert f'number.set_value number.goodwe_eco_mode_power {{"value": {51 if unit == "%" else 2346}}}' in told


def test_a_thermostat_in_fahrenheit_is_told_fahrenheit() -> None:
    profile = load_profile("climate")
    home = [FoundEntity(entity_id="climate.x", attributes={"min_temp": 45, "max_temp": 95})]
    device, site = bound(profile, {"thermostat": "climate.x"})
    _, variables = worded(TOLD["temperature"], LEASE, site.battery, device)
    told = call(device.verbs["temperature"][0], variables, home)
    assert told == 'climate.set_temperature climate.x {"temperature": 70.7}'


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: calls(name) for name in profile_paths()}, indent=1) + "\n")
