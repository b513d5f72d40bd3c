"""A device's commands as Home Assistant's actions: checked against what the entity takes now, rendered, called."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, assert_never

from homeagent.domain.wiring import CallAction, Pause, Press, SetEntity, Step, Value
from homeagent.hass.connection import COMMAND_TIMEOUT_S
from homeagent.hass.entities import EntityState
from homeagent.hass.errors import StepRefusedError
from homeagent.hass.link import Link
from homeagent.hass.units import number

READY_POLL_S = 0.25
SAME_NUMBER = 1e-6
ON_OFF = frozenset({"switch", "input_boolean", "light", "fan"})
PRESSED = frozenset({"button", "input_button"})
SETTABLE = ON_OFF | {
    "select",
    "input_select",
    "number",
    "input_number",
    "time",
    "input_datetime",
    "climate",
    "water_heater",
    "text",
    "input_text",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One action call, ready to be sent."""

    domain: str
    service: str
    target: Mapping[str, object] = field(default_factory=dict)
    data: Mapping[str, object] = field(default_factory=dict)


class WriteLog(Protocol):
    """Who is told what is being written, while it is."""

    def asked(self, entity: str, value: Value) -> None:
        """Note that `entity` is about to be given `value`."""

    def called(self, context: str) -> None:
        """Note the context of a call that was made."""


def domain_of(entity: str) -> str:
    """Return the part before the dot."""
    return entity.partition(".")[0]


def call_to_set(entity: str, value: Value) -> Call:
    """Return the action that gives `entity` this value.

    Raises:
        StepRefusedError: entities of its kind cannot be set so.
    """
    domain, target = domain_of(entity), {"entity_id": entity}
    if domain in ON_OFF:
        return Call(domain=domain, service="turn_on" if is_on(value) else "turn_off", target=target)
    if domain in {"select", "input_select"}:
        return Call(domain=domain, service="select_option", target=target, data={"option": str(value)})
    if domain in {"number", "input_number", "text", "input_text"}:
        return Call(domain=domain, service="set_value", target=target, data={"value": value})
    if domain == "time":
        return Call(domain=domain, service="set_value", target=target, data={"time": str(value)})
    if domain == "input_datetime":
        return Call(domain=domain, service="set_datetime", target=target, data={"time": str(value)})
    if domain in {"climate", "water_heater"}:
        if _as_number(value) is not None:
            return Call(domain=domain, service="set_temperature", target=target, data={"temperature": value})
        service, name = ("set_hvac_mode", "hvac_mode") if domain == "climate" else ("set_operation_mode",) * 2
        name = "operation_mode" if domain == "water_heater" else name
        return Call(domain=domain, service=service, target=target, data={name: str(value)})
    raise StepRefusedError(f"{entity} cannot be set; use an action step for it")


def is_on(value: Value) -> bool:
    """Return whether a value means on."""
    return value is True or str(value).lower() in {"on", "true", "1", "1.0"}


def shows(state: EntityState | None, value: Value) -> bool:
    """Return whether an entity shows `value` already."""
    if state is None or not state.present:
        return False
    domain = domain_of(state.entity_id)
    if domain in ON_OFF:
        return (state.state == "on") == is_on(value)
    wanted = _as_number(value)
    shown = state.attributes.get("temperature") if domain in {"climate", "water_heater"} else state.state
    if wanted is None:
        return state.state.removesuffix(":00") == str(value).removesuffix(":00")
    present = number(str(shown))
    return present is not None and abs(present - wanted) <= max(SAME_NUMBER, _step_of(state) / 2)


def refusal(state: EntityState | None, entity: str, value: Value | None) -> str | None:
    """Return why `entity` cannot take `value` as it stands, None if it can; None as value is a press."""
    if state is None:
        return f"{entity} does not exist"
    if state.state == "unavailable":
        return f"{entity} is unavailable"
    if value is None:
        return None
    domain, attributes = domain_of(entity), state.attributes
    if domain in {"select", "input_select"} and str(value) not in attributes.get("options", ()):
        return f"{entity} has no option {value!r}; it has {', '.join(map(str, attributes.get('options', ())))}"
    wanted = _as_number(value)
    names = ("min_temp", "max_temp") if domain in {"climate", "water_heater"} else ("min", "max")
    if domain in {"number", "input_number"} or (domain in {"climate", "water_heater"} and wanted is not None):
        low, high = (_as_number(attributes.get(name)) for name in names)
        if low is None or high is None:
            return f"{entity} shows no range at the moment"
        if wanted is None:
            return f"{entity} takes numbers, not {value!r}"
        if not low - SAME_NUMBER <= wanted <= high + SAME_NUMBER:
            return f"{entity} takes {low:g} to {high:g}, not {wanted:g}"
    return None


def _of_the_lease(value: Value) -> bool:
    """Return whether a value tells the device when to stop by itself: it shows what it was told, not what is left."""
    return isinstance(value, str) and "lease_" in value


def _as_number(value: object) -> float | None:
    return None if isinstance(value, bool) or value is None else number(str(value))


def _step_of(state: EntityState) -> float:
    """Return how finely a number is shown; thermostats name their step otherwise, and have none that matters."""
    return _as_number(state.attributes.get("step")) or 0.0


class StepRunner:
    """Runs the steps of a command over the link."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def run(
        self,
        steps: Sequence[Step],
        variables: Mapping[str, Value],
        *,
        patience_s: float,
        skip_shown: bool,
        log: WriteLog,
    ) -> None:
        """Do the steps in order; each waits up to `patience_s` for its entity to be able to take its value.

        `skip_shown` leaves out what the entities show already, up to the first step that writes: from there on all are
        written, since one write may undo another. A value that tells the lease is always written.

        Raises:
            StepRefusedError: an entity cannot take what it is to be given.
            ActionFailedError, LinkLostError, NoAnswerError: as `Connection.command`.
        """
        wrote = sets = 0
        for step in steps:
            match step:
                case Pause(seconds=seconds):
                    await asyncio.sleep(seconds if wrote else 0)
                    continue
                case SetEntity(entity=entity):
                    value = await self.rendered(step.value, variables)
                    log.asked(entity, value)
                    sets += 1
                    shown = shows(self._link.states.get(entity), value) and not _of_the_lease(step.value)
                    if skip_shown and not wrote and shown:
                        continue
                    await self._ready(entity, value, patience_s)
                    call = call_to_set(entity, value)
                case Press(entity=entity):
                    if skip_shown and not wrote and sets:  # it would only carry out once more what stands there
                        continue
                    await self._ready(entity, None, patience_s)
                    call = Call(domain=domain_of(entity), service="press", target={"entity_id": entity})
                case CallAction():
                    call = await self._action(step, variables)
                case _:
                    assert_never(step)
            wrote += 1
            log.called(await self._call(call, COMMAND_TIMEOUT_S + patience_s))

    async def rendered(self, value: object, variables: Mapping[str, Value]) -> Any:  # noqa: ANN401 - what the template gives
        """Return `value`, with templates in it replaced by what Home Assistant makes of them.

        Raises:
            StepRefusedError: a template does not work.
        """
        if isinstance(value, Mapping):
            return {name: await self.rendered(part, variables) for name, part in value.items()}
        if isinstance(value, list):
            return [await self.rendered(part, variables) for part in value]
        if not isinstance(value, str) or ("{{" not in value and "{%" not in value):
            return value
        event = await self._link.first_event(
            "render_template", template=value, variables=dict(variables), strict=True, report_errors=True
        )
        if "error" in event:
            raise StepRefusedError(f"the template {value!r} does not work: {event['error']}")
        return event["result"]

    async def _action(self, step: CallAction, variables: Mapping[str, Value]) -> Call:
        domain, _, service = step.action.partition(".")
        data = await self.rendered(step.data, variables)
        return Call(domain=domain, service=service, target=await self.rendered(step.target, variables), data=data)

    async def _call(self, call: Call, timeout_s: float) -> str:
        answer = await self._link.command(
            "call_service",
            timeout_s=timeout_s,
            domain=call.domain,
            service=call.service,
            target=call.target,
            service_data=call.data,
        )
        return str(answer["context"]["id"])

    async def _ready(self, entity: str, value: Value | None, patience_s: float) -> None:
        """Wait until the entity can take the value: ranges and entities come and go with a device's mode."""
        deadline = asyncio.get_running_loop().time() + patience_s
        while (why := refusal(self._link.states.get(entity), entity, value)) is not None:
            if asyncio.get_running_loop().time() >= deadline:
                raise StepRefusedError(why)
            await asyncio.sleep(READY_POLL_S)
