"""Which automations and scripts touch an entity, where Home Assistant can search for that."""

from __future__ import annotations

from collections.abc import Collection

from homeagent.hass.errors import ActionFailedError, NoAnswerError
from homeagent.hass.link import Link

SHOWN = 5
"""More names than these are only counted."""


async def touching(link: Link, entities: Collection[str]) -> dict[str, str]:
    """Return, for each entity that any touches, which ones in words; nothing where `search` is not set up there."""
    found: dict[str, str] = {}
    for entity in sorted(entities):
        try:
            answer = await link.command("search/related", item_type="entity", item_id=entity)
        except (ActionFailedError, NoAnswerError):
            return found
        names = sorted([*answer.get("automation", ()), *answer.get("script", ())])
        if names:
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            found[entity] = ", ".join(names[:SHOWN]) + more
    return found
