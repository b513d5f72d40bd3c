"""Settings of devices to how they are told, timed and looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

from homeagent.config.binding import Bound
from homeagent.config.device_specs import known_of, minutes_of
from homeagent.config.devices import (
    ApplianceSettings,
    CarSettings,
    CarSteeringSettings,
    ClimateSettings,
    ThermostatSteeringSettings,
    WaterHeaterSettings,
)
from homeagent.config.home_assistant import SteeringSettings, SwitchSteeringSettings
from homeagent.config.settings import Settings
from homeagent.config.steering import by_profile, device_of
from homeagent.domain.command import Instruction, SetCharge, SetSwitch, SetTemperature
from homeagent.domain.wiring import (
    CHARGER_VERBS,
    SWITCH_VERBS,
    TELLER_VERBS,
    THERMOSTAT_VERBS,
    CallAction,
    DeviceSensors,
    DeviceSpec,
    Timetable,
)

SAFE_WATER_C = 55.0
"""What a tank is left at where it takes a temperature: hot enough for a day, below what scales it up."""
_Value = TypeVar("_Value")


def devices_of(settings: Settings, profiles: Mapping[str, Bound]) -> Iterator[DeviceSpec]:
    """Return what there is to be told beside the battery."""
    known = {device.name: device for device in known_of(settings)}
    told: list[DeviceSpec] = []
    for name, appliance in settings.appliances.items():
        told += _appliance(name, appliance, profiles.get(name), settings.grid.volts)
    for name, zone in settings.climate.items():
        told += _thermostat(name, zone, profiles.get(name))
    for name, car in settings.ev.items():
        told += _car(name, car, profiles.get(name))
    for name, tank in settings.water_heater.items():
        told += _tank(name, tank, profiles.get(name))
    return (replace(device, known=known.get(device.name), volts=settings.grid.volts) for device in told)


def timetables_of(settings: Settings) -> Iterator[Timetable]:
    """Return the hours of the devices that keep them."""
    for name, appliance in settings.appliances.items():
        if appliance.timetable is not None:
            hours = [(at, SetSwitch(on=on)) for at, on in _by_clock(appliance.timetable)]
            yield Timetable(device=name, entries=tuple(hours), rated_kw=appliance.rated_kw)
    for name, zone in settings.climate.items():
        if zone.timetable is not None:
            degrees = [(at, SetTemperature(target_c=target_c)) for at, target_c in _by_clock(zone.timetable)]
            yield Timetable(device=name, entries=tuple(degrees))


def sensors_of(settings: Settings) -> Iterator[DeviceSensors]:
    """Return what says how each planned device stands."""
    for name, car in settings.ev.items():
        yield DeviceSensors(
            name=name, power=car.power, soc=car.soc, plugged=car.plugged, asked=car.asked, leaves=car.leaves
        )
    planned = {name: zone for name, zone in settings.climate.items() if zone.timetable is None}
    stores: dict[str, ClimateSettings | WaterHeaterSettings] = planned | settings.water_heater
    for name, store in stores.items():
        yield DeviceSensors(name=name, power=store.power, temperature=store.temperature, thermostat=store.entity)
    for name, appliance in settings.appliances.items():
        if appliance.timetable is None:
            switch = _own_switch(appliance)
            yield DeviceSensors(
                name=name, power=appliance.power, running=appliance.running or switch, ready=appliance.ready
            )


def controlled_meters(settings: Settings) -> list[tuple[str, str]]:
    """Return the meters of what the agent itself moves: their power is no habit of the household."""
    sections = (settings.ev, settings.climate, settings.water_heater, settings.appliances)
    metered = [(name, device.power) for section in sections for name, device in section.items()]
    return [(name, power) for name, power in metered if power is not None]


def _own_switch(appliance: ApplianceSettings) -> str | None:
    """Return the switch that an appliance is turned on with, which shows whether it runs where nothing better does."""
    steps = [] if appliance.steering is None else appliance.steering.on or []
    return next((str(step.set) for step in steps if step.set is not None), None)


def _car(name: str, settings: CarSettings, bound: Bound | None) -> Iterator[DeviceSpec]:
    steering = settings.steering or CarSteeringSettings()
    if steering.charge is None:
        return
    most = max(settings.usable_phases())
    verbs = (*CHARGER_VERBS, "discharge")
    arrives = SetCharge(power_kw=settings.max_charge_kw, phases=most)
    device = _proved_by(device_of(name, "charger", steering, verbs, arrives), settings.power)
    yield by_profile(device, bound)


def _thermostat(name: str, settings: ClimateSettings, bound: Bound | None) -> Iterator[DeviceSpec]:
    steering = settings.steering or ThermostatSteeringSettings()
    safe = SetTemperature(target_c=settings.safe_temperature)
    if steering.temperature is not None or steering.on is not None:
        device = device_of(
            name, "thermostat", steering, (*THERMOSTAT_VERBS, *SWITCH_VERBS), safe, None, settings.entity
        )
        yield by_profile(_proved_by(device, settings.power or settings.entity), bound)


def _tank(name: str, settings: WaterHeaterSettings, bound: Bound | None) -> Iterator[DeviceSpec]:
    """A tank that is left alone keeps its own thermostat: at a temperature, or with its heater let on."""
    steering = settings.steering or ThermostatSteeringSettings()
    kept_c = min(max(settings.useful, SAFE_WATER_C), settings.max)
    safe: Instruction = SetTemperature(target_c=kept_c) if steering.temperature is not None else SetSwitch(on=True)
    if steering.temperature is not None or steering.on is not None:
        device = device_of(name, "tank", steering, (*THERMOSTAT_VERBS, *SWITCH_VERBS), safe, None, settings.entity)
        yield by_profile(_proved_by(device, settings.power or settings.entity), bound)


def _appliance(name: str, settings: ApplianceSettings, bound: Bound | None, volts: float) -> Iterator[DeviceSpec]:
    if settings.told_to_a_person:
        yield from _teller(name, settings)
        return
    steering = settings.steering or SwitchSteeringSettings()
    runs_to_the_end = settings.timetable is None and settings.hours_per_day is None
    device = device_of(name, "switch", steering, SWITCH_VERBS, SetSwitch(on=False))
    device = replace(device, left_running=runs_to_the_end)
    device = _proved_by(device, settings.power or settings.running)
    yield replace(by_profile(device, bound), constants=_current(settings, bound, volts))


def _proved_by(device: DeviceSpec, entity: str | None) -> DeviceSpec:
    """Return a device that `entity` proves, where its steering names nothing else."""
    if device.proof.entity is not None:
        return device
    return replace(device, proof=replace(device.proof, entity=entity))


def _teller(name: str, settings: ApplianceSettings) -> Iterator[DeviceSpec]:
    if settings.tell == "none":
        return
    called = name.replace("_", " ")
    message = f"The best time to start the {called}: {{{{ start }}}}."
    data: dict[str, object] = {"title": f"Start the {called}", "message": message}
    action = settings.tell
    if settings.tell == "notification":
        action, data = "persistent_notification.create", data | {"notification_id": f"homeagent_start_{name}"}
    device = device_of(name, "teller", SteeringSettings(), (), SetSwitch(on=False))
    yield replace(device, left_running=True, verbs={TELLER_VERBS[0]: (CallAction(action=action, data=data),)})


def _current(settings: ApplianceSettings, bound: Bound | None, volts: float) -> Mapping[str, int]:
    """Return the current that a charger draws its rated power with, in whole amperes and within what it takes."""
    takes = None if bound is None else bound.profile.current
    if takes is None:
        return {}
    phases = settings.phases or 3
    ampere = math.floor(settings.rated_kw * 1000 / (volts * phases) + 1e-9)
    return {"current_a": int(min(max(ampere, takes.low_a), takes.high_a)), "phases": phases}


def _by_clock(timetable: Mapping[str, _Value]) -> list[tuple[int, _Value]]:
    return sorted(((minutes_of(clock) or 0, value) for clock, value in timetable.items()), key=lambda entry: entry[0])
