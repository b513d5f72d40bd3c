"""All devices together with the battery: deadline, steadiness, limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from whole_homes import whole_home

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import Plan, PlanningProblem
from homeagent.domain.site import NO_BATTERY, GridLimits
from homeagent.domain.tasks import CarTask, HeatTask
from homeagent.planning.device_plans import loads_of_plans
from homeagent.planning.joint import kept_power_kw
from homeagent.planning.loads import fuse_kw
from homeagent.planning.planner import fallback, solve


def powers(plan: Plan) -> dict[str, FloatArray]:
    return {device.name: device.power_kw.values for device in plan.devices}


def after(turns: int) -> Callable[[], bool]:
    """Time is up after so many looks at the clock."""
    left = iter([False] * turns)
    return lambda: next(left, True)


@pytest.fixture(scope="module")
def asked() -> PlanningProblem:
    return whole_home(3, scenarios=5)


@pytest.fixture(scope="module")
def plan(asked: PlanningProblem) -> Plan:
    return solve(asked).plan


def test_every_device_has_a_plan_in_the_order_of_the_tasks(asked: PlanningProblem, plan: Plan) -> None:
    assert [device.name for device in plan.devices] == [task.spec.name for task in asked.devices]
    assert plan.outcome == "optimal"
    assert plan.problem_digest == asked.digest()


def test_without_time_devices_do_what_their_rules_say(asked: PlanningProblem) -> None:
    hasty = solve(asked, out_of_time=after(0)).plan
    assert hasty.outcome == "feasible"
    by_rule = powers(fallback(asked, "a test"))
    for name, power in powers(hasty).items():
        assert np.array_equal(power, by_rule[name]), name


@pytest.mark.parametrize("turns", [1, 3, 7, 11])
def test_with_more_time_the_plan_is_never_dearer(asked: PlanningProblem, plan: Plan, turns: int) -> None:
    def whole(one: Plan) -> float:
        return one.expected_cost + sum(device.wish_cost for device in one.devices)

    hasty = solve(asked, out_of_time=after(turns)).plan
    assert hasty.outcome == "feasible"
    assert len(hasty.devices) == len(asked.devices)
    assert whole(plan) <= whole(hasty) + 0.02


def test_what_was_planned_before_stays_unless_a_change_gains_enough(asked: PlanningProblem, plan: Plan) -> None:
    def switched(now: Plan) -> int:
        return sum(int(((power > 0) != (powers(plan)[name] > 0)).sum()) for name, power in powers(now).items())

    nudge = 0.004 * np.sin(1.7 * np.arange(192))
    nudged = replace(asked, prices=replace(asked.prices, import_per_kwh=asked.prices.import_per_kwh + nudge))
    turned = replace(asked, prices=replace(asked.prices, import_per_kwh=asked.prices.import_per_kwh[::-1]))
    kept = switched(solve(replace(nudged, before=plan.devices)).plan)
    assert switched(solve(nudged).plan) > kept + 5
    assert switched(solve(replace(turned, before=plan.devices)).plan) > kept + 20


def test_steady_devices_go_on_and_the_battery_answers_anew(asked: PlanningProblem, plan: Plan) -> None:
    emptier = replace(asked, soc_kwh=asked.site.battery.min_soc_kwh, before=plan.devices, steady=True)
    again = solve(emptier).plan
    for name, power in powers(again).items():
        assert np.array_equal(power, powers(plan)[name]), name
    assert again.soc_kwh.values[0] == asked.site.battery.min_soc_kwh


def test_steady_devices_that_are_asked_something_else_are_planned_in_full(asked: PlanningProblem, plan: Plan) -> None:
    tasks = tuple(
        replace(task, needed_kwh=0.0, room_kwh=0.0) if isinstance(task, CarTask) else task for task in asked.devices
    )
    again = solve(replace(asked, devices=tasks, before=plan.devices, steady=True)).plan
    assert not powers(again)["car"].any()


def test_an_older_plan_is_laid_over_the_new_grid(asked: PlanningProblem, plan: Plan) -> None:
    grid = TimeGrid(start=asked.grid.start - timedelta(hours=1), step=asked.grid.step, count=192)
    older = tuple(replace(device, power_kw=replace(device.power_kw, grid=grid)) for device in plan.devices)
    laid = kept_power_kw(replace(asked, before=older), "heat pump")
    assert laid is not None
    assert np.array_equal(laid[:188], powers(plan)["heat pump"][4:])
    assert not laid[188:].any()
    assert kept_power_kw(replace(asked, before=older), "another") is None


def test_a_fuse_below_what_the_home_needs_leaves_the_devices_to_wait_and_says_so(asked: PlanningProblem) -> None:
    tight = replace(asked, site=replace(asked.site, grid=GridLimits(max_import_kw=0.3), battery=NO_BATTERY), soc_kwh=0)
    plan = solve(tight).plan
    assert any("the home alone needs up to" in sentence for sentence in plan.unmet)
    free = solve(replace(tight, site=replace(tight.site, grid=GridLimits()))).plan
    assert sum(power.sum() for power in powers(plan).values()) < 0.5 * sum(p.sum() for p in powers(free).values())


def test_devices_share_a_fuse_that_suffices(asked: PlanningProblem) -> None:
    tight = replace(asked, site=replace(asked.site, grid=GridLimits(max_import_kw=5.0)))
    known = whole_home(3)
    tight = replace(tight, scenarios=known.scenarios, prices=known.prices)
    plan = solve(tight).plan
    assert plan.grid_kw.values.max() <= 5.0 + 0.05
    assert solve(replace(tight, site=replace(tight.site, grid=GridLimits()))).plan.grid_kw.values.max() > 6.0


def test_one_phase_is_not_given_more_than_it_bears(asked: PlanningProblem) -> None:
    phases = replace(asked, site=replace(asked.site, grid=GridLimits(phases=3, max_phase_kw=3.0)))
    plan = solve(replace(phases, scenarios=whole_home(3).scenarios)).plan
    loads = loads_of_plans(phases, plan.devices)
    above = plan.grid_kw.values - fuse_kw(phases.site.grid, loads.one_phase_kw)
    assert (above > 0.05).mean() < 0.03


def test_the_battery_serves_the_home_beside_the_car_alone(asked: PlanningProblem) -> None:
    tasks = tuple(
        replace(task, spec=replace(task.spec, from_battery=False)) if isinstance(task, CarTask) else task
        for task in asked.devices
    )
    known = replace(asked, devices=tasks, scenarios=whole_home(3).scenarios)
    plan = solve(known).plan
    car = powers(plan)["car"]
    beside = known.scenarios.load_kw[0] - known.scenarios.pv_kw[0] + loads_of_plans(known, plan.devices).all_kw - car
    charging = car > 0
    assert charging.any()
    assert (plan.battery_kw.values[charging] <= np.maximum(beside[charging], 0.0) + 1e-6).all()


def test_a_home_without_a_battery_has_a_plan(asked: PlanningProblem) -> None:
    plan = solve(replace(asked, site=replace(asked.site, battery=NO_BATTERY), soc_kwh=0.0)).plan
    assert plan.outcome == "optimal"
    assert np.abs(plan.battery_kw.values).max() < 1e-4
    alone = solve(replace(asked, site=replace(asked.site, battery=NO_BATTERY), soc_kwh=0.0, devices=())).plan
    assert np.isfinite(alone.expected_cost)


def test_devices_are_not_switched_on_more_often_than_they_may(asked: PlanningProblem, plan: Plan) -> None:
    for task, device in zip(asked.devices, plan.devices, strict=True):
        by_day = device.starts_by_day(asked.site.timezone)
        power = device.power_kw.values > 0
        assert sum(by_day.values()) == int(power[0]) + int((power[1:] & ~power[:-1]).sum())
        assert max(by_day.values()) <= (task.spec.steadiness.starts_per_day if isinstance(task, HeatTask) else 8)
