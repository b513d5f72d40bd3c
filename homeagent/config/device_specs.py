"""Settings of devices to what the planner knows of them, and to what their household wants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import numpy as np

from homeagent.config.devices import (
    ApplianceSettings,
    CarSettings,
    ClimateSettings,
    SteadySettings,
    WaterHeaterSettings,
)
from homeagent.config.settings import Settings
from homeagent.devices.heat_pump import HeatPumpClass, usual_cop
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
from homeagent.domain.wishes import ApplianceWish, Band, CarWish, HeatWish, HoursWish, TankWish, Wish

MINUTES_OF_DAY = 1440
HEAT_PUMPS: Mapping[str, HeatPumpClass] = {
    "heater": "heater",
    "air_source": "air to radiators",
    "air_to_floor": "air to floor",
    "air_to_air": "air to floor",
    "cooling": "air conditioner",
}
"""A split unit blows air about as warm as a floor's water."""
MADE_COP: Mapping[str, Mapping[float, float]] = {
    "hot_water": {-15: 2.0, -7: 2.2, 2: 2.5, 7: 2.7, 12: 2.9, 20: 3.3},
    "ground_source": {0: 3.6},
}
"""By outdoor temperature [degC]: air to water of 50 degC by the formula of `devices.heat_pump`; brine hardly varies."""
OUTER_K = 3.0
"""So far the other edge of a band lies from the one temperature that was given."""
HEATING = {"comfort": (20.0, 24.0), "sleep": (17.0, 24.0), "away": (15.0, 28.0)}
COOLING = {"comfort": (18.0, 25.0), "sleep": (18.0, 25.0), "away": (15.0, 29.0)}


def known_of(settings: Settings) -> tuple[DeviceKnown, ...]:
    """Return what there is to be planned, in the order of cars, heating, hot water, appliances."""
    return tuple(known for known, _ in _devices(settings))


def wishes_of(settings: Settings) -> dict[str, Wish]:
    """Return what is wanted of each device that is planned."""
    return {known.name: wish for known, wish in _devices(settings)}


def _devices(settings: Settings) -> Iterator[tuple[DeviceKnown, Wish]]:
    for name, car in settings.ev.items():
        yield _car(name, car, settings.grid.volts), _car_wish(car)
    for name, zone in settings.climate.items():
        if zone.timetable is None:
            yield _heat(name, zone), _heat_wish(zone)
    for name, tank in settings.water_heater.items():
        yield _tank(name, tank), TankWish(cold_per_kwh=tank.cold_per_kwh)
    for name, appliance in settings.appliances.items():
        if appliance.timetable is None:
            yield _appliance(name, appliance)


def _car(name: str, settings: CarSettings, volts: float) -> CarSpec:
    phases, gives = settings.usable_phases(), settings.vehicle_to_home
    capacity_kwh = settings.capacity_kwh
    return CarSpec(
        name=name,
        max_charge_kw=settings.max_charge_kw,
        min_charge_kw=min(settings.min_current_a * volts / 1000 * min(phases), settings.max_charge_kw),
        phases=phases,
        capacity_kwh=capacity_kwh,
        charge_efficiency=settings.charge_efficiency,
        max_discharge_kw=0.0 if gives is None else gives.max_discharge_kw,
        discharge_efficiency=0.9 if gives is None else gives.discharge_efficiency,
        min_soc_kwh=0.0 if gives is None or capacity_kwh is None else gives.min_soc * capacity_kwh,
        wear_per_kwh=0.0 if gives is None else gives.wear_per_kwh,
        from_battery=settings.from_battery,
    )


def _car_wish(settings: CarSettings) -> CarWish:
    return CarWish(
        target=settings.target,
        ready_by_min=minutes_of(settings.ready_by),
        confidence=settings.confidence,
        surplus_only=settings.surplus == "only",
        usual_kwh=settings.usual_kwh,
        short_per_kwh=settings.short_per_kwh,
        beyond_per_kwh=settings.beyond_per_kwh,
    )


def _heat(name: str, settings: ClimateSettings) -> HeatSpec:
    rated_kw = settings.rated_kw or 0.0
    return HeatSpec(
        name=name,
        purpose=settings.purpose,
        max_kw=rated_kw,
        min_kw=min(settings.min_kw, rated_kw),
        cop=_cop(settings.cop),
        guard_low_c=settings.guard_low,
        guard_high_c=settings.guard_high,
        dead_band_k=settings.dead_band_k,
        steadiness=_steadiness(settings),
        phases=settings.phases,
    )


def _heat_wish(settings: ClimateSettings) -> HeatWish:
    usual = HEATING if settings.purpose == "heating" else COOLING
    given = {"comfort": settings.comfort, "sleep": settings.sleep, "away": settings.away}
    bands = {name: _band(value, settings.purpose, usual[name]) for name, value in given.items()}
    return HeatWish(
        comfort=bands["comfort"],
        sleep=bands["sleep"],
        away=bands["away"],
        sleep_from_min=minutes_of(settings.sleep_from),
        sleep_until_min=minutes_of(settings.sleep_until),
        discomfort_per_kh=settings.discomfort_per_kh,
    )


def _band(value: float | list[float] | None, purpose: str, usual: tuple[float, float]) -> Band:
    """Return a band; one temperature is the edge that costs energy to keep."""
    if isinstance(value, list):
        return Band(low_c=value[0], high_c=value[1])
    if value is None:
        return Band(low_c=usual[0], high_c=usual[1])
    if purpose == "heating":
        return Band(low_c=value, high_c=max(usual[1], value + OUTER_K))
    return Band(low_c=min(usual[0], value - OUTER_K), high_c=value)


def _tank(name: str, settings: WaterHeaterSettings) -> TankSpec:
    return TankSpec(
        name=name,
        litres=settings.litres,
        max_kw=settings.rated_kw,
        loss_kw_per_k=settings.loss_kw_per_k,
        layered=settings.layered,
        room_c=settings.room,
        cold_c=settings.cold,
        useful_c=settings.useful,
        max_c=settings.max,
        cop=_cop(settings.cop),
        hygiene_c=settings.hygiene,
        hygiene_every=timedelta(days=settings.hygiene_days) if settings.hygiene_days else None,
        dead_band_k=settings.dead_band_k,
        steadiness=_steadiness(settings),
        phases=settings.phases,
    )


def _appliance(name: str, settings: ApplianceSettings) -> tuple[ApplianceSpec | HoursSpec, Wish]:
    from_min, until_min = minutes_of(settings.from_) or 0, minutes_of(settings.until)
    until_min = MINUTES_OF_DAY if until_min is None else until_min
    phases = settings.phases or 1
    if settings.hours_per_day is not None:
        known = HoursSpec(
            name=name,
            rated_kw=settings.rated_kw,
            hours_per_day=settings.hours_per_day,
            min_block=timedelta(hours=min(settings.min_block_hours, settings.hours_per_day)),
            from_min=from_min,
            until_min=until_min,
            phases=phases,
        )
        return known, HoursWish(missing_per_hour=settings.missing_per_hour)
    run = ApplianceSpec(
        name=name,
        profile_kw=np.full(settings.run_minutes, settings.rated_kw),
        switched=not settings.told_to_a_person,
        after=settings.after,
        phases=phases,
    )
    return run, ApplianceWish(
        from_min=from_min,
        until_min=until_min,
        ready_by_min=minutes_of(settings.ready_by),
        daily=settings.daily,
        at_most=settings.at_most,
        wait_per_hour=settings.wait_per_hour,
        late_per_hour=settings.late_per_hour,
    )


def _steadiness(settings: SteadySettings) -> Steadiness:
    return Steadiness(
        min_on=timedelta(minutes=settings.min_on_minutes),
        min_off=timedelta(minutes=settings.min_off_minutes),
        starts_per_day=settings.starts_per_day,
    )


def _cop(told: str | dict[float, float]) -> CopCurve:
    if isinstance(told, str) and told in HEAT_PUMPS:
        return usual_cop(HEAT_PUMPS[told])
    points = sorted((told if isinstance(told, dict) else MADE_COP[told]).items())
    return CopCurve(outdoor_c=np.array([c for c, _ in points], float), cop=np.array([cop for _, cop in points], float))


def minutes_of(clock: str | None) -> int | None:
    """Return minutes after midnight."""
    if clock is None:
        return None
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
