"""Thinking when it pays, held against thinking every five minutes: how much is spared, and what that costs."""

from __future__ import annotations

import csv
import gzip
import json
import os
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from homes import write_scenario

from homeagent.cli import main
from homeagent.simulation.simulated_files import write_one

LEAST_THINKS_CUT, LEAST_CPU_CUT, MOST_LOST = 0.92, 0.85, 0.01
OFF = "learning: {enabled: false}\n"
ENGLISH_BATTERY = """
home: {timezone: Europe/London}
battery:
  capacity_kwh: 5
  max_charge_kw: 2.5
  max_discharge_kw: 2.5
  charge_efficiency: 0.95
  discharge_efficiency: 0.95
  min_soc: 0.1
  initial_soc: 0.1
prices: {known: day_ahead}
"""


WEEK = 7 * 24 * 12


def filled(source: Path, out: Path) -> Path:
    """Write a measured home of five minutes without PV, its gaps filled from the week before or after."""
    with gzip.open(source, "rt") as file:
        rows = list(csv.DictReader(file))
    load = [row["load_kw"] for row in rows]
    for index, value in enumerate(load):
        near = (index - WEEK, index + WEEK)
        load[index] = value or next((load[k] for k in near if 0 <= k < len(load) and load[k]), "0")
    with out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "load_kw", "pv_kw", "price_import_per_kwh", "price_export_per_kwh"])
        for row, value in zip(rows, load, strict=True):
            writer.writerow([row["timestamp"], value, 0, row["price_import_per_kwh"], 0])
    return out


def raced(data: Path, scenario: Path, out: Path, *more: str) -> dict[str, dict[str, float]]:
    told = ["backtest", "--data", str(data), "--scenario", str(scenario), "--out", str(out), "--no-report", *more]
    done = CliRunner().invoke(main, told)
    assert done.exit_code == 0, done.output
    return {one["governor"]: one for one in json.loads((out / "governors.json").read_text())}


def spared(runners: dict[str, dict[str, float]]) -> None:
    few, many = runners["adaptive"], runners["fixed:5m"]
    assert few["thinks_per_day"] <= (1 - LEAST_THINKS_CUT) * many["thinks_per_day"]
    assert few["cpu_ms_per_day"] <= (1 - LEAST_CPU_CUT) * many["cpu_ms_per_day"]
    assert few["lost"] <= MOST_LOST


def test_a_simulated_home_of_minutes_loses_nothing_by_sleeping(tmp_path: Path) -> None:
    """Few days and no students, for time's sake; whole homes are below."""
    data, scenario = write_one(5, date(2025, 4, 1), 24, timedelta(minutes=1), tmp_path / "home.csv.gz")
    scenario.write_text(scenario.read_text() + OFF)
    spared(raced(data, scenario, tmp_path / "out", "--start", "2025-04-22", "--governor", "adaptive,fixed:5m"))


@pytest.mark.full
@pytest.mark.homes
@pytest.mark.parametrize(
    ("home", "start", "end"),
    [("ukdale_uk/house2", "2013-06-24", "2013-08-01"), ("refit_uk/house20", "2014-05-01", "2014-08-01")],
)
@pytest.mark.timeout(1800)
def test_measured_homes_of_five_minutes_lose_less_than_at_fixed_times(
    tmp_path: Path, home: str, start: str, end: str
) -> None:
    data = filled(Path(os.environ["HOMEAGENT_DATA"]) / f"{home}.csv.gz", tmp_path / "home.csv")
    scenario = write_scenario(tmp_path, ENGLISH_BATTERY)
    governors = "adaptive,fixed:5m,fixed:4h,fixed:6h"
    window = ("--start", start, "--end", end, "--governor", governors)
    runners = raced(data, scenario, tmp_path / "out", *window)
    spared(runners)
    for fixed in (runners["fixed:4h"], runners["fixed:6h"]):
        assert runners["adaptive"]["lost"] < fixed["lost"]
