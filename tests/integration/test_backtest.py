"""The backtest as its user runs it: the command, its files, its refusals."""

from __future__ import annotations

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import PEAK, SCENARIO, START, made_up_home, write_home, write_scenario

HOMEAGENT = Path(sys.executable).with_name("homeagent")


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(HOMEAGENT),
        "backtest",
        "--data",
        str(folder / "home.csv"),
        "--scenario",
        str(folder / "scenario.yaml"),
    ]
    return subprocess.run(
        [*command, "--out", str(folder / "out"), *options], capture_output=True, text=True, check=False
    )


def start_after(days: int) -> str:
    return (START + timedelta(days=days)).isoformat()


def test_a_week_gives_every_file_and_the_figures_agree(tmp_path: Path) -> None:
    columns = made_up_home(16)
    write_home(tmp_path, columns)
    write_scenario(tmp_path, SCENARIO)
    done = run(tmp_path, "--start", start_after(10))
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    with gzip.open(tmp_path / "out" / "trajectory.csv.gz", "rt") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == summary["window"]["steps"] == 6 * 24
    assert datetime.fromisoformat(rows[0]["timestamp"]) == START + timedelta(days=10)
    grid = np.array([float(row["grid_kw"]) for row in rows])
    buy, sell = columns["price_import_per_kwh"][240:], columns["price_export_per_kwh"][240:]
    assert summary["cost_agent"] == pytest.approx(float(np.where(grid > 0, grid * buy, grid * sell).sum()), abs=1e-3)
    assert summary["cost_perfect_foresight"] <= summary["cost_agent"] <= summary["cost_without_battery"]
    assert summary["cost_agent"] < summary["cost_self_consumption_rule"]
    assert 6 * 1 <= summary["thinks"] <= 6 * 12
    decisions = [json.loads(line) for line in (tmp_path / "out" / "decisions.jsonl").read_text().splitlines()]
    assert len(decisions) == summary["decisions"]
    assert all("kWh is worth" in decision["why"] for decision in decisions)
    assert "plotly" in (tmp_path / "out" / "report.html").read_text().lower()


def test_the_same_backtest_gives_the_same_files(tmp_path: Path) -> None:
    write_home(tmp_path, made_up_home(12))
    write_scenario(tmp_path, SCENARIO + PEAK)
    texts = []
    for _ in range(2):
        assert run(tmp_path, "--start", start_after(9), "--no-bound", "--no-report").returncode == 0
        texts.append([(tmp_path / "out" / name).read_bytes() for name in ("trajectory.csv.gz", "decisions.jsonl")])
    assert texts[0] == texts[1]


@pytest.mark.parametrize("minutes", [5, 15, 30])
def test_every_step_is_driven_at_the_datas_own_pace(tmp_path: Path, minutes: int) -> None:
    step = timedelta(minutes=minutes)
    write_home(tmp_path, made_up_home(5, step), step)
    write_scenario(tmp_path)
    assert run(tmp_path, "--start", start_after(3), "--no-bound", "--no-report").returncode == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["window"]["steps"] == 2 * 24 * 60 // minutes
    assert summary["thinks"] <= 2 * 24 + 2


@pytest.mark.parametrize("history_days", [0, 1])
def test_a_cold_start_runs_and_does_no_harm(tmp_path: Path, history_days: int) -> None:
    write_home(tmp_path, made_up_home(history_days + 10))
    write_scenario(tmp_path)
    done = run(tmp_path, "--start", start_after(history_days), "--no-report")
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["cost_agent"] < summary["cost_without_battery"]


def test_gaps_in_the_history_are_gaps(tmp_path: Path) -> None:
    columns = made_up_home(14)
    rng = np.random.default_rng(3)
    for name in ("load_kw", "pv_kw", "price_import_per_kwh", "price_export_per_kwh"):
        columns[name][:240][rng.random(240) < 0.3] = np.nan
    write_home(tmp_path, columns)
    write_scenario(tmp_path)
    assert run(tmp_path, "--start", start_after(10), "--no-bound", "--no-report").returncode == 0


def test_the_end_may_lie_one_step_past_the_last_row(tmp_path: Path) -> None:
    write_home(tmp_path, made_up_home(4))
    write_scenario(tmp_path)
    options = ("--no-bound", "--no-report", "--start", "2024-03-03")  # the home's midnight, 23:00 UTC the day before
    assert run(tmp_path, *options, "--end", start_after(4)).returncode == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["window"]["start"] == "2024-03-02T23:00:00Z"
    assert summary["window"]["steps"] == 49


REFUSALS = {
    "start after the end of the data": (("--start", "2031-01-01"), ("--start", "outside the data", "2024-03-05")),
    "end before start": (("--start", "2024-03-03", "--end", "2024-03-02"), ("--end", "not after")),
    "time not understood": (("--start", "soon"), ("--start", "soon", "2024-03-01")),
    "time without zone": (("--start", "2024-03-02T10:00:00"), ("--start", "not understood")),
    "between two rows": (("--start", "2024-03-02T10:30:00Z"), ("--start", "between two rows")),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_bad_window_is_refused_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    options, needles = REFUSALS[name]
    write_home(tmp_path, made_up_home(4))
    write_scenario(tmp_path)
    done = run(tmp_path, *options)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) <= 3
    for needle in needles:
        assert needle in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home.csv", "scenario.yaml"]


def test_an_empty_cell_inside_the_window_is_named(tmp_path: Path) -> None:
    columns = made_up_home(4)
    columns["load_kw"][75] = np.nan
    write_home(tmp_path, columns)
    write_scenario(tmp_path)
    done = run(tmp_path, "--start", start_after(2))
    assert done.returncode == 2
    assert "row 77, load_kw" in done.stderr


def test_prices_past_the_last_row_are_unknown_and_no_error(tmp_path: Path) -> None:
    write_home(tmp_path, made_up_home(3))
    write_scenario(tmp_path, SCENARIO.replace("day_ahead", "always"))
    assert run(tmp_path, "--start", start_after(2), "--no-bound", "--no-report").returncode == 0


BAD_SCENARIOS = {
    "no capacity": ("  capacity_kwh: 6\n", "", "battery.capacity_kwh"),
    "efficiency in per cent": ("charge_efficiency: 0.95", "charge_efficiency: 95", "battery.charge_efficiency"),
    "misspelt key": ("max_charge_kw", "max_chrage_kw", "max_charge_kw"),
    "broken YAML": ("home: {", "home: {{", "scenario.yaml"),
}


@pytest.mark.parametrize("name", BAD_SCENARIOS)
def test_a_bad_scenario_is_refused_by_key(tmp_path: Path, name: str) -> None:
    old, new, needle = BAD_SCENARIOS[name]
    write_home(tmp_path, made_up_home(4))
    write_scenario(tmp_path, SCENARIO.replace(old, new, 1))
    done = run(tmp_path)
    assert done.returncode == 2
    assert needle in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path) -> None:
    write_home(tmp_path, made_up_home(120))
    write_scenario(tmp_path)
    command = [
        str(HOMEAGENT),
        "backtest",
        "--data",
        str(tmp_path / "home.csv"),
        "--scenario",
        str(tmp_path / "scenario.yaml"),
    ]
    child = subprocess.Popen([*command, "--out", str(tmp_path / "out")], stderr=subprocess.PIPE, text=True)
    while child.poll() is None and not any(path.name.startswith(".out-") for path in tmp_path.iterdir()):
        time.sleep(0.05)
    time.sleep(0.5)
    os.kill(child.pid, signal.SIGINT)
    _, errors = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "Traceback" not in errors
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home.csv", "scenario.yaml"]
