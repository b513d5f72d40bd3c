"""Houses to heat and to cool, made up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from homeagent.devices.heat_pump import usual_cop
from homeagent.domain.devices import HeatSpec, HouseModel, Steadiness
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import HeatTask
from homeagent.planning.response import Response
from homeagent.planning.slot_cost import PriceCost

START = datetime(2024, 1, 15, tzinfo=UTC)
TWO_NODES = HouseModel(
    air_kwh_per_k=1.5, out_kw_per_k=0.2, mass_kwh_per_k=8.0, mass_kw_per_k=1.2, sun_m2=3.0, gains_kw=0.3
)
ONE_NODE = HouseModel(air_kwh_per_k=6.0, out_kw_per_k=0.2, sun_m2=3.0, gains_kw=0.3)
PUMP = HeatSpec(name="heat pump", purpose="heating", max_kw=2.5, min_kw=0.7, cop=usual_cop("air to radiators"))
COOLER = HeatSpec(name="cooler", purpose="cooling", max_kw=1.5, min_kw=0.4, cop=usual_cop("air conditioner"))


def grid_of(count: int = 192, minutes: int = 15) -> TimeGrid:
    return TimeGrid(start=START, step=timedelta(minutes=minutes), count=count)


def costs(grid: TimeGrid, price_per_kwh: FloatArray) -> PriceCost:
    """A home that buys what it uses at these prices, and has no sun."""
    nothing = np.zeros(grid.count)
    return PriceCost(grid=grid, import_per_kwh=price_per_kwh, export_per_kwh=nothing, net_kw=nothing)


def two_peaks(grid: TimeGrid) -> FloatArray:
    """Prices that are dear in the morning and in the evening."""
    hour = np.arange(grid.count) * grid.step_hours
    return np.asarray(0.25 + 0.1 * np.sin((hour - 12) / 6 * np.pi) + 0.05 * np.sin(hour / 12 * np.pi))


def task_of(
    spec: HeatSpec = PUMP,
    model: HouseModel = TWO_NODES,
    grid: TimeGrid | None = None,
    **other: Any,  # noqa: ANN401 - fields of many types
) -> HeatTask:
    """A winter day, or a summer day for what cools: somebody is at home before 8 and after 16, and sleeps at night."""
    grid = grid or grid_of()
    hour = np.arange(grid.count) * grid.step_hours % 24
    mean_c = 3.0 if spec.purpose == "heating" else 28.0
    awake = (hour > 6.5) & (hour < 22.5)
    home = awake & ~((hour > 8) & (hour < 16))
    low_c = np.where(home, 20.0, np.where(awake, 16.0, 17.0))
    begin_c = 19.0 if spec.purpose == "heating" else 25.0
    task = HeatTask(
        spec=spec,
        model=model,
        air_c=begin_c,
        mass_c=begin_c,
        outdoor_c=mean_c + 4 * np.sin((hour - 9) / 12 * np.pi),
        sun_kw_m2=0.3 * np.maximum(np.sin((hour - 8) / 8 * np.pi), 0) * (abs(hour - 12) < 4),
        gains_kw=np.zeros(grid.count),
        low_c=low_c,
        high_c=np.full(grid.count, 25.0),
        discomfort_per_kh=np.where(home, 0.5, 0.2),
    )
    return replace(task, **other)


def steady(spec: HeatSpec, minutes: int, starts: int = 24) -> HeatSpec:
    least = timedelta(minutes=minutes)
    return replace(spec, steadiness=Steadiness(min_on=least, min_off=least, starts_per_day=starts))


def only_on_or_off(spec: HeatSpec = PUMP) -> HeatSpec:
    return replace(spec, min_kw=spec.max_kw)


def total(cost: PriceCost, response: Response) -> float:
    return float(cost.of(response.power_kw[:, None]).sum()) + response.wish_cost


def runs(power_kw: FloatArray) -> list[tuple[bool, int]]:
    """Return each stretch of on or off, and how many slots it is long."""
    on = power_kw > 0
    begins = [0, *(np.flatnonzero(on[1:] != on[:-1]) + 1).tolist(), len(on)]
    return [(bool(on[a]), b - a) for a, b in pairwise(begins)]
