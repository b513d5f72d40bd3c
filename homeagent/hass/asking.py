"""One look at a whole Home Assistant over the websocket, for the check at the agent's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from homeagent.domain.wiring import DeviceSpec, SetEntity, Wiring
from homeagent.hass.connection import Connection
from homeagent.hass.entities import EntityState
from homeagent.hass.errors import ActionFailedError
from homeagent.hass.inspection import HomeAssistantFacts
from homeagent.hass.steps import domain_of

UNAUTHORIZED = "unauthorized"


def state_of(told: Mapping[str, Any]) -> EntityState:
    """Return an entity as `get_states` and the REST interface write it."""
    return EntityState(
        entity_id=told["entity_id"],
        state=told["state"],
        attributes=told.get("attributes", {}),
        updated_at=datetime.fromtimestamp(0, UTC),
    )


async def ask(connection: Connection) -> HomeAssistantFacts:
    """Return what Home Assistant says of itself; raises as `Connection.command`."""
    config = await connection.command("get_config")
    states: Sequence[Mapping[str, Any]] = await connection.command("get_states")
    services: Mapping[str, Mapping[str, Any]] = await connection.command("get_services")
    return HomeAssistantFacts(
        version=str(config["version"]),
        timezone=str(config["time_zone"]),
        currency=str(config["currency"]),
        states={told["entity_id"]: state_of(told) for told in states},
        actions=frozenset(f"{domain}.{name}" for domain, names in services.items() for name in names),
    )


async def may_control(connection: Connection, wiring: Wiring) -> bool:
    """Return whether the token's user may command the devices: asked with a value that no entity takes.

    Home Assistant looks at rights first and at values second, so the refusal tells, and nothing is written.
    """
    user = await connection.command("auth/current_user")
    if user["is_admin"]:
        return True
    for call in _impossible_calls(wiring.devices):
        try:
            await connection.command("call_service", **call)
        except ActionFailedError as error:
            if error.code == UNAUTHORIZED:
                return False
    return True


def _impossible_calls(devices: Sequence[DeviceSpec]) -> list[dict[str, Any]]:
    entities = [
        step.entity
        for device in devices
        for steps in device.verbs.values()
        for step in steps
        if isinstance(step, SetEntity)
    ]
    calls = []
    for entity in sorted(set(entities)):
        domain = domain_of(entity)
        data: dict[str, object]
        if domain in {"select", "input_select"}:
            service, data = "select_option", {"option": "homeagent asks whether it may"}
        elif domain in {"number", "input_number"}:
            service, data = "set_value", {"value": 1e15}
        elif domain == "climate":
            service, data = "set_hvac_mode", {"hvac_mode": "homeagent asks whether it may"}
        else:
            continue
        calls.append({"domain": domain, "service": service, "target": {"entity_id": entity}, "service_data": data})
    return calls
