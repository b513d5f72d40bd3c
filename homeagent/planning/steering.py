"""What steers a plan: money with the price put on carbon, the limits of the grid; and the home as it is costed."""

from __future__ import annotations

import math

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import PlanningProblem
from homeagent.planning.home_cost import HomeCost, SlotTerms, broken_limit_per_kwh
from homeagent.planning.loads import Loads, fuse_kw
from homeagent.planning.net_load import even_shares, net_load_points, tail_shares
from homeagent.planning.stored_energy import SMALL_KWH, SlotPrices


def steering_prices(problem: PlanningProblem, loads: Loads | None = None) -> tuple[SlotPrices, ...]:
    """Return the prices that steer each slot: money plus the price put on the grid's carbon, and the import cap.

    Carbon counts where energy is imported; what others save by the home's export is not claimed. With `loads` of
    devices the connection's limit has a price too, where it is below the cap: the battery keeps something for it.
    """
    carbon = np.zeros(problem.grid.count)
    if problem.carbon_g_per_kwh is not None:
        carbon = problem.carbon_g_per_kwh / 1000 * problem.site.goals.carbon_price_per_kg
    buy = problem.prices.import_per_kwh + carbon
    sell = problem.prices.export_per_kwh
    cap = problem.import_cap
    limit_kw = np.full(problem.grid.count, math.inf) if cap is None else cap.limit_kw
    excess = np.zeros(problem.grid.count) if cap is None else cap.excess_price_per_kwh
    if loads is not None:
        allowed_kw = fuse_kw(problem.site.grid, loads.one_phase_kw)
        excess = np.where(allowed_kw < limit_kw, broken_limit_per_kwh(buy), excess)
        limit_kw = np.minimum(allowed_kw, limit_kw)
    return tuple(
        SlotPrices(
            import_per_kwh=float(buy[slot]),
            export_per_kwh=float(sell[slot]),
            import_limit_kw=float(limit_kw[slot]),
            excess_per_kwh=float(excess[slot]),
        )
        for slot in range(problem.grid.count)
    )


def home_cost(problem: PlanningProblem, *, points: int, states: int) -> HomeCost:
    """Return the home without its devices, to be costed with them, on so many points and states."""
    prices, spec, count = steering_prices(problem), problem.site.battery, problem.grid.count
    buy, sell, cap, excess = (
        np.array([getattr(price, name) for price in prices])
        for name in ("import_per_kwh", "export_per_kwh", "import_limit_kw", "excess_per_kwh")
    )
    curtailable = problem.site.pv_curtailable
    if len(problem.scenarios.weight) == 1 and problem.scenarios.grid.step == problem.grid.step:
        points = 1  # nothing varies
    shares = even_shares(points) if problem.import_cap is None else tail_shares(points, len(problem.scenarios.weight))
    soc_kwh = np.linspace(spec.min_soc_kwh, max(spec.capacity_kwh, spec.min_soc_kwh + SMALL_KWH), states)
    return HomeCost(
        grid=problem.grid,
        spec=spec,
        soc_kwh=problem.soc_kwh,
        terms=SlotTerms(
            buy=buy,
            sell=np.maximum(sell, 0.0) if curtailable else sell,
            cap_kw=cap,
            excess=excess,
            broken=broken_limit_per_kwh(buy),
            limits=problem.site.grid,
            wear=spec.wear_per_kwh,
        ),
        net_kw=net_load_points(problem.scenarios, problem.grid, (buy < 0) & curtailable, shares),
        weight=np.diff(shares),
        states_kwh=soc_kwh,
        last=_last(problem, buy, soc_kwh) if count else np.zeros(states),
    )


def terminal_per_kwh(buy_per_kwh: FloatArray, discharge_efficiency: float) -> float:
    """Return what a stored kWh is worth at the grid's end, where nothing else says it."""
    return max(float(buy_per_kwh.mean()), 0.0) * discharge_efficiency


def _last(problem: PlanningProblem, buy: FloatArray, soc_kwh: FloatArray) -> FloatArray:
    if problem.cost_after is None:
        return np.asarray(-terminal_per_kwh(buy, problem.site.battery.discharge_efficiency) * (soc_kwh - soc_kwh[0]))
    known_kwh = np.linspace(soc_kwh[0], soc_kwh[-1], len(problem.cost_after))
    return np.asarray(np.interp(soc_kwh, known_kwh, problem.cost_after), dtype=np.float64)
