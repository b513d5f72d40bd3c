from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homeagent.agent.slot_means import SlotMeans
from homeagent.domain.grid import TimeGrid
from homeagent.domain.readings import Reading

START = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def mean(at: datetime, value: float | None, over: timedelta) -> Reading:
    return Reading(entity="load_kw", at=at, value=value, reason=None if value is not None else "gap", over=over)


def test_a_mean_is_spread_over_the_slots_it_covers() -> None:
    means = SlotMeans(START, 15 * MINUTE, DAY)
    means.add(mean(START + 30 * MINUTE, 2.0, 30 * MINUTE))
    means.add(mean(START + 45 * MINUTE, 3.0, 15 * MINUTE))
    assert list(means.window(TimeGrid(start=START, step=15 * MINUTE, count=3))) == [2.0, 2.0, 3.0]


def test_means_are_weighted_by_time() -> None:
    means = SlotMeans(START, HOUR, DAY)
    means.add(mean(START + 45 * MINUTE, 2.0, 45 * MINUTE))
    means.add(mean(START + 60 * MINUTE, 6.0, 15 * MINUTE))
    assert means.window(TimeGrid(start=START, step=HOUR, count=1))[0] == pytest.approx(3.0)


def test_half_a_slot_is_enough_and_less_is_a_gap_not_zero() -> None:
    means = SlotMeans(START, HOUR, DAY)
    means.add(mean(START + 30 * MINUTE, 2.0, 30 * MINUTE))
    means.add(mean(START + HOUR + 20 * MINUTE, 2.0, 20 * MINUTE))
    means.add(mean(START + 3 * HOUR, None, HOUR))
    window = means.window(TimeGrid(start=START, step=HOUR, count=3))
    assert window[0] == 2.0
    assert np.isnan(window[1:]).all()


def test_what_was_never_seen_is_a_gap_before_and_after() -> None:
    means = SlotMeans(START, HOUR, DAY)
    assert np.isnan(means.window(TimeGrid(start=START - 5 * HOUR, step=HOUR, count=200))).all()


def test_years_pass_and_only_the_kept_time_is_remembered() -> None:
    means = SlotMeans(START, HOUR, 3 * DAY)
    for hour in range(24 * 400):
        means.add(mean(START + (hour + 1) * HOUR, float(hour), HOUR))
    end = START + 24 * 400 * HOUR
    window = means.window(TimeGrid(start=end - 3 * DAY, step=HOUR, count=72))
    assert list(window) == [float(hour) for hour in range(24 * 400 - 72, 24 * 400)]


def test_after_a_long_silence_nothing_old_comes_back() -> None:
    means = SlotMeans(START, HOUR, DAY)
    means.add(mean(START + HOUR, 5.0, HOUR))
    later = START + 30 * DAY
    means.add(mean(later + HOUR, 1.0, HOUR))
    window = means.window(TimeGrid(start=later - 23 * HOUR, step=HOUR, count=24))
    assert window[-1] == 1.0
    assert np.isnan(window[:-1]).all()


def test_a_late_reading_older_than_all_that_is_kept_does_no_harm() -> None:
    means = SlotMeans(START, HOUR, DAY)
    means.add(mean(START + 30 * DAY, 1.0, HOUR))
    means.add(mean(START + HOUR, 9.0, HOUR))
    assert means.window(TimeGrid(start=START + 30 * DAY - HOUR, step=HOUR, count=1))[0] == 1.0
