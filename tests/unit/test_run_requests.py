"""From what is asked of an appliance to a run with its window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from water_tasks import washing

from homeagent.domain.devices import DeviceState
from homeagent.domain.grid import TimeGrid
from homeagent.domain.habits import ApplianceRuns, UsualTime
from homeagent.domain.tasks import ApplianceTask
from homeagent.domain.wishes import ApplianceWish
from homeagent.forecasting.run_requests import Ask, next_time, run_request

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 1, 5, 18, tzinfo=UTC)  # 19:00 on the clock
GRID = TimeGrid(start=NOW, step=timedelta(minutes=15), count=192)
IDLE = DeviceState(name="washing", at=NOW, on=False, power_kw=0.0)
LOADED = DeviceState(name="washing", at=NOW, on=False, ready_to_run=True, since=NOW - timedelta(hours=2))
USUAL = ApplianceRuns(
    name="washing",
    runs_per_week=5,
    energy_kwh=1,
    hours=1.7,
    usual_start=UsualTime(hour=9.0, spread_hours=0.5, days=20, of_days=25),
    usual_weekdays=(),
)
HOUR = timedelta(hours=1)


def asked(wish: ApplianceWish | None = None, **told: object) -> ApplianceTask:
    task = run_request(washing(), wish or ApplianceWish(), LOADED, Ask(asked_at=NOW, **told), GRID, BERLIN)  # type: ignore[arg-type]  # a test's shorthand
    assert task is not None
    return task


def test_nothing_asked_is_no_run() -> None:
    assert run_request(washing(), ApplianceWish(), IDLE, None, GRID, BERLIN) is None


def test_ready_by_seven_is_the_end_of_the_slot_before() -> None:
    task = asked(ready_by=datetime(2026, 1, 6, 6, tzinfo=UTC))
    assert (task.first, task.last) == (0, 47)
    assert task.begun_min is None


def test_a_run_that_is_announced_for_later_begins_no_sooner() -> None:
    assert asked(from_at=NOW + timedelta(minutes=50)).first == 4


def test_a_deadline_in_the_past_leaves_a_late_run() -> None:
    assert asked(ready_by=NOW - HOUR).last == -5


def test_without_a_time_it_is_wanted_within_a_day_of_being_asked_for() -> None:
    task = run_request(washing(), ApplianceWish(), LOADED, None, GRID, BERLIN)
    assert task is not None
    assert task.last == (24 - 2) * 4 - 1


def test_habits_say_when_it_has_to_be_empty_again() -> None:
    task = run_request(washing(), ApplianceWish(), LOADED, None, GRID, BERLIN, usual=USUAL)
    assert task is not None
    assert GRID.at(task.last + 1).astimezone(BERLIN).hour == 8


def test_a_wish_for_a_time_of_day_is_a_deadline() -> None:
    task = asked(ApplianceWish(ready_by_min=7 * 60))
    assert GRID.at(task.last + 1).astimezone(BERLIN) == datetime(2026, 1, 6, 7, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("from_min", "until_min", "first", "last_start"), [(22 * 60, 6 * 60, 12, 44), (0, 1140, 20, 96)]
)
def test_a_window_says_when_it_may_start(from_min: int, until_min: int, first: int, last_start: int) -> None:
    task = asked(ApplianceWish(from_min=from_min, until_min=until_min))
    assert task.first == first
    assert task.last == min(last_start * 15 + 100, 24 * 60) // 15 - 1


def test_what_a_run_may_cost_is_the_persons_word_before_the_wish() -> None:
    assert asked(ApplianceWish(at_most=0.3)).at_most == 0.3
    assert asked(ApplianceWish(at_most=0.3), at_most=0.2).at_most == 0.2


def test_a_run_under_way_cannot_be_asked_for() -> None:
    running = DeviceState(name="washing", at=NOW, on=True, power_kw=1.9, since=NOW - timedelta(minutes=25))
    task = run_request(washing(), ApplianceWish(), running, Ask(asked_at=NOW), GRID, BERLIN)
    assert task is not None
    assert task.begun_min == 25
    unknown = DeviceState(name="washing", at=NOW, on=True)
    task = run_request(washing(), ApplianceWish(), unknown, None, GRID, BERLIN)
    assert task is not None
    assert task.begun_min == 0


def test_switched_on_and_idle_is_not_running() -> None:
    state = DeviceState(name="washing", at=NOW, on=True, power_kw=0.001)
    assert run_request(washing(), ApplianceWish(), state, None, GRID, BERLIN) is None


def test_one_run_a_day_is_todays_until_it_has_run() -> None:
    wish = ApplianceWish(daily=True)
    today = run_request(washing(), wish, IDLE, None, GRID, BERLIN)
    tomorrow = run_request(washing(), wish, IDLE, None, GRID, BERLIN, ran_today=True)
    assert today is not None
    assert tomorrow is not None
    assert (today.first, today.last) == (0, 19)
    assert (tomorrow.first, tomorrow.last) == (20, 115)


def test_the_same_time_of_day_on_a_day_whose_clock_changes() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert next_time(before, 7 * 60, BERLIN) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert next_time(before, 14 * 60, BERLIN) == datetime(2026, 3, 28, 13, tzinfo=UTC)
