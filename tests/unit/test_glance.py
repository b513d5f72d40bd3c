"""A glance plans the next hours with an older plan's worth of what comes after them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from situations import START, problem

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import TimeGrid
from homeagent.domain.plan import PlanningProblem
from homeagent.planning.planner import solve
from homeagent.store.problems import problem_bytes, problem_of

HOURS = 12


def first_hours(whole: PlanningProblem) -> PlanningProblem:
    """Return the problem of the first hours alone, with the whole one's table for what comes after."""
    grid = TimeGrid(start=START, step=timedelta(hours=1), count=HOURS)
    scenarios, prices = whole.scenarios, whole.prices
    return replace(
        whole,
        grid=grid,
        scenarios=Scenarios(
            grid=grid,
            load_kw=scenarios.load_kw[:, :HOURS],
            pv_kw=scenarios.pv_kw[:, :HOURS],
            weight=scenarios.weight,
            issued_at=scenarios.issued_at,
            model_id=scenarios.model_id,
        ),
        prices=replace(
            prices,
            grid=grid,
            import_per_kwh=prices.import_per_kwh[:HOURS],
            export_per_kwh=prices.export_per_kwh[:HOURS],
            estimated=prices.estimated[:HOURS],
        ),
        cost_after=solve(whole).value.cost_to_come[HOURS],
    )


def test_where_nothing_has_changed_a_glance_says_what_the_whole_plan_says() -> None:
    whole = problem()
    glance, plan = solve(first_hours(whole)), solve(whole)
    assert glance.plan.policies == plan.plan.policies[:HOURS]
    assert glance.plan.expected_cost == pytest.approx(plan.plan.expected_cost)
    without = solve(replace(first_hours(whole), cost_after=None))
    assert without.plan.policies != plan.plan.policies[:HOURS]


def test_what_a_glance_leaned_on_is_part_of_its_problem_and_is_kept() -> None:
    whole = problem()
    asked = first_hours(replace(whole, scenarios=whole.scenarios.in_whole_watts()))
    assert asked.digest() != replace(asked, cost_after=None).digest()
    kept = problem_of(problem_bytes(asked))
    assert kept.digest() == asked.digest()
    assert kept.cost_after is not None
    assert asked.cost_after is not None
    assert np.array_equal(kept.cost_after, asked.cost_after)
