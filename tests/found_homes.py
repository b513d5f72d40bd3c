"""Entities of devices as Home Assistant has them: names, platforms and shapes as their integrations make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from homeagent.domain.discovery import FoundEntity

SOLAREDGE_MODES = [
    *("Solar Power Only (Off)", "Charge from Clipped Solar Power", "Charge from Solar Power"),
    *("Charge from Solar Power and Grid", "Discharge to Maximize Export", "Discharge to Minimize Import"),
    "Maximize Self Consumption",
]
CLOCK = [f"{hour:02d}:{minute:02d}:00" for hour in range(24) for minute in (0, 30)]
TO_1MW = {"min": 0, "max": 1_000_000, "step": 1, "unit_of_measurement": "W"}


def found(platform: str, entity_id: str, unique_id: str | None = None, **more: Any) -> FoundEntity:  # noqa: ANN401 - any field
    """Return one entity, on the device of its platform unless told otherwise."""
    plain: dict[str, Any] = {"device_id": f"{platform}-device", "config_entry_id": f"{platform}-entry", "state": "1"}
    return FoundEntity(platform=platform, entity_id=entity_id, unique_id=unique_id, **(plain | more))


def select(*options: str) -> dict[str, Any]:
    """Return the attributes of a select."""
    return {"options": [*options]}


def number(low: float, high: float, step: float = 1, unit: str = "W") -> dict[str, Any]:
    """Return the attributes of a number."""
    return {"min": low, "max": high, "step": step, "unit_of_measurement": unit}


def solaredge(inverter: str = "i1") -> list[FoundEntity]:
    """Return the storage controls of one SolarEdge inverter."""
    p, domain = f"solaredge_{inverter}", "solaredge_modbus_multi"
    uid, device = f"SE10K_7E{inverter}_storage", f"device-{inverter}"
    control = select("Disabled", "Maximize Self Consumption", "Time of Use", "Backup Only", "Remote Control")
    rows: list[tuple[str, str, str, Mapping[str, Any]]] = [
        ("select", "storage_control_mode", "control_mode", control),
        ("select", "storage_default_mode", "default_mode", select(*SOLAREDGE_MODES)),
        ("select", "storage_command_mode", "command_mode", select(*SOLAREDGE_MODES)),
        ("number", "storage_command_timeout", "command_timeout", number(0, 86400, unit="s")),
        ("number", "storage_charge_limit", "charge_limit", TO_1MW),
        ("number", "storage_discharge_limit", "discharge_limit", TO_1MW),
        ("number", "backup_reserve", "backup_reserve", number(0, 100, unit="%")),
    ]
    return [
        found(domain, f"{kind}.{p}_{name}", f"{uid}_{key}", attributes=attributes, device_id=device)
        for kind, name, key, attributes in rows
    ]


def solax(prefix: str = "solax", suffix: str = "", device: str = "solax-device") -> list[FoundEntity]:
    """Return the remote control of one SolaX inverter."""
    modes = select(
        *("Disabled", "Enabled Power Control", "Enabled Grid Control", "Enabled Battery Control"),
        *("Enabled Self Use", "Enabled Feedin Priority", "Enabled No Discharge"),
    )
    rows: list[tuple[str, str, Mapping[str, Any]]] = [
        ("select", "power_control", modes),
        ("number", "active_power", number(-6000, 6000)),
        ("number", "duration", number(0, 28800, unit="s")),
        ("number", "autorepeat_duration", number(0, 28800, unit="s")),
        ("number", "import_limit", number(0, 30000)),
        ("button", "trigger", {}),
    ]
    return [
        found(
            "solax_modbus",
            f"{kind}.{prefix}_remotecontrol_{key}{suffix}",
            f"{prefix}_remotecontrol_{key}{suffix}",
            attributes=attributes,
            device_id=device,
        )
        for kind, key, attributes in rows
    ]


def goodwe(*, fork: bool = False, unit: str = "%") -> list[FoundEntity]:
    """Return a GoodWe inverter's settings, with or without those of the fork."""
    modes = select("general", "off_grid", "backup", "eco", "peak_shaving", "eco_charge", "eco_discharge")
    serial = "9010KETU000"
    mine = [
        found(
            "goodwe",
            "select.goodwe_inverter_operation_mode",
            f"goodwe-operation_mode-{serial}",
            translation_key="operation_mode",
            attributes=modes,
        ),
        found(
            "goodwe",
            "number.goodwe_battery_discharge_depth",
            f"goodwe-battery_discharge_depth-{serial}",
            attributes=number(0, 99, unit="%"),
        ),
        found("goodwe", "number.goodwe_grid_export_limit", attributes=number(0, 10000, 100)),
    ]
    if fork:
        high = 100 if unit == "%" else 10000
        rows = (("eco_mode_power", number(0, high, unit=unit)), ("eco_mode_soc", number(0, 100, unit="%")))
        mine += [
            found("goodwe", f"number.goodwe_{key}", f"goodwe-{key}-{serial}", attributes=attributes)
            for key, attributes in rows
        ]
    return mine


def huawei() -> list[FoundEntity]:
    """Return a Huawei battery's number and state of charge; its actions want the device."""
    battery = {"device_id": "f0e1d2c3b4a5"}
    return [
        found(
            "huawei_solar",
            "number.batteries_maximum_discharging_power",
            "HV2150_storage_maximum_discharging_power",
            attributes=number(0, 5000),
            **battery,
        ),
        found("huawei_solar", "sensor.batteries_state_of_capacity", "HV2150_storage_state_of_capacity", **battery),
        found("huawei_solar", "sensor.inverter_active_power", "HV2150_active_power", device_id="inverter"),
    ]


def fronius() -> list[FoundEntity]:
    """Return a Fronius battery's controls."""
    modes = select(
        *("Auto", "PV Charge Limit", "Discharge Limit", "PV Charge and Discharge Limit", "Charge from Grid"),
        *("Discharge to Grid", "Block Discharging", "Block Charging"),
    )
    p = "byd_battery_box"
    rows = (
        ("select", "storage_control_mode", "ext_control_mode", modes),
        ("number", "grid_charge_power", "grid_charge_power", number(0, 10100, 10)),
        ("number", "grid_discharge_power", "grid_discharge_power", number(0, 10100, 10)),
        ("number", "pv_charge_limit", "charge_limit", number(0, 10100, 10)),
    )
    return [
        found("fronius_modbus", f"{kind}.{p}_{name}", f"fm_{key}", translation_key=key, attributes=attributes)
        for kind, name, key, attributes in rows
    ]


def sungrow() -> list[FoundEntity]:
    """Return the helpers of the Sungrow package: no devices, no entries."""
    modes = select("Self-consumption mode (default)", "Forced mode", "External EMS mode")
    commands = select("Stop (default)", "Forced charge", "Forced discharge")
    none: dict[str, Any] = {"device_id": None, "config_entry_id": None}
    return [
        found("input_select", "input_select.set_sg_ems_mode", "set_sg_ems_mode", attributes=modes, **none),
        found(
            "input_select",
            "input_select.set_sg_battery_forced_charge_discharge_cmd",
            "set_sg_battery_forced_charge_discharge_cmd",
            attributes=commands,
            **none,
        ),
        found(
            "input_number",
            "input_number.set_sg_forced_charge_discharge_power",
            "set_sg_forced_charge_discharge_power",
            attributes=number(0, 5000, 10),
            **none,
        ),
        found("input_select", "input_select.house_mode", "house_mode", attributes=select("home", "away"), **none),
    ]


def victron() -> list[FoundEntity]:
    """Return the settings of a Victron GX."""
    rows = (("acpowersetpoint", number(-9000, 9000)), ("maxdischargepower", number(-1, 10000)))
    return [
        found("victron", f"number.victron_settings_ess_{key}", f"100_settings_ess_{key}", attributes=attributes)
        for key, attributes in rows
    ]


def givtcp(serial: str = "sa2114g047", *, pause: bool = True) -> list[FoundEntity]:
    """Return a GivEnergy inverter through GivTCP: clock windows as selects."""
    rows: list[tuple[str, str, Mapping[str, Any]]] = [
        ("number", "target_soc", number(4, 100, unit="%")),
        ("number", "battery_charge_rate", number(0, 5000)),
        ("number", "battery_discharge_rate", number(0, 5000)),
        ("number", "battery_power_reserve", number(4, 100, unit="%")),
        *(
            ("select", f"{what}_{edge}_time_slot_1", select(*CLOCK))
            for what in ("charge", "discharge")
            for edge in ("start", "end")
        ),
        ("switch", "enable_charge_schedule", {}),
        ("switch", "enable_discharge_schedule", {}),
    ]
    if pause:
        rows.append(("select", "battery_pause_mode", select("Disabled", "PauseCharge", "PauseDischarge", "PauseBoth")))
    return [
        found(
            "mqtt", f"{kind}.givtcp_{serial}_{key}", f"GivTCP_{serial}_{key}", attributes=attributes, device_id=serial
        )
        for kind, key, attributes in rows
    ]


def powerwall() -> list[FoundEntity]:
    """Return a Powerwall's mode and reserve."""
    return [
        found(
            "teslemetry",
            "select.my_home_operation_mode",
            "1234-default_real_mode",
            translation_key="default_real_mode",
            attributes=select("autonomous", "backup", "self_consumption"),
            device_id="site",
        ),
        found(
            "teslemetry",
            "number.my_home_backup_reserve",
            "1234-backup_reserve_percent",
            translation_key="backup_reserve_percent",
            attributes=number(0, 100, unit="%"),
            device_id="site",
        ),
    ]


def enphase() -> list[FoundEntity]:
    """Return an Enphase battery's settings."""
    modes = select("backup", "self_consumption", "savings")
    return [
        found("enphase_envoy", "select.enpower_storage_mode", translation_key="storage_mode", attributes=modes),
        found(
            "enphase_envoy",
            "number.enpower_reserve_battery_level",
            translation_key="reserve_soc",
            attributes=number(0, 100, unit="%"),
        ),
        found("enphase_envoy", "switch.enpower_charge_from_grid", translation_key="charge_from_grid"),
    ]


def tesla_car() -> list[FoundEntity]:
    """Return a car's charging controls."""
    return [
        found(
            "teslemetry",
            "number.my_car_charge_current",
            "VIN-charge_state_charge_current_request",
            translation_key="charge_state_charge_current_request",
            attributes=number(0, 32, unit="A"),
            device_id="car",
        ),
        found(
            "teslemetry",
            "switch.my_car_charge",
            "VIN-charge_state_user_charge_enable_request",
            translation_key="charge_state_user_charge_enable_request",
            device_id="car",
        ),
    ]


CLIMATE = {"hvac_modes": ["heat", "off"], "temperature": 20, "min_temp": 7, "max_temp": 35, "target_temp_step": 0.5}
HOMES: dict[str, list[FoundEntity]] = {
    "solaredge_modbus_multi": solaredge(),
    "huawei_solar": huawei(),
    "goodwe": goodwe(),
    "goodwe_hacs": goodwe(fork=True),
    "fronius_modbus": fronius(),
    "solax_modbus": solax(),
    "sungrow_package": sungrow(),
    "victron": victron(),
    "givtcp": givtcp(),
    "teslemetry_powerwall": powerwall(),
    "enphase_envoy": enphase(),
    "goecharger": [
        found("goecharger_api2", "number.goe_012345_amp", "goe_012345_amp", attributes=number(6, 32, unit="A")),
        found("goecharger_api2", "select.goe_012345_frc", "goe_012345_frc", attributes=select("0", "1", "2")),
        found("goecharger_api2", "select.goe_012345_psm", "goe_012345_psm", attributes=select("0", "1", "2")),
    ],
    "easee": [
        found("easee", "sensor.garage_status", "EH1_status", device_id="0f1e2d"),
        found("easee", "switch.garage_is_enabled", "EH1_is_enabled", device_id="0f1e2d"),
        found("easee", "sensor.equalizer_power", "QP1_power", device_id="equalizer"),
    ],
    "wallbox": [
        found(
            "wallbox",
            "number.wallbox_max_charging_current",
            "max_charging_current-1",
            translation_key="maximum_charging_current",
            attributes=number(6, 32, unit="A"),
        ),
        found("wallbox", "switch.wallbox_pause_resume", "pause_resume-1", translation_key="pause_resume"),
    ],
    "teslemetry_car": tesla_car(),
    "generic_thermostat": [
        found("generic_thermostat", "climate.living_room", attributes=CLIMATE, device_id=None),
    ],
    "climate": [found("tado", "climate.office", attributes=CLIMATE)],
    "water_heater": [found("midea", "water_heater.tank", attributes={"min_temp": 30, "max_temp": 70})],
}
BY_HAND: dict[str, tuple[list[FoundEntity], dict[str, str]]] = {
    "switch": ([found("shelly", "switch.boiler")], {"switch": "switch.boiler"}),
    "number": ([found("esphome", "number.car", attributes=number(0, 32, unit="A"))], {"current": "number.car"}),
    "select": ([found("esphome", "select.load", attributes=select("on", "off"))], {"select": "select.load"}),
    "select_and_number": (
        [
            found("esphome", "select.mode", attributes=select("self_consumption", "charge", "discharge", "hold")),
            found("esphome", "number.power", attributes=number(0, 5000)),
        ],
        {"mode": "select.mode", "power": "number.power"},
    ),
}
"""What is too general to be found: its owner names the entities."""
