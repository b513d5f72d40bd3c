"""Which entities of a home are a profile's roles: renamed, disabled, missing, several devices, other integrations."""

from __future__ import annotations

from dataclasses import replace

import pytest
from found_homes import BY_HAND, HOMES, found, givtcp, goodwe, number, powerwall, select, solaredge, solax, tesla_car

from homeagent.config.matching import absent, match, match_all, match_home
from homeagent.config.profile_files import load_profile, load_profiles
from homeagent.domain.discovery import FoundEntity

NOISE = [
    found("met", "weather.home"),
    found("mqtt", "number.pond_target_soc", "pond_target_soc", attributes=number(0, 100)),
    found("template", "select.solax_remotecontrol_power_control", attributes=select("on", "off")),
    found("solax_modbus", "sensor.solax_battery_power", "solax_battery_power", device_id="solax-device"),
]


@pytest.mark.parametrize("name", HOMES)
def test_every_profile_finds_its_roles_among_others(name: str) -> None:
    others = [entity for other, home in HOMES.items() if other != name for entity in home]
    alone = match(load_profile(name), HOMES[name])
    assert alone is not None
    assert alone.complete
    assert not alone.missing
    if load_profile(name).integrations and not name.startswith(("goodwe", "teslemetry")):
        assert match(load_profile(name), [*NOISE, *others, *HOMES[name]]) == alone


@pytest.mark.parametrize("name", BY_HAND)
def test_what_is_too_general_is_never_guessed(name: str) -> None:
    assert match_all(load_profile(name), BY_HAND[name][0]) == ()


def test_a_renamed_entity_is_found_by_its_unique_id() -> None:
    renamed = [replace(e, entity_id=e.entity_id.replace("solax_remotecontrol", "keller")) for e in solax()]
    binding = match(load_profile("solax_modbus"), renamed)
    assert binding is not None
    assert binding.entities == {
        "mode": "select.keller_power_control",
        "power": "number.keller_active_power",
        "autorepeat": "number.keller_autorepeat_duration",
        "trigger": "button.keller_trigger",
    }


def test_an_entity_id_counts_least() -> None:
    """Somebody named another number like the power: its unique id gives it away."""
    decoy = found(
        "solax_modbus", "number.my_remotecontrol_active_power", "solax_export_limit", device_id="solax-device"
    )
    binding = match(load_profile("solax_modbus"), [decoy, *solax()])
    assert binding is not None
    assert binding.entities["power"] == "number.solax_remotecontrol_active_power"


@pytest.mark.parametrize("suffix", ["_mode_1", "_mode_1_7"])
def test_newer_names_are_known(suffix: str) -> None:
    binding = match(load_profile("solax_modbus"), solax(suffix=suffix))
    assert binding is not None
    assert binding.complete


def test_two_inverters_of_one_entry_are_two_bindings() -> None:
    bindings = match_all(load_profile("solaredge_modbus_multi"), [*solaredge("i2"), *solaredge("i1")])
    assert [binding.device_id for binding in bindings] == ["device-i1", "device-i2"]
    for binding, inverter in zip(bindings, ("i1", "i2"), strict=True):
        assert all(inverter in entity for entity in binding.entities.values())


def test_two_entries_are_two_bindings() -> None:
    other = [replace(entity, config_entry_id="other") for entity in solax("haus", device="haus-device")]
    bindings = match_all(load_profile("solax_modbus"), [*solax(), *other])
    assert {binding.entities["trigger"] for binding in bindings} == {
        "button.solax_remotecontrol_trigger",
        "button.haus_remotecontrol_trigger",
    }


def test_roles_on_another_device_of_the_entry_are_the_ones_named_alike() -> None:
    """The limits sit on the battery's device here, beside those of a second inverter."""
    apart = []
    for inverter in ("i1", "i2"):
        for entity in solaredge(inverter):
            limit = entity.entity_id.endswith("charge_limit")
            apart.append(replace(entity, device_id=f"battery-{inverter}" if limit else entity.device_id))
    bindings = match_all(load_profile("solaredge_modbus_multi"), apart)
    assert len(bindings) == 2
    for binding, inverter in zip(bindings, ("i1", "i2"), strict=True):
        assert binding.complete
        assert all(f"_{inverter}_" in entity for entity in binding.entities.values())


def test_a_disabled_entity_is_named_with_the_remedy() -> None:
    home = [
        replace(entity, disabled=entity.entity_id.endswith("command_timeout"), state=None) for entity in solaredge()
    ]
    binding = match(load_profile("solaredge_modbus_multi"), home)
    assert binding is not None
    assert not binding.complete
    (missing,) = binding.missing
    assert missing.role == "timeout"
    assert missing.disabled == "number.solaredge_i1_storage_command_timeout"
    assert missing.remedy.startswith("enable number.solaredge_i1_storage_command_timeout in Home Assistant")


def test_a_missing_role_says_what_to_switch_on() -> None:
    home = [entity for entity in solaredge() if "timeout" not in entity.entity_id]
    binding = match(load_profile("solaredge_modbus_multi"), home)
    assert binding is not None
    (missing,) = binding.missing
    assert missing.remedy == "switch on storage control in the integration's options"


def test_a_role_that_is_not_needed_leaves_the_binding_complete() -> None:
    binding = match(load_profile("givtcp"), givtcp(pause=False))
    assert binding is not None
    assert binding.complete
    (missing,) = binding.missing
    assert (missing.role, missing.needed) == ("pause_mode", False)
    assert "only some firmware has it" in missing.remedy


def test_an_integration_without_its_controls_says_what_would_bring_them() -> None:
    home = [found("solaredge_modbus_multi", "sensor.solaredge_i1_ac_power", "SE10K_ac_power")]
    profile = load_profile("solaredge_modbus_multi")
    assert match(profile, home) is None
    assert [role.role for role in absent(profile, home)][:2] == ["control_mode", "command_mode"]
    assert "off by default" in absent(profile, home)[0].remedy
    assert absent(profile, solaredge()) == ()
    assert absent(profile, []) == ()
    assert absent(load_profile("givtcp"), [found("mqtt", "sensor.pond")]) == ()


def test_a_device_role_is_the_device_that_has_the_entities() -> None:
    binding = match(load_profile("easee"), HOMES["easee"])
    assert binding is not None
    assert binding.entities == {"charger": "0f1e2d"}


def test_a_home_gets_the_profile_that_fits_each_device_best() -> None:
    home = [*goodwe(fork=True), *powerwall(), *tesla_car(), *HOMES["generic_thermostat"], *HOMES["climate"]]
    bindings = match_home(load_profiles(), home)
    assert sorted(binding.profile for binding in bindings) == [
        *("climate", "generic_thermostat", "goodwe_hacs", "teslemetry_car", "teslemetry_powerwall"),
    ]
    assert all(binding.complete for binding in bindings)
    plain = match_home(load_profiles(), goodwe())
    assert [binding.profile for binding in plain] == ["goodwe"]


def test_each_thermostat_of_a_device_is_one_of_its_own() -> None:
    zones = [found("tado", f"climate.{room}") for room in ("bath", "hall")]
    bindings = match_all(load_profile("climate"), zones)
    assert [binding.entities for binding in bindings] == [
        {"thermostat": f"climate.{room}"} for room in ("bath", "hall")
    ]


def test_nothing_matches_nothing() -> None:
    assert all(match(profile, []) is None for profile in load_profiles())
    assert all(match(profile, [FoundEntity(entity_id="sensor.x")]) is None for profile in load_profiles())
