"""Whether anybody is at home, from the entities that tell it."""

from __future__ import annotations

from collections.abc import Iterable

from homeagent.hass.entities import EntityState
from homeagent.hass.units import number

DOMAINS = ("person", "device_tracker", "zone", "binary_sensor", "input_boolean", "group")


def somebody_home(states: Iterable[EntityState | None]) -> bool | None:
    """Return whether anybody is at home: one that says so is enough; nobody is only if all are known to be away."""
    told = [_at_home(state) for state in states]
    return True if True in told else None if None in told or not told else False


def _at_home(state: EntityState | None) -> bool | None:
    """Return what one entity says: a person or tracker by its place, a zone by its count, a switch by being on."""
    if state is None or not state.present:
        return None
    if state.entity_id.startswith("zone."):
        count = number(state.state)
        return None if count is None else count > 0
    return state.state in {"home", "on"}
