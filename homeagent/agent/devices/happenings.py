"""What happens to devices that a plan did not know of: each is a reason to think at once. Pure."""

from __future__ import annotations

from datetime import datetime

from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, TankSpec
from homeagent.domain.tasks import DevicePlan

ASKED_KWH = 1.0
"""By so much more or less a car may ask than before without anybody having changed anything."""
BEHIND_KWH = 0.5
OFF_K = {"air_c": 1.0, "water_c": 6.0}
"""So far a temperature may stray from its planned course before the plan is worth less than a new one."""


def happened(device: DeviceKnown, before: DeviceState | None, now: DeviceState) -> str | None:
    """Return what has happened to a device since it was last seen, in words; None where nothing has."""
    if before is None:
        return None
    match device:
        case CarSpec():
            return _of_car(before, now)
        case ApplianceSpec():
            if now.ready_to_run and not before.ready_to_run:
                return f"{device.name} waits to be started"
            if now.ready_by != before.ready_by and now.ready_by is not None:
                return f"{device.name} is wanted by another time"
    return None


def _of_car(before: DeviceState, now: DeviceState) -> str | None:
    if now.plugged is not None and before.plugged is not None and now.plugged != before.plugged:
        return f"{now.name} was {'plugged in' if now.plugged else 'unplugged'}"
    if now.leaves_at != before.leaves_at and now.leaves_at is not None:
        return f"{now.name} leaves at another time"
    if now.asked_kwh is not None and before.asked_kwh is not None and now.asked_kwh > before.asked_kwh + ASKED_KWH:
        return f"{now.name} asks for more"
    return None


def behind(device: DeviceKnown, plan: DevicePlan, needed_kwh: float | None, now: datetime) -> str | None:
    """Return that a car still needs more than it was to need when this slot began, in words; None where it does not.

    Cars charge slower than planned near full, when they are cold, or late: what is missing has to be planned anew.
    """
    grid = plan.power_kw.grid
    if not isinstance(device, CarSpec) or needed_kwh is None or not grid.start <= now < grid.end:
        return None
    planned_kwh = float(plan.level[grid.index_of(now)])
    if not needed_kwh > planned_kwh + BEHIND_KWH:  # NaN is no course
        return None
    return f"{device.name} still needs {needed_kwh:.1f} kWh instead of {planned_kwh:.1f}"


def strayed(device: DeviceKnown, plan: DevicePlan, state: DeviceState, now: datetime) -> str | None:
    """Return that a temperature has left its planned course, in words; None where it keeps to it.

    A layered tank is planned by its mean, which its thermometer does not tell: it is looked at with each new plan.
    """
    grid = plan.power_kw.grid
    if isinstance(device, TankSpec) and device.layered:
        return None
    if not isinstance(device, HeatSpec | TankSpec) or not grid.start <= now < grid.end:
        return None
    what, is_c = ("air_c", state.air_c) if isinstance(device, HeatSpec) else ("water_c", state.water_c)
    planned_c = float(plan.level[grid.index_of(now)])
    if is_c is None or not abs(is_c - planned_c) > OFF_K[what]:  # NaN is no course
        return None
    return f"{device.name} is at {is_c:.1f} degC instead of {planned_c:.1f}"
