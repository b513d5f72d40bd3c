"""What more load costs in a slot: by prices alone, and with a battery that answers."""

from __future__ import annotations

import numpy as np
from situations import problem

from homeagent.domain.grid import FloatArray
from homeagent.domain.site import GridLimits
from homeagent.planning.home_cost import broken_limit_per_kwh
from homeagent.planning.loads import Loads
from homeagent.planning.planner import solve
from homeagent.planning.slot_cost import BatteryCost, PriceCost
from homeagent.planning.steering import home_cost

LEVELS = np.array([-0.4, 0.0, 0.5, 1.0, 2.0, 3.7, 7.2, 11.0])


def beside(max_import_kw: float = float("inf"), *, apart: bool = False) -> BatteryCost:
    asked = problem(grid=GridLimits(max_import_kw=max_import_kw))
    home = home_cost(asked, points=5, states=61)
    none = Loads.none(24)
    table = home.tables(Loads.side_by_side([none]))
    soc_kwh = home.course_kwh(table[:, 0], none)[:-1]
    return BatteryCost(home=home, table=table[:, 0], loads=none, soc_kwh=soc_kwh, apart=apart)


def slopes(cost: FloatArray, levels: FloatArray) -> FloatArray:
    return np.asarray(np.diff(cost, axis=1) / np.diff(levels))


def test_without_a_battery_surplus_is_used_before_the_grid() -> None:
    grid = problem().grid
    cost = PriceCost(
        grid=grid,
        import_per_kwh=np.full(24, 0.3),
        export_per_kwh=np.full(24, 0.1),
        net_kw=np.full(24, -1.0),
        max_import_kw=2.0,
    )
    got = cost.of(np.array([0.0, 1.0, 2.0, 4.0]))
    assert np.allclose(got[0], [0.0, 0.1, 0.4, 1.0 + broken_limit_per_kwh(np.full(1, 0.3))])


def test_with_a_battery_more_load_is_convex_and_never_dearer_than_from_the_grid() -> None:
    beside_it = beside()
    cost = beside_it.of(LEVELS)
    assert np.abs(cost[:, 1]).max() < 1e-12
    assert (np.diff(slopes(cost, LEVELS), axis=1) > -1e-3).all()
    buy = beside_it.home.terms.buy
    assert (cost[:, 2:] <= buy[:, None] * LEVELS[2:] + 1e-9).all()
    assert (cost[:, -1] < buy * LEVELS[-1] - 0.05).any()  # somewhere the battery or the sun is cheaper


def test_levels_may_differ_from_slot_to_slot() -> None:
    cost = beside()
    each = np.linspace(0.0, 5.0, 24)
    alone = cost.of(each[:, None])[:, 0]
    assert np.allclose(alone, [cost.of(np.array([kw]))[slot, 0] for slot, kw in enumerate(each)])


def test_above_the_fuse_load_is_steep_but_finite() -> None:
    fused = beside(max_import_kw=9.0)
    cost, buy = fused.of(np.array([0.0, 30.0, 31.0])), fused.home.terms.buy
    assert np.allclose(cost[:, 2] - cost[:, 1], buy + broken_limit_per_kwh(buy))


def test_a_load_that_the_battery_must_not_serve_is_never_cheaper() -> None:
    served, apart = beside().of(LEVELS), beside(apart=True).of(LEVELS)
    assert (apart >= served - 1e-9).all()
    assert (apart[:, -1] > served[:, -1] + 0.05).any()


def test_the_cost_of_a_home_is_what_its_plan_expects() -> None:
    asked = problem()
    home = home_cost(asked, points=12, states=61)
    table = home.tables(Loads.side_by_side([Loads.none(24)]))
    assert abs(home.at_start(table)[0] - solve(asked).plan.expected_cost) < 1e-9
