"""Estimated prices: finite, in order, near what was seen; a factor or a surcharge on all prices is on them too."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.forecasting.price_days import MARGIN, PriceDays, learned
from homeagent.forecasting.prices import AHEAD_DAYS, learn_prices

HOUR = timedelta(hours=1)
PRICE = st.one_of(st.just(np.nan), st.floats(-0.5, 1.0), st.sampled_from([0.0, 0.3, 5.0]))
DAYS = st.integers(1, 40).flatmap(lambda days: arrays(np.float64, (days, 24, 2), elements=PRICE))
KINDS = np.array([0, 0, 0, 0, 0, 1, 2] * 8)


def estimates(prices: FloatArray) -> PriceDays | None:
    return learned(prices, KINDS[: len(prices) + AHEAD_DAYS], 0, AHEAD_DAYS)


@settings(max_examples=150, deadline=None)
@given(DAYS)
def test_estimates_are_finite_in_order_and_within_what_was_seen_and_a_margin(prices: FloatArray) -> None:
    made = estimates(prices)
    if np.isnan(prices).all(axis=(0, 1)).any():
        assert made is None
        return
    assert made is not None
    low, high = np.nanmin(prices, axis=(0, 1)), np.nanmax(prices, axis=(0, 1))
    margin = MARGIN * (high - low) + 1e-9
    for values in (made.mean, made.low, made.high):
        assert np.isfinite(values).all()
        assert (values >= low - margin).all()
        assert (values <= high + margin).all()
    assert (made.low <= made.mean).all()
    assert (made.mean <= made.high).all()


@settings(max_examples=100, deadline=None)
@given(DAYS, st.floats(-1.0, 1.0), st.floats(0.1, 10.0))
def test_a_constant_and_a_factor_on_all_prices_are_on_every_estimate(
    prices: FloatArray, more: float, factor: float
) -> None:
    plain, changed = estimates(prices), estimates(factor * prices + more)
    assert (plain is None) == (changed is None)
    if plain is not None and changed is not None:
        for name in ("mean", "low", "high"):
            expected = factor * getattr(plain, name) + more
            np.testing.assert_allclose(getattr(changed, name), expected, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["Europe/Berlin", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.integers(0, 365),
    st.sampled_from([15, 30, 60]),
    st.integers(1, 40),
)
def test_a_day_that_repeats_by_the_local_clock_is_expected_again_whatever_the_clock_did(
    zone: str, first: int, minutes: int, days: int
) -> None:
    timezone = ZoneInfo(zone)
    start = datetime(2024, 1, 1, tzinfo=timezone) + timedelta(days=first)
    grid = TimeGrid(start=start.astimezone(UTC), step=timedelta(minutes=minutes), count=days * 24 * 60 // minutes)
    wall = np.array([at.astimezone(timezone).hour for at in grid.starts()])
    prices = 0.2 + 0.01 * wall
    made = learn_prices(prices, prices - 0.1, grid, timezone, None)
    assert made is not None
    slots = np.arange(made.mean.shape[1])
    by_hour = 0.2 + 0.01 * (slots * 24 // len(slots))
    known = np.isin(slots * 24 // len(slots), wall)
    sure = known & (days > 3)
    np.testing.assert_allclose(
        made.mean[1:, sure, 0], np.broadcast_to(by_hour[sure], (AHEAD_DAYS, sure.sum())), atol=0.02
    )


def test_one_day_of_extreme_prices_does_not_poison_the_next() -> None:
    rng = np.random.default_rng(5)
    plain = (0.2 + 0.1 * np.sin(np.arange(24) / 24 * 2 * np.pi))[:, None] + 0.02 * rng.standard_normal((42, 24, 2))
    spiked = plain.copy()
    spiked[-1] *= 8
    quiet, after = estimates(plain), estimates(spiked)
    assert quiet is not None
    assert after is not None
    assert np.abs(after.mean[1:] - quiet.mean[1:]).max() < 0.5 * plain.mean()
    later = estimates(np.concatenate([spiked, plain[:3]]))
    assert later is not None
    assert np.abs(later.mean[1:] - plain.mean(axis=0)).max() < 0.08
