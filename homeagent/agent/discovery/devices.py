"""Which devices of a home can be told what to do, by the profiles that fit them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeagent.config.matching import Binding, absent, match_home
from homeagent.config.profile import Profile
from homeagent.domain.discovery import Answer, Finding, Question
from homeagent.domain.survey import Survey

KINDS = {
    "charger": "ev",
    "water_heater": "water_heater",
    "switch": "appliances",
    "thermostat": "climate",
}
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "charger": {"max_charge_kw": 7.4},
    "water_heater": {"litres": 200, "rated_kw": 2.0},
    "switch": {"rated_kw": 1.0},
    "thermostat": {"rated_kw": 2.0},
}
"""Only the household knows its own."""
HOURS: Mapping[str, Any] = {"01:00": True, "05:00": False}
"""What a switch turns on is not known: a programme, some hours a day, or fixed ones."""
MOST_OFFERED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """What can be steered: the battery's keys, other devices as examples for the household, and the entities written.

    `near` are the battery's devices.
    """

    battery: Mapping[str, Any]
    offers: Mapping[str, Mapping[str, Any]]
    steered: tuple[str, ...]
    near: frozenset[str]
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...] = ()


def steering(survey: Survey, profiles: Sequence[Profile], answers: Mapping[str, Answer]) -> Steering:
    """Return what the profiles find among a home's entities."""
    known = {profile.name: profile for profile in profiles}
    entities = list(survey.entities.values())
    bindings = match_home(profiles, entities)
    batteries = [one for one in bindings if known[one.profile].kind == "battery"]
    whole = [one for one in batteries if one.complete]
    chosen = _chosen(whole, answers)
    others = [one for one in bindings if known[one.profile].kind != "battery" and one.complete]
    offers, offered = _offers(survey, known, others)
    return Steering(
        battery={} if chosen is None else {"profile": chosen.profile, "entities": dict(chosen.entities)},
        offers=offers,
        steered=() if chosen is None else tuple(name for name in chosen.entities.values() if name in survey.entities),
        near=_devices(survey, chosen or (batteries[0] if batteries else None)),
        findings=(
            *_battery_words(survey, known, chosen, batteries),
            *_nothing(profiles, entities, batteries),
            *offered,
        ),
        questions=tuple(_which(survey, known, whole, chosen)),
    )


def _chosen(whole: Sequence[Binding], answers: Mapping[str, Answer]) -> Binding | None:
    named = next((one for one in whole if _key(one) == answers.get("battery.profile")), None)
    return named or (whole[0] if whole else None)


def _key(binding: Binding) -> str:
    """Return what tells two batteries with one profile apart."""
    return f"{binding.profile} {next(iter(binding.entities.values()), '')}"


def _devices(survey: Survey, binding: Binding | None) -> frozenset[str]:
    if binding is None:
        return frozenset()
    entities = [survey.entities[name] for name in binding.entities.values() if name in survey.entities]
    devices = {binding.device_id, *(entity.device_id for entity in entities)}
    return frozenset(device for device in devices if device is not None)


def _named(survey: Survey, binding: Binding) -> str:
    """Return what a person calls a device."""
    device = survey.devices.get(binding.device_id or "")
    first = next(iter(binding.entities.values()), "")
    entity = survey.entities.get(first)
    return (device.name if device is not None else None) or (entity.name if entity is not None else None) or first


def _battery_words(
    survey: Survey, known: Mapping[str, Profile], chosen: Binding | None, batteries: Sequence[Binding]
) -> Iterator[Finding]:
    if chosen is not None:
        profile = known[chosen.profile]
        missing = [role.remedy for role in chosen.missing]
        text = f"the battery can be told through {_named(survey, chosen)}: profile {profile.name} ({profile.title})"
        yield Finding(topic="steering", kind="found", text=text, remedy="; ".join(missing) or None)
        seen = {"users": "by what users say, not seen in its own source", "unseen": "which nobody has seen working"}
        if profile.evidence in seen:
            text = f"the profile {profile.name} is written {seen[profile.evidence]}"
            yield Finding(topic="steering", kind="warning", text=text, remedy="try it by hand before mode: control")
        return
    for binding in batteries:
        yield Finding(
            topic="steering",
            kind="warning",
            text=f"{known[binding.profile].title} is here, but something is missing to tell the battery what to do",
            remedy="; ".join(role.remedy for role in binding.missing if role.needed),
        )


def _nothing(profiles: Sequence[Profile], entities: Sequence[Any], batteries: Sequence[Binding]) -> Iterator[Finding]:
    if batteries:
        return
    lacking = [(profile, absent(profile, entities)) for profile in profiles if profile.kind == "battery"]
    lacking = [(profile, roles) for profile, roles in lacking if roles and len(profile.integrations) == 1]
    for profile, roles in lacking:
        text = f"{profile.title} is here, but without anything that its battery could be told through"
        remedy = "; ".join(dict.fromkeys(role.remedy for role in roles))
        yield Finding(topic="steering", kind="warning", text=text, remedy=remedy)
    if not lacking:
        yield Finding(
            topic="steering",
            kind="missing",
            text="nothing that the battery can be told through: the agent can advise, but not control",
            remedy="write its steps under battery.steering, or a profile of your own; homeagent profiles lists ours",
        )


def _which(
    survey: Survey, known: Mapping[str, Profile], whole: Sequence[Binding], chosen: Binding | None
) -> Iterator[Question]:
    """Ask which of several batteries is to be steered: one is supported."""
    if len(whole) < 2 or chosen is None:  # noqa: PLR2004 - a choice
        return
    names = ", ".join(f"{_key(one)} ({_named(survey, one)}, {known[one.profile].title})" for one in whole)
    yield Question(
        key="battery.profile",
        text=f"Several batteries can be told what to do; which one? {names}",
        kind="choice",
        choices=tuple(_key(one) for one in whole),
        suggestion=_key(chosen),
        because="the one of which most was found",
    )


def _offers(
    survey: Survey, known: Mapping[str, Profile], others: Sequence[Binding]
) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """Return examples for what else can be switched or set, with numbers that only the household knows."""
    offers: dict[str, dict[str, Any]] = {}
    findings = []
    for binding in others[:MOST_OFFERED]:
        profile = known[binding.profile]
        section = KINDS[profile.kind]
        called = _named(survey, binding)
        own = called.partition(".")[2] if called in survey.entities else called
        name = _key_of(own, {*offers.get(section, {})})
        values: dict[str, Any] = {"profile": profile.name, "entities": dict(binding.entities)}
        values = {**EXAMPLES[profile.kind], **values}
        if section in {"climate", "water_heater"}:
            values = {"entity": next(iter(binding.entities.values())), **values}
        if section == "appliances":
            values["timetable"] = dict(HOURS)
        offers.setdefault(section, {})[name] = values
        can = " and ".join(profile.verbs)
        text = f"{called}: a {profile.kind.replace('_', ' ')} that can be told {can} ({profile.title})"
        remedy = "it is planned if you want: its keys stand at the end of the file, as comments; mend their numbers"
        findings.append(Finding(topic="devices", kind="found", text=text, remedy=remedy))
    return offers, findings


def _key_of(name: str, taken: set[str]) -> str:
    """Return a name as a key of the configuration."""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name.lower()).strip("_")
    base = (plain if plain[:1].isalpha() else f"device_{plain}")[:34].strip("_")
    return base if base not in taken else next(f"{base}_{k}" for k in range(2, 99) if f"{base}_{k}" not in taken)
