"""No energy is made or lost on the way from a payload to the plan's slots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import resampled
from homeagent.sources.pieces import Piece, added_up, on_slots

START = datetime(2024, 3, 31, tzinfo=UTC)
HOUR = timedelta(hours=1)
minutes = st.sampled_from([5, 10, 15, 20, 30, 60])
powers = st.lists(st.floats(0, 20), min_size=1, max_size=48)


@st.composite
def forecasts(draw: st.DrawFn) -> tuple[TimeGrid, FloatArray]:
    values = draw(powers)
    step = timedelta(minutes=draw(minutes))
    return TimeGrid(start=START + draw(st.integers(0, 12)) * HOUR, step=step, count=len(values)), np.array([values])


@given(st.lists(st.tuples(st.integers(1, 5400), st.floats(0, 20)), min_size=1, max_size=40), st.integers(0, 3600))
def test_pieces_of_any_length_keep_their_energy_on_slots(parts: list[tuple[int, float]], offset_s: int) -> None:
    at, pieces = START + timedelta(seconds=offset_s), []
    for seconds, kw in parts:
        pieces.append(Piece(at, at + timedelta(seconds=seconds), (kw,)))
        at = pieces[-1].end
    grid, columns = on_slots(pieces)
    energy = sum(piece.values[0] * (piece.end - piece.start) / HOUR for piece in pieces)
    whole = ~np.isnan(columns[0])
    inside = sum(
        piece.values[0] * max(min(piece.end, end) - max(piece.start, start), timedelta(0)) / HOUR
        for start, end in ((grid.at(int(slot)), grid.at(int(slot) + 1)) for slot in np.flatnonzero(whole))
        for piece in pieces
    )
    assert np.nansum(columns[0]) * grid.step_hours == pytest.approx(inside, abs=1e-6)
    if whole.all():
        assert inside == pytest.approx(energy, abs=1e-6)
    assert np.nanmin(columns[0], initial=20) >= min(kw for _, kw in parts) - 1e-5  # a part of a slot is no mean of it
    assert (~whole).sum() <= 2  # the ends alone may not be covered whole


@given(forecasts(), minutes)
def test_energy_is_the_same_on_finer_and_coarser_slots(forecast: tuple[TimeGrid, FloatArray], step: int) -> None:
    grid, columns = forecast
    target = TimeGrid(start=START, step=timedelta(minutes=step), count=int(timedelta(days=3) / timedelta(minutes=step)))
    found = resampled(grid, columns[0], target)
    covered = ~np.isnan(found)
    inside = [grid.start <= at and at + target.step <= grid.end for at in target.starts()]
    assert covered.tolist() == inside
    assert np.nanmin(found, initial=0) >= -1e-9
    assert np.nanmax(found, initial=0) <= columns.max() + 1e-9
    if not timedelta(minutes=step) > grid.step and grid.step % timedelta(minutes=step) == timedelta(0):
        energy = columns[0].sum() * grid.step_hours
        assert found[covered].sum() * target.step_hours == pytest.approx(energy, abs=1e-6)


@given(st.lists(forecasts(), min_size=1, max_size=4))
def test_the_sum_of_roofs_is_the_sum_of_its_parts(roofs: list[tuple[TimeGrid, FloatArray]]) -> None:
    overlap = max(grid.start for grid, _ in roofs), min(grid.end for grid, _ in roofs)
    if overlap[1] - overlap[0] < HOUR:
        return
    grid, columns = added_up(roofs)
    alone = [resampled(one, values[0], grid) for one, values in roofs]
    assert columns[0] == pytest.approx(np.sum(alone, axis=0), nan_ok=True, abs=1e-9)
    energy = sum(values[~np.isnan(columns[0])].sum() for values in alone)
    assert np.nansum(columns[0]) == pytest.approx(energy, abs=1e-6)
