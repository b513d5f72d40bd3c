"""What more load costs beside all that a plan has but one device: made again from the plan, to explain it."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import Plan, PlanningProblem
from homeagent.domain.tasks import CarTask, DeviceTask
from homeagent.planning.home_cost import Loads
from homeagent.planning.slot_cost import BatteryCost, SlotCost
from homeagent.planning.steering import home_cost

POINTS, STATES = 6, 31
"""Coarser than the plan: only differences of single slots are told, to the cent."""


def cost_beside(problem: PlanningProblem, plan: Plan, device: str) -> SlotCost:
    """Return what more load costs in each slot beside the plan without `device`, the battery's answer counted."""
    tasks = {task.spec.name: task for task in problem.devices}
    home = home_cost(problem, points=POINTS, states=STATES)
    loads = Loads.none(problem.grid.count)
    for other in plan.devices:
        if other.name != device and other.name in tasks:
            loads += _loads(tasks[other.name], other.power_kw.values)
    rows = Loads(all_kw=loads.all_kw[None], apart_kw=loads.apart_kw[None], one_phase_kw=loads.one_phase_kw[None])
    table = home.tables(rows)[:, 0]
    return BatteryCost(
        home=home,
        table=table,
        loads=loads,
        soc_kwh=home.course_kwh(table, loads)[:-1],
        apart=_apart(tasks[device]),
        one_phase=_one_phase(tasks[device]),
    )


def _loads(task: DeviceTask, power_kw: FloatArray) -> Loads:
    drawn_kw = np.maximum(power_kw, 0.0)
    nothing = np.zeros_like(power_kw)
    return Loads(
        all_kw=power_kw,
        apart_kw=drawn_kw if _apart(task) else nothing,
        one_phase_kw=power_kw if _one_phase(task) else nothing,
    )


def _apart(task: DeviceTask) -> bool:
    return isinstance(task, CarTask) and not task.spec.from_battery


def _one_phase(task: DeviceTask) -> bool:
    return max(task.spec.phases) == 1 if isinstance(task, CarTask) else task.spec.phases == 1
