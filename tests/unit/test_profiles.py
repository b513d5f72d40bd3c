"""Device profiles: ours load, a user's take their place, what is wrong is said with its line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from homeagent.config import Config, load_config
from homeagent.config.profile_files import load_profile, load_profiles, profile_paths
from homeagent.domain.command import SetMode
from homeagent.domain.errors import InputError
from homeagent.domain.wiring import CallAction, Pause, Press, SetEntity

HOME = """
home_assistant: {url: "http://ha.local:8123/", token: abc}
mode: control
meters: {grid: sensor.grid, pv: [sensor.roof], battery: sensor.battery, soc: sensor.soc}
prices: {import: sensor.price, export: 0.05}
battery:
  capacity_kwh: 10
  max_charge_kw: 5
  max_discharge_kw: 4
  min_soc: 0.1
"""
SOLAX = """  profile: solax_modbus
  entities:
    mode: select.x_remotecontrol_power_control
    power: number.x_remotecontrol_active_power
    autorepeat: number.x_remotecontrol_autorepeat_duration
    trigger: button.x_remotecontrol_trigger
"""
MINE = """
name: mine
title: My inverter
kind: battery
evidence: users
roles:
  mode: {domains: select, why: says what it does}
verbs:
  self_consumption: [{set: mode, to: auto}]
  hold: [{set: mode, to: wait}]
answer_seconds: 3
safe: it does what it likes
"""


def loaded(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    return load_config(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        loaded(folder, text)
    return str(caught.value)


def with_mine(folder: Path, profile: str = MINE) -> Path:
    (folder / "profiles").mkdir()
    (folder / "profiles" / "mine.yaml").write_text(profile)
    return folder / "profiles"


def test_every_shipped_profile_loads_and_names_where_its_quirks_were_read() -> None:
    profiles = load_profiles()
    assert [profile.name for profile in profiles] == [*profile_paths()]
    assert len(profiles) >= 22
    for profile in profiles:
        assert all(quirk.source for quirk in profile.quirks)
        unseen = [role for role, entry in profile.roles.items() if entry.evidence == "unseen"]
        assert not unseen or any(quirk.evidence == "unseen" for quirk in profile.quirks), profile.name


def test_a_profile_becomes_the_steps_that_one_would_have_written(tmp_path: Path) -> None:
    config = loaded(tmp_path, HOME + SOLAX)
    assert config.wiring is not None
    (battery,) = config.wiring.devices
    assert battery.verbs["discharge"] == (
        SetEntity(entity="number.x_remotecontrol_active_power", value="{{ -power_w }}"),
        SetEntity(entity="number.x_remotecontrol_autorepeat_duration", value="{{ lease_seconds }}"),
        SetEntity(entity="select.x_remotecontrol_power_control", value="Enabled Battery Control"),
        Press(entity="button.x_remotecontrol_trigger"),
    )
    assert battery.safe == SetMode(mode="self_consumption")
    assert battery.writes_per_day == 20000
    assert config.inverter.control == "continuous"
    assert config.inverter.discharges


def test_what_a_configuration_says_itself_counts_more_than_its_profile(tmp_path: Path) -> None:
    own = "  steering: {hold: [{set: select.mode, to: wait}], writes_per_day: 9, proof: {tolerance_kw: 0.5}}\n"
    config = loaded(tmp_path, HOME + SOLAX + own + "  inverter: {control: modes}\n")
    assert config.wiring is not None
    (battery,) = config.wiring.devices
    assert battery.verbs["hold"] == (SetEntity(entity="select.mode", value="wait"),)
    assert battery.writes_per_day == 9
    assert battery.proof.tolerance_kw == 0.5
    assert battery.proof.within.total_seconds() == 60
    assert len(battery.verbs["charge"]) == 4
    assert config.inverter.control == "modes"


def test_a_device_stands_in_an_actions_data(tmp_path: Path) -> None:
    text = HOME + "  profile: huawei_solar\n  entities: {battery: 1f00aa}\n"
    config = loaded(tmp_path, text)
    assert config.wiring is not None
    (battery,) = config.wiring.devices
    data = {"device_id": "1f00aa", "duration": "{{ lease_minutes }}", "power": "{{ power_w }}"}
    assert battery.verbs["charge"] == (CallAction(action="huawei_solar.forcible_charge", data=data),)


def test_without_a_role_that_only_some_verbs_need_those_verbs_do_not_exist(tmp_path: Path) -> None:
    config = loaded(tmp_path, HOME + "  profile: huawei_solar\n  entities: {battery: 1f00aa}\n")
    assert config.wiring is not None
    (battery,) = config.wiring.devices
    assert set(battery.verbs) == {"self_consumption", "charge", "discharge"}
    assert len(battery.verbs["self_consumption"]) == 1
    assert not config.inverter.holds


def test_devices_other_than_the_battery_have_profiles_too(tmp_path: Path) -> None:
    text = (
        HOME.replace("mode: control\n", "")
        + """
appliances:
  car:
    rated_kw: 11
    profile: goecharger
    entities: {current: number.goe_1_amp, force: select.goe_1_frc}
    timetable: {"02:00": on, "05:00": off}
  boiler:
    rated_kw: 2
    profile: water_heater
    entities: {heater: water_heater.tank}
    timetable: {"02:00": on, "05:00": off}
climate:
  room:
    entity: climate.room
    profile: climate
    entities: {thermostat: climate.room}
    timetable: {"06:00": 21}
"""
    )
    config = loaded(tmp_path, text)
    assert config.wiring is not None
    car, boiler, room = config.wiring.devices
    assert car.constants == {"current_a": 15, "phases": 3}
    assert car.verbs["off"] == (SetEntity(entity="select.goe_1_frc", value="1"),)
    assert boiler.verbs["on"][0] != boiler.verbs["off"][0]
    assert 'state_attr("climate.room", "max_temp")' in str(room.verbs["temperature"])


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("solax_modbus", "solax_modbsu", 11, "did you mean solax_modbus?"),
        ("solax_modbus", "goecharger", 11, "is the profile of a charger (found 'goecharger'); use it under appliances"),
        ("    trigger: button.x_remotecontrol_trigger\n", "", 12, "the profile solax_modbus needs it; add an entity"),
        ("    trigger:", "    triger:", 16, "did you mean trigger?"),
        ("button.x_remotecontrol_trigger", "sensor.x", 16, "name button.…: sends what was set to the inverter"),
        ("  profile: solax_modbus\n", "", 6, "has entities, but no profile"),
        ("  entities:\n", "  inverter: {control: reserve}\n  entities:\n", 12, "is reserve, but nothing sets one"),
    ],
)
def test_a_binding_that_does_not_fit_says_what_would(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in HOME + SOLAX
    told = refused(tmp_path, (HOME + SOLAX).replace(old, new))
    assert words in told
    assert f"line {line}: " in told


def test_a_users_own_profile_is_found_and_takes_the_place_of_ours(tmp_path: Path) -> None:
    folder = with_mine(tmp_path)
    config = loaded(tmp_path, HOME + "  profile: mine\n  entities: {mode: select.mine}\n")
    assert config.wiring is not None
    (battery,) = config.wiring.devices
    assert battery.verbs["hold"] == (SetEntity(entity="select.mine", value="wait"),)
    assert not config.inverter.charges
    (folder / "victron.yaml").write_text(MINE.replace("name: mine", "name: victron"))
    assert load_profile("victron", folder).title == "My inverter"
    assert load_profile("victron").title != "My inverter"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("  hold: [{set: mode, to: wait}]", "  hold: []", 10, "verbs.hold: has no step that writes"),
        ("  self_consumption: [{set: mode, to: auto}]\n", "", 8, "verbs.self_consumption: is missing; add it with"),
        ("  hold: [{set: mode, to: wait}]\n", "", 8, "can say nothing but self_consumption"),
        ("  hold:", "  hodl:", 10, "did you mean hold?"),
        ("{set: mode, to: wait}", "{set: mdoe, to: wait}", 10, "uses the role mdoe; did you mean mode?"),
        (
            "to: wait}",
            'to: "{{ powr_w + power_ww }}"}',
            10,
            "uses power_ww, which is no variable; did you mean",
        ),
        ("answer_seconds: 3", "anser_seconds: 3", 11, "did you mean answer_seconds?"),
        ("domains: select", "domains: selct", 7, "did you mean select?"),
        ("kind: battery", "kind: batery", 4, "is none of the choices"),
        ("name: mine", "name: yours", 2, "is not what its file is named"),
        ("verbs:", "  power: {domains: number, why: unused}\nverbs:", 8, "roles.power: is used by no step"),
        ("safe: it does what it likes\n", "", 2, "safe: is missing"),
    ],
)
def test_a_profile_that_is_not_whole_is_refused(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in MINE
    folder = with_mine(tmp_path, MINE.replace(old, new))
    with pytest.raises(InputError) as caught:
        load_profile("mine", folder)
    told = str(caught.value)
    assert words in told
    assert f"line {line}: " in told
    assert "mine.yaml" in refused(tmp_path, HOME + "  profile: mine\n  entities: {mode: select.mine}\n")


def test_steps_of_other_kinds_and_pauses_are_kept(tmp_path: Path) -> None:
    text = (
        HOME
        + """  profile: goodwe
  entities: {mode: select.i_operation_mode, depth: number.i_battery_discharge_depth}
"""
    )
    config = loaded(tmp_path, text)
    assert config.wiring is not None
    (battery,) = config.wiring.devices
    assert battery.verbs["charge"][2:] == (
        Pause(seconds=3),
        CallAction(action="homeassistant.update_entity", target={"entity_id": "select.i_operation_mode"}),
    )
    assert battery.constants == {"min_soc_percent": 10}
    assert not config.inverter.sets_power
    assert config.inverter.hold_stores
    assert battery.proof.hold_stores
