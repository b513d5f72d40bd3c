"""Who is at home: told by entities, remembered, kept apart from habits, and taken into account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.agent.expectations import Expectations
from homeagent.config import load_config
from homeagent.domain.errors import InputError
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import Course, course_of, part_of
from homeagent.hass.entities import EntityState
from homeagent.hass.presence import somebody_home
from homeagent.learning.lesson import Say
from homeagent.learning.training import Request, train
from homeagent.store.store import Store

NOW = datetime(2024, 4, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def state(entity: str, shown: str) -> EntityState:
    return EntityState(entity_id=entity, state=shown, updated_at=NOW)


@pytest.mark.parametrize(
    ("told", "somebody"),
    [
        ([state("person.anna", "home"), state("person.ben", "Work")], True),
        ([state("person.anna", "not_home"), state("person.ben", "Work")], False),
        ([state("person.anna", "not_home"), state("person.ben", "unavailable")], None),
        ([state("person.anna", "not_home"), None], None),
        ([state("zone.home", "2")], True),
        ([state("zone.home", "0")], False),
        ([state("zone.home", "many")], None),
        ([state("input_boolean.home", "on")], True),
        ([], None),
    ],
)
def test_one_who_is_there_is_enough_and_nobody_must_be_known(
    told: list[EntityState | None],
    somebody: bool | None,  # noqa: FBT001 - a case of the table
) -> None:
    assert somebody_home(told) is somebody


def test_only_what_says_who_is_at_home_is_taken(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(
        "home: {presence: [sensor.power]}\nbattery: {capacity_kwh: 10, max_charge_kw: 5, max_discharge_kw: 5}\n"
    )
    with pytest.raises(InputError, match=r"home\.presence.*does not say who is at home"):
        load_config(file)


def test_a_told_absence_is_no_habit_and_a_working_day_is_none(tmp_path: Path) -> None:
    grid = TimeGrid(start=NOW, step=HOUR, count=42 * 24)
    hour = np.arange(grid.count)
    gone = ((hour % 24 >= 8) & (hour % 24 < 17)) | ((hour >= 20 * 24) & (hour < 24 * 24))
    history = History(grid=grid, load_kw=np.full(grid.count, 0.4), pv_kw=np.zeros(grid.count))

    def presence(asked: TimeGrid) -> FloatArray:
        assert asked == grid
        return gone.astype(np.float64)

    with Store.open(tmp_path / "a.db") as store:
        told = Expectations(store, ZoneInfo("UTC"), presence=presence)
        told.look(history)
        away = np.flatnonzero(np.isnan(told.without(history).load_kw))
    assert (away[0], away[-1]) == (20 * 24, 24 * 24 - 1)
    assert len(away) == 4 * 24


def restless_home(days: int) -> Course:
    """Return a home whose people are away now and then, which its load does not show before they should be up."""
    rng = np.random.default_rng(4)
    grid = TimeGrid(start=NOW, step=HOUR, count=days * 24)
    gone = np.zeros(grid.count)
    at = 0
    while at < grid.count:
        at += int(rng.integers(12, 60))
        length = int(rng.integers(12, 60))
        gone[at : at + length] = 1.0
        at += length
    hour = np.arange(grid.count) % 24
    up = ((hour >= 6) & (hour < 9)) | ((hour >= 17) & (hour < 22))
    there = (1 - gone) * up * rng.uniform(0.8, 1.2, grid.count)
    whole = TimeGrid(start=NOW, step=HOUR, count=grid.count + 24)
    history = History(grid=grid, load_kw=0.15 + there, pv_kw=np.full(grid.count, np.nan))
    return course_of(history, local_calendar(whole, ZoneInfo("UTC"), None), nobody_home=gone)


def loss(course: Course) -> float:
    say: Say = lambda _line: None  # noqa: E731 - nobody listens
    request = Request(
        course=course, ahead=24, made_at=course.past.end, budget="normal", kind="float32", with_teacher=False
    )
    model = train(request, say).model
    assert model is not None
    marks = model.students["load"].marks
    assert marks is not None
    return marks.pinball_kw


def test_a_student_that_knows_who_is_there_forecasts_better() -> None:
    course = restless_home(200)
    blind = course_of(
        History(grid=course.past, load_kw=course.load_kw, pv_kw=course.pv_kw), course.calendar, nobody_home=None
    )
    assert loss(course) < 0.99 * loss(blind)
    kept = part_of(course, 24, 96, 24).nobody_home
    assert course.nobody_home is not None
    assert kept is not None
    np.testing.assert_array_equal(kept, course.nobody_home[24:96])
