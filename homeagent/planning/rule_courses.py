"""What devices do where nobody plans: charge on arrival, heat by a set-point, run at once.

The plan is never worse than this in its own terms: it is compared with it, and it is what is done where no time or no
plan is left.
"""

from __future__ import annotations

import math

import numpy as np

from homeagent.devices.appliance import in_slots
from homeagent.devices.house_heat import heat_per_kw, house_step, rest_c, warmth_kw
from homeagent.devices.tank import cop_at, tank_step
from homeagent.domain.devices import Steadiness
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask, HeatTask, HoursTask, TankTask
from homeagent.planning import appliances
from homeagent.planning.device_responses import evaluate
from homeagent.planning.response import Response

WARM_ABOVE_K = 5.0
"""A tank's thermostat stands so far above what is of use."""


def rule_responses(tasks: tuple[DeviceTask, ...], grid: TimeGrid) -> tuple[Response, ...]:
    """Return what each device does by its own rule."""
    courses = [_course(task, grid) for task in tasks]
    runs = [place for place, task in enumerate(tasks) if isinstance(task, ApplianceTask)]
    chains = appliances.chains([task for task in tasks if isinstance(task, ApplianceTask)])
    for chain in chains:
        free = 0
        for place in (runs[one] for one in chain):
            courses[place], free = _at_once(tasks[place], free, grid)
    return tuple(evaluate(task, course, grid) for task, course in zip(tasks, courses, strict=True))


def _course(task: DeviceTask, grid: TimeGrid) -> FloatArray:
    match task:
        case CarTask():
            return _on_arrival(task, grid)
        case HeatTask():
            return _by_set_point(task, grid)
        case TankTask():
            return _by_thermostat(task, grid)
        case HoursTask():
            return _first_hours(task, grid)
        case ApplianceTask():
            return np.zeros(grid.count)


def _on_arrival(task: CarTask, grid: TimeGrid) -> FloatArray:
    wanted_kw = np.where(task.present, task.spec.max_charge_kw, 0.0)
    before = np.concatenate([[0.0], np.cumsum(wanted_kw)[:-1]]) * grid.step_hours
    left_kw = np.maximum(task.needed_kwh - before, 0.0) / grid.step_hours
    return np.minimum(wanted_kw, left_kw)


class _Relay:
    """Switches on below and off above, and stays as it is for its least times."""

    def __init__(self, steadiness: Steadiness, grid: TimeGrid, minutes_so: float, *, on: bool) -> None:
        self.on = on
        self._runs, self._rests = (
            max(math.ceil(one / grid.step), 1) for one in (steadiness.min_on, steadiness.min_off)
        )
        self._so = minutes_so / (60 * grid.step_hours)

    def switched(self, *, below: bool, above: bool) -> bool:
        """Return whether it is on in the slot to come."""
        wants = below or (self.on and not above)
        if wants != self.on and self._so >= (self._runs if self.on else self._rests):
            self.on, self._so = wants, 0.0
        self._so += 1
        return self.on


def _by_set_point(task: HeatTask, grid: TimeGrid) -> FloatArray:
    spec, step = task.spec, house_step(task.model, grid.step_hours)
    per_kw = heat_per_kw(spec, task.outdoor_c)
    idle = np.asarray(rest_c(task.model, task.outdoor_c, warmth_kw(task.model, task.sun_kw_m2, task.gains_kw)))
    relay, air, mass = _Relay(spec.steadiness, grid, task.minutes_so, on=task.on), task.air_c, task.mass_c
    warmer = spec.purpose == "heating"
    power_kw = np.zeros(grid.count)
    for slot in range(grid.count):
        wanted = float(task.low_c[slot] if warmer else task.high_c[slot])
        short_k = wanted - air if warmer else air - wanted
        if relay.switched(below=short_k > 0, above=short_k < -spec.dead_band_k):
            power_kw[slot] = spec.max_kw
        rest = float(idle[slot] + per_kw[slot] * power_kw[slot] / task.model.out_kw_per_k)
        air, mass = (float(one) for one in step.after(air, mass, rest))
    return power_kw


def _by_thermostat(task: TankTask, grid: TimeGrid) -> FloatArray:
    spec, step = task.spec, tank_step(task.spec, grid.step_hours)
    cop = cop_at(spec.cop, task.outdoor_c)
    relay, water = _Relay(spec.steadiness, grid, task.minutes_so, on=task.on), task.water_c
    usual_c = min(spec.useful_c + WARM_ABOVE_K + spec.dead_band_k, spec.max_c)
    power_kw = np.zeros(grid.count)
    hot = False
    for slot in range(grid.count):
        hot = hot or water >= spec.hygiene_c
        due = task.hygiene_by is not None and not hot
        upto_c = min(max(usual_c, spec.hygiene_c), spec.max_c) if due else usual_c
        on = relay.switched(below=water < upto_c - spec.dead_band_k, above=water >= upto_c)
        asked = spec.max_kw if on else 0.0
        water, power_kw[slot], _ = step.once(water, asked, float(cop[slot]), float(task.drawn_kwh[slot]))
    return power_kw


def _first_hours(task: HoursTask, grid: TimeGrid) -> FloatArray:
    power_kw, block = np.zeros(grid.count), max(math.ceil(task.spec.min_block / grid.step - 1e-9), 1)
    for day in np.unique(task.day):
        slots = np.flatnonzero((task.day == day) & task.allowed)
        owed = math.ceil(max(float(task.owed_hours[day]), 0.0) / grid.step_hours - 1e-9)
        if owed and len(slots):
            power_kw[slots[: max(owed, block)]] = task.spec.rated_kw
    return power_kw


def _at_once(task: DeviceTask, free: int, grid: TimeGrid) -> tuple[FloatArray, int]:
    """Return a run that begins as soon as it may, and the slot from which the one after it may begin."""
    assert isinstance(task, ApplianceTask)  # noqa: S101 - chains hold nothing else
    power_kw = np.zeros(grid.count)
    run = in_slots(task.spec, 60 * grid.step_hours, max(task.begun_min or 0.0, 0.0))
    start = 0 if task.begun_min is not None else max(task.first, free)
    if start + len(run) > grid.count:
        return power_kw, grid.count + 1
    power_kw[start : start + len(run)] = run
    return power_kw, start + len(run)
