"""The schema of a device profile: what one integration's entities are, and what each thing to do is written as."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from homeagent.config.home_assistant import (
    SETTABLE,
    PositiveKw,
    Seconds,
    Section,
    StepForm,
    wrong,
)
from homeagent.domain.wiring import BATTERY_VERBS, CHARGER_VERBS, SWITCH_VERBS, THERMOSTAT_VERBS

DEVICE = "device"
"""The domain of a role that stands for a device of the registry, not for an entity."""
DOMAINS = (*SETTABLE, "binary_sensor", "button", "device", "input_button", "sensor")
ROLE = re.compile(r"<([a-z][a-z0-9_]*)>")
"""How a role's entity is named inside a text."""

Kind: TypeAlias = Literal["battery", "charger", "thermostat", "water_heater", "switch"]
Evidence: TypeAlias = Literal["source", "users", "unseen"]
VERBS: dict[Kind, tuple[str, ...]] = {
    "battery": BATTERY_VERBS,
    "charger": (*CHARGER_VERBS, "discharge", *SWITCH_VERBS),
    "water_heater": (*THERMOSTAT_VERBS, *SWITCH_VERBS),
    "switch": SWITCH_VERBS,
    "thermostat": THERMOSTAT_VERBS,
}


NEEDED_VERBS: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "battery": (("self_consumption",),),
    "charger": (CHARGER_VERBS, SWITCH_VERBS),
    "water_heater": (THERMOSTAT_VERBS, SWITCH_VERBS),
    "switch": (SWITCH_VERBS,),
    "thermostat": (THERMOSTAT_VERBS,),
}
"""One of these groups has to be there, whole."""


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _domains(names: list[str]) -> list[str]:
    for name in names:
        if name not in DOMAINS:
            near = get_close_matches(name, DOMAINS, n=1)
            raise wrong(f"names the kind {name}", f"did you mean {near[0]}?" if near else f"use {', '.join(DOMAINS)}")
    return names


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", text):
        raise wrong("is no name", "use small letters, digits and _, e.g. my_inverter")
    return text


Name = Annotated[str, AfterValidator(_name)]
Patterns = Annotated[list[str], BeforeValidator(_listed)]
Percent = Annotated[float, Field(ge=0, le=100)]
Watts = Annotated[float, Field(ge=0, le=2_000_000)]
Text = Annotated[str, Field(min_length=1)]


class RoleSettings(Section):
    """One entity (or device) that the profile writes to.

    Patterns hold `*`. Translation key and unique id find it even where its owner renamed it; the entity id comes last.
    `needed` may name the verbs that do not exist without it; other steps that use it are then left out.
    """

    domains: Annotated[list[str], BeforeValidator(_listed), AfterValidator(_domains), Field(min_length=1)]
    translation_key: Patterns = Field(default=[])
    unique_id: Patterns = Field(default=[])
    entity: Patterns = Field(default=[])
    needed: bool | list[str] = True
    why: Text
    if_missing: Text | None = None
    evidence: Evidence = "source"


class ProfileStep(StepForm):
    """One step of a command, with roles in place of entities; `<role>` inside texts stands for its entity.

    A list of options is for selects whose options are named differently by version: the first that it has.
    """

    set: Name | None = None
    press: Name | None = None

    def roles(self) -> frozenset[str]:
        """Return the roles that it uses."""
        named = [name for name in (self.set, self.press) if name is not None]
        return frozenset([*named, *(name for text in self.texts() for name in ROLE.findall(text))])

    def texts(self) -> Iterator[str]:
        """Return every text in it that may hold roles and variables."""
        yield from _texts([self.to, self.target, self.data])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


class PowerSettings(Section):
    """What powers the device takes [W]: they are rounded towards zero to the step and never exceed the highest."""

    low_w: Watts = 0.0
    high_w: Watts | None = None
    step_w: Annotated[float, Field(gt=0, le=10_000)] = 1.0
    settable: bool = True
    """False where charging and discharging go as fast as they can."""


class ReserveSettings(Section):
    """What reserve can be set."""

    low_percent: Percent = 0.0
    high_percent: Percent = 100.0
    step_percent: Annotated[float, Field(gt=0, le=50)] = 1.0


class LeaseSettings(Section):
    """A time after which the device ends a command by itself."""

    low_seconds: Annotated[float, Field(gt=0)]
    high_seconds: Annotated[float, Field(gt=0)]
    then: Text


class CurrentSettings(Section):
    """What currents a charger takes [A]."""

    low_a: Annotated[float, Field(ge=0, le=125)] = 6.0
    high_a: Annotated[float, Field(gt=0, le=125)] = 32.0


class ProfileProof(Section):
    """By when the effect must be measured, and how far off it may be."""

    within_seconds: Seconds = 60.0
    tolerance_kw: PositiveKw = 0.3


class QuirkSettings(Section):
    """Something that one must know of the device, and where that was read."""

    text: Text
    source: Text
    evidence: Evidence = "source"


class Profile(Section):
    """A device profile. Entities are roles; an `entities:` mapping of a configuration binds them to a home's own."""

    name: Name
    title: Text
    kind: Kind
    integrations: Patterns = Field(default=[])
    """Domains of the integrations that make its entities; empty: any."""
    control: Literal["continuous", "modes", "reserve"] = "modes"
    evidence: Evidence
    roles: Annotated[dict[Name, RoleSettings], Field(min_length=1)]
    verbs: dict[str, Annotated[list[ProfileStep], Field(max_length=20)]]
    hold_stores: bool = False
    """Whether it still stores surplus while it holds."""
    power: PowerSettings = PowerSettings()
    reserve: ReserveSettings = ReserveSettings()
    lease: LeaseSettings | None = None
    current: CurrentSettings | None = None
    window_minutes: Annotated[int, Field(ge=1, le=60)] | None = None
    """How finely its clock windows are set; None where it has none."""
    answer_seconds: Seconds
    min_power_kw: Annotated[float, Field(ge=0)] = 0.0
    min_hold_minutes: Annotated[float, Field(ge=0)] = 0.0
    proof: ProfileProof = ProfileProof()
    writes_per_day: Annotated[int, Field(ge=1, le=100_000)] = 200
    safe: Text
    quirks: list[QuirkSettings] = Field(default=[])
