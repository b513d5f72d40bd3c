"""What thinking costs, in CPU seconds and as ratios: being light is the product."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import PEAK, SCENARIO, START, made_up_home, write_home, write_scenario

from homeagent.agent import thinking
from homeagent.agent.observer import Observer
from homeagent.agent.price_book import PriceBook
from homeagent.domain.grid import TimeGrid
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.footprint.cpu_meter import CpuMeter
from homeagent.simulation.simulated_home import simulated_site

HOUR = timedelta(hours=1)


def remembered(step: timedelta) -> tuple[Observer, PriceBook]:
    columns = made_up_home(42, step)
    now = START + timedelta(days=42)
    observer, prices = Observer(now, step), PriceBook(simulated_site().timezone)
    for name in ("load_kw", "pv_kw"):
        values = columns[name].tolist()
        observer.add(
            Reading(entity=name, at=START + (k + 1) * step, value=value, over=step) for k, value in enumerate(values)
        )
    grid = TimeGrid(start=START + timedelta(days=20), step=HOUR, count=22 * 24 + 12)
    rng = np.random.default_rng(1)
    imports, exports = rng.uniform(0.1, 0.4, grid.count), np.zeros(grid.count)
    prices.add(PublishedPrices(grid=grid, import_per_kwh=imports, export_per_kwh=exports))
    return observer, prices


@pytest.mark.parametrize(
    ("horizon_hours", "step_minutes", "limit_s"), [(24, 60, 0.010), (36, 15, 0.040)], ids=["24x60min", "36x15min"]
)
def test_a_think_costs_milliseconds(
    monkeypatch: pytest.MonkeyPatch, horizon_hours: int, step_minutes: int, limit_s: float
) -> None:
    step = timedelta(minutes=step_minutes)
    observer, prices = remembered(step)
    monkeypatch.setattr(thinking, "HORIZON", timedelta(hours=horizon_hours))
    spent = []
    for _ in range(15):
        before = time.process_time()
        thought = thinking.think(
            START + timedelta(days=42), 4.0, simulated_site(), observer.memory, prices, step=step, cpu=CpuMeter()
        )
        spent.append(time.process_time() - before)
        assert thought.plan.outcome == "optimal"
    assert sorted(spent)[len(spent) // 2] <= limit_s, spent


ALONE = """
import sys, time
from homeagent.cli import main
before = time.process_time()
main(sys.argv[1:], standalone_mode=False)
print(time.process_time() - before)
"""


def backtest(folder: Path, days: int, scenario: str) -> dict[str, float]:
    """Run it in a process of its own: the memory of other tests is none of it."""
    write_home(folder, made_up_home(10 + days))
    write_scenario(folder, scenario)
    told = ["backtest", "--data", str(folder / "home.csv"), "--scenario", str(folder / "scenario.yaml")]
    start = (START + timedelta(days=10)).isoformat()
    told += ["--out", str(folder / "out"), "--start", start, "--no-bound", "--no-report"]
    done = subprocess.run([sys.executable, "-c", ALONE, *told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / "out" / "summary.json").read_text())
    return {"cpu_s": float(done.stdout.splitlines()[-1]), "memory_mb": summary["peak_memory_mb"]}


OFF = "learning: {enabled: false}\n"


@pytest.mark.parametrize(
    ("scenario", "year_s", "most_mb"),
    [(SCENARIO + OFF, 90, 120), (SCENARIO + PEAK, 90, 120), (SCENARIO, 200, 170)],
    ids=["plain", "peak charge", "learning"],
)
def test_time_is_linear_in_days_and_a_year_is_cheap(
    tmp_path: Path, scenario: str, year_s: float, most_mb: float
) -> None:
    """A year with the usual governor; what its trainings take is in processes of their own."""
    for name in ("warm", "short", "long"):
        (tmp_path / name).mkdir()
    backtest(tmp_path / "warm", 2, scenario)
    short, long = backtest(tmp_path / "short", 20, scenario), backtest(tmp_path / "long", 60, scenario)
    assert long["cpu_s"] / short["cpu_s"] < 3 * 1.4
    assert long["cpu_s"] * 365 / 60 <= year_s
    assert long["memory_mb"] <= most_mb, long
