"""A reason says that estimated prices count, where they do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.planning.planner import solve

GRID = TimeGrid(start=datetime(2024, 6, 5, 12, tzinfo=UTC), step=timedelta(hours=1), count=24)


def problem(load_kw: FloatArray, *, published: int = 10) -> PlanningProblem:
    buy = 0.3 + 0.1 * np.cos(np.arange(24) / 12 * 2 * np.pi)
    estimated = np.arange(24) >= published
    scenarios = Scenarios(
        grid=GRID,
        load_kw=load_kw * np.array([0.9, 1.0, 1.1])[:, None],
        pv_kw=np.zeros((3, 24)),
        weight=np.full(3, 1 / 3),
        issued_at=GRID.start,
        model_id="made up",
    )
    return PlanningProblem(
        site=SiteSpec(
            timezone=ZoneInfo("Europe/Berlin"),
            battery=BatterySpec(capacity_kwh=10.0, max_charge_kw=5.0, max_discharge_kw=5.0),
        ),
        grid=GRID,
        soc_kwh=5.0,
        prices=PriceCurve(
            grid=GRID,
            import_per_kwh=buy,
            export_per_kwh=np.full(24, 0.05),
            estimated=estimated,
            known_until=GRID.at(published),
            import_low_per_kwh=np.where(estimated, buy - 0.04, buy),
            import_high_per_kwh=np.where(estimated, buy + 0.06, buy),
            estimated_from_days=20,
        ),
        scenarios=scenarios,
    )


def test_where_the_battery_is_neither_empty_nor_full_before_estimates_count() -> None:
    assert (
        "; prices from 00:00 on are estimated, at 0.160 to 0.460" in solve(problem(np.full(24, 0.1))).plan.reason.text
    )


def test_a_battery_that_will_be_empty_before_starts_anew_there() -> None:
    busy = problem(np.where(np.arange(24) < 8, 3.0, 0.1))
    solution = solve(busy)
    assert "estimated" not in solution.plan.reason.text
    assert "estimated" in solution.reason(busy, 15).text


def test_known_prices_are_not_spoken_of() -> None:
    known = problem(np.full(24, 0.1), published=24)
    prices = replace(known.prices, import_low_per_kwh=None, import_high_per_kwh=None)
    assert "estimated" not in solve(replace(known, prices=prices)).plan.reason.text
