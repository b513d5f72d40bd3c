"""An instruction in the words that a device's configuration has: a verb, and the values its steps may use."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from homeagent.domain.command import (
    Command,
    FollowPolicy,
    Instruction,
    SafeState,
    SetMode,
    SetReserve,
    SetSwitch,
    SetTemperature,
)
from homeagent.domain.site import BatterySpec

Words: TypeAlias = tuple[str, dict[str, str | float | bool]]

BATTERY_VERBS = ("self_consumption", "charge", "discharge", "hold", "reserve")
SWITCH_VERBS = ("on", "off")
THERMOSTAT_VERBS = ("temperature",)


def worded(instruction: Instruction, lease: timedelta, spec: BatterySpec) -> Words:
    """Return the verb and the variables of a command.

    Raises:
        ValueError: the instruction must first be made concrete: a policy by the guard loop, a safe state by the device.
    """
    variables: dict[str, str | float | bool] = {
        "lease_seconds": round(lease.total_seconds()),
        "lease_minutes": max(1, round(lease.total_seconds() / 60)),
    }
    match instruction:
        case SetMode(mode=mode, power_kw=power_kw):
            rated_kw = spec.max_charge_kw if mode == "charge" else spec.max_discharge_kw
            kw = rated_kw if power_kw is None else power_kw
            return mode, variables | {"power_kw": round(kw, 3), "power_w": round(kw * 1000)}
        case SetReserve(reserve_kwh=kwh):
            percent = round(100 * kwh / spec.capacity_kwh)
            return "reserve", variables | {"reserve_kwh": round(kwh, 3), "reserve_percent": percent}
        case SetSwitch(on=on):
            return ("on" if on else "off"), variables
        case SetTemperature(target_c=target_c):
            return "temperature", variables | {"target_c": target_c, "target_f": round(target_c * 1.8 + 32, 1)}
        case FollowPolicy() | SafeState():
            raise ValueError(f"{type(instruction).__name__} has no verb of its own")


def lease_left(command: Command, now: datetime) -> timedelta:
    """Return how long the command still holds."""
    return max(command.valid_until - now, timedelta(seconds=1))
