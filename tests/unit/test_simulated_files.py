"""The simulated home of minutes as files: seeded, the same in every step, like a home, and read by a backtest."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.cli import main
from homeagent.config import load_scenario
from homeagent.simulation import appliances
from homeagent.simulation.home_data import HomeData, read_home
from homeagent.simulation.minute_home import minute_home
from homeagent.simulation.minute_sky import clear_sky_index

MINUTE = timedelta(minutes=1)
FIRST = date(2025, 3, 1)
SEEDS = range(6)


def lived(seed: int, days: int = 14, step: timedelta = MINUTE, first: date = FIRST) -> HomeData:
    return minute_home(seed, first, days, step).data


@pytest.mark.parametrize("seed", SEEDS)
def test_it_looks_like_a_home(seed: int) -> None:
    home = minute_home(seed, FIRST, 60, MINUTE)
    columns, battery = home.data.columns, home.home.battery
    load, pv = columns["load_kw"], columns["pv_kw"]
    assert 3 < load.sum() / 60 / 60 < 25  # kWh a day
    assert 1.8 < load.max() < 15
    jumps = np.abs(np.diff(load))
    assert np.quantile(jumps, 0.5) < 0.03  # most minutes are like the one before
    assert (jumps > 0.5).mean() * 1440 > 6  # but a kettle or a plate makes some steps every day
    assert 1 < pv.sum() / 60 / 60 / home.home.roof.peak_kw < 6  # kWh a day per kW, March and April
    assert pv.max() <= home.home.roof.limit_kw
    assert columns["irradiance_w_m2"].max() < 1250
    assert 0.15 < columns["price_import_per_kwh"].mean() < 0.4
    assert 250 < columns["carbon_g_per_kwh"].mean() < 450
    assert 0.2 < battery.max_charge_kw / battery.capacity_kwh < 0.7


def test_more_days_change_nothing_of_those_before() -> None:
    short, long = lived(2, 3), lived(2, 5)
    for name, values in short.columns.items():
        np.testing.assert_array_equal(values, long.columns[name][: len(values)])


@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_it_is_the_same_home_in_any_step(minutes: int) -> None:
    fine, coarse = lived(3, 4), lived(3, 4, timedelta(minutes=minutes))
    for name, values in fine.columns.items():
        np.testing.assert_allclose(coarse.columns[name], values.reshape(-1, minutes).mean(axis=1))


@pytest.mark.parametrize(("first", "hours"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25)])
def test_days_of_23_and_25_hours_pass(first: date, hours: int) -> None:
    data = lived(1, 1, first=first)
    assert data.grid.count == hours * 60
    assert all(len(values) == hours * 60 for values in data.columns.values())


def test_prices_and_carbon_stand_for_an_hour_and_clouds_do_not() -> None:
    columns = lived(4).columns
    for name in ("price_import_per_kwh", "price_export_per_kwh", "carbon_g_per_kwh"):
        hours = columns[name].reshape(-1, 60)
        assert (hours == hours[:, :1]).all()
    noon = columns["pv_kw"].reshape(14, 1440)[:, 660:840]
    assert np.abs(np.diff(noon, axis=1)).max() > 0.3 * noon.max()


@given(start=st.floats(0, 2000), pieces=st.lists(st.tuples(st.floats(0, 90), st.floats(0, 4)), min_size=1, max_size=20))
def test_minute_means_keep_the_energy(start: float, pieces: list[tuple[float, float]]) -> None:
    first, drawn = appliances.minute_means(start, pieces)
    assert drawn.sum() == pytest.approx(sum(lasting * power for lasting, power in pieces), abs=1e-6)
    assert first <= start
    assert (drawn >= -1e-9).all()
    assert drawn.max(initial=0) <= max(power for _, power in pieces) + 1e-9


@settings(max_examples=30)
@given(cover=st.floats(0, 1), seed=st.integers(0, 1000))
def test_a_sky_lets_light_through_and_the_less_the_more_is_covered(cover: float, seed: int) -> None:
    index = clear_sky_index(seed, 1, 1440, cover)
    assert index.min() > 0
    assert index.max() < 1.2


def test_clouds_take_light() -> None:
    clear, grey = (
        np.mean([clear_sky_index(seed, 1, 1440, cover).mean() for seed in range(40)]) for cover in (0.1, 0.9)
    )
    assert clear > grey + 0.25


def test_a_fridge_keeps_its_times_and_works_more_where_it_is_warm() -> None:
    count = 20_000
    shut = np.zeros(count)
    cool, warm = (appliances.fridge_kw(0.1, 18, 36, np.full(count, room), shut, 0.5) for room in (20.0, 26.0))
    assert (cool > 0).mean() == pytest.approx(18 / 54, abs=0.04)
    assert (warm > 0).mean() > (cool > 0).mean() * 1.25


def test_the_command_writes_what_a_backtest_reads(tmp_path: Path) -> None:
    runner = CliRunner()
    options = ["--days", "4", "--step", "5m", "--seed", "3"]
    done = runner.invoke(main, ["simulate", *options, "--out", str(tmp_path / "home.csv.gz")])
    assert done.exit_code == 0, done.output
    data = read_home(tmp_path / "home.csv.gz")
    assert data.grid.step == timedelta(minutes=5)
    assert data.ignored == ()
    np.testing.assert_allclose(data.column("load_kw"), lived(3, 4, timedelta(minutes=5)).column("load_kw"), atol=1e-4)
    assert "nobody lives" in (tmp_path / "scenario.yaml").read_text()
    again = runner.invoke(main, ["simulate", *options, "--out", str(tmp_path / "again" / "home.csv.gz")])
    assert again.exit_code == 0
    assert (tmp_path / "home.csv.gz").read_bytes() == (tmp_path / "again" / "home.csv.gz").read_bytes()
    told = ["backtest", "--data", str(tmp_path / "home.csv.gz"), "--scenario", str(tmp_path / "scenario.yaml")]
    told += ["--start", "2025-03-03", "--no-bound", "--no-report", "--out", str(tmp_path / "out")]
    replayed = runner.invoke(main, told)
    assert replayed.exit_code == 0, replayed.output
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["window"]["days"] == 2


def test_many_homes_differ_and_each_has_its_own_battery(tmp_path: Path) -> None:
    told = ["simulate", "--days", "1", "--step", "60m", "--seed", "5", "--homes", "3", "--out", str(tmp_path / "homes")]
    done = CliRunner().invoke(main, told)
    assert done.exit_code == 0, done.output
    folder = tmp_path / "homes"
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted(["scenario.yaml", *(f"home-000{n}{end}" for n in (5, 6, 7) for end in (".csv.gz", ".yaml"))])
    assert len({load_scenario(folder / f"home-000{n}.yaml").site.battery for n in (5, 6, 7)}) == 3
    loads = [read_home(folder / f"home-000{n}.csv.gz").column("load_kw").sum() for n in (5, 6, 7)]
    assert len(set(loads)) == 3
    load_scenario(folder / "scenario.yaml")


def test_a_scenario_that_somebody_wrote_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "scenario.yaml").write_text("battery: {capacity_kwh: 5}\n")
    done = CliRunner().invoke(main, ["simulate", "--days", "1", "--out", str(tmp_path / "home.csv")])
    assert done.exit_code == 2
    assert "was not simulated" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["scenario.yaml"]
