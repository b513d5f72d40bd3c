"""Courses of devices as the plan has them, and the home with them as load."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, SlotSeries
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.tasks import CarTask, DevicePlan, DeviceTask
from homeagent.planning.device_responses import loads_of
from homeagent.planning.loads import Loads, fuse_kw
from homeagent.planning.response import Response

BROKEN_KW = 0.05
"""More than a connection allows by less than this is not worth a sentence."""


def loads_of_plans(problem: PlanningProblem, devices: Iterable[DevicePlan]) -> Loads:
    """Return what planned devices draw in all."""
    power_kw = {device.name: device.power_kw.values for device in devices}
    total = Loads.none(problem.grid.count)
    for task in problem.devices:
        if task.spec.name in power_kw:
            total = total + loads_of(task, power_kw[task.spec.name])
    return total


def with_loads(problem: PlanningProblem, loads: Loads) -> PlanningProblem:
    """Return the problem with what devices draw as part of its load."""
    inside = problem.grid.step // problem.scenarios.grid.step
    load_kw = np.repeat(loads.all_kw, inside)
    beyond = np.zeros(problem.scenarios.grid.count - len(load_kw))
    return replace(problem, scenarios=problem.scenarios.adding(np.concatenate([load_kw, beyond])))


def device_plans(problem: PlanningProblem, responses: Sequence[Response], loads: Loads) -> tuple[DevicePlan, ...]:
    """Return what each device is planned to do, in the order of the tasks."""
    scenarios = problem.scenarios.in_slots_of(problem.grid)
    net_kw: FloatArray = scenarios.weight @ (scenarios.load_kw - scenarios.pv_kw) + loads.all_kw
    grid = problem.grid
    return tuple(
        DevicePlan(
            name=task.spec.name,
            power_kw=SlotSeries(grid=grid, values=response.power_kw),
            level=response.level,
            follows_surplus=_follows_surplus(task, response.power_kw, net_kw - response.power_kw),
            target_c=response.target_c,
            start=None if response.start_slot is None else grid.at(response.start_slot),
            wish_cost=response.wish_cost,
            unmet=response.unmet,
        )
        for task, response in zip(problem.devices, responses, strict=True)
    )


def _follows_surplus(task: DeviceTask, power_kw: FloatArray, beside_kw: FloatArray) -> BoolArray:
    """Return where a car is to take what the sun leaves over: where that is most of what it is planned to take."""
    if not isinstance(task, CarTask):
        return np.zeros(len(power_kw), dtype=np.bool_)
    surplus_kw = np.maximum(-beside_kw, 0.0)
    mostly: BoolArray = task.present & (power_kw > 0) & (surplus_kw >= power_kw / 2)
    if task.surplus_only:
        mostly |= task.present & (power_kw <= surplus_kw)
    return mostly


def broken_limits(problem: PlanningProblem, loads: Loads, grid_kw: FloatArray) -> tuple[str, ...]:
    """Return in sentences where more is expected to be drawn than the connection allows; devices wait there."""
    allowed_kw = fuse_kw(problem.site.grid, loads.one_phase_kw)
    above = np.flatnonzero(grid_kw > allowed_kw + BROKEN_KW)
    if not len(above):
        return ()
    scenarios = problem.scenarios.in_slots_of(problem.grid)
    home_kw = float((scenarios.weight @ (scenarios.load_kw - scenarios.pv_kw))[above].max())
    worst = int(above[np.argmax(grid_kw[above] - allowed_kw[above])])
    first, last = (problem.grid.at(int(slot)).astimezone(problem.site.timezone) for slot in (above[0], above[-1] + 1))
    when = f"between {first:%H:%M} and {last:%H:%M}"
    most_kw = problem.site.grid.all_phases_kw
    if home_kw > most_kw:
        told = f"the home alone needs up to {home_kw:.1f} kW {when}, its connection allows {most_kw:.1f} kW"
        return (f"{told}: devices that can wait do",)
    drawn_kw, limit_kw = float(grid_kw[worst]), float(allowed_kw[worst])
    return (f"{drawn_kw:.1f} kW are expected to be drawn {when}, where the connection allows {limit_kw:.1f} kW",)
