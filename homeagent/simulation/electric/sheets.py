"""What the owner of a simulated home would write into a configuration: data sheets and round numbers, not the truth."""

from __future__ import annotations

import math
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import (
    ApplianceSpec,
    CarSpec,
    CopCurve,
    DeviceKnown,
    HeatSpec,
    HoursSpec,
    Steadiness,
    TankSpec,
)
from homeagent.domain.site import SiteSpec
from homeagent.domain.wishes import ApplianceWish, Band, CarWish, HeatWish, HoursWish, TankWish, Wish
from homeagent.simulation.electric.climate_machine import PanelSpec, WaterSpec
from homeagent.simulation.electric.compressor import COOLING_C, COOLING_EER, HEATING_COP, SINK_C, SOURCE_C
from homeagent.simulation.electric.drawn_electric import ApplianceHabits, ElectricHome
from homeagent.simulation.electric.electric_car import LEAST_A, VOLT_KV
from homeagent.simulation.electric.layered_tank import tank_cop
from homeagent.simulation.electric.machines import usual_profile_kw

TANK, CAR, POOL = "hot_water", "car", "pool"
ROOM_LOW_C, ROOM_HIGH_C = 14.0, 31.0
"""The guards that an owner sets for the rooms."""
TANK_MOST_C = 65.0
NARROWEST_K = 0.5
SHEET_C = (-15.0, -7.0, 2.0, 7.0, 12.0)
COMPRESSOR_REST = Steadiness(min_on=timedelta(minutes=20), min_off=timedelta(minutes=15), starts_per_day=12)
PANEL_REST = Steadiness(min_on=timedelta(minutes=5), min_off=timedelta(minutes=5), starts_per_day=48)


def known_site(drawn: ElectricHome) -> SiteSpec:
    """Return the home's place, battery and tariff rules."""
    home = drawn.home
    return SiteSpec(
        timezone=ZoneInfo(home.climate.zone), battery=home.battery, currency="EUR", place=home.climate.place
    )


def known_devices(drawn: ElectricHome) -> tuple[DeviceKnown, ...]:
    """Return every device as its owner knows it."""
    known: list[DeviceKnown] = [_rooms(drawn), _tank(drawn), _car(drawn)]
    known += [_appliance(habits) for habits in drawn.appliances]
    if drawn.pool is not None:
        known.append(
            HoursSpec(
                name=POOL,
                rated_kw=round(drawn.pool.rated_kw, 1),
                hours_per_day=drawn.pool.hours_per_day,
                from_min=7 * 60,
                until_min=22 * 60,
            )
        )
    return tuple(known)


def known_wishes(drawn: ElectricHome) -> dict[str, Wish]:
    """Return what its owner would write down as wanted: the band that all of them can bear, around what they agreed on.

    Where there is none the heating keeps to the agreed set-point from below, the cooling from above.
    """
    people, cooling = drawn.people, drawn.season == "cooling"
    low, high = max(person.low_c for person in people), min(person.high_c for person in people)
    low, high = math.ceil(10 * low) / 10, math.floor(10 * high) / 10
    if cooling:
        high = max(high, drawn.set_c)
        low = min(low, high - NARROWEST_K)
    else:
        low = min(low, drawn.set_c)
        high = max(high, low + NARROWEST_K)
    asleep_low = math.ceil(2 * max(person.asleep_low_c for person in people)) / 2
    asleep_high = max(math.floor(2 * min(person.asleep_high_c for person in people)) / 2, asleep_low + 1)
    comfort = HeatWish(
        comfort=Band(low_c=low, high_c=high),
        sleep=Band(low_c=asleep_low, high_c=asleep_high),
        away=Band(low_c=16.0, high_c=29.0),
    )
    wishes: dict[str, Wish] = {drawn.hvac: comfort, CAR: CarWish(target=drawn.car.target_share), TANK: TankWish()}
    wishes |= {habits.name: ApplianceWish() for habits in drawn.appliances}
    return wishes if drawn.pool is None else {**wishes, POOL: HoursWish()}


def _rooms(drawn: ElectricHome) -> HeatSpec:
    heating = drawn.heating
    if isinstance(heating, PanelSpec):
        power_kw = round(heating.living_kw + heating.sleeping_kw, 1)
        return HeatSpec(
            name="heating",
            purpose="heating",
            max_kw=power_kw,
            min_kw=power_kw,
            dead_band_k=round(drawn.band_k, 1),
            steadiness=PANEL_REST,
            phases=3,
            guard_low_c=ROOM_LOW_C,
            guard_high_c=ROOM_HIGH_C,
        )
    if isinstance(heating, WaterSpec):
        cop = np.array([_sheet_cop(heating, out_c) for out_c in SHEET_C])
        power_kw = round(heating.compressor.rated_kw * 0.85 / float(np.interp(-7.0, SHEET_C, cop)), 1)
        return HeatSpec(
            name="heating",
            purpose="heating",
            max_kw=power_kw,
            min_kw=round(0.3 * power_kw, 1),
            cop=CopCurve(outdoor_c=np.array(SHEET_C), cop=np.round(cop, 1)),
            dead_band_k=round(drawn.band_k, 1),
            steadiness=COMPRESSOR_REST,
            guard_low_c=ROOM_LOW_C,
            guard_high_c=ROOM_HIGH_C,
        )
    if drawn.cooling is None:
        raise ValueError("a home heats or cools")
    power_kw = round(drawn.cooling.rated_kw / 3.5, 1)
    return HeatSpec(
        name="cooling",
        purpose="cooling",
        max_kw=power_kw,
        min_kw=round(0.2 * power_kw, 2),
        cop=CopCurve(outdoor_c=np.array(COOLING_C), cop=np.array(COOLING_EER)),
        dead_band_k=round(drawn.band_k, 1),
        steadiness=COMPRESSOR_REST,
        guard_low_c=ROOM_LOW_C,
        guard_high_c=ROOM_HIGH_C,
    )


def _sheet_cop(heating: WaterSpec, out_c: float) -> float:
    """Return a sheet's COP at the heating curve: without ice, cycles, or what this machine is worse."""
    supply_c = heating.supply_c(out_c)
    return float(np.interp(supply_c, SINK_C, [np.interp(out_c, SOURCE_C, cops) for cops in HEATING_COP]))


def _tank(drawn: ElectricHome) -> TankSpec:
    tank, outdoor_c = drawn.tank, np.array([-7.0, 2.0, 7.0, 14.0, 20.0, 35.0])
    return TankSpec(
        name=TANK,
        litres=tank.litres,
        max_kw=round(tank.power_kw, 1),
        loss_kw_per_k=round(tank.loss_kw_per_k, 4),
        room_c=20.0 if drawn.tank_inside else 14.0,
        useful_c=43.0,
        layered=0.6,
        max_c=TANK_MOST_C,
        cop=CopCurve(outdoor_c=outdoor_c, cop=tank_cop(outdoor_c)) if tank.heat_pump else CopCurve(),
        dead_band_k=round(tank.band_k, 0),
    )


def _car(drawn: ElectricHome) -> CarSpec:
    battery = drawn.car.battery
    return CarSpec(
        name=CAR,
        max_charge_kw=round(battery.most_kw, 2),
        min_charge_kw=round(LEAST_A * VOLT_KV * min(battery.phases), 2),
        phases=battery.phases,
        capacity_kwh=battery.capacity_kwh if drawn.car.tells_stored else None,
    )


def _appliance(habits: ApplianceHabits) -> ApplianceSpec:
    return ApplianceSpec(
        name=habits.name,
        profile_kw=usual_profile_kw(habits.name, round(habits.rated_kw, 1)),
        switched=habits.switched,
        after="washer" if habits.name == "dryer" else None,
    )
