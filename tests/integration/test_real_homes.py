"""Backtests of measured homes, found through HOMEAGENT_DATA; the physics is recomputed from the files alone."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from homeagent.cli import main

DATA = os.environ.get("HOMEAGENT_DATA") or None
pytestmark = [
    pytest.mark.homes,
    pytest.mark.skipif(DATA is None, reason="HOMEAGENT_DATA is not set: no measured homes here"),
]

BATTERY = "{capacity_kwh: 6.4, max_charge_kw: 5, max_discharge_kw: 5, min_soc: 0.1, initial_soc: 0.1}"
HOMES = {
    "France, spot price, half hours": ("emhass_fr/home.csv.gz", "Europe/Paris", "2024-05-08", "2024-06-08", ""),
    "California, published tariff, hours": (
        "citylearn2022/home_01.csv.gz", "America/Los_Angeles", "2016-10-01", "2016-11-01", "prices: {known: always}",
    ),
    "California with a peak charge": (
        "citylearn2022/home_01.csv.gz", "America/Los_Angeles", "2016-10-01", "2016-11-01",
        "prices: {known: always}\npeak_charge: {days: 3, per_kw: 5}",
    ),
    "England, five minutes": (
        "refit_uk/house20.csv.gz", "Europe/London", "2014-06-01", "2014-06-08",
        "",
    ),
}  # fmt: skip


def paid_nothing_for_export(source: Path, target: Path) -> None:
    """Copy a home; where it has neither PV nor a price for export, write 0."""
    with gzip.open(source, "rt") as file, target.open("w", newline="") as copy:
        rows = csv.DictReader(file)
        writer = csv.DictWriter(copy, rows.fieldnames or [])
        writer.writeheader()
        for row in rows:
            writer.writerow(row | {key: row[key] or "0" for key in ("pv_kw", "price_export_per_kwh")})


def column(path: Path, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    with gzip.open(path, "rt") as file:
        return np.array([float(row[name]) for row in csv.DictReader(file)])


@pytest.mark.parametrize("name", HOMES)
def test_the_agent_beats_the_rule_and_breaks_no_physics(tmp_path: Path, name: str) -> None:
    data, zone, start, end, more = HOMES[name]
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(f"home: {{timezone: {zone}}}\nbattery: {BATTERY}\n{more}\n")
    out = tmp_path / "out"
    paid_nothing_for_export(Path(DATA or "") / data, tmp_path / "home.csv")
    options = ["--data", str(tmp_path / "home.csv"), "--scenario", str(scenario), "--out", str(out)]
    done = CliRunner().invoke(main, ["backtest", *options, "--start", start, "--end", end, "--no-report"])
    assert done.exit_code == 0, done.output
    summary = json.loads((out / "summary.json").read_text())
    assert summary["cost_perfect_foresight"] <= summary["cost_agent"] < summary["cost_self_consumption_rule"]
    power, soc = (column(out / "trajectory.csv.gz", key) for key in ("battery_kw", "soc_kwh"))
    hours = summary["window"]["step_minutes"] / 60
    after = soc + np.where(power > 0, power * 0.95, power / 0.95) * hours
    assert np.abs(after[:-1] - soc[1:]).max() < 1e-4
    assert soc.min() >= 0.64 - 1e-4
    assert max(soc.max(), after.max()) <= 6.4 + 1e-4
    assert np.abs(power).max() <= 5 + 1e-6
