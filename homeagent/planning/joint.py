"""All devices together with the battery: each one's best course beside the others', judged by the whole home's cost.

Block-coordinate descent (Bertsekas, "Nonlinear Programming", 1999, section 2.7): a device finds its best course at what
more load costs beside the present plan (`slot_cost`), the battery's table is made anew, and the course is kept only
where the whole home's cost falls, wishes counted. Where one device stands in the way of another's best, a descent of
one at a time stops short; so the other courses that a device knows are judged as well. And a large one that the
battery has been made ready for finds its own place cheap: it is asked again at the worth of stored energy halfway to
that without it. The result is never worse than what the devices' own rules do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.tasks import CarTask, DeviceTask, HeatTask
from homeagent.planning.device_responses import best_responses, evaluate, is_apart, loads_of, on_one_phase, units
from homeagent.planning.home_cost import HomeCost
from homeagent.planning.levelling import levelled_kw, levelled_runs_kw
from homeagent.planning.loads import Loads
from homeagent.planning.response import Response
from homeagent.planning.rule_courses import rule_responses
from homeagent.planning.slot_cost import BatteryCost
from homeagent.planning.steering import home_cost

POINTS, STATES = 4, 31
"""Coarser than the plan itself: only the comparison of courses matters here."""
OTHERS = 2
"""So many other courses of a device are judged beside its best: those that look best at its slot costs."""
LEAST_GAIN_KWH = 0.02
STEADY_KWH = 0.2
"""What a change must gain, in kWh at the mean price: of courses found in this plan, and of those that are running."""

GAINED = 0.02
"""Of all that its slots have come to cost more or less a device gains about so much by another course (measured)."""
UNPLANNED = timedelta(hours=6)
"""An older plan that ends so much earlier still does: nothing is begun in what it does not reach."""
SAME_KW = 1e-6

Courses = tuple[Response, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointCourses:
    """What all devices do, in the order of the tasks; `complete` False: time ran out before the search was done."""

    responses: Courses
    loads: Loads
    complete: bool


def plan_devices(problem: PlanningProblem, out_of_time: Callable[[], bool] = lambda: False) -> JointCourses:
    """Return the courses of all devices that together cost the home least, as far as the search and the time go.

    Courses of the plan before stay as they are unless a change gains enough.
    """
    search = _Search(problem, home_cost(problem, points=POINTS, states=STATES))
    complete = search.run(out_of_time)
    return JointCourses(responses=tuple(search.responses), loads=search.total, complete=complete)


def by_rule(problem: PlanningProblem) -> JointCourses:
    """Return what devices do by their own rules."""
    return _courses(problem, rule_responses(problem.devices, problem.grid))


def going_on(problem: PlanningProblem) -> JointCourses | None:
    """Return the courses of the plan before, None where they no longer do, or no longer do as well."""
    wished = {device.name: device.wish_cost for device in problem.before}
    usual = max(float(np.abs(problem.prices.import_per_kwh).mean()), 0.01) if problem.grid.count else 0.0
    responses = []
    for task in problem.devices:
        power_kw = kept_power_kw(problem, task.spec.name)
        if power_kw is None:
            return None
        response = evaluate(task, power_kw, problem.grid)
        worse = response.wish_cost - wished[task.spec.name]
        if worse > STEADY_KWH * usual or np.abs(response.power_kw - power_kw).max(initial=0.0) > SAME_KW:
            return None
        responses.append(response)
    return _courses(problem, responses) if set(wished) == {task.spec.name for task in problem.devices} else None


def _courses(problem: PlanningProblem, responses: Sequence[Response]) -> JointCourses:
    loads = Loads.none(problem.grid.count)
    for task, response in zip(problem.devices, responses, strict=True):
        loads = loads + loads_of(task, response.power_kw)
    return JointCourses(responses=tuple(responses), loads=loads, complete=True)


def kept_power_kw(problem: PlanningProblem, name: str) -> FloatArray | None:
    """Return what an older plan has a device do, on the new grid: 0 beyond its end; None where it says too little."""
    old = next((one.power_kw for one in problem.before if one.name == name), None)
    if old is None or old.grid.step != problem.grid.step or problem.grid.end - old.grid.end > UNPLANNED:
        return None
    shift, rest = divmod(problem.grid.start - old.grid.start, problem.grid.step)
    if rest or not 0 <= shift < old.grid.count:
        return None
    power_kw = np.zeros(problem.grid.count)
    left = old.values[shift : shift + problem.grid.count]
    power_kw[: len(left)] = left
    return power_kw


class _Search:
    """The courses so far, with the table of the home's cost beside them."""

    def __init__(self, problem: PlanningProblem, home: HomeCost) -> None:
        self._home, self._tasks = home, problem.devices
        self._units = units(self._tasks)
        self._rule = rule_responses(self._tasks, problem.grid)
        self.responses = list(self._rule)
        self._placed = [False] * len(self._tasks)
        self._answered: dict[tuple[int, ...], FloatArray] = {}
        kept = [kept_power_kw(problem, task.spec.name) for task in self._tasks]
        for unit in self._units:
            self._keep(unit, [kept[place] for place in unit])
        self._kept = list(self._placed)
        self.total = self._loads_of_placed()
        self._table = home.tables(Loads.side_by_side([self.total]))[:, 0]
        self._energy = float(home.at_start(self._table[:, None])[0])
        self._soc_kwh: FloatArray | None = None
        usual = max(float(np.abs(home.terms.buy).mean()), 0.01) if problem.grid.count else 0.0
        self._least_gain, self._steady_gain = LEAST_GAIN_KWH * usual, STEADY_KWH * usual

    def run(self, out_of_time: Callable[[], bool]) -> bool:
        """Search, and return whether it came to its end."""
        for unit in self._units:
            if not self._placed[unit[0]]:
                if out_of_time():
                    break
                self._improve(unit, others=0)
        complete = all(self._placed) and self._rounds(out_of_time)
        self._not_worse_than_rule()
        return complete

    def _rounds(self, out_of_time: Callable[[], bool]) -> bool:
        """Let the devices answer one another, and the large ones also from halfway; return whether time sufficed."""
        for halfway in (False, True, False):
            for unit in self._units:
                if halfway and not isinstance(self._tasks[unit[0]], CarTask | HeatTask):
                    continue
                if out_of_time():
                    return False
                self._improve(unit, others=0 if halfway else OTHERS, halfway=halfway)
        return True

    def _keep(self, unit: tuple[int, ...], power_kw: Sequence[FloatArray | None]) -> None:
        for place, kept in zip(unit, power_kw, strict=True):
            if kept is not None:
                self.responses[place] = evaluate(self._tasks[place], kept, self._home.grid)
                self._placed[place] = True
        if not all(self._placed[place] for place in unit):
            for place in unit:
                self._placed[place] = False

    def _loads_of_placed(self) -> Loads:
        total = Loads.none(self._home.grid.count)
        for place, task in enumerate(self._tasks):
            if self._placed[place]:
                total = total + loads_of(task, self.responses[place].power_kw)
        return total

    def _beside(self, unit: tuple[int, ...]) -> Loads:
        """Return what the other devices draw that have a place."""
        beside = Loads.none(self._home.grid.count)
        for place, task in enumerate(self._tasks):
            if self._placed[place] and place not in unit:
                beside = beside + loads_of(task, self.responses[place].power_kw)
        return beside

    def _improve(self, unit: tuple[int, ...], others: int, *, halfway: bool = False) -> None:
        """Let a device, or a chain of them, answer the others."""
        tasks = [self._tasks[place] for place in unit]
        beside = self._beside(unit)
        table, soc_kwh = self._table, self._course_kwh()
        if halfway:
            without = self._home.tables(Loads.side_by_side([beside]), known=(self.total, self._table))[:, 0]
            table = (table + without) / 2
            soc_kwh = (soc_kwh + self._home.course_kwh(without, beside)[:-1]) / 2
        cost = BatteryCost(
            home=self._home,
            table=table,
            loads=beside,
            soc_kwh=soc_kwh,
            apart=is_apart(tasks[0]),
            one_phase=on_one_phase(tasks[0]),
        )
        if not halfway and self._answered_already(unit, cost):
            return
        best = best_responses(tasks, cost)
        tried = [best, *self._promising(tasks, best, cost, others), *self._levelled(tasks, best, cost)]
        tried += self._halves(unit, best)
        if not self._placed[unit[0]]:
            self._take(unit, tried, beside, least_gain=None)
            return
        present = tuple(self.responses[place] for place in unit)
        tried = [one for one in tried if not _same(one, present)]
        if tried:
            steady = any(self._kept[place] for place in unit)
            self._take(unit, tried, beside, self._steady_gain if steady else self._least_gain)

    def _course_kwh(self) -> FloatArray:
        """Return what is stored at the slots' starts."""
        if self._soc_kwh is None:
            self._soc_kwh = self._home.course_kwh(self._table, self.total)[:-1]
        return self._soc_kwh

    def _answered_already(self, unit: tuple[int, ...], cost: BatteryCost) -> bool:
        """Return whether slots cost nearly what they did when the device answered last."""
        most_kw = max(float(np.abs(self.responses[place].power_kw).max(initial=0.0)) for place in unit)
        per_kw = cost.of(np.array([most_kw or 1.0]))[:, 0] / (most_kw or 1.0)
        before = self._answered.get(unit)
        self._answered[unit] = per_kw
        if before is None or not self._placed[unit[0]]:
            return False
        return GAINED * float(np.abs(per_kw - before).sum()) * most_kw < self._least_gain

    def _halves(self, unit: tuple[int, ...], best: Courses) -> list[Courses]:
        """Return a heat pump's courses halfway from the present powers to the best, on and off as either has it.

        The best is made for a battery that answers each slot alone; halfway there is where both may settle.
        """
        task, present = self._tasks[unit[0]], self.responses[unit[0]].power_kw
        if not isinstance(task, HeatTask) or not self._placed[unit[0]] or task.spec.min_kw >= task.spec.max_kw:
            return []
        between = np.maximum((present + best[0].power_kw) / 2, task.spec.min_kw)
        found = [
            evaluate(task, np.where(pattern > 0, between, 0.0), self._home.grid)
            for pattern in (present, best[0].power_kw)
        ]
        return [(one,) for one in found if len(one.unmet) <= len(best[0].unmet)]

    def _levelled(self, tasks: Sequence[DeviceTask], best: Courses, cost: BatteryCost) -> list[Courses]:
        """Return a car's or a heat pump's course at any powers instead of a few."""
        match tasks[0]:
            case CarTask() as task:
                power_kw = levelled_kw(task, best[0].power_kw, cost)
            case HeatTask() as task:
                power_kw = levelled_runs_kw(task, best[0].power_kw, cost)
            case _:
                return []
        if power_kw is None:
            return []
        levelled = evaluate(task, power_kw, self._home.grid)
        return [(levelled,)] if len(levelled.unmet) <= len(best[0].unmet) else []

    def _promising(self, tasks: Sequence[DeviceTask], best: Courses, cost: BatteryCost, most: int) -> list[Courses]:
        """Return the other courses that look best at the slots' costs."""
        if not most:
            return []
        found = [
            (*best[:place], evaluate(tasks[place], other, self._home.grid), *best[place + 1 :])
            for place, response in enumerate(best)
            for other in response.other
        ]
        if len(found) <= most:
            return found
        power_kw = np.array([sum(response.power_kw for response in one) for one in found]).T
        looks = cost.of(power_kw).sum(axis=0) + np.array([_wishes(one) for one in found])
        return [found[place] for place in np.argsort(looks, kind="stable")[:most]]

    def _take(self, unit: tuple[int, ...], tried: list[Courses], beside: Loads, least_gain: float | None) -> None:
        """Take the best of courses if it gains enough; None: in any case."""
        loads = []
        for one in tried:
            own = beside
            for place, response in zip(unit, one, strict=True):
                own = own + loads_of(self._tasks[place], response.power_kw)
            loads.append(own)
        tables = self._home.tables(Loads.side_by_side(loads), known=(self.total, self._table))
        energy = self._home.at_start(tables)
        total = energy + np.array([_wishes(one) for one in tried])
        best = int(np.argmin(total))
        if least_gain is not None:
            present = self._energy + _wishes([self.responses[place] for place in unit])
            if present - float(total[best]) < least_gain:
                return
        for place, response in zip(unit, tried[best], strict=True):
            self.responses[place], self._placed[place], self._kept[place] = response, True, False
        self.total, self._table, self._energy = loads[best], tables[:, best], float(energy[best])
        self._soc_kwh = None

    def _not_worse_than_rule(self) -> None:
        """Take the devices' own rules where they cost less, or where no course was found in time."""
        rule = Loads.none(self._home.grid.count)
        for task, response in zip(self._tasks, self._rule, strict=True):
            rule = rule + loads_of(task, response.power_kw)
        table = self._home.tables(Loads.side_by_side([rule]))
        energy = float(self._home.at_start(table)[0])
        if all(self._placed) and self._energy + _wishes(self.responses) <= energy + _wishes(self._rule):
            return
        if all(self._placed):
            self.responses = list(self._rule)
        self._placed = [True] * len(self._tasks)
        self.total = self._loads_of_placed()


def _wishes(responses: Sequence[Response]) -> float:
    return sum(response.wish_cost for response in responses)


def _same(one: Courses, other: Courses) -> bool:
    return all(np.array_equal(a.power_kw, b.power_kw) for a, b in zip(one, other, strict=True))
