"""The picture of a day: looks, thinks, sleep, and what the home did against what was expected of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from homeagent.agent.day_picture import DAYS_KEPT, DayGallery, told_day
from homeagent.agent.demo import Demo
from homeagent.cli import main
from homeagent.domain.thinking import Depth, ThinkRecord
from homeagent.simulation.simulated_home import METER_STEP
from homeagent.store import Store

MIDNIGHT = datetime(2025, 4, 6, 22, tzinfo=UTC)
FIRST = date(2025, 4, 7)


@contextmanager
def lived(folder: Path, days: float, start: datetime = MIDNIGHT) -> Iterator[tuple[Demo, DayGallery]]:
    gallery = DayGallery()

    async def live(demo: Demo) -> None:
        for _ in range(round(timedelta(days=days) / METER_STEP)):
            await demo.agent.tick()
            gallery.look(demo.agent)
            demo.home.advance()
            demo.clock.advance_to(demo.home.now)
        await demo.agent.finish()

    with Store.open(folder / "home.db", lasting=False) as store:
        demo = Demo(1, store, start=start)
        asyncio.run(live(demo))
        yield demo, gallery


def known(values: list[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def test_a_day_that_is_over_is_told_whole(tmp_path: Path) -> None:
    with lived(tmp_path, 1.5) as (demo, _):
        day: dict[str, Any] = dict(told_day(demo.agent, FIRST))
        records = demo.agent.store.thinks_between(MIDNIGHT, MIDNIGHT + timedelta(days=1))
    assert day["count"] == len(day["net_kw"]) == 288
    assert day["over"]
    assert len(known(day["net_kw"])) == len(known(day["import_price_per_kwh"])) == 288
    assert len(day["thinks"]) == len(records) >= 3
    assert day["thinks"][0]["at"] == "2025-04-06T22:00:00Z"
    assert sum(known(day["looks"])) == pytest.approx(6 * 288, abs=12)  # six readings every five minutes
    assert 0.9 < day["asleep"] < 1
    assert re.search(r"thought \d+ times, \d+ ms in all and looked at 1,7\d\d readings", day["sentence"])
    low, mean, high = (np.array(day[f"net_expected_{name}"], dtype=float) for name in ("low_kw", "mean_kw", "high_kw"))
    net = np.array(day["net_kw"], dtype=float)
    assert (low <= high).all()
    held = ((net >= low) & (net <= high)).mean()
    assert 0.4 < held < 0.98  # a band of hours cannot hold every five minutes, nor should it hold all
    assert np.corrcoef(mean, net)[0, 1] > 0.4


def test_the_present_day_is_told_as_far_as_it_has_come(tmp_path: Path) -> None:
    with lived(tmp_path, 1.5) as (demo, _):
        day: dict[str, Any] = dict(told_day(demo.agent))
    assert day["day"] == "2025-04-08"
    assert day["days"] == ["2025-04-08", "2025-04-07"]
    assert not day["over"]
    assert len(known(day["net_kw"])) == 144
    assert day["net_kw"][144:] == [None] * 144
    assert len(known(day["import_price_per_kwh"])) == 288  # published ahead
    assert None not in day["net_expected_low_kw"]
    assert "so far" in day["sentence"]


def test_the_band_is_what_the_newest_plan_of_each_moment_expected(tmp_path: Path) -> None:
    with lived(tmp_path, 1.5) as (demo, _):
        day: dict[str, Any] = dict(told_day(demo.agent))
        forecasts = demo.agent.store.forecasts_between("net_kw", MIDNIGHT, MIDNIGHT + timedelta(days=2))
    midnight = MIDNIGHT + timedelta(days=1)
    assert any(forecast.grid.start < midnight < forecast.grid.end for forecast in forecasts)
    for step, low in enumerate(day["net_expected_low_kw"]):
        at = midnight + step * METER_STEP
        newest = [forecast for forecast in forecasts if forecast.grid.start <= at < forecast.grid.end][-1]
        assert low == pytest.approx(newest.low_kw[newest.grid.index_of(at)], abs=1e-4), at


@pytest.mark.parametrize(("start", "count"), [(datetime(2025, 3, 29, 23, tzinfo=UTC), 276), (MIDNIGHT, 288)])
def test_a_day_may_have_23_hours(tmp_path: Path, start: datetime, count: int) -> None:
    with lived(tmp_path, count / 288, start) as (demo, _):
        day: dict[str, Any] = dict(told_day(demo.agent, start.astimezone(demo.agent.site.timezone).date()))
    assert day["count"] == count
    assert len(known(day["net_kw"])) == count


@pytest.mark.parametrize("day", [date(2024, 1, 1), date(2031, 1, 1)])
def test_of_a_day_without_the_agent_nothing_is_known(tmp_path: Path, day: date) -> None:
    with lived(tmp_path, 0.1) as (demo, _):
        told: dict[str, Any] = dict(told_day(demo.agent, day))
    assert known(told["net_kw"]) == []
    assert known(told["looks"]) == []
    assert told["thinks"] == []
    assert "did not think" in told["sentence"]
    json.dumps(told, allow_nan=False)


@pytest.mark.parametrize(
    ("worth", "depth", "words"),
    [
        (0.14, "full", "13:02 new prices were published: worth 0.14 EUR, took 6 ms"),
        (0.001, "full", "13:02 new prices were published: worth less than a cent, took 6 ms"),
        (None, "floor", "13:02 new prices were published: took 6 ms, on the recent days alone"),
    ],
)
def test_a_think_is_told_in_words(tmp_path: Path, worth: float | None, depth: Depth, words: str) -> None:
    at = MIDNIGHT + timedelta(hours=13, minutes=2)
    with lived(tmp_path, 0.1) as (demo, _):
        record = ThinkRecord(
            at=at,
            wake="new prices were published",
            depth=depth,
            cpu_seconds=0.0061,
            worth=worth,
            next_at=at + timedelta(hours=2),
        )
        demo.agent.store.write_think(record)
        day: dict[str, Any] = dict(told_day(demo.agent, FIRST))
    assert day["thinks"][-1]["words"] == words


def test_a_gallery_keeps_each_day_though_the_store_forgets(tmp_path: Path) -> None:
    with lived(tmp_path, 2.2) as (demo, gallery):
        gallery.close(demo.agent)
    assert list(gallery.pictures) == [FIRST + timedelta(days=ahead) for ahead in range(3)]
    whole: dict[str, Any] = dict(gallery.pictures[FIRST])
    assert len(known(whole["net_kw"])) == 288
    assert DAYS_KEPT > 3


def test_the_report_shows_the_day_with_the_pages_own_script(tmp_path: Path) -> None:
    runner = CliRunner()
    home, out = str(tmp_path / "home.csv.gz"), tmp_path / "out"
    told = ["simulate", "--days", "5", "--step", "15m", "--seed", "2", "--out", home]
    assert runner.invoke(main, told).exit_code == 0
    told = ["backtest", "--data", home, "--scenario", str(tmp_path / "scenario.yaml"), "--start", "2025-03-03"]
    done = runner.invoke(main, [*told, "--no-bound", "--out", str(out)])
    assert done.exit_code == 0, done.output
    page = (out / "report.html").read_text()
    data = re.search(r"<script type='application/json' id=day-data>(.*?)</script>", page, re.DOTALL)
    assert data is not None
    days = json.loads(data[1])
    assert sorted(day["day"] for day in days) == ["2025-03-03", "2025-03-04", "2025-03-05"]
    assert all(len(day["thinks"]) >= 2 and None not in day["net_kw"] for day in days)
    assert "function drawDay(" in page
