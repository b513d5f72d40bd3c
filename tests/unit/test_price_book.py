from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.agent.price_book import PriceBook
from homeagent.domain.grid import TimeGrid
from homeagent.domain.prices import PublishedPrices

START = datetime(2024, 3, 1, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def published(values: list[float], start: datetime = START, step: timedelta = HOUR) -> PublishedPrices:
    grid = TimeGrid(start=start, step=step, count=len(values))
    return PublishedPrices(grid=grid, import_per_kwh=np.array(values), export_per_kwh=np.array(values) - 0.1)


def book(*prices: PublishedPrices) -> PriceBook:
    made = PriceBook(ZoneInfo("UTC"))
    for some in prices:
        made.add(some)
    return made


def test_prices_hold_for_their_slot_and_are_unknown_beyond() -> None:
    made = book(published([0.1, 0.2]))
    assert made.at(START + 59 * MINUTE) == pytest.approx((0.1, 0.0))
    assert made.at(START + HOUR) == pytest.approx((0.2, 0.1))
    assert made.at(START + 2 * HOUR) is None
    assert made.at(START - MINUTE) is None


def test_a_finer_tariff_sets_the_step_and_coarser_slots_get_its_mean() -> None:
    made = book(published([0.1]), published([0.2, 0.4], START + HOUR, 30 * MINUTE))
    assert made.step == 30 * MINUTE
    assert list(made.on(TimeGrid(start=START, step=HOUR, count=2))[0]) == pytest.approx([0.1, 0.3])
    assert list(made.on(TimeGrid(start=START, step=30 * MINUTE, count=4))[0]) == pytest.approx([0.1, 0.1, 0.2, 0.4])


def test_a_later_price_replaces_and_a_gap_does_not() -> None:
    made = book(published([0.1, 0.2, 0.3]), published([0.5, np.nan], START + HOUR))
    assert list(made.on(TimeGrid(start=START, step=HOUR, count=3))[0]) == pytest.approx([0.1, 0.5, 0.3])


def test_what_is_not_published_is_estimated_from_the_same_time_and_marked() -> None:
    prices = [0.2 + 0.1 * (hour % 24 == 18) for hour in range(5 * 24)]
    curve = book(published(prices)).curve(TimeGrid(start=START + 4 * DAY + 12 * HOUR, step=HOUR, count=24))
    assert list(curve.estimated) == [False] * 12 + [True] * 12
    assert curve.known_until == START + 5 * DAY
    assert curve.import_per_kwh[6] == pytest.approx(0.3)
    assert curve.import_per_kwh[13] == pytest.approx(0.2)


def test_without_any_past_the_mean_of_what_is_known_stands_in() -> None:
    curve = book(published([0.1, 0.3])).curve(TimeGrid(start=START, step=HOUR, count=6))
    assert list(curve.import_per_kwh[2:]) == pytest.approx([0.2] * 4)


def test_old_prices_are_forgotten_and_new_ones_kept() -> None:
    made = book(*(published([float(day)] * 24, START + day * DAY) for day in range(60)))
    assert made.at(START) is None
    assert made.at(START + 59 * DAY) == pytest.approx((59.0, 58.9))
    assert made.at(START + 52 * DAY) == pytest.approx((52.0, 51.9))


def test_estimates_have_a_range_where_nothing_is_published_and_say_what_they_come_from() -> None:
    rng = np.random.default_rng(2)
    prices = [0.2 + 0.1 * (hour % 24 == 18) + float(rng.normal(0, 0.02)) for hour in range(30 * 24)]
    curve = book(published(prices)).curve(TimeGrid(start=START + 29 * DAY + 12 * HOUR, step=HOUR, count=36))
    assert curve.import_low_per_kwh is not None
    assert curve.import_high_per_kwh is not None
    width = curve.import_high_per_kwh - curve.import_low_per_kwh
    assert (width[:12] == 0).all()
    assert (width[12:] > 0.02).all()
    assert curve.import_low_per_kwh[:12] == pytest.approx(curve.import_per_kwh[:12])
    assert curve.import_per_kwh[30] == pytest.approx(0.3, abs=0.03)
    assert curve.estimated_from_days == 30


def test_one_day_is_expected_again_and_says_that_it_is_one() -> None:
    prices = [0.1 + 0.01 * hour for hour in range(24)]
    curve = book(published(prices)).curve(TimeGrid(start=START + 12 * HOUR, step=HOUR, count=24))
    assert list(curve.import_per_kwh[12:]) == pytest.approx(prices[:12])
    assert curve.import_low_per_kwh is not None
    assert curve.import_low_per_kwh[12] < curve.import_per_kwh[12]
    assert curve.estimated_from_days == 1


def test_a_day_published_but_for_its_last_hour_goes_on_as_it_was_going() -> None:
    prices = [0.2 + 0.1 * (hour % 24 == 18) for hour in range(10 * 24)]
    dear = [price + 0.15 for price in prices[-24:-1]]
    curve = book(published(prices[:-24] + dear)).curve(TimeGrid(start=START + 9 * DAY + 12 * HOUR, step=HOUR, count=24))
    assert curve.known_until == START + 9 * DAY + 23 * HOUR
    assert curve.import_per_kwh[11] == pytest.approx(0.35, abs=0.02)
    assert 0.2 < curve.import_per_kwh[14] < 0.35


def test_estimates_of_half_hours_serve_a_plan_in_hours_and_one_in_quarters() -> None:
    prices = [0.2 if half_hour % 2 else 0.4 for half_hour in range(10 * 48)]
    made = book(published(prices, step=30 * MINUTE))
    after = START + 10 * DAY
    assert list(made.curve(TimeGrid(start=after, step=HOUR, count=3)).import_per_kwh) == pytest.approx([0.3] * 3)
    quarters = made.curve(TimeGrid(start=after, step=15 * MINUTE, count=4)).import_per_kwh
    assert list(quarters) == pytest.approx([0.4, 0.4, 0.2, 0.2])
