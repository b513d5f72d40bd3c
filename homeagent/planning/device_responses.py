"""Each kind of device's answers behind one name, and what a course of it means for battery and phases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from homeagent.devices.car import STOPS_KWH
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask, HeatTask, HoursTask, TankTask
from homeagent.planning import appliances, car, hours, house_heat, tank
from homeagent.planning.loads import Loads
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import SlotCost


def best_responses(tasks: Sequence[DeviceTask], cost: SlotCost) -> tuple[Response, ...]:
    """Return what a device would do at these costs, or appliances that follow one another."""
    chain = [task for task in tasks if isinstance(task, ApplianceTask)]
    if chain:
        return appliances.sequence_response(chain, cost)
    match tasks[0]:
        case CarTask() as task:
            return (car.best_response(task, cost),)
        case HeatTask() as task:
            return (house_heat.best_response(task, cost),)
        case TankTask() as task:
            return (tank.best_response(task, cost),)
        case HoursTask() as task:
            return (hours.best_response(task, cost),)
        case _:
            raise AssertionError(tasks)


def evaluate(task: DeviceTask, power_kw: FloatArray, grid: TimeGrid) -> Response:
    """Return what a course of a device means."""
    match task:
        case CarTask():
            return car.evaluate(task, power_kw, grid)
        case HeatTask():
            return house_heat.evaluate(task, power_kw, grid)
        case TankTask():
            return tank.evaluate(task, power_kw, grid)
        case ApplianceTask():
            return appliances.evaluate(task, power_kw, grid)
        case HoursTask():
            return hours.evaluate(task, power_kw, grid)


def units(tasks: Sequence[DeviceTask]) -> tuple[tuple[int, ...], ...]:
    """Return the places of tasks that are decided together: each alone, appliances that follow one another as one.

    Those that ask for most energy at once come first, so that the smaller ones find their place beside them.
    """
    runs = [place for place, task in enumerate(tasks) if isinstance(task, ApplianceTask)]
    chains = appliances.chains([task for task in tasks if isinstance(task, ApplianceTask)])
    alone = [(place,) for place in range(len(tasks)) if place not in runs]
    return (*sorted(alone, key=lambda unit: _rank(tasks[unit[0]])), *(tuple(runs[one] for one in c) for c in chains))


def _rank(task: DeviceTask) -> int:
    kinds = (CarTask, HeatTask, TankTask, HoursTask)
    return next((rank for rank, kind in enumerate(kinds) if isinstance(task, kind)), len(kinds))


def is_apart(task: DeviceTask) -> bool:
    """Return whether the battery must not serve the device."""
    return isinstance(task, CarTask) and not task.spec.from_battery


def on_one_phase(task: DeviceTask) -> bool:
    """Return whether the device draws from one phase alone, whatever it draws."""
    return task.spec.phases in (1, (1,))


def loads_of(task: DeviceTask, power_kw: FloatArray) -> Loads:
    """Return what a course of a device means for the battery and the phases."""
    zero = np.zeros_like(power_kw)
    spec, single = task.spec, power_kw if on_one_phase(task) else zero
    if isinstance(spec, CarSpec) and 1 in spec.phases and max(spec.phases) > 1:
        top = spec.max_charge_kw / max(spec.phases)
        single = np.where(np.abs(power_kw) <= top + STOPS_KWH, power_kw, 0.0)
    return Loads(all_kw=power_kw, apart_kw=np.maximum(power_kw, 0.0) if is_apart(task) else zero, one_phase_kw=single)
