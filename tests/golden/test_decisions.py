"""Known situations and the decisions they lead to. Run this file with Python to write the golden file anew."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from situations import HOURS, SPOT, problem

from homeagent.domain.plan import PlanningProblem
from homeagent.domain.site import Goals, GridLimits
from homeagent.planning.planner import solve

GOLDEN = Path(__file__).with_name("decisions.json")
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
