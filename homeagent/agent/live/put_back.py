"""What a device's entities showed before a test, and how they are given it back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from homeagent.domain.errors import TransientError
from homeagent.domain.wiring import CallAction, DeviceSpec, Pause, Press, SetEntity, Value
from homeagent.hass.entities import EntityState
from homeagent.hass.steps import SETTABLE, StepRunner, WriteLog, domain_of, shows
from homeagent.hass.units import number

NUMBERS = frozenset({"number", "input_number"})
THERMOSTATS = frozenset({"climate", "water_heater"})
VALUES = NUMBERS | {"text", "input_text", "time", "input_datetime"}
"""Given back after modes and switches, since a mode may reset them or bring them into being."""
LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """Entities with the values that they showed, in the order in which they are given back."""

    values: tuple[tuple[str, Value], ...]

    @classmethod
    def of(cls, device: DeviceSpec, states: Mapping[str, EntityState]) -> Before:
        """Return what a device's entities show now; what is unavailable has no value to be given back."""
        known = [states[entity] for entity in _written(device) if entity in states and states[entity].present]
        values = [(state.entity_id, value) for state in known for value in _values(state)]
        return cls(values=tuple(sorted(values, key=lambda entry: domain_of(entry[0]) in VALUES)))

    async def put_back(
        self,
        runner: StepRunner,
        states: Mapping[str, EntityState],
        log: WriteLog,
        patience_s: float,
        but: AbstractSet[str],
    ) -> tuple[str, ...]:
        """Give every entity its value back, except `but`; return what does not show it then, in words."""
        mine = [(entity, value) for entity, value in self.values if entity not in but]
        refused: dict[str, str] = {}
        for entity, value in mine:
            step = SetEntity(entity=entity, value=value)
            try:
                await runner.run((step,), {}, patience_s=patience_s, skip_shown=True, log=log)
            except TransientError as error:
                refused[entity] = f" ({error})"
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            missing = [(e, value) for e, value in mine if not shows(states.get(e), value)]
            if not missing or asyncio.get_running_loop().time() >= deadline:
                return tuple(f"{entity}: it was {value}{refused.get(entity, '')}" for entity, value in missing)
            await asyncio.sleep(LOOK_EVERY_S)


def _written(device: DeviceSpec) -> list[str]:
    """Return the entities that are given values, in the order of the steps."""
    found: dict[str, None] = {}
    for step in (step for steps in device.verbs.values() for step in steps):
        match step:
            case SetEntity(entity=entity):
                found[entity] = None
            case CallAction(target={"entity_id": str(entity)}) if domain_of(entity) in SETTABLE:
                found[entity] = None
            case CallAction() | Press() | Pause():
                pass
    return list(found)


def _values(state: EntityState) -> Iterator[Value]:
    domain = domain_of(state.entity_id)
    if domain in NUMBERS:
        shown = number(state.state)
        if shown is not None:
            yield shown
        return
    yield state.state
    target = state.attributes.get("temperature") if domain in THERMOSTATS else None
    if isinstance(target, int | float):
        yield float(target)
