"""What Home Assistant's entities say of a device, in the agent's units: a value, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from homeagent.domain.wiring import MeterSource
from homeagent.hass import units
from homeagent.hass.entities import EntityState

_Value = TypeVar("_Value")

UNPLUGGED = frozenset(
    {
        *("off", "false", "no", "disconnected", "not connected", "not plugged", "unplugged", "no vehicle", "no car"),
        *("available", "idle", "a", "state a", "car disconnected", "charger ready no vehicle", "free", "standby"),
    }
)
"""States of chargers without a car: easee, go-e, wallbox, OCPP, tesla, zaptec, and the letters of IEC 61851."""
PLUGGED = frozenset(
    {
        *("on", "true", "yes", "connected", "plugged", "plugged in", "charging", "paused", "stopped", "complete"),
        *("completed", "finished", "finishing", "preparing", "suspendedev", "suspendedevse", "suspended ev"),
        *("suspended evse", "waiting", "wait car", "waitcar", "waiting for vehicle", "waiting for car", "starting"),
        *("waiting for car demand", "scheduled", "discharging", "awaiting start", "ready to charge", "no power"),
        *("awaiting authorization", "nopower", "connected requesting", "connected charging", "connected finished"),
        *("vehicle charging", "charging finished vehicle still connected", "locked car connected", "b", "c", "d"),
        *("state b", "state c", "state d", "b1", "b2", "c1", "c2", "delayed", "occupied"),
    }
)
RUNNING = frozenset(
    {"on", "running", "run", "in use", "inuse", "heating", "cooling", "preheating", "washing", "charging", "true"}
)
STANDING = frozenset(
    {
        *("off", "idle", "standby", "ready", "finished", "end", "stop", "stopped", "paused", "not running", "false"),
        *("inactive", "fan", "drying", "complete", "completed", "aborted", "delayed start", "delayedstart"),
    }
)
ROOM_C, WATER_C, OUTDOOR_C = (-15.0, 45.0), (0.0, 100.0), (-60.0, 55.0)
"""Between which a room, hot water and the air outside can be [degC]."""


@dataclass(frozen=True, slots=True)
class Told(Generic[_Value]):
    """A value, or None and why."""

    value: _Value | None
    problem: str | None = None


def power_kw(state: EntityState | None, entity: str) -> Told[float]:
    """Return a power [kW]."""
    return _number(state, entity, units.power_kw)


def summed_kw(sources: Sequence[MeterSource], state: Callable[[str], EntityState | None]) -> float | None:
    """Return a power as the signed sum of entities [kW], None where one of them is not known."""
    shown = [(power_kw(state(one.entity), one.entity).value, one.sign) for one in sources]
    known = [kw * sign for kw, sign in shown if kw is not None]
    return sum(known) if len(known) == len(shown) else None


def asked_kwh(state: EntityState | None, entity: str) -> Told[float]:
    """Return an energy that is asked for [kWh]."""
    told = _number(state, entity, units.energy_kwh)
    if told.value is not None and told.value < 0:
        return Told(None, f"{entity} asks for {told.value:g} kWh")
    return told


def stored_kwh(state: EntityState | None, entity: str, capacity_kwh: float) -> Told[float]:
    """Return a state of charge [kWh]."""
    told = _number(state, entity, lambda value, unit: units.stored_kwh(value, unit, capacity_kwh))
    if told.value is not None and not -0.02 <= told.value / capacity_kwh <= 1.1:  # noqa: PLR2004 - a worn battery's gauge
        return Told(None, f"{entity} shows more or less than a battery of {capacity_kwh:g} kWh can hold")
    return told if told.value is None else Told(min(max(told.value, 0.0), capacity_kwh))


def temperature_c(state: EntityState | None, entity: str, between_c: tuple[float, float]) -> Told[float]:
    """Return what a thermometer shows [degC]; what cannot be is not believed, and no unit is ever guessed."""
    return _possible(_number(state, entity, units.celsius), entity, between_c)


def thermostat_c(
    state: EntityState | None, entity: str, attribute: str, unit: str, between_c: tuple[float, float]
) -> Told[float]:
    """Return a temperature that a thermostat or water heater shows [degC]; its unit is Home Assistant's own."""
    if problem := _absent(state, entity):
        return Told(None, problem)
    shown = None if state is None else state.attributes.get(attribute)
    value = None if shown is None else units.number(str(shown))
    if value is None:
        return Told(None, f"{entity} shows no {attribute.replace('_', ' ')}")
    return _possible(Told(units.celsius(value, unit)), entity, between_c)


def plugged(state: EntityState | None, entity: str) -> Told[bool]:
    """Return whether a car is plugged in, from a binary sensor or a charger's status."""
    return _one_of(state, entity, PLUGGED, UNPLUGGED, "a car is plugged in")


def running(state: EntityState | None, entity: str, on_above_kw: float) -> Told[bool]:
    """Return whether a device runs: from its power, its heating action, or a state."""
    if state is not None and state.present and "unit_of_measurement" in state.attributes:
        told = power_kw(state, entity)
        return Told(None, told.problem) if told.value is None else Told(told.value > on_above_kw)
    action = None if state is None else state.attributes.get("hvac_action")
    if state is not None and state.present and action is not None:
        return Told(str(action) in RUNNING)
    return _one_of(state, entity, RUNNING, STANDING, "it runs")


def moment(state: EntityState | None, entity: str, now: datetime, zone: ZoneInfo) -> Told[datetime]:
    """Return a time that is set or told; a time of day alone is its next one."""
    if problem := _absent(state, entity):
        return Told(None, problem)
    text = "" if state is None else state.state
    if re.fullmatch(r"\d\d:\d\d(:\d\d)?", text):
        local = now.astimezone(zone)
        hour, minute = (int(part) for part in text.split(":")[:2])
        at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return Told((at if at > local else at + timedelta(days=1)).astimezone(UTC))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return Told(None, f"{entity} shows {text!r}, which is no time")
    return Told((at if at.tzinfo is not None else at.replace(tzinfo=zone)).astimezone(UTC))


def _number(state: EntityState | None, entity: str, convert: Callable[[float, object], float]) -> Told[float]:
    if problem := _absent(state, entity):
        return Told(None, problem)
    value = None if state is None else units.number(state.state)
    if state is None or value is None:
        return Told(None, f"{entity} shows no number")
    try:
        return Told(convert(value, state.attributes.get("unit_of_measurement")))
    except units.UnitError as error:
        return Told(None, f"{entity}: {error}")


def _possible(told: Told[float], entity: str, between_c: tuple[float, float]) -> Told[float]:
    low_c, high_c = between_c
    if told.value is None or low_c <= told.value <= high_c:
        return told
    meant_c = (told.value - 32) / 1.8
    hint = "; does it give degF under the unit of degC?" if low_c <= meant_c <= high_c else ""
    return Told(None, f"{entity} shows {told.value:g} degC, which cannot be{hint}")


def _one_of(
    state: EntityState | None, entity: str, true: frozenset[str], false: frozenset[str], what: str
) -> Told[bool]:
    if problem := _absent(state, entity):
        return Told(None, problem)
    word = "" if state is None else re.sub(r"[\s_,;.-]+", " ", state.state).strip().lower()
    if word in true or word in false:
        return Told(word in true)
    return Told(None, f"{entity} shows {word!r}, which does not say whether {what}")


def _absent(state: EntityState | None, entity: str) -> str | None:
    if state is None:
        return f"{entity} is not there"
    return None if state.present else f"{entity} is {state.state}"
