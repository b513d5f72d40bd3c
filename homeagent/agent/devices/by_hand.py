"""What people ask of a device for a while: how it changes what is planned, and what the device is told. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np

from homeagent.domain.command import Instruction, SetCharge, SetSwitch, SetTemperature
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.expectations import share_inside
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.people import Asked, Vacation
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask, HoursTask, TankTask
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
    """Return a task as somebody wants it for a while: started now, not before a time, or a tank once so hot by then."""
    if isinstance(task, TankTask) and asked.target is not None and asked.target_until is not None:
        return _once_hot(task, asked.target, asked.target_until, grid)
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
    if isinstance(task, HoursTask):
        return replace(task, allowed=task.allowed & (np.arange(grid.count) >= first))
    return task


def _once_hot(task: TankTask, target_c: float, until: datetime, grid: TimeGrid) -> TankTask:
    """Return the task of a tank that is to have been at a temperature once before a time."""
    last = min(max((until - grid.start) // grid.step - 1, 0), grid.count - 1)
    if task.hygiene_by is not None:  # it is due anyhow, and hotter
        return replace(task, hygiene_by=min(task.hygiene_by, last))
    spec = replace(task.spec, hygiene_c=min(target_c, task.spec.max_c))
    return replace(task, spec=spec, hygiene_by=last)


def while_away(task: DeviceTask, vacation: Vacation | None, grid: TimeGrid) -> DeviceTask:
    """Return a task with nobody there for a while: no water is drawn, the tank is clean on the return, no car leaves.

    What the rooms are kept at follows from the absence itself.
    """
    if vacation is None:
        return task
    share = share_inside(grid, vacation.since, vacation.until)
    if isinstance(task, TankTask):
        here = 1.0 - share
        back = (vacation.until - grid.start) // grid.step - 1  # the last slot before somebody is there again
        due = task.hygiene_by
        if 0 <= back < grid.count and task.spec.hygiene_every is not None:
            due = back
        elif due is not None and share[due] > 0:
            due = None  # nobody is there to whom it matters
        return replace(task, drawn_kwh=task.drawn_kwh * here, drawn_high_kwh=task.drawn_high_kwh * here, hygiene_by=due)
    if isinstance(task, CarTask) and grid.count and share[0] > 0:
        here_again = np.cumsum(share[::-1])[::-1] == 0
        leaves = np.where(here_again, task.leaves, 0.0)
        return replace(task, leaves=leaves, needed_kwh=task.needed_kwh if leaves.any() else 0.0)
    return task


def room_wish(wish: HeatWish, asked: Asked) -> HeatWish:
    """Return the wish of a room whose temperature somebody has asked for: whoever is there or not."""
    if asked.target is None:
        return wish
    band = Band(low_c=asked.target - ROOM_K, high_c=asked.target + ROOM_K)
    return replace(wish, comfort=band, sleep=band, away=band)
