"""Satisfaction: bounded, never better for a harm, a week the mean of its days, and silence is no praise."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.satisfaction import (
    SatisfactionDay,
    comfort,
    mean_comfort,
    mean_satisfaction,
    satisfaction,
)

COUNTS = ("missed_departures", "overrides", "thumbs_down")
AMOUNTS = ("cold_kh", "hot_kh", "short_kwh", "late_hours", "cold_water_kwh")
KNOWN = ("comfort_known", "cars_known", "runs_known", "water_known")
FINE = SatisfactionDay(day=date(2026, 1, 7), comfort_known=1.0, cars_known=1.0, runs_known=1.0, water_known=1.0)

share = st.floats(0, 1)
day = st.builds(
    SatisfactionDay,
    day=st.just(FINE.day),
    thumbs_up=st.integers(0, 50),
    **{name: st.integers(0, 20) for name in COUNTS},
    **{name: st.floats(0, 500) for name in AMOUNTS},
    **{name: st.none() | share for name in KNOWN},
)


def with_(one: SatisfactionDay, name: str, value: float | None) -> SatisfactionDay:
    changed: dict[str, Any] = {name: value}
    return replace(one, **changed)


@given(day)
def test_a_score_lies_between_0_and_100(one: SatisfactionDay) -> None:
    judged = satisfaction(one)
    assert 0 <= judged.confidence <= 1
    assert (judged.score is None) == (judged.confidence == 0)
    assert judged.score is None or 0 <= judged.score <= 100


@given(day, st.sampled_from(COUNTS + AMOUNTS), st.integers(1, 30))
def test_more_of_a_harm_is_never_better(one: SatisfactionDay, harm: str, more: int) -> None:
    before = satisfaction(one)
    after = satisfaction(with_(one, harm, getattr(one, harm) + more))
    assert before.confidence == after.confidence
    assert before.score is None or (after.score is not None and after.score <= before.score)


@pytest.mark.parametrize("harm", COUNTS + AMOUNTS)
def test_each_harm_is_felt_on_a_day_that_was_fine(harm: str) -> None:
    hurt = satisfaction(with_(FINE, harm, 1)).score
    assert hurt is not None
    assert hurt < 100


@given(day, st.sampled_from(KNOWN), share)
def test_what_was_not_measured_lowers_the_confidence_and_not_the_score(
    one: SatisfactionDay, part: str, less: float
) -> None:
    known = with_(one, part, 1.0)
    lost = with_(one, part, less)
    before, after = satisfaction(known), satisfaction(lost)
    assert after.confidence <= before.confidence
    assert after.score in (before.score, None)


@given(st.lists(day, min_size=1, max_size=14))
def test_a_week_is_the_mean_of_its_days(days: list[SatisfactionDay]) -> None:
    scores = [score for one in days if (score := satisfaction(one).score) is not None]
    whole = mean_satisfaction(days)
    assert whole.score == (pytest.approx(sum(scores) / len(scores)) if scores else None)
    assert whole.confidence == pytest.approx(sum(satisfaction(one).confidence for one in days) / len(days))


def test_applause_cannot_hide_a_bad_day() -> None:
    bad = replace(FINE, missed_departures=1, short_kwh=10.0, cold_kh=5.0)
    cheered = satisfaction(replace(bad, thumbs_up=100)).score
    assert satisfaction(bad).score == 100 - 15 - 30 - 10
    assert cheered == 100 - 15 - 30 - 10 + 10
    assert satisfaction(replace(FINE, thumbs_up=3)).score == 100


def test_degree_hours_count_where_somebody_is_at_home_and_awake() -> None:
    air = np.array([18.0, 18.0, np.nan, 25.0])
    low, high = np.full(4, 20.0), np.full(4, 24.0)
    room = comfort(air, low, high, np.array([1.0, 0.0, 1.0, 0.5]), 0.5)
    assert room.cold_kh == pytest.approx(1.0)
    assert room.hot_kh == pytest.approx(0.25)
    assert room.home_awake_hours == pytest.approx(1.25)
    assert room.known == pytest.approx(0.75 / 1.25)
    assert comfort(air, low, high, np.zeros(4), 0.5).known == 1.0
    assert comfort(air, low, high, np.full(4, np.nan), 0.5).known == 0.0


def test_a_home_with_many_rooms_is_judged_as_one_with_few() -> None:
    cold = comfort(np.full(4, 19.0), np.full(4, 20.0), np.full(4, 24.0), np.ones(4), 1.0)
    assert mean_comfort([cold, cold, cold]) == cold


def test_the_record_names_no_harm_that_the_formula_forgets() -> None:
    context = {"day", "home_awake_hours", "departures", "runs", "thumbs_up", *KNOWN}
    assert {one.name for one in fields(SatisfactionDay)} - context == {*COUNTS, *AMOUNTS}
