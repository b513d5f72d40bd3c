"""Why each device does what it does: made on demand from the plan in force, once for each plan and device."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from homeagent.agent.thinking import Thought
from homeagent.domain.tasks import Choice
from homeagent.planning.cost_beside import cost_beside
from homeagent.planning.device_reasons import DeviceReasons, Stretch


class Reasoner:
    """The reasons of one home's devices. What was worked out for a plan is kept until there is another."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._digest: str | None = None
        self._reasons: dict[str, DeviceReasons | None] = {}
        self._stretches: dict[tuple[str, int, int], tuple[Stretch, ...]] = {}

    def __call__(self, thought: Thought, device: str, slot: int) -> Choice:
        """Return why a device does in a slot what is planned."""
        reasons = self._of(thought, device)
        return Choice(text="nothing is planned for it") if reasons is None else reasons.choice(slot)

    def stretches(self, thought: Thought, device: str, first: int, end: int) -> tuple[Stretch, ...]:
        """Return what a device does from slot `first` up to `end`, one reason for each stretch."""
        reasons = self._of(thought, device)
        if reasons is None:
            return ()
        key = device, first, end
        if key not in self._stretches:
            self._stretches[key] = reasons.stretches(first, end)
        return self._stretches[key]

    def _of(self, thought: Thought, device: str) -> DeviceReasons | None:
        """Return the reasons of a device, None where the plan has nothing of it."""
        if thought.plan.problem_digest != self._digest:
            self._digest = thought.plan.problem_digest
            self._reasons.clear()
            self._stretches.clear()
        if device not in self._reasons:
            plan = next((plan for plan in thought.plan.devices if plan.name == device), None)
            task = next((task for task in thought.problem.devices if task.spec.name == device), None)
            self._reasons[device] = (
                None
                if plan is None or task is None
                else DeviceReasons(task, plan, cost_beside(thought.problem, thought.plan, device), self._timezone)
            )
        return self._reasons[device]
