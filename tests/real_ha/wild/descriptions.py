"""Homes and devices as data: one file each in homes/ and devices/; how to write one is in docs/development.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
BASE = {"registers": {"load_kw": 0.8, "pv_kw": 0.0}, "integrations": []}

MEASURED = {
    "power_w": {"class": "power", "unit": "W", "state_class": "measurement"},
    "power_kw": {"class": "power", "unit": "kW", "state_class": "measurement"},
    "energy_kwh": {"class": "energy", "unit": "kWh", "state_class": "total_increasing"},
    "energy_wh": {"class": "energy", "unit": "Wh", "state_class": "total_increasing"},
    "soc": {"class": "battery", "unit": "%", "state_class": "measurement"},
}
"""What `as: NAME` at an entity stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A home: what it is made of, what Home Assistant knows of it, and what is true of it."""

    name: str
    about: str
    spec: Mapping[str, Any]
    """Registers, loads, battery, leases, integrations: what the stand-in works by."""
    home: Mapping[str, Any] = field(default_factory=dict)
    """Country, currency and so on, as Home Assistant's own configuration has them."""
    home_assistant: Mapping[str, Any] = field(default_factory=dict)
    """Further parts of configuration.yaml: helpers, a generic thermostat."""
    energy: Mapping[str, Any] | None = None
    """What the Energy dashboard was told, in the short form of `preferences`."""
    meters: Mapping[str, Any] = field(default_factory=dict)
    """Its meters as a configuration has them, by hand."""
    states: Mapping[str, Any] = field(default_factory=dict)
    """States of programs that put them there over HTTP: no registry knows them."""
    days: int = 0
    """So many days of history the recorder has."""
    truth: Mapping[str, Any] = field(default_factory=dict)
    """What is to be found out, written down by hand."""

    def statistics(self) -> list[str]:
        """Return the statistics that a past leaves."""
        entities = [entity for integration in self.spec["integrations"] for entity in integration["entities"]]
        kept = [e["id"] for e in entities if e["id"].startswith("sensor.") and e.get("state_class") and "shows" in e]
        return kept + [outside["id"] for outside in self.spec.get("external_statistics", [])]


def home_names() -> list[str]:
    """Return the homes that there are."""
    return sorted(path.stem for path in (FOLDER / "homes").glob("*.yaml"))


def device_names() -> list[str]:
    """Return the devices that there are."""
    return sorted(path.stem for path in (FOLDER / "devices").glob("*.yaml"))


def home(name: str) -> Description:
    """Return a home."""
    return _described(name, _read("homes", name))


def device(name: str) -> Description:
    """Return a device as a home of its own."""
    return _described(name, _read("devices", name))


def _read(folder: str, name: str) -> dict[str, Any]:
    text = (FOLDER / folder / f"{name}.yaml").read_text()
    own: dict[str, Any] = yaml.safe_load(text)
    whole: dict[str, Any] = dict(BASE) if folder == "homes" else {}
    for included in own.pop("include", []):
        whole = _merged(whole, _read("devices", included))
    return _merged(whole, own)


def _described(name: str, content: Mapping[str, Any]) -> Description:
    spec = _merged(BASE, content)
    without = set(spec.pop("without", []))
    for integration in spec["integrations"]:
        integration["entities"] = [
            MEASURED.get(entity.get("as", ""), {}) | entity
            for entity in integration["entities"]
            if entity["id"] not in without
        ]
    apart = {
        key: spec.pop(key)
        for key in ("home", "home_assistant", "energy", "days", "meters", "states", "truth")
        if key in spec
    }
    return Description(name=name, about=spec.pop("about"), spec=spec, **apart)


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Return both; what `over` has of a name wins, mappings and lists are joined, an integration by its title."""
    both = dict(under)
    for key, value in over.items():
        there = both.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            both[key] = _merged(there, value)
        elif isinstance(there, list) and isinstance(value, list):
            both[key] = _joined(there, value) if key == "integrations" else [*there, *value]
        else:
            both[key] = value
    return both


def _joined(under: list[dict[str, Any]], over: list[dict[str, Any]]) -> list[dict[str, Any]]:
    both = list(under)
    for integration in over:
        same = [
            n
            for n, one in enumerate(both)
            if (one["domain"], one["title"]) == (integration["domain"], integration["title"])
        ]
        if same:
            both[same[0]] = _merged(both[same[0]], integration)
        else:
            both.append(integration)
    return both


def preferences(energy: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Energy dashboard's preferences in the nested form that Home Assistant has until 2026.

    Meters map to their price: an entity, a number, or none.
    """
    sources: list[dict[str, Any]] = []
    if "import" in energy or "export" in energy:
        flows_from = [
            {"stat_energy_from": meter, "stat_cost": None, **_priced(price)}
            for meter, price in energy.get("import", {}).items()
        ]
        flows_to = [
            {"stat_energy_to": meter, "stat_compensation": None, **_priced(price)}
            for meter, price in energy.get("export", {}).items()
        ]
        sources.append({"type": "grid", "flow_from": flows_from, "flow_to": flows_to, "cost_adjustment_day": 0})
    sources += [
        {"type": "solar", "stat_energy_from": meter, "config_entry_solar_forecast": forecasts}
        for meter, forecasts in energy.get("solar", {}).items()
    ]
    sources += [
        {"type": "battery", "stat_energy_from": battery["from"], "stat_energy_to": battery["to"]}
        for battery in energy.get("battery", [])
    ]
    devices = [{"stat_consumption": meter, "name": name} for meter, name in energy.get("devices", {}).items()]
    return {"energy_sources": sources, "device_consumption": devices}


def _priced(price: str | float | None) -> dict[str, str | float | None]:
    return {
        "entity_energy_price": price if isinstance(price, str) else None,
        "number_energy_price": None if isinstance(price, str) else price,
    }
