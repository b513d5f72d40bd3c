"""The lab itself: what the descriptions promise is what a real Home Assistant shows."""

from __future__ import annotations

import re
from urllib.error import HTTPError

import pytest
from real_ha.process import wait_for
from real_ha.wild.lab import WildLab


def number(lab: WildLab, entity: str) -> float:
    return float(lab.state(entity))


def shows(lab: WildLab, entity: str, state: str | float, within_s: float = 5) -> None:
    """Wait until an entity shows a state."""

    def there() -> bool:
        shown = lab.state(entity)
        return shown == state if isinstance(state, str) else abs(float(shown) - state) < 1e-6

    wait_for(there, within_s, lambda: f"{entity} shows {lab.state(entity)}, not {state}")


def test_every_entity_is_there_under_its_integrations_name(park: WildLab) -> None:
    described = {
        (entity["id"], integration["domain"])
        for home in park.homes.values()
        for integration in home.spec["integrations"]
        for entity in integration["entities"]
    }
    registered = {(entry["entity_id"], entry["platform"]) for entry in park.ask("config/entity_registry/list")}
    assert described <= registered
    log = (park.folder / "hass.log.txt").read_text()
    assert [line for line in log.splitlines() if " ERROR " in line and re.search("set ?up", line, re.IGNORECASE)] == []


def test_local_entities_reach_the_inverter_by_their_button_until_the_lease_ends(park: WildLab) -> None:
    meter = "sensor.solax_battery_power_charge"
    park.set("solax", load_kw=1.0)
    shows(park, meter, -1000)
    park.call("number.set_value", "number.solax_remotecontrol_active_power", value=3000)
    park.call("number.set_value", "number.solax_remotecontrol_duration", value=40)
    park.call("select.select_option", "select.solax_remotecontrol_power_control", option="Enabled Battery Control")
    assert park.state("select.solax_remotecontrol_power_control") == "Enabled Battery Control"
    assert number(park, meter) == -1000
    park.call("button.press", "button.solax_remotecontrol_trigger")
    shows(park, meter, 3000)
    shows(park, meter, -1000)


def test_a_slow_poll_shows_the_effect_late(park: WildLab) -> None:
    """300 s are 15 s here; what was written is echoed, what is measured stands still until the next poll."""
    park.call("select.select_option", "select.solaredge_i1_storage_control_mode", option="Remote Control")
    shows(park, "number.solaredge_i1_storage_charge_limit", 5000)
    park.call("number.set_value", "number.solaredge_i1_storage_charge_limit", value=2000)
    command = "select.solaredge_i1_storage_command_mode"
    park.call("select.select_option", command, option="Charge from Solar Power and Grid")
    assert park.state(command) == "Charge from Solar Power and Grid"
    assert number(park, "sensor.solaredge_b1_dc_power") == -800
    shows(park, "sensor.solaredge_b1_dc_power", 2000, within_s=25)


def test_a_mode_resets_its_powers(park: WildLab) -> None:
    power = "number.fronius_battery_storage_grid_charge_power"
    park.call("number.set_value", power, value=1500)
    park.call("select.select_option", "select.fronius_battery_storage_storage_control_mode", option="Charge from Grid")
    shows(park, power, 0)


def test_an_action_wants_its_own_device_and_answers_for_its_entry(park: WildLab) -> None:
    device = park.device_id("Batteries")
    park.call("huawei_solar.forcible_charge", device_id=device, duration=10, power="1500")
    shows(park, "sensor.batteries_charge_discharge_power", 1500)
    with pytest.raises(HTTPError):
        park.call("huawei_solar.forcible_charge", device_id=park.device_id("GoodWe"), duration=10, power="1500")
    answer = park.post(
        "/api/services/nordpool/get_prices_for_date?return_response",
        {"config_entry": "01JNP00L0000000000000000SE", "date": "2026-10-25"},
    )
    assert len(answer["service_response"]["SE3"]) == 25


def test_deaf_registers_are_told_apart_from_what_is_shown(park: WildLab) -> None:
    park.set("goodwe", deaf=["mode"])
    park.call("select.select_option", "select.goodwe_inverter_operation_mode", option="eco_charge")
    assert park.state("select.goodwe_inverter_operation_mode") == "eco_charge"
    park.set("goodwe", load_kw=1.0)
    shows(park, "sensor.goodwe_battery_power", 1000)
