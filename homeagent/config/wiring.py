"""Settings to the domain's wiring: entities with signs and bounds, steps, devices, timetables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Literal

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
from homeagent.config.settings import BatterySettings, PriceSettings, Settings
from homeagent.domain.command import Instruction, SetMode, SetSwitch, SetTemperature
from homeagent.domain.site import SiteSpec
from homeagent.domain.wiring import (
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
MOST_POWER_KW_AT_REST = 1.0


def wiring_of(settings: Settings, site: SiteSpec) -> Wiring | None:
    """Return how the home is wired to Home Assistant, None where the configuration has none."""
    if settings.home_assistant is None or settings.meters is None:
        return None
    switched, thermostats = settings.appliances.items(), settings.climate.items()
    return Wiring(
        home_assistant=_home_assistant(settings.home_assistant),
        meters=_meters(settings.meters, site, [(name, entry.power) for name, entry in switched if entry.power]),
        prices=_prices(settings.prices),
        devices=(
            *_battery(settings.battery),
            *(_appliance(name, entry) for name, entry in switched),
            *(_thermostat(name, entry) for name, entry in thermostats),
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


def _prices(settings: PriceSettings) -> PriceWiring:
    return PriceWiring(
        import_price=settings.import_ if settings.import_ is not None else 0.0, export_price=settings.export
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


def _battery(settings: BatterySettings) -> Iterator[DeviceSpec]:
    steering = settings.steering
    if steering is not None:
        names = ("self_consumption", "charge", "discharge", "hold", "reserve")
        verbs = {name: getattr(steering, name) for name in names if getattr(steering, name) is not None}
        yield _device("battery", "battery", steering, verbs, SetMode(mode="self_consumption"))


def _appliance(name: str, settings: ApplianceSettings) -> DeviceSpec:
    steering = settings.steering
    proof = settings.steering.proof
    if proof.entity is None and settings.power is not None:
        proof = proof.model_copy(update={"entity": settings.power})
    verbs = {"on": steering.on, "off": steering.off}
    return _device(name, "switch", steering, verbs, SetSwitch(on=False), proof)


def _thermostat(name: str, settings: ClimateSettings) -> DeviceSpec:
    steering = settings.steering
    proof = settings.steering.proof
    if proof.entity is None:
        proof = proof.model_copy(update={"entity": settings.entity})
    safe = SetTemperature(target_c=settings.safe_temperature)
    return _device(name, "thermostat", steering, {"temperature": steering.temperature}, safe, proof, settings.entity)


def _device(
    name: str,
    kind: DeviceKind,
    steering: BatterySteeringSettings | SwitchSteeringSettings | ThermostatSteeringSettings,
    verbs: Mapping[str, Sequence[StepSettings]],
    safe: Instruction,
    proof: ProofSettings | None = None,
    thermostat: str | None = None,
) -> DeviceSpec:
    proof = proof or steering.proof
    hours = steering.yield_hours
    return DeviceSpec(
        name=name,
        kind=kind,
        verbs={verb: tuple(_step(step) for step in steps) for verb, steps in verbs.items()},
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
