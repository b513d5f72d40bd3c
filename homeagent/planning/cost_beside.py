"""What more load costs beside all that a plan has but one device: made again from the plan, to explain it."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import Plan, PlanningProblem
from homeagent.domain.tasks import CarTask, DeviceTask
from homeagent.planning.loads import Loads
from homeagent.planning.slot_cost import BatteryCost, SlotCost
from homeagent.planning.steering import home_cost

POINTS, STATES = 6, 31
"""Coarser than the plan: only differences of single slots are told, to the cent."""


def costs_beside(problem: PlanningProblem, plan: Plan) -> dict[str, SlotCost]:
    """Return, for each device of the plan, what more load costs in each slot beside the plan without that device.

    The battery's answer is counted. All devices are worked out at once, which takes little more than one.
    """
    tasks = {task.spec.name: task for task in problem.devices}
    planned = [device for device in plan.devices if device.name in tasks]
    if not planned:
        return {}
    home = home_cost(problem, points=POINTS, states=STATES)
    own = [_loads(tasks[device.name], device.power_kw.values) for device in planned]
    beside = Loads(
        all_kw=_without_each([one.all_kw for one in own]),
        apart_kw=_without_each([one.apart_kw for one in own]),
        one_phase_kw=_without_each([one.one_phase_kw for one in own]),
    )
    tables = home.tables(beside)
    found: dict[str, SlotCost] = {}
    for place, device in enumerate(planned):
        loads = Loads(
            all_kw=beside.all_kw[place], apart_kw=beside.apart_kw[place], one_phase_kw=beside.one_phase_kw[place]
        )
        table = np.ascontiguousarray(tables[:, place])
        found[device.name] = BatteryCost(
            home=home,
            table=table,
            loads=loads,
            soc_kwh=home.course_kwh(table, loads)[:-1],
            apart=_apart(tasks[device.name]),
            one_phase=_one_phase(tasks[device.name]),
        )
    return found


def _without_each(rows: list[FloatArray]) -> FloatArray:
    """Return the sum of all rows but one, for each of them, added up in the same order whichever is left out."""
    return np.stack(
        [
            sum((row for other, row in enumerate(rows) if other != place), np.zeros_like(rows[0]))
            for place in range(len(rows))
        ]
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
