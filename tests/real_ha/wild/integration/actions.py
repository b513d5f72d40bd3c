"""The actions of the integrations: checked as theirs are, aimed at a device or an entry, some with a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry

from .engine import Home

FIELDS = {"text": cv.string, "integer": vol.Coerce(int), "number": vol.Coerce(float), "any": object}


def register_actions(hass: HomeAssistant, homes: Mapping[str, Home], description: Mapping[str, Any]) -> None:
    """Register every action once; which home it is for, the call says."""
    offered: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for name, spec in description.items():
        for integration in spec["integrations"]:
            for action, what in integration.get("actions", {}).items():
                offered.setdefault((integration["domain"], action), {})[name] = what
    for (domain, action), by_home in offered.items():
        _register(hass, homes, domain, action, by_home)


def _register(
    hass: HomeAssistant, homes: Mapping[str, Home], domain: str, action: str, by_home: Mapping[str, Mapping[str, Any]]
) -> None:
    first = next(iter(by_home.values()))

    async def handle(call: ServiceCall) -> Any:  # noqa: ANN401 - a response or none
        home = homes[_home_of(hass, domain, call, by_home)]
        what, given = by_home[home.name], dict.fromkeys(first.get("fields", {})) | dict(call.data)
        refusal = home.render(what.get("refuses"), **given)
        if refusal:
            raise ServiceValidationError(str(refusal))
        home.write(what.get("sets", {}), **given)
        return home.render(what["returns"], **given) if call.return_response else None

    response = SupportsResponse.NONE
    if "returns" in first:
        response = SupportsResponse.OPTIONAL if "sets" in first else SupportsResponse.ONLY
    schema = {
        (vol.Required if name in first.get("required", []) else vol.Optional)(name): FIELDS[kind]
        for name, kind in first.get("fields", {}).items()
    }
    hass.services.async_register(domain, action, handle, schema=vol.Schema(schema), supports_response=response)


def _home_of(hass: HomeAssistant, domain: str, call: ServiceCall, by_home: Mapping[str, Any]) -> str:
    """Return whose device or entry a call names; the first home's where it names none."""
    entry_id = call.data.get("config_entry")
    if "device_id" in call.data:
        device = device_registry.async_get(hass).async_get(call.data["device_id"])
        if device is None or not any(identifier[0] == domain for identifier in device.identifiers):
            raise ServiceValidationError(f"Device {call.data['device_id']} is none of {domain}")
        entry_id = next(iter(device.config_entries))
    if entry_id is None:
        return next(iter(by_home))
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None or entry.domain != domain:
        raise ServiceValidationError(f"Config entry {entry_id} is none of {domain}")
    return str(entry.data["home"])
