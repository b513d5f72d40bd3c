"""Files to settings to the domain's own types."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from homeagent.config.binding import Bound, bind
from homeagent.config.device_specs import known_of, wishes_of
from homeagent.config.governor import governor_rules
from homeagent.config.home_assistant import UNMETERED
from homeagent.config.offload import missing_files, offload_of
from homeagent.config.places import place_of_zone
from homeagent.config.profile_files import folder_beside, load_profile
from homeagent.config.reading import read_settings
from homeagent.config.settings import ScenarioSettings, Settings
from homeagent.config.wiring import battery_spec, capability_of, wiring_of
from homeagent.devices.batteries import aggregate
from homeagent.domain.command import AgentMode
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.effort import HostRules
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.expectations import Absence
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.learning import LearningRules
from homeagent.domain.site import (
    Goals,
    GridLimits,
    PeakChargeSpec,
    Place,
    PriceRules,
    SiteSpec,
)
from homeagent.domain.thinking import GovernorRules
from homeagent.domain.wiring import Wiring
from homeagent.domain.wishes import Wish

_Model = TypeVar("_Model", bound=Settings)


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
    known: tuple[DeviceKnown, ...] = ()
    """What there is to be planned beside the battery, with what is wanted of each."""
    wishes: Mapping[str, Wish] = field(default_factory=dict)

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
    battery = settings.battery
    initial_soc_kwh = 0.0 if battery is None else battery.initial_soc * battery.capacity_kwh
    return Scenario(**_parts(settings, profiles, path), initial_soc_kwh=initial_soc_kwh)


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
    battery = settings.battery
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
        "inverter": InverterCapability() if battery is None else capability_of(battery, profiles.get("battery")),
        "minimum_hold": timedelta(minutes=0 if battery is None else battery.inverter.min_hold_minutes),
        "known": known_of(settings),
        "wishes": wishes_of(settings),
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
    peak = settings.peak_charge
    several = tuple(battery_spec(one, name) for name, one in settings.batteries.items())
    zone = settings.home.timezone or (peak.timezone if peak else None) or "UTC"
    hour, minute = (int(part) for part in settings.prices.published_at.split(":"))
    return SiteSpec(
        timezone=ZoneInfo(zone),
        currency=settings.home.currency or "EUR",
        battery=aggregate(several) if settings.battery is None else battery_spec(settings.battery),
        batteries=several,
        grid=GridLimits(
            max_import_kw=settings.grid.import_limit_kw,
            max_export_kw=math.inf if settings.grid.max_export_kw is None else settings.grid.max_export_kw,
            phases=settings.grid.phases,
            max_phase_kw=settings.grid.phase_kw,
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
