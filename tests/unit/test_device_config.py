"""What a configuration says of cars, rooms, tanks and appliances: few keys, sane defaults, every mistake told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from homeagent.config import Config, check_config, load_config
from homeagent.domain.command import SetCharge, SetSwitch, SetTemperature
from homeagent.domain.devices import ApplianceSpec, CarSpec, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.errors import InputError
from homeagent.domain.site import NO_BATTERY
from homeagent.domain.wishes import ApplianceWish, Band, CarWish, HeatWish, priced

BARE = """
home_assistant: {url: "http://ha.local:8123/", token: abc}
meters: {grid: sensor.grid}
prices: {import: 0.3}
"""


def loaded(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    path.write_text(BARE + text)
    return load_config(path)


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        loaded(folder, text)
    return str(caught.value)


def test_a_home_without_a_battery_is_a_home(tmp_path: Path) -> None:
    config = loaded(tmp_path, "")
    assert config.site.battery == NO_BATTERY
    assert not config.site.has_battery
    assert config.wiring is not None
    assert config.wiring.meters.soc is None
    assert "battery: none" in check_config(tmp_path / "config.yaml")


def test_several_batteries_are_one_whole_with_parts(tmp_path: Path) -> None:
    one = "capacity_kwh: 10, max_charge_kw: 5, max_discharge_kw: 4, soc: sensor.a_soc, power: sensor.a"
    other = "capacity_kwh: 5, max_charge_kw: 2, max_discharge_kw: 2, soc: sensor.b_soc"
    steps = "steering: {self_consumption: [{set: select.a, to: auto}], charge: [{set: select.a, to: charge}], "
    steps += "discharge: [{set: select.a, to: sell}], hold: [{set: select.a, to: wait}]}"
    text = f"batteries:\n  a: {{{one}, {steps}}}\n  b: {{{other}, power: {{entity: sensor.b, positive: charge}}, "
    text += steps.replace("select.a", "select.b") + "}\n"
    config = loaded(tmp_path, text)
    whole, wiring = config.site.battery, config.wiring
    assert (whole.capacity_kwh, whole.max_charge_kw, whole.max_discharge_kw) == (15, 7, 6)
    assert [one.name for one in config.site.batteries] == ["a", "b"]
    assert wiring is not None
    assert wiring.meters.stores() == (("sensor.a_soc", 10), ("sensor.b_soc", 5))
    (power,) = [spec for spec in wiring.meters.powers if spec.quantity == "battery_kw"]
    assert [(source.entity, source.sign) for source in power.sources] == [("sensor.a", 1), ("sensor.b", -1)]
    parts = [device.part for device in wiring.devices]
    assert [None if part is None else part.spec.capacity_kwh for part in parts] == [10, 5]


@pytest.mark.parametrize("text", ["ev: {max_charge_kw: 11}", "ev: {car: {max_charge_kw: 11}}"])
def test_one_car_needs_one_key(tmp_path: Path, text: str) -> None:
    config = loaded(tmp_path, text)
    (car,) = config.known
    assert isinstance(car, CarSpec)
    assert car.min_charge_kw == pytest.approx(4.14)
    assert car == CarSpec(name="car", max_charge_kw=11, min_charge_kw=car.min_charge_kw, phases=(3,))
    assert config.wishes == {"car": CarWish()}


def test_a_car_that_changes_phases_begins_on_one(tmp_path: Path) -> None:
    (car,) = loaded(tmp_path, "ev: {max_charge_kw: 11, phases: [1, 3]}").known
    assert isinstance(car, CarSpec)
    assert car.phases == (1, 3)
    assert car.min_charge_kw == pytest.approx(1.38)


def test_several_cars_have_names(tmp_path: Path) -> None:
    config = loaded(tmp_path, "ev: {polo: {max_charge_kw: 3.7}, zoe: {max_charge_kw: 22, ready_by: '06:30'}}")
    assert [device.name for device in config.known] == ["polo", "zoe"]
    zoe = config.wishes["zoe"]
    assert isinstance(zoe, CarWish)
    assert zoe.ready_by_min == 390


def test_a_car_left_alone_charges_on_arrival(tmp_path: Path) -> None:
    steps = "{charge: [{set: switch.c, to: on}], stop: [{set: switch.c, to: off}]}"
    wiring = loaded(tmp_path, f"ev: {{max_charge_kw: 11, steering: {steps}}}").wiring
    assert wiring is not None
    (charger,) = wiring.devices
    assert (charger.kind, charger.safe) == ("charger", SetCharge(power_kw=11, phases=3))


def test_one_temperature_is_the_edge_that_costs(tmp_path: Path) -> None:
    text = "climate: {room: {entity: climate.a, rated_kw: 2, comfort: 21, away: [12, 30]}, "
    text += "cold: {entity: climate.b, rated_kw: 2, purpose: cooling, comfort: 24, cop: cooling}}"
    config = loaded(tmp_path, text)
    room, cold = config.wishes["room"], config.wishes["cold"]
    assert isinstance(room, HeatWish)
    assert isinstance(cold, HeatWish)
    assert (room.comfort, room.away) == (Band(low_c=21, high_c=24), Band(low_c=12, high_c=30))
    assert cold.comfort == Band(low_c=18, high_c=24)


def test_the_cop_is_a_class_or_a_curve(tmp_path: Path) -> None:
    text = "climate: {room: {entity: climate.a, rated_kw: 2, cop: {7: 3.5, -10: 2.1}}}"
    (room,) = loaded(tmp_path, text).known
    assert isinstance(room, HeatSpec)
    assert np.interp(-1.5, room.cop.outdoor_c, room.cop.cop) == pytest.approx(2.8)


def test_a_tank_left_alone_keeps_its_own_thermostat(tmp_path: Path) -> None:
    relay = "{on: [{set: switch.t, to: on}], off: [{set: switch.t, to: off}]}"
    degrees = "{temperature: [{set: water_heater.t, to: '{{ target_c }}'}]}"
    text = f"""
water_heater:
  relay: {{litres: 200, rated_kw: 2, temperature: sensor.t, steering: {relay}}}
  own: {{litres: 150, rated_kw: 2, entity: water_heater.t, hygiene_days: 0, steering: {degrees}}}
"""
    config = loaded(tmp_path, text)
    assert config.wiring is not None
    assert [device.safe for device in config.wiring.devices] == [SetSwitch(on=True), SetTemperature(target_c=55.0)]
    own = config.known[1]
    assert isinstance(own, TankSpec)
    assert own.hygiene_every is None


def test_appliances_run_a_programme_or_hours_or_are_started_by_a_person(tmp_path: Path) -> None:
    switch = "{on: [{set: switch.t, to: on}], off: [{set: switch.t, to: off}]}"
    text = f"""
appliances:
  washing: {{rated_kw: 0.8, run_minutes: 90, ready_by: "21:00", at_most: 0.4}}
  dryer: {{rated_kw: 2, after: washing, steering: {switch}}}
  pump: {{rated_kw: 0.7, hours_per_day: 6, from: "07:00", until: "22:00", steering: {switch.replace(".t", ".p")}}}
  silent: {{rated_kw: 0.7, tell: none}}
"""
    config = loaded(tmp_path, text)
    washing, dryer, pump, _ = config.known
    assert isinstance(washing, ApplianceSpec)
    assert isinstance(dryer, ApplianceSpec)
    assert isinstance(pump, HoursSpec)
    assert (washing.switched, len(washing.profile_kw), dryer.switched, dryer.after) == (False, 90, True, "washing")
    assert (pump.from_min, pump.until_min) == (420, 1320)
    wish = config.wishes["washing"]
    assert isinstance(wish, ApplianceWish)
    assert (wish.ready_by_min, wish.at_most) == (1260, 0.4)
    assert config.wiring is not None
    told = {device.name: device for device in config.wiring.devices}
    assert {name: device.kind for name, device in told.items()} == {
        "washing": "teller",
        "dryer": "switch",
        "pump": "switch",
    }
    assert told["dryer"].left_running
    assert not told["pump"].left_running


def test_a_fuse_limits_what_is_imported(tmp_path: Path) -> None:
    grid = loaded(tmp_path, "grid: {fuse_a: 25, phases: 3}").site.grid
    assert grid.phases == 3
    assert [grid.max_import_kw, grid.max_phase_kw] == pytest.approx([17.25, 5.75])


def test_prices_that_nobody_gave_follow_the_homes_own() -> None:
    assert priced(CarWish(beyond_per_kwh=0.0), 0.3) == CarWish(short_per_kwh=3.0, beyond_per_kwh=0.0)
    assert priced(HeatWish(), 3.0).discomfort_per_kh == 6.0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ev: {max_charge_kw: 11000}", "ev.max_charge_kw: is more than a home has (found 11000); watts? write 11"),
        ("ev: {max_charge_kw: 11, target: 80}", "ev.target: is not between 0 and 1 (found 80); per cent? write 0.8"),
        ("ev: {max_charge_kw: 11, soc: sensor.a}", "ev: has soc, but no capacity_kwh"),
        ("ev: {max_charge_kw: 11, redy_by: '07:00'}", "ev.redy_by: is no key that exists; did you mean ready_by?"),
        ("ev: {max_charge_kw: 11, vehicle_to_home: {max_discharge_kw: 5}}", "ev: has vehicle_to_home, but no soc"),
        ("climate: {a: {entity: climate.a}}", "climate.a: has neither rated_kw nor a timetable"),
        ("ev: {max_charge_kw: 110}", "is more than a device has (found 110); watts? write 0.11"),
        ("climate: {a: {entity: climate.a, rated_kw: 2, comfort: 70}}", "a.comfort: is not between 5 and 35 degC"),
        ("climate: {a: {entity: climate.a, rated_kw: 2, comfort: [68, 70]}}", "degF? write 20.0"),
        ("climate: {a: {entity: climate.a, rated_kw: 2, cop: good}}", "a.cop: is no kind of machine and no curve"),
        ("climate: {a: {entity: climate.a, rated_kw: 2, comfort: [23, 21]}}", "is no band"),
        ("climate: {a: {entity: climate.a, timetable: {'06:00': 21}, comfort: 21}}", "steering lacks temperature"),
        ("water_heater: {litres: 200, rated_kw: 2}", "water_heater: has no thermometer"),
        ("water_heater: {litres: 200, rated_kw: 2, temperature: sensor.t, max: 55}", "hygiene temperature above max"),
        ("appliances: {a: {rated_kw: 1, after: b}}", "appliances.a.after: b, which is no other appliance"),
        ("appliances: {a: {rated_kw: 1, hours_per_day: 5}}", "steering lacks on, off"),
        ("appliances: {a: {rated_kw: 1, min_block_hours: 5}}", "no hours_per_day, so min_block_hours does nothing"),
        ("appliances: {a: {rated_kw: 1, tell: sms.me}}", "is no way to tell somebody"),
        ("ev: {a: {max_charge_kw: 1}}\nappliances: {a: {rated_kw: 1}}", "two devices named a"),
        ("mode: control\nev: {max_charge_kw: 11}", "neither ev.car.profile nor ev.car.steering"),
        ("batteries: {a: {capacity_kwh: 5, max_charge_kw: 2, max_discharge_kw: 2}}", "batteries.a.soc: is missing"),
        ("battery: {capacity_kwh: 5, max_charge_kw: 2, max_discharge_kw: 2}", "no meters.soc"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(tmp_path: Path, text: str, said: str) -> None:
    assert said in refused(tmp_path, text)


def test_a_mistake_of_the_only_car_has_its_own_line(tmp_path: Path) -> None:
    assert "line 7: ev.target" in refused(tmp_path, "ev:\n  max_charge_kw: 11\n  target: 80\n")
