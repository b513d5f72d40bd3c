"""The best time to start an appliance, told to a person in a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from homeagent.domain.tasks import ApplianceTask
from homeagent.planning.appliances import start_costs
from homeagent.planning.slot_cost import SlotCost

TOLD = 0.005
"""A difference below this is nothing when it is told to the hundredth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BestStart:
    """When to start, what the run costs then and what now [currency], and the sentence that says so."""

    at: datetime
    costs: float
    costs_now: float
    text: str


def best_start(
    task: ApplianceTask, cost: SlotCost, timezone: ZoneInfo, currency: str = "", start_slot: int | None = None
) -> BestStart | None:
    """Return the best time for a run, or what `start_slot` comes to; None where it runs or does not fit.

    Only money is told; waits and lateness have had their say in the choice.
    """
    starts = start_costs(task, cost)
    if not len(starts.money):
        return None
    best = int(starts.total.argmin()) if start_slot is None else start_slot - starts.first
    if not 0 <= best < len(starts.money):
        return None
    costs, now = float(starts.money[best]), float(starts.money[0])
    at = cost.grid.at(starts.first + best)
    name, unit = task.spec.name, f" {currency}" if currency else ""
    first = "now" if starts.first == 0 else f"at {_clock(cost.grid.at(starts.first), cost.grid.start, timezone)}"
    if best == 0:
        text = f"start {name} {first}: {costs:.2f}{unit}, no later start is better"
    elif abs(now - costs) < TOLD:
        text = f"start {name} at {_clock(at, cost.grid.start, timezone)}: {costs:.2f}{unit}, as much as {first}"
    else:
        when = _clock(at, cost.grid.start, timezone)
        text = f"start {name} at {when}: {costs:.2f} instead of {now:.2f}{unit} {first}"
    return BestStart(at=at, costs=costs, costs_now=now, text=text)


def _clock(at: datetime, today: datetime, timezone: ZoneInfo) -> str:
    local = at.astimezone(timezone)
    days = (local.date() - today.astimezone(timezone).date()).days
    return f"{local:%H:%M}" + ("" if days == 0 else " tomorrow" if days == 1 else f" in {days} days")
