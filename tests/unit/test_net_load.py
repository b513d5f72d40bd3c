from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import TimeGrid
from homeagent.planning.net_load import distribution, even_shares, net_load_points, tail_shares

START = datetime(2024, 3, 1, tzinfo=UTC)


@given(
    samples=st.lists(st.tuples(st.floats(-10, 10), st.floats(0.01, 1)), min_size=1, max_size=40),
    points=st.integers(1, 20),
    tail=st.booleans(),
)
def test_points_keep_the_mean_and_the_range(samples: list[tuple[float, float]], points: int, *, tail: bool) -> None:
    values, weight = np.array(samples).T
    shares = tail_shares(points, len(values)) if tail else even_shares(points)
    row = distribution(values[None, :], weight, shares)[0]
    assert row @ np.diff(shares) == pytest.approx(float(values @ weight / weight.sum()), abs=1e-9)
    assert (np.diff(row) >= -1e-9).all()
    assert values.min() - 1e-9 <= row[0]
    assert row[-1] <= values.max() + 1e-9


def test_the_largest_days_stand_alone() -> None:
    values = np.arange(28.0)[None, :]
    row = distribution(values, np.ones(28), tail_shares(12, 28))[0]
    assert list(row[-4:]) == pytest.approx([24, 25, 26, 27])


def test_what_varies_inside_a_slot_is_part_of_its_distribution() -> None:
    fine = TimeGrid(start=START, step=timedelta(minutes=15), count=4)
    load = np.array([[0.0, 0.0, 0.0, 4.0]])
    scenarios = Scenarios(
        grid=fine, load_kw=load, pv_kw=np.zeros((1, 4)), weight=np.ones(1), issued_at=START, model_id="test"
    )
    hourly = TimeGrid(start=START, step=timedelta(hours=1), count=1)
    assert list(net_load_points(scenarios, hourly, np.array([False]), even_shares(4))[0]) == pytest.approx([0, 0, 0, 4])


def test_switched_off_pv_does_not_count() -> None:
    grid = TimeGrid(start=START, step=timedelta(hours=1), count=2)
    ones = np.ones((3, 2))
    scenarios = Scenarios(
        grid=grid, load_kw=ones, pv_kw=2 * ones, weight=np.full(3, 1 / 3), issued_at=START, model_id="test"
    )
    points = net_load_points(scenarios, grid, np.array([False, True]), even_shares(4))
    assert list(points[0]) == pytest.approx([-1] * 4)
    assert list(points[1]) == pytest.approx([1] * 4)


def test_scenarios_that_do_not_cover_the_grid_are_refused() -> None:
    grid = TimeGrid(start=START, step=timedelta(hours=1), count=2)
    scenarios = Scenarios(
        grid=grid, load_kw=np.ones((1, 2)), pv_kw=np.ones((1, 2)), weight=np.ones(1), issued_at=START, model_id="test"
    )
    with pytest.raises(ValueError, match="cover the planning grid"):
        net_load_points(
            scenarios, TimeGrid(start=START, step=timedelta(hours=1), count=3), np.zeros(3, bool), even_shares(4)
        )
