"""A profile and a home's entities become steering and an inverter, as if their owner had written them out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias, TypeVar

from homeagent.config.capability import said_of
from homeagent.config.devices import (
    ApplianceSettings,
    CarSettings,
    CarSteeringSettings,
    ClimateSettings,
    ThermostatSteeringSettings,
    WaterHeaterSettings,
)
from homeagent.config.home_assistant import (
    ENTITY,
    BatterySteeringSettings,
    ProofSettings,
    Section,
    SwitchSteeringSettings,
)
from homeagent.config.profile import DEVICE, ROLE, Kind, Profile, ProfileStep
from homeagent.config.reading import Problem
from homeagent.config.settings import BatterySettings, InverterSettings, Settings
from homeagent.config.yaml_lines import KeyPath
from homeagent.domain.errors import InputError

_Steering = TypeVar(
    "_Steering", BatterySteeringSettings, SwitchSteeringSettings, ThermostatSteeringSettings, CarSteeringSettings
)
_Device: TypeAlias = BatterySettings | ApplianceSettings | ClimateSettings | CarSettings | WaterHeaterSettings
_Settings = TypeVar("_Settings", bound=Settings)
FindProfile = Callable[[str], Profile]
KINDS: Mapping[str, tuple[Kind, ...]] = {
    "battery": ("battery",),
    "batteries": ("battery",),
    "appliances": ("charger", "water_heater", "switch"),
    "climate": ("thermostat", "switch"),
    "ev": ("charger",),
    "water_heater": ("water_heater", "switch"),
}
SECTIONS = ("batteries", "appliances", "climate", "ev", "water_heater")
SAME_VERB = {"on": "charge", "off": "stop", "charge": "on", "stop": "off"}
"""What a charger's profile calls a verb that it is asked for by another name: by hours it is switched on and off."""
DEVICE_ID = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A profile as one home uses it: what each role stands for, and the verbs that there are."""

    profile: Profile
    entities: Mapping[str, str]
    verbs: tuple[str, ...]


def bind(settings: _Settings, find: FindProfile) -> tuple[_Settings, dict[str, Bound], list[Problem]]:
    """Return settings whose profiles are written out, what each device is bound to, and what is wrong with that."""
    bound: dict[str, Bound] = {}
    problems: list[Problem] = []
    battery = settings.battery
    sections: dict[str, dict[str, Any]] = {name: dict(getattr(settings, name)) for name in SECTIONS}
    for path, device in _with_profiles(settings):
        found = _bound(path, device, find, problems)
        if found is None:
            continue
        bound[str(path[-1])] = found
        if isinstance(device, BatterySettings):
            steering = _steering(found, BatterySteeringSettings, device.steering)
            inverter = _inverter(found, device)
            written = device.model_copy(update={"steering": steering, "inverter": inverter})
            if len(path) == 1:
                battery = written
            else:
                sections[str(path[0])][str(path[1])] = written
            if inverter.control == "reserve" and steering.reserve is None:
                remedy = "leave it out, or add steering.reserve"
                problems.append(Problem((*path, "inverter", "control"), "is reserve, but nothing sets one", remedy))
        else:
            sections[str(path[0])][str(path[1])] = device.model_copy(update={"steering": _told(found, device)})
    return settings.model_copy(update={"battery": battery} | sections), bound, problems


def _told(found: Bound, device: _Device) -> Section:
    """Return what a device beside the battery is told through."""
    match device:
        case CarSettings():
            return _steering(found, CarSteeringSettings, device.steering)
        case ClimateSettings() | WaterHeaterSettings():
            return _steering(found, ThermostatSteeringSettings, device.steering)
        case ApplianceSettings():
            return _steering(found, SwitchSteeringSettings, device.steering)
    raise TypeError(type(device).__name__)


def _with_profiles(settings: Settings) -> Iterator[tuple[KeyPath, _Device]]:
    if settings.battery is not None and settings.battery.profile is not None:
        yield ("battery",), settings.battery
    for section in SECTIONS:
        for name, device in getattr(settings, section).items():
            if device.profile is not None:
                yield (section, name), device


def _bound(
    path: KeyPath,
    device: _Device,
    find: FindProfile,
    problems: list[Problem],
) -> Bound | None:
    """Return the profile with its entities, None where something is wrong."""
    name = str(device.profile)
    try:
        profile = find(name)
    except InputError as error:
        for issue in error.issues:
            message = "is no profile" if issue.path == name else f"does not load: {error.source}: {issue}"
            problems.append(Problem((*path, "profile"), message, issue.remedy or "mend that file", repr(name)))
        return None
    kinds = KINDS[str(path[0])]
    if profile.kind not in kinds:
        remedy = f"use it under {next(key for key, kinds in KINDS.items() if profile.kind in kinds)}"
        problems.append(Problem((*path, "profile"), f"is the profile of a {profile.kind}", remedy, repr(name)))
        return None
    wrong = [*_entity_problems((*path, "entities"), profile, device.entities)]
    problems += wrong
    if wrong:
        return None
    return Bound(profile=profile, entities=device.entities, verbs=verbs_of(profile, device.entities))


def _entity_problems(path: KeyPath, profile: Profile, entities: Mapping[str, str]) -> Iterator[Problem]:
    for role, entity in entities.items():
        here = (*path, role)
        if role not in profile.roles:
            near = get_close_matches(role, profile.roles, n=1, cutoff=0.4)
            remedy = f"did you mean {near[0]}?" if near else f"its roles are {', '.join(profile.roles)}"
            yield Problem(here, f"is no role of the profile {profile.name}", remedy)
            continue
        domains = profile.roles[role].domains
        if DEVICE in domains and DEVICE_ID.fullmatch(entity):
            continue
        domain = entity.partition(".")[0]
        if not ENTITY.fullmatch(entity) or domain not in domains:
            what = " or ".join("a device's id" if name == DEVICE else f"{name}.…" for name in domains)
            yield Problem(here, "is not what this role needs", f"name {what}: {profile.roles[role].why}", repr(entity))
    for role, entry in profile.roles.items():
        if entry.needed is True and role not in entities:
            remedy = f"add an entity: {entry.why}" + (f"; {entry.if_missing}" if entry.if_missing else "")
            yield Problem((*path, role), f"is missing: the profile {profile.name} needs it", remedy)


def verbs_of(profile: Profile, roles: Collection[str]) -> tuple[str, ...]:
    """Return the verbs that exist where only these roles have an entity."""
    return tuple(verb for verb in profile.verbs if _exists(verb, profile, roles))


def _exists(verb: str, profile: Profile, roles: Collection[str]) -> bool:
    missing = [entry for role, entry in profile.roles.items() if role not in roles]
    if any(not isinstance(entry.needed, bool) and verb in entry.needed for entry in missing):
        return False
    return any(step.pause_seconds is None for step in _steps(profile.verbs[verb], roles))


def _steps(steps: list[ProfileStep], roles: Collection[str]) -> list[ProfileStep]:
    return [step for step in steps if step.roles() <= {*roles}]


def _written_out(step: ProfileStep, entities: Mapping[str, str]) -> dict[str, Any]:
    """Return a step as a configuration has it."""
    values = {name: _named(value, entities) for name, value in step.model_dump(exclude_unset=True).items()}
    for name in ("set", "press"):
        if values.get(name) is not None:
            values[name] = entities[values[name]]
    if isinstance(values.get("to"), list):
        values["to"] = _first_option(values["set"], values["to"])
    return values


def _first_option(entity: str, options: list[str]) -> str:
    """Return a template of the first of these options that the entity has, of the first at all if it has none."""
    known = f"state_attr('{entity}', 'options') or []"
    return f"{{{{ ({options!r} | select('in', {known}) | list + {options[:1]!r}) | first }}}}"


def _named(value: Any, entities: Mapping[str, str]) -> Any:  # noqa: ANN401 - values of any kind
    if isinstance(value, str):
        return ROLE.sub(lambda found: entities[found[1]], value)
    if isinstance(value, dict):
        return {name: _named(part, entities) for name, part in value.items()}
    return [_named(part, entities) for part in value] if isinstance(value, list) else value


def _steering(bound: Bound, model: type[_Steering], own: _Steering | None) -> _Steering:
    """Return the profile's steering, with whatever the configuration says itself in its place."""
    profile = bound.profile
    verbs = {
        name: [_written_out(step, bound.entities) for step in _steps(profile.verbs[verb], bound.entities)]
        for verb in bound.verbs
        for name in (verb, SAME_VERB.get(verb))
        if name in model.model_fields and (name == verb or name not in bound.verbs)
    }
    proof = {"within_seconds": profile.proof.within_seconds, "tolerance_kw": profile.proof.tolerance_kw}
    given = {} if own is None else {name: getattr(own, name) for name in own.model_fields_set if name != "proof"}
    made = model.model_validate(
        verbs
        | {
            "proof": ProofSettings.model_validate(proof | (own.proof.model_dump(exclude_unset=True) if own else {})),
            "answer_seconds": profile.answer_seconds,
            "writes_per_day": profile.writes_per_day,
        }
    )
    return made.model_copy(update=given)


def _inverter(bound: Bound, settings: BatterySettings) -> InverterSettings:
    """Return what the profile says of the inverter, with whatever the configuration says itself in its place."""
    own = settings.inverter.model_fields_set
    return said_of(bound.profile).model_copy(update={name: getattr(settings.inverter, name) for name in own})
