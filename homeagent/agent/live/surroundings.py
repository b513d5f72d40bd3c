"""What surrounds the home: who is there, and how warm it is outside, as means of the minute that has passed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from homeagent.domain.readings import Reading
from homeagent.domain.wiring import Wiring
from homeagent.hass.device_reading import OUTDOOR_C, Told, temperature_c, thermostat_c
from homeagent.hass.entities import EntityState
from homeagent.hass.presence import somebody_home

StateOf = Callable[[str], EntityState | None]


def presence(wiring: Wiring, state: StateOf, now: datetime, over: timedelta) -> list[Reading]:
    """Return whether nobody is at home; nothing while it is not known."""
    present = somebody_home(map(state, wiring.presence))
    return [] if present is None else [Reading(entity="nobody_home", at=now, value=float(not present), over=over)]


def outdoor(wiring: Wiring, state: StateOf, unit: str, now: datetime, over: timedelta) -> list[Reading]:
    """Return how warm it is, by the thermometer outside or else by the weather service; `unit` is Home Assistant's."""
    told = _outdoor_c(wiring, state, unit)
    if told is None:
        return []
    if told.value is None:
        return [Reading(entity="temp_c", at=now, value=None, reason=told.problem)]
    return [Reading(entity="temp_c", at=now, value=told.value, over=over)]


def _outdoor_c(wiring: Wiring, state: StateOf, unit: str) -> Told[float] | None:
    entity, weather = wiring.outdoor, wiring.forecasts.weather
    if entity is not None:
        return temperature_c(state(entity), entity, OUTDOOR_C)
    if weather is None:
        return None
    shown = state(weather)
    own = unit if shown is None else str(shown.attributes.get("temperature_unit", unit))
    return thermostat_c(shown, weather, "temperature", own, OUTDOOR_C)
