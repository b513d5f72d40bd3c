"""Two days of one home with devices of each kind and in each stance: tasks, prices, and plans made by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import ApplianceSpec, CarSpec, CopCurve, HeatSpec, HoursSpec, HouseModel, TankSpec
from homeagent.domain.grid import BoolArray, FloatArray, SlotSeries, TimeGrid
from homeagent.domain.tasks import (
    ApplianceTask,
    CarTask,
    DevicePlan,
    DeviceTask,
    HeatTask,
    HoursTask,
    TankTask,
)
from homeagent.planning.device_responses import evaluate
from homeagent.planning.slot_cost import PriceCost, SlotCost

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 1, 7, 16, tzinfo=UTC)
"""Five in the afternoon there."""
GRID = TimeGrid(start=START, step=timedelta(minutes=15), count=192)


def _local_hour(grid: TimeGrid) -> FloatArray:
    return np.array([at.astimezone(BERLIN).hour + at.astimezone(BERLIN).minute / 60 for at in grid.starts()])


HOUR = _local_hour(GRID)
PRICE = np.where((HOUR >= 1) & (HOUR < 5), 0.10, np.where((HOUR >= 17) & (HOUR < 21), 0.42, 0.28))
HEATS = CopCurve(outdoor_c=np.array([-10.0, 10.0]), cop=np.array([2.2, 4.0]))
COOLS = CopCurve(outdoor_c=np.array([20.0, 35.0]), cop=np.array([5.0, 3.0]))
NOON_SUN_KW = np.where((HOUR >= 11) & (HOUR < 14), 4.0, 0.0)


def cost(grid: TimeGrid = GRID) -> SlotCost:
    return PriceCost(
        grid=grid,
        import_per_kwh=PRICE,
        export_per_kwh=np.full(grid.count, 0.06),
        net_kw=0.4 - NOON_SUN_KW,
    )


def tasks() -> dict[str, DeviceTask]:
    """Return a task of each kind, by name."""
    count = GRID.count
    leaves = np.zeros(count)
    leaves[55] = 1.0  # at seven
    home = (HOUR >= 6) & ((HOUR < 8) | (HOUR >= 17)) & (HOUR < 23)
    day = np.array([(at.astimezone(BERLIN).date() - START.astimezone(BERLIN).date()).days for at in GRID.starts()])
    drawn = np.where((HOUR >= 6.5) & (HOUR < 7.5), 0.6, np.where((HOUR >= 19) & (HOUR < 20), 0.4, 0.02))
    return {
        "car": CarTask(
            spec=CarSpec(name="car", max_charge_kw=7.2, capacity_kwh=60.0),
            present=np.arange(count) < 56,
            leaves=leaves,
            needed_kwh=18.0,
            room_kwh=30.0,
            short_per_kwh=3.0,
            beyond_per_kwh=0.05,
            stored_kwh=24.0,
        ),
        "guest": CarTask(
            spec=CarSpec(name="guest", max_charge_kw=7.2, max_discharge_kw=3.0, capacity_kwh=60.0),
            present=np.ones(count, dtype=np.bool_),
            leaves=np.where((HOUR >= 7) & (HOUR < 9), 0.2, 0.001),
            needed_kwh=16.0,
            room_kwh=16.0,
            short_per_kwh=3.0,
            stored_kwh=30.0,
        ),
        "van": CarTask(
            spec=CarSpec(name="van", max_charge_kw=7.2),
            present=np.ones(count, dtype=np.bool_),
            leaves=np.zeros(count),
            needed_kwh=0.0,
            room_kwh=20.0,
            short_per_kwh=3.0,
            beyond_per_kwh=0.15,
            surplus_only=True,
        ),
        "living": HeatTask(
            spec=HeatSpec(name="living", purpose="heating", max_kw=2.5, cop=HEATS),
            model=HouseModel(air_kwh_per_k=1.5, out_kw_per_k=0.15, mass_kwh_per_k=8.0, mass_kw_per_k=0.8),
            air_c=20.6,
            mass_c=20.4,
            outdoor_c=np.full(count, 2.0),
            sun_kw_m2=np.zeros(count),
            gains_kw=np.full(count, 0.3),
            low_c=np.where(home, 20.0, 17.0),
            high_c=np.full(count, 23.0),
            discomfort_per_kh=np.where(home | (HOUR >= 23) | (HOUR < 6), 0.6, 0.0),
        ),
        "office": HeatTask(
            spec=HeatSpec(name="office", purpose="cooling", max_kw=1.0, cop=COOLS),
            model=HouseModel(air_kwh_per_k=0.8, out_kw_per_k=0.1),
            air_c=24.0,
            mass_c=24.0,
            outdoor_c=25 + 7 * np.cos((HOUR - 15) / 12 * np.pi),
            sun_kw_m2=np.zeros(count),
            gains_kw=np.full(count, 0.2),
            low_c=np.full(count, 20.0),
            high_c=np.full(count, 25.0),
            discomfort_per_kh=np.where((HOUR >= 8) & (HOUR < 18), 0.6, 0.0),
        ),
        "tank": TankTask(
            spec=TankSpec(name="tank", litres=200.0, max_kw=2.0),
            water_c=51.0,
            drawn_kwh=drawn,
            drawn_high_kwh=1.6 * drawn,
            outdoor_c=np.full(count, 2.0),
            cold_per_kwh=3.0,
            hygiene_by=150,
        ),
        "washer": ApplianceTask(
            spec=ApplianceSpec(name="washer", profile_kw=np.concatenate([np.full(30, 2.0), np.full(60, 0.3)])),
            first=0,
            last=55,
            wait_per_hour=0.003,
            late_per_hour=0.9,
        ),
        "dishwasher": ApplianceTask(
            spec=ApplianceSpec(name="dishwasher", profile_kw=np.full(90, 1.2), switched=False),
            first=0,
            last=191,
            at_most=0.08,
        ),
        "dryer": ApplianceTask(
            spec=ApplianceSpec(name="dryer", profile_kw=np.full(60, 2.2)), first=0, last=10, begun_min=20.0
        ),
        "pool": HoursTask(
            spec=HoursSpec(name="pool", rated_kw=1.1, hours_per_day=5.0),
            day=day,
            allowed=(HOUR >= 8) & (HOUR < 22),
            owed_hours=np.array([2.0, 5.0, 3.0]),
        ),
    }


WED, THU, FRI = 17, -7, -31
"""The hour of each day's clock at which the grid begins."""


def spans(*each: tuple[int, float, float, float]) -> FloatArray:
    """Return a course of power: (day, from hour, until hour, kW) each."""
    power = np.zeros(GRID.count)
    for day, begin, end, kw in each:
        power[int((begin - day) * 4) : int((end - day) * 4)] = kw
    return power


COURSES = {
    "car": spans((THU, 1, 3.5, 7.2)),
    "guest": spans((WED, 19, 20, -3.0), (THU, 2, 4.75, 7.2)),
    "van": spans((THU, 11, 14, 1.4)),
    "living": spans((WED, 17.5, 23, 0.8), (THU, 1, 5, 2.5), (THU, 6, 8, 0.8), (THU, 11, 14, 2.0), (THU, 16, 23, 0.9)),
    "office": spans((THU, 11, 14, 1.0)),
    "tank": spans((WED, 19.5, 20, 2.0), (THU, 2, 5, 2.0), (THU, 11, 14, 2.0), (FRI, 1.5, 5, 2.0)),
    "washer": spans((THU, 1, 1.5, 2.0), (THU, 1.5, 2.5, 0.3)),
    "dishwasher": spans(),
    "dryer": spans((WED, 17, 17.75, 2.2)),
    "pool": spans((WED, 20, 22, 1.1), (THU, 11, 16, 1.1), (FRI, 11, 14, 1.1)),
}
"""Made by hand, so that a better planner changes no sentence."""


def plan_of(task: DeviceTask, power_kw: FloatArray, follows: BoolArray | None = None) -> DevicePlan:
    answer = evaluate(task, power_kw, GRID)
    return DevicePlan(
        name=task.spec.name,
        power_kw=SlotSeries(grid=GRID, values=answer.power_kw),
        level=answer.level,
        follows_surplus=np.zeros(GRID.count, dtype=np.bool_) if follows is None else follows,
        target_c=answer.target_c,
        start=None if answer.start_slot is None else GRID.at(answer.start_slot),
        wish_cost=answer.wish_cost,
        unmet=answer.unmet,
    )


def plans() -> dict[str, tuple[DeviceTask, DevicePlan]]:
    """Return each task with its plan, by name; the van follows the sun where it charges."""
    found = {}
    for name, task in tasks().items():
        follows = COURSES[name] > 0 if name == "van" else None
        found[name] = (task, plan_of(task, COURSES[name], follows))
    return found
