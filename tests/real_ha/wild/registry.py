"""A home's entities as the registry of a lab has them."""

from __future__ import annotations

from collections.abc import Sequence

from real_ha.wild.lab import WildLab

from homeagent.domain.discovery import FoundEntity


def entities_of(lab: WildLab, home: str) -> Sequence[FoundEntity]:
    """Return what belongs to one home of the lab."""
    description = lab.homes[home]
    ours = {entity["id"] for integration in description.spec["integrations"] for entity in integration["entities"]}
    ours |= set(description.spec.get("follows", {}).values())
    ours |= {f"climate.{climate['unique_id']}" for climate in description.home_assistant.get("climate", [])}
    states = {state["entity_id"]: state for state in lab.get("/api/states")}
    return [
        FoundEntity(
            entity_id=entry["entity_id"],
            platform=entry["platform"],
            state=states.get(entry["entity_id"], {}).get("state"),
            attributes=states.get(entry["entity_id"], {}).get("attributes", {}),
            unique_id=entry["unique_id"],
            translation_key=entry["translation_key"],
            name=entry["original_name"],
            device_id=entry["device_id"],
            config_entry_id=entry["config_entry_id"],
            disabled=entry["disabled_by"] is not None,
        )
        for entry in lab.ask("config/entity_registry/list")
        if entry["entity_id"] in ours
    ]
