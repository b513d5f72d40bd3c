"""The keys that wire a home: what they become, and what is refused with words that help."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from homeagent.config import Config, check_config, load_config
from homeagent.domain.command import SetSwitch, SetTemperature
from homeagent.domain.errors import InputError
from homeagent.domain.wiring import CallAction, MeterSource, Pause, Press, SetEntity, Wiring

HOME = """
home_assistant: {url: "http://ha.local:8123/", token: abc}
meters: {grid: sensor.grid, pv: [sensor.roof, sensor.shed], battery: sensor.battery, soc: sensor.soc}
prices: {import: sensor.price, export: 0.05}
battery:
  capacity_kwh: 10
  max_charge_kw: 5
  max_discharge_kw: 4
"""
STEERING = """  inverter: {control: modes}
  steering:
    self_consumption: [{set: select.mode, to: auto}]
    charge:
      - {set: select.mode, to: charge}
      - {pause_seconds: 2}
      - {set: number.power, to: "{{ power_w }}"}
      - {press: button.apply}
      - {action: vendor.force, target: {device_id: 1f}, data: {minutes: "{{ lease_minutes }}"}}
    discharge: [{set: select.mode, to: discharge}]
    hold: [{set: select.mode, to: hold}]
    yield_hours: until_resumed
    answer_seconds: 90
"""


def loaded(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    return load_config(path)


def wiring(folder: Path, text: str) -> Wiring:
    found = loaded(folder, text).wiring
    assert found is not None
    return found


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        loaded(folder, text)
    return str(caught.value)


def test_meters_have_signs_and_bounds(tmp_path: Path) -> None:
    meters = wiring(tmp_path, HOME + "grid: {max_import_kw: 10}\n").meters
    grid, pv, battery = meters.powers
    assert (grid.low_kw, grid.high_kw) == (-70, 70)  # a limit may be broken, and has to be seen then
    assert pv.sources == (MeterSource(entity="sensor.roof"), MeterSource(entity="sensor.shed"))
    assert (battery.low_kw, battery.high_kw) == (-8.5, 7.0)
    assert meters.capacity_kwh == 10


def test_a_meter_may_be_turned_or_in_two_directions(tmp_path: Path) -> None:
    text = HOME.replace("grid: sensor.grid", "grid: {import: sensor.bought, export: sensor.sold}")
    text = text.replace("battery: sensor.battery", "battery: {entity: sensor.battery, positive: charge}")
    grid, _, battery = wiring(tmp_path, text).meters.powers
    assert grid.sources == (MeterSource(entity="sensor.bought"), MeterSource(entity="sensor.sold", sign=-1))
    assert battery.sources == (MeterSource(entity="sensor.battery", sign=-1),)


def test_phases_and_inverters_add_up(tmp_path: Path) -> None:
    text = HOME.replace("grid: sensor.grid", "grid: [sensor.l1, {entity: sensor.l2, positive: export}, sensor.l3]")
    text = text.replace("battery: sensor.battery", "battery: [sensor.one, {discharge: sensor.out, charge: sensor.in}]")
    grid, _, battery = wiring(tmp_path, text).meters.powers
    assert [(source.entity, source.sign) for source in grid.sources] == [
        ("sensor.l1", 1),
        ("sensor.l2", -1),
        ("sensor.l3", 1),
    ]
    assert [source.sign for source in battery.sources] == [1, 1, -1]


@pytest.mark.parametrize(
    ("meters", "measured", "pv"),
    [
        (
            "{pv: sensor.pv, battery: sensor.b, load: sensor.l, soc: sensor.s}",
            {"pv_kw", "battery_kw", "load_kw"},
            "metered",
        ),
        ("{grid: sensor.g, battery: sensor.b, pv: unmetered, soc: sensor.s}", {"grid_kw", "battery_kw"}, "unmetered"),
        ("{grid: sensor.g, load: [sensor.l, sensor.m], soc: sensor.s}", {"grid_kw", "load_kw"}, "none"),
    ],
)
def test_one_power_may_be_without_a_meter(tmp_path: Path, meters: str, measured: set[str], pv: str) -> None:
    old = "{grid: sensor.grid, pv: [sensor.roof, sensor.shed], battery: sensor.battery, soc: sensor.soc}"
    found = wiring(tmp_path, HOME.replace(old, meters)).meters
    assert {spec.quantity for spec in found.powers} == measured
    assert found.pv == pv


def test_pv_that_nobody_measures_cannot_be_held_back(tmp_path: Path) -> None:
    text = HOME.replace("pv: [sensor.roof, sensor.shed]", "pv: unmetered")
    assert loaded(tmp_path, HOME).site.pv_curtailable
    assert not loaded(tmp_path, text).site.pv_curtailable


@pytest.mark.parametrize(
    ("meters", "said"),
    [
        ("{pv: sensor.pv, battery: sensor.b, soc: sensor.s}", "has no grid"),
        ("{pv: sensor.pv, load: sensor.l, soc: sensor.s}", "has no battery"),
        (
            "{grid: sensor.g, battery: sensor.b, pv: [unmetered, sensor.roof], soc: sensor.s}",
            "with and without a meter",
        ),
        ("{grid: [], battery: sensor.b, soc: sensor.s}", "meters.grid"),
    ],
)
def test_two_powers_without_a_meter_are_too_many(tmp_path: Path, meters: str, said: str) -> None:
    old = "{grid: sensor.grid, pv: [sensor.roof, sensor.shed], battery: sensor.battery, soc: sensor.soc}"
    assert said in refused(tmp_path, HOME.replace(old, meters))


def test_steps_come_in_the_order_that_the_device_wants(tmp_path: Path) -> None:
    (battery,) = wiring(tmp_path, HOME + STEERING).devices
    assert battery.verbs["charge"] == (
        SetEntity(entity="select.mode", value="charge"),
        Pause(seconds=2),
        SetEntity(entity="number.power", value="{{ power_w }}"),
        Press(entity="button.apply"),
        CallAction(action="vendor.force", target={"device_id": "1f"}, data={"minutes": "{{ lease_minutes }}"}),
    )
    assert battery.yield_for is None
    assert battery.proof.within == timedelta(seconds=90)  # no proof is asked for before it can have answered
    assert battery.entities() == {"select.mode", "number.power", "button.apply"}


def test_an_appliance_that_nothing_measures_is_named(tmp_path: Path) -> None:
    text = """
appliances:
  boiler:
    rated_kw: 2
    steering: {on: [{set: switch.boiler, to: on}], off: [{set: switch.boiler, to: off}]}
    timetable: {"22:00": on, "5:30": off}
"""
    path = tmp_path / "config.yaml"
    path.write_text(HOME + text)
    assert any("nothing shows whether it runs" in line for line in check_config(path))
    path.write_text(HOME + text.replace("rated_kw: 2", "rated_kw: 2\n    power: sensor.boiler"))
    assert not any("nothing shows whether it runs" in line for line in check_config(path))


def test_appliances_and_thermostats_keep_hours(tmp_path: Path) -> None:
    more = """
appliances:
  boiler:
    rated_kw: 2
    power: sensor.boiler
    steering: {on: [{set: switch.boiler, to: on}], off: [{set: switch.boiler, to: off}]}
    timetable: {"22:00": on, "5:30": off}
climate:
  room:
    entity: climate.room
    steering: {temperature: [{set: climate.room, to: "{{ target_c }}"}]}
    timetable: {"06:00": 21, "22:00": 17.5}
"""
    found = wiring(tmp_path, HOME + more)
    boiler, room = found.timetables
    assert boiler.entries == ((330, SetSwitch(on=False)), (1320, SetSwitch(on=True)))
    assert room.entries == ((360, SetTemperature(target_c=21)), (1320, SetTemperature(target_c=17.5)))
    devices = {device.name: device for device in found.devices}
    assert devices["boiler"].proof.entity == "sensor.boiler"
    assert devices["room"].proof.thermostat == "climate.room"
    assert devices["boiler"].safe == SetSwitch(on=False)
    assert [spec.quantity for spec in found.meters.controlled] == ["boiler"]


def test_zone_and_currency_are_those_of_home_assistant_unless_given(tmp_path: Path) -> None:
    config = loaded(tmp_path, HOME)
    adopted = config.adopting("Europe/Oslo", "NOK").site
    assert (adopted.timezone.key, adopted.currency) == ("Europe/Oslo", "NOK")
    own = loaded(tmp_path, HOME + "home: {timezone: Europe/Berlin, currency: EUR}\n").adopting("Europe/Oslo", "NOK")
    assert (own.site.timezone.key, own.site.currency) == ("Europe/Berlin", "EUR")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("http://ha.local:8123/", "ha.local:8123", "write e.g. http://homeassistant.local:8123"),
        ("token: abc", 'token: " "', "write !secret NAME"),
        ("grid: sensor.grid", "grid: Grid Power", "write it as Home Assistant shows it"),
        ("grid: sensor.grid", "grid: {entity: sensor.grid, positive: charge}", "this meter has import and export"),
        ("grid: sensor.grid", "grid: {import: sensor.bought}", "one for each direction"),
        ("grid: sensor.grid, ", "", "has no grid"),
        ("prices: {import: sensor.price, export: 0.05}", "prices: {export: 0.05}", "add prices.import"),
        ("meters:", "mode: control\nmeters:", "add profile: NAME"),
    ],
)
def test_what_is_wrong_says_what_would_be_right(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in HOME
    assert words in refused(tmp_path, HOME.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("{press: button.apply}", "{press: switch.apply}", "is no button"),
        ("{press: button.apply}", "{press: button.apply, set: select.mode, to: x}", "exactly one of set, press"),
        ("{set: select.mode, to: hold}", "{set: select.mode}", "set and to together"),
        ("{set: select.mode, to: hold}", "{set: sensor.mode, to: hold}", "settable are climate"),
        ("{pause_seconds: 2}", "{pause_seconds: 2, data: {a: 1}}", "without an action"),
        ("{pause_seconds: 2}", "{pause_second: 2}", "did you mean pause_seconds?"),
        ("    hold: [{set: select.mode, to: hold}]\n", "", "steering lacks hold"),
    ],
)
def test_wrong_steps_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in STEERING
    assert words in refused(tmp_path, HOME + STEERING.replace(old, new))


def test_a_token_never_shows(tmp_path: Path) -> None:
    (tmp_path / "secrets.yaml").write_text('ha: "very secret\\ttoken"\n')
    said = refused(tmp_path, HOME.replace("token: abc", "token: !secret ha"))
    assert "no token has" in said
    assert "very secret" not in said
    assert "abc" not in repr(wiring(tmp_path, HOME))


def test_sensors_of_several_days_are_one_roof_and_a_second_roof_is_told_by_its_name(tmp_path: Path) -> None:
    solcast = "sensor.solcast_pv_forecast_forecast"
    roofs = "sensor.energy_production_today, sensor.energy_production_tomorrow, sensor.energy_production_today_2"
    more = f"solar: {{forecast: [{solcast}_today, {solcast}_tomorrow, {solcast}_day_3, {roofs}]}}\n"
    found = wiring(tmp_path, HOME + more).forecasts
    assert found.roofs == {
        solcast: (f"{solcast}_today", f"{solcast}_tomorrow", f"{solcast}_day_3"),
        "sensor.energy_production": ("sensor.energy_production_today", "sensor.energy_production_tomorrow"),
        "sensor.energy_production_2": ("sensor.energy_production_today_2",),
    }
    assert found.entities() <= wiring(tmp_path, HOME + more).entities()


def test_forecasts_may_come_from_the_dashboard_or_from_named_roofs(tmp_path: Path) -> None:
    more = "home: {weather: weather.home}\ncarbon: sensor.co2\nsolar: {forecast: home_assistant}\n"
    found = wiring(tmp_path, HOME + more).forecasts
    assert (found.dashboard, found.roofs) == (True, {})
    assert found.entities() == {"weather.home", "sensor.co2"}
    named = wiring(tmp_path, HOME + "solar: {forecast: {south: [sensor.heute, sensor.morgen], west: sensor.x}}\n")
    assert named.forecasts.roofs == {"south": ("sensor.heute", "sensor.morgen"), "west": ("sensor.x",)}
    assert wiring(tmp_path, HOME).forecasts.entities() == frozenset()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("solar: {forecast: [sensor.a, sensor.a]}\n", "solar.forecast: names sensor.a twice"),
        ("solar: {forecast: forecast_solar}\n", "names 'forecast_solar', which is no entity"),
        ("solar: {forecast: 7}\n", "solar.forecast: is no solar forecast"),
        ("solar: {forecast: []}\n", "names no sensor"),
        ("home: {weather: sensor.home}\n", "home.weather: is no weather entity"),
        ("carbon: co2\n", "carbon: is no entity"),
        ("goals: {carbon_price_per_kg: 0.1}\n", "has goals.carbon_price_per_kg, but no carbon; add carbon:"),
    ],
)
def test_a_forecast_that_is_none_is_refused(tmp_path: Path, more: str, told: str) -> None:
    assert told in refused(tmp_path, HOME + more)
