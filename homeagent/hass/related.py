"""Which automations and scripts touch an entity, where Home Assistant can search for that."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from homeagent.hass.connection import Connection
from homeagent.hass.errors import ActionFailedError, NoAnswerError
from homeagent.hass.link import Link


async def related(link: Connection | Link, entities: Collection[str]) -> Mapping[str, tuple[str, ...]]:
    """Return the automations and scripts that touch each entity; nothing where Home Assistant cannot search."""
    found: dict[str, tuple[str, ...]] = {}
    for entity in entities:
        try:
            answer = await link.command("search/related", item_type="entity", item_id=entity)
        except (ActionFailedError, NoAnswerError):
            return found
        touching = (*answer.get("automation", ()), *answer.get("script", ()))
        if touching:
            found[entity] = tuple(sorted(touching))
    return found
