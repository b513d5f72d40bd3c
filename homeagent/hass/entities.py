"""Entities' states as `subscribe_entities` tells them: first whole, then as differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ABSENT = frozenset({"unavailable", "unknown"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who caused a state: a user, or what an automation reacted to; neither for what a device reports by itself."""

    id: str | None = None
    parent_id: str | None = None
    user_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityState:
    """One entity as Home Assistant shows it."""

    entity_id: str
    state: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    context: Context = Context()
    updated_at: datetime

    @property
    def present(self) -> bool:
        """Whether there is a value at all."""
        return self.state not in ABSENT

    @property
    def shown(self) -> str:
        """What a person sees of it: its state, of a thermostat its set-point too."""
        temperature = self.attributes.get("temperature")
        return self.state if temperature is None else f"{temperature} degrees ({self.state})"

    def differs(self, other: EntityState) -> bool:
        """Return whether its state or set-point is another."""
        return self.shown != other.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entity's new state, None where it was removed. `first` marks what a fresh subscription tells at its start."""

    entity_id: str
    before: EntityState | None
    after: EntityState | None
    first: bool = False


def changes(states: Mapping[str, EntityState], event: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what an event of `subscribe_entities` changes in `states`, which are left alone."""
    for entity_id, whole in event.get("a", {}).items():
        after = _state(entity_id, whole["s"], whole.get("a", {}), _context(Context(), whole.get("c")), whole)
        yield Change(entity_id=entity_id, before=states.get(entity_id), after=after, first=True)
    for entity_id, diff in event.get("c", {}).items():
        before = states.get(entity_id)
        if before is not None:
            yield Change(entity_id=entity_id, before=before, after=_changed(before, diff))
    for entity_id in event.get("r", []):
        yield Change(entity_id=entity_id, before=states.get(entity_id), after=None)


def _changed(before: EntityState, diff: Mapping[str, Any]) -> EntityState:
    added, removed = diff.get("+", {}), diff.get("-", {}).get("a", [])
    attributes = {name: value for name, value in before.attributes.items() if name not in removed}
    attributes |= added.get("a", {})
    context = _context(before.context, added.get("c"))
    return _state(before.entity_id, added.get("s", before.state), attributes, context, added, before.updated_at)


def _state(
    entity_id: str,
    state: str,
    attributes: Mapping[str, Any],
    context: Context,
    stamps: Mapping[str, Any],
    otherwise: datetime | None = None,
) -> EntityState:
    seconds = stamps.get("lu", stamps.get("lc"))
    at = otherwise if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return EntityState(
        entity_id=entity_id,
        state=state,
        attributes=attributes,
        context=context,
        updated_at=at or datetime.fromtimestamp(0, UTC),
    )


def _context(before: Context, told: str | Mapping[str, Any] | None) -> Context:
    """Return the context: a bare text is a new id whose user and parent stay as they were."""
    if told is None:
        return before
    if isinstance(told, str):
        return Context(id=told, parent_id=before.parent_id, user_id=before.user_id)
    return Context(
        id=told.get("id", before.id),
        parent_id=told.get("parent_id", before.parent_id),
        user_id=told.get("user_id", before.user_id),
    )
