"""A stand-in for any number of integrations, copied into Home Assistant's custom_components as `wild_home`.

Each integration that a description names gets a folder of its own whose modules import from here, so that registry,
services and entities are of that domain. Nothing here shows up as an entity: the tests set the homes through services.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse, callback
from homeassistant.helpers.event import async_track_state_change_event, async_track_time_interval
from homeassistant.util import dt

from .actions import register_actions
from .engine import Home
from .past import import_past

DOMAIN = "wild_home"
TICK = timedelta(seconds=0.5)


async def async_setup(hass: HomeAssistant, _config: dict[str, Any]) -> bool:
    """Read the homes and let their time pass."""
    text = await hass.async_add_executor_job(Path(hass.config.path("wild_home.json")).read_text)
    description = json.loads(text)
    homes = {
        name: Home(name, spec, dt.now(), description["time_factor"]) for name, spec in description["homes"].items()
    }
    hass.data[DOMAIN] = {"homes": homes, "description": description["homes"]}
    for name, home in homes.items():
        _follow(hass, home, description["homes"][name].get("follows", {}))
    register_actions(hass, homes, description["homes"])
    _register_controls(hass, homes)

    def tick(_now: datetime) -> None:
        for home in homes.values():
            home.tick(dt.now())

    async_track_time_interval(hass, callback(tick), TICK, cancel_on_shutdown=True)
    return True


def _follow(hass: HomeAssistant, home: Home, follows: dict[str, str]) -> None:
    """Copy what helpers show into registers, as the automations of a YAML package do."""
    for register, entity in follows.items():

        def changed(event: Any, register: str = register) -> None:  # noqa: ANN401 - Home Assistant's event
            state = event.data["new_state"]
            if state is not None and state.state not in {"unknown", "unavailable"}:
                home.write({register: state.state})

        async_track_state_change_event(hass, [entity], callback(changed))


def _register_controls(hass: HomeAssistant, homes: dict[str, Home]) -> None:
    """Give the tests their hands on the weather: registers, and which of them are deaf."""

    def set_registers(call: ServiceCall) -> None:
        home = homes[call.data["home"]]
        home.registers.update(call.data.get("registers", {}))
        home.deaf |= set(call.data.get("deaf", []))
        home.tick(dt.now())

    def look(call: ServiceCall) -> dict[str, Any]:
        home = homes[call.data["home"]]
        return {**home.registers, **home.flows}

    def render(call: ServiceCall) -> dict[str, Any]:
        return {"value": homes[call.data["home"]].render(call.data["what"])}

    def reset(call: ServiceCall) -> None:
        for home in [homes[call.data["home"]]] if "home" in call.data else homes.values():
            home.reset()
            home.tell()

    async def past(call: ServiceCall) -> None:
        name = call.data["home"]
        await import_past(hass, homes[name], hass.data[DOMAIN]["description"][name], call.data["days"])

    hass.services.async_register(DOMAIN, "past", past)
    hass.services.async_register(DOMAIN, "look", callback(look), supports_response=SupportsResponse.ONLY)
    hass.services.async_register(DOMAIN, "render", callback(render), supports_response=SupportsResponse.ONLY)
    hass.services.async_register(DOMAIN, "set", callback(set_registers))
    hass.services.async_register(DOMAIN, "reset", callback(reset))


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Set up one integration of one home."""
    await hass.config_entries.async_forward_entry_setups(entry, entry.data["platforms"])
    return True
