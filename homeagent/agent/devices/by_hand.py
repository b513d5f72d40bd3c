"""What people ask of a device for a while: how it changes what is planned, and what the device is told. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from homeagent.domain.command import Instruction, SetCharge, SetSwitch, SetTemperature
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.people import Asked
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask
from homeagent.domain.wishes import Band, HeatWish

BOOST_K = 2.0
"""So much warmer than its band's middle a room is made by a boost; so much cooler where it is cooled."""
ROOM_K = 0.5
"""A room that is asked to be at a temperature is to lie within this of it."""


def boosted(device: DeviceKnown, asked: Asked, now: datetime) -> bool:
    """Return whether a device runs at full power now because somebody wants it to; an appliance is started instead."""
    return asked.boost_until is not None and asked.boost_until > now and not isinstance(device, ApplianceSpec)


def boost(device: DeviceKnown, comfort: Band) -> Instruction | None:
    """Return what a boosted device is told; `comfort` is the room's band."""
    match device:
        case CarSpec():
            return SetCharge(power_kw=device.max_charge_kw, phases=max(device.phases))
        case HeatSpec(purpose=purpose):
            middle_c = (comfort.low_c + comfort.high_c) / 2
            target_c = middle_c + (BOOST_K if purpose == "heating" else -BOOST_K)
            return SetTemperature(target_c=min(max(target_c, device.guard_low_c), device.guard_high_c))
        case TankSpec():
            return SetTemperature(target_c=device.max_c)
        case HoursSpec():
            return SetSwitch(on=True)
        case ApplianceSpec():
            return None


def boost_kw(device: DeviceKnown, asked: Asked, grid: TimeGrid) -> FloatArray:
    """Return what a boosted device is taken to draw in each slot, shape (count,)."""
    rated = {CarSpec: "max_charge_kw", HeatSpec: "max_kw", TankSpec: "max_kw", HoursSpec: "rated_kw"}
    name = rated.get(type(device))
    if name is None or asked.boost_until is None:
        return np.zeros(grid.count)
    share = np.clip((asked.boost_until - grid.start) / grid.step - np.arange(grid.count), 0.0, 1.0)
    return np.asarray(share * getattr(device, name))


def asked_of(task: DeviceTask, asked: Asked, grid: TimeGrid) -> DeviceTask:
    """Return a task as somebody wants it for a while: started now, or not before a time."""
    if isinstance(task, ApplianceTask) and asked.boost_until is not None and task.begun_min is None:
        return replace(task, first=0, last=0, at_most=None)
    if asked.not_before is None:
        return task
    first = max(-((grid.start - asked.not_before) // grid.step), 0)  # the first slot that starts no earlier
    if isinstance(task, ApplianceTask) and task.begun_min is None:
        return replace(task, first=max(task.first, first), last=max(task.last, first))
    if isinstance(task, CarTask):
        later = np.arange(grid.count) >= first
        return replace(task, present=task.present & later, leaves=np.where(later, task.leaves, 0.0))
    return task


def room_wish(wish: HeatWish, asked: Asked) -> HeatWish:
    """Return the wish of a room whose temperature somebody has asked for: whoever is there or not."""
    if asked.target is None:
        return wish
    band = Band(low_c=asked.target - ROOM_K, high_c=asked.target + ROOM_K)
    return replace(wish, comfort=band, sleep=band, away=band)
