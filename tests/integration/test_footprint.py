"""The agent's own energy is in what it says it saved: in the ledger, the API, the terminal and a backtest."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from homes import SCENARIO, START, made_up_home, write_home, write_scenario

from homeagent.agent.agent import Agent
from homeagent.agent.demo import Demo
from homeagent.agent.view import View
from homeagent.cli import main
from homeagent.domain.ledger import SavingsEntry
from homeagent.store import Store

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of three simulated days in two runs, the second begun in the middle of a day."""
    path = tmp_path_factory.mktemp("lived") / "homeagent.db"

    async def live() -> None:
        with Store.open(path, lasting=False) as store:
            demo = Demo(1, store)
            await demo.live(1.5, lambda _done, _total: None)
            demo.agent.footprints.take(demo.clock.now())
            started = demo.clock.now()
        with Store.open(path, lasting=False) as store:
            demo = Demo(1, store, start=started)
            demo.agent.resume()
            await demo.live(1.5, lambda _done, _total: None)
            await demo.agent.finish()

    asyncio.run(live())
    return path


def test_savings_are_told_less_the_agent_s_own_energy(lived: Path) -> None:
    with Store.open(lived) as store:
        entries, days = store.savings(), {day.day: day for day in store.footprint_days()}
    assert entries
    for entry in entries:
        used = days[entry.day]
        assert used.whole_cost is not None
        assert entry.own_cost is not None
        assert 0 < entry.own_cost <= used.whole_cost.likely * 1.0001
        gross = entry.cost_without_battery - entry.cost + entry.stored_value
        assert entry.saved_against_none == pytest.approx(gross - entry.own_cost)


def test_a_stop_in_the_middle_of_a_day_loses_none_of_its_savings(tmp_path: Path) -> None:
    """The morning's slots count again after a restart, and the agent's own energy is taken once."""

    async def live(*, stop: bool) -> list[SavingsEntry]:
        path = tmp_path / f"{stop}.db"
        with Store.open(path, lasting=False) as store:
            demo = Demo(1, store)
            await demo.live(0.5, lambda _done, _total: None)
            if not stop:
                await demo.live(1.0, lambda _done, _total: None)
            await demo.agent.finish()
            if not stop:
                return store.savings()
        with Store.open(path, lasting=False) as store:
            demo.agent = Agent(demo.agent.setup, demo.home, demo.home, store, demo.clock)
            demo.agent.resume()
            await demo.live(1.0, lambda _done, _total: None)
            await demo.agent.finish()
            assert demo.agent.day_book is not None
            assert demo.agent.day_book.entries == store.savings()
            return store.savings()

    stopped, whole = asyncio.run(live(stop=True)), asyncio.run(live(stop=False))
    assert [entry.day for entry in stopped] == [entry.day for entry in whole]
    assert stopped[0].cost_without_battery == pytest.approx(whole[0].cost_without_battery)
    assert stopped[0].cost_rule == pytest.approx(whole[0].cost_rule)
    with Store.open(tmp_path / "True.db") as store:
        used = store.footprint_days()[0].whole_cost
    assert used is not None
    assert stopped[0].own_cost == pytest.approx(used.likely)


def test_a_day_of_two_runs_is_whole(lived: Path) -> None:
    with Store.open(lived) as store:
        days = store.footprint_days()
    assert sum(day.running_hours for day in days) == pytest.approx(72, abs=1)
    assert days[1].running_hours == pytest.approx(24, abs=1)
    assert sum(day.decisions for day in days) >= 70


def test_the_terminal_tells_it(lived: Path) -> None:
    done = CliRunner().invoke(main, ["footprint", "--store", str(lived), "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    total = told["total"]
    assert total["energy_wh_low"] <= total["energy_wh"] <= total["energy_wh_high"]
    assert 0.9 < total["asleep_share"] < 1
    assert total["energy_j_per_think"] == pytest.approx(total["energy_wh"] * 3600 / total["thinks"], rel=1e-3)
    assert total["share_of_saving"] > 0
    table = CliRunner().invoke(main, ["footprint", "--store", str(lived)])
    assert table.exit_code == 0, table.output
    assert "asleep" in table.output
    missing = CliRunner().invoke(main, ["footprint", "--store", str(lived.with_name("none.db"))])
    assert missing.exit_code == 2


def test_parts_of_a_day_are_all_that_the_process_used(tmp_path: Path) -> None:
    async def live(store: Store) -> View:
        demo = Demo(1, store)
        await demo.live(0.5, lambda _done, _total: None)
        return View(demo.agent)

    with Store.open(tmp_path / "a.db", lasting=False) as store:
        told = asyncio.run(live(store)).footprint()
    seconds = told["cpu_seconds"]
    assert isinstance(seconds, dict)
    assert {"link", "look", "forecast", "plan", "control", "store", "web", "training", "other"} <= seconds.keys()
    assert seconds["other"] >= 0
    assert min(seconds.values()) >= 0


def test_a_backtest_of_a_home_with_nothing_to_save_loses_what_the_agent_takes(tmp_path: Path) -> None:
    columns = made_up_home(12)
    flat = {"price_import_per_kwh": 0.3, "price_export_per_kwh": 0.3}
    columns |= {name: np.full(len(columns["load_kw"]), price) for name, price in flat.items()}
    write_home(tmp_path, columns)
    write_scenario(tmp_path, SCENARIO.replace("initial_soc: 0.3", "initial_soc: 0.1") + "learning: {enabled: false}\n")
    options = ["--data", str(tmp_path / "home.csv"), "--scenario", str(tmp_path / "scenario.yaml")]
    more = ["--out", str(tmp_path / "out"), "--start", (START + timedelta(days=10)).isoformat(), "--no-report"]
    done = CliRunner().invoke(main, ["backtest", *options, *more, "--no-bound"])
    assert done.exit_code == 0, done.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    own = summary["own_energy"]
    assert own["kwh_low"] <= own["kwh"] <= own["kwh_high"]
    assert own["cost"] == pytest.approx(0.3 * own["kwh"])
    assert summary["cost_agent"] == summary["cost_without_battery"]
    assert summary["saved_after_own_energy"] == pytest.approx(-own["cost"], rel=0.01)
    assert summary["saved_after_own_energy"] < 0
