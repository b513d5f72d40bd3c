"""A real Home Assistant with the homes of descriptions: integrations, entities and manners as they are outside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from real_ha.lab import Lab, write_storage
from real_ha.process import wait_for
from real_ha.wild.descriptions import Description, preferences

SOURCE = Path(__file__).parent / "integration"
HOST = "wild_home"
PLACE = {
    "name": "Wild",
    "latitude": 52.5,
    "longitude": 13.4,
    "unit_system": "metric",
    "currency": "EUR",
    "country": "DE",
    "time_zone": "Europe/Berlin",
}


class WildLab(Lab):
    """Home Assistant with `homes` inside. What they say in seconds passes `time_factor` times as fast."""

    def __init__(self, folder: Path, homes: Mapping[str, Description], time_factor: float = 1.0) -> None:
        self.homes = homes
        super().__init__(folder)
        specs = {name: home.spec for name, home in homes.items()}
        described = {"time_factor": time_factor, "homes": specs}
        (folder / "wild_home.json").write_text(json.dumps(described, default=str))
        components = folder / "custom_components"
        shutil.copytree(SOURCE, components / HOST, ignore=shutil.ignore_patterns("__pycache__"))
        _write_manifest(components / HOST, HOST, [])
        entries = []
        for name, spec in specs.items():
            for number, integration in enumerate(spec["integrations"]):
                platforms = sorted({entity["id"].partition(".")[0] for entity in integration["entities"]})
                _stand_in(components, integration["domain"], platforms, forecasts="solar_forecast" in integration)
                entries.append(_entry(name, number, integration, platforms))
        write_storage(folder / ".storage", "core.config_entries", 1, {"entries": entries}, minor_version=5)

    def configuration(self, stub: Path) -> dict[str, Any]:
        first = next(iter(self.homes.values()))
        merged: dict[str, Any] = {
            "homeassistant": {**PLACE, **first.home},
            "http": {"server_host": "127.0.0.1", "server_port": self.port},
            "frontend": {"development_repo": str(stub)},
            **dict.fromkeys(("api", "websocket_api", "history", "sun", "energy", HOST)),
            "recorder": {"commit_interval": 1},
            "logger": {"default": "warning"},
        }
        for home in self.homes.values():
            for key, value in home.home_assistant.items():
                there = merged.get(key)
                if isinstance(there, list):
                    merged[key] = [*there, *value]
                else:
                    merged[key] = {**(there or {}), **value} if isinstance(value, dict) else value
        return merged

    def fresh(self) -> None:
        """Bring every home back to where its description has it."""
        self.call(f"{HOST}.reset")
        self.call("persistent_notification.dismiss_all")

    def set(
        self, home: str, deaf: Sequence[str] = (), registers: Mapping[str, object] | None = None, **more: object
    ) -> None:
        """Set registers of a home, and make some deaf to all that comes after."""
        self.call(f"{HOST}.set", home=home, registers={**(registers or {}), **more}, deaf=[*deaf])

    def truth(self, home: str) -> dict[str, Any]:
        """Return what really is: registers and powers [kW], whatever the entities show."""
        answer = self.post(f"/api/services/{HOST}/look?return_response", {"home": home})
        return dict(answer["service_response"])

    def means(self, home: str, what: Any) -> Any:  # noqa: ANN401 - what a description holds
        """Return what a description's value means now."""
        answer = self.post(f"/api/services/{HOST}/render?return_response", {"home": home, "what": what})
        return answer["service_response"]["value"]

    def live_through_past(self) -> None:
        """Give the recorder the days before now of every home that has a past, and wait until it has them."""
        for name, home in self.homes.items():
            if home.days:
                self.call(f"{HOST}.past", home=name, days=home.days)
        if not any(home.days for home in self.homes.values()):
            return
        ids = [entity for home in self.homes.values() if home.days for entity in home.statistics()]
        ago = (datetime.now(UTC) - timedelta(hours=3)).isoformat()

        def known() -> bool:
            rows = self.ask("recorder/statistics_during_period", start_time=ago, statistic_ids=ids, period="hour")
            return set(rows) >= set(ids)

        wait_for(known, 30)

    def device_id(self, name: str) -> str:
        """Return the number that Home Assistant has given a device."""
        found = [device["id"] for device in self.ask("config/device_registry/list") if device["name"] == name]
        assert len(found) == 1, f"{name}: {found}"
        return str(found[0])

    def move_in(self) -> None:
        """Bring in what is not in any file: the past, the energy dashboard, states that programs put there."""
        self.live_through_past()
        for home in self.homes.values():
            if home.energy is not None:
                self.ask("energy/save_prefs", **preferences(home.energy))
            for entity, state in home.states.items():
                self.post(f"/api/states/{entity}", state)


def _write_manifest(folder: Path, domain: str, dependencies: list[str]) -> None:
    manifest = {
        "domain": domain,
        "name": domain.replace("_", " ").title(),
        "version": "1.0.0",
        "dependencies": dependencies,
        "config_flow": bool(dependencies),
        "iot_class": "local_polling",
        "integration_type": "hub",
        "documentation": "https://example.org",
        "codeowners": [],
        "requirements": [],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def _stand_in(components: Path, domain: str, platforms: list[str], *, forecasts: bool) -> None:
    """Write an integration whose every module is the host's; it takes the place of the real one of that name."""
    folder, host = components / domain, f"custom_components.{HOST}"
    if not folder.exists():
        folder.mkdir()
        _write_manifest(folder, domain, [HOST])
        (folder / "__init__.py").write_text(
            f"from {host} import async_setup_entry\n\n\nasync def async_setup(hass, config):\n    return True\n"
        )
        (folder / "config_flow.py").write_text(
            "from homeassistant.config_entries import ConfigFlow\n\n\n"
            f"class Flow(ConfigFlow, domain={domain!r}):\n    VERSION = 1\n"
        )
    for platform in platforms:
        (folder / f"{platform}.py").write_text(
            f"from {host}.entities import add_entities\n\n\n"
            f"async def async_setup_entry(hass, entry, add):\n    await add_entities(hass, entry, {platform!r}, add)\n"
        )
    if forecasts:
        (folder / "energy.py").write_text(f"from {host}.energy import async_get_solar_forecast\n")


def _entry(home: str, number: int, integration: Mapping[str, Any], platforms: list[str]) -> dict[str, Any]:
    return {
        "created_at": "2025-01-01T00:00:00+00:00",
        "modified_at": "2025-01-01T00:00:00+00:00",
        "data": {"home": home, "number": number, "platforms": platforms},
        "disabled_by": None,
        "discovery_keys": {},
        "domain": integration["domain"],
        "entry_id": integration.get("entry", f"{home}_{number}"),
        "minor_version": 1,
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "user",
        "subentries": [],
        "title": integration.get("title", integration["domain"]),
        "unique_id": f"{home}_{number}",
        "version": 1,
    }
