from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.floor import floor_scenarios, forecast_of, plausible_load

LONDON = ZoneInfo("Europe/London")
HOUR = timedelta(hours=1)
NOW = datetime(2024, 6, 5, 10, tzinfo=UTC)


def history(load_kw: FloatArray, pv_kw: FloatArray | None = None, now: datetime = NOW) -> History:
    grid = TimeGrid(start=now - len(load_kw) * HOUR, step=HOUR, count=len(load_kw))
    return History(grid=grid, load_kw=load_kw, pv_kw=np.zeros(len(load_kw)) if pv_kw is None else pv_kw)


def ahead(count: int = 24, now: datetime = NOW) -> TimeGrid:
    return TimeGrid(start=now, step=HOUR, count=count)


def daily_shape(days: int, seed: int = 0) -> FloatArray:
    hours = np.arange(days * 24)
    noise = np.random.default_rng(seed).normal(1, 0.1, len(hours))
    shape: FloatArray = (0.5 + np.exp(-(((hours + 10) % 24 - 19.0) ** 2) / 4)) * np.maximum(noise, 0.1)
    return shape


def test_the_mean_follows_the_time_of_day() -> None:
    scenarios = floor_scenarios(history(daily_shape(28)), ahead(), LONDON)
    mean = forecast_of(scenarios, scenarios.load_kw).mean_kw
    assert int(np.argmax(mean)) == 9  # 19:00, nine hours after 10:00
    assert mean[9] == pytest.approx(1.5, abs=0.1)
    assert mean[0] == pytest.approx(0.5, abs=0.1)


def test_weights_sum_to_one_and_nothing_is_missing() -> None:
    scenarios = floor_scenarios(history(daily_shape(28)), ahead(36), LONDON)
    assert scenarios.weight.sum() == pytest.approx(1)
    assert np.isfinite(scenarios.load_kw).all()
    assert scenarios.load_kw.shape == (28, 36)


def test_one_absurd_reading_hardly_moves_the_forecast() -> None:
    load = daily_shape(28)
    spoiled = load.copy()
    spoiled[-24] = 60.0  # in place of half a kW, at the first forecast hour of yesterday
    clean = floor_scenarios(history(load), ahead(), LONDON)
    dirty = floor_scenarios(history(spoiled), ahead(), LONDON)
    assert dirty.weight @ dirty.load_kw[:, 0] < clean.weight @ clean.load_kw[:, 0] + 0.25
    assert dirty.load_kw.max() < 3


def test_a_habit_of_twice_a_week_is_not_taken_for_an_error() -> None:
    load = daily_shape(28)
    load[5::84] = 9.0  # every 3.5 days
    scenarios = floor_scenarios(history(load), ahead(), LONDON)
    assert scenarios.load_kw.max() == pytest.approx(9.0)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_gaps_are_filled_from_other_days_and_never_count_as_zero(share: float) -> None:
    load = daily_shape(28)
    gaps = np.random.default_rng(1).random(len(load)) < share
    load[gaps] = np.nan
    scenarios = floor_scenarios(history(load), ahead(), LONDON)
    assert np.isfinite(scenarios.load_kw).all()
    assert scenarios.load_kw.min() > 0.1


def test_a_home_without_history_gets_several_levels() -> None:
    scenarios = floor_scenarios(history(np.array([])), ahead(), LONDON)
    assert len(np.unique(scenarios.load_kw[:, 0])) > 3
    assert (scenarios.pv_kw == 0).all()


def test_one_day_of_history_is_enough_and_not_taken_for_certain() -> None:
    scenarios = floor_scenarios(history(daily_shape(1)), ahead(), LONDON)
    assert len(scenarios.weight) == 3
    assert np.ptp(scenarios.load_kw[:, 8]) > 0.2  # before the peak: an hour early or late makes a difference


def test_days_like_the_last_hours_weigh_more() -> None:
    load = np.full(28 * 24, 0.4)
    for day in range(0, 28, 2):  # every other day is busy from 10:00 to 10:00, as the last hours were
        load[day * 24 : (day + 1) * 24] = 2.0
    load[-12:] = 2.0
    scenarios = floor_scenarios(history(load), ahead(12), LONDON)
    assert scenarios.weight @ scenarios.load_kw[:, 0] < 0.6  # after a busy day comes a quiet one


def test_weekends_are_like_weekends() -> None:
    saturday = datetime(2024, 6, 8, 0, tzinfo=UTC)
    hours = np.arange(28 * 24)
    weekday = (hours // 24 + (saturday - timedelta(days=28)).weekday()) % 7
    load = np.where(weekday >= 5, 2.0, 0.4)
    plain = 0.4 * 20 / 28 + 2.0 * 8 / 28
    scenarios = floor_scenarios(history(load, now=saturday), ahead(now=saturday), ZoneInfo("UTC"))
    assert scenarios.weight @ scenarios.load_kw[:, 6] > plain


def test_the_same_history_gives_the_same_scenarios() -> None:
    one, other = (floor_scenarios(history(daily_shape(28)), ahead(), LONDON) for _ in range(2))
    assert (one.load_kw == other.load_kw).all()
    assert (one.weight == other.weight).all()


def test_the_band_holds_four_of_five() -> None:
    scenarios = floor_scenarios(history(daily_shape(28)), ahead(), LONDON)
    band = forecast_of(scenarios, scenarios.load_kw)
    inside = (scenarios.load_kw >= band.low_kw) & (scenarios.load_kw <= band.high_kw)
    assert 0.75 <= float((scenarios.weight @ inside).mean()) <= 0.92


@pytest.mark.parametrize("days", [1, 2, 4])
def test_days_without_a_measurement_cut_nothing(days: int) -> None:
    """An agent of one day remembers six weeks, most of them empty."""
    load_kw = np.full(42 * 24, np.nan)
    load_kw[-days * 24 :] = 1.5
    assert np.nanmin(plausible_load(load_kw, 24)) == 1.5
