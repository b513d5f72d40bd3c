"""Random homes with all kinds of devices: there is always a plan, physics holds, and no rule does better."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from whole_homes import whole_home

from homeagent.domain.devices import HoursSpec
from homeagent.domain.plan import Plan, PlanningProblem
from homeagent.domain.site import NO_BATTERY, GridLimits
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask, HeatTask, HoursTask, TankTask
from homeagent.planning.device_plans import loads_of_plans
from homeagent.planning.device_responses import evaluate, loads_of
from homeagent.planning.joint import POINTS, STATES
from homeagent.planning.loads import Loads
from homeagent.planning.planner import fallback, solve
from homeagent.planning.rule_courses import rule_responses
from homeagent.planning.steering import home_cost

SMALL = 1e-6


@st.composite
def homes(draw: st.DrawFn) -> PlanningProblem:
    """Draw a home, and change in it what can be strange."""
    asked = whole_home(draw(st.integers(0, 10**6)), scenarios=draw(st.sampled_from([1, 5])))
    site = asked.site
    if draw(st.booleans()):
        site = replace(site, battery=draw(st.sampled_from([NO_BATTERY, replace(site.battery, max_charge_kw=0.5)])))
    limits = [GridLimits(), GridLimits(max_import_kw=2.0), GridLimits(phases=3, max_phase_kw=4.0, max_export_kw=3.0)]
    site = replace(site, grid=draw(st.sampled_from(limits)), pv_curtailable=draw(st.booleans()))
    prices = asked.prices
    lower = draw(st.sampled_from([0.0, 0.0, 0.3]))
    prices = replace(prices, import_per_kwh=prices.import_per_kwh - lower, export_per_kwh=prices.export_per_kwh - lower)
    devices = tuple(_strange(draw, task) for task in (*asked.devices, _pump(draw, asked)))
    few = draw(st.lists(st.booleans(), min_size=len(devices), max_size=len(devices)))
    kept = tuple(task for task, there in zip(devices, few, strict=True) if there) or devices[:1]
    return replace(asked, site=site, prices=prices, devices=kept, soc_kwh=min(asked.soc_kwh, site.battery.capacity_kwh))


def _strange(draw: st.DrawFn, task: DeviceTask) -> DeviceTask:
    changed: dict[str, Any] = {}
    match task:
        case CarTask():
            gives = draw(st.booleans())
            spec = replace(task.spec, phases=draw(st.sampled_from([(1,), (3,), (1, 3)])))
            if gives:
                spec = replace(spec, capacity_kwh=60.0, max_discharge_kw=4.0, min_soc_kwh=10.0)
            hazard = np.where(task.present, draw(st.sampled_from([0.0, 0.01])), 0.0)
            changed = {
                "spec": spec,
                "stored_kwh": 20.0 if gives else None,
                "leaves": np.maximum(task.leaves, hazard),
                "surplus_only": draw(st.booleans()),
                "needed_kwh": draw(st.sampled_from([0.0, task.needed_kwh, 80.0])),
                "room_kwh": 90.0,
                "charging": draw(st.booleans()),
            }
        case HeatTask():
            cold = draw(st.sampled_from([task.air_c, 9.0, 27.0]))
            changed = {"air_c": cold, "mass_c": cold, "on": draw(st.booleans()), "minutes_so": 15.0}
        case TankTask():
            changed = {"water_c": draw(st.sampled_from([12.0, task.water_c, 61.0])), "on": draw(st.booleans())}
        case ApplianceTask():
            changed = {
                "at_most": draw(st.sampled_from([None, 0.1])),
                "begun_min": draw(st.sampled_from([None, None, 30.0, 400.0])),
                "last": draw(st.sampled_from([task.last, 0, 191])),
            }
        case HoursTask():
            changed = {"on": draw(st.booleans()), "minutes_so": 15.0}
    return replace(task, **changed)


def _pump(draw: st.DrawFn, asked: PlanningProblem) -> HoursTask:
    day = np.array([(at.date() - asked.grid.start.date()).days for at in asked.grid.starts()])
    spec = HoursSpec(name="pool", rated_kw=0.8, hours_per_day=6)
    hour = np.array([at.hour for at in asked.grid.starts()])
    return HoursTask(
        spec=spec,
        day=day,
        allowed=(hour >= 8) & (hour < draw(st.sampled_from([10, 22]))),
        owed_hours=np.full(int(day.max()) + 1, 6.0),
        missing_per_hour=1.0,
    )


def objective(asked: PlanningProblem, loads: Loads, wishes: float) -> float:
    """Return what the planner minimises."""
    home = home_cost(asked, points=POINTS, states=STATES)
    return float(home.at_start(home.tables(Loads.side_by_side([loads])))[0]) + wishes


def check_physics(asked: PlanningProblem, plan: Plan) -> None:
    """Assert that each device can do what is planned, and that the plan says what comes of it."""
    for task, device in zip(asked.devices, plan.devices, strict=True):
        power = device.power_kw.values
        assert np.isfinite(power).all(), task.spec.name
        again = evaluate(task, power, asked.grid)
        assert np.allclose(again.power_kw, power, atol=SMALL), task.spec.name
        assert np.allclose(again.level, device.level, equal_nan=True), task.spec.name
        match task:
            case CarTask(spec=spec):
                assert (power <= spec.max_charge_kw + SMALL).all()
                assert (power >= -spec.max_discharge_kw - SMALL).all()
                assert (np.abs(power[~task.present]) < SMALL).all()
                if task.stored_kwh is None:
                    assert (power >= -SMALL).all()
            case HeatTask(spec=spec):
                assert ((np.abs(power) < SMALL) | (power >= spec.min_kw - SMALL)).all()
                assert (power <= spec.max_kw + SMALL).all()
            case TankTask(spec=spec):
                assert (power >= -SMALL).all()
                assert (power <= spec.max_kw + SMALL).all()
                assert (device.level <= max(spec.max_c, task.water_c) + SMALL).all()
            case ApplianceTask(spec=spec):
                runs = float(power.sum()) * asked.grid.step_hours
                whole = float(spec.profile_kw.sum()) / 60
                assert task.begun_min is not None or runs < SMALL or abs(runs - whole) < SMALL
            case HoursTask(spec=spec):
                assert (np.isclose(power, 0) | np.isclose(power, spec.rated_kw)).all()


def check(asked: PlanningProblem) -> None:
    """Assert all that holds of any home's plan."""
    plan = solve(asked).plan
    assert plan.outcome == "optimal"
    assert np.isfinite(plan.expected_cost)
    assert np.isfinite(plan.grid_kw.values).all()
    check_physics(asked, plan)
    spec = asked.site.battery
    assert (plan.soc_kwh.values >= min(spec.min_soc_kwh, asked.soc_kwh) - SMALL).all()
    assert (plan.soc_kwh.values <= max(spec.capacity_kwh, asked.soc_kwh) + 2 * SMALL).all()
    rule = rule_responses(asked.devices, asked.grid)
    by_rule = Loads.none(asked.grid.count)
    for task, response in zip(asked.devices, rule, strict=True):
        by_rule = by_rule + loads_of(task, response.power_kw)
    planned = objective(asked, loads_of_plans(asked, plan.devices), sum(device.wish_cost for device in plan.devices))
    assert planned <= objective(asked, by_rule, sum(response.wish_cost for response in rule)) + SMALL
    again = solve(asked).plan
    assert again.policies == plan.policies
    for one, other in zip(plan.devices, again.devices, strict=True):
        assert np.array_equal(one.power_kw.values, other.power_kw.values)
    check_physics(asked, fallback(asked, "a test"))


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(homes())
def test_every_home_has_a_plan_that_physics_allows_and_no_rule_beats(asked: PlanningProblem) -> None:
    check(asked)


@pytest.mark.full
@pytest.mark.timeout(3600)
@settings(deadline=None, max_examples=1000, suppress_health_check=[HealthCheck.too_slow])
@given(homes())
def test_a_thousand_homes(asked: PlanningProblem) -> None:
    check(asked)
