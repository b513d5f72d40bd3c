"""How near a house's plan comes to an exact mixed-integer program of the same house; `-s` prints the gaps."""

from __future__ import annotations

import math
from dataclasses import replace

import highspy
import numpy as np
import pytest
from houses import ONE_NODE, PUMP, TWO_NODES, costs, grid_of, only_on_or_off, steady, task_of, total, two_peaks

from homeagent.devices.house_heat import heat_per_kw, house_step, rest_c, warmth_kw
from homeagent.domain.devices import HeatSpec, HouseModel
from homeagent.domain.tasks import HeatTask
from homeagent.planning.house_heat import FULL_ABOVE_K, START_KH, START_KWH, best_response, worth_of_heat_left
from homeagent.planning.slot_cost import PriceCost

GAP = 0.002
SECONDS = 60.0
GRID = grid_of(96)


class Program:
    """A mixed-integer program, put together variable by variable."""

    def __init__(self) -> None:
        self.solver = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy is not typed whole
        for name, value in (("output_flag", False), ("mip_rel_gap", GAP), ("time_limit", SECONDS), ("threads", 1)):
            self.solver.setOptionValue(name, value)
        self._count = 0

    def add(self, low: float, high: float, cost: float = 0.0, *, whole: bool = False) -> int:
        self.solver.addVar(low, high)
        self.solver.changeColCost(self._count, cost)
        if whole:
            self.solver.changeColIntegrality(self._count, highspy.HighsVarType.kInteger)
        self._count += 1
        return self._count - 1

    def keep(self, low: float, high: float, **terms: tuple[int, float]) -> None:
        where, weight = zip(*terms.values(), strict=True)
        self.solver.addRow(low, high, len(where), np.array(where, dtype=np.int32), np.array(weight, dtype=float))

    def solved(self) -> float:
        self.solver.run()
        return float(self.solver.getInfo().objective_function_value)


def exact(task: HeatTask, cost: PriceCost) -> float:
    """Return the least that a course costs, wishes, starts and heat left counted as `evaluate` counts them."""
    spec, model, hours = task.spec, task.model, cost.grid.step_hours
    program, step = Program(), house_step(model, hours)
    rests = np.asarray(rest_c(model, task.outdoor_c, warmth_kw(model, task.sun_kw_m2, task.gains_kw)))
    warms_k = heat_per_kw(spec, task.outdoor_c) / model.out_kw_per_k
    start = max(START_KH * float(task.discomfort_per_kh.max()), START_KWH * task.left_per_kwh)
    rows = ((step.air_air, step.air_mass), (step.mass_air, step.mass_mass))
    nodes = [program.add(one, one) for one in (task.air_c, task.mass_c)]
    ons: list[int] = []
    for slot in range(cost.grid.count):
        power = program.add(0.0, spec.max_kw, float(cost.import_per_kwh[slot]) * hours)
        ons.append(program.add(0.0, 1.0, whole=True))
        begun = program.add(0.0, 1.0, start)
        program.keep(-math.inf, 0.0, power=(power, 1.0), on=(ons[-1], -spec.max_kw))
        program.keep(0.0, math.inf, power=(power, 1.0), on=(ons[-1], -spec.min_kw))
        before = {"before": (ons[-2], -1.0)} if slot else {}
        program.keep(-math.inf, 0.0, on=(ons[-1], 1.0), begun=(begun, -1.0), **before)
        after = [program.add(-60.0, 90.0) for _ in nodes]
        for new, (from_air, from_mass) in zip(after, rows, strict=True):
            rest = 1 - from_air - from_mass
            program.keep(
                rest * rests[slot],
                rest * rests[slot],
                new=(new, 1.0),
                air=(nodes[0], -from_air),
                mass=(nodes[1], -from_mass),
                power=(power, -rest * float(warms_k[slot])),
            )
        for air in (nodes[0], after[0]):
            off = program.add(0.0, math.inf, float(task.discomfort_per_kh[slot]) * hours / 2)
            program.keep(float(task.low_c[slot]), math.inf, off=(off, 1.0), air=(air, 1.0))
            program.keep(-float(task.high_c[slot]), math.inf, off=(off, 1.0), air=(air, -1.0))
        nodes = after
    for node, holds in zip(nodes, (model.air_kwh_per_k, model.mass_kwh_per_k), strict=True):
        misses = program.add(0.0, math.inf, task.left_per_kwh * holds)
        program.keep(float(task.low_c.max()) + FULL_ABOVE_K, math.inf, misses=(misses, 1.0), node=(node, 1.0))
    least = {True: spec.steadiness.min_on, False: spec.steadiness.min_off}
    for on, sign in ((True, 1.0), (False, -1.0)):
        for later in range(1, math.ceil(least[on] / cost.grid.step)):
            for slot in range(1, cost.grid.count - later):
                turned = {"was": (ons[slot - 1], sign), "now": (ons[slot], -sign), "then": (ons[slot + later], sign)}
                program.keep(0.0 if on else -1.0, math.inf, **turned)
    return program.solved()


@pytest.mark.parametrize(
    ("spec", "model"),
    [(PUMP, ONE_NODE), (PUMP, TWO_NODES), (steady(only_on_or_off(), 45), ONE_NODE)],
    ids=["one node", "two nodes", "on or off"],
)
def test_a_plan_costs_little_more_than_the_least_possible(spec: HeatSpec, model: HouseModel) -> None:
    price = two_peaks(GRID)
    task = task_of(spec, model, GRID)
    task = replace(task, left_per_kwh=worth_of_heat_left(spec, model, price, task.outdoor_c, GRID))
    cost = costs(GRID, price)
    planned, least = total(cost, best_response(task, cost)), exact(task, cost)
    print(f"planned {planned:.4f}, least {least:.4f}: {planned / least - 1:+.2%}")  # noqa: T201 - the measurement
    assert least * (1 - 2 * GAP) <= planned <= 1.01 * least
