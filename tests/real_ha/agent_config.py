"""Configurations for an agent beside the lab."""

from __future__ import annotations

from real_ha.lab import Lab, free_port


def config_yaml(lab: Lab, **changes: str) -> str:
    """Return a configuration for the lab's home; `changes` replace what stands in <angle brackets> below."""
    text = CONFIG
    values = {
        "mode": "control",
        "url": lab.url,
        "token": lab.users.tokens["agent"],
        "port": str(free_port()),
        "grid": "sensor.<battery>_grid_power",
        "soc": "sensor.battery_soc",
        "meter": "sensor.<battery>_battery_power",
        "charge": "charge",
        "sell": "discharge",
        "press": "",
        "answer": "1",
        "within": "5",
        "battery": "good",
        "control": "modes",
        "writes": "200",
        "extra": "",
    }
    unknown = set(changes) - set(values)
    assert not unknown, unknown
    for name, value in (values | changes).items():
        text = text.replace(f"<{name}>", value)
    return text.replace("<battery>", changes.get("battery", "good"))


CONFIG = """
mode: <mode>
home_assistant:
  url: <url>
  token: <token>
  heartbeat: input_datetime.heartbeat
meters:
  grid: <grid>
  pv: sensor.sim_pv_power
  battery: <meter>
  soc: <soc>
prices:
  import: sensor.electricity_price
  export: 0.05
battery:
  capacity_kwh: 10
  max_charge_kw: 5
  max_discharge_kw: 5
  min_soc: 0.1
  inverter: {control: <control>}
  steering:
    self_consumption: [{set: select.<battery>_mode, to: auto}<press>]
    hold: [{set: select.<battery>_mode, to: hold}<press>]
    charge: [{set: select.<battery>_mode, to: <charge>}, {set: number.<battery>_power, to: "{{ power_w }}"}<press>]
    discharge: [{set: select.<battery>_mode, to: <sell>}, {set: number.<battery>_power, to: "{{ power_w }}"}<press>]
    answer_seconds: <answer>
    writes_per_day: <writes>
    proof: {within_seconds: <within>}
appliances:
  boiler:
    rated_kw: 2
    power: sensor.boiler_power
    steering:
      on: [{set: switch.boiler, to: on}]
      off: [{set: switch.boiler, to: off}]
      answer_seconds: 1
      proof: {within_seconds: 5}
    timetable: {"00:00": off}
climate:
  living_room:
    entity: climate.living_room
    steering:
      temperature: [{set: climate.living_room, to: "{{ target_c }}"}]
      answer_seconds: 1
      proof: {within_seconds: 5, entity: sensor.heater_power}
    timetable: {"00:00": 19}
thinking: {step_minutes: 15}
web: {port: <port>}
<extra>
"""
