"""How well runs of measured appliances are predicted, and what a start chosen by that costs more than the best.

Walk-forward: each run from the runs before it alone. The start is chosen by the agent's own planning within 24 hours.
"""

from __future__ import annotations

import csv
import gzip
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from water_tasks import START

from homeagent.domain.devices import ApplianceSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import ApplianceTask
from homeagent.forecasting.appliance_runs import find_runs
from homeagent.forecasting.run_profiles import RunProfile, run_profile
from homeagent.planning.appliances import best_response, start_costs
from homeagent.planning.slot_cost import PriceCost

DATA = os.environ.get("HOMEAGENT_DATA") or None
pytestmark = [
    pytest.mark.homes,
    pytest.mark.skipif(DATA is None, reason="HOMEAGENT_DATA is not set: no measured homes here"),
]
STEP = timedelta(minutes=5)
FIRST, AHEAD = 10, 288


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Means over the runs; money in hundredths."""

    runs: int
    energy_error: float
    cost_error: float
    now: float
    saved: float
    lost: float


def columns(file: str, appliance: str) -> tuple[FloatArray, FloatArray]:
    with gzip.open(Path(str(DATA)) / file, "rt") as lines:
        rows = list(csv.DictReader(lines))
    power, price = (
        np.array([float(row[name]) if row[name] else np.nan for row in rows])
        for name in (f"appliance_{appliance}_kw", "price_import_per_kwh")
    )
    return power, price


def walk(power: FloatArray, price: FloatArray) -> Figures:
    begins, ends, _ = find_runs(power, STEP)
    found = []
    for begin, end in list(zip(begins, ends, strict=True))[FIRST:]:
        truth, ahead = power[begin:end], price[begin : begin + AHEAD + end - begin]
        learned = run_profile(power[:begin], STEP)
        known = not np.isnan(power[begin - 1 : end + 1]).any() and not np.isnan(ahead).any()
        if not known or len(ahead) < AHEAD + end - begin or not isinstance(learned, RunProfile):
            continue
        grid = TimeGrid(start=START, step=STEP, count=len(ahead))
        cost = PriceCost(grid=grid, import_per_kwh=ahead, export_per_kwh=ahead, net_kw=np.zeros(len(ahead)))
        profile = learned.expected.profile_kw
        last = min(AHEAD + len(profile) // 5, grid.count) - 1
        guess = ApplianceTask(spec=ApplianceSpec(name="it", profile_kw=profile), first=0, last=last, late_per_hour=9.0)
        real = ApplianceTask(
            spec=ApplianceSpec(name="it", profile_kw=np.repeat(truth, 5)), first=0, last=grid.count - 1
        )
        costs, start = start_costs(real, cost).money, best_response(guess, cost).start_slot
        assert start is not None
        paid, told = costs[min(start, len(costs) - 1)], float(start_costs(guess, cost).money[start])
        used = truth.sum() / 12
        error = abs(profile.sum() / 60 - used)
        found.append((error, used, abs(told - paid), costs[0], costs[0] - costs.min(), paid - costs.min()))
    error, used, told_off, now, saved, lost = np.mean(found, axis=0)
    return Figures(
        runs=len(found),
        energy_error=error / used,
        cost_error=100 * told_off,
        now=100 * now,
        saved=100 * saved,
        lost=lost / saved,
    )


@pytest.mark.parametrize(
    ("file", "appliance", "most_energy_error", "most_lost"),
    [
        ("refit_uk/house20.csv.gz", "dishwasher", 0.07, 0.005),
        ("refit_uk/house20.csv.gz", "washing_machine", 0.40, 0.015),
        ("ukdale_uk/house2.csv.gz", "dishwasher", 0.10, 0.005),
        ("ukdale_uk/house2.csv.gz", "washing_machine", 0.35, 0.005),
    ],
)
def test_a_start_by_the_learned_profile_is_nearly_the_best(
    file: str, appliance: str, most_energy_error: float, most_lost: float
) -> None:
    figures = walk(*columns(file, appliance))
    print(f"{file} {appliance}: {figures}")  # noqa: T201  (read with -s)
    assert figures.runs > 30
    assert figures.energy_error < most_energy_error
    assert figures.lost < most_lost
