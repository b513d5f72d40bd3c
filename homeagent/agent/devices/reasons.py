"""Why a device does in a slot what is planned."""

from __future__ import annotations

from homeagent.agent.thinking import Thought
from homeagent.domain.tasks import Choice


def planned(thought: Thought, device: str, slot: int) -> Choice:
    """Return the reason for what a device is planned to do in a slot of a plan that has it."""
    plan = next(plan for plan in thought.plan.devices if plan.name == device)
    return Choice(text=f"as planned: {plan.power_kw.values[slot]:.2f} kW")
