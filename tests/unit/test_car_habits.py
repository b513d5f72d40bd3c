"""When a car leaves and comes, from its user's own sessions: what is learned, and what nobody could know yet."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.domain.car_sessions import CarSession
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.forecasting.car_habits import CarHabits
from homeagent.simulation.session_file import read_sessions

DATA = os.environ.get("HOMEAGENT_DATA") or None
OSLO = ZoneInfo("Europe/Oslo")
DAY = timedelta(days=1)
EVENING = datetime(2026, 2, 2, 17, tzinfo=OSLO).astimezone(UTC)
HOURS = np.arange(25.0)


def commuter(days: int, *, visits: bool = False) -> list[CarSession]:
    """A car that comes at 17 and leaves at 7; with `visits` it is gone from 17:45 on every third evening."""
    found = []
    for back in range(days, 0, -1):
        start = EVENING - back * DAY
        hours = 0.75 if visits and back % 3 == 0 else 14.0
        found.append(CarSession(plug_in=start, plug_out=start + timedelta(hours=hours), energy_kwh=12.0))
    return found


def lasts(leaves: FloatArray) -> FloatArray:
    return np.append(1.0, np.cumprod(1 - leaves))


def test_a_car_that_leaves_at_seven_is_expected_to_leave_at_seven() -> None:
    stays = lasts(CarHabits.of(commuter(30), OSLO).leaves(EVENING, 12.0, HOURS))
    assert stays[12] > 0.97
    assert stays[16] < 0.15


def test_evenings_on_which_it_goes_out_again_count_as_often_as_they_were() -> None:
    habits = CarHabits.of(commuter(60, visits=True), OSLO)
    stays = lasts(habits.leaves(EVENING, 12.0, HOURS))
    assert 0.15 < 1 - stays[2] < 0.5
    stays_after = lasts(habits.leaves(EVENING, 12.0, HOURS))[12] / stays[2]
    assert stays_after > 0.9  # once it is still there at 19:00, it stays


def test_nothing_of_later_sessions_is_known() -> None:
    known = commuter(30)
    later = [
        CarSession(plug_in=EVENING + k * DAY, plug_out=EVENING + k * DAY + timedelta(hours=1), energy_kwh=5.0)
        for k in range(9)
    ]
    running = CarSession(plug_in=EVENING - timedelta(hours=3), plug_out=EVENING + timedelta(hours=1), energy_kwh=9.0)
    alone, beside = CarHabits.of(known, OSLO), CarHabits.of([*known, running, *later], OSLO)
    assert np.array_equal(alone.leaves(EVENING, 12.0, HOURS), beside.leaves(EVENING, 12.0, HOURS))
    assert beside.words(EVENING) == "as learned from 30 earlier stays"


def test_without_sessions_it_goes_by_a_generic_day_and_says_so() -> None:
    nobody = CarHabits.of([], OSLO)
    leaves = nobody.leaves(EVENING, 12.0, HOURS)
    assert leaves.argmax() == 14  # 7 o'clock
    assert ((leaves > 0) & (leaves < 1)).all()
    assert nobody.words(EVENING) == "as cars usually leave: none of its stays is known yet"
    assert CarHabits.of(commuter(3), OSLO).words(EVENING).startswith("as cars usually leave: only 3 ")
    assert nobody.asks_kwh(EVENING)[0] == pytest.approx(10.0)


def test_a_slot_before_the_plug_in_has_no_chance_and_hours_plugged_in_count() -> None:
    habits = CarHabits.of(commuter(30), OSLO)
    grid = TimeGrid(start=EVENING - timedelta(hours=1), step=timedelta(minutes=15), count=96)
    leaves = habits.leaves_in(grid, EVENING, 12.0)
    assert (leaves[:4] == 0).all()
    later = habits.leaves_in(TimeGrid(start=EVENING + timedelta(hours=8), step=grid.step, count=16), EVENING, 12.0)
    assert later == pytest.approx(leaves[36:52])


def test_it_comes_when_it_usually_comes_and_asks_what_it_usually_asks() -> None:
    habits = CarHabits.of(commuter(40), OSLO)
    left = EVENING - 10 * timedelta(hours=1)
    grid = TimeGrid(start=left, step=timedelta(hours=1), count=24)
    comes = habits.until(left).comes_in(grid, left)
    away = lasts(comes)
    assert away[9] > 0.9
    assert away[12] < 0.2
    usual, low, high = habits.asks_kwh(EVENING)
    assert usual == pytest.approx(12.0)
    assert low == pytest.approx(12.0)
    assert high == pytest.approx(12.0)


@pytest.mark.homes
@pytest.mark.skipif(DATA is None, reason="needs HOMEAGENT_DATA")
def test_of_real_cars_as_many_leave_as_was_expected() -> None:
    sessions = read_sessions(Path(str(DATA)) / "ev_sessions_no" / "sessions.csv.gz")
    by_user: dict[str, list[CarSession]] = {}
    for one in sessions:
        by_user.setdefault(one.user, []).append(one.stay)
    expected, happened, asks = [], [], []
    for stays in list(by_user.values())[::3]:
        habits = CarHabits.of(stays, OSLO)
        for stay in stays:
            edges = np.arange(13.0)
            chances = habits.leaves(stay.plug_in, stay.energy_kwh, edges)
            reached = edges[:-1] < stay.hours
            expected.append(chances[reached])
            happened.append((edges[1:] >= stay.hours)[reached])
            _, low, high = habits.asks_kwh(stay.plug_in)
            asks.append(low <= stay.energy_kwh <= high)
    chance, gone = np.concatenate(expected), np.concatenate(happened)
    for low, high in ((0.0, 0.01), (0.01, 0.05), (0.05, 0.2), (0.2, 0.6)):
        within = (chance >= low) & (chance < high)
        assert chance[within].mean() / 2 < gone[within].mean() + 0.001 < chance[within].mean() * 2 + 0.001, (low, high)
    assert 0.72 < np.mean(asks) < 0.9  # eight of ten
