"""Nothing that is issued up to t may depend on what is measured at or after t, nor on prices not yet published at t."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from homes import PEAK, SCENARIO, START, made_up_home, write_home, write_scenario
from made_up_forecasts import made_up_forecasts

from homeagent.agent.backtest import Request, backtest
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast
from homeagent.simulation.issued_file import write_issued

DAYS, FIRST_DAY = 18, 14
HOUR = timedelta(hours=1)
MEASURED = ("load_kw", "pv_kw", "carbon_g_per_kwh", "temp_c", "irradiance_w_m2", "forecast_pv_kw", "appliance_oven_kw")
PRICES = ("price_import_per_kwh", "price_export_per_kwh")
CARBON_COUNTS = SCENARIO + "goals: {carbon_price_per_kg: 0.2}\n"


def decisions(
    folder: Path,
    columns: dict[str, FloatArray],
    scenario: str,
    issued: Sequence[IssuedForecast] = (),
    first_day: int = FIRST_DAY,
) -> list[dict[str, Any]]:
    folder.mkdir()
    if issued:
        write_issued(folder / "issued.csv.gz", issued)
    request = Request(
        data=write_home(folder, columns),
        scenario=write_scenario(folder, scenario),
        out=folder / "out",
        start=(START + first_day * 24 * HOUR).isoformat(),
        bound=False,
        report=False,
        forecasts=folder / "issued.csv.gz" if issued else None,
    )
    backtest(request, lambda _done, _total: None, lambda _text: None)
    return [json.loads(line) for line in (folder / "out" / "decisions.jsonl").read_text().splitlines()]


def until(rows: list[dict[str, Any]], at: datetime) -> list[dict[str, Any]]:
    return [row for row in rows if datetime.fromisoformat(row["at"]) <= at]


@pytest.mark.parametrize("scenario", [CARBON_COUNTS, SCENARIO + PEAK], ids=["carbon", "peak charge"])
@pytest.mark.parametrize("hour", [7, 13, 22])
def test_measurements_at_and_after_now_do_not_matter(tmp_path: Path, scenario: str, hour: int) -> None:
    columns = made_up_home(DAYS)
    row = (FIRST_DAY + 1) * 24 + hour
    at = START + row * HOUR
    before = until(decisions(tmp_path / "as it was", columns, scenario), at)
    rng = np.random.default_rng(hour)
    for name in MEASURED:
        columns[name] = columns[name].copy()
        columns[name][row:] = rng.uniform(0, 6, len(columns[name]) - row)
    after = decisions(tmp_path / "otherwise", columns, scenario)
    assert until(after, at) == before
    assert len(before) > 24
    assert len(after) > len(before)


def test_measurements_at_and_after_now_do_not_matter_to_what_is_learned(tmp_path: Path) -> None:
    columns, first_day, hour = made_up_home(32), 30, 11
    row = (first_day + 1) * 24 + hour
    at = START + row * HOUR
    before = until(decisions(tmp_path / "as it was", columns, SCENARIO, first_day=first_day), at)
    rng = np.random.default_rng(hour)
    for name in MEASURED:
        columns[name] = columns[name].copy()
        columns[name][row:] = rng.uniform(0, 6, len(columns[name]) - row)
    assert until(decisions(tmp_path / "otherwise", columns, SCENARIO, first_day=first_day), at) == before
    told = json.loads((tmp_path / "as it was" / "out" / "summary.json").read_text())
    assert told["forecaster"]["trainings"] == 1
    assert len(before) > 24


@pytest.mark.parametrize(
    ("now_hour", "known_days"),
    [
        (11, 1),  # 12:00 in Berlin: only today is known
        (12, 2),  # 13:00 in Berlin: tomorrow has just been published
    ],
)
def test_prices_that_are_not_published_do_not_matter(tmp_path: Path, now_hour: int, known_days: int) -> None:
    columns = made_up_home(DAYS)
    day = FIRST_DAY + 1
    at = START + (day * 24 + now_hour) * HOUR
    unpublished = (day + known_days) * 24 - 1  # Berlin's midnight is 23:00 UTC
    before = until(decisions(tmp_path / "as it was", columns, SCENARIO), at)
    for name in PRICES:
        columns[name] = columns[name].copy()
        columns[name][unpublished:] = 9.0
    assert until(decisions(tmp_path / "otherwise", columns, SCENARIO), at) == before


def test_what_is_published_does_matter(tmp_path: Path) -> None:
    columns = made_up_home(DAYS)
    at = START + ((FIRST_DAY + 1) * 24 + 12) * HOUR
    before = until(decisions(tmp_path / "as it was", columns, SCENARIO), at)
    for name in PRICES:
        columns[name] = columns[name].copy()
        columns[name][(FIRST_DAY + 2) * 24 - 2 :] = 9.0  # the last hour of tomorrow's known prices
    assert until(decisions(tmp_path / "otherwise", columns, SCENARIO), at) != before


def forecasts_of(columns: dict[str, FloatArray]) -> list[IssuedForecast]:
    """Return a good solar forecast, and one of carbon, each six hours."""
    grid = TimeGrid(start=START, step=HOUR, count=DAYS * 24)
    solar = made_up_forecasts(grid, columns["pv_kw"], bias=1.3, wrong=0.1)
    carbon = [replace(one, provider="co2", quantity="carbon_g_per_kwh", mean=300 + 50 * one.mean) for one in solar]
    return sorted([*solar, *carbon], key=lambda one: one.issued_at)


@pytest.mark.parametrize("scenario", [CARBON_COUNTS, SCENARIO + PEAK], ids=["carbon", "peak charge"])
@pytest.mark.parametrize("hour", [7, 12])
def test_forecasts_issued_after_now_do_not_matter(tmp_path: Path, scenario: str, hour: int) -> None:
    columns = made_up_home(DAYS)
    at = START + ((FIRST_DAY + 1) * 24 + hour) * HOUR
    issued = forecasts_of(columns)
    whole = decisions(tmp_path / "as it was", columns, scenario, issued)
    rng = np.random.default_rng(hour)
    changed = [one if one.issued_at <= at else replace(one, mean=rng.uniform(0, 6, len(one.mean))) for one in issued]
    after = decisions(tmp_path / "otherwise", columns, scenario, changed)
    assert until(after, at) == until(whole, at)
    assert after != whole


def test_a_forecast_issued_now_does_matter(tmp_path: Path) -> None:
    columns = made_up_home(DAYS)
    at = START + ((FIRST_DAY + 1) * 24 + 6) * HOUR
    issued = forecasts_of(columns)
    thinks_then = SCENARIO + "thinking: {governor: 'fixed:1h'}\n"
    before = until(decisions(tmp_path / "as it was", columns, thinks_then, issued), at)
    changed = [one if one.issued_at != at else replace(one, mean=one.mean * 0.1) for one in issued]
    assert until(decisions(tmp_path / "otherwise", columns, thinks_then, changed), at) != before
    assert until(decisions(tmp_path / "without any", columns, thinks_then), at) != before


def test_measurements_after_now_do_not_matter_with_forecasts_either(tmp_path: Path) -> None:
    columns = made_up_home(DAYS)
    issued = forecasts_of(columns)
    row = (FIRST_DAY + 1) * 24 + 13
    before = until(decisions(tmp_path / "as it was", columns, CARBON_COUNTS, issued), START + row * HOUR)
    rng = np.random.default_rng(1)
    for name in MEASURED:
        columns[name] = columns[name].copy()
        columns[name][row:] = rng.uniform(0, 6, len(columns[name]) - row)
    after = decisions(tmp_path / "otherwise", columns, CARBON_COUNTS, issued)
    assert until(after, START + row * HOUR) == before
