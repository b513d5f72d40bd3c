"""Who else steers a home's devices: other optimisers, and automations of the household."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from homeagent.domain.discovery import Finding
from homeagent.domain.survey import Survey

OPTIMISERS = {
    "emhass": "EMHASS",
    "predbat": "Predbat",
    "evcc_intg": "evcc",
    "evcc": "evcc",
    "haeo": "HAEO",
    "hsem": "HSEM",
    "solar_optimizer": "Solar Optimizer",
    "ev_smart_charging": "EV Smart Charging",
    "battery_manager": "Battery Manager",
}
PREFIXES = {"predbat_": "Predbat", "emhass_": "EMHASS", "p_batt_forecast": "EMHASS", "evcc_": "evcc"}
INTELLIGENT = "intelligent_dispatching"


def rivals(survey: Survey, steered: Sequence[str]) -> Iterator[Finding]:
    """Yield a warning for everything that may steer `steered`, or a home's devices at all."""
    names = {OPTIMISERS[entry.domain] for entry in survey.entries.values() if entry.domain in OPTIMISERS}
    for entity in survey.entities.values():
        if entity.platform in OPTIMISERS:
            names.add(OPTIMISERS[str(entity.platform)])
        own = entity.entity_id.partition(".")[2]
        names |= {name for prefix, name in PREFIXES.items() if own.startswith(prefix)}
        if INTELLIGENT in own:
            names.add("Octopus Intelligent")
    for name in sorted(names):
        yield Finding(
            topic="others",
            kind="warning",
            text=f"{name} is here and may steer the same devices",
            remedy="let only one of them steer the battery: switch the other off before mode: control",
        )
    for entity_id in steered:
        touching = survey.related.get(entity_id, ())
        if touching:
            yield Finding(
                topic="others",
                kind="warning",
                text=f"{', '.join(touching)} use {entity_id}, which the agent would steer",
                remedy="switch off what writes to it before mode: control; what only reads it may stay",
            )
