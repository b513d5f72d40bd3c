from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.domain.grid import EdgeSeries, SlotSeries, TimeGrid, slot_start

START = datetime(2024, 3, 1, tzinfo=UTC)
GRID = TimeGrid(start=START, step=timedelta(minutes=15), count=4)


def test_slots_are_half_open() -> None:
    assert GRID.index_of(START) == 0
    assert GRID.index_of(START + timedelta(minutes=14, seconds=59)) == 0
    assert GRID.index_of(START + timedelta(minutes=15)) == 1
    with pytest.raises(IndexError):
        GRID.index_of(GRID.end)


def test_a_grid_needs_a_zone_and_turns_it_into_utc() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        TimeGrid(start=datetime(2024, 3, 1), step=timedelta(hours=1), count=1)  # noqa: DTZ001 - that is the mistake
    oslo = TimeGrid(start=datetime(2024, 3, 1, tzinfo=ZoneInfo("Europe/Oslo")), step=timedelta(hours=1), count=1)
    assert oslo.start == datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert oslo.start.tzinfo is UTC


def test_slots_and_edges_cannot_be_mixed() -> None:
    SlotSeries(grid=GRID, values=np.zeros(4))
    EdgeSeries(grid=GRID, values=np.zeros(5))
    with pytest.raises(ValueError, match="shape"):
        SlotSeries(grid=GRID, values=np.zeros(5))
    with pytest.raises(ValueError, match="shape"):
        EdgeSeries(grid=GRID, values=np.zeros(4))


def test_a_series_does_not_change_with_the_array_it_came_from() -> None:
    values = np.zeros(4)
    series = SlotSeries(grid=GRID, values=values)
    values[0] = 9
    assert series.values[0] == 0
    with pytest.raises(ValueError, match="read-only"):
        series.values[0] = 1


def test_slot_start_is_aligned_to_the_clock() -> None:
    assert slot_start(START + timedelta(minutes=44), timedelta(minutes=30)) == START + timedelta(minutes=30)
