"""What a configuration asks of a Home Assistant, held against what is there: every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from homeagent.domain.errors import Issue
from homeagent.domain.site import Place
from homeagent.domain.tariff import ActionFeed, EntityFeed
from homeagent.domain.wiring import CallAction, DeviceSpec, Press, SetEntity, Wiring
from homeagent.hass.entities import EntityState
from homeagent.hass.steps import domain_of, refusal
from homeagent.hass.units import ENERGY_KWH, POWER_KW, TEMPERATURES

LOWEST_VERSION = (2025, 4)
"""The oldest Home Assistant that the agent is tested with."""
POWER_CLASSES = frozenset({"power", "energy"})
SOC_CLASSES = frozenset({"battery", "energy_storage"})
NEAR = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAssistantFacts:
    """What a Home Assistant says of itself: its entities by id, and its actions as domain.name."""

    version: str
    timezone: str
    currency: str
    states: Mapping[str, EntityState]
    actions: frozenset[str]
    place: Place | None = None
    statistics: frozenset[str] = field(default_factory=frozenset)
    """The entities that it keeps long-term statistics of."""


def conflicts(wiring: Wiring) -> list[Issue]:
    """Return what contradicts itself whatever Home Assistant says: one entity for two things."""
    issues: list[Issue] = []
    owner: dict[str, str] = {}
    for device in wiring.devices:
        for entity in sorted(device.entities()):
            if entity in owner:
                remedy = "give each device entities of its own"
                message = f"{owner[entity]} and {device.name} both write {entity}"
                issues.append(Issue(path=f"{device.name}.steering", message=message, remedy=remedy))
            owner.setdefault(entity, device.name)
    measured: dict[str, str] = {}
    for path, entity in _meters(wiring):
        if entity in measured:
            both = f"{path} reads {entity} twice" if measured[entity] == path else None
            message = both or f"{measured[entity]} and {path} read the same {entity}"
            issues.append(Issue(path=path, message=message, remedy="name the entity of each meter"))
        measured.setdefault(entity, path)
    return issues


def inspect(wiring: Wiring, facts: HomeAssistantFacts) -> list[Issue]:
    """Return every problem between a configuration and a Home Assistant."""
    issues = list(conflicts(wiring))
    if version_of(facts.version) < LOWEST_VERSION:
        lowest = ".".join(map(str, LOWEST_VERSION))
        message = f"Home Assistant {facts.version} is too old"
        issues.append(Issue(path="home_assistant", message=message, remedy=f"update it to {lowest} or later"))
    for path, entity in _meters(wiring):
        issues += _existing(path, entity, facts) or _measuring(path, facts.states[entity], soc=path == "meters.soc")
    for path, source in _prices(wiring):
        issues += _existing(path, source, facts) if isinstance(source, str) else _acting(path, source, facts)
    heartbeat = wiring.home_assistant.heartbeat
    if heartbeat is not None:
        issues += _existing("home_assistant.heartbeat", heartbeat, facts)
    for device in wiring.devices:
        issues += _device(device, facts)
    for path, entity, units in _watching(wiring):
        issues += _existing(path, entity, facts) or _of_unit(path, facts.states[entity], units)
    return issues


def _watching(wiring: Wiring) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield what says how the planned devices stand, with the units that it may have; none where it is no number."""
    kwh, kw, degrees = tuple(ENERGY_KWH), tuple(POWER_KW), tuple(TEMPERATURES)
    for sensors in wiring.sensors:
        known = {"soc": ("%", *kwh), "asked": kwh, "power": kw, "temperature": degrees}
        for key in ("soc", "plugged", "power", "asked", "leaves", "temperature", "running", "ready", "thermostat"):
            entity = getattr(sensors, key)
            if entity is not None and not (key == "power" and _metered(wiring, entity)):
                yield f"{sensors.name}.{'entity' if key == 'thermostat' else key}", entity, known.get(key, ())
    if wiring.outdoor is not None:
        yield "home.outdoor", wiring.outdoor, degrees
    for spec in wiring.phases:
        yield from (("meters.phases", source.entity, kw) for source in spec.sources)


def _metered(wiring: Wiring, entity: str) -> bool:
    """Return whether an entity is looked at as a meter."""
    return any(source.entity == entity for spec in wiring.meters.controlled for source in spec.sources)


def _of_unit(path: str, state: EntityState, units: tuple[str, ...]) -> list[Issue]:
    unit = state.attributes.get("unit_of_measurement")
    if not units or unit in units or (unit is None and not state.present):
        return []
    found = "no unit" if unit is None else f"the unit {unit}"
    message = f"{state.entity_id} has {found}, so nobody knows what it measures"
    return [Issue(path=path, message=message, remedy=f"name an entity in {', '.join(units)}")]


def version_of(text: str) -> tuple[int, ...]:
    """Return year and month of a release such as 2025.4.4 or 2026.1.0b2; (0,) of anything else."""
    parts = text.split(".")[:2]
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else (0,)


def _meters(wiring: Wiring) -> Iterator[tuple[str, str]]:
    for spec in wiring.meters.powers:
        for source in spec.sources:
            yield f"meters.{spec.quantity.removesuffix('_kw')}", source.entity
    yield from (("meters.soc", entity) for entity, _ in wiring.meters.stores())
    for spec in wiring.meters.controlled:
        for source in spec.sources:
            yield f"{spec.quantity}.power", source.entity


def _existing(path: str, entity: str, facts: HomeAssistantFacts) -> list[Issue]:
    if entity in facts.states:
        return []
    same_kind = [name for name in facts.states if domain_of(name) == domain_of(entity)]
    near = get_close_matches(entity, same_kind, n=3, cutoff=NEAR)
    remedy = f"did you mean {', '.join(near)}?" if near else "see Developer tools > States for its name"
    return [Issue(path=path, message=f"{entity} does not exist in Home Assistant", remedy=remedy)]


def _measuring(path: str, state: EntityState, *, soc: bool) -> list[Issue]:
    """Check unit and device class; an entity that is unavailable shows neither, and is checked when it comes."""
    unit, kind = state.attributes.get("unit_of_measurement"), state.attributes.get("device_class")
    if not state.present and unit is None:
        return []
    known = ["%", *ENERGY_KWH] if soc else [*POWER_KW, *ENERGY_KWH]
    what = "a state of charge" if soc else "a power or a counter of energy"
    if unit not in known:
        message = (
            f"{state.entity_id} has the unit {unit}, which is none of {what}"
            if unit
            else (f"{state.entity_id} has no unit, so nobody knows what it measures")
        )
        return [Issue(path=path, message=message, remedy=f"name an entity in {', '.join(known)}")]
    if kind is not None and kind not in (SOC_CLASSES if soc else POWER_CLASSES):
        message = f"{state.entity_id} is of the device class {kind}, which is no {what.removeprefix('a ')}"
        return [Issue(path=path, message=message, remedy="name the entity that measures it")]
    return []


def _prices(wiring: Wiring) -> Iterator[tuple[str, str | ActionFeed]]:
    """Yield the entities and actions that prices are read from; what they list is looked at where it is read."""
    for path, tariff in (("prices.import", wiring.prices.imports), ("prices.export", wiring.prices.exports)):
        for feed in tariff.feeds():
            yield from ((path, source) for source in (feed.entities if isinstance(feed, EntityFeed) else [feed]))
        if tariff.dispatches is not None:
            yield f"{path}.dispatches", tariff.dispatches.entity


def _device(device: DeviceSpec, facts: HomeAssistantFacts) -> Iterator[Issue]:
    named = {f"entities.{role}": entity for role, entity in device.roles.items() if "." in entity}  # no devices
    named |= {"proof.entity": device.proof.entity or "", "entity": device.proof.thermostat or ""}
    for name, entity in named.items():
        if entity:
            yield from _existing(f"{device.name}.{name}", entity, facts)
    for verb, steps in device.verbs.items():
        for number, step in enumerate(steps):
            path = f"{device.name}.steering.{verb}[{number}]"
            if isinstance(step, CallAction):
                yield from _acting(path, step, facts)
            elif isinstance(step, SetEntity | Press):
                yield from _writing(path, step, device, facts)


def _writing(path: str, step: SetEntity | Press, device: DeviceSpec, facts: HomeAssistantFacts) -> Iterator[Issue]:
    if step.entity in facts.states:
        yield from _settable(path, step, facts.states[step.entity])
    elif step.entity not in device.roles.values():  # those are said once, by their role
        yield from _existing(path, step.entity, facts)


def _acting(path: str, step: CallAction | ActionFeed, facts: HomeAssistantFacts) -> Iterator[Issue]:
    if step.action not in facts.actions:
        near = get_close_matches(step.action, facts.actions, n=3, cutoff=NEAR)
        remedy = f"did you mean {', '.join(near)}?" if near else "see Developer tools > Actions for its name"
        yield Issue(path=path, message=f"{step.action} is no action of Home Assistant", remedy=remedy)


def _settable(path: str, step: SetEntity | Press, state: EntityState) -> Iterator[Issue]:
    """Check a literal value; what a template gives, or a device shows only in some mode, is checked when it is sent."""
    value: Any = step.value if isinstance(step, SetEntity) else None
    if not state.present or (isinstance(value, str) and "{" in value):
        return
    shows_range = domain_of(step.entity) not in {"number", "input_number"} or "min" in state.attributes
    why = refusal(state, step.entity, value) if value is not None and shows_range else None
    if why is not None:
        yield Issue(path=path, message=why, remedy="write a value that it takes")
