"""The keys of a configuration, each with its unit, range and default. Only keys that do something exist."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from homeagent.config.forecasts import SolarForecast, WeatherId
from homeagent.config.governor import governor_rules
from homeagent.config.home_assistant import (
    STEPS_OR_PROFILE,
    ApplianceSettings,
    BatterySteeringSettings,
    ClimateSettings,
    EntityId,
    HomeAssistantSettings,
    MetersSettings,
    PresenceId,
    Section,
    StoreSettings,
    ToldSettings,
    WebSettings,
    lacking,
    wrong,
)
from homeagent.config.offload import SchedulerAddress, TlsSettings, require_secured
from homeagent.config.prices import PriceSettings
from homeagent.domain.effort import HostRules


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError) as error:
        from difflib import get_close_matches  # noqa: PLC0415 - only wanted for a mistake

        near = get_close_matches(name, available_timezones(), n=1, cutoff=0.3)
        raise wrong("is no time zone", f"did you mean {near[0]}?" if near else "write e.g. Europe/Berlin") from error
    return name


def _efficiency(value: float) -> float:
    if value > 1:
        remedy = f"per cent? write {value / 100:g}" if value <= 100 else "write a fraction, e.g. 0.95"  # noqa: PLR2004 - per cent
        raise wrong("is more than 1: no battery gives back more than it takes", remedy)
    if value <= 0:
        raise wrong("must be above 0", "write a fraction, e.g. 0.95")
    return value


def _fraction(value: float) -> float:
    if not 0 <= value <= 1:
        remedy = f"per cent? write {value / 100:g}" if 1 < value <= 100 else "write a fraction from 0 to 1"  # noqa: PLR2004 - per cent
        raise wrong("is not between 0 and 1", remedy)
    return value


def _power(value: float) -> float:
    if value <= 0:
        raise wrong("must be above 0 kW", "write the power in kW")
    if value > 500:  # noqa: PLR2004 - no home battery or connection has more
        raise wrong("is more than a home has", f"watts? write {value / 1000:g}")
    return value


def _capacity(value: float) -> float:
    if value <= 0:
        raise wrong("must be above 0 kWh", "write the usable capacity in kWh")
    if value > 500:  # noqa: PLR2004 - no home battery has more
        raise wrong("is more than a home has", f"watt-hours? write {value / 1000:g}")
    return value


TimezoneName = Annotated[str, AfterValidator(_timezone)]
Efficiency = Annotated[float, AfterValidator(_efficiency)]
Fraction = Annotated[float, AfterValidator(_fraction)]
PowerKw = Annotated[float, AfterValidator(_power)]
CapacityKwh = Annotated[float, AfterValidator(_capacity)]
NotNegative = Annotated[float, Field(ge=0)]
DeviceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


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


class ScenarioBatterySettings(BatterySettings):
    """A battery with the state of charge that a backtest starts from."""

    initial_soc: Fraction = 0.5


class GridSettings(Section):
    """What the connection allows."""

    max_import_kw: PowerKw | None = None
    max_export_kw: Annotated[float, Field(ge=0)] | None = None


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


class Settings(Section):
    """A whole configuration."""

    mode: Literal["observe", "advise", "control"] = "advise"
    home_assistant: HomeAssistantSettings | None = None
    home: HomeSettings = HomeSettings()
    meters: MetersSettings | None = None
    battery: BatterySettings
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
    web: WebSettings = WebSettings()
    store: StoreSettings = StoreSettings()

    @model_validator(mode="after")
    def _wired(self) -> Settings:
        """What a mode needs is there; names are given once."""
        twice = {*self.appliances} & {*self.climate} | {"battery"} & {*self.appliances, *self.climate}
        if twice:
            raise wrong(f"has two devices named {min(twice)}", "give each its own name")
        if self.home_assistant is not None and self.meters is None:
            raise wrong("has home_assistant, but no meters", "add meters: with grid, battery and soc")
        if self.home_assistant is not None and self.goals.carbon_price_per_kg and self.carbon is None:
            remedy = "add carbon: an entity in gCO2/kWh, or leave the price out"
            raise wrong("has goals.carbon_price_per_kg, but no carbon", remedy)
        if self.home_assistant is not None and self.prices.import_ is None:
            raise wrong("has home_assistant, but no price", "add prices.import: a number or the entity of the price")
        told = self.battery.steering is not None or self.battery.profile is not None
        if self.mode == "control" and self.home_assistant is not None and not told:
            raise wrong("has mode control, but neither battery.profile nor battery.steering", STEPS_OR_PROFILE)
        return self


class ScenarioSettings(Settings):
    """A configuration with a start, for backtests."""

    battery: ScenarioBatterySettings
