"""What the recent days alone say: they follow the level and the sun, and know nothing of what comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.site import Place
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import Course, course_of
from homeagent.forecasting.learned import QUANTITIES, Quantity, rows_of
from homeagent.forecasting.recent_days import LEVELS, quantiles

BERLIN = Place(latitude_deg=52.5, longitude_deg=13.4, country="DE")
ZONE = ZoneInfo("Europe/Berlin")
DAYS, MIDDLE = 45, LEVELS.index(0.5)


def course(load_kw: FloatArray, pv_kw: FloatArray, start: datetime, step: timedelta = timedelta(hours=1)) -> Course:
    grid = TimeGrid(start=start, step=step, count=len(load_kw))
    whole = TimeGrid(start=start, step=step, count=len(load_kw) + timedelta(days=1) // step)
    return course_of(History(grid=grid, load_kw=load_kw, pv_kw=pv_kw), local_calendar(whole, ZONE, BERLIN))


@settings(max_examples=15, deadline=None)
@given(
    quantity=st.sampled_from(QUANTITIES),
    origin_h=st.integers(9 * 24, (DAYS - 1) * 24),
    start_day=st.integers(0, 365),
    step_minutes=st.sampled_from([30, 60]),
    later=st.sampled_from([0.0, 50.0, np.nan]),
    seed=st.integers(0, 99),
)
def test_no_row_changes_with_what_comes_after_its_origin(
    quantity: Quantity, origin_h: int, start_day: int, step_minutes: int, later: float, seed: int
) -> None:
    step = timedelta(minutes=step_minutes)
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=start_day)
    rng = np.random.default_rng(seed)
    load, pv = rng.gamma(1.5, 0.4, (2, DAYS * timedelta(days=1) // step))
    load[rng.integers(0, len(load), 40)] = np.nan
    origin, ahead = origin_h * (timedelta(hours=1) // step), timedelta(days=1) // step
    before = rows_of(quantity, course(load, pv, start, step), np.array([origin]), ahead)
    load[origin:], pv[origin:] = later, later
    after = rows_of(quantity, course(load, pv, start, step), np.array([origin]), ahead)
    for name in ("inputs", "base", "floor", "scale_kw", "most", "counts"):
        np.testing.assert_array_equal(getattr(before, name), getattr(after, name), err_msg=name)


def test_a_home_that_uses_more_since_yesterday_is_expected_to_go_on() -> None:
    rng = np.random.default_rng(1)
    load = 0.5 + rng.gamma(2.0, 0.1, DAYS * 24)
    pv = np.zeros(DAYS * 24)
    start = datetime(2024, 5, 1, tzinfo=UTC)
    usual = rows_of("load", course(load, pv, start), np.array([DAYS * 24]), 24)
    load[-24:] *= 2
    risen = rows_of("load", course(load, pv, start), np.array([DAYS * 24]), 24)
    medians = [rows.base[0, :, MIDDLE].mean() * rows.scale_kw[0] for rows in (usual, risen)]
    assert 1.2 < medians[1] / medians[0] < 2.0


def test_a_roof_is_expected_to_follow_the_sun_of_the_season() -> None:
    start = datetime(2024, 4, 3, tzinfo=UTC)
    days = 40
    height = course(np.ones(days * 24), np.zeros(days * 24), start).calendar.sun_height
    pv = 4 * np.maximum(height, 0.0)
    spring = course(np.ones(days * 24), pv[: days * 24], start)
    rows = rows_of("pv", spring, np.array([days * 24]), 24)
    truth = pv[days * 24 :].sum()
    said, floor = ((part[0, :, MIDDLE] * rows.scale_kw[0]).sum() for part in (rows.base, rows.floor))
    assert abs(said - truth) < 0.5 * abs(floor - truth)
    assert said == pytest.approx(truth, rel=0.06)


def test_the_night_stays_dark_across_a_change_of_the_clock() -> None:
    start = datetime(2024, 3, 1, tzinfo=UTC)
    height = course(np.ones(DAYS * 24), np.zeros(DAYS * 24), start).calendar.sun_height
    rows = rows_of("pv", course(np.ones(DAYS * 24), np.maximum(height, 0.0)[: DAYS * 24], start), np.array([960]), 24)
    night = height[960:984] < -0.1
    assert rows.base[0, night].max() < 0.03


@given(st.lists(st.floats(0, 10), min_size=2, max_size=28), st.integers(0, 99))
def test_quantiles_rise_and_stay_among_the_values(values: list[float], seed: int) -> None:
    held = np.array(values)[None, :, None]
    weights = np.random.default_rng(seed).uniform(0.01, 1, (3, *held.shape))
    said = quantiles(held, list(weights))[0, 0]
    assert (np.diff(said) >= -1e-9).all()
    assert held.min() - 1e-9 <= said.min() <= said.max() <= held.max() + 1e-9


def test_a_gap_counts_nothing() -> None:
    held = np.array([1.0, np.nan, 3.0])[None, :, None]
    weight = np.array([1.0, 100.0, 1.0])[None, :, None]
    assert quantiles(held, [weight])[0, 0, MIDDLE] == pytest.approx(2.0)
