"""Money lost against perfect knowledge: the planner, run over days that have passed, on one forecast or another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np

from homeagent.devices.battery import respond
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.features import Course
from homeagent.forecasting.floor import floor_scenarios
from homeagent.forecasting.scenarios import shuffled
from homeagent.learning.model import Market
from homeagent.planning.perfect_foresight import KnownWindow, perfect_foresight_cost
from homeagent.planning.planner import solve

HISTORY = timedelta(days=42)
HORIZON = timedelta(hours=24)
EVERY = timedelta(hours=1)
BOUND_SECONDS = 20.0

Said = Callable[[int], tuple[FloatArray | None, FloatArray | None]]
"""Gives the quantiles of load and PV from an origin of the course on, None for what the floor is to say."""


def _window(course: Course, market: Market) -> tuple[int, int]:
    """Return the first and the last slot (exclusive) that can be played: measured, priced, a day of prices after."""
    count = len(market.import_per_kwh)
    bad = np.isnan(course.load_kw[-count:] + course.pv_kw[-count:] + market.import_per_kwh + market.export_per_kwh)
    whole = count if not bad.any() else count - 1 - int(np.flatnonzero(bad)[-1])
    return course.past.count - whole, course.past.count - HORIZON // course.past.step


def regret_per_day(course: Course, market: Market, said: Said | None) -> float | None:
    """Return how much more a day the planner would have paid on a forecast than perfect knowledge asks.

    None where too little was priced. Plans are made each hour; energy left over at the end counts at the mean price.
    """
    first, last = _window(course, market)
    step, per_day = course.past.step, course.per_day
    if last - first < 3 * per_day:
        return None
    offset = course.past.count - len(market.import_per_kwh)
    site, hours = market.site, step / timedelta(hours=1)
    soc, cost = site.battery.min_soc_kwh, 0.0
    every = EVERY // step
    for slot in range(first, last, every):
        ahead = slice(slot - offset, slot - offset + per_day)
        scenarios = _scenarios(course, slot, site, said)
        problem = PlanningProblem(
            site=site,
            grid=TimeGrid(start=scenarios.grid.start, step=EVERY, count=per_day // every),
            soc_kwh=soc,
            prices=_hourly(scenarios.grid, market.import_per_kwh[ahead], market.export_per_kwh[ahead], every),
            scenarios=scenarios,
        )
        policy = solve(problem).plan.policies[0]
        for inside in range(slot, min(slot + every, last)):
            flows = respond(policy, site.battery, soc, course.load_kw[inside], course.pv_kw[inside], hours)
            soc, grid_kw = float(flows.soc_kwh), float(flows.grid_kw)
            price = market.import_per_kwh if grid_kw > 0 else market.export_per_kwh
            cost += grid_kw * float(price[inside - offset]) * hours
    part = slice(first - offset, last - offset)
    cost -= (soc - site.battery.min_soc_kwh) * max(float(market.import_per_kwh[part].mean()), 0.0) * 0.9
    window = KnownWindow(
        grid=TimeGrid(start=course.past.at(first), step=step, count=last - first),
        load_kw=course.load_kw[first:last],
        pv_kw=course.pv_kw[first:last],
        import_price_per_kwh=market.import_per_kwh[part],
        export_price_per_kwh=market.export_per_kwh[part],
        initial_soc_kwh=site.battery.min_soc_kwh,
    )
    bound = perfect_foresight_cost(window, site, BOUND_SECONDS)
    return None if bound is None else (cost - bound) * per_day / (last - first)


def _scenarios(course: Course, slot: int, site: SiteSpec, said: Said | None) -> Scenarios:
    step = course.past.step
    begin = max(slot - HISTORY // step, 0)
    past = TimeGrid(start=course.past.at(begin), step=step, count=slot - begin)
    history = History(grid=past, load_kw=course.load_kw[begin:slot], pv_kw=course.pv_kw[begin:slot])
    grid = TimeGrid(start=course.past.at(slot), step=step, count=course.per_day)
    courses = floor_scenarios(history, grid, site.timezone)
    if said is None:
        return courses
    load_kw, pv_kw = said(slot)
    return shuffled(courses, grid, load_kw, pv_kw, "challenger")


def _hourly(grid: TimeGrid, imports: FloatArray, exports: FloatArray, every: int) -> PriceCurve:
    count = len(imports) // every
    coarse = TimeGrid(start=grid.start, step=every * grid.step, count=count)
    return PriceCurve(
        grid=coarse,
        import_per_kwh=imports[: count * every].reshape(count, every).mean(axis=1),
        export_per_kwh=exports[: count * every].reshape(count, every).mean(axis=1),
        estimated=np.zeros(count, dtype=np.bool_),
        known_until=coarse.end,
    )
