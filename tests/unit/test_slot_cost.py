"""What more load costs in a slot: by prices alone, and with a battery that answers."""

from __future__ import annotations

import numpy as np
from situations import problem

from homeagent.domain.grid import FloatArray
from homeagent.planning.planner import Solution, solve
from homeagent.planning.slot_cost import BatteryCost, PriceCost, broken_limit_per_kwh

LEVELS = np.array([-0.4, 0.0, 0.5, 1.0, 2.0, 3.7, 7.2, 11.0])


def beside(solution: Solution, max_import_kw: float = float("inf")) -> BatteryCost:
    asked = problem()
    return BatteryCost(
        grid=asked.grid,
        prices=solution.prices,
        value=solution.value,
        spec=asked.site.battery,
        load_kw=asked.scenarios.load_kw.T,
        pv_kw=asked.scenarios.pv_kw.T,
        soc_kwh=solution.soc_kwh[:-1],
        weight=asked.scenarios.weight,
        max_import_kw=max_import_kw,
    )


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
    solution = solve(problem())
    cost = beside(solution).of(LEVELS)
    assert np.abs(cost[:, 1]).max() < 1e-12
    assert (np.diff(slopes(cost, LEVELS), axis=1) > -1e-6).all()
    buy = np.array([price.import_per_kwh for price in solution.prices])
    assert (cost[:, 2:] <= buy[:, None] * LEVELS[2:] + 1e-9).all()
    assert (cost[:, -1] < buy * LEVELS[-1] - 0.05).any()  # somewhere the battery or the sun is cheaper


def test_levels_may_differ_from_slot_to_slot() -> None:
    cost = beside(solve(problem()))
    each = np.linspace(0.0, 5.0, 24)
    alone = cost.of(each[:, None])[:, 0]
    assert np.allclose(alone, [cost.of(np.array([kw]))[slot, 0] for slot, kw in enumerate(each)])


def test_above_the_fuse_load_is_steep_but_finite() -> None:
    solution = solve(problem())
    cost = beside(solution, max_import_kw=9.0).of(np.array([0.0, 30.0, 31.0]))
    buy = np.array([price.import_per_kwh for price in solution.prices])
    assert np.allclose(cost[:, 2] - cost[:, 1], buy + broken_limit_per_kwh(buy))
