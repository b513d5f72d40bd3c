"""What thinking is worth: what it was, once it is done, and what it can be, before.

Both come from the value of stored energy, so they are money, and cost no forecast: a step that another policy would
take is priced by the table that the present plan was made with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from homeagent.devices.battery import respond
from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec
from homeagent.planning.device_plans import loads_of_plans, with_loads
from homeagent.planning.planner import Solution
from homeagent.planning.stored_energy import flow_cost, interpolate

CARRIED_ON = 0.5
"""The share of an unforeseen hour's energy that the hours after it will also have more, or less."""
MOST_UNSEEN = 0.15
"""Of the battery: more is never taken for unforeseen, since the levels would only be pushed to their ends."""
LEVELS = ("charge_to_kwh", "store_to_kwh", "discharge_to_kwh", "export_to_kwh", "shave_to_kwh")


def lost_by_slot(older: Sequence[BatteryPolicy], solution: Solution, problem: PlanningProblem) -> FloatArray:
    """Return what going on with `older` policies loses in each slot against the new plan [currency], shape (count,).

    `older` begins with the policy of the new plan's first slot, and may end before it does: from there on the new plan
    holds. The scenarios are driven through the older policies; in each slot the loss is what one of their steps costs
    more than the new plan's from the same state, later costs counted by the new table. The sum is the worth of the
    think (the performance difference lemma of Kakade and Langford, "Approximately optimal approximate reinforcement
    learning", ICML 2002).
    """
    spec, hours = problem.site.battery, problem.grid.step_hours
    loads = loads_of_plans(problem, solution.plan.devices)
    scenarios = with_loads(problem, loads).scenarios.in_slots_of(problem.grid)
    lost = np.zeros(problem.grid.count)
    others = [slot for slot, (old, new) in enumerate(zip(older, solution.plan.policies, strict=False)) if old != new]
    if not others:
        return lost
    soc_kwh = solution.soc_kwh[others[0]]  # so far both do the same
    for slot in range(others[0], others[-1] + 1):
        policy, load_kw, pv_kw = older[slot], scenarios.load_kw[:, slot], scenarios.pv_kw[:, slot]
        apart_kw = float(loads.apart_kw[slot])
        if policy != solution.plan.policies[slot]:
            step = (solution, slot, spec, soc_kwh, load_kw, pv_kw, hours, apart_kw)
            kept, anew = _cost(policy, *step), _cost(solution.plan.policies[slot], *step)
            lost[slot] = scenarios.weight @ (kept - anew)
        soc_kwh = respond(policy, spec, soc_kwh, load_kw, pv_kw, hours, apart_kw=apart_kw).soc_kwh
    return lost


def worth_by_slot(solution: Solution, problem: PlanningProblem, slots: int) -> FloatArray:
    """Return what not knowing better may lose in each of the first slots [currency], shape (slots,).

    Until a slot begins the home needs more or less than was foreseen, the more so the longer the plan is old and the
    less its habits are known. If energy to come changes by so much, the levels of the policy are off by as much: the
    loss is what a step with levels too high or too low costs more. Levels at the ends of the battery hang on prices
    alone, and lose nothing.
    """
    spec, hours = problem.site.battery, problem.grid.step_hours
    slots = min(slots, problem.grid.count)
    loads = loads_of_plans(problem, solution.plan.devices)
    scenarios = with_loads(problem, loads).scenarios.in_slots_of(problem.grid)
    unseen_kwh = _unseen_kwh(scenarios.load_kw - scenarios.pv_kw, scenarios.weight, hours, spec)
    worth = np.zeros(slots)
    for slot in range(1, slots):
        policy, by_kwh = solution.plan.policies[slot], float(unseen_kwh[slot])
        off = [other for other in (_shifted(policy, kwh, spec) for kwh in (by_kwh, -by_kwh)) if other != policy]
        if not off:
            continue
        step = (
            solution,
            slot,
            spec,
            solution.soc_kwh[slot],
            scenarios.load_kw[:, slot],
            scenarios.pv_kw[:, slot],
            hours,
            float(loads.apart_kw[slot]),
        )
        best = _cost(policy, *step)
        worth[slot] = sum(max(float(scenarios.weight @ (_cost(other, *step) - best)), 0.0) for other in off) / 2
    return worth


def _unseen_kwh(net_kw: FloatArray, weight: FloatArray, hours: float, spec: BatterySpec) -> FloatArray:
    """Return by how much the energy to come may have changed when each slot begins, shape (count,) [kWh]."""
    variance = weight @ (net_kw - weight @ net_kw) ** 2 * hours**2
    grown = CARRIED_ON * np.sqrt(np.concatenate([[0.0], np.cumsum(variance)[:-1]]))
    limited: FloatArray = np.minimum(grown, MOST_UNSEEN * (spec.capacity_kwh - spec.min_soc_kwh))
    return limited


def _shifted(policy: BatteryPolicy, by_kwh: float, spec: BatterySpec) -> BatteryPolicy:
    """Return the policy with its levels that lie inside the battery moved, and kept inside."""
    low, high = spec.min_soc_kwh, spec.capacity_kwh
    levels = {name: getattr(policy, name) for name in LEVELS}
    return replace(
        policy,
        **{name: min(max(level + by_kwh, low), high) for name, level in levels.items() if low < level < high},
    )


def _cost(
    policy: BatteryPolicy,
    solution: Solution,
    slot: int,
    spec: BatterySpec,
    soc_kwh: FloatArray,
    load_kw: FloatArray,
    pv_kw: FloatArray,
    hours: float,
    apart_kw: float,
) -> FloatArray:
    """Return what a slot under `policy` and all after it under the plan cost [currency], in the shape of the states."""
    flows = respond(policy, spec, soc_kwh, load_kw, pv_kw, hours, apart_kw=apart_kw)
    after = interpolate(solution.value.cost_to_come[slot + 1], solution.value.soc_kwh, flows.soc_kwh)
    return flow_cost(flows, solution.prices[slot], spec, hours) + after
