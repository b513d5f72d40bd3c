"""Why an appliance runs, waits or is left out, in a sentence with numbers; and the next best start."""

from __future__ import annotations

import math

import numpy as np

from homeagent.domain.tasks import ApplianceTask, Choice, DevicePlan
from homeagent.planning.appliances import start_costs
from homeagent.planning.slot_cost import SlotCost
from homeagent.planning.wall_clock import WallClock


class ApplianceReasons:
    """The reasons of one appliance's plan, as `DeviceReasons` has them of the others."""

    def __init__(self, task: ApplianceTask, plan: DevicePlan, cost: SlotCost, clock: WallClock) -> None:
        self._task, self._plan, self._clock = task, plan, clock
        self._grid = plan.power_kw.grid
        self._costs = start_costs(task, cost)

    def choice(self, slot: int) -> Choice:
        """Return why it does in `slot` what is planned."""
        task, start = self._task, self._plan.start
        if task.begun_min is not None:
            return self._runs(slot, float(len(task.spec.profile_kw)) - task.begun_min)
        if start is None:
            return self._left_out(slot)
        first = (start - self._grid.start) // self._grid.step
        if slot >= first:
            return self._runs(slot, first * self._step_min + len(task.spec.profile_kw))
        return self._waits(slot, first)

    @property
    def _step_min(self) -> float:
        return self._grid.step_hours * 60

    def _runs(self, slot: int, end_min: float) -> Choice:
        """Return that it runs until so many minutes after the grid's start, or has run."""
        if slot * self._step_min >= end_min:
            return Choice(text="has run")
        end = self._clock.slot(math.ceil(end_min / self._step_min), slot)
        return Choice(text=f"runs until {end} and is not interrupted")

    def _waits(self, slot: int, start: int) -> Choice:
        task, costs, grid = self._task, self._costs, self._grid
        who = "starts" if task.spec.switched else "is best started by you"
        ends = self._clock.at(grid.at(start) + task.spec.lasts, slot)
        due = task.last + 1
        asked = f", asked for {self._clock.slot(due, slot)}" if due < grid.count else ""
        place = start - costs.first
        if not 0 <= place < len(costs.total):
            return Choice(text=f"{who} at {self._clock.slot(start, slot)}, ends at {ends}{asked}")
        now = slot - costs.first
        against = f" then against {costs.money[now]:.2f} now" if 0 <= now < len(costs.money) else ""
        money = f"{costs.money[place]:.2f} for the run{against}"
        text = f"{who} at {self._clock.slot(start, slot)}: {money}, ends at {ends}{asked}"
        return self._with_next_best(text, slot, start, float(costs.total[place]))

    def _with_next_best(self, text: str, slot: int, start: int, own: float) -> Choice:
        """Return the choice with the best start that lies half a run or more apart, or with no run where it may be."""
        task, costs = self._task, self._costs
        starts = costs.first + np.arange(len(costs.total))
        apart = max(int(task.spec.lasts / self._grid.step) // 2, 1)
        others = np.where((abs(starts - start) >= apart) & (starts >= slot), costs.total, math.inf)
        best = int(others.argmin())
        if task.at_most is not None and task.at_most <= others[best]:
            return Choice(text=text, runner_up="no run", runner_up_costs=max(task.at_most - own, 0.0))
        if not math.isfinite(others[best]):
            return Choice(text=text)
        when = "now" if starts[best] == slot else f"at {self._clock.slot(int(starts[best]), slot)}"
        return Choice(text=text, runner_up=f"start {when}", runner_up_costs=max(float(others[best]) - own, 0.0))

    def _left_out(self, slot: int) -> Choice:
        costs, most = self._costs, self._task.at_most
        if not len(costs.total) or most is None:
            return Choice(text=f"is not run: {self._plan.unmet[0]}" if self._plan.unmet else "is not run in this plan")
        best = int(costs.total.argmin())
        cheapest, when = float(costs.total[best]), self._clock.slot(costs.first + best, slot)
        return Choice(
            text=f"is left out: the cheapest run costs {cheapest:.2f}, at {when}, and {most:.2f} is the most",
            runner_up=f"start at {when}",
            runner_up_costs=max(cheapest - most, 0.0),
        )
