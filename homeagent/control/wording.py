"""An instruction in the words that a device's configuration has: a verb, and the values its steps may use."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from homeagent.domain.command import (
    Command,
    FollowPolicy,
    Instruction,
    SafeState,
    SetCharge,
    SetMode,
    SetReserve,
    SetSwitch,
    SetTemperature,
    Suggest,
)
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import DeviceSpec, Ranges, Value

Words: TypeAlias = tuple[str, dict[str, Value]]

MINUTES_OF_DAY = 1440
STOPPED_KW = 0.01
NEARLY_A = 0.05
"""A current so little below a whole one is meant to be that one."""
_ANY = Ranges()


def worded(
    instruction: Instruction,
    lease: timedelta,
    spec: BatterySpec,
    device: DeviceSpec | None = None,
    *,
    net_kw: float | None = None,
    local: datetime | None = None,
) -> Words:
    """Return the verb and the variables of a command, as `device` takes them.

    `net_kw` is the measured load less PV, `local` the time on the home's clock: without them there is no
    `grid_power_w`, and no `window_start` and `window_end`.

    Raises:
        ValueError: the instruction must first be made concrete: a policy by the guard loop, a safe state by the device.
    """
    ranges = _ANY if device is None else device.ranges
    variables: dict[str, Value] = _lease(lease, ranges) | (_window(local, lease, ranges) if local is not None else {})
    variables |= {} if device is None else dict(device.constants)
    match instruction:
        case SetMode(mode=mode):
            return mode, variables | _powers(instruction, spec, ranges, net_kw)
        case SetReserve(reserve_kwh=kwh):
            return "reserve", variables | _reserve(kwh, spec, ranges)
        case SetSwitch(on=on):
            return ("on" if on else "off"), variables
        case SetTemperature(target_c=target_c):
            return "temperature", variables | {"target_c": target_c, "target_f": round(target_c * 1.8 + 32, 1)}
        case SetCharge():
            volts = 230.0 if device is None else device.volts
            return _charge_verb(instruction), variables | _charge(instruction, ranges, volts)
        case Suggest(start=start):
            at = start if local is None else start.astimezone(local.tzinfo)
            day = "" if local is None or at.date() == local.date() else at.strftime(" on %A")
            return "suggest", variables | {"start": f"{at:%H:%M}{day}"}
        case FollowPolicy() | SafeState():
            raise ValueError(f"{type(instruction).__name__} has no verb of its own")


def lease_left(command: Command, now: datetime) -> timedelta:
    """Return how long the command still holds."""
    return max(command.valid_until - now, timedelta(seconds=1))


def _lease(lease: timedelta, ranges: Ranges) -> dict[str, Value]:
    seconds = min(max(lease, ranges.shortest_lease), ranges.longest_lease).total_seconds()
    return {"lease_seconds": round(seconds), "lease_minutes": max(1, round(seconds / 60))}


def _window(local: datetime, lease: timedelta, ranges: Ranges) -> dict[str, Value]:
    """Return the lease as times of day, widened to what the device's clock takes."""
    step, end = ranges.window_minutes, _later(local, lease)
    first = (local.hour * 60 + local.minute) // step * step
    last = math.ceil((end.hour * 60 + end.minute + (end.second > 0)) / step) * step
    return {"window_start": _clock(first), "window_end": _clock(last)}


def _later(local: datetime, lease: timedelta) -> datetime:
    """Return the wall clock after `lease` has really passed, also where the clocks change in between."""
    return (local.astimezone(UTC) + lease).astimezone(local.tzinfo)


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes % MINUTES_OF_DAY, 60)
    return f"{hour:02d}:{minute:02d}"


def _powers(told: SetMode, spec: BatterySpec, ranges: Ranges, net_kw: float | None) -> dict[str, Value]:
    rated_kw = spec.max_charge_kw if told.mode == "charge" else spec.max_discharge_kw
    watts = _stepped(1000 * (rated_kw if told.power_kw is None else told.power_kw), ranges)
    variables: dict[str, Value] = {
        "power_kw": round(watts / 1000, 3),
        "power_w": watts,
        "power_percent": math.floor(watts / (10 * rated_kw) + 1e-9),
        "max_charge_w": _stepped(1000 * spec.max_charge_kw, ranges),
        "max_discharge_w": _stepped(1000 * spec.max_discharge_kw, ranges),
    }
    if told.mode == "self_consumption":
        return variables | {"grid_power_w": 0}
    if net_kw is None:
        return variables
    battery_w = {"charge": watts, "discharge": -watts}.get(told.mode, 0)
    return variables | {"grid_power_w": _whole(round((1000 * net_kw + battery_w) / ranges.power_step_w), ranges)}


def _charge_verb(told: SetCharge) -> str:
    if abs(told.power_kw) < STOPPED_KW:
        return "stop"
    return "charge" if told.power_kw > 0 else "discharge"


def _charge(told: SetCharge, ranges: Ranges, volts: float) -> dict[str, Value]:
    """Return power and current; a current is rounded towards zero, and never below the least that flows."""
    watts = _stepped(1000 * abs(told.power_kw), ranges)
    ampere = math.floor(1000 * abs(told.power_kw) / (volts * told.phases) + NEARLY_A)
    return {
        "power_kw": round(watts / 1000, 3),
        "power_w": watts,
        "phases": told.phases,
        "current_a": int(min(max(ampere, ranges.low_current_a), ranges.high_current_a)),
    }


def _stepped(watts: float, ranges: Ranges) -> int | float:
    """Return a power in the device's steps, rounded towards zero, and never more than it takes."""
    return _whole(math.floor(min(round(watts), ranges.high_power_w) / ranges.power_step_w + 1e-9), ranges)


def _whole(steps: int, ranges: Ranges) -> int | float:
    watts = steps * ranges.power_step_w
    return int(watts) if watts == int(watts) else watts


def _reserve(kwh: float, spec: BatterySpec, ranges: Ranges) -> dict[str, Value]:
    low, high, step = ranges.low_reserve_percent, ranges.high_reserve_percent, ranges.reserve_step_percent
    percent = min(max(round(100 * kwh / spec.capacity_kwh / step) * step, low), high)
    kept_kwh = min(max(kwh, low / 100 * spec.capacity_kwh), high / 100 * spec.capacity_kwh)
    return {"reserve_kwh": round(kept_kwh, 3), "reserve_percent": round(percent)}
