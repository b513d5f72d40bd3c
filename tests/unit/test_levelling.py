"""Powers made level over their slots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import TimeGrid
from homeagent.domain.tasks import CarTask
from homeagent.planning.levelling import levelled_kw
from homeagent.planning.slot_cost import PriceCost

GRID = TimeGrid(start=datetime(2026, 5, 1, tzinfo=UTC), step=timedelta(hours=1), count=8)


def a_car(*, surplus_only: bool = False, hazard: float = 0.0) -> CarTask:
    return CarTask(
        spec=CarSpec(name="car", max_charge_kw=7.4),
        present=np.arange(8) < 6,
        leaves=np.where(np.arange(8) == 5, 1.0, hazard),
        needed_kwh=10.0,
        room_kwh=10.0,
        short_per_kwh=3.0,
        surplus_only=surplus_only,
    )


def test_the_sun_is_followed_and_the_energy_kept() -> None:
    sun = np.array([0.0, 1.0, 3.0, 4.0, 2.0, 0.0, 0.0, 0.0])
    cost = PriceCost(grid=GRID, import_per_kwh=np.full(8, 0.3), export_per_kwh=np.full(8, 0.08), net_kw=-sun)
    rough = np.array([0.0, 0.0, 3.7, 3.7, 2.6, 0.0, 0.0, 0.0])
    course = levelled_kw(a_car(), rough, cost)
    assert course is not None
    assert abs(course.sum() - 10.0) < 0.02
    assert cost.of(course[:, None]).sum() < cost.of(rough[:, None]).sum() - 0.05
    assert ((course == 0) | (course >= 1.38 - 1e-9)).all()
    assert not course[6:].any()


def test_where_the_time_matters_it_is_left_alone() -> None:
    cost = PriceCost(grid=GRID, import_per_kwh=np.full(8, 0.3), export_per_kwh=np.zeros(8), net_kw=np.zeros(8))
    assert levelled_kw(a_car(hazard=0.1), np.full(8, 2.0), cost) is None
    assert levelled_kw(a_car(surplus_only=True), np.full(8, 2.0), cost) is None
