"""What a house's best course costs to find, in CPU seconds."""

from __future__ import annotations

import time

import pytest
from houses import ONE_NODE, PUMP, TWO_NODES, costs, grid_of, only_on_or_off, task_of, two_peaks

from homeagent.domain.devices import HeatSpec, HouseModel
from homeagent.planning.house_heat import best_response


@pytest.mark.parametrize("spec", [PUMP, only_on_or_off()], ids=["modulating", "on or off"])
@pytest.mark.parametrize("model", [ONE_NODE, TWO_NODES], ids=["one node", "two nodes"])
def test_a_best_response_costs_milliseconds(spec: HeatSpec, model: HouseModel) -> None:
    grid = grid_of()
    task, cost = task_of(spec, model, grid), costs(grid, two_peaks(grid))
    spent = []
    for _ in range(9):
        before = time.process_time()
        best_response(task, cost)
        spent.append(time.process_time() - before)
    assert sorted(spent)[len(spent) // 2] < 0.040
