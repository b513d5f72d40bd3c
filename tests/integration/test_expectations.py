"""What the home is told of days to come: announced loads and absences, from the request to the forecast."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.agent.announcing import announce
from homeagent.agent.demo import Demo
from homeagent.agent.expectations import Expectations
from homeagent.agent.view import View
from homeagent.config import load_config
from homeagent.domain.errors import PermanentError
from homeagent.domain.expectations import Absence, AnnouncedLoad, announced_kw, nobody_home
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.floor import floor_scenarios
from homeagent.store.store import Store
from homeagent.web.server import Page

ZONE = ZoneInfo("Europe/Berlin")
HALF = timedelta(minutes=30)
PORT = 8541
HEADERS = {"X-Homeagent": "test"}
MONDAY = datetime(2024, 3, 31, 22, tzinfo=UTC)


@given(
    kwh=st.floats(0.1, 90),
    minutes=st.integers(1, 2000),
    at=st.integers(-600, 2000),
    step=st.sampled_from([5, 15, 30, 60]),
)
def test_no_announced_energy_is_lost_or_made(kwh: float, minutes: int, at: int, step: int) -> None:
    load = AnnouncedLoad(
        name="x", start=MONDAY + timedelta(minutes=at), over=timedelta(minutes=minutes), energy_kwh=kwh
    )
    grid = TimeGrid(start=MONDAY - timedelta(hours=12), step=timedelta(minutes=step), count=80 * 60 // step)
    assert announced_kw((load,), grid).sum() * step / 60 == pytest.approx(kwh)


def lived(days: int, seed: int = 0) -> tuple[TimeGrid, FloatArray]:
    """Return a home's load: busy mornings and evenings, quiet nights and noons."""
    grid = TimeGrid(start=MONDAY, step=HALF, count=days * 48)
    hour = np.arange(grid.count) % 48 / 2
    busy = ((hour >= 6) & (hour < 9)) | ((hour >= 16) & (hour < 23))
    rng = np.random.default_rng(seed)
    return grid, (0.2 + 0.05 * rng.random(grid.count) + busy * rng.uniform(0.6, 1.6, grid.count)).astype(np.float64)


def past(grid: TimeGrid, load_kw: FloatArray, day: int) -> History:
    first = (day - 42) * 48
    part = TimeGrid(start=grid.at(first), step=HALF, count=42 * 48)
    return History(grid=part, load_kw=load_kw[first : day * 48], pv_kw=np.zeros(42 * 48))


def error_kw(expectations: Expectations, grid: TimeGrid, load_kw: FloatArray, day: int) -> float:
    """Return the mean absolute error of a day's expected load."""
    history = past(grid, load_kw, day)
    expectations.look(history)
    ahead = TimeGrid(start=grid.at(day * 48), step=HALF, count=48)
    scenarios = expectations.expected(floor_scenarios(expectations.without(history), ahead, ZONE), history)
    assert scenarios.weight.sum() == pytest.approx(1)
    return float(np.abs(scenarios.weight @ scenarios.load_kw - load_kw[day * 48 : (day + 1) * 48]).mean())


def test_two_weeks_away_are_found_and_spoil_nothing_afterwards(tmp_path: Path) -> None:
    grid, usual = lived(80)
    away = usual.copy()
    away[50 * 48 + 20 : 64 * 48 + 34] = 0.22
    with Store.open(tmp_path / "a.db") as store:
        told, never = Expectations(store, ZONE), Expectations(store, ZONE)
        before = np.mean([error_kw(never, grid, usual, day) for day in (66, 67)])
        gone = [error_kw(told, grid, away, day) for day in range(52, 62)]
        after = np.mean([error_kw(told, grid, away, day) for day in (66, 67)])
        untold = np.mean(
            [
                np.abs(0.22 - (floor_scenarios(past(grid, usual, day), grid_of(grid, day), ZONE)).load_kw).mean()
                for day in range(52, 62)
            ]
        )
    assert after <= 1.1 * before
    assert np.mean(gone) < 0.4 * untold
    assert "Nobody seems to be at home since" not in " ".join(told.told(grid.at(67 * 48)))


def grid_of(grid: TimeGrid, day: int) -> TimeGrid:
    return TimeGrid(start=grid.at(day * 48), step=HALF, count=48)


def test_an_absence_that_goes_on_is_told_and_ends_with_the_first_busy_hours(tmp_path: Path) -> None:
    grid, load = lived(60)
    load[50 * 48 + 20 : 53 * 48] = 0.22
    with Store.open(tmp_path / "a.db") as store:
        told = Expectations(store, ZONE)
        error_kw(told, grid, load, 53)
        assert any("Nobody seems to be at home since" in one for one in told.told(grid.at(53 * 48)))
        assert told.now_away(past(grid, load, 53)) is not None
        evening = TimeGrid(start=grid.at(11 * 48 + 35), step=HALF, count=42 * 48)
        later = History(grid=evening, load_kw=load[11 * 48 + 35 : 53 * 48 + 35], pv_kw=np.zeros(42 * 48))
        assert told.now_away(later) is None


def test_a_told_absence_is_expected_quiet(tmp_path: Path) -> None:
    grid, load = lived(50)
    gone = Absence(start=grid.at(45 * 48), end=grid.at(46 * 48))
    load[45 * 48 : 46 * 48] = 0.22
    with Store.open(tmp_path / "a.db") as store:
        assert error_kw(Expectations(store, ZONE, [gone]), grid, load, 45) < 0.05
        assert error_kw(Expectations(store, ZONE), grid, load, 45) > 0.3


def test_absences_are_configured_by_days_and_times(tmp_path: Path) -> None:
    text = (
        "home: {timezone: Europe/Berlin, away: [{from: 2026-12-24, until: 2027-01-01}, "
        '{from: "2026-07-03T15:00", until: "2026-07-05T20:30"}]}\n'
        "battery: {capacity_kwh: 10, max_charge_kw: 5, max_discharge_kw: 5}\n"
    )
    file = tmp_path / "config.yaml"
    file.write_text(text)
    winter, weekend = load_config(file).absences
    assert winter == Absence(start=datetime(2026, 12, 23, 23, tzinfo=UTC), end=datetime(2027, 1, 1, 23, tzinfo=UTC))
    assert weekend == Absence(start=datetime(2026, 7, 3, 13, tzinfo=UTC), end=datetime(2026, 7, 5, 18, 30, tzinfo=UTC))
    file.write_text(text.replace("2027-01-01", "2026-12-01"))
    with pytest.raises(PermanentError, match=r"home\.away.*ends before it begins"):
        load_config(file)


def test_an_open_absence_reaches_on() -> None:
    grid = TimeGrid(start=MONDAY, step=HALF, count=10)
    assert nobody_home((Absence(start=grid.at(4), end=None),), grid).sum() == 6


def serve(folder: Path, port: int, check: Callable[[Demo, aiohttp.ClientSession], Awaitable[None]]) -> None:
    async def inside() -> None:
        with Store.open(folder / "home.db") as store:
            demo = Demo(1, store)
            await demo.live(0.25, lambda _done, _total: None)
            async with Page(View(demo.agent), "127.0.0.1", port) as page, aiohttp.ClientSession(page.url) as client:
                await check(demo, client)

    asyncio.run(inside())


def expected_kwh(demo: Demo, start: datetime, hours: float) -> float:
    assert demo.agent.thought is not None
    load, _ = demo.agent.thought.forecasts()
    inside = announced_kw(
        (AnnouncedLoad(name="x", start=start, over=timedelta(hours=hours), energy_kwh=hours),), load.grid
    )
    return float((load.mean_kw * inside).sum() * load.grid.step.total_seconds() / 3600)


def test_an_announced_load_is_expected_planned_kept_and_no_habit(tmp_path: Path) -> None:
    async def check(demo: Demo, client: aiohttp.ClientSession) -> None:
        start = demo.clock.now().replace(minute=0) + timedelta(hours=5)
        before = expected_kwh(demo, start, 2)
        body = {"name": "car", "energy_kwh": 5, "start": start.isoformat(), "over_minutes": 120}
        async with client.post("/api/v1/announced_loads", json=body, headers=HEADERS) as answer:
            assert answer.status == 200
            told = await answer.json()
        assert told["loads"] == [
            {"name": "car", "start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "over_minutes": 120.0, "energy_kwh": 5.0}
        ]
        assert told["expected"][0].startswith("car: 5 kWh from")
        await demo.live(1 / 48, lambda _done, _total: None)
        assert expected_kwh(demo, start, 2) - before == pytest.approx(5, abs=0.3)
        again = Expectations(demo.agent.store, demo.agent.site.timezone)
        assert again.loads == demo.agent.expectations.loads
        await demo.live(8 / 24, lambda _done, _total: None)
        assert demo.agent.expectations.ahead(demo.clock.now()) == ()
        seen = demo.agent.expectations.without(demo.agent.observer.memory.history(demo.clock.now().replace(minute=0)))
        assert np.isnan(seen.load_kw[announced_kw(again.loads, seen.grid) > 0]).all()

    serve(tmp_path, PORT, check)


WRONG = [
    ({"energy_kwh": 5}, "start: is no time"),
    ({"energy_kwh": -1, "start": "2025-04-08T18:00"}, "energy_kwh: must be a number above 0"),
    ({"energy_kwh": "5", "start": "2025-04-08T18:00"}, "energy_kwh: must be a number above 0"),
    ({"energy_kwh": 500, "start": "2025-04-08T18:00"}, "more than a home can draw"),
    ({"energy_kwh": 5, "start": "2025-04-01T18:00"}, "is past"),
    ({"energy_kwh": 5, "start": "2026-04-01T18:00"}, "more than two weeks ahead"),
    ({"energy_kwh": 5, "start": "2025-03-30T02:30"}, "skipped by the clock"),
    ({"energy_kwh": 5, "start": "2025-04-08T18:00", "over_minutes": 6000}, "longer than two days"),
    ({"energy_kwh": 5, "start": "2025-04-08T18:00", "over_minutes": 60, "power_kw": 2}, "give one of them"),
    ({"energy_kwh": 5, "start": "2025-04-08T18:00", "name": "x" * 99}, "name: must be a short text"),
    ([1], "no JSON object"),
]


def test_what_no_home_can_use_is_refused(tmp_path: Path) -> None:
    async def check(demo: Demo, client: aiohttp.ClientSession) -> None:
        for body, reason in WRONG:
            async with client.post("/api/v1/announced_loads", json=body, headers=HEADERS) as answer:
                assert answer.status == 400, body
                assert reason in (await answer.json())["error"], body
        async with client.post("/api/v1/announced_loads", data="{", headers=HEADERS) as answer:
            assert answer.status == 400
        async with client.post("/api/v1/announced_loads", json={"energy_kwh": 5}) as answer:
            assert answer.status == 403
        async with client.delete("/api/v1/announced_loads/car", headers=HEADERS) as answer:
            assert answer.status == 404
        body = {"energy_kwh": 5, "start": "2025-04-08T18:00", "name": "car"}
        url = "/api/v1/announced_loads"
        async with client.post(url, json=body, headers=HEADERS), client.delete(f"{url}/car", headers=HEADERS) as answer:
            assert answer.status == 200
        assert demo.agent.expectations.loads == ()

    serve(tmp_path, PORT + 1, check)


def test_the_command_tells_the_running_agent(tmp_path: Path) -> None:
    async def check(demo: Demo, client: aiohttp.ClientSession) -> None:
        body: dict[str, object] = {
            "name": "sauna",
            "energy_kwh": 6.0,
            "start": "2025-04-08T19:00",
            "over_minutes": 120.0,
        }
        assert client.closed is False
        said = await asyncio.to_thread(announce, body, PORT + 2)
        assert said == "sauna: 6 kWh from Tue 08 Apr 19:00 to Tue 08 Apr 21:00."
        with pytest.raises(PermanentError, match="energy_kwh: must be a number above 0"):
            await asyncio.to_thread(announce, {**body, "energy_kwh": -6}, PORT + 2)
        assert json.loads(demo.agent.store.fact("announced_loads") or "")[0][0] == "sauna"

    serve(tmp_path, PORT + 2, check)
    with pytest.raises(PermanentError, match="no agent answers"):
        announce({}, PORT + 3)
