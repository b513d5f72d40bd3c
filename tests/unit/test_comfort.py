"""Which temperatures are wanted when, on made-up weeks of people who leave and come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from houses import COOLER, PUMP, TWO_NODES, costs, task_of

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.habits import Habits, NotSeen, UsualTime
from homeagent.domain.wishes import Band, HeatWish
from homeagent.forecasting.comfort import (
    ComfortBand,
    PresencePast,
    band_now,
    banded,
    careful_targets,
    comfort_ahead,
    inside,
)
from homeagent.planning.house_heat import best_response

ZONE = ZoneInfo("Europe/London")
STEP = timedelta(minutes=30)
MONDAY = datetime(2024, 1, 29, tzinfo=UTC)
WISH = HeatWish(discomfort_per_kh=0.6)
PER_DAY = 48


def ahead(days: int = 1, start: datetime = MONDAY) -> TimeGrid:
    return TimeGrid(start=start, step=STEP, count=days * PER_DAY)


def weeks(until: datetime = MONDAY, days: int = 35, returns: tuple[float, ...] = (17.5,)) -> PresencePast:
    """Nobody at home on workdays from 8 until the hour of return, which takes its turns from day to day."""
    grid = TimeGrid(start=until - timedelta(days=days), step=STEP, count=days * PER_DAY)
    gone = np.zeros(grid.count)
    for slot, at in enumerate(grid.starts()):
        back = returns[at.toordinal() % len(returns)]
        hour = at.hour + at.minute / 60
        gone[slot] = at.weekday() < 5 and 8 <= hour < back
    return PresencePast(grid=grid, nobody_home=gone)


def at(band: FloatArray, hour: float) -> float:
    return float(band[round(hour * 2)])


def wanted(past: PresencePast | None = None, **other: object) -> ComfortBand:
    return comfort_ahead(WISH, ahead(), ZONE, past=past, **other)  # type: ignore[arg-type]


def test_the_band_follows_sleep_presence_and_absence() -> None:
    band = wanted(weeks())
    assert at(band.low_c, 3) == WISH.sleep.low_c
    assert at(band.low_c, 7) == WISH.comfort.low_c
    assert at(band.low_c, 12) == WISH.away.low_c
    assert at(band.low_c, 19) == WISH.comfort.low_c
    assert at(band.low_c, 23) == WISH.sleep.low_c
    assert at(band.high_c, 12) == WISH.away.high_c
    assert at(band.discomfort_per_kh, 12) < 0.15 * at(band.discomfort_per_kh, 19)
    assert at(band.discomfort_per_kh, 19) > 0.9 * 0.6


def test_a_weekend_is_not_a_workday() -> None:
    saturday = MONDAY + timedelta(days=5)
    band = comfort_ahead(WISH, ahead(start=saturday), ZONE, past=weeks(saturday))
    assert at(band.low_c, 12) == WISH.comfort.low_c


def test_an_uncertain_return_counts_as_far_as_it_is_likely() -> None:
    band = wanted(weeks(returns=(15.0, 17.5, 20.0)))
    home = [at(band.home, hour) for hour in (14, 16, 18.5, 21)]
    assert home == sorted(home)
    assert home[1] == pytest.approx(1 / 3, abs=0.12)
    assert home[2] == pytest.approx(2 / 3, abs=0.12)
    assert at(band.discomfort_per_kh, 16) == pytest.approx(0.6 * home[1])


def test_who_is_not_back_yet_comes_later_as_on_days_like_this() -> None:
    late = MONDAY + timedelta(hours=16)
    past = weeks(late, returns=(15.0, 20.0))
    gone, back = (replace(past, nobody_home=past.nobody_home.copy()) for _ in range(2))
    gone.nobody_home[-1], back.nobody_home[-1] = 1.0, 0.0
    soon = [comfort_ahead(WISH, ahead(start=late), ZONE, past=one).home[2] for one in (gone, back)]
    assert soon[0] < 0.35
    assert soon[1] > 0.65


def test_a_vacation_is_taken_at_its_word_and_its_end_too() -> None:
    grid = ahead(3)
    away = np.zeros(grid.count, dtype=np.bool_)
    away[:100] = True
    band = comfort_ahead(WISH, grid, ZONE, past=weeks(), away=away)
    assert (band.home[:100] == 0).all()
    assert (band.low_c[:100] == WISH.away.low_c).all()
    assert band.home[100] == 1.0


def test_usual_times_tell_where_nothing_senses_presence() -> None:
    times = {"wake": 6.0, "leave": 7.5, "return": 18.0, "sleep": 24.5}
    seen = {name: UsualTime(hour=hour, spread_hours=0.5, days=20, of_days=20) for name, hour in times.items()}
    unseen = {name: NotSeen(reason="only 3 such days are measured") for name in times}
    habits = Habits(
        days=30,
        times={"workday": seen, "day off": unseen},  # type: ignore[dict-item]
        standby_kw=None,
        kwh_per_day={},
        typical_kw=np.full((7, 48), np.nan),
    )
    band = wanted(habits=habits)
    assert at(band.low_c, 4) == WISH.sleep.low_c
    assert at(band.low_c, 6.5) == WISH.comfort.low_c
    assert at(band.low_c, 13) == WISH.away.low_c
    assert 0.3 < at(band.home, 18) < 0.7
    assert at(band.low_c, 23.5) == WISH.comfort.low_c
    assert at(band.asleep, 1.5) > 0.8
    saturday = comfort_ahead(WISH, ahead(start=MONDAY + timedelta(days=5)), ZONE, habits=habits)
    assert at(saturday.low_c, 13) == WISH.comfort.low_c


def test_without_anything_learned_somebody_is_there_and_sleeps_at_night() -> None:
    for past in (None, weeks(days=3)):
        band = wanted(past)
        assert (band.home == 1).all()
        assert at(band.low_c, 23) == WISH.sleep.low_c
        assert at(band.low_c, 13) == WISH.comfort.low_c
    said = comfort_ahead(replace(WISH, sleep_from_min=60, sleep_until_min=540), ahead(), ZONE)
    assert at(said.low_c, 0) == WISH.comfort.low_c
    assert at(said.low_c, 8.5) == WISH.sleep.low_c
    assert at(said.low_c, 9.5) == WISH.comfort.low_c


def test_a_house_that_is_not_known_is_warmed_up_a_while_before() -> None:
    band = wanted(weeks())
    told = careful_targets(PUMP, band, 0.5)
    assert at(told, 4.5) == WISH.sleep.low_c
    assert at(told, 5.5) == WISH.comfort.low_c
    assert at(told, 12) == WISH.away.low_c
    cool = careful_targets(COOLER, band, 0.5)
    assert at(cool, 12) == WISH.away.high_c
    assert at(cool, 16.5) == WISH.comfort.high_c
    frosty = replace(WISH, away=Band(low_c=4.0, high_c=40.0))
    assert careful_targets(PUMP, banded(frosty, np.zeros(4), np.zeros(4)), 0.5).tolist() == [8.3] * 4


def test_a_plan_keeps_a_little_inside_of_what_is_wanted() -> None:
    band = inside(banded(replace(WISH, comfort=Band(low_c=22.0, high_c=22.5)), np.array([1.0, 0.0]), np.zeros(2)))
    assert band.low_c.tolist() == [22.1, 15.2]
    assert band.high_c.tolist() == [22.4, 27.8]


def test_a_price_of_nothing_and_a_known_moment() -> None:
    assert not banded(replace(WISH, discomfort_per_kh=None), np.ones(2), np.zeros(2)).discomfort_per_kh.any()
    assert band_now(WISH, home=False, asleep=True) == WISH.away
    assert band_now(WISH, home=True, asleep=True) == WISH.sleep
    assert band_now(WISH, home=True, asleep=False) == WISH.comfort


def test_a_likely_return_is_warmed_up_for_and_an_unlikely_one_less() -> None:
    grid = ahead()
    reached = []
    for returns in ((17.5,), (17.5, 21.0, 21.0, 21.0, 21.0)):
        band = wanted(weeks(returns=returns))
        task = task_of(
            PUMP,
            TWO_NODES,
            grid,
            low_c=band.low_c,
            high_c=band.high_c,
            discomfort_per_kh=band.discomfort_per_kh,
            outdoor_c=np.zeros(grid.count),
        )
        reached.append(best_response(task, costs(grid, np.full(grid.count, 0.3))).level[36])
    assert reached[0] > 19.3
    assert reached[1] < reached[0] - 0.5
