"""The simulated energy home inside the lab's Home Assistant: obedient devices and bad ones.

Its physics are template sensors: what a battery's power is follows from what really reached it, not from what its
entities show. The tests set the weather, so to speak, through the `sim_` helpers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

LATE_S = 60

BATTERIES = ("good", "deaf", "late", "stuck", "reset", "button", "ranged")
"""good obeys; deaf echoes without effect; late answers a minute later, or after sim_late seconds; stuck ignores; reset
loses its power with each mode; button needs a press; ranged has a power only while it charges or discharges."""
MODES = ["auto", "charge", "discharge", "hold"]
BULK = 480


def _set(kind: str, name: str, value: str) -> dict[str, Any]:
    domain, action, field = {
        "mode": ("input_select", "select_option", "option"),
        "power": ("input_number", "set_value", "value"),
    }[kind.removeprefix("real_")]
    target = {"entity_id": f"{domain}.{name}_{kind}"}
    return {"action": f"{domain}.{action}", "target": target, "data": {field: value}}


def _battery(name: str) -> dict[str, list[dict[str, Any]]]:
    """Return the front of a battery: a select, a number and a button, and what they do behind."""
    select: list[dict[str, Any]] = [_set("mode", name, "{{ option }}")]
    number: list[dict[str, Any]] = [_set("power", name, "{{ value }}")]
    through_mode, through_power = _set("real_mode", name, "{{ option }}"), _set("real_power", name, "{{ value }}")
    press: list[dict[str, Any]] = []
    if name in {"good", "reset", "ranged"}:
        select.append(through_mode)
        number.append(through_power)
    if name == "reset":
        select += [_set("power", name, "0"), _set("real_power", name, "0")]
    if name == "late":
        select.append({"action": "script.turn_on", "target": {"entity_id": "script.late_arrives"}})
        number.append(through_power)
    if name == "stuck":
        select, number = [{"delay": 0}], [{"delay": 0}]
    if name == "button":
        press = [
            _set("real_mode", name, "{{ states('input_select.button_mode') }}"),
            _set("real_power", name, "{{ states('input_number.button_power') }}"),
        ]
    real = f"states('input_select.{name}_real_mode')"
    power = f"states('input_number.{name}_real_power') | float(0)"
    follows = "states('input_number.sim_load') | float(0) - states('input_number.sim_pv') | float(0)"
    state = (
        f"{{% set mode = {real} %}}{{% set p = {power} %}}{{% set net = {follows} %}}"
        "{{ (-p if mode == 'charge' else p if mode == 'discharge' else 0 if mode == 'hold' "
        "else [[net, -5000] | max, 5000] | min) | round(1) }}"
    )
    available = {"availability": f"{{{{ states('input_select.{name}_mode') in ['charge', 'discharge'] }}}}"}
    return {
        "select": [
            {
                "name": f"{name} mode",
                "unique_id": f"{name}_mode",
                "state": f"{{{{ states('input_select.{name}_mode') }}}}",
                "options": "{{ " + repr(MODES) + " }}",
                "select_option": select,
            }
        ],
        "number": [
            {
                "name": f"{name} power",
                "unique_id": f"{name}_power",
                "state": f"{{{{ states('input_number.{name}_power') }}}}",
                "min": 0,
                "max": 5000,
                "step": 1,
                "unit_of_measurement": "W",
                "set_value": number,
                **(available if name == "ranged" else {}),
            }
        ],
        "button": [{"name": f"{name} apply", "unique_id": f"{name}_apply", "press": press or [{"delay": 0}]}],
        "sensor": [_power(f"{name} battery power", state), _power(f"{name} grid power", _grid(name))],
    }


def _power(name: str, state: str, **extra: object) -> dict[str, Any]:
    return {
        "name": name,
        "unique_id": name.replace(" ", "_"),
        "device_class": "power",
        "state_class": "measurement",
        "unit_of_measurement": "W",
        "state": state,
        **extra,
    }


def _grid(name: str) -> str:
    return (
        "{{ (states('input_number.sim_load') | float(0) - states('input_number.sim_pv') | float(0)"
        f" - states('sensor.{name}_battery_power') | float(0)) | round(1) }}}}"
    )


def _helper(name: str, low: float, high: float, initial: float | None = None, step: float = 1) -> dict[str, Any]:
    return {"name": name, "min": low, "max": high, "step": step, "mode": "box"} | (
        {} if initial is None else {"initial": initial}
    )


def configuration(port: int, stub: Path) -> dict[str, Any]:
    """Return the whole configuration.yaml."""
    fronts = [_battery(name) for name in BATTERIES]
    onoff = {"off": "input_boolean.turn_off", "on": "input_boolean.turn_on"}
    switches = [
        {
            "name": "Boiler",
            "unique_id": "boiler",
            "state": "{{ is_state('input_boolean.boiler', 'on') }}",
            **{f"turn_{w}": [{"action": a, "target": {"entity_id": "input_boolean.boiler"}}] for w, a in onoff.items()},
        },
        {
            "name": "Dead pump",
            "unique_id": "dead_pump",
            "state": "{{ is_state('input_boolean.dead_pump', 'on') }}",
            **{
                f"turn_{w}": [{"action": a, "target": {"entity_id": "input_boolean.dead_pump"}}]
                for w, a in onoff.items()
            },
        },
    ]
    sensors = [
        _power(
            "Sim PV power",
            "{{ states('input_number.sim_pv') }}",
            availability="{{ is_state('input_boolean.sim_pv_there', 'on') }}",
        ),
        _power("Swapped power", "{{ states('input_number.sim_load') }}") | {"unit_of_measurement": "kW"},
        _power("Boiler power", "{{ 2000 if is_state('input_boolean.boiler', 'on') else 0 }}"),
        _power("Dead pump power", "{{ 0 }}"),
        _power("Heater power", "{{ 1500 if is_state('input_boolean.heater', 'on') else 0 }}"),
        {
            "name": "Battery SoC",
            "unique_id": "battery_soc",
            "device_class": "battery",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "state": "{{ states('input_number.sim_soc') }}",
            "availability": "{{ is_state('input_boolean.sim_soc_there', 'on') }}",
        },
        {
            "name": "Room temperature",
            "unique_id": "room_temperature",
            "device_class": "temperature",
            "unit_of_measurement": "°C",
            "state": "{{ states('input_number.sim_room') }}",
        },
        {
            "name": "Electricity price",
            "unique_id": "electricity_price",
            "unit_of_measurement": "EUR/kWh",
            "state": "{{ 0.3 }}",
            "attributes": {
                # the prices of the hours from now on, the last of them for all that follow
                "raw_today": "{% set ns = namespace(l=[]) %}{% set t0 = today_at() %}"
                "{% set ps = states('input_text.sim_prices').split(',') %}{% for h in range(48) %}"
                "{% set at = (h - now().hour) % 24 %}"
                "{% set ns.l = ns.l + [{'start': (t0 + timedelta(hours=h)).isoformat(),"
                " 'end': (t0 + timedelta(hours=h + 1)).isoformat(),"
                " 'value': ps[[at, (ps | length) - 1] | min] | float}] %}"
                "{% endfor %}{{ ns.l }}"
            },
        },
    ]
    helpers = {f"{n}_{kind}": {"options": MODES} for n in BATTERIES for kind in ("mode", "real_mode")}
    numbers = {f"{n}_{kind}": _helper(f"{n} {kind}", 0, 5000) for n in BATTERIES for kind in ("power", "real_power")}
    numbers |= {
        "sim_load": _helper("Sim load", -50000, 150000, 800),
        "sim_pv": _helper("Sim PV", -1000, 100000, 0),
        "sim_soc": _helper("Sim SoC", 0, 100, 50, 0.1),
        "sim_late": _helper("Sim late", 0, 600, LATE_S),
        "sim_room": _helper("Sim room", 5, 35, 19.5, 0.1),
    }
    numbers |= {f"bulk_{index}": _helper(f"bulk {index}", 0, 1e9, 0) for index in range(BULK)}
    template = [{kind: front[kind]} for front in fronts for kind in front]
    template += [{"sensor": sensors}, {"switch": switches}]
    delay = {"seconds": "{{ states('input_number.sim_late') | int }}"}
    late = [{"delay": delay}, _set("real_mode", "late", "{{ states('input_select.late_mode') }}")]
    return {
        "homeassistant": {
            "name": "Lab",
            "latitude": 52.5,
            "longitude": 13.4,
            "unit_system": "metric",
            "currency": "EUR",
            "country": "DE",
            "time_zone": "Europe/Berlin",
        },
        "http": {"server_host": "127.0.0.1", "server_port": port},
        "frontend": {"development_repo": str(stub)},
        **dict.fromkeys(("api", "websocket_api", "history", "sun", "energy", "search")),
        "recorder": {"commit_interval": 1},
        "logger": {"default": "warning"},
        "input_select": helpers,
        "input_number": numbers,
        "input_boolean": {
            **{name: {"initial": False} for name in ("boiler", "dead_pump", "heater")},
            **{name: {"initial": True} for name in ("sim_soc_there", "sim_pv_there")},
            "sim_meddle": {"initial": False},
        },
        "input_text": {"sim_prices": {"max": 255, "initial": "0.3"}},
        "input_datetime": {"heartbeat": {"has_date": True, "has_time": True}},
        "script": {"late_arrives": {"mode": "restart", "sequence": late}},
        "template": template,
        "climate": [
            {
                "platform": "generic_thermostat",
                "name": "Living room",
                "unique_id": "living_room",
                "heater": "input_boolean.heater",
                "target_sensor": "sensor.room_temperature",
                "min_temp": 7,
                "max_temp": 28,
                "target_temp": 19,
                "cold_tolerance": 0.2,
                "hot_tolerance": 0.2,
                "initial_hvac_mode": "heat",
            }
        ],
        "automation": [
            {
                "id": "meddler",
                "alias": "Meddler",
                "triggers": [{"trigger": "state", "entity_id": "input_boolean.sim_meddle", "to": "on"}],
                "actions": [
                    {
                        "action": "select.select_option",
                        "target": {"entity_id": "select.good_mode"},
                        "data": {"option": "hold"},
                    }
                ],
            }
        ],
    }
