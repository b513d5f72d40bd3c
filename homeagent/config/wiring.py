"""Settings to the domain's wiring: entities with signs and bounds, steps, devices, timetables."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from homeagent.config.binding import Bound
from homeagent.config.capability import plain_capability, profile_capability
from homeagent.config.device_wiring import controlled_meters, devices_of, sensors_of, timetables_of
from homeagent.config.forecasts import forecasts_of
from homeagent.config.home_assistant import (
    UNMETERED,
    HomeAssistantSettings,
    MeterSettings,
    MetersSettings,
)
from homeagent.config.settings import BatterySettings, OneBatterySettings, Settings
from homeagent.config.steering import by_profile, device_of
from homeagent.config.tariffs import export_tariff, import_tariff
from homeagent.domain.command import SetMode
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.domain.wiring import (
    BATTERY_VERBS,
    BatteryPart,
    DeviceSpec,
    HomeAssistantSpec,
    Meters,
    MeterSource,
    MeterSpec,
    PriceWiring,
    PvMetering,
    Wiring,
)

BEYOND = 1.5
"""So many times a rating or a limit cannot be true."""
LARGEST_KW = 70.0
"""What a home's connection can carry. A limit of import says little: it is broken before devices are held back."""
NOISE_KW = 0.5
MOST_POWER_KW_AT_REST = 1.0


def wiring_of(settings: Settings, site: SiteSpec, profiles: Mapping[str, Bound]) -> Wiring | None:
    """Return how the home is wired to Home Assistant, None where the configuration has none."""
    if settings.home_assistant is None or settings.meters is None:
        return None
    meters = controlled_meters(settings)
    return Wiring(
        home_assistant=_home_assistant(settings.home_assistant),
        meters=_meters(settings.meters, site, meters, [*settings.batteries.values()]),
        prices=PriceWiring(imports=import_tariff(settings.prices), exports=export_tariff(settings.prices)),
        presence=tuple(settings.home.presence),
        forecasts=forecasts_of(settings.solar.forecast, settings.home.weather, settings.carbon),
        devices=(*_batteries(settings, profiles), *devices_of(settings, profiles)),
        timetables=tuple(timetables_of(settings)),
        sensors=tuple(sensors_of(settings)),
        outdoor=settings.home.outdoor,
        phases=_phases(settings.meters),
    )


def _home_assistant(settings: HomeAssistantSettings) -> HomeAssistantSpec:
    return HomeAssistantSpec(
        url=settings.url,
        token=settings.token,
        fingerprint=None if settings.fingerprint is None else bytes.fromhex(settings.fingerprint),
        verify_tls=settings.verify_tls,
        heartbeat=settings.heartbeat,
    )


def _meters(
    settings: MetersSettings,
    site: SiteSpec,
    appliances: Sequence[tuple[str, str]],
    several: Sequence[OneBatterySettings] = (),
) -> Meters:
    battery, grid = site.battery, site.grid
    first, *others = several or (None,)
    import_kw = max(LARGEST_KW, BEYOND * grid.max_import_kw) if math.isfinite(grid.max_import_kw) else LARGEST_KW
    export_kw = BEYOND * grid.max_export_kw if 0 < grid.max_export_kw < math.inf else LARGEST_KW
    powers = []
    if settings.grid is not None:
        sources = _signed(settings.grid, "import")
        powers.append(MeterSpec(quantity="grid_kw", sources=sources, low_kw=-export_kw, high_kw=import_kw))
    pv: PvMetering = "unmetered" if UNMETERED in settings.pv else "metered" if settings.pv else "none"
    if pv == "metered":
        powers.append(_one_way("pv_kw", settings.pv))
    if settings.load is not None:
        powers.append(_one_way("load_kw", settings.load))
    batteries = settings.battery or [one.power for one in several]
    if batteries:
        powers.append(
            MeterSpec(
                quantity="battery_kw",
                sources=_signed(batteries, "discharge"),
                low_kw=-BEYOND * battery.max_charge_kw - MOST_POWER_KW_AT_REST,
                high_kw=BEYOND * battery.max_discharge_kw + MOST_POWER_KW_AT_REST,
            )
        )
    return Meters(
        powers=tuple(powers),
        soc=settings.soc if first is None else first.soc,
        capacity_kwh=battery.capacity_kwh if first is None else first.capacity_kwh,
        more_socs=tuple((one.soc, one.capacity_kwh) for one in others),
        pv=pv,
        controlled=tuple(_one_way(name, [entity]) for name, entity in appliances),
    )


def _phases(settings: MetersSettings) -> tuple[MeterSpec, ...]:
    """Return what measures each phase's import; a phase may export while another one imports."""
    bounds = {"low_kw": -LARGEST_KW, "high_kw": LARGEST_KW}
    return tuple(
        MeterSpec(quantity=f"phase_{number}_kw", sources=(MeterSource(entity=entity),), **bounds)
        for number, entity in enumerate(settings.phases or (), 1)
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


def battery_spec(settings: BatterySettings, name: str = "battery") -> BatterySpec:
    """Return a battery as its data sheet has it."""
    return BatterySpec(
        name=name,
        capacity_kwh=settings.capacity_kwh,
        max_charge_kw=settings.max_charge_kw,
        max_discharge_kw=settings.max_discharge_kw,
        charge_efficiency=settings.charge_efficiency,
        discharge_efficiency=settings.discharge_efficiency,
        min_soc_kwh=settings.min_soc * settings.capacity_kwh,
        wear_per_kwh=settings.wear_per_kwh,
    )


def _batteries(settings: Settings, profiles: Mapping[str, Bound]) -> Iterator[DeviceSpec]:
    if settings.battery is not None:
        yield from _battery("battery", settings.battery, profiles.get("battery"))
    for name, one in settings.batteries.items():
        part = BatteryPart(spec=battery_spec(one, name), soc=one.soc, power=_signed([one.power], "discharge"))
        for device in _battery(name, one, profiles.get(name)):
            yield replace(device, part=part)


def _battery(name: str, settings: BatterySettings, bound: Bound | None) -> Iterator[DeviceSpec]:
    if settings.steering is not None:
        device = device_of(name, "battery", settings.steering, BATTERY_VERBS, SetMode(mode="self_consumption"))
        capability = capability_of(settings, bound)
        kept = math.ceil(100 * settings.min_soc - 1e-9)
        yield replace(
            by_profile(device, bound),
            capability=capability,
            constants={"min_soc_percent": kept},
            proof=replace(device.proof, hold_stores=capability.hold_stores),
        )
