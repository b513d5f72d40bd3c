"""Known situations and the decisions they lead to. Run this file with Python to write the golden file anew."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import ImportCap, PlanningProblem
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import BatterySpec, Goals, GridLimits, SiteSpec
from homeagent.planning.planner import solve

GOLDEN = Path(__file__).with_name("decisions.json")
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
) -> PlanningProblem:
    spec = {"capacity_kwh": 10.0, "max_charge_kw": 5.0, "max_discharge_kw": 5.0, "min_soc_kwh": 1.0} | (battery or {})
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
        load_kw=np.outer(SPREAD, LOAD),
        pv_kw=np.outer(SPREAD[::-1], pv),
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


SITUATIONS: dict[str, PlanningProblem] = {
    "summer day, spot price": problem(),
    "nearly empty, below its minimum": problem(soc_kwh=0.2),
    "full": problem(soc_kwh=10.0),
    "winter, no PV": problem(pv=np.zeros(24)),
    "flat price, export unpaid": problem(import_per_kwh=0.3, export_per_kwh=0.0),
    "flat price, no PV": problem(import_per_kwh=0.3, export_per_kwh=0.0, pv=np.zeros(24)),
    "negative export price at noon": problem(export_per_kwh=np.where(abs(HOURS - 13) < 3, -0.05, 0.08)),
    "importing pays at noon": problem(spot=np.where(abs(HOURS - 13) < 2, -0.3, SPOT)),
    "wear makes small spreads not worth it": problem(battery={"wear_per_kwh": 0.15}),
    "an export limit": problem(grid=GridLimits(max_export_kw=1.0)),
    "a weak connection": problem(grid=GridLimits(max_import_kw=1.5), pv=np.zeros(24)),
    "a peak charge": problem(cap_kw=1.2, pv=np.zeros(24)),
    "carbon has a price": problem(
        goals=Goals(carbon_price_per_kg=0.3), carbon=300 + 200 * np.cos((HOURS - 20) / 12 * 2 * np.pi)
    ),
}


def answer(asked: PlanningProblem) -> dict[str, Any]:
    plan = solve(asked).plan

    def plain(value: float) -> float | None:
        return round(value, 3) if math.isfinite(value) else None

    return {
        "why": plan.reason.text,
        "stance": plan.reason.stance,
        "runner_up": plan.reason.runner_up,
        "runner_up_costs": plain(plan.reason.runner_up_costs or 0.0),
        "expected_cost": plain(plan.expected_cost),
        "soc_kwh": [plain(float(soc)) for soc in plan.soc_kwh.values],
        "policies": [{name: plain(level) for name, level in asdict(policy).items()} for policy in plan.policies],
    }


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_known_situation_leads_to_the_known_decisions(name: str) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))[name]
    got = answer(SITUATIONS[name])
    assert got["why"] == golden["why"]
    assert (got["stance"], got["runner_up"]) == (golden["stance"], golden["runner_up"])
    assert got["expected_cost"] == pytest.approx(golden["expected_cost"], abs=2e-3)
    assert got["soc_kwh"] == pytest.approx(golden["soc_kwh"], abs=2e-2)
    assert got["policies"] == golden["policies"]


def test_the_same_problem_has_the_same_digest_and_another_a_different_one() -> None:
    assert problem().digest() == problem().digest()
    digests = {asked.digest() for asked in SITUATIONS.values()}
    assert len(digests) == len(SITUATIONS)


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: answer(asked) for name, asked in SITUATIONS.items()}, indent=1) + "\n")
