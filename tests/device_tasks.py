"""One task of each kind of device on the grid of `situations`, for tests to change."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from homeagent.domain.devices import (
    ApplianceSpec,
    CarSpec,
    CopCurve,
    HeatSpec,
    HoursSpec,
    HouseModel,
    Steadiness,
    TankSpec,
)
from homeagent.domain.grid import frozen_array
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask, HeatTask, HoursTask, TankTask

CAR = CarSpec(name="car", max_charge_kw=7.2, capacity_kwh=60.0)
HEAT = HeatSpec(
    name="house",
    purpose="heating",
    max_kw=2.5,
    min_kw=0.8,
    cop=CopCurve(outdoor_c=frozen_array([-10.0, 10.0]), cop=frozen_array([2.2, 4.0])),
)
HOUSE = HouseModel(air_kwh_per_k=1.5, out_kw_per_k=0.18, mass_kwh_per_k=9.0, mass_kw_per_k=0.9, sun_m2=4.0)
TANK = TankSpec(name="tank", litres=200.0, max_kw=2.0)
WASHING = ApplianceSpec(name="washing", profile_kw=np.concatenate([np.full(20, 2.0), np.full(60, 0.2)]))
DRYER = ApplianceSpec(name="dryer", profile_kw=np.full(90, 0.7), after="washing")
POOL = HoursSpec(name="pool", rated_kw=0.9, hours_per_day=4.0)


def one_of_each(count: int = 24, outdoor_c: float = 2.0) -> tuple[DeviceTask, ...]:
    """Return a task of each kind over `count` slots of an hour."""
    flat = np.ones(count)
    here = np.arange(count) < 10
    return (
        CarTask(
            spec=CAR,
            present=here,
            leaves=np.where(np.arange(count) == 9, 1.0, 0.0),
            needed_kwh=14.0,
            room_kwh=30.0,
            short_per_kwh=1.0,
        ),
        HeatTask(
            spec=HEAT,
            model=HOUSE,
            air_c=20.5,
            mass_c=20.2,
            outdoor_c=outdoor_c * flat,
            sun_kw_m2=0.0 * flat,
            gains_kw=0.3 * flat,
            low_c=20.0 * flat,
            high_c=23.0 * flat,
            discomfort_per_kh=0.5 * flat,
        ),
        TankTask(
            spec=TANK,
            water_c=50.0,
            drawn_kwh=0.25 * flat,
            drawn_high_kwh=0.5 * flat,
            outdoor_c=outdoor_c * flat,
            cold_per_kwh=2.0,
        ),
        ApplianceTask(spec=WASHING, first=1, last=12),
        ApplianceTask(spec=DRYER, first=1, last=16, at_most=0.4),
        HoursTask(
            spec=POOL,
            day=np.zeros(count, dtype=np.int_),
            allowed=np.ones(count, dtype=np.bool_),
            owed_hours=np.array([4.0]),
        ),
    )


STEADY = Steadiness(min_on=timedelta(minutes=30), min_off=timedelta(minutes=30), starts_per_day=6)
