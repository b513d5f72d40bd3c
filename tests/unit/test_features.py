"""What a forecaster is told is the same in training and in serving, and nothing of it is from the future."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.config.places import place_of_zone
from homeagent.domain.grid import TimeGrid
from homeagent.domain.history import History
from homeagent.domain.site import Place
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import DAYS_BACK, FEATURES, LEVELS, Course, course_of, part_of
from homeagent.forecasting.issued_ahead import NAMES, IssuedAhead
from homeagent.forecasting.learned import QUANTITIES, Quantity, rows_of
from homeagent.forecasting.sun import sun_height

BERLIN = Place(latitude_deg=52.5, longitude_deg=13.4, country="DE")
ZONE = ZoneInfo("Europe/Berlin")


def course(
    days: int, step: timedelta, seed: int = 0, start: datetime = datetime(2024, 2, 20, tzinfo=UTC), ahead: int = 0
) -> Course:
    """Return a made-up home across a change of the clock, with gaps and a spike."""
    rng = np.random.default_rng(seed)
    per_day = timedelta(days=1) // step
    grid = TimeGrid(start=start, step=step, count=days * per_day)
    hour = np.arange(grid.count) % per_day * 24 / per_day
    load = 0.3 + np.exp(-((hour - 18) ** 2) / 6) + rng.gamma(1.5, 0.2, grid.count)
    pv = 3 * np.repeat(rng.uniform(0.2, 1, days), per_day) * np.maximum(np.cos((hour - 12) / 12 * np.pi) - 0.2, 0)
    load[rng.integers(0, grid.count, 60)] = np.nan
    pv[rng.integers(0, grid.count, 60)] = np.nan
    load[grid.count // 2] = 60.0
    whole = TimeGrid(start=start, step=step, count=grid.count + (ahead or per_day))
    since = np.arange(-3, grid.count, 5)  # others said something each fifth slot, for a day and a bit
    issued = IssuedAhead(since=since, values=rng.uniform(0, 1, (len(since), len(NAMES), per_day + 7)))
    return course_of(History(grid=grid, load_kw=load, pv_kw=pv), local_calendar(whole, ZONE, BERLIN), issued=issued)


@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("step_minutes", [30, 60])
def test_training_and_serving_give_the_same_numbers(quantity: Quantity, step_minutes: int) -> None:
    long = course(80, timedelta(minutes=step_minutes))
    per_day, ahead = long.per_day, long.per_day
    origins = np.arange(35 * per_day, 79 * per_day, 5)  # all at once, as in training
    trained = rows_of(quantity, long, origins, ahead)
    for row in (0, 17, len(origins) - 1):
        origin = int(origins[row])
        served = part_of(long, origin - (DAYS_BACK + 1) * per_day, origin, ahead)  # only what a running agent keeps
        alone = rows_of(quantity, served, np.array([served.past.count]), ahead)
        for name in ("inputs", "base", "scale_kw", "most", "counts"):
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(trained, name)[row], err_msg=name)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_nothing_at_or_after_the_origin_matters(quantity: Quantity) -> None:
    long = course(60, timedelta(hours=1))
    origin = 50 * 24 + 7
    before = rows_of(quantity, long, np.array([origin]), 24)
    load, pv = long.load_kw.copy(), long.pv_kw.copy()
    load[origin:], pv[origin:] = 9.9, 9.9
    history = History(grid=long.past, load_kw=load, pv_kw=pv)
    assert long.issued is not None
    late = long.issued.since > origin
    issued = replace(long.issued, values=np.where(late[:, None, None], 9.9, long.issued.values))
    after = rows_of(quantity, course_of(history, long.calendar, issued=issued), np.array([origin]), 24)
    np.testing.assert_array_equal(before.inputs, after.inputs)
    np.testing.assert_array_equal(before.base, after.base)


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_rows_are_as_wide_as_is_told_and_a_spike_is_cut(quantity: Quantity) -> None:
    rows = rows_of(quantity, course(45, timedelta(hours=1)), np.array([30 * 24, 40 * 24]), 24)
    assert rows.inputs.shape == (2, 24, FEATURES[quantity])
    assert rows.base.shape == (2, 24, len(LEVELS))
    assert (np.diff(rows.base, axis=-1) >= 0).all()
    assert (rows.base * rows.scale_kw[:, None, None] < 10).all()


def test_an_empty_home_gives_finite_bases() -> None:
    empty = course(45, timedelta(hours=1))
    history = History(grid=empty.past, load_kw=np.full(45 * 24, np.nan), pv_kw=np.full(45 * 24, np.nan))
    for quantity in QUANTITIES:
        rows = rows_of(quantity, course_of(history, empty.calendar), np.array([44 * 24]), 24)
        assert np.isfinite(rows.base).all()


def test_holidays_are_days_off() -> None:
    grid = TimeGrid(start=datetime(2024, 12, 24, 23, tzinfo=UTC), step=timedelta(hours=1), count=24)  # Christmas
    assert local_calendar(grid, ZONE, BERLIN).day_off.all()
    assert not local_calendar(grid, ZONE, None).day_off.any()


def test_the_sun_is_highest_at_noon_and_in_summer() -> None:
    day = TimeGrid(start=datetime(2024, 6, 21, tzinfo=UTC), step=timedelta(minutes=10), count=144)
    summer = sun_height(day, BERLIN)
    assert np.degrees(np.arcsin(summer.max())) == pytest.approx(90 - 52.5 + 23.44, abs=0.5)
    assert int(summer.argmax()) / 6 == pytest.approx(12 - 13.4 / 15, abs=0.25)
    winter = sun_height(TimeGrid(start=datetime(2024, 12, 21, tzinfo=UTC), step=day.step, count=144), BERLIN)
    assert np.degrees(np.arcsin(winter.max())) == pytest.approx(90 - 52.5 - 23.44, abs=0.5)


def test_a_zone_tells_its_place() -> None:
    place = place_of_zone("America/Los_Angeles")
    assert place is not None
    assert (round(place.latitude_deg), round(place.longitude_deg), place.country) == (34, -118, "US")
    assert place_of_zone("UTC") is None
