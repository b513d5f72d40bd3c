"""How a home is wired to Home Assistant: which entities measure it, and what its devices are told through."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Literal, TypeAlias

from homeagent.domain.command import Instruction
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec
from homeagent.domain.tariff import EntityFeed, PriceFeed, Tariff

DeviceKind: TypeAlias = Literal["battery", "switch", "thermostat", "charger", "tank", "teller"]
"""A teller has no device: it tells a person when to start one."""
Value: TypeAlias = str | float | bool
PvMetering: TypeAlias = Literal["none", "metered", "unmetered"]
"""Whether a home has PV, and whether anything measures it."""

BATTERY_VERBS = ("self_consumption", "charge", "discharge", "hold", "reserve")
SWITCH_VERBS = ("on", "off")
THERMOSTAT_VERBS = ("temperature",)
CHARGER_VERBS = ("charge", "stop")
TELLER_VERBS = ("suggest",)
VARIABLES = (
    *("power_kw", "power_w", "power_percent", "grid_power_w", "max_charge_w", "max_discharge_w"),
    *("reserve_kwh", "reserve_percent", "min_soc_percent", "current_a", "phases", "target_c", "target_f"),
    *("lease_seconds", "lease_minutes", "window_start", "window_end", "start"),
)
"""What the steps of a verb may use in templates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantSpec:
    """Where Home Assistant is. `fingerprint` is the SHA-256 of a self-signed certificate that is to be trusted."""

    url: str
    token: str = field(repr=False)
    fingerprint: bytes | None = None
    verify_tls: bool = True
    heartbeat: str | None = None
    """An entity that is touched every minute while devices are under control."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSource:
    """An entity that measures a power, or counts its energy. `sign` turns it to + into the home's bus."""

    entity: str
    sign: Literal[1, -1] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSpec:
    """A power of the home as the sum of entities [kW]; what lies outside `low_kw` to `high_kw` cannot be true."""

    quantity: str
    sources: tuple[MeterSource, ...]
    low_kw: float
    high_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Meters:
    """What measures the home. load = grid + PV + battery, so one of them may be without a meter of its own."""

    powers: tuple[MeterSpec, ...]
    soc: str | None
    """None where there is no battery."""
    capacity_kwh: float
    pv: PvMetering = "metered"
    controlled: tuple[MeterSpec, ...] = ()
    """One for each appliance that the agent itself switches: their power is no habit of the household."""
    more_socs: tuple[tuple[str, float], ...] = ()
    """Where there are several batteries: the others' states of charge, each with its capacity [kWh]."""

    def stores(self) -> tuple[tuple[str, float], ...]:
        """Return every state of charge with its capacity [kWh]."""
        return () if self.soc is None else ((self.soc, self.capacity_kwh), *self.more_socs)

    def entities(self) -> frozenset[str]:
        """Return every entity that is read."""
        sources = [source.entity for spec in (*self.powers, *self.controlled) for source in spec.sources]
        return frozenset([*sources, *(entity for entity, _ in self.stores())])


@dataclass(frozen=True, slots=True, kw_only=True)
class SetEntity:
    """Give an entity a value: a select's option, a number, on or off, a time, a temperature. Text may be a template."""

    entity: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """Press a button."""

    entity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAction:
    """Call any action of Home Assistant. Texts in `data` may be templates."""

    action: str
    target: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Wait, because the device wants it."""

    seconds: float


Step: TypeAlias = SetEntity | Press | CallAction | Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofSpec:
    """What shows that a command had its effect, within a time from its last write.

    A battery is proved by its measured power, within `tolerance_kw` or a tenth of what was asked. A switch or
    thermostat is proved by `entity`: a power above `on_above_kw` while the device runs, or a state of on or off.
    """

    within: timedelta = timedelta(seconds=60)
    tolerance_kw: float = 0.3
    entity: str | None = None
    on_above_kw: float = 0.05
    hold_stores: bool = False
    """Whether a battery that holds still stores surplus."""
    thermostat: str | None = None
    """The climate entity that shows the room's temperature and the set-point."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What values a device takes: they are brought inside before they are sent, powers rounded towards zero."""

    power_step_w: float = 1.0
    high_power_w: float = math.inf
    reserve_step_percent: float = 1.0
    low_reserve_percent: float = 0.0
    high_reserve_percent: float = 100.0
    shortest_lease: timedelta = timedelta(seconds=1)
    longest_lease: timedelta = timedelta(days=1)
    window_minutes: int = 1
    low_current_a: float = 6.0
    high_current_a: float = 80.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryPart:
    """One of several batteries: what it is, and what measures it alone. Its power is + discharging."""

    spec: BatterySpec
    soc: str
    power: tuple[MeterSource, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """A device that can be told what to do. `safe` is what it is told when nobody watches over it any more."""

    name: str
    kind: DeviceKind
    verbs: Mapping[str, tuple[Step, ...]]
    safe: Instruction
    left_running: bool = False
    """Whether it is left as it is instead: a programme that has begun runs to its end."""
    proof: ProofSpec = ProofSpec()
    answer: timedelta = timedelta(seconds=5)
    """How long after a write the device may still show other values than it was told."""
    yield_for: timedelta | None = timedelta(hours=4)
    """How long a person's change is left alone; None until the agent is told to resume."""
    writes_per_day: int = 200
    ranges: Ranges = Ranges()
    constants: Mapping[str, Value] = field(default_factory=dict)
    """Variables of its steps that never change: the current of a charger that keeps hours."""
    known: DeviceKnown | None = None
    """What the device is, where it is planned: its guards, least powers and shortest times hold at the edge too."""
    volts: float = 230.0
    """Between a phase and neutral: what a charger's current is a power of."""
    capability: InverterCapability = field(default_factory=InverterCapability)
    """What a battery's inverter can be told."""
    part: BatteryPart | None = None
    """Which of several batteries it is."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """The entity (or device) of each role of its profile."""

    def tells_the_grid(self, verb: str) -> bool:
        """Return whether a verb sets a power at the grid: another one of the battery when the load moves."""
        return any(isinstance(step, SetEntity) and "grid_power_w" in str(step.value) for step in self.verbs[verb])

    def entities(self) -> frozenset[str]:
        """Return the entities that its commands write."""
        steps = [step for steps in self.verbs.values() for step in steps]
        named = {step.entity for step in steps if isinstance(step, SetEntity | Press)}
        for step in steps:
            if isinstance(step, CallAction):
                target = step.target.get("entity_id", [])
                named.update([target] if isinstance(target, str) else target if isinstance(target, list) else [])
        return frozenset(named)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSensors:
    """The entities that say how a device stands; None where nothing does."""

    name: str
    power: str | None = None
    running: str | None = None
    soc: str | None = None
    plugged: str | None = None
    asked: str | None = None
    """What a charger still is to give: an energy."""
    leaves: str | None = None
    """When a car leaves: a date and time."""
    temperature: str | None = None
    """A thermometer; without one the thermostat's own counts."""
    thermostat: str | None = None
    ready: str | None = None
    """On while an appliance is loaded and waits to be started."""

    def entities(self) -> frozenset[str]:
        """Return the entities that are read."""
        named = [getattr(self, one.name) for one in fields(self) if one.name != "name"]
        return frozenset(entity for entity in named if entity is not None)

    def news(self) -> frozenset[str]:
        """Return the entities whose change is worth a thought: a car comes, an appliance is loaded."""
        return frozenset(entity for entity in (self.plugged, self.leaves, self.ready) if entity is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """What a device is to do from which local time of day on: minutes after midnight and the instruction."""

    device: str
    entries: tuple[tuple[int, Instruction], ...]
    rated_kw: float = 0.0
    """What the device draws while it is on; it is added to the load that the household is expected to have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceWiring:
    """What a kWh costs and earns, and from where that is known."""

    imports: Tariff
    exports: Tariff

    def feeds(self) -> tuple[PriceFeed, ...]:
        """Return where lists of prices come from, each once."""
        return tuple(dict.fromkeys((*self.imports.feeds(), *self.exports.feeds())))

    def entities(self) -> frozenset[str]:
        """Return the entities that are read."""
        named = [entity for feed in self.feeds() if isinstance(feed, EntityFeed) for entity in feed.entities]
        dispatches = self.imports.dispatches
        return frozenset(named if dispatches is None else [*named, dispatches.entity])


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastWiring:
    """Where forecasts come from. `roofs` names the entities of each roof, which are added up."""

    dashboard: bool = False
    """Whether the solar forecast is the one that the Energy dashboard shows."""
    roofs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    weather: str | None = None
    carbon: str | None = None

    def entities(self) -> frozenset[str]:
        """Return the entities that are read."""
        solar = [entity for entities in self.roofs.values() for entity in entities]
        return frozenset([*solar, *(entity for entity in (self.weather, self.carbon) if entity is not None)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """Everything that connects the agent to one Home Assistant."""

    home_assistant: HomeAssistantSpec
    meters: Meters
    prices: PriceWiring
    forecasts: ForecastWiring = ForecastWiring()
    devices: tuple[DeviceSpec, ...] = ()
    timetables: tuple[Timetable, ...] = ()
    presence: tuple[str, ...] = ()
    """Entities that say who is at home; none where nothing does."""
    sensors: tuple[DeviceSensors, ...] = ()
    """One for each device that is planned."""
    outdoor: str | None = None
    """A thermometer outside."""
    phases: tuple[MeterSpec, ...] = ()
    """What each phase imports, where that is measured."""

    def entities(self) -> frozenset[str]:
        """Return every entity that is read or written."""
        proofs = {entity for device in self.devices for entity in (device.proof.entity, device.proof.thermostat)}
        written = [device.entities() for device in self.devices]
        everything = self.meters.entities().union(
            self.prices.entities(), self.forecasts.entities(), self.presence, proofs, *written, self._read()
        )
        return frozenset(entity for entity in everything if entity is not None)

    def measuring(self) -> frozenset[str]:
        """Return the entities that do nothing but measure: they change all the time, and no person sets them."""
        proofs = {device.proof.entity for device in self.devices if device.proof.entity is not None}
        set_or_told = frozenset(self.prices.entities()).union(
            self.forecasts.entities(), self.presence, self.news(), *(device.entities() for device in self.devices)
        )
        return (self.meters.entities() | proofs | self._read()) - set_or_told

    def news(self) -> frozenset[str]:
        """Return the entities of devices whose change is worth a thought."""
        return frozenset[str]().union(*(sensors.news() for sensors in self.sensors))

    def _read(self) -> frozenset[str]:
        """Return the entities that say how the planned devices stand, and what each phase carries."""
        phases = [source.entity for spec in self.phases for source in spec.sources]
        outdoor = [] if self.outdoor is None else [self.outdoor]
        return frozenset([*phases, *outdoor]).union(*(sensors.entities() for sensors in self.sensors))
