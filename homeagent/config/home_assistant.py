"""The keys that wire a home to Home Assistant: address, meters, and what each device is told through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

ENTITY = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")
ACTION = ENTITY
SETTABLE = (
    *("climate", "fan", "input_boolean", "input_datetime", "input_number", "input_select", "input_text"),
    *("light", "number", "select", "switch", "text", "time", "water_heater"),
)
UNMETERED = "unmetered"
STEPS_OR_PROFILE = "add profile: NAME (homeagent profiles lists them), or a list of steps for each"
HEARTBEATS = ("input_datetime", "input_button")


def wrong(message: str, remedy: str) -> PydanticCustomError:
    """Return an error that says what would be right."""
    return PydanticCustomError("homeagent", "{message}", {"message": message, "remedy": remedy})


def _entity(text: str) -> str:
    if not ENTITY.fullmatch(text):
        raise wrong("is no entity", "write it as Home Assistant shows it, e.g. sensor.grid_power")
    return text


def _pv_entity(text: str) -> str:
    return text if text == UNMETERED else _entity(text)


def _settable(text: str) -> str:
    if _entity(text).partition(".")[0] not in SETTABLE:
        raise wrong("cannot be set", f"settable are {', '.join(SETTABLE)}; for others write an action step")
    return text


def _button(text: str) -> str:
    if _entity(text).partition(".")[0] not in {"button", "input_button"}:
        raise wrong("is no button", "write e.g. button.battery_apply")
    return text


def _heartbeat(text: str) -> str:
    if _entity(text).partition(".")[0] not in HEARTBEATS:
        raise wrong("cannot be a heartbeat", f"make a helper of one of these: {', '.join(HEARTBEATS)}")
    return text


def action_name(text: str) -> str:
    """Return an action's name; an error says how one is written."""
    if not ACTION.fullmatch(text):
        raise wrong("is no action", "write it as in an automation, e.g. huawei_solar.forcible_charge")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise wrong("is no address", "write e.g. http://homeassistant.local:8123")
    return text.rstrip("/")


def _token(text: str) -> str:
    if not text.strip():
        raise wrong("is empty", "write !secret NAME, with a long-lived token in secrets.yaml beside this file")
    if any(not " " < letter <= "~" for letter in text.strip()):
        raise wrong("holds characters that no token has", "copy the token again, whole and on one line")
    return text.strip()


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").replace(" ", "")
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise wrong("is no SHA-256 fingerprint", "write 32 pairs of hexadecimal digits, as a browser shows them")
    return digits


PRESENT = ("person", "device_tracker", "zone", "binary_sensor", "input_boolean", "group")
"""Kinds of entities that can say who is at home."""


def _presence(entity: str) -> str:
    _entity(entity)
    if entity.split(".", maxsplit=1)[0] not in PRESENT:
        raise wrong("does not say who is at home", "name a person, device tracker, zone, or a switch that is on then")
    return entity


def _clock(text: str) -> str:
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text):
        raise wrong("is no time of day", 'write it as "06:30", in quotes')
    return text


EntityId = Annotated[str, AfterValidator(_entity)]
PresenceId = Annotated[str, AfterValidator(_presence)]
PvEntityId = Annotated[str, AfterValidator(_pv_entity)]
SettableId = Annotated[str, AfterValidator(_settable)]
ClockTime = Annotated[str, AfterValidator(_clock)]
Seconds = Annotated[float, Field(ge=0, le=3600)]
PositiveKw = Annotated[float, Field(gt=0, le=500)]


class Section(BaseModel):
    """Strict: unknown keys are refused, and nothing is turned into something else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class HomeAssistantSettings(Section):
    """Where Home Assistant is."""

    url: Annotated[str, AfterValidator(_url)]
    token: Annotated[str, AfterValidator(_token)]
    fingerprint: Annotated[str, AfterValidator(_fingerprint)] | None = None
    verify_tls: bool = True
    heartbeat: Annotated[str, AfterValidator(_heartbeat)] | None = None


class MeterSettings(Section):
    """One meter: an entity with a sign, or one for each direction."""

    entity: EntityId | None = None
    positive: Literal["import", "export", "charge", "discharge"] | None = None
    import_: EntityId | None = Field(default=None, alias="import")
    export: EntityId | None = None
    charge: EntityId | None = None
    discharge: EntityId | None = None


class MetersSettings(Section):
    """What measures the home. A list is added up: three phases, several roofs or inverters."""

    grid: Annotated[list[MeterSettings], Field(min_length=1)] | None = None
    pv: list[PvEntityId] = []
    battery: Annotated[list[MeterSettings], Field(min_length=1)] | None = None
    load: Annotated[list[EntityId], Field(min_length=1)] | None = None
    soc: EntityId | None = None
    phases: Annotated[list[EntityId], Field(min_length=3, max_length=3)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, values: object) -> object:
        """A bare entity stands for a meter with the usual sign; one of anything for a list of one."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        for name in ("grid", "battery"):
            if isinstance(values.get(name), str | dict):
                values[name] = [values[name]]
            if isinstance(values.get(name), list):
                values[name] = [{"entity": part} if isinstance(part, str) else part for part in values[name]]
        for name in ("pv", "load"):
            if isinstance(values.get(name), str):
                values[name] = [values[name]]
        return values

    @model_validator(mode="after")
    def _complete(self) -> MetersSettings:
        missing = [name for name in ("grid", "battery", "load") if getattr(self, name) is None]
        if UNMETERED in self.pv:
            missing.append("pv")
            if len(self.pv) > 1:
                raise wrong(
                    "has PV with and without a meter", "write pv: unmetered: then the surplus counts, of all roofs"
                )
        if self.soc is None and self.battery is None:
            missing.remove("battery")  # a home without one
        if "battery" in missing and len(missing) > 1:
            raise wrong("has no battery", "add its power, + when discharging, e.g. battery: sensor.battery_power")
        if "grid" in missing and len(missing) > 1:
            raise wrong("has no grid", "add the connection's meter, + when importing, e.g. grid: sensor.grid_power")
        for meter in self.grid or ():
            directions(meter, "import", "export")
        for meter in self.battery or ():
            directions(meter, "discharge", "charge")
        return self


def directions(meter: MeterSettings, positive: str, negative: str) -> None:
    """See that a meter is given in one way, in words of its own."""
    pair = {name: getattr(meter, "import_" if name == "import" else name) for name in (positive, negative)}
    others = {"import", "export", "charge", "discharge"} - {positive, negative}
    strange = [name for name in others if getattr(meter, "import_" if name == "import" else name) is not None]
    if strange or meter.positive in others:
        raise wrong(
            f"speaks of {strange[0] if strange else meter.positive}", f"this meter has {positive} and {negative}"
        )
    both = all(pair.values())
    if (meter.entity is None and not both) or (meter.entity is not None and any(pair.values())):
        raise wrong(
            "needs either entity, or one for each direction",
            f"write entity: sensor.x, or {positive}: sensor.x and {negative}: sensor.y",
        )


class StepForm(Section):
    """What every step of a command has: exactly one of set, press, action and pause_seconds."""

    set: str | None = None
    to: str | float | bool | list[str] | None = None
    press: str | None = None
    action: Annotated[str, AfterValidator(action_name)] | None = None
    target: dict[str, Any] = {}
    data: dict[str, Any] = {}
    pause_seconds: Annotated[float, Field(gt=0, le=120)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _numbers(cls, values: object) -> object:
        """YAML has whole numbers where a number is asked, and `on` and `off` are true and false to it."""
        if isinstance(values, dict):
            return {name: float(v) if type(v) is int and name == "to" else v for name, v in values.items()}
        return values

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [name for name in ("set", "press", "action", "pause_seconds") if getattr(self, name) is not None]
        if len(given) != 1:
            raise wrong("needs exactly one of set, press, action and pause_seconds", "split it into steps")
        if (self.set is None) != (self.to is None):
            raise wrong("needs set and to together", "write {set: select.battery_mode, to: charge}")
        if self.action is None and (self.target or self.data):
            raise wrong("has target or data without an action", "write action: domain.name beside them")
        return self


class StepSettings(StepForm):
    """One step of a command, with the home's own entities."""

    set: SettableId | None = None
    to: str | float | bool | None = None
    press: Annotated[str, AfterValidator(_button)] | None = None


class ProofSettings(Section):
    """What shows that a command had its effect."""

    within_seconds: Seconds = 60.0
    tolerance_kw: PositiveKw = 0.3
    entity: EntityId | None = None
    on_above_kw: PositiveKw = 0.05


Steps = Annotated[list[StepSettings], Field(min_length=1, max_length=20)]


class SteeringSettings(Section):
    """What every device that is told something has."""

    proof: ProofSettings = ProofSettings()
    answer_seconds: Seconds = 5.0
    yield_hours: Annotated[float, Field(gt=0, le=168)] | Literal["until_resumed"] = 4.0
    writes_per_day: Annotated[int, Field(ge=1, le=100_000)] = 200


class BatterySteeringSettings(SteeringSettings):
    """What the battery is told through: one list of steps for each thing it can do."""

    self_consumption: Steps | None = None
    charge: Steps | None = None
    discharge: Steps | None = None
    hold: Steps | None = None
    reserve: Steps | None = None


class SwitchSteeringSettings(SteeringSettings):
    """What an appliance is switched through."""

    on: Steps | None = None
    off: Steps | None = None


ProfileName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class ToldSettings(Section):
    """Something that is told through a profile and its entities, through steps of its own, or both."""

    profile: ProfileName | None = None
    entities: dict[str, Annotated[str, Field(min_length=1)]] = {}

    @model_validator(mode="after")
    def _entities_of_a_profile(self) -> Self:
        if self.entities and self.profile is None:
            raise wrong("has entities, but no profile", "add profile: NAME; homeagent profiles lists them")
        return self


def lacking(steering: Section | None, verbs: Sequence[str]) -> list[str]:
    """Return the verbs that have no steps."""
    return [verb for verb in verbs if getattr(steering, verb, None) is None]


class WebSettings(Section):
    """The page."""

    port: Annotated[int, Field(ge=1, le=65535)] = 8377


class StoreSettings(Section):
    """The agent's own history."""

    path: Annotated[str, Field(min_length=1)] = "homeagent.db"
