"""From a planning problem to a plan. Pure: the same problem gives the same plan, and there always is one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from homeagent.devices.battery import respond, self_consumption
from homeagent.domain.grid import EdgeSeries, FloatArray, SlotSeries
from homeagent.domain.plan import Plan, PlanningProblem, Reason
from homeagent.domain.policy import BatteryPolicy
from homeagent.planning.device_plans import broken_limits, device_plans, with_loads
from homeagent.planning.explanation import explain, on_estimates
from homeagent.planning.joint import JointCourses, by_rule, going_on, plan_devices
from homeagent.planning.loads import Loads
from homeagent.planning.net_load import even_shares, net_load_points, tail_shares
from homeagent.planning.steering import steering_prices, terminal_per_kwh
from homeagent.planning.stored_energy import NetLoad, SlotPrices, StoredEnergyValue, value_of_stored_energy

POINTS = 12
"""Points of the net load's distribution in a slot."""
STATES = 61
"""States of charge in the table."""
BAND = (0.1, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """A plan together with what it was made from, so that any slot of it can be explained later."""

    plan: Plan
    value: StoredEnergyValue
    prices: tuple[SlotPrices, ...]
    nets: tuple[NetLoad, ...]
    soc_kwh: FloatArray
    """The state of charge at each edge in each scenario, shape (count + 1, scenarios)."""

    def reason(self, problem: PlanningProblem, slot: int, soc_kwh: float | None = None) -> Reason:
        """Return why slot `slot` is planned as it is, at `soc_kwh`, else at the state of charge expected there."""
        reason = explain(
            self.value,
            slot,
            float(self.plan.soc_kwh.values[slot]) if soc_kwh is None else soc_kwh,
            self.prices[slot],
            self.nets[slot],
            problem.site.battery,
            hours=problem.grid.step_hours,
            currency=problem.site.currency,
        )
        return on_estimates(reason, slot, problem, self.plan.soc_low_kwh.values, self.plan.soc_high_kwh.values)


def solve(problem: PlanningProblem, *, out_of_time: Callable[[], bool] = lambda: False) -> Solution:
    """Return the plan for `problem` by the value of stored energy, its devices planned together with the battery.

    A start outside the battery's limits is normal: the nearest state of the table stands for it. Where `out_of_time`
    says so the search for better courses ends, and the best so far are planned: the outcome is `feasible`.
    """
    if not problem.devices:
        return _solved(problem, None, None)
    going = going_on(problem) if problem.steady else None
    return with_courses(problem, going or plan_devices(problem, out_of_time))


def with_courses(problem: PlanningProblem, courses: JointCourses) -> Solution:
    """Return the plan in which devices do what is given."""
    plans = device_plans(problem, courses.responses, courses.loads)
    solution = _solved(problem, with_loads(problem, courses.loads), courses.loads)
    unmet = [sentence for device in plans for sentence in device.unmet]
    plan = replace(
        solution.plan,
        devices=plans,
        outcome="optimal" if courses.complete else "feasible",
        unmet=(*broken_limits(problem, courses.loads, solution.plan.grid_kw.values), *unmet),
    )
    return replace(solution, plan=plan)


def _solved(problem: PlanningProblem, with_devices: PlanningProblem | None, loads: Loads | None) -> Solution:
    """Return the plan of the battery; `with_devices` is the problem with their `loads`, where there are any."""
    site, hours, asked = problem.site, problem.grid.step_hours, with_devices or problem
    prices = steering_prices(problem, loads)
    buy = np.array([price.import_per_kwh for price in prices])
    without_pv = (buy < 0) & site.pv_curtailable
    shares = (
        even_shares(POINTS)
        if problem.import_cap is None
        else tail_shares(POINTS, max(len(problem.scenarios.weight), POINTS))
    )
    points = net_load_points(asked.scenarios, problem.grid, without_pv, shares)
    weight = np.diff(shares)
    apart_kw = [0.0] * problem.grid.count if loads is None else loads.apart_kw.tolist()
    nets = tuple(
        NetLoad(load_kw=np.maximum(row, 0.0), pv_kw=np.maximum(-row, 0.0), weight=weight, apart_kw=apart)
        for row, apart in zip(points, apart_kw, strict=True)
    )
    value = value_of_stored_energy(
        prices,
        nets,
        site.battery,
        replace(site.grid, max_import_kw=site.grid.all_phases_kw),
        hours=hours,
        states=STATES,
        terminal_per_kwh=terminal_per_kwh(buy, site.battery.discharge_efficiency),
        pv_curtailable=site.pv_curtailable,
        cost_after=problem.cost_after,
    )
    course = _expected_course(asked, value.policies, apart_kw)
    first = explain(value, 0, problem.soc_kwh, prices[0], nets[0], site.battery, hours=hours, currency=site.currency)
    first = on_estimates(first, 0, problem, course.soc_low_kwh, course.soc_high_kwh)
    plan = Plan(
        problem_digest=problem.digest(),
        grid=problem.grid,
        issued_at=problem.scenarios.issued_at,
        valid_until=problem.grid.end,
        policies=value.policies,
        reason=first,
        battery_kw=SlotSeries(grid=problem.grid, values=-course.power_kw),
        grid_kw=SlotSeries(grid=problem.grid, values=course.grid_kw),
        soc_kwh=EdgeSeries(grid=problem.grid, values=course.soc_kwh),
        soc_low_kwh=EdgeSeries(grid=problem.grid, values=course.soc_low_kwh),
        soc_high_kwh=EdgeSeries(grid=problem.grid, values=course.soc_high_kwh),
        value_per_kwh=EdgeSeries(grid=problem.grid, values=value.per_kwh_along(course.soc_kwh)),
        expected_cost=value.at(0, problem.soc_kwh),
        outcome="optimal",
    )
    return Solution(plan=plan, value=value, prices=prices, nets=nets, soc_kwh=course.soc_by_scenario_kwh)


def fallback(problem: PlanningProblem, reason: str) -> Plan:
    """Return the self-consumption rule, and each device's own, as a plan of one hour: where there is nothing better."""
    site = problem.site
    policies = (self_consumption(site.battery),) * problem.grid.count
    courses = by_rule(problem)
    apart_kw = courses.loads.apart_kw.tolist()
    course = _expected_course(with_loads(problem, courses.loads), policies, apart_kw)
    buy, sell = problem.prices.import_per_kwh, problem.prices.export_per_kwh
    return Plan(
        problem_digest=problem.digest(),
        grid=problem.grid,
        issued_at=problem.scenarios.issued_at,
        valid_until=min(problem.grid.end, problem.grid.start + timedelta(hours=1)),
        policies=policies,
        reason=Reason(
            stance="follow",
            value_per_kwh=0.0,
            import_price_per_kwh=float(buy[0]),
            export_price_per_kwh=float(sell[0]),
            text=f"self-consumption, as the inverter does by itself: {reason}",
        ),
        battery_kw=SlotSeries(grid=problem.grid, values=-course.power_kw),
        grid_kw=SlotSeries(grid=problem.grid, values=course.grid_kw),
        soc_kwh=EdgeSeries(grid=problem.grid, values=course.soc_kwh),
        soc_low_kwh=EdgeSeries(grid=problem.grid, values=course.soc_low_kwh),
        soc_high_kwh=EdgeSeries(grid=problem.grid, values=course.soc_high_kwh),
        value_per_kwh=EdgeSeries(grid=problem.grid, values=np.zeros(problem.grid.count + 1)),
        expected_cost=float(np.where(course.grid_kw > 0, buy, sell) @ course.grid_kw * problem.grid.step_hours),
        outcome="fallback",
        unmet=(reason,),
        devices=device_plans(problem, courses.responses, courses.loads),
    )


@dataclass(frozen=True, slots=True)
class _Course:
    power_kw: FloatArray
    grid_kw: FloatArray
    soc_kwh: FloatArray
    soc_low_kwh: FloatArray
    soc_high_kwh: FloatArray
    soc_by_scenario_kwh: FloatArray


def _expected_course(
    problem: PlanningProblem, policies: tuple[BatteryPolicy, ...], apart_kw: Sequence[float]
) -> _Course:
    """Drive every scenario through the policies, and return means and the band of the state of charge."""
    scenarios, count = problem.scenarios.in_slots_of(problem.grid), problem.grid.count
    load_kw, pv_kw = scenarios.load_kw, scenarios.pv_kw
    soc = np.full(len(scenarios.weight), problem.soc_kwh)
    power_kw, grid_kw = np.empty(count), np.empty(count)
    soc_kwh = np.empty((count + 1, len(soc)))
    soc_kwh[0] = soc
    for slot, policy in enumerate(policies):
        load, pv, apart = load_kw[:, slot], pv_kw[:, slot], apart_kw[slot]
        flows = respond(policy, problem.site.battery, soc, load, pv, problem.grid.step_hours, apart_kw=apart)
        soc = flows.soc_kwh
        power_kw[slot], grid_kw[slot] = flows.power_kw @ scenarios.weight, flows.grid_kw @ scenarios.weight
        soc_kwh[slot + 1] = soc
    low, high = np.quantile(soc_kwh, BAND, axis=1)
    return _Course(power_kw, grid_kw, soc_kwh @ scenarios.weight, low, high, soc_kwh)
