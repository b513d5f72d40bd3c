"""Settings to the domain's wiring: entities with signs and bounds, steps, devices, timetables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from homeagent.config.binding import Bound
from homeagent.config.capability import plain_capability, profile_capability
from homeagent.config.forecasts import forecasts_of
from homeagent.config.home_assistant import (
    UNMETERED,
    ApplianceSettings,
    BatterySteeringSettings,
    ClimateSettings,
    HomeAssistantSettings,
    MeterSettings,
    MetersSettings,
    ProofSettings,
    StepSettings,
    SwitchSteeringSettings,
    ThermostatSteeringSettings,
)
from homeagent.config.settings import BatterySettings, Settings
from homeagent.config.tariffs import export_tariff, import_tariff
from homeagent.domain.command import Instruction, SetMode, SetSwitch, SetTemperature
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import SiteSpec
from homeagent.domain.wiring import (
    BATTERY_VERBS,
    SWITCH_VERBS,
    THERMOSTAT_VERBS,
    CallAction,
    DeviceKind,
    DeviceSpec,
    HomeAssistantSpec,
    Meters,
    MeterSource,
    MeterSpec,
    Pause,
    Press,
    PriceWiring,
    ProofSpec,
    PvMetering,
    Ranges,
    SetEntity,
    Step,
    Timetable,
    Wiring,
)

BEYOND = 1.5
"""So many times a rating or a limit cannot be true."""
LARGEST_KW = 70.0
"""What a home's connection can carry, where no limit is configured."""
NOISE_KW = 0.5
VOLTS = 230
MOST_POWER_KW_AT_REST = 1.0


def wiring_of(settings: Settings, site: SiteSpec, profiles: Mapping[str, Bound]) -> Wiring | None:
    """Return how the home is wired to Home Assistant, None where the configuration has none."""
    if settings.home_assistant is None or settings.meters is None:
        return None
    switched, thermostats = settings.appliances.items(), settings.climate.items()
    return Wiring(
        home_assistant=_home_assistant(settings.home_assistant),
        meters=_meters(settings.meters, site, [(name, entry.power) for name, entry in switched if entry.power]),
        prices=PriceWiring(imports=import_tariff(settings.prices), exports=export_tariff(settings.prices)),
        presence=tuple(settings.home.presence),
        forecasts=forecasts_of(settings.solar.forecast, settings.home.weather, settings.carbon),
        devices=(
            *_battery(settings.battery, profiles.get("battery")),
            *(_appliance(name, entry, profiles.get(name)) for name, entry in switched),
            *(_thermostat(name, entry, profiles.get(name)) for name, entry in thermostats),
        ),
        timetables=(
            *(_hours(name, entry) for name, entry in switched),
            *(_temperatures(name, entry) for name, entry in thermostats),
        ),
    )


def _home_assistant(settings: HomeAssistantSettings) -> HomeAssistantSpec:
    return HomeAssistantSpec(
        url=settings.url,
        token=settings.token,
        fingerprint=None if settings.fingerprint is None else bytes.fromhex(settings.fingerprint),
        verify_tls=settings.verify_tls,
        heartbeat=settings.heartbeat,
    )


def _meters(settings: MetersSettings, site: SiteSpec, appliances: Sequence[tuple[str, str]]) -> Meters:
    battery, grid = site.battery, site.grid
    import_kw, export_kw = (
        BEYOND * limit if math.isfinite(limit) and limit > 0 else LARGEST_KW
        for limit in (grid.max_import_kw, grid.max_export_kw)
    )
    powers = []
    if settings.grid is not None:
        sources = _signed(settings.grid, "import")
        powers.append(MeterSpec(quantity="grid_kw", sources=sources, low_kw=-export_kw, high_kw=import_kw))
    pv: PvMetering = "unmetered" if UNMETERED in settings.pv else "metered" if settings.pv else "none"
    if pv == "metered":
        powers.append(_one_way("pv_kw", settings.pv))
    if settings.load is not None:
        powers.append(_one_way("load_kw", settings.load))
    if settings.battery is not None:
        powers.append(
            MeterSpec(
                quantity="battery_kw",
                sources=_signed(settings.battery, "discharge"),
                low_kw=-BEYOND * battery.max_charge_kw - MOST_POWER_KW_AT_REST,
                high_kw=BEYOND * battery.max_discharge_kw + MOST_POWER_KW_AT_REST,
            )
        )
    return Meters(
        powers=tuple(powers),
        soc=settings.soc,
        capacity_kwh=battery.capacity_kwh,
        pv=pv,
        controlled=tuple(_one_way(name, [entity]) for name, entity in appliances),
    )


def _one_way(quantity: str, entities: Sequence[str]) -> MeterSpec:
    """Return a meter that can only be positive; noise around zero is allowed."""
    sources = tuple(MeterSource(entity=entity) for entity in entities)
    return MeterSpec(quantity=quantity, sources=sources, low_kw=-NOISE_KW, high_kw=LARGEST_KW)


def _signed(meters: Sequence[MeterSettings], positive: str) -> tuple[MeterSource, ...]:
    """Return the entities of meters that add up, each with the sign that makes `positive` positive."""
    return tuple(source for meter in meters for source in _directed(meter, positive))


def _directed(settings: MeterSettings, positive: str) -> tuple[MeterSource, ...]:
    if settings.entity is not None:
        sign: Literal[1, -1] = 1 if settings.positive in {None, positive} else -1
        return (MeterSource(entity=settings.entity, sign=sign),)
    plus = settings.import_ if positive == "import" else settings.discharge
    minus = settings.export if positive == "import" else settings.charge
    return (MeterSource(entity=str(plus)), MeterSource(entity=str(minus), sign=-1))


def capability_of(settings: BatterySettings, bound: Bound | None) -> InverterCapability:
    """Return what the inverter can be told."""
    inverter, steering = settings.inverter, settings.steering
    if bound is None or steering is None:
        return plain_capability(inverter)
    verbs = [verb for verb in BATTERY_VERBS if getattr(steering, verb) is not None]
    return profile_capability(bound.profile, verbs, inverter)


def _battery(settings: BatterySettings, bound: Bound | None) -> Iterator[DeviceSpec]:
    if settings.steering is not None:
        device = _device("battery", "battery", settings.steering, BATTERY_VERBS, SetMode(mode="self_consumption"))
        capability = capability_of(settings, bound)
        kept = math.ceil(100 * settings.min_soc - 1e-9)
        yield replace(
            _by_profile(device, bound),
            capability=capability,
            constants={"min_soc_percent": kept},
            proof=replace(device.proof, hold_stores=capability.hold_stores),
        )


def _by_profile(device: DeviceSpec, bound: Bound | None) -> DeviceSpec:
    return device if bound is None else replace(device, ranges=_ranges(bound), roles=bound.entities)


def _ranges(bound: Bound) -> Ranges:
    power, reserve, lease = bound.profile.power, bound.profile.reserve, bound.profile.lease
    ranges = Ranges(
        power_step_w=power.step_w,
        high_power_w=math.inf if power.high_w is None else power.high_w,
        reserve_step_percent=reserve.step_percent,
        low_reserve_percent=reserve.low_percent,
        high_reserve_percent=reserve.high_percent,
        window_minutes=bound.profile.window_minutes or 1,
    )
    if lease is None:
        return ranges
    shortest, longest = timedelta(seconds=lease.low_seconds), timedelta(seconds=lease.high_seconds)
    return replace(ranges, shortest_lease=shortest, longest_lease=longest)


def _appliance(name: str, settings: ApplianceSettings, bound: Bound | None) -> DeviceSpec:
    steering = settings.steering or SwitchSteeringSettings()
    proof = steering.proof
    if proof.entity is None and settings.power is not None:
        proof = proof.model_copy(update={"entity": settings.power})
    device = _device(name, "switch", steering, SWITCH_VERBS, SetSwitch(on=False), proof)
    return replace(_by_profile(device, bound), constants=_current(settings, bound))


def _current(settings: ApplianceSettings, bound: Bound | None) -> Mapping[str, int]:
    """Return the current that a charger draws its rated power with, in whole amperes and within what it takes."""
    takes = None if bound is None else bound.profile.current
    if takes is None:
        return {}
    ampere = math.floor(settings.rated_kw * 1000 / (VOLTS * settings.phases) + 1e-9)
    return {"current_a": int(min(max(ampere, takes.low_a), takes.high_a))}


def _thermostat(name: str, settings: ClimateSettings, bound: Bound | None) -> DeviceSpec:
    steering = settings.steering or ThermostatSteeringSettings()
    proof = steering.proof
    if proof.entity is None:
        proof = proof.model_copy(update={"entity": settings.entity})
    safe = SetTemperature(target_c=settings.safe_temperature)
    device = _device(name, "thermostat", steering, THERMOSTAT_VERBS, safe, proof, settings.entity)
    return _by_profile(device, bound)


def _device(
    name: str,
    kind: DeviceKind,
    steering: BatterySteeringSettings | SwitchSteeringSettings | ThermostatSteeringSettings,
    verbs: Sequence[str],
    safe: Instruction,
    proof: ProofSettings | None = None,
    thermostat: str | None = None,
) -> DeviceSpec:
    proof = proof or steering.proof
    hours = steering.yield_hours
    steps: dict[str, Sequence[StepSettings] | None] = {verb: getattr(steering, verb) for verb in verbs}
    return DeviceSpec(
        name=name,
        kind=kind,
        verbs={verb: tuple(_step(step) for step in listed) for verb, listed in steps.items() if listed is not None},
        safe=safe,
        proof=ProofSpec(
            within=timedelta(seconds=max(proof.within_seconds, steering.answer_seconds)),
            tolerance_kw=proof.tolerance_kw,
            entity=proof.entity,
            on_above_kw=proof.on_above_kw,
            thermostat=thermostat,
        ),
        answer=timedelta(seconds=steering.answer_seconds),
        yield_for=timedelta(hours=hours) if isinstance(hours, float) else None,
        writes_per_day=steering.writes_per_day,
    )


def _step(settings: StepSettings) -> Step:
    if settings.pause_seconds is not None:
        return Pause(seconds=settings.pause_seconds)
    if settings.press is not None:
        return Press(entity=settings.press)
    if settings.action is not None:
        return CallAction(action=settings.action, target=settings.target, data=settings.data)
    return SetEntity(entity=str(settings.set), value=settings.to if settings.to is not None else "")


def _hours(name: str, settings: ApplianceSettings) -> Timetable:
    entries = [(_minutes(clock), SetSwitch(on=on)) for clock, on in sorted(settings.timetable.items(), key=_by_clock)]
    return Timetable(device=name, entries=tuple(entries), rated_kw=settings.rated_kw)


def _temperatures(name: str, settings: ClimateSettings) -> Timetable:
    ordered = sorted(settings.timetable.items(), key=_by_clock)
    entries = [(_minutes(clock), SetTemperature(target_c=target_c)) for clock, target_c in ordered]
    return Timetable(device=name, entries=tuple(entries))


def _by_clock(entry: tuple[str, object]) -> int:
    return _minutes(entry[0])


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
