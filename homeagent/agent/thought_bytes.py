"""A thought as bytes, and back without loss: the plan, the worth of stored energy and what it was made from.

The problem itself, with its forecast and prices, is kept by the store under its digest, and not twice.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, astuple, fields
from datetime import datetime
from typing import Any, TypeVar

import numpy as np

from homeagent.agent.thinking import Thought
from homeagent.domain.errors import StoreError
from homeagent.domain.grid import EdgeSeries, SlotSeries
from homeagent.domain.plan import Plan, PlanningProblem, Reason
from homeagent.domain.policy import BatteryPolicy
from homeagent.planning.planner import Solution
from homeagent.planning.stored_energy import NetLoad, SlotPrices, StoredEnergyValue
from homeagent.store.plain import made, plain

SERIES = ("battery_kw", "grid_kw", "soc_kwh", "soc_low_kwh", "soc_high_kwh", "value_per_kwh")

Made = TypeVar("Made", BatteryPolicy, SlotPrices)


def thought_bytes(thought: Thought, beside: Mapping[str, object]) -> bytes:
    """Return a thought, with JSON values beside it."""
    plan, solution = thought.plan, thought.solution
    head = {
        "beside": beside,
        "digest": plan.problem_digest,
        "issued_at": plan.issued_at.isoformat(),
        "valid_until": plan.valid_until.isoformat(),
        "reason": asdict(plan.reason),
        "expected_cost": plan.expected_cost,
        "outcome": plan.outcome,
        "unmet": plan.unmet,
        "devices": plain(plan.devices),
    }
    arrays: dict[str, Any] = {name: getattr(plan, name).values for name in SERIES}
    arrays["policies"] = [astuple(policy) for policy in plan.policies]
    if solution is not None:
        arrays |= {
            "states_kwh": solution.value.soc_kwh,
            "cost_to_come": solution.value.cost_to_come,
            "prices": [astuple(price) for price in solution.prices],
            "scenario_soc_kwh": solution.soc_kwh,
            "nets": [(net.load_kw, net.pv_kw, net.weight) for net in solution.nets],
            "apart_kw": [net.apart_kw for net in solution.nets],
        }
    target = io.BytesIO()
    np.savez_compressed(target, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **arrays)
    return target.getvalue()


def digest_of(content: bytes) -> str:
    """Return the digest of the problem that a kept thought is about; raises as `thought_of`."""
    return str(_read(content)[0]["digest"])


def thought_of(content: bytes, problem: PlanningProblem) -> tuple[Thought, dict[str, Any]]:
    """Return the thought that `thought_bytes` was given, and what was beside it.

    Raises:
        StoreError: the bytes are damaged, or are about another problem.
    """
    head, arrays = _read(content)
    if head["digest"] != problem.digest():
        raise StoreError("the kept plan was made from something else than what is kept of it")
    try:
        return _thought(head, arrays, problem), dict(head["beside"])
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreError(f"the kept plan is damaged ({error})") from error


def _read(content: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = dict(archive)
        return json.loads(arrays.pop("head").tobytes()), arrays
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StoreError(f"the kept plan is damaged ({error})") from error


def _thought(head: dict[str, Any], arrays: dict[str, Any], problem: PlanningProblem) -> Thought:
    grid = problem.grid
    plan = Plan(
        problem_digest=head["digest"],
        grid=grid,
        issued_at=datetime.fromisoformat(head["issued_at"]),
        valid_until=datetime.fromisoformat(head["valid_until"]),
        policies=_made(BatteryPolicy, arrays["policies"], grid.count),
        reason=Reason(**head["reason"]),
        expected_cost=head["expected_cost"],
        outcome=head["outcome"],
        unmet=tuple(head["unmet"]),
        devices=made(head["devices"]),
        battery_kw=SlotSeries(grid=grid, values=arrays["battery_kw"]),
        grid_kw=SlotSeries(grid=grid, values=arrays["grid_kw"]),
        soc_kwh=EdgeSeries(grid=grid, values=arrays["soc_kwh"]),
        soc_low_kwh=EdgeSeries(grid=grid, values=arrays["soc_low_kwh"]),
        soc_high_kwh=EdgeSeries(grid=grid, values=arrays["soc_high_kwh"]),
        value_per_kwh=EdgeSeries(grid=grid, values=arrays["value_per_kwh"]),
    )
    if "cost_to_come" not in arrays:
        return Thought(problem=problem, plan=plan, solution=None)
    value = StoredEnergyValue(soc_kwh=arrays["states_kwh"], cost_to_come=arrays["cost_to_come"], policies=plan.policies)
    if value.cost_to_come.shape != (grid.count + 1, len(value.soc_kwh)):
        raise ValueError("its table has another size")
    if arrays["scenario_soc_kwh"].shape != (grid.count + 1, len(problem.scenarios.weight)):
        raise ValueError("its courses have another size")
    solution = Solution(
        plan=plan,
        value=value,
        prices=_made(SlotPrices, arrays["prices"], grid.count),
        nets=tuple(
            NetLoad(load_kw=load, pv_kw=pv, weight=weight, apart_kw=float(apart))
            for (load, pv, weight), apart in zip(
                arrays["nets"], arrays.get("apart_kw", np.zeros(grid.count)), strict=True
            )
        ),
        soc_kwh=arrays["scenario_soc_kwh"],
    )
    return Thought(problem=problem, plan=plan, solution=solution)


def _made(kind: type[Made], rows: Any, count: int) -> tuple[Made, ...]:  # noqa: ANN401 - an array
    """Return one of a kind for each slot, from a row of its fields."""
    names = [field.name for field in fields(kind)]
    if rows.shape != (count, len(names)):
        raise ValueError(f"there are not {count} of {kind.__name__}")
    return tuple(kind(**dict(zip(names, row, strict=True))) for row in rows.tolist())
