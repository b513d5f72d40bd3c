"""The whole home's problem as a mixed-integer program, with the same slot physics and prices as the planner's.

For one known future. What the planner decides by a few levels is free between its bounds here, so the optimum is a
bound for the planner: it can only be cheaper.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import highspy
import numpy as np

from homeagent.devices.appliance import in_slots, slots_needed
from homeagent.devices.house_heat import heat_per_kw, house_step
from homeagent.devices.tank import cop_at, tank_step
from homeagent.domain.grid import FloatArray
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.tasks import ApplianceTask, CarTask, HeatTask, TankTask
from homeagent.planning import appliances, house_heat, tank_table
from homeagent.planning.home_cost import HomeCost
from homeagent.planning.steering import home_cost

INF = math.inf


@dataclass(slots=True)
class Program:
    """Rows and columns, gathered in bulk."""

    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    rows: list[tuple[float, float, list[tuple[int, float]]]] = field(default_factory=list)
    constant: float = 0.0
    start: dict[int, float] = field(default_factory=dict)
    """Values of some columns in a solution to begin with."""

    def column(self, cost: float = 0.0, low: float = 0.0, high: float = INF, *, whole: bool = False) -> int:
        """Add a column."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        if whole:
            self.whole.append(len(self.cost) - 1)
        return len(self.cost) - 1

    def columns(self, count: int, low: float = 0.0, high: float = INF, *, whole: bool = False) -> list[int]:
        """Add columns without a cost."""
        return [self.column(0.0, low, high, whole=whole) for _ in range(count)]

    def row(self, low: float, high: float, *terms: tuple[int, float]) -> None:
        """Add low <= sum of value * column <= high."""
        self.rows.append((low, high, list(terms)))

    def solve(self, seconds: float, gap: float) -> tuple[float, float]:
        """Return the best cost found and the bound proven."""
        solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy is not typed whole
        solver.silent()
        for name, value in (("time_limit", seconds), ("mip_rel_gap", gap), ("threads", 1)):
            solver.setOptionValue(name, value)
        none = np.array([], dtype=np.int32)
        bounds = (np.array(self.low), np.array(self.high))
        solver.addCols(len(self.cost), np.array(self.cost), *bounds, 0, none, none, np.array([]))
        starts = np.cumsum([0, *(len(terms) for _, _, terms in self.rows)])[:-1]
        entries = [term for _, _, terms in self.rows for term in terms]
        solver.addRows(
            len(self.rows),
            np.array([low for low, _, _ in self.rows]),
            np.array([high for _, high, _ in self.rows]),
            len(entries),
            starts.astype(np.int32),
            np.array([column for column, _ in entries], dtype=np.int32),
            np.array([value for _, value in entries]),
        )
        for column in self.whole:
            solver.changeColIntegrality(column, highspy.HighsVarType.kInteger)
        if self.start:
            solver.setSolution(
                len(self.start), np.array(list(self.start), dtype=np.int32), np.array(list(self.start.values()))
            )
        solver.run()
        info = solver.getInfo()
        return float(info.objective_function_value) + self.constant, float(info.mip_dual_bound) + self.constant


def exact_cost(
    problem: PlanningProblem, seconds: float, gap: float = 1e-4, known: Mapping[str, FloatArray] | None = None
) -> tuple[float, float]:
    """Return the least cost found for a home with one known future, and the bound that is proven.

    The search may begin with `known` courses of devices [kW].
    """
    home = home_cost(problem, points=1, states=61)
    program = Program()
    drawn: list[list[tuple[int, float]]] = [[] for _ in range(problem.grid.count)]
    apart: list[int] = []
    add: dict[type, Callable[..., list[int]]] = {CarTask: _car, HeatTask: _heat, TankTask: _tank}
    runs = [task for task in problem.devices if isinstance(task, ApplianceTask)]
    for task in problem.devices:
        if isinstance(task, ApplianceTask):
            continue
        first = len(program.whole)
        powers = add[type(task)](program, task, problem)
        if isinstance(task, CarTask) and not task.spec.from_battery:
            apart = powers
        for slot, column in enumerate(powers):
            drawn[slot].append((column, 1.0))
        if known is not None and not isinstance(task, CarTask):
            on = known[task.spec.name] > 0
            program.start |= {program.whole[first + slot]: float(on[slot]) for slot in range(problem.grid.count)}
    begins = _runs(program, runs, problem, drawn)
    for name, columns in begins.items() if known is not None else ():
        begun = int(np.flatnonzero(known[name])[0]) if known is not None and known[name].any() else -1
        program.start |= {one: float(slot == begun) for slot, one in enumerate(columns) if one is not None}
    _battery(program, home, problem, drawn, apart)
    return program.solve(seconds, gap)


def _battery(
    program: Program, home: HomeCost, problem: PlanningProblem, drawn: list[list[tuple[int, float]]], apart: list[int]
) -> None:
    spec, hours, terms = home.spec, home.grid.step_hours, home.terms
    net = home.net_kw[:, 0]
    worth = -(home.last[-1] - home.last[0]) / (home.states_kwh[-1] - home.states_kwh[0])
    fuse = problem.site.grid.max_import_kw
    before = None
    for slot in range(home.grid.count):
        charge = program.column(0.0, 0.0, spec.max_charge_kw)
        discharge = program.column(terms.wear * hours, 0.0, spec.max_discharge_kw)
        imports, exports = (
            program.column(float(terms.buy[slot]) * hours),
            program.column(-float(terms.sell[slot]) * hours),
        )
        last = slot == home.grid.count - 1
        stored = program.column(-worth if last else 0.0, float(home.states_kwh[0]), float(home.states_kwh[-1]))
        own = [(column, -value) for column, value in drawn[slot]]
        program.row(
            float(net[slot]), float(net[slot]), (imports, 1.0), (exports, -1.0), (charge, -1.0), (discharge, 1.0), *own
        )
        start = problem.soc_kwh if before is None else 0.0
        terms_now = [
            (stored, 1.0),
            (charge, -spec.charge_efficiency * hours),
            (discharge, hours / spec.discharge_efficiency),
        ]
        program.row(start, start, *terms_now, *([] if before is None else [(before, -1.0)]))
        before = stored
        if math.isfinite(fuse):
            above = program.column(terms.broken * hours)
            program.row(-INF, fuse, (imports, 1.0), (above, -1.0))
        if apart and program.high[apart[slot]] > 0:
            _not_into(program, net[slot], discharge, spec.max_discharge_kw, apart[slot], drawn[slot])
    program.constant += worth * float(home.states_kwh[0])


def _not_into(
    program: Program, net: float, discharge: int, most_kw: float, car: int, drawn: list[tuple[int, float]]
) -> None:
    """While the car draws, the battery serves no more than the rest of the home needs."""
    rest_most = max(abs(net) + sum(program.high[column] * max(value, 0.0) for column, value in drawn), most_kw)
    charges, sun = program.column(0.0, 0.0, 1.0, whole=True), program.column(0.0, 0.0, 1.0, whole=True)
    serves = program.column(0.0, 0.0, most_kw)
    program.row(-INF, 0.0, (car, 1.0), (charges, -program.high[car]))
    program.row(-INF, most_kw, (discharge, 1.0), (serves, -1.0), (charges, most_kw))
    others = [(column, -value) for column, value in drawn if column != car]
    program.row(-INF, net, (serves, 1.0), (sun, -2 * rest_most), *others)
    program.row(-INF, most_kw, (serves, 1.0), (sun, most_kw))


def _car(program: Program, task: CarTask, problem: PlanningProblem) -> list[int]:
    hours, spec = problem.grid.step_hours, task.spec
    power, ends = [], []
    for slot in range(problem.grid.count):
        high = spec.max_charge_kw if task.present[slot] else 0.0
        kw = program.column(0.0, 0.0, high)
        power.append(kw)
        if high > 0:
            on = program.column(0.0, 0.0, 1.0, whole=True)
            end = program.column(0.0, 0.0, 1.0, whole=True)  # it becomes full, or has what it needs, within the slot
            ends.append((end, 1.0))
            program.row(-INF, 0.0, (kw, 1.0), (on, -high))
            program.row(0.0, INF, (kw, 1.0), (on, -spec.min_charge_kw), (end, spec.min_charge_kw))
    short = program.column(task.short_per_kwh)
    beyond = program.column(-task.beyond_per_kwh, 0.0, max(task.room_kwh - task.needed_kwh, 0.0))
    program.row(task.needed_kwh, task.needed_kwh, (short, 1.0), (beyond, -1.0), *((kw, hours) for kw in power))
    program.row(-INF, 2.0, *ends)
    return power


def _switched(program: Program, count: int, runs: int, rests: int, start_cost: float, *, on: bool) -> list[int]:
    """Add on and off with least times; it has been as it is for long."""
    states = program.columns(count, 0.0, 1.0, whole=True)
    starts = [program.column(start_cost, 0.0, 1.0) for _ in range(count)]
    for slot in range(count):
        if slot == 0:
            program.row(-float(on), INF, (starts[0], 1.0), (states[0], -1.0))
        else:
            program.row(0.0, INF, (starts[slot], 1.0), (states[slot], -1.0), (states[slot - 1], 1.0))
        recent = [(starts[k], 1.0) for k in range(max(slot - runs + 1, 0), slot + 1)]
        program.row(-INF, 0.0, *recent, (states[slot], -1.0))
        if slot - rests >= 0:
            resting = [(starts[k], 1.0) for k in range(slot - rests + 1, slot + 1)]
            program.row(-INF, 1.0, *resting, (states[slot - rests], 1.0))
    return states


def _heat(program: Program, task: HeatTask, problem: PlanningProblem) -> list[int]:
    grid, spec, model = problem.grid, task.spec, task.model
    hours, step = grid.step_hours, house_step(model, grid.step_hours)
    runs, rests = (math.ceil(one / grid.step) for one in (spec.steadiness.min_on, spec.steadiness.min_off))
    states = _switched(program, grid.count, runs, rests, house_heat._start_cost(task), on=task.on)  # noqa: SLF001 - the same price
    per_kw = heat_per_kw(spec, task.outdoor_c) / model.out_kw_per_k
    rest = task.outdoor_c + (model.sun_m2 * task.sun_kw_m2 + model.gains_kw + task.gains_kw) / model.out_kw_per_k
    power = program.columns(grid.count, 0.0, spec.max_kw)
    air = [program.column(0.0, task.air_c, task.air_c), *program.columns(grid.count, -60.0, 60.0)]
    mass = [program.column(0.0, task.mass_c, task.mass_c), *program.columns(grid.count, -60.0, 60.0)]
    for slot in range(grid.count):
        program.row(-INF, 0.0, (power[slot], 1.0), (states[slot], -spec.max_kw))
        program.row(0.0, INF, (power[slot], 1.0), (states[slot], -spec.min_kw))
        for after, own, other, stays, comes in (
            (air, air, mass, step.air_air, step.air_mass),
            (mass, mass, air, step.mass_mass, step.mass_air),
        ):
            to = 1 - stays - comes
            fixed = to * float(rest[slot])
            program.row(
                fixed,
                fixed,
                (after[slot + 1], 1.0),
                (own[slot], -stays),
                (other[slot], -comes),
                (power[slot], -to * float(per_kw[slot])),
            )
        for edge in (slot, slot + 1):
            price = float(task.discomfort_per_kh[slot]) * hours / 2
            below, above = program.column(price), program.column(price)
            program.row(float(task.low_c[slot]), INF, (air[edge], 1.0), (below, 1.0))
            program.row(-INF, float(task.high_c[slot]), (air[edge], 1.0), (above, -1.0))
    full = float(task.low_c.max()) + house_heat.FULL_ABOVE_K
    for node, holds in ((air[-1], model.air_kwh_per_k), (mass[-1], model.mass_kwh_per_k)):
        missing = program.column(task.left_per_kwh * holds)
        program.row(full, INF, (node, 1.0), (missing, 1.0))
    return power


def _tank(program: Program, task: TankTask, problem: PlanningProblem) -> list[int]:
    grid, spec = problem.grid, task.spec
    step, cop = tank_step(spec, grid.step_hours), cop_at(spec.cop, task.outdoor_c)
    runs, rests = (math.ceil(one / grid.step) for one in (spec.steadiness.min_on, spec.steadiness.min_off))
    states = _switched(program, grid.count, runs, rests, tank_table.START_KWH * task.cold_per_kwh, on=task.on)
    power = program.columns(grid.count, 0.0, spec.max_kw)
    water = [
        program.column(0.0, task.water_c, task.water_c),
        *program.columns(grid.count, spec.room_c - 1.0, spec.max_c),
    ]
    due = tank_table.hygiene_due(task, grid.count)
    lowest = min(task.water_c, spec.useful_c) - (spec.useful_c - spec.room_c) * (1 - step.keeps**grid.count)
    highest = spec.max_c + (spec.max_kw * float(cop.max()) * step.hours + float(task.drawn_kwh.max())) * step.k_per_kwh
    hot: list[int] = []
    for slot in range(grid.count):
        cut = program.column(0.0, 0.0, 1.0, whole=True)
        program.row(-INF, 0.0, (power[slot], 1.0), (states[slot], -spec.max_kw))
        program.row(0.0, INF, (power[slot], 1.0), (states[slot], -spec.max_kw), (cut, spec.max_kw))
        program.row(0.0, INF, (water[slot + 1], 1.0), (cut, -spec.max_c))
        warms = float(cop[slot]) * step.hours * step.k_per_kwh
        fixed = spec.room_c * (1 - step.keeps)
        undrawn = program.column(0.0, spec.room_c - 1.0, highest)
        program.row(fixed, fixed, (undrawn, 1.0), (water[slot], -step.keeps), (power[slot], -warms))
        warm = program.column(0.0, 0.0, 1.0, whole=True)
        given = []
        for asked in (float(task.drawn_kwh[slot]), float(task.drawn_high_kwh[slot])):
            gives = program.column(0.0, 0.0, asked)
            program.row(-INF, 0.0, (gives, 1.0), (warm, -asked))
            far = spec.useful_c - lowest
            program.row(-INF, far - spec.useful_c, (gives, step.k_per_kwh), (undrawn, -1.0), (warm, far))
            given.append(gives)
        program.cost[given[1]] -= task.cold_per_kwh
        program.constant += task.cold_per_kwh * float(task.drawn_high_kwh[slot])
        program.row(0.0, 0.0, (water[slot + 1], 1.0), (undrawn, -1.0), (given[0], step.k_per_kwh))
        # what can be drawn is drawn: all that is asked, or all that is warm
        all_of_it = program.column(0.0, 0.0, 1.0, whole=True)
        asked = float(task.drawn_kwh[slot])
        program.row(0.0, INF, (given[0], 1.0), (all_of_it, -asked))
        program.row(
            -spec.useful_c, INF, (given[0], step.k_per_kwh), (undrawn, -1.0), (all_of_it, highest - spec.useful_c)
        )
        if due is not None:
            hot.append(program.column(0.0, 0.0, 1.0, whole=True))
            room = spec.room_c - 1.0
            program.row(room, INF, (water[slot + 1], 1.0), (hot[slot], room - spec.hygiene_c))
    if due is not None:
        late = tank_table.hygiene_late_cost(task)
        for slot in range(due, grid.count):
            waits = program.column(late, 0.0, 1.0)
            program.row(1.0, INF, (waits, 1.0), *((hot[k], 1.0) for k in range(slot + 1)))
    program.cost[water[-1]] -= task.left_per_kwh * spec.kwh_per_k
    program.constant += task.left_per_kwh * spec.kwh_per_k * spec.max_c
    return power


def _runs(
    program: Program, tasks: list[ApplianceTask], problem: PlanningProblem, drawn: list[list[tuple[int, float]]]
) -> dict[str, list[int | None]]:
    grid = problem.grid
    minutes = grid.step_hours * 60
    begins: dict[str, list[int | None]] = {}
    for task in tasks:
        powers, slots = in_slots(task.spec, minutes), slots_needed(task.spec, minutes)
        starts = np.arange(max(task.first, 0), grid.count - slots + 1)
        wishes: FloatArray = appliances._wishes(task, starts, grid)  # noqa: SLF001 - the same prices
        own: list[int | None] = [None] * grid.count
        for start, wish in zip(starts.tolist(), wishes.tolist(), strict=True):
            own[start] = column = program.column(wish, 0.0, 1.0, whole=True)
            for offset, kw in enumerate(powers.tolist()):
                drawn[start + offset].append((column, kw))
        program.row(1.0, 1.0, *((column, 1.0) for column in own if column is not None))
        begins[task.spec.name] = own
        before = begins.get(task.spec.after or "")
        if before is None:
            continue
        needs = next(slots_needed(one.spec, minutes) for one in tasks if one.spec.name == task.spec.after)
        for slot in range(grid.count):
            mine = [(column, 1.0) for column in own[: slot + 1] if column is not None]
            theirs = [(column, -1.0) for column in before[: max(slot - needs + 1, 0)] if column is not None]
            if mine:
                program.row(-INF, 0.0, *mine, *theirs)
    return begins
