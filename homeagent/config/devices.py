"""The keys of what a home can shift beside its battery: cars, heating and cooling, hot water, appliances.

A device is planned, unless it has a timetable: then it keeps that and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from homeagent.config.home_assistant import (
    STEPS_OR_PROFILE,
    ClockTime,
    EntityId,
    PositiveKw,
    Section,
    SteeringSettings,
    Steps,
    SwitchSteeringSettings,
    ToldSettings,
    action_name,
    lacking,
    wrong,
)
from homeagent.config.quantities import (
    CapacityKwh,
    DeviceKw,
    DeviceName,
    Efficiency,
    Fraction,
    Minutes,
    NotNegative,
    RoomC,
    WaterC,
    room_c,
)

LARGEST_ONE_PHASE_KW = 7.4
"""A car that charges faster does so on three phases, where nothing else is said."""


class CarSteeringSettings(SteeringSettings):
    """What a charger is told through."""

    charge: Steps | None = None
    stop: Steps | None = None
    discharge: Steps | None = None


class ThermostatSteeringSettings(SteeringSettings):
    """What heating is set through: a temperature, or a relay that the agent switches by its own thermometer."""

    temperature: Steps | None = None
    on: Steps | None = None
    off: Steps | None = None


class VehicleToHomeSettings(Section):
    """A car that gives to the home."""

    max_discharge_kw: DeviceKw
    min_soc: Fraction = 0.3
    discharge_efficiency: Efficiency = 0.9
    wear_per_kwh: NotNegative = 0.0


class CarSettings(ToldSettings):
    """A car at its charger."""

    max_charge_kw: DeviceKw
    phases: Literal[1, 3] | list[Literal[1, 3]] | None = None
    min_current_a: Annotated[float, Field(ge=1, le=63)] = 6.0
    capacity_kwh: CapacityKwh | None = None
    charge_efficiency: Efficiency = 0.9
    soc: EntityId | None = None
    plugged: EntityId | None = None
    power: EntityId | None = None
    asked: EntityId | None = None
    leaves: EntityId | None = None
    target: Fraction = 0.8
    ready_by: ClockTime | None = None
    confidence: Fraction = 0.988
    surplus: Literal["also", "only"] = "also"
    from_battery: bool = False
    usual_kwh: CapacityKwh = 10.0
    short_per_kwh: NotNegative | None = None
    beyond_per_kwh: NotNegative | None = None
    vehicle_to_home: VehicleToHomeSettings | None = None
    steering: CarSteeringSettings | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.soc is not None and self.capacity_kwh is None:
            raise wrong("has soc, but no capacity_kwh", "add capacity_kwh, else nobody knows what a per cent is")
        if self.vehicle_to_home is not None and self.soc is None:
            raise wrong("has vehicle_to_home, but no soc", "add soc: without it nobody knows what may be taken out")
        if not 0.5 <= self.confidence < 1:  # noqa: PLR2004 - a fraction
            raise wrong("has a confidence that cannot be met", "write a fraction from 0.5 to 0.999")
        if self.steering is not None and self.profile is None and (bad := lacking(self.steering, ("charge", "stop"))):
            raise wrong(f"has steering that lacks {', '.join(bad)}", STEPS_OR_PROFILE)
        return self

    def usable_phases(self) -> tuple[int, ...]:
        """Return the phases that it can charge on."""
        if self.phases is None:
            return (3,) if self.max_charge_kw > LARGEST_ONE_PHASE_KW else (1,)
        return tuple(sorted({*self.phases})) if isinstance(self.phases, list) else (self.phases,)


COP_CLASSES = ("heater", "air_source", "air_to_floor", "air_to_air", "ground_source", "cooling", "hot_water")
LARGEST_COP = 12


def _cop(value: object) -> object:
    if not isinstance(value, dict):
        if value in COP_CLASSES:
            return value
        classes = ", ".join(COP_CLASSES)
        raise wrong("is no kind of machine and no curve", f"write one of {classes}, or e.g. {{-10: 2.1, 7: 3.5}}")
    try:
        curve = {float(outdoor_c): float(cop) for outdoor_c, cop in value.items()}
    except (TypeError, ValueError) as error:
        raise wrong("is no curve", "write e.g. {-10: 2.1, 7: 3.5}: outdoor degC and COP") from error
    if not curve or not all(0 < cop <= LARGEST_COP for cop in curve.values()):
        raise wrong("has a COP that no machine has", f"write numbers above 0, up to {LARGEST_COP}")
    return curve


def _band(value: object) -> object:
    edges: list[Any] = value if isinstance(value, list) else [value]
    if any(type(edge) not in {int, float} for edge in edges) or len(edges) not in {1, 2}:
        raise wrong("is no temperature and no band", "write one temperature, or [lowest, highest]")
    for edge in edges:
        room_c(edge)
    if isinstance(value, list) and edges[0] >= edges[-1]:
        raise wrong("is no band", "write [lowest, highest]")
    return value


Cop = Annotated[str | dict[float, float], BeforeValidator(_cop)]
TemperatureBand = Annotated[float | list[float], BeforeValidator(_band)]


class SteadySettings(ToldSettings):
    """What must not be switched too often."""

    min_on_minutes: Minutes = 15.0
    min_off_minutes: Minutes = 15.0
    starts_per_day: Annotated[int, Field(ge=1, le=200)] = 24


class ClimateSettings(SteadySettings):
    """A thermostat that is planned, or that the agent sets at fixed hours."""

    entity: EntityId | None = None
    safe_temperature: RoomC = 19.0
    steering: ThermostatSteeringSettings | None = None
    timetable: Annotated[dict[ClockTime, RoomC], Field(min_length=1)] | None = None
    purpose: Literal["heating", "cooling"] = "heating"
    rated_kw: DeviceKw | None = None
    min_kw: Annotated[float, Field(ge=0)] = 0.0
    phases: Literal[1, 3] = 1
    cop: Cop = "heater"
    power: EntityId | None = None
    temperature: EntityId | None = None
    comfort: TemperatureBand | None = None
    sleep: TemperatureBand | None = None
    away: TemperatureBand | None = None
    sleep_from: ClockTime | None = None
    sleep_until: ClockTime | None = None
    guard_low: RoomC = 8.0
    guard_high: RoomC = 30.0
    dead_band_k: Annotated[float, Field(ge=0.1, le=5)] = 0.3
    discomfort_per_kh: NotNegative | None = None

    @model_validator(mode="after")
    def _told(self) -> Self:
        relay = self.steering is not None and not lacking(self.steering, ("on", "off"))
        if self.profile is None and self.steering is not None and self.steering.temperature is None and not relay:
            raise wrong("has steering that lacks temperature", STEPS_OR_PROFILE)
        if self.profile is None and self.steering is None and self.timetable is not None:
            raise wrong("has no profile, and steering lacks temperature", STEPS_OR_PROFILE)
        if self.entity is None and self.temperature is None:
            raise wrong("has no thermometer", "add entity: the thermostat, or temperature: a sensor of the room")
        _planned_or_timed(self, self.timetable is not None, _CLIMATE_PLANNED)
        if self.guard_low >= self.guard_high:
            raise wrong("has a guard_low that is not below guard_high", "write e.g. guard_low: 8 and guard_high: 30")
        return self


class WaterHeaterSettings(SteadySettings):
    """A tank of hot water, and what heats it."""

    litres: Annotated[float, Field(ge=5, le=5000)]
    rated_kw: DeviceKw
    entity: EntityId | None = None
    temperature: EntityId | None = None
    power: EntityId | None = None
    cop: Cop = "heater"
    phases: Literal[1, 3] = 1
    useful: WaterC = 45.0
    max: WaterC = 65.0
    cold: Annotated[float, Field(ge=1, le=30)] = 10.0
    room: Annotated[float, Field(ge=-10, le=40)] = 18.0
    loss_kw_per_k: Annotated[float, Field(ge=0, le=0.1)] = 0.002
    layered: Annotated[float, Field(ge=0, le=0.95)] = 0.6
    hygiene: WaterC = 60.0
    hygiene_days: Annotated[int, Field(ge=0, le=60)] = 7
    dead_band_k: Annotated[float, Field(ge=0.5, le=20)] = 3.0
    cold_per_kwh: NotNegative | None = None
    steering: ThermostatSteeringSettings | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.useful >= self.max:
            raise wrong("has a max that is not above useful", "write e.g. useful: 45 and max: 65")
        if self.hygiene_days and self.hygiene > self.max:
            raise wrong("has a hygiene temperature above max", "raise max, or write hygiene_days: 0")
        if self.entity is None and self.temperature is None:
            raise wrong("has no thermometer", "add entity: the water heater, or temperature: a sensor of the tank")
        steering = self.steering
        untold = steering is not None and steering.temperature is None and lacking(steering, ("on", "off"))
        if self.profile is None and untold:
            raise wrong("has steering that lacks temperature, or on and off", STEPS_OR_PROFILE)
        return self


def _teller(text: str) -> str:
    if text in {"notification", "none"}:
        return text
    if action_name(text).partition(".")[0] != "notify":
        raise wrong("is no way to tell somebody", "write notification, none, or e.g. notify.mobile_app_annas_phone")
    return text


class ApplianceSettings(ToldSettings):
    """A load that runs its programme or its hours when it suits, or that keeps fixed hours."""

    rated_kw: PositiveKw
    power: EntityId | None = None
    running: EntityId | None = None
    phases: Literal[1, 3] | None = None
    steering: SwitchSteeringSettings | None = None
    timetable: Annotated[dict[ClockTime, bool], Field(min_length=1)] | None = None
    run_minutes: Annotated[int, Field(ge=1, le=1440)] = 120
    ready: EntityId | None = None
    daily: bool = False
    from_: ClockTime = Field(default="00:00", alias="from")
    until: ClockTime | None = None
    ready_by: ClockTime | None = None
    at_most: NotNegative | None = None
    after: DeviceName | None = None
    tell: Annotated[str, AfterValidator(_teller)] = "notification"
    hours_per_day: Annotated[float, Field(gt=0, le=24)] | None = None
    min_block_hours: Annotated[float, Field(gt=0, le=24)] = 1.0
    wait_per_hour: NotNegative | None = None
    late_per_hour: NotNegative | None = None
    missing_per_hour: NotNegative | None = None

    @model_validator(mode="after")
    def _told(self) -> Self:
        must_switch = self.timetable is not None or self.hours_per_day is not None
        switched = self.profile is None and (self.steering is not None or must_switch)
        if switched and (missing := lacking(self.steering, ("on", "off"))):
            raise wrong(f"has no profile, and steering lacks {', '.join(missing)}", STEPS_OR_PROFILE)
        _planned_or_timed(self, self.timetable is not None, _APPLIANCE_PLANNED)
        if self.hours_per_day is not None:
            _without(self, _A_RUN, "hours_per_day")
        else:
            _without(self, ("min_block_hours", "missing_per_hour"), "no hours_per_day")
        return self

    @property
    def told_to_a_person(self) -> bool:
        """Whether a person starts it, and is told the best time."""
        return self.profile is None and self.steering is None


_CLIMATE_PLANNED = (
    *("rated_kw", "min_kw", "cop", "comfort", "sleep", "away", "sleep_from", "sleep_until", "discomfort_per_kh"),
    *("min_on_minutes", "min_off_minutes", "starts_per_day", "dead_band_k"),
)
_A_RUN = ("run_minutes", "ready", "daily", "ready_by", "at_most", "after", "tell", "wait_per_hour", "late_per_hour")
_APPLIANCE_PLANNED = (*_A_RUN, "from_", "until", "hours_per_day", "min_block_hours", "missing_per_hour")


def _planned_or_timed(settings: Section, timed: bool, planned: Iterable[str]) -> None:  # noqa: FBT001 - one of two kinds
    if timed:
        _without(settings, planned, "a timetable")
    elif getattr(settings, "rated_kw", None) is None:
        raise wrong("has neither rated_kw nor a timetable", "add rated_kw: what it draws [kW], and it is planned")


def _without(settings: Section, keys: Iterable[str], having: str) -> None:
    given = [key.rstrip("_") for key in keys if key in settings.model_fields_set]
    if given:
        raise wrong(f"has {having}, so {', '.join(given)} does nothing", f"leave {', '.join(given)} out")
