"""Price lists of real integrations' shapes, as values on a grid."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from homeagent.sources.price_lists import PriceShapeError, flat, listed_prices, on_a_grid, published

MIDNIGHT = datetime(2025, 6, 1, tzinfo=UTC)


def hours(count: int, start: str = "start", value: str = "value") -> list[dict[str, Any]]:
    return [{start: (MIDNIGHT + timedelta(hours=hour)).isoformat(), value: 0.1 + hour / 100} for hour in range(count)]


@pytest.mark.parametrize(
    "attributes",
    [
        {"raw_today": hours(24), "raw_tomorrow": []},
        {"prices": hours(24, "from", "price")},
        {"data": hours(24, "start_time", "price_per_kwh")},
        {"rates": hours(24, "start", "value_inc_vat")},
        {"prices_today": hours(24, "time", "price"), "prices_tomorrow": None},
        {"raw_today": hours(24), "raw_tomorrow": hours(24)},
    ],
)
def test_known_shapes_are_read(attributes: dict[str, Any]) -> None:
    slots = listed_prices(attributes, 1.0)
    assert len(slots) == 24
    assert slots[0][:2] == (MIDNIGHT, None)
    assert slots[0][2] == pytest.approx(0.1)
    grid, values = on_a_grid(slots)
    assert (grid.start, grid.step, grid.count) == (MIDNIGHT, timedelta(hours=1), 24)
    assert values[23] == pytest.approx(0.33)


def test_the_unit_is_applied() -> None:
    assert listed_prices({"raw_today": hours(1)}, 0.01)[0][2] == pytest.approx(0.001)


@pytest.mark.parametrize("attributes", [{}, {"raw_today": "soon"}, {"raw_today": [1, 2]}, {"prices": [{"value": 1}]}])
def test_another_shape_is_an_error_that_says_what_was_looked_for(attributes: dict[str, Any]) -> None:
    with pytest.raises(PriceShapeError, match="looked for raw_today"):
        listed_prices(attributes, 1.0)


def test_what_is_no_price_is_left_out_and_seen_as_a_hole() -> None:
    entries = hours(4)
    entries[1]["value"] = None
    entries[2]["value"] = float("nan")
    grid, values = on_a_grid(listed_prices({"raw_today": entries}, 1.0))
    assert grid.count == 4
    assert np.isnan(values).tolist() == [False, True, True, False]


def test_a_told_end_gives_the_length_and_long_slots_are_cut() -> None:
    def slot(start: int, minutes: int) -> dict[str, Any]:
        at = MIDNIGHT + timedelta(minutes=start)
        return {"start": at.isoformat(), "end": (at + timedelta(minutes=minutes)).isoformat(), "value": float(start)}

    grid, values = on_a_grid(listed_prices({"rates": [slot(0, 30), slot(30, 30), slot(60, 60)]}, 1.0))
    assert grid.step == timedelta(minutes=30)
    assert values.tolist() == [0, 30, 60, 60]


def test_odd_times_are_refused() -> None:
    slots: list[tuple[datetime, timedelta | None, float]] = [
        (MIDNIGHT, None, 1.0),
        (MIDNIGHT + timedelta(minutes=7), None, 1.0),
    ]
    with pytest.raises(PriceShapeError, match="odd times"):
        on_a_grid(slots)


def test_export_has_its_own_list_or_one_price() -> None:
    buy = listed_prices({"raw_today": hours(2)}, 1.0)
    assert published(buy, 0.05).export_per_kwh.tolist() == [0.05, 0.05]
    quarters: list[tuple[datetime, timedelta | None, float]] = [
        (MIDNIGHT + timedelta(minutes=15 * k), None, k / 10) for k in range(4)
    ]
    both = published(buy, quarters)
    assert both.grid.step == timedelta(minutes=15)
    assert both.import_per_kwh[:5].tolist() == pytest.approx([0.1, 0.1, 0.1, 0.1, 0.11])
    assert both.export_per_kwh[:4].tolist() == pytest.approx([0, 0.1, 0.2, 0.3])
    assert np.isnan(both.export_per_kwh[4:]).all()


def test_a_fixed_price_is_a_flat_list() -> None:
    prices = flat(0.3, 0.1, MIDNIGHT, 2)
    assert prices.grid.count == 48
    assert set(prices.import_per_kwh) == {0.3}
