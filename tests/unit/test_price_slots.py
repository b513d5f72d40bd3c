"""Listed prices on a grid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homeagent.sources.price_slots import PricedSlot, PriceShapeError, on_a_grid

MIDNIGHT = datetime(2025, 6, 1, tzinfo=UTC)
HOUR, HALF, QUARTER = timedelta(hours=1), timedelta(minutes=30), timedelta(minutes=15)


def test_a_hole_is_seen_as_one() -> None:
    series = on_a_grid([PricedSlot(MIDNIGHT + k * HOUR, None, 0.1) for k in (0, 1, 4)])
    assert (series.grid.start, series.grid.step, series.grid.count) == (MIDNIGHT, HOUR, 5)
    assert np.isnan(series.values).tolist() == [False, False, True, True, False]


def test_a_told_end_gives_the_length_and_long_slots_are_cut() -> None:
    lengths = [(0, HALF), (30, HALF), (60, HOUR)]
    series = on_a_grid([PricedSlot(MIDNIGHT + timedelta(minutes=at), length, at) for at, length in lengths])
    assert series.grid.step == HALF
    assert series.values.tolist() == [0, 30, 60, 60]


def test_the_last_of_quarters_without_an_end_is_a_quarter() -> None:
    series = on_a_grid([PricedSlot(MIDNIGHT + k * QUARTER, None, k) for k in range(96)])
    assert (series.grid.step, series.grid.count) == (QUARTER, 96)


def test_hours_before_quarters_keep_their_length_and_holes_stay() -> None:
    """As a list without ends looks on the day on which its source changes its step."""
    hours = [PricedSlot(MIDNIGHT + k * HOUR, None, k) for k in range(2)]
    quarters = [PricedSlot(MIDNIGHT + 2 * HOUR + k * QUARTER, None, 10 + k) for k in (0, 1, 3)]
    series = on_a_grid([*hours, *quarters])
    assert series.values.tolist() == pytest.approx([0] * 4 + [1] * 4 + [10, 11, np.nan, 13], nan_ok=True)


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        ((0, 7), "odd times, 0:07:00 apart"),
        ((0, 60, 90.5), "odd times"),
        ((2, 62), "odd times"),
        ((0, 90 * 1440), "reach from"),
    ],
)
def test_what_fits_no_grid_is_refused(minutes: tuple[float, ...], words: str) -> None:
    with pytest.raises(PriceShapeError, match=words):
        on_a_grid([PricedSlot(MIDNIGHT + timedelta(minutes=at), None, 1.0) for at in minutes])
