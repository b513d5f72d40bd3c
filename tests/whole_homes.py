"""Homes with everything that can be shifted, drawn from a seed, as planning problems of 48 hours in quarter hours."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.devices.house_heat import cop_at, modes_of
from homeagent.domain.devices import ApplianceSpec, CarSpec, CopCurve, HeatSpec, HouseModel, Steadiness, TankSpec
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.prices import PriceCurve
from homeagent.domain.site import BatterySpec, GridLimits, SiteSpec
from homeagent.domain.tasks import ApplianceTask, CarTask, DeviceTask, HeatTask, TankTask

COUNT = 192
STEP = timedelta(minutes=15)
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """What a home's days are like: by slot, and the price that is usual."""

    hour: FloatArray
    outdoor_c: FloatArray
    sun_kw_m2: FloatArray
    buy: FloatArray
    sell: FloatArray
    load_kw: FloatArray
    pv_kw: FloatArray

    @property
    def usual(self) -> float:
        """What a kWh costs on average."""
        return float(self.buy.mean())


def whole_home(seed: int, *, scenarios: int = 1, spread: float = 0.3) -> PlanningProblem:
    """Return a home with a battery, a car, a heat pump, a tank and three appliances; one scenario is a known future."""
    rng = np.random.default_rng([seed, 7])
    grid = TimeGrid(start=datetime(2026, 1, 12, 12, tzinfo=UTC), step=STEP, count=COUNT)
    day = _day(rng)
    capacity = rng.uniform(5, 15)
    battery = BatterySpec(
        capacity_kwh=capacity,
        max_charge_kw=rng.uniform(2.5, 5.5),
        max_discharge_kw=rng.uniform(2.5, 5.5),
        min_soc_kwh=0.1 * capacity,
        wear_per_kwh=float(rng.choice([0.0, 0.02])),
    )
    site = SiteSpec(
        timezone=ZoneInfo("UTC"),
        battery=battery,
        grid=GridLimits(max_import_kw=float(rng.choice([11.0, 17.0, np.inf]))),
    )
    loads = day.load_kw * _around(rng, scenarios, spread)
    return PlanningProblem(
        site=site,
        grid=grid,
        soc_kwh=rng.uniform(0.1, 0.9) * capacity,
        prices=PriceCurve(
            grid=grid,
            import_per_kwh=day.buy,
            export_per_kwh=day.sell,
            estimated=np.zeros(COUNT, dtype=bool),
            known_until=grid.end,
        ),
        scenarios=Scenarios(
            grid=grid,
            load_kw=loads,
            pv_kw=day.pv_kw * np.minimum(_around(rng, scenarios, spread), 1.5),
            weight=np.full(scenarios, 1 / scenarios),
            issued_at=grid.start,
            model_id="drawn",
        ),
        devices=(_car(rng, day), _heat(rng, day), _tank(rng, day), *_appliances(rng, day)),
    )


def _around(rng: np.random.Generator, scenarios: int, spread: float) -> FloatArray:
    if scenarios == 1:
        return np.ones((1, 1))
    days = np.repeat(rng.lognormal(0, spread, (scenarios, 2)), COUNT // 2, axis=1)
    return np.asarray(days * rng.lognormal(0, spread / 2, (scenarios, COUNT)))


def _day(rng: np.random.Generator) -> Day:
    hour = (12 + np.arange(COUNT) / 4) % 24
    season = rng.uniform(0, 1)  # 0 winter, 1 early summer
    by_hour = np.arange(COUNT) // 4
    spot = rng.uniform(0.06, 0.14) + rng.uniform(0.02, 0.08) * (
        np.exp(-((hour - 8) ** 2) / 4)
        + 1.4 * np.exp(-((hour - 19) ** 2) / 6)
        - season * np.exp(-((hour - 13) ** 2) / 8)
    )
    spot = spot + rng.normal(0, 0.015, COUNT // 4)[by_hour]
    buy = spot * 1.2 + rng.uniform(0.05, 0.18)
    clear = np.maximum(np.cos((hour - 13) / (8 + 6 * season) * np.pi), 0) * (0.3 + 0.6 * season)
    clouds = np.clip(rng.uniform(0.2, 1.0) + np.cumsum(rng.normal(0, 0.08, COUNT)), 0.1, 1.0)
    load = rng.uniform(0.15, 0.5) + rng.uniform(0.3, 1.5) * np.exp(-((hour - 19.5) ** 2) / 5)
    load = load + rng.uniform(0.2, 1.0) * np.exp(-((hour - 7.5) ** 2) / 2) + (rng.random(COUNT) < 0.06) * 1.8
    return Day(
        hour=hour,
        outdoor_c=rng.uniform(-5, 5) + 9 * season + 3 * np.cos((hour - 15) / 12 * np.pi),
        sun_kw_m2=clear * clouds,
        buy=buy,
        sell=np.maximum(spot * 0.9, 0.0) if rng.random() < 0.6 else np.full(COUNT, 0.07),
        load_kw=load,
        pv_kw=rng.choice([0.0, 4.0, 7.0, 10.0]) * clear * clouds,
    )


def _car(rng: np.random.Generator, day: Day) -> CarTask:
    most, least, phases = [(3.7, 1.38, 1), (7.4, 1.38, 1), (11.0, 4.14, 3)][rng.integers(3)]
    arrives, stays = int(rng.integers(0, 40)), int(rng.integers(30, 70))
    slots = np.arange(COUNT)
    present = (slots >= arrives) & (slots < arrives + stays)
    leaves = np.where(slots == arrives + stays - 1, 1.0, 0.0)
    needed = min(rng.uniform(4, 35), 0.9 * most * stays / 4)
    return CarTask(
        spec=CarSpec(
            name="car",
            max_charge_kw=most,
            min_charge_kw=least,
            phases=(phases,),
            from_battery=bool(rng.random() < 0.5),
        ),
        present=present,
        leaves=leaves,
        needed_kwh=needed,
        room_kwh=needed + rng.uniform(0, 10),
        short_per_kwh=10 * day.usual,
        beyond_per_kwh=0.25 * day.usual,
    )


def _heat(rng: np.random.Generator, day: Day) -> HeatTask:
    most = rng.uniform(1.5, 3.5)
    spec = HeatSpec(
        name="heat pump",
        purpose="heating",
        max_kw=most,
        min_kw=most * float(rng.choice([0.3, 0.4, 1.0])),
        cop=CopCurve(outdoor_c=np.array([-10.0, 0.0, 10.0]), cop=np.array([2.2, 2.9, 3.9])),
        steadiness=Steadiness(min_on=HALF_HOUR, min_off=HALF_HOUR),
    )
    model = HouseModel(
        air_kwh_per_k=rng.uniform(0.8, 2.0),
        out_kw_per_k=rng.uniform(0.1, 0.25),
        mass_kwh_per_k=rng.uniform(5, 15),
        mass_kw_per_k=rng.uniform(0.8, 2.0),
        sun_m2=rng.uniform(1, 6),
        gains_kw=0.3,
    )
    home = ((day.hour > 6) & (day.hour < 8.5)) | ((day.hour > 16) & (day.hour < 22.5))
    low = np.where(home, 20.0, np.where(day.hour < 9, 17.0, 18.0)) + rng.uniform(-0.5, 1)
    begin = float(low[0] + rng.uniform(0, 2))
    return HeatTask(
        spec=spec,
        model=model,
        air_c=begin,
        mass_c=begin,
        outdoor_c=day.outdoor_c,
        sun_kw_m2=day.sun_kw_m2,
        gains_kw=0.5 * day.load_kw,
        low_c=low,
        high_c=low + 4,
        discomfort_per_kh=np.full(COUNT, 2 * day.usual),
        left_per_kwh=float((day.buy[-96:] / cop_at(spec.cop, day.outdoor_c[-96:])).mean())
        * math.exp(-6 * modes_of(model).slow_per_h),
    )


def _tank(rng: np.random.Generator, day: Day) -> TankTask:
    most, cop = [(2.0, 1.0), (0.8, 2.6)][rng.integers(2)]
    spec = TankSpec(
        name="tank",
        litres=rng.uniform(150, 300),
        max_kw=most,
        cop=CopCurve(cop=np.array([cop])),
        max_c=62.0,
        steadiness=Steadiness(min_on=HALF_HOUR, min_off=HALF_HOUR),
    )
    lost_per_h = spec.loss_kw_per_k / spec.kwh_per_k
    at = rng.uniform(6, 8), rng.uniform(18, 22)
    shape = np.exp(-((day.hour - at[0]) ** 2) / 0.5) + np.exp(-((day.hour - at[1]) ** 2) / 0.8) + 0.05
    drawn = shape * rng.uniform(3, 8) * 2 / shape.sum()
    return TankTask(
        spec=spec,
        water_c=rng.uniform(46, 60),
        drawn_kwh=drawn,
        drawn_high_kwh=1.5 * drawn,
        outdoor_c=day.outdoor_c,
        cold_per_kwh=10 * day.usual,
        left_per_kwh=float(np.quantile(day.buy[-96:], 0.25)) / cop * math.exp(-12 * lost_per_h),
        hygiene_by=int(rng.integers(60, COUNT)) if rng.random() < 0.3 else None,
    )


def _appliances(rng: np.random.Generator, day: Day) -> tuple[DeviceTask, ...]:
    dishes = np.concatenate([np.full(20, 1.9), np.full(60, 0.1), np.full(25, 1.9), np.full(15, 0.05)])
    washing = np.concatenate([np.full(25, 2.0), np.full(60, 0.2), np.full(15, 0.5)])
    drying = np.full(90, rng.uniform(0.7, 2.2))
    first = int(rng.integers(0, 60))
    prices = {"wait_per_hour": 0.01 * day.usual, "late_per_hour": 3 * day.usual}
    return (
        ApplianceTask(
            spec=ApplianceSpec(name="dishwasher", profile_kw=dishes),
            first=int(rng.integers(0, 60)),
            last=int(rng.integers(90, COUNT)),
            **prices,
        ),
        ApplianceTask(spec=ApplianceSpec(name="washer", profile_kw=washing), first=first, last=first + 60, **prices),
        ApplianceTask(
            spec=ApplianceSpec(name="dryer", profile_kw=drying, after="washer"),
            first=first,
            last=first + 100,
            **prices,
        ),
    )
