"""The best course of a house's heating or cooling at given costs of load, and what any course of it comes to.

Backward the value of heat is tabulated (`heat_value`), forward the machine does in each slot what costs least with what
is left of the house's heat counted, along the house's own exact course (`heat_forward`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from homeagent.devices.house_heat import Value, course, heat_per_kw, modes_of, rest_c, warmth_kw
from homeagent.domain.devices import HeatSpec, HouseModel
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import HeatTask
from homeagent.planning.heat_forward import House, Machine, forward
from homeagent.planning.heat_guard import Guard, guards_of
from homeagent.planning.heat_value import (
    BREAK_TIMES,
    GUARD_TIMES,
    Reader,
    Stretch,
    Switching,
    Table,
    Wanted,
    backward,
    edge_costs,
    table_of,
)
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import SlotCost
from homeagent.planning.thermostat import targets

POWERS = 13
"""Powers between the least and the most that are tried; every sixth one in the table."""
LEAST_SHARE = 0.15
"""Of its full power: less is no power of its own."""
START_KH, START_KWH = 0.05, 0.3
"""A start costs as much as so many degree-hours, or so much heat left at the end, whichever is dearer: few starts where
they are worth nothing."""
DEARER = 6.0
"""How much dearer starts get at each try, where there are more of them than the device allows."""
TRIES = 3
ONE_NODE_STEP_C, STEP_C = 0.15, 0.4
"""How far apart the temperatures of the house as a whole are in the table."""
ABOVE_K = 4.0
"""How far beyond what is wanted heat is stored at most."""
FULL_ABOVE_K = 1.0
"""How far beyond what is wanted at most heat left at the grid's end is worth anything."""
CHEAP_SHARE, DAY_H, USED_AFTER_H = 0.25, 24.0, 6.0
"""Heat left at the grid's end is used about so much later."""
TELL_K, TELL_KH = 0.3, 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Question:
    """A task with what it comes to on a grid: powers (levels,), their costs and rest temperatures (count, levels)."""

    task: HeatTask
    hours: float
    powers_kw: FloatArray
    cost: FloatArray
    rests_c: FloatArray
    wanted: Wanted
    off_slots: int
    on_slots: int

    @property
    def dearest_per_kwh(self) -> float:
        """The dearest kWh, or degree-hour, that may be paid for."""
        kwh = float(self.powers_kw[-1]) * self.hours
        return max(float(np.abs(self.cost[:, -1]).max()) / kwh, float(self.wanted.per_kh.max()), 1e-3)


def best_response(task: HeatTask, cost: SlotCost) -> Response:
    """Return what is best for the house alone where more load costs what `cost` says."""
    grid = cost.grid
    if not grid.count or not task.spec.max_kw > 0:
        return evaluate(task, np.zeros(grid.count), grid)
    question = _question(task, cost)
    guards = guards_of(
        task.model,
        (task.air_c, task.mass_c),
        question.rests_c,
        question.hours,
        (task.spec.guard_low_c, task.spec.guard_high_c),
    )
    start_cost = _start_cost(task)
    power_kw = np.zeros(grid.count)
    for _ in range(TRIES):
        power_kw, refused = _solved(question, guards, start_cost)
        if not refused:
            break
        start_cost *= DEARER
    return evaluate(task, power_kw, grid)


def evaluate(task: HeatTask, power_kw: FloatArray, grid: TimeGrid) -> Response:
    """Return what a course of power comes to: temperatures, wishes that it misses, and what the thermostat is told."""
    hours = grid.step_hours
    heat_kw = heat_per_kw(task.spec, task.outdoor_c) * power_kw
    rests_c = rest_c(task.model, task.outdoor_c, warmth_kw(task.model, task.sun_kw_m2, task.gains_kw, heat_kw))
    air_c, mass_c = course(task.model, task.air_c, task.mass_c, np.asarray(rests_c), hours)
    wanted = Wanted(low_c=task.low_c, high_c=task.high_c, per_kh=task.discomfort_per_kh)
    per_hour = wanted.per_hour(air_c[:-1]) + wanted.per_hour(air_c[1:])
    starts = int((np.diff(power_kw > 0, prepend=task.on) & (power_kw > 0)).sum())
    return Response(
        power_kw=power_kw,
        level=air_c,
        wish_cost=float(per_hour.sum()) * hours / 2
        + float(_left_cost(task, air_c[-1], mass_c[-1]))
        + _start_cost(task) * starts,
        target_c=targets(task.spec, power_kw, air_c),
        unmet=_unmet(task, air_c, hours),
    )


def _question(task: HeatTask, cost: SlotCost) -> _Question:
    spec, hours = task.spec, cost.grid.step_hours
    powers_kw = np.concatenate([[0.0], _powers_kw(spec, cost.grid.step)])
    per_kw = heat_per_kw(spec, task.outdoor_c)
    warmth = warmth_kw(task.model, task.sun_kw_m2, task.gains_kw)
    rests = rest_c(task.model, task.outdoor_c, warmth)
    return _Question(
        task=task,
        hours=hours,
        powers_kw=powers_kw,
        cost=np.asarray(cost.of(powers_kw)),
        rests_c=np.asarray(rests)[:, None] + per_kw[:, None] * powers_kw / task.model.out_kw_per_k,
        wanted=Wanted(low_c=task.low_c, high_c=task.high_c, per_kh=task.discomfort_per_kh),
        off_slots=_slots(spec.steadiness.min_off, cost.grid.step),
        on_slots=_slots(spec.steadiness.min_on, cost.grid.step),
    )


def _slots(least: timedelta, step: timedelta) -> int:
    return max(math.ceil(least / step), 1)


def _powers_kw(spec: HeatSpec, step: timedelta) -> FloatArray:
    """Return the powers above 0 that a slot's mean can have: in long slots a machine goes on and off within one."""
    least_kw = min(max(spec.min_kw, 0.0), spec.max_kw)
    if step >= spec.steadiness.min_on + spec.steadiness.min_off:
        least_kw *= max(spec.steadiness.min_on / step, LEAST_SHARE)
    if least_kw > (1 - 1e-6) * spec.max_kw:
        return np.array([spec.max_kw])
    return np.linspace(max(least_kw, LEAST_SHARE * spec.max_kw), spec.max_kw, POWERS)


def _solved(question: _Question, guards: tuple[Guard, ...], start_cost: float) -> tuple[FloatArray, bool]:
    """Return the powers at this price of a start, and whether one was refused for there being too many."""
    switching = Switching(
        off_slots=question.off_slots,
        on_slots=question.on_slots,
        start_cost=start_cost,
        break_cost=BREAK_TIMES * question.dearest_per_kwh,
    )
    few = np.arange(len(question.powers_kw))
    few = few if len(few) <= 2 else np.concatenate([[0], few[1::6]])  # noqa: PLR2004 - off and on
    whole = Stretch(hours=question.hours, rests_c=question.rests_c, cost=question.cost, wanted=question.wanted)
    stretch = replace(whole, rests_c=question.rests_c[:, few], cost=question.cost[:, few])
    table = _table(question)
    last = np.broadcast_to(_left_cost(question.task, table.air_c, table.mass_c), table.air_c.shape)
    last = np.broadcast_to(last, (switching.off_slots + switching.on_slots, *last.shape))
    spec = question.task.spec
    guard_per_kh = GUARD_TIMES * question.dearest_per_kwh
    costs = edge_costs(table, stretch, (spec.guard_low_c, spec.guard_high_c), guard_per_kh)
    reader = Reader(table, backward(table, stretch, costs, switching, last))
    machine = Machine.of(question.task, switching, question.hours)
    house = House(question.task, whole, question.powers_kw, reader)
    return forward(house, question.powers_kw, guards, machine, guard_per_kh * question.hours, few.tolist())


def _table(question: _Question) -> Table:
    """Return a table over the temperatures that the house can have, and that can be of use."""
    task = question.task
    modes = modes_of(task.model)
    slow_c, fast_c = (float(one) for one in modes.of(task.air_c, task.mass_c))
    reached = []
    for rests in (question.rests_c.min(axis=1), question.rests_c.max(axis=1)):
        air, mass = course(task.model, task.air_c, task.mass_c, rests, question.hours)
        reached.append(np.asarray(modes.of(air, mass)[0]))
    coolest, warmest = float(reached[0].min()), float(reached[1].max())
    low_c, high_c = max(coolest, min(task.spec.guard_low_c, slow_c) - 1), min(warmest, task.spec.guard_high_c + 1)
    if task.spec.purpose == "heating":
        high_c = min(high_c, max(slow_c, float(reached[0].max()), float(task.low_c.max()) + ABOVE_K))
    else:
        low_c = max(low_c, min(slow_c, float(reached[1].min()), float(task.high_c.min()) - ABOVE_K))
    fast_rests = (1 + modes.fast_mass) * question.rests_c
    fast_range = (min(fast_c, float(fast_rests.min())) - 0.1, max(fast_c, float(fast_rests.max())) + 0.1)
    step_c = STEP_C if task.model.mass_kwh_per_k else ONE_NODE_STEP_C
    return table_of(modes, (low_c - 0.5, max(high_c, low_c) + 0.5), fast_range, step_c)


def _start_cost(task: HeatTask) -> float:
    return max(START_KH * float(task.discomfort_per_kh.max(initial=0.0)), START_KWH * task.left_per_kwh)


def _left_cost(task: HeatTask, air_c: Value, mass_c: Value) -> Value:
    """Return what the heat that misses at the grid's end, to a house as warm as is wanted then, is worth."""
    warmer = 1.0 if task.spec.purpose == "heating" else -1.0
    full_c = float(task.low_c.max()) + FULL_ABOVE_K if warmer > 0 else float(task.high_c.min()) - FULL_ABOVE_K
    missing_kwh = task.model.air_kwh_per_k * np.maximum(warmer * (full_c - air_c), 0.0)
    missing_kwh = missing_kwh + task.model.mass_kwh_per_k * np.maximum(warmer * (full_c - mass_c), 0.0)
    return task.left_per_kwh * missing_kwh


def worth_of_heat_left(
    spec: HeatSpec,
    model: HouseModel,
    import_per_kwh: FloatArray,
    outdoor_c: FloatArray,
    grid: TimeGrid,
    surplus_kw: FloatArray | None = None,
) -> float:
    """Return what a kWh of heat in the house at the grid's end is worth: what the cheap quarter of a day makes it for.

    It takes the place of heat made some hours later, in the cheap ones, or free where `surplus_kw` of the sun is left
    over. What the house loses of it until then is not worth anything.
    """
    last = min(max(round(DAY_H / grid.step_hours), 1), grid.count)
    if not last:
        return 0.0
    made = import_per_kwh[-last:] / np.abs(heat_per_kw(spec, outdoor_c[-last:]))
    if surplus_kw is not None:
        made = np.where(surplus_kw[-last:] >= max(spec.min_kw, LEAST_SHARE * spec.max_kw), np.minimum(made, 0.0), made)
    return max(float(np.quantile(made, CHEAP_SHARE)), 0.0) * math.exp(-modes_of(model).slow_per_h * USED_AFTER_H)


def _unmet(task: HeatTask, air_c: FloatArray, hours: float) -> tuple[str, ...]:
    """Return sentences about wishes and guards that a course misses by more than can be felt."""
    spec, found = task.spec, []
    middle = (air_c[:-1] + air_c[1:]) / 2
    cared = task.discomfort_per_kh > 0
    below = np.where(cared, np.maximum(task.low_c - middle, 0.0), 0.0)
    above = np.where(cared, np.maximum(middle - task.high_c, 0.0), 0.0)
    for off_k, word in ((below, "cooler"), (above, "warmer")):
        if off_k.max(initial=0.0) >= TELL_K and off_k.sum() * hours >= TELL_KH:
            time_h = float((off_k > 0).sum()) * hours
            found.append(f"up to {off_k.max():.1f} K {word} than wanted, {time_h:.1f} h long in all")
    if (air_c[1:] < spec.guard_low_c - 1e-6).any():
        found.append(f"below the frost guard of {spec.guard_low_c:g} degC: it cannot heat enough in time")
    if (air_c[1:] > spec.guard_high_c + 1e-6).any():
        found.append(f"above the guard of {spec.guard_high_c:g} degC: nothing that it does prevents that")
    return tuple(found)
