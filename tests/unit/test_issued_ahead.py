"""Forecasts of others as features: what was known at an origin and nothing later, in training and in service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homeagent.agent.issue_book import EPOCH, IssueBook
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast, IssuedQuantity
from homeagent.forecasting.issued_ahead import NAMES, IssuedAhead

START = datetime(2024, 6, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AHEAD = 24
COURSE = TimeGrid(start=START, step=HOUR, count=10 * 24)


def issued(at: datetime, value: float, quantity: IssuedQuantity = "temp_c", hours: int = 48) -> IssuedForecast:
    grid = TimeGrid(start=at, step=HOUR, count=hours)
    return IssuedForecast(provider="made up", quantity=quantity, issued_at=at, grid=grid, mean=np.full(hours, value))


def heard(*forecasts: IssuedForecast) -> IssuedAhead:
    book = IssueBook(HOUR, AHEAD, timedelta(days=400))
    for forecast in forecasts:
        book.add(forecast)
    found = book.on(COURSE)
    assert found is not None
    return found


def at(known: IssuedAhead, origin: int, name: str = "temp_c") -> FloatArray:
    return np.asarray(known.at(np.array([origin]), AHEAD)[NAMES.index(name), 0])


def test_an_origin_sees_the_newest_issue_before_it_and_none_after() -> None:
    known = heard(issued(START + 5 * HOUR, 1.0), issued(START + 10 * HOUR, 2.0), issued(START + 30 * HOUR, 3.0))
    assert np.isnan(at(known, 4)).all()
    assert list(at(known, 9)[:24]) == [1.0] * 24
    assert list(at(known, 10)) == [2.0] * 24
    assert at(known, 29)[0] == 2.0
    assert at(known, 30)[0] == 3.0


@pytest.mark.parametrize("origin", [20, 31, 47, 100])
def test_later_issues_change_nothing_at_an_origin(origin: int) -> None:
    rng = np.random.default_rng(3)
    times = [START + float(hour) * HOUR for hour in np.sort(rng.uniform(-20, 200, 80))]
    forecasts = [issued(when, float(rng.uniform(0, 5))) for when in times]
    changed = [one if one.issued_at <= COURSE.at(origin) else issued(one.issued_at, 99.0) for one in forecasts]
    origins = np.arange(max(origin - 30, 0), origin + 1)
    np.testing.assert_array_equal(heard(*forecasts).at(origins, AHEAD), heard(*changed).at(origins, AHEAD))
    assert (heard(*changed).at(np.array([origin + 30]), AHEAD)[NAMES.index("temp_c")] == 99.0).any()


def test_an_issue_inside_a_slot_is_known_from_the_next_slot_on() -> None:
    known = heard(issued(START + 5.5 * HOUR, 1.0))
    assert np.isnan(at(known, 5)).all()
    assert at(known, 6)[0] == 1.0


def test_what_stands_still_for_more_than_a_day_is_a_gap() -> None:
    known = heard(issued(START, 1.0, hours=200))
    assert at(known, 24)[0] == 1.0
    assert np.isnan(at(known, 24 + 2 + 24)).all()


def test_quantities_are_kept_beside_each_other_and_those_that_no_student_looks_at_left_out() -> None:
    clouds, wind = issued(START + HOUR, 0.5, "cloud_fraction"), issued(START + 2 * HOUR, 9.0, "wind_m_s")
    known = heard(issued(START, 1.0), clouds, wind, issued(START + 3 * HOUR, 4.0, "pv_kw"))
    assert list(known.since - known.since[0]) == [0, 1]
    assert at(known, 1)[0] == 1.0
    assert at(known, 1, "cloud_fraction")[0] == 0.5


def test_a_later_part_of_a_course_sees_the_same() -> None:
    known = heard(issued(START, 1.0), issued(START + 40 * HOUR, 2.0))
    np.testing.assert_array_equal(at(known.from_slot(30), 15), at(known, 45))


def test_old_issues_are_thinned_out_and_forgotten() -> None:
    book = IssueBook(timedelta(minutes=30), 48, timedelta(days=20))
    for half_hour in range(48 * 30):
        book.add(issued(START + half_hour * HOUR / 2, 1.0))
    known = book.on(TimeGrid(start=EPOCH, step=HOUR / 2, count=1))
    assert known is not None
    assert 20 * 8 - 2 <= len(known.since) <= 20 * 8 + 3
