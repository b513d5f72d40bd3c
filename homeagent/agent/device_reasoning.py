"""Why each device does what it does: made on demand from the plan in force, once for each plan and device."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from homeagent.agent.thinking import Thought
from homeagent.domain.tasks import Choice
from homeagent.planning.cost_beside import costs_beside
from homeagent.planning.device_reasons import DeviceReasons, Stretch


class Reasoner:
    """The reasons of one home's devices. What was worked out for a plan is kept until there is another."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._digest: str | None = None
        self._reasons: dict[str, DeviceReasons] = {}
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
            tasks, plans = thought.problem.devices, {plan.name: plan for plan in thought.plan.devices}
            costs = costs_beside(thought.problem, thought.plan)
            self._reasons = {
                task.spec.name: DeviceReasons(task, plans[task.spec.name], costs[task.spec.name], self._timezone)
                for task in tasks
                if task.spec.name in plans
            }
            self._stretches.clear()
        return self._reasons.get(device)
