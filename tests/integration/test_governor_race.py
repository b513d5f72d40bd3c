"""Several governors over the same home, as a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from homes import SCENARIO, made_up_home, write_home, write_scenario

from homeagent.agent.governor_race import judged
from homeagent.cli import main


def summary(thinks: int, cost: float, cpu_s: float, bound: float | None = None) -> dict[str, Any]:
    return {
        "window": {"days": 2.0},
        "thinks": thinks,
        "cost_agent": cost,
        "cost_without_battery": 10.0,
        "cost_perfect_foresight": bound,
        "cpu_seconds": {"forecast": cpu_s / 2, "plan": cpu_s / 2, "store": 99.0},
    }


def test_each_is_held_against_the_one_that_thought_most() -> None:
    few, most = judged([("adaptive", summary(10, 6.1, 0.1, bound=5.0)), ("fixed:5m", summary(576, 6.0, 4.0))])
    assert (few.thinks_per_day, most.thinks_per_day) == (5, 288)
    assert (few.cpu_ms_per_day, most.cpu_ms_per_day) == (50, 2000)
    assert few.share == pytest.approx(3.9 / 5)
    assert few.lost == pytest.approx(0.1 / 5)
    assert most.lost == 0


def test_without_a_bound_no_share_is_told() -> None:
    (only,) = judged([("adaptive", summary(10, 6.1, 0.1))])
    assert only.share is None
    assert only.lost is None


def compared(folder: Path, governors: str) -> Result:
    write_home(folder, made_up_home(13))
    write_scenario(folder, SCENARIO + "learning: {enabled: false}\n")
    told = ["backtest", "--data", str(folder / "home.csv"), "--scenario", str(folder / "scenario.yaml")]
    told += ["--start", "2024-03-11", "--no-report", "--out", str(folder / "out"), "--governor", governors]
    return CliRunner().invoke(main, told)


def test_the_command_runs_all_of_them_and_says_what_thinking_less_costs(tmp_path: Path) -> None:
    done = compared(tmp_path, "adaptive, fixed:1h,fixed:6h")
    assert done.exit_code == 0, done.output
    assert "Against fixed:1h" in done.output
    runners = {one["governor"]: one for one in json.loads((tmp_path / "out" / "governors.json").read_text())}
    assert list(runners) == ["adaptive", "fixed:1h", "fixed:6h"]
    assert runners["fixed:1h"]["thinks_per_day"] == pytest.approx(24, abs=0.5)
    assert runners["fixed:6h"]["thinks_per_day"] == pytest.approx(4, abs=0.5)
    assert runners["adaptive"]["thinks_per_day"] < 24
    assert runners["fixed:1h"]["lost"] == 0
    for folder in ("adaptive", "fixed-1h", "fixed-6h"):
        alone = json.loads((tmp_path / "out" / folder / "summary.json").read_text())
        assert alone["cost_agent"] == runners[folder.replace("-", ":")]["cost"]


@pytest.mark.parametrize(("governors", "needle"), [("adaptive,adaptive", "twice"), ("adaptive,often", "'often'")])
def test_what_is_no_governor_is_refused(tmp_path: Path, governors: str, needle: str) -> None:
    done = compared(tmp_path, governors)
    assert done.exit_code == 2
    assert needle in done.output
    assert not (tmp_path / "out").exists()
