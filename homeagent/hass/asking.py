"""One look at a whole Home Assistant over the websocket, for the check at the agent's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from homeagent.domain.site import Place
from homeagent.domain.wiring import DeviceSpec, SetEntity, Wiring
from homeagent.hass.connection import Connection
from homeagent.hass.entities import EntityState
from homeagent.hass.errors import ActionFailedError
from homeagent.hass.inspection import HomeAssistantFacts
from homeagent.hass.steps import domain_of

UNAUTHORIZED = "unauthorized"
LONG_AGO = "1970-01-01T00:00:00+00:00"
QUESTION = "homeagent asks whether it may"
IMPOSSIBLE: Mapping[str, tuple[str, dict[str, object]]] = {
    "climate": ("set_temperature", {"temperature": 1e6}),
    "input_number": ("set_value", {"value": 1e15}),
    "input_select": ("select_option", {"option": QUESTION}),
    "number": ("set_value", {"value": 1e15}),
    "select": ("select_option", {"option": QUESTION}),
}
"""What no entity of its kind takes, though its form is right: that is looked at before the rights are."""


def state_of(told: Mapping[str, Any]) -> EntityState:
    """Return an entity as `get_states` and the REST interface write it."""
    written = told.get("last_updated")
    return EntityState(
        entity_id=told["entity_id"],
        state=told["state"],
        attributes=told.get("attributes", {}),
        updated_at=written if isinstance(written, datetime) else datetime.fromisoformat(written or LONG_AGO),
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
        place=_place(config),
        states={told["entity_id"]: state_of(told) for told in states},
        actions=frozenset(f"{domain}.{name}" for domain, names in services.items() for name in names),
    )


def _place(config: Mapping[str, Any]) -> Place | None:
    """Return where Home Assistant says that the home is, None where it was never told."""
    latitude, longitude = config.get("latitude"), config.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float) or not (latitude or longitude):
        return None
    return Place(latitude_deg=float(latitude), longitude_deg=float(longitude), country=config.get("country") or None)


async def may_control(connection: Connection, wiring: Wiring) -> bool:
    """Return whether the token's user may command the devices: asked with a value that no entity takes.

    Home Assistant looks at rights first and at values second, so the refusal tells, and nothing is written.
    """
    user = await connection.command("auth/current_user")
    if user["is_admin"]:
        return True
    call = _impossible_call(wiring.devices)
    if call is None:
        return True  # its first command will tell
    try:
        await connection.command("call_service", **call)
    except ActionFailedError as error:
        return UNAUTHORIZED not in {error.code, error.reason.lower()}  # the code alone does not tell in every release
    return True


def _impossible_call(devices: Sequence[DeviceSpec]) -> dict[str, Any] | None:
    """Return one call that nothing can come of; Home Assistant notes it in its log, so one must do."""
    steps = [step for device in devices for steps in device.verbs.values() for step in steps]
    for entity in sorted(step.entity for step in steps if isinstance(step, SetEntity)):
        domain = domain_of(entity)
        if domain in IMPOSSIBLE:
            service, data = IMPOSSIBLE[domain]
            return {"domain": domain, "service": service, "target": {"entity_id": entity}, "service_data": data}
    return None
