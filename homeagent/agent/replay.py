"""Makes a stored plan again from all that it was made from, and compares."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from homeagent.domain.plan import Plan
from homeagent.planning.planner import fallback, solve
from homeagent.store.ledger import StoredDecision, stored_decision

ROUNDED = 6e-5
"""Plans are kept with four decimals."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Replay:
    """The plan made again, and in what it differs from the one that was kept; nothing if it is the same."""

    stored: StoredDecision
    plan: Plan
    differences: tuple[str, ...]


def replay(path: Path, number: int) -> Replay:
    """Make the plan of decision `number` again.

    Raises:
        InputError, StoreError: as `stored_decision`.
    """
    stored = stored_decision(path, number)
    if stored.plan["outcome"] == "fallback":
        plan = fallback(stored.problem, stored.plan["unmet"][0])
    else:
        plan = solve(stored.problem).plan
    return Replay(stored=stored, plan=plan, differences=tuple(_differences(stored, plan)))


def _differences(stored: StoredDecision, plan: Plan) -> list[str]:
    found = []
    if stored.problem.digest() != stored.digest:
        found.append("the stored problem is not the one that was planned")
    if abs(plan.expected_cost - stored.plan["expected_cost"]) > ROUNDED:
        found.append(f"expected cost {plan.expected_cost:.4f} instead of {stored.plan['expected_cost']:.4f}")
    for name, kept in stored.plan["policies"].items():
        for slot, value in enumerate(kept):
            made = asdict(plan.policies[slot])[name]
            same = made == float("inf") if value is None else abs(made - value) <= ROUNDED
            if not same:
                found.append(f"{name} of slot {slot}: {made:.4f} instead of {value}")
    for device in plan.devices:
        told_kw = stored.plan.get("devices_kw", {}).get(device.name, [])
        off_kw = [abs(made - kept) for made, kept in zip(device.power_kw.values.tolist(), told_kw, strict=False)]
        if len(off_kw) < plan.grid.count or max(off_kw, default=0.0) > ROUNDED:
            found.append(f"{device.name} does otherwise, by {max(off_kw, default=0.0):.3f} kW at most")
    if found and stored.plan["outcome"] == "feasible":
        found.append("time ran out when it was planned: the search was not at its end")
    return found
