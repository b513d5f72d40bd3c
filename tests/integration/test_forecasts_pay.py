"""What forecasts of known skill are worth: made up from what was measured, and said to be so."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from made_up_forecasts import made_up_forecasts

from homeagent.cli import main
from homeagent.simulation.home_data import HomeData, read_home
from homeagent.simulation.issued_file import write_issued

DATA = os.environ.get("HOMEAGENT_DATA") or None
BATTERY = "{capacity_kwh: 6.4, max_charge_kw: 5, max_discharge_kw: 5, min_soc: 0.1, initial_soc: 0.1}"
BEGIN, END = datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
SKILLS: dict[str, dict[str, float] | None] = {
    "none": None,
    "good": {"bias": 1.0, "wrong": 0.2},
    "good but biased": {"bias": 1.6, "wrong": 0.2},
    "worthless": {"bias": 0.6, "wrong": 2.5},
}


def run(folder: Path, home: Path, data: HomeData, skill: dict[str, float] | None) -> dict[str, Any]:
    scenario = folder / "scenario.yaml"
    scenario.write_text(f"home: {{timezone: Europe/Paris}}\nbattery: {BATTERY}\nlearning: {{enabled: false}}\n")
    options = [
        "--data",
        str(home),
        "--scenario",
        str(scenario),
        "--out",
        str(folder / "out"),
        "--no-report",
        "--no-bound",
    ]
    if skill is not None:
        issued = made_up_forecasts(data.grid, data.column("pv_kw"), bias=skill["bias"], wrong=skill["wrong"])
        write_issued(folder / "issued.csv.gz", [one for one in issued if BEGIN <= one.issued_at < END])
        options += ["--forecasts", str(folder / "issued.csv.gz")]
    window = ["--start", "2024-05-08", "--end", "2024-05-20"]
    done = CliRunner().invoke(main, ["backtest", *options, *window])
    assert done.exit_code == 0, done.output
    summary: dict[str, Any] = json.loads((folder / "out" / "summary.json").read_text())
    return summary


@pytest.mark.homes
@pytest.mark.skipif(DATA is None, reason="HOMEAGENT_DATA is not set: no measured homes here")
def test_a_better_forecast_saves_more_and_a_worthless_one_does_no_harm(tmp_path: Path) -> None:
    home = Path(DATA or "") / "emhass_fr" / "home.csv.gz"
    data = read_home(home)
    results = {name: run(tmp_path, home, data, skill) for name, skill in SKILLS.items()}
    cost = {name: result["cost_agent"] for name, result in results.items()}
    assert cost["good"] < cost["none"] - 0.1
    assert cost["good but biased"] == pytest.approx(cost["good"], abs=0.05)
    assert cost["worthless"] == pytest.approx(cost["none"], abs=0.02)
    found = {name: result["forecast_providers"] for name, result in results.items()}
    assert found["none"] == []
    assert found["good but biased"][0]["used"]
    assert "times what was made in 28 days; it is corrected" in found["good but biased"][0]["misfit"]
    assert not found["worthless"][0]["used"]
