"""The solar forecast that the Energy dashboard asks an integration for."""

from __future__ import annotations

from typing import Any

from homeassistant.core import HomeAssistant


async def async_get_solar_forecast(hass: HomeAssistant, entry_id: str) -> dict[str, Any] | None:
    """Return the energy of each interval [Wh] by its start."""
    entry = hass.config_entries.async_get_entry(entry_id)
    if entry is None:
        return None
    wild = hass.data["wild_home"]
    integration = wild["description"][entry.data["home"]]["integrations"][entry.data["number"]]
    forecast = integration.get("solar_forecast")
    return None if forecast is None else {"wh_hours": wild["homes"][entry.data["home"]].render(forecast)}
