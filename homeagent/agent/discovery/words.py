"""What names of entities say about what they measure. A hint only: what was measured decides."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Literal, TypeAlias

from homeagent.domain.discovery import FoundDevice, FoundEntity

Quantity: TypeAlias = Literal["grid", "pv", "battery", "load"]
QUANTITIES: tuple[Quantity, ...] = ("grid", "pv", "battery", "load")
Way: TypeAlias = Literal["in", "out"]
"""Into the home's bus (import, discharge), or out of it (export, charge)."""

GRID = {
    "grid",
    "mains",
    "utility",
    "netz",
    "dsmr",
    "p1",
    "smartmeter",
    "linky",
    "import",
    "imported",
    "export",
    "exported",
    "netzbezug",
}
GRID_PAIRS = (("smart", "meter"), ("energy", "meter"), ("power", "meter"), ("net", "power"), ("from", "grid"))
PV = {"pv", "solar", "photovoltaic", "photovoltaics", "panels", "roof", "mppt"}
BATTERY = {"battery", "batt", "bat", "batterie", "akku", "powerwall", "storage", "ess", "bms"}
LOAD = {"load", "house", "home", "household", "haus", "consumption", "hausverbrauch"}
IN = {
    "grid": {"import", "imported", "consumed", "consumption", "purchase", "purchased", "buy", "bezug", "from"},
    "battery": {"discharge", "discharging", "discharged", "output", "out", "from"},
}
OUT = {
    "grid": {
        "export",
        "exported",
        "returned",
        "return",
        "injection",
        "feedin",
        "feed",
        "sell",
        "sold",
        "einspeisung",
        "production",
        "produced",
        "to",
    },
    "battery": {"charge", "charging", "charged", "input", "in", "to"},
}
NEVER = {
    *("forecast", "predicted", "prediction", "estimate", "estimated", "target", "setpoint", "limit", "max", "maximum"),
    *("min", "minimum", "rated", "nominal", "peak", "reactive", "apparent", "cost", "price", "planned", "schedule"),
    *("optimized", "average", "capacity", "available", "requested", "command", "tomorrow", "today", "previous"),
}
"""Words of what is wished, foreseen or rated. Counters of today count as counters elsewhere, not as live powers."""
OTHERS = {
    *("car", "ev", "evse", "wallbox", "charger", "vehicle", "heat", "pump", "heater", "boiler", "washer", "dryer"),
    *("dishwasher", "oven", "fridge", "freezer", "phone", "tablet", "laptop", "lamp", "light", "plug", "socket", "tv"),
    *("server", "pool", "climate", "water", "kitchen", "bedroom", "office"),
}
"""Words of single devices: their meter is not the home's."""
PHASE = re.compile(r"(?:^|_)(?:l([123])|phase_?([abc123])|([abc])_phase)(?=_|$)")
SOC = {"soc", "ladezustand"}
SOC_PAIRS = (
    ("state", "charge"),
    ("charge", "level"),
    ("battery", "level"),
    ("state", "energy"),
    ("state", "capacity"),
    ("charge", "percentage"),
    ("percentage", "charged"),
)


def words_of(entity: FoundEntity, device: FoundDevice | None = None) -> frozenset[str]:
    """Return the words of an entity's id and name, and of its device's name."""
    texts = [entity.entity_id.partition(".")[2], entity.name or "", "" if device is None else device.name or ""]
    return frozenset(word for text in texts for word in re.split(r"[^a-z0-9]+", text.lower()) if word)


def own_words(entity_id: str) -> frozenset[str]:
    """Return the words of an entity's id alone."""
    return frozenset(entity_id.partition(".")[2].split("_"))


def has_pair(words: Collection[str], pairs: Collection[tuple[str, str]]) -> bool:
    """Return whether both words of a pair are there."""
    return any(one in words and other in words for one, other in pairs)


def speaks_of(quantity: Quantity, words: frozenset[str]) -> bool:
    """Return whether the words fit a quantity."""
    if words & OTHERS:
        return False
    battery = bool(words & BATTERY)
    if quantity == "battery":
        return battery
    if quantity == "pv":
        return bool(words & PV) and not battery
    grid = bool(words & GRID) or has_pair(words, GRID_PAIRS)
    if quantity == "grid":
        return grid and not battery
    return bool(words & LOAD) and not battery and not grid and not words & PV


def way_of(quantity: Quantity, entity_id: str) -> Way | None:
    """Return the one direction that a name speaks of, None where it speaks of none or of both."""
    words, kind = own_words(entity_id), "battery" if quantity == "battery" else "grid"
    into, out = bool(words & IN[kind]), bool(words & OUT[kind])
    return None if into == out else "in" if into else "out"


def without_way(quantity: Quantity, entity_id: str) -> str:
    """Return a name without its words of direction: two that are equal then belong together."""
    kind = "battery" if quantity == "battery" else "grid"
    return "_".join(word for word in entity_id.split("_") if word not in IN[kind] | OUT[kind])


def phase_of(entity_id: str) -> tuple[str, str] | None:
    """Return the name without its phase, and the phase; None where it names none."""
    domain, _, name = entity_id.partition(".")
    match = PHASE.search(name)
    if match is None:
        return None
    phase = next(group for group in match.groups() if group)
    return f"{domain}.{PHASE.sub('', name, count=1)}", phase
