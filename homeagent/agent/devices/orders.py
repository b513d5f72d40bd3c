"""From a device's plan to what it is told in a slot. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from homeagent.devices.car import ranges_kw
from homeagent.domain.command import Instruction, SafeState, SetCharge, SetSwitch, SetTemperature, Suggest
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.tasks import DevicePlan

DRAWS_KW = 0.01
TARGET_STEP_K = 0.5
"""Thermostats take half degrees."""


def order(device: DeviceKnown, plan: DevicePlan, now: datetime) -> Instruction | None:
    """Return what a device is told in the slot that holds `now`, None where it is told nothing."""
    grid = plan.power_kw.grid
    if not grid.start <= now < grid.end:
        return SafeState()
    slot = grid.index_of(now)
    power_kw = float(plan.power_kw.values[slot])
    match device:
        case CarSpec():
            return _charge(device, power_kw, surplus=bool(plan.follows_surplus[slot]))
        case HeatSpec() | TankSpec():
            if plan.target_c is None:
                return SafeState()
            return SetTemperature(target_c=_in_steps(float(plan.target_c[slot])))
        case ApplianceSpec():
            return _start(device, plan, now)
        case HoursSpec():
            return SetSwitch(on=power_kw > DRAWS_KW)


def _charge(device: CarSpec, power_kw: float, *, surplus: bool) -> SetCharge:
    """Return power and phases: the fewest that carry the power, since they begin at the least current.

    A slot in which the car becomes full has a lower mean than what can flow on those phases: then it is told the least.
    """
    ranges = ranges_kw(device)
    phases, least_kw, _ = next((one for one in ranges if power_kw <= one[2] + DRAWS_KW), ranges[-1])
    told_kw = max(power_kw, least_kw) if power_kw > DRAWS_KW else power_kw
    return SetCharge(power_kw=round(told_kw, 3), phases=phases, surplus=surplus)


def _start(device: ApplianceSpec, plan: DevicePlan, now: datetime) -> Instruction | None:
    if plan.start is None:
        return None
    if not device.switched:
        return (
            Suggest(start=plan.start) if plan.start >= plan.power_kw.grid.at(plan.power_kw.grid.index_of(now)) else None
        )
    return SetSwitch(on=True) if timedelta(0) <= now - plan.start < plan.power_kw.grid.step else None


def _in_steps(target_c: float) -> float:
    return round(target_c / TARGET_STEP_K) * TARGET_STEP_K
