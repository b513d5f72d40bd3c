"""Habits that a made-up home is known to have are found, and those that it has not are not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.habits import MOMENTS, DayKind, Habits, Moment, NotSeen, UsualTime
from homeagent.forecasting.appliance_runs import runs_of
from homeagent.forecasting.calendar import LocalCalendar, local_calendar
from homeagent.forecasting.habit_words import clock, sentences
from homeagent.forecasting.habits import habits_of

ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2024, 9, 2, 22, tzinfo=UTC)
"""A Tuesday's local midnight; the clock goes back on 27 October."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """When a made-up household wakes, leaves, returns and sleeps [local hour], what it draws then [kW]."""

    wake: float = 6.5
    leave: float = 8.0
    back: float = 17.0
    sleep: float = 22.5
    standby_kw: float = 0.15
    busy_kw: float = 0.9
    step: timedelta = timedelta(minutes=15)


def grid_of(days: int, step: timedelta) -> tuple[TimeGrid, LocalCalendar]:
    grid = TimeGrid(start=START, step=step, count=days * (timedelta(days=1) // step))
    return grid, local_calendar(grid, ZONE, None)


def lived(life: Life, calendar: LocalCalendar, seed: int = 0) -> FloatArray:
    """Return the load of a home: workdays as told, at home all day on weekends."""
    rng = np.random.default_rng(seed)
    hour = (calendar.day_share * 24) % 24
    up = (hour >= life.wake) & (hour < life.sleep)
    gone = (hour >= life.leave) & (hour < life.back) & ~calendar.day_off
    fridge = 0.06 * (rng.random(len(hour)) < 0.4)
    busy = np.where(up & ~gone, life.busy_kw * rng.uniform(0.5, 1.6, len(hour)), 0.0)
    return (life.standby_kw + fridge + busy).astype(np.float64)


def time_of(habits: Habits, kind: DayKind, moment: Moment) -> UsualTime:
    found = habits.times[kind][moment]
    assert isinstance(found, UsualTime), found
    return found


LIVES = st.builds(
    Life,
    wake=st.floats(5, 8),
    leave=st.floats(8.75, 9.5),
    back=st.floats(14.5, 18.5),
    sleep=st.floats(20.5, 23.9),
    standby_kw=st.floats(0.03, 0.4),
    busy_kw=st.floats(0.6, 3.0),
    step=st.sampled_from([timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]),
)


@given(life=LIVES, seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_hours_of_a_life_are_found(life: Life, seed: int) -> None:
    _, calendar = grid_of(60, life.step)
    habits = habits_of(lived(life, calendar, seed), calendar)
    off_h = max(life.step / timedelta(hours=1), 0.5) + 0.01
    for moment, told in zip(MOMENTS, (life.wake, life.leave, life.back, life.sleep), strict=True):
        assert abs(time_of(habits, "workday", moment).hour - told) <= off_h, moment
    assert isinstance(habits.times["day off"]["leave"], NotSeen)
    assert abs(time_of(habits, "day off", "wake").hour - life.wake) <= off_h
    assert habits.standby_kw is not None
    assert life.standby_kw - 0.001 <= habits.standby_kw <= life.standby_kw + 0.061


def test_a_moment_that_moved_is_told_with_its_day() -> None:
    _, calendar = grid_of(70, timedelta(minutes=15))
    late = lived(replace(Life(), wake=8.0, leave=9.5), calendar)
    load = np.where(np.arange(len(late)) < 45 * 96, lived(Life(), calendar), late)
    habits = habits_of(load, calendar)
    wake = time_of(habits, "workday", "wake")
    assert abs(wake.hour - 8.0) <= 0.5
    assert wake.shift is not None
    assert abs(wake.shift.since - date(2024, 10, 18)) <= timedelta(days=3)
    assert any("1.5 h later since about" in one for one in sentences(habits))


@pytest.mark.parametrize(
    ("load", "reason"),
    [
        (np.full(60 * 96, 0.3), "same at all hours"),
        (np.full(60 * 96, np.nan), "only 0 such days"),
        (np.random.default_rng(1).uniform(0.1, 0.12, 60 * 96), "same at all hours"),
    ],
)
def test_where_nothing_can_be_seen_nothing_is_invented(load: FloatArray, reason: str) -> None:
    _, calendar = grid_of(60, timedelta(minutes=15))
    habits = habits_of(load, calendar)
    wake = habits.times["workday"]["wake"]
    assert isinstance(wake, NotSeen)
    assert reason in wake.reason
    assert all("wakes" not in one for one in sentences(habits))


def test_two_weeks_away_are_no_habit() -> None:
    _, calendar = grid_of(60, timedelta(minutes=15))
    load, away = lived(Life(), calendar), np.zeros(60 * 96, dtype=np.bool_)
    away[30 * 96 : 44 * 96] = True
    load[away] = 0.15
    assert habits_of(load, calendar, away).kwh_per_day == pytest.approx(
        habits_of(lived(Life(), calendar), calendar).kwh_per_day, rel=0.05
    )
    assert habits_of(load, calendar, away).days == 46


@given(start=st.floats(0, 23.75), hours=st.floats(0.5, 2), kw=st.floats(0.3, 2.5), every=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_runs_of_an_appliance_are_counted(start: float, hours: float, kw: float, every: int) -> None:
    grid, calendar = grid_of(42, timedelta(minutes=15))
    day, slot = np.divmod(np.arange(grid.count), 96)
    since_h = (slot - round(start * 4)) / 4
    running = (day % every == 0) & (since_h >= 0) & (since_h < hours)
    found = runs_of("dishwasher", np.where(running, kw, 0.002), calendar)
    assert found is not None
    assert abs(found.runs_per_week - 7 / every) <= 0.4
    assert found.energy_kwh <= kw * (hours + 0.25) + 0.01
    assert isinstance(found.usual_start, UsualTime)
    assert abs((found.usual_start.hour - start + 12) % 24 - 12) <= 0.26


def test_an_appliance_that_hardly_ran_has_no_habit() -> None:
    _, calendar = grid_of(42, timedelta(minutes=15))
    assert runs_of("oven", np.full(42 * 96, 0.001), calendar) is None
    assert runs_of("oven", np.full(42 * 96, np.nan), calendar) is None


def test_a_clock_shows_quarters() -> None:
    assert [clock(hour) for hour in (6.6, 23.99, 24.5, 0.1)] == ["06:30", "00:00", "00:30", "00:00"]
