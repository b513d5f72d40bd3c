"""Tanks, appliances and pumps at known prices, for the tests of their planning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import strategies as st

from homeagent.domain.devices import ApplianceSpec, CopCurve, HoursSpec, Steadiness, TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array
from homeagent.domain.tasks import ApplianceTask, HoursTask, TankTask
from homeagent.planning.slot_cost import PriceCost

START = datetime(2026, 1, 5, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def prices(values: FloatArray, step: timedelta = QUARTER, pv_kw: float = 0.0) -> PriceCost:
    """Return what load costs at these import prices, in a home with nothing else but some surplus."""
    grid = TimeGrid(start=START, step=step, count=len(values))
    return PriceCost(grid=grid, import_per_kwh=values, export_per_kwh=0.3 * values, net_kw=np.full(len(values), -pv_kw))


def a_day_of_prices(count: int = 96, step: timedelta = QUARTER) -> FloatArray:
    """Return a made-up course of prices: dear in the morning and the evening, cheap at night and at noon."""
    hours = np.arange(count) * (step / timedelta(hours=1)) % 24
    course: FloatArray = 0.25 + 0.12 * np.sin((hours - 12) / 12 * 2 * np.pi - np.pi / 2)
    return course


def showers(count: int = 96, step: timedelta = QUARTER) -> FloatArray:
    """Return a made-up draw-off: a morning and an evening [kWh]."""
    step_h = step / timedelta(hours=1)
    hours = np.arange(count) * step_h % 24
    drawn: FloatArray = 0.1 + 1.2 * np.exp(-(((hours - 7) / 0.7) ** 2)) + 0.8 * np.exp(-(((hours - 20) / 1.0) ** 2))
    return step_h * drawn


def tank_task(count: int = 96, spec: TankSpec | None = None, **changed: object) -> TankTask:
    """Return a tank of 200 l with 2 kW, with everything else as told."""
    drawn = showers(count)
    told: dict[str, Any] = {
        "water_c": 50.0,
        "drawn_kwh": drawn,
        "drawn_high_kwh": 3 * drawn,
        "outdoor_c": np.full(count, 5.0),
        "cold_per_kwh": 3.0,
        "left_per_kwh": 0.15,
    }
    told.update(changed)
    return TankTask(spec=spec or TankSpec(name="tank", litres=200, max_kw=2.0), **told)


def washing(**changed: object) -> ApplianceSpec:
    """Return a washing machine: hot at first, then long and weak; 100 minutes."""
    profile = np.concatenate([np.full(20, 2.0), np.full(70, 0.15), np.full(10, 0.5)])
    told: dict[str, Any] = {"name": "washing", "profile_kw": profile}
    told.update(changed)
    return ApplianceSpec(**told)


def run(**changed: object) -> ApplianceTask:
    """Return a run within a day."""
    told: dict[str, Any] = {"spec": washing(), "first": 0, "last": 95}
    told.update(changed)
    return ApplianceTask(**told)


def pump(count: int = 192, hours: float = 8.0, **changed: object) -> HoursTask:
    """Return a pump of 1 kW that owes so many hours on each day."""
    days = -(-count // 96)
    told: dict[str, Any] = {
        "spec": HoursSpec(name="pump", rated_kw=1.0, hours_per_day=hours),
        "day": np.arange(count) // 96,
        "allowed": np.ones(count, dtype=bool),
        "owed_hours": np.full(days, hours),
        "missing_per_hour": 3.0,
    }
    told.update(changed)
    return HoursTask(**told)


@st.composite
def tank_tasks(draw: st.DrawFn, count: int = 48) -> TankTask:
    """Return any tank: small or large, weak or strong, cold or hot, leaking or not."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    max_kw = draw(st.floats(0.3, 6.0))
    max_c = draw(st.floats(50.0, 80.0))
    spec = TankSpec(
        name="tank",
        litres=draw(st.floats(30, 1000)),
        max_kw=max_kw,
        min_kw=draw(st.sampled_from((None, 0.2 * max_kw))),
        loss_kw_per_k=draw(st.sampled_from((0.0, 0.001, 0.003, 0.02))),
        max_c=max_c,
        cop=CopCurve(outdoor_c=frozen_array([-10.0, 15.0]), cop=frozen_array([draw(st.floats(1, 2)), 3.5])),
        dead_band_k=draw(st.floats(0.0, 5.0)),
        layered=draw(st.sampled_from((0.0, 0.7))),
        steadiness=Steadiness(
            min_on=draw(st.sampled_from((timedelta(0), QUARTER, timedelta(minutes=40)))),
            min_off=draw(st.sampled_from((timedelta(0), QUARTER, timedelta(minutes=60)))),
            starts_per_day=draw(st.sampled_from((24, 3))),
        ),
    )
    drawn = rng.exponential(0.2, count) * (rng.random(count) < draw(st.floats(0, 1)))
    return TankTask(
        spec=spec,
        water_c=draw(st.floats(5.0, 85.0)),
        drawn_kwh=drawn,
        drawn_high_kwh=drawn + rng.exponential(0.5, count) * (rng.random(count) < 0.3),
        outdoor_c=rng.uniform(-15, 25, count),
        cold_per_kwh=draw(st.floats(0.0, 5.0)),
        hygiene_by=draw(st.sampled_from((None, 0, count // 2, count - 1, count + 5))),
        left_per_kwh=draw(st.floats(0.0, 0.3)),
        on=draw(st.booleans()),
        minutes_so=draw(st.floats(0, 120)),
    )


@st.composite
def any_prices(draw: st.DrawFn, count: int = 48) -> PriceCost:
    """Return any prices, negative ones too, with or without surplus."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return prices(rng.uniform(-0.1, 0.6, count), pv_kw=draw(st.sampled_from((0.0, 1.5))))
