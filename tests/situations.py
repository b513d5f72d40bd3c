"""A home on a summer's day, as a planning problem that a test may change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import ImportCap, PlanningProblem
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import BatterySpec, Goals, GridLimits, SiteSpec

START = datetime(2024, 6, 5, 22, tzinfo=UTC)
HOURS = np.arange(24)
LOAD = 0.4 + 1.6 * np.exp(-((HOURS - 20.0) ** 2) / 5) + 0.6 * np.exp(-((HOURS - 8.0) ** 2) / 3)
PV = 4 * np.maximum(np.cos((HOURS - 13) / 14 * np.pi), 0)
SPOT = 0.10 + 0.05 * np.cos((HOURS - 19) / 12 * 2 * np.pi) - 0.06 * np.exp(-((HOURS - 13.0) ** 2) / 6)
SPREAD = np.array([0.5, 0.8, 1.0, 1.2, 1.5])


def problem(  # noqa: PLR0913 - each argument is one thing a situation may change
    *,
    soc_kwh: float = 2.0,
    spot: FloatArray = SPOT,
    pv: FloatArray = PV,
    import_per_kwh: float | None = None,
    export_per_kwh: FloatArray | float | None = None,
    battery: dict[str, float] | None = None,
    grid: GridLimits | None = None,
    goals: Goals | None = None,
    carbon: FloatArray | None = None,
    cap_kw: float | None = None,
    spread: FloatArray = SPREAD,
) -> PlanningProblem:
    """Return what the planner is asked at `START`, for 24 hours."""
    spec: dict[str, Any] = {"capacity_kwh": 10.0, "max_charge_kw": 5.0, "max_discharge_kw": 5.0, "min_soc_kwh": 1.0} | (
        battery or {}
    )
    site = SiteSpec(
        timezone=ZoneInfo("Europe/Berlin"),
        battery=BatterySpec(**spec),
        grid=grid or GridLimits(),
        goals=goals or Goals(),
    )
    slots = TimeGrid(start=START, step=timedelta(hours=1), count=24)
    buy = 1.2 * spot + 0.12 if import_per_kwh is None else import_per_kwh
    sell = spot if export_per_kwh is None else export_per_kwh
    prices = PriceCurve(
        grid=slots,
        import_per_kwh=np.broadcast_to(buy, 24),
        export_per_kwh=np.broadcast_to(sell, 24),
        estimated=np.zeros(24, dtype=bool),
        known_until=slots.end,
    )
    scenarios = Scenarios(
        grid=slots,
        load_kw=np.outer(spread, LOAD),
        pv_kw=np.outer(spread[::-1], pv),
        weight=np.full(5, 0.2),
        issued_at=START,
        model_id="golden",
    )
    cap = None
    if cap_kw is not None:
        cap = ImportCap(limit_kw=np.full(24, cap_kw), excess_price_per_kwh=np.full(24, 2.0))
    return PlanningProblem(
        site=site,
        grid=slots,
        soc_kwh=soc_kwh,
        prices=prices,
        scenarios=scenarios,
        carbon_g_per_kwh=carbon,
        import_cap=cap,
    )
