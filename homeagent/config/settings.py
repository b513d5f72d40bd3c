"""The keys of a configuration, each with its unit, range and default. Only keys that do something exist."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from homeagent.config.devices import ApplianceSettings, CarSettings, ClimateSettings, WaterHeaterSettings
from homeagent.config.forecasts import SolarForecast, WeatherId
from homeagent.config.governor import governor_rules
from homeagent.config.home_assistant import (
    STEPS_OR_PROFILE,
    BatterySteeringSettings,
    EntityId,
    HomeAssistantSettings,
    MeterSettings,
    MetersSettings,
    PresenceId,
    Section,
    StoreSettings,
    ToldSettings,
    WebSettings,
    directions,
    lacking,
    wrong,
)
from homeagent.config.offload import SchedulerAddress, TlsSettings, require_secured
from homeagent.config.prices import PriceSettings
from homeagent.config.quantities import CapacityKwh, DeviceName, Efficiency, Fraction, NotNegative, PowerKw
from homeagent.domain.effort import HostRules


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        from difflib import get_close_matches  # noqa: PLC0415 - only wanted for a mistake

        near = get_close_matches(name, available_timezones(), n=1, cutoff=0.3)
        raise wrong("is no time zone", f"did you mean {near[0]}?" if near else "write e.g. Europe/Berlin") from error
    return name


TimezoneName = Annotated[str, AfterValidator(_timezone)]


def _moment(value: object) -> object:
    """Return a day or a time; YAML itself reads most ways to write them."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise wrong("is no day and no time", "write 2026-07-03 or 2026-07-03T15:00") from error


Moment = Annotated[datetime | date, BeforeValidator(_moment)]


class AwaySettings(Section):
    """A time when nobody is at home; days are whole, both included."""

    from_: Moment = Field(alias="from")
    until: Moment

    @model_validator(mode="after")
    def _forwards(self) -> AwaySettings:
        begin, end = (str(at)[:10] for at in (self.from_, self.until))
        if end < begin:
            raise wrong("ends before it begins", "write the earlier day under from")
        return self


class HomeSettings(Section):
    """Where the home is."""

    timezone: TimezoneName | None = None
    currency: str | None = None
    weather: WeatherId | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    presence: list[PresenceId] = Field(default_factory=list)
    outdoor: EntityId | None = None
    away: list[AwaySettings] = Field(default_factory=list)

    @model_validator(mode="after")
    def _whole_place(self) -> HomeSettings:
        if (self.latitude is None) != (self.longitude is None):
            raise wrong("has only half a place", "give latitude and longitude, or neither")
        return self


class InverterSettings(Section):
    """What the inverter can be told."""

    control: Literal["continuous", "modes", "reserve"] = "continuous"
    answer_seconds: NotNegative = 0.0
    min_power_kw: NotNegative = 0.0
    power_step_kw: NotNegative = 0.0
    min_hold_minutes: NotNegative = 0.0


class BatterySettings(ToldSettings):
    """The battery's data sheet, and what it is told through."""

    capacity_kwh: CapacityKwh
    max_charge_kw: PowerKw
    max_discharge_kw: PowerKw
    charge_efficiency: Efficiency = 0.95
    discharge_efficiency: Efficiency = 0.95
    min_soc: Fraction = 0.0
    wear_per_kwh: NotNegative = 0.0
    inverter: InverterSettings = InverterSettings()
    steering: BatterySteeringSettings | None = None

    @model_validator(mode="after")
    def _room(self) -> BatterySettings:
        if self.min_soc >= 1:
            raise wrong("has a min_soc of 1, so nothing of it can be used", "write a fraction such as 0.1")
        if self.steering is not None and self.profile is None:
            verbs = ("reserve",) if self.inverter.control == "reserve" else ("charge", "discharge", "hold")
            if missing := lacking(self.steering, ("self_consumption", *verbs)):
                raise wrong(
                    f"has inverter.control: {self.inverter.control}, but steering lacks {', '.join(missing)}",
                    STEPS_OR_PROFILE,
                )
        return self


class OneBatterySettings(BatterySettings):
    """One of several batteries, with meters of its own."""

    soc: EntityId
    power: MeterSettings

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, values: object) -> object:
        """A bare entity is + when discharging, as for `meters.battery`."""
        if isinstance(values, dict) and isinstance(values.get("power"), str):
            return values | {"power": {"entity": values["power"]}}
        return values

    @model_validator(mode="after")
    def _directions(self) -> OneBatterySettings:
        directions(self.power, "discharge", "charge")
        return self


class ScenarioBatterySettings(BatterySettings):
    """A battery with the state of charge that a backtest starts from."""

    initial_soc: Fraction = 0.5


class GridSettings(Section):
    """What the connection allows."""

    max_import_kw: PowerKw | None = None
    max_export_kw: Annotated[float, Field(ge=0)] | None = None
    fuse_a: Annotated[float, Field(ge=5, le=1000)] | None = None
    phases: Literal[1, 3] = 1
    volts: Annotated[float, Field(ge=100, le=480)] = 230.0

    @property
    def phase_kw(self) -> float:
        """What one phase may carry [kW]."""
        return math.inf if self.fuse_a is None else self.fuse_a * self.volts / 1000

    @property
    def import_limit_kw(self) -> float:
        """What all phases together may import [kW]."""
        told = math.inf if self.max_import_kw is None else self.max_import_kw
        return min(told, self.phase_kw * self.phases)


class PeakChargeSettings(Section):
    """A monthly charge on the largest daily peaks of import."""

    timezone: TimezoneName | None = None
    days: Annotated[int, Field(ge=1, le=31)] = 1
    tiers: list[tuple[NotNegative, float]] | None = None
    per_kw: NotNegative | None = None

    @model_validator(mode="before")
    @classmethod
    def _pairs(cls, values: object) -> object:
        """YAML has lists where a strict tuple is asked."""
        if isinstance(values, dict) and isinstance(values.get("tiers"), list):
            pairs = [tuple(pair) if isinstance(pair, list) else pair for pair in values["tiers"]]
            return values | {"tiers": pairs}
        return values

    @model_validator(mode="after")
    def _one_way(self) -> PeakChargeSettings:
        if (self.tiers is None) == (self.per_kw is None):
            raise wrong("needs either tiers or per_kw", "tiers: [[up to kW, cost of the month], ...] or per_kw: cost")
        edges = [edge for edge, _ in self.tiers or []]
        if self.tiers is not None and (not edges or sorted(set(edges)) != edges):
            raise wrong("has tiers that do not rise", "write them as [[2, 8], [4, 15], ...], each up to more kW")
        return self


class SolarSettings(Section):
    """The roof."""

    curtailable: bool = True
    forecast: SolarForecast | None = None


class GoalSettings(Section):
    """What the plan weighs beside money."""

    carbon_price_per_kg: NotNegative = 0.0


def _known_governor(text: str) -> str:
    governor_rules(text)
    return text


class ThinkingSettings(Section):
    """How finely the agent plans, and whether it spares the machine."""

    step_minutes: Literal[15, 30, 60] | None = None
    governor: Annotated[str, AfterValidator(_known_governor)] = "adaptive"
    spare_machine: bool = True
    hot_c: Annotated[float, Field(ge=30, le=120)] | None = None
    low_battery_percent: Annotated[float, Field(ge=0, le=100)] = 20.0

    def host_rules(self) -> HostRules | None:
        """Return what is said of the machine, None where it is not to be spared."""
        return HostRules(hot_c=self.hot_c, low_battery=self.low_battery_percent / 100) if self.spare_machine else None


class LearningSettings(Section):
    """What is learned of the home, and what that may cost."""

    enabled: bool = True
    budget: Literal["small", "normal", "large"] = "normal"
    starter: bool = True
    train_every_days: Annotated[int, Field(ge=1, le=365)] = 7
    wait_hours: Annotated[float, Field(ge=0, le=36)] = 24.0
    delegate: str | None = None
    models: str = "models"
    offload: SchedulerAddress | None = None
    tls: TlsSettings | None = None

    @model_validator(mode="after")
    def _secured(self) -> LearningSettings:
        require_secured(self.offload, self.tls)
        return self


def _one(name: str, model: type[Section]) -> Callable[[object], object]:
    """Return what takes a device's keys for a group of one device of that name."""
    keys = {field.alias or key for key, field in model.model_fields.items()}

    def grouped(values: object) -> object:
        return {name: values} if isinstance(values, dict) and keys & {*values} else values

    return grouped


class Settings(Section):
    """A whole configuration."""

    mode: Literal["observe", "advise", "control"] = "advise"
    home_assistant: HomeAssistantSettings | None = None
    home: HomeSettings = HomeSettings()
    meters: MetersSettings | None = None
    battery: BatterySettings | None = None
    batteries: dict[DeviceName, OneBatterySettings] = Field(default={})
    grid: GridSettings = GridSettings()
    peak_charge: PeakChargeSettings | None = None
    prices: PriceSettings = PriceSettings()
    solar: SolarSettings = SolarSettings()
    carbon: EntityId | None = None
    goals: GoalSettings = GoalSettings()
    thinking: ThinkingSettings = ThinkingSettings()
    learning: LearningSettings = LearningSettings()
    appliances: dict[DeviceName, ApplianceSettings] = Field(default={})
    climate: dict[DeviceName, ClimateSettings] = Field(default={})
    ev: Annotated[dict[DeviceName, CarSettings], BeforeValidator(_one("car", CarSettings))] = Field(default={})
    water_heater: Annotated[
        dict[DeviceName, WaterHeaterSettings], BeforeValidator(_one("hot_water", WaterHeaterSettings))
    ] = Field(default={})
    web: WebSettings = WebSettings()
    store: StoreSettings = StoreSettings()

    @model_validator(mode="after")
    def _wired(self) -> Settings:
        """What a mode needs is there; names are given once."""
        self._names()
        if self.home_assistant is not None and self.meters is None:
            raise wrong("has home_assistant, but no meters", "add meters: with grid, battery and soc")
        if self.home_assistant is not None and self.goals.carbon_price_per_kg and self.carbon is None:
            remedy = "add carbon: an entity in gCO2/kWh, or leave the price out"
            raise wrong("has goals.carbon_price_per_kg, but no carbon", remedy)
        if self.home_assistant is not None and self.prices.import_ is None:
            raise wrong("has home_assistant, but no price", "add prices.import: a number or the entity of the price")
        self._stores()
        if self.mode == "control" and self.home_assistant is not None:
            self._can_be_told()
        return self

    def _names(self) -> None:
        sections = (self.batteries, self.appliances, self.climate, self.ev, self.water_heater)
        names = [*(name for section in sections for name in section), *(["battery"] if self.battery else [])]
        twice = sorted(name for name in {*names} if names.count(name) > 1)
        if twice:
            raise wrong(f"has two devices named {twice[0]}", "give each its own name")
        for name, appliance in self.appliances.items():
            if appliance.after is not None and (appliance.after not in self.appliances or appliance.after == name):
                raise wrong(f"has appliances.{name}.after: {appliance.after}, which is no other appliance", "name one")

    def _stores(self) -> None:
        if self.battery is not None and self.batteries:
            raise wrong("has both battery and batteries", "move battery's keys into batteries, under a name")
        if len(self.batteries) == 1 or "battery" in self.batteries:
            raise wrong("has batteries that are not several, or one named battery", "write battery: for a single one")
        if self.home_assistant is None or self.meters is None:
            return
        if self.battery is not None and self.meters.soc is None:
            raise wrong("has a battery, but no meters.soc", "add meters.soc: its state of charge, in % or kWh")
        if self.battery is None and (self.meters.soc or self.meters.battery):
            raise wrong(
                "measures a battery, but has none", "add battery: with its capacity_kwh, or leave its meters out"
            )

    def _can_be_told(self) -> None:
        untold = [
            *(["battery"] if self.battery is not None and not _told(self.battery) else []),
            *(f"batteries.{name}" for name, one in self.batteries.items() if not _told(one)),
            *(f"ev.{name}" for name, car in self.ev.items() if not _told(car)),
            *(f"climate.{name}" for name, zone in self.climate.items() if not _told(zone)),
            *(f"water_heater.{name}" for name, tank in self.water_heater.items() if not _told(tank)),
        ]
        if untold:
            raise wrong(f"has mode control, but neither {untold[0]}.profile nor {untold[0]}.steering", STEPS_OR_PROFILE)


def _told(device: BatterySettings | CarSettings | ClimateSettings | WaterHeaterSettings) -> bool:
    return device.steering is not None or device.profile is not None


class ScenarioSettings(Settings):
    """A configuration with a start, for backtests."""

    battery: ScenarioBatterySettings | None = None
