"""Files to settings to the domain's own types."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from homeagent.config.binding import Bound, bind
from homeagent.config.governor import governor_rules
from homeagent.config.home_assistant import UNMETERED
from homeagent.config.offload import missing_files, offload_of, offload_told
from homeagent.config.places import place_of_zone
from homeagent.config.profile_costs import shipped_costs
from homeagent.config.profile_files import folder_beside, load_profile
from homeagent.config.profile_words import told_of
from homeagent.config.reading import read_settings
from homeagent.config.settings import ScenarioSettings, Settings
from homeagent.config.wiring import capability_of, wiring_of
from homeagent.domain.command import AgentMode
from homeagent.domain.effort import HostRules
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.expectations import Absence
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.site import BatterySpec, Goals, GridLimits, PeakChargeSpec, Place, PriceRules, SiteSpec
from homeagent.domain.thinking import GovernorRules
from homeagent.domain.wiring import DeviceSpec, ForecastWiring, Wiring

_Model = TypeVar("_Model", bound=Settings)

MODES: dict[AgentMode, str] = {
    "observe": "measures and settles, plans nothing",
    "advise": "plans and explains, commands nothing",
    "control": "plans, and commands the devices below",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration in the domain's types. `wiring` is None where it names no Home Assistant."""

    site: SiteSpec
    inverter: InverterCapability
    minimum_hold: timedelta
    thinking_step: timedelta | None
    governor: GovernorRules
    mode: AgentMode
    wiring: Wiring | None
    port: int
    store: Path
    zone_given: bool
    currency_given: bool
    profiles: Mapping[str, Bound]
    """The profile of each device that has one."""
    place_given: bool
    country_given: bool
    learning: LearningRules | None
    """None where learning is off."""
    host: HostRules | None
    """None where the machine is not to be spared."""
    away: tuple[tuple[datetime, datetime], ...]
    """When nobody is at home, by the home's own clock."""

    @property
    def absences(self) -> tuple[Absence, ...]:
        """When nobody is at home."""
        zone = self.site.timezone
        return tuple(
            Absence(start=begin.replace(tzinfo=zone).astimezone(UTC), end=end.replace(tzinfo=zone).astimezone(UTC))
            for begin, end in self.away
        )

    def adopting(self, timezone: str, currency: str, place: Place | None = None) -> Config:
        """Return it with Home Assistant's time zone, currency and place where it names none of its own."""
        site = self.site
        if not self.zone_given:
            peak = site.peak_charge
            peak = None if peak is None else replace(peak, timezone=ZoneInfo(timezone))
            site = replace(site, timezone=ZoneInfo(timezone), peak_charge=peak)
        if not self.place_given:
            found = place or place_of_zone(site.timezone.key)
            if found is not None and self.country_given and site.place is not None:
                found = replace(found, country=site.place.country)
            site = replace(site, place=found)
        if not self.currency_given:
            site = replace(site, currency=currency)
        return replace(self, site=site)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario(Config):
    """A configuration with the state of charge that a backtest starts from."""

    initial_soc_kwh: float


def load_config(path: Path) -> Config:
    """Read a configuration.

    Raises:
        InputError: with every problem of the file.
    """
    if not path.exists():
        remedy = "make one: homeagent setup (on a page) or homeagent discover (in a terminal)"
        raise InputError(str(path), (Issue(path="file", message="is not there", remedy=remedy),))
    settings, profiles = _settings(path, Settings)
    return Config(**_parts(settings, profiles, path))


def load_scenario(path: Path) -> Scenario:
    """Read a scenario: a configuration with `battery.initial_soc`.

    Raises:
        InputError: with every problem of the file.
    """
    settings, profiles = _settings(path, ScenarioSettings)
    initial_soc_kwh = settings.battery.initial_soc * settings.battery.capacity_kwh
    return Scenario(**_parts(settings, profiles, path), initial_soc_kwh=initial_soc_kwh)


def check_config(path: Path) -> list[str]:
    """Return what was understood of a configuration, a line a topic.

    Raises:
        InputError: with every problem of the file.
    """
    return list(_understood(load_config(path)))


def _settings(path: Path, model: type[_Model]) -> tuple[_Model, Mapping[str, Bound]]:
    """Return the settings with their profiles written out."""
    settings, document = read_settings(path, model)
    folder = folder_beside(path)
    written, profiles, problems = bind(settings, lambda name: load_profile(name, folder))
    problems = [*problems, *missing_files(settings.learning.tls, path.parent)]
    if problems:
        raise InputError(str(path), tuple(problem.issue(document) for problem in problems))
    return written, profiles


def _parts(settings: Settings, profiles: Mapping[str, Bound], path: Path) -> dict[str, Any]:
    inverter = settings.battery.inverter
    step = settings.thinking.step_minutes
    site = _site(settings)
    return {
        "mode": settings.mode,
        "wiring": wiring_of(settings, site, profiles),
        "profiles": profiles,
        "port": settings.web.port,
        "store": path.parent / settings.store.path,
        "zone_given": settings.home.timezone is not None,
        "currency_given": settings.home.currency is not None,
        "country_given": settings.home.country is not None,
        "place_given": settings.home.latitude is not None,
        "learning": _learning(settings, path.parent),
        "host": settings.thinking.host_rules(),
        "away": tuple((_moment(one.from_), _moment(one.until, past=True)) for one in settings.home.away),
        "site": site,
        "inverter": capability_of(settings.battery, profiles.get("battery")),
        "minimum_hold": timedelta(minutes=inverter.min_hold_minutes),
        "governor": governor_rules(settings.thinking.governor),
        "thinking_step": None if step is None else timedelta(minutes=step),
    }


def _moment(at: date | datetime, *, past: bool = False) -> datetime:
    """Return a moment of the home's own clock; a day is its beginning, or its end."""
    if isinstance(at, datetime):
        return at.replace(tzinfo=None)
    return datetime.combine(at, time()) + timedelta(days=past)


def _learning(settings: Settings, folder: Path) -> LearningRules | None:
    learning = settings.learning
    if not learning.enabled:
        return None
    return LearningRules(
        budget=learning.budget,
        train_every=timedelta(days=learning.train_every_days),
        delegate=None if learning.delegate is None else folder / learning.delegate,
        models=folder / learning.models,
        starter=learning.starter,
        wait=timedelta(hours=learning.wait_hours),
        offload=offload_of(learning.offload, learning.tls, folder),
    )


def _place(settings: Settings, zone: str) -> Place | None:
    """Return where the home is: as it is told, else where its time zone is."""
    home, of_zone = settings.home, place_of_zone(zone)
    country = home.country or (None if of_zone is None else of_zone.country)
    if home.latitude is not None and home.longitude is not None:
        return Place(latitude_deg=home.latitude, longitude_deg=home.longitude, country=country)
    return None if of_zone is None else replace(of_zone, country=country)


def _site(settings: Settings) -> SiteSpec:
    battery, peak = settings.battery, settings.peak_charge
    zone = settings.home.timezone or (peak.timezone if peak else None) or "UTC"
    hour, minute = (int(part) for part in settings.prices.published_at.split(":"))
    max_import, max_export = settings.grid.max_import_kw, settings.grid.max_export_kw
    return SiteSpec(
        timezone=ZoneInfo(zone),
        currency=settings.home.currency or "EUR",
        battery=BatterySpec(
            capacity_kwh=battery.capacity_kwh,
            max_charge_kw=battery.max_charge_kw,
            max_discharge_kw=battery.max_discharge_kw,
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
            min_soc_kwh=battery.min_soc * battery.capacity_kwh,
            wear_per_kwh=battery.wear_per_kwh,
        ),
        grid=GridLimits(
            max_import_kw=math.inf if max_import is None else max_import,
            max_export_kw=math.inf if max_export is None else max_export,
        ),
        peak_charge=None
        if peak is None
        else PeakChargeSpec(
            timezone=ZoneInfo(peak.timezone or zone),
            days=peak.days,
            tiers=tuple(peak.tiers or ()),
            per_kw=peak.per_kw,
        ),
        prices=PriceRules(known=settings.prices.known, published_at=time(hour, minute)),
        pv_curtailable=settings.solar.curtailable and not _pv_unmetered(settings),
        place=_place(settings, zone),
        goals=Goals(carbon_price_per_kg=settings.goals.carbon_price_per_kg),
    )


def _pv_unmetered(settings: Settings) -> bool:
    """What is not measured cannot be held back on purpose."""
    return settings.meters is not None and UNMETERED in settings.meters.pv


def _zone(config: Config) -> str:
    adopted = config.wiring is not None and not config.zone_given
    return "Home Assistant's time zone" if adopted else config.site.timezone.key


def _currency(config: Config) -> str:
    adopted = config.wiring is not None and not config.currency_given
    return "Home Assistant's currency" if adopted else config.site.currency


def _understood(config: Config) -> Iterator[str]:
    site, battery = config.site, config.site.battery
    if config.wiring is not None:
        yield f"mode: {config.mode}, {MODES[config.mode]}"
    yield f"home: {_zone(config)}, money in {_currency(config)}"
    yield (
        f"battery: {battery.capacity_kwh:g} kWh, of which {battery.min_soc_kwh:g} kWh stay; charges with "
        f"{battery.max_charge_kw:g} kW, discharges with {battery.max_discharge_kw:g} kW; "
        f"{battery.charge_efficiency * battery.discharge_efficiency:.0%} of a charged kWh comes back"
    )
    yield f"inverter: {config.inverter.control}, answers within {config.inverter.answer_seconds:g} s"
    limits = {"import": site.grid.max_import_kw, "export": site.grid.max_export_kw}
    yield "grid: " + ", ".join(
        f"{name} up to {limit:g} kW" if math.isfinite(limit) else f"{name} not limited"
        for name, limit in limits.items()
    )
    if site.prices.known == "always":
        yield "prices: a published tariff, known ahead"
    else:
        yield f"prices: tomorrow's are known from {site.prices.published_at:%H:%M}"
    if site.peak_charge is not None:
        way = "by tiers" if site.peak_charge.per_kw is None else f"{site.peak_charge.per_kw:g} per kW"
        yield f"peak charge: {way}, on the mean of the {site.peak_charge.days} largest daily peaks of a month"
    if site.goals.carbon_price_per_kg:
        yield f"goals: a kg of CO2 counts as {site.goals.carbon_price_per_kg:g} {site.currency}"
    if config.learning is None:
        yield "learning: off; the floor forecasts"
    else:
        every = config.learning.train_every or timedelta(0)
        yield f"learning: every night, anew every {every.days} days, with a {config.learning.budget} budget"
        yield from offload_told(config.learning.offload)
    if config.wiring is not None:
        yield from _forecasts(config.wiring.forecasts)
    for name, bound in config.profiles.items():
        yield from (f"{name}: {line}" for line in told_of(bound, config.inverter, shipped_costs()))
    for device in () if config.wiring is None else config.wiring.devices:
        yield f"{device.name}: a {device.kind} that takes {', '.join(device.verbs)}, at most {_a_day(device)}"
        if device.kind == "switch" and device.proof.entity is None:
            yield (
                f"{device.name}: mind: nothing shows whether it runs, so no command can be proved and it is given up; "
                f"name its meter: appliances.{device.name}.power, or steering.proof.entity"
            )


def _forecasts(wiring: ForecastWiring) -> Iterator[str]:
    if wiring.dashboard:
        yield "solar forecast: what the Energy dashboard shows, its roofs added up"
    elif wiring.roofs:
        roofs = [f"{' + '.join(entities)}" for entities in wiring.roofs.values()]
        yield f"solar forecast: {len(roofs)} roof{'s, added up' if len(roofs) > 1 else ''}: {'; '.join(roofs)}"
    if wiring.weather is not None:
        yield f"weather forecast: {wiring.weather}, kept as issued"
    if wiring.carbon is not None:
        yield f"carbon: {wiring.carbon}"


def _a_day(device: DeviceSpec) -> str:
    return f"{device.writes_per_day} writes a day"
