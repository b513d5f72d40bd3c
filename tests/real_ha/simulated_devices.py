"""A charger with a car, a tank, a dryer and a washing machine, beside the battery of the simulated home.

What they draw follows from what really reached them, and from whether the car is there and the dryer is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from real_ha.lab import Lab
from real_ha.simulated_home import configuration

SWITCHES = ("charger", "tank", "dryer")
DEVICES_YAML = """
home: {outdoor: sensor.outdoor}
grid: {max_import_kw: <limit>}
ev:
  max_charge_kw: 11
  capacity_kwh: 60
  soc: sensor.car_soc
  plugged: sensor.charger_status
  power: sensor.charger_power
  asked: sensor.charger_asked
  leaves: input_datetime.car_leaves
  steering:
    charge: [{set: number.charger_current, to: "{{ current_a }}"}, {set: switch.charger, to: on}]
    stop: [{set: switch.charger, to: off}]
    answer_seconds: 1
    writes_per_day: 50000
    proof: {within_seconds: 5}
water_heater:
  litres: 200
  rated_kw: 2
  temperature: sensor.tank_temperature
  power: sensor.tank_power
  min_on_minutes: 0
  min_off_minutes: 0
  steering:
    on: [{set: switch.tank, to: on}]
    off: [{set: switch.tank, to: off}]
    answer_seconds: 1
    proof: {within_seconds: 5}
"""
APPLIANCES_YAML = """
  dryer:
    rated_kw: 0.9
    power: sensor.dryer_power
    ready: input_boolean.dryer_loaded
    steering:
      on: [{set: switch.dryer, to: on}]
      off: [{set: switch.dryer, to: off}]
      answer_seconds: 1
      proof: {within_seconds: 5}
  washing_machine:
    rated_kw: 0.8
    power: sensor.washing_machine_power
climate:
  living_room:
    entity: climate.living_room
    rated_kw: 1.5
    power: sensor.heater_power
    steering:
      temperature: [{set: climate.living_room, to: "{{ target_c }}"}]
      answer_seconds: 1
      proof: {within_seconds: 5}
"""


def devices_yaml(text: str, *, limit_kw: float = 100.0) -> str:
    """Return a lab's configuration with these devices, planned, in place of its own thermostat with hours."""
    before, _, after = text.partition("climate:\n")
    rest = after[after.index("thinking:") :]
    return before.rstrip() + APPLIANCES_YAML + DEVICES_YAML.replace("<limit>", str(limit_kw)) + rest


def more() -> dict[str, Any]:
    """Return what is added to the lab's configuration."""
    home = configuration(0, Path())
    numbers: dict[str, Any] = {
        "charger_current": {"min": 0, "max": 32, "initial": 16, "mode": "box"},
        "sim_car": {"min": 0, "max": 100, "initial": 40, "step": 0.1, "mode": "box"},
        "sim_asked": {"min": 0, "max": 100, "initial": 12, "mode": "box"},
        "sim_tank": {"min": 0, "max": 100, "initial": 50, "step": 0.1, "mode": "box"},
        "sim_outdoor": {"min": -30, "max": 50, "initial": 3, "step": 0.1, "mode": "box"},
    }
    flags = {name: {"initial": False} for name in (*SWITCHES, "dryer_loaded", "sim_washing")}
    flags["sim_plugged"] = {"initial": True}
    return {
        "input_number": home["input_number"] | numbers,
        "input_boolean": home["input_boolean"] | flags,
        "input_datetime": home["input_datetime"] | {"car_leaves": {"has_date": True, "has_time": True}},
        "template": [*home["template"], {"switch": _switches()}, {"number": [_current()]}, {"sensor": _sensors()}],
    }


def fresh(lab: Lab) -> None:
    """Bring the devices back to where they were at the start."""
    lab.sim(car=40, asked=12, tank=50, outdoor=3, plugged=True, washing=False)
    for name in (*SWITCHES, "dryer_loaded"):
        lab.call("input_boolean.turn_off", f"input_boolean.{name}")
    lab.call("input_number.set_value", "input_number.charger_current", value=16)
    lab.call("input_datetime.set_datetime", "input_datetime.car_leaves", datetime="2100-01-01 07:00:00")


def _switches() -> list[dict[str, Any]]:
    def turned(name: str, way: str) -> list[dict[str, Any]]:
        return [{"action": f"input_boolean.turn_{way}", "target": {"entity_id": f"input_boolean.{name}"}}]

    return [
        {
            "name": name.capitalize(),
            "unique_id": name,
            "state": f"{{{{ is_state('input_boolean.{name}', 'on') }}}}",
            "turn_on": turned(name, "on"),
            "turn_off": turned(name, "off"),
        }
        for name in SWITCHES
    ]


def _current() -> dict[str, Any]:
    target = {"entity_id": "input_number.charger_current"}
    return {
        "name": "Charger current",
        "unique_id": "charger_current",
        "state": "{{ states('input_number.charger_current') }}",
        "min": 6,
        "max": 32,
        "step": 1,
        "unit_of_measurement": "A",
        "set_value": [{"action": "input_number.set_value", "target": target, "data": {"value": "{{ value }}"}}],
    }


def _sensors() -> list[dict[str, Any]]:
    charges = (
        "is_state('input_boolean.charger', 'on') and is_state('input_boolean.sim_plugged', 'on')"
        " and states('input_number.sim_car') | float(0) < 100"
    )
    ampere = "[states('input_number.charger_current') | float(0), 16] | min"
    drawn = " + ".join(f"states('sensor.{name}_power') | float(0)" for name in (*SWITCHES, "heater"))
    status = (
        "{{ 'disconnected' if is_state('input_boolean.sim_plugged', 'off')"
        " else 'charging' if is_state('input_boolean.charger', 'on') else 'awaiting_start' }}"
    )
    fahrenheit = "{{ (states('input_number.sim_tank') | float(0)) * 1.8 + 32 }}"
    return [
        _sensor("Charger power", f"{{{{ ({ampere}) * 690 if {charges} else 0 }}}}", "W"),
        _sensor("Charger status", status, None),
        _sensor("Charger asked", "{{ states('input_number.sim_asked') }}", "kWh"),
        _sensor("Car SoC", "{{ states('input_number.sim_car') }}", "%"),
        _sensor("Tank temperature", fahrenheit, "°F"),
        _sensor("Tank power", "{{ 2000 if is_state('input_boolean.tank', 'on') else 0 }}", "W"),
        _sensor("Dryer power", "{{ 900 if is_state('input_boolean.dryer', 'on') else 0 }}", "W"),
        _sensor("Washing machine power", "{{ 800 if is_state('input_boolean.sim_washing', 'on') else 0 }}", "W"),
        _sensor("Outdoor", "{{ states('input_number.sim_outdoor') }}", "°C"),
        _sensor("Whole grid power", f"{{{{ states('sensor.good_grid_power') | float(0) + {drawn} }}}}", "W"),
    ]


def _sensor(name: str, state: str, unit: str | None) -> dict[str, Any]:
    shown = {"name": name, "unique_id": name.lower().replace(" ", "_"), "state": state}
    return shown if unit is None else shown | {"unit_of_measurement": unit}
