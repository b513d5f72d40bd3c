"""`homeagent forecasts`: what each is worth on this roof, and all of them as a file that a backtest takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from homes import SCENARIO, START, made_up_home, write_home, write_scenario
from made_up_forecasts import made_up_forecasts

from homeagent.agent.forecast_report import TIMEZONE
from homeagent.cli import main
from homeagent.domain.grid import TimeGrid
from homeagent.domain.readings import Reading
from homeagent.simulation.issued_file import read_issued
from homeagent.store import Store

DAYS = 24
HOUR = timedelta(hours=1)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Give a store with a home's weeks, a forecast of it that says too much, and one of the weather."""
    columns = made_up_home(DAYS)
    grid = TimeGrid(start=START, step=HOUR, count=DAYS * 24)
    path = tmp_path / "homeagent.db"
    with Store.open(path) as store:
        for name in ("load_kw", "pv_kw"):
            values = enumerate(columns[name])
            store.write_readings(
                [Reading(entity=name, at=grid.at(k + 1), value=float(value), over=HOUR) for k, value in values]
            )
        for issued in made_up_forecasts(grid, columns["pv_kw"], bias=1.8, wrong=0.1):
            store.write_issued(issued)
        store.write_issued(replace(issued, provider="weather.home", quantity="temp_c"))
        store.write_fact(TIMEZONE, "Europe/Berlin")
    return path


def test_each_provider_is_shown_with_its_worth_and_why_it_is_used(kept: Path) -> None:
    done = CliRunner().invoke(main, ["forecasts", "--store", str(kept), "--json"])
    assert done.exit_code == 0, done.output
    solar, weather = (json.loads(line) for line in done.output.splitlines())
    assert (solar["provider"], solar["used"]) == ("made up", True)
    assert "better with it than with recent days alone" in solar["why"]
    assert solar["bias_kw"] > 0.2
    assert solar["provider_kw"] < solar["floor_kw"]
    assert "does not fit your roof: it says 1." in solar["misfit"]
    assert (weather["used"], weather["why"]) == (None, "kept; nothing here measures it")
    table = CliRunner().invoke(main, ["forecasts", "--store", str(kept)], env={"COLUMNS": "200"})
    assert "does not fit your roof" in " ".join(table.output.split())


def test_what_is_exported_is_what_a_backtest_takes(kept: Path, tmp_path: Path) -> None:
    target = tmp_path / "issued.csv.gz"
    done = CliRunner().invoke(main, ["forecasts", "--store", str(kept), "--export", str(target)])
    assert done.exit_code == 0, done.output
    found = read_issued(target)
    assert f"{len(found)} forecasts written" in done.output
    home, scenario = write_home(tmp_path, made_up_home(DAYS)), write_scenario(tmp_path, SCENARIO)
    start = (START + 18 * 24 * HOUR).isoformat()
    options = ["--data", str(home), "--scenario", str(scenario), "--out", str(tmp_path / "out"), "--start", start]
    command = ["backtest", *options, "--no-bound", "--no-report", "--forecasts", str(target)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["forecast_providers"][0]["used"]


def test_a_store_without_forecasts_says_what_to_do_and_no_store_is_an_error(tmp_path: Path) -> None:
    with Store.open(tmp_path / "homeagent.db"):
        pass
    done = CliRunner().invoke(main, ["forecasts", "--store", str(tmp_path / "homeagent.db")])
    assert (done.exit_code, "name some in solar.forecast" in done.output) == (0, True)
    assert CliRunner().invoke(main, ["forecasts", "--store", str(tmp_path / "none.db")]).exit_code == 2
    (tmp_path / "bad.csv").write_text("issued_at\n")
    home, scenario = write_home(tmp_path, made_up_home(3)), write_scenario(tmp_path, SCENARIO)
    options = ["--data", str(home), "--scenario", str(scenario), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(main, ["backtest", *options, "--forecasts", str(tmp_path / "bad.csv")])
    assert done.exit_code == 2
    assert "lacks provider" in done.output
    assert not (tmp_path / "out").exists()
