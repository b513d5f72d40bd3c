"""Files to settings to the domain's own types."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from homeagent.config.home_assistant import UNMETERED
from homeagent.config.settings import ScenarioSettings, Settings
from homeagent.config.wiring import wiring_of
from homeagent.config.yaml_lines import Document, KeyPath, dotted, read_document
from homeagent.domain.command import AgentMode
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec, Goals, GridLimits, PeakChargeSpec, PriceRules, SiteSpec
from homeagent.domain.wiring import DeviceSpec, Wiring

_Model = TypeVar("_Model", bound=Settings)

MODES: dict[AgentMode, str] = {
    "observe": "measures and settles, plans nothing",
    "advise": "plans and explains, commands nothing",
    "control": "plans, and commands the devices below",
}
EXPECTED = {
    "float_type": "write a number",
    "int_type": "write a whole number",
    "bool_type": "write true or false",
    "string_type": "write a text, in quotes",
    "finite_number": "write a number",
    "greater_than_equal": "write a number that is not too small",
    "model_type": "write keys with values below it, indented",
    "missing": "add it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """A configuration in the domain's types. `wiring` is None where it names no Home Assistant."""

    site: SiteSpec
    inverter: InverterCapability
    minimum_hold: timedelta
    thinking_step: timedelta | None
    mode: AgentMode
    wiring: Wiring | None
    port: int
    store: Path
    zone_given: bool
    currency_given: bool

    def adopting(self, timezone: str, currency: str) -> Config:
        """Return it with Home Assistant's time zone and currency where it names none of its own."""
        site = self.site
        if not self.zone_given:
            peak = site.peak_charge
            peak = None if peak is None else replace(peak, timezone=ZoneInfo(timezone))
            site = replace(site, timezone=ZoneInfo(timezone), peak_charge=peak)
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
    return Config(**_parts(_settings(path, Settings), path))


def load_scenario(path: Path) -> Scenario:
    """Read a scenario: a configuration with `battery.initial_soc`.

    Raises:
        InputError: with every problem of the file.
    """
    settings = _settings(path, ScenarioSettings)
    initial_soc_kwh = settings.battery.initial_soc * settings.battery.capacity_kwh
    return Scenario(**_parts(settings, path), initial_soc_kwh=initial_soc_kwh)


def check_config(path: Path) -> list[str]:
    """Return what was understood of a configuration, a line a topic.

    Raises:
        InputError: with every problem of the file.
    """
    return list(_understood(load_config(path)))


def _settings(path: Path, model: type[_Model]) -> _Model:
    document = read_document(path)
    try:
        return model.model_validate(document.values)
    except ValidationError as error:
        issues = tuple(_issue(problem, document, model) for problem in error.errors(include_url=False))
        raise InputError(str(path), issues) from None


def _issue(problem: Any, document: Document, model: type[Settings]) -> Issue:  # noqa: ANN401 - pydantic's own dictionary
    path: KeyPath = tuple(problem["loc"])
    kind, context = problem["type"], problem.get("ctx", {})
    found = None if kind in {"missing", "model_type"} or path in document.hidden else _short(problem["input"])
    if isinstance(problem["input"], dict):
        found = None
    message, remedy = problem["msg"].lower().removeprefix("input ").removeprefix("value error, "), EXPECTED.get(kind)
    if kind == "extra_forbidden":
        message, remedy, found = "is no key that exists", _nearest(path, model), None
    elif kind == "missing":
        message = "is missing"
        if path[-1] == "capacity_kwh":
            remedy = "add the battery's usable capacity, e.g. capacity_kwh: 10"
    elif kind == "homeagent":
        message, remedy = context["message"], context["remedy"]
    elif kind == "model_type":
        message = "is no group of keys"
    elif kind == "literal_error":
        message, remedy = "is none of the choices", f"write {context['expected']}"
    return Issue(path=dotted(path), message=message, line=document.line(path), found=found, remedy=remedy)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - one line


def _nearest(path: KeyPath, model: type[BaseModel]) -> str:
    """Return which known key was probably meant."""
    if path[-1] == "initial_soc":
        return "it belongs to a scenario for backtests; a running home has a state of charge of its own"
    section: Any = model
    for part in path[:-1]:
        section = _inside(section, part)
    if not _is_settings(section):
        return "leave it out"
    known = [field.alias or name for name, field in section.model_fields.items()]
    near = get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"


def _inside(annotation: Any, part: str | int) -> Any:  # noqa: ANN401 - annotations are of any kind
    """Return what is expected under `part`: a field of settings, or an entry of a mapping or list of them."""
    if _is_settings(annotation):
        fields = annotation.model_fields.items()
        inner = next((field.annotation for name, field in fields if part in {name, field.alias}), None)
    else:
        inner = get_args(annotation)[-1] if get_args(annotation) else None
    while get_origin(inner) not in {None, dict, list}:  # Annotated, or a choice with None
        inner = get_args(inner)[0]
    return inner


def _is_settings(annotation: Any) -> bool:  # noqa: ANN401 - as above
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _parts(settings: Settings, path: Path) -> dict[str, Any]:
    inverter = settings.battery.inverter
    step = settings.thinking.step_minutes
    site = _site(settings)
    return {
        "mode": settings.mode,
        "wiring": wiring_of(settings, site),
        "port": settings.web.port,
        "store": path.parent / settings.store.path,
        "zone_given": settings.home.timezone is not None,
        "currency_given": settings.home.currency is not None,
        "site": site,
        "inverter": InverterCapability(
            control=inverter.control,
            answer_seconds=inverter.answer_seconds,
            min_power_kw=inverter.min_power_kw,
            power_step_kw=inverter.power_step_kw,
        ),
        "minimum_hold": timedelta(minutes=inverter.min_hold_minutes),
        "thinking_step": None if step is None else timedelta(minutes=step),
    }


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
    for device in () if config.wiring is None else config.wiring.devices:
        yield f"{device.name}: a {device.kind} that takes {', '.join(device.verbs)}, at most {_a_day(device)}"


def _a_day(device: DeviceSpec) -> str:
    return f"{device.writes_per_day} writes a day"
