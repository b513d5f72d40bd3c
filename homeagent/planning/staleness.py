"""What an older plan would have cost, seen with what is known now: the worth of having thought."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from homeagent.devices.battery import respond
from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.policy import BatteryPolicy
from homeagent.planning.planner import Solution
from homeagent.planning.stored_energy import flow_cost, interpolate


def loss_by_slot(older: Sequence[BatteryPolicy], solution: Solution, problem: PlanningProblem) -> FloatArray:
    """Return what going on with `older` policies loses in each slot against the new plan [currency], shape (count,).

    `older` begins with the policy of the new plan's first slot, and may end before it does: from there on the new plan
    holds. The scenarios are driven through the older policies; in each slot the loss is what one of their steps costs
    more than the new plan's from the same state, later costs counted by the new table. The sum is the worth of the
    think (the performance difference lemma of Kakade and Langford, "Approximately optimal approximate reinforcement
    learning", ICML 2002).
    """
    spec, hours, value = problem.site.battery, problem.grid.step_hours, solution.value
    scenarios = problem.scenarios.in_slots_of(problem.grid)
    soc_kwh = np.full(len(scenarios.weight), problem.soc_kwh)
    lost = np.zeros(problem.grid.count)
    for slot, policy in enumerate(older[: problem.grid.count]):
        load_kw, pv_kw, prices = scenarios.load_kw[:, slot], scenarios.pv_kw[:, slot], solution.prices[slot]
        kept = respond(policy, spec, soc_kwh, load_kw, pv_kw, hours)
        if policy != value.policies[slot]:
            anew = respond(value.policies[slot], spec, soc_kwh, load_kw, pv_kw, hours)
            after = value.cost_to_come[slot + 1]
            more, less = (
                flow_cost(flows, prices, spec, hours) + interpolate(after, value.soc_kwh, flows.soc_kwh)
                for flows in (kept, anew)
            )
            lost[slot] = scenarios.weight @ (more - less)
        soc_kwh = kept.soc_kwh
    return lost
