"""What was found of a home in Home Assistant, and what was understood of it, before a configuration exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Answer: TypeAlias = str | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundEntity:
    """One entity, from its state and its entry in the registry.

    `state` is None where it has none, `platform` its integration's domain (`template`, `solax_modbus`, ...).
    """

    entity_id: str
    platform: str | None = None
    state: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    unique_id: str | None = None
    translation_key: str | None = None
    name: str | None = None
    device_id: str | None = None
    config_entry_id: str | None = None
    disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundDevice:
    """One device of the registry."""

    id: str
    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    config_entry_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing that Home Assistant does not know; `key` is the configuration's (`battery.capacity_kwh`).

    `suggestion` is what is taken if nobody answers, `because` where it comes from; without one an answer is needed.
    """

    key: str
    text: str
    kind: Literal["number", "choice", "yes_no", "text"]
    unit: str | None = None
    choices: tuple[str, ...] = ()
    suggestion: Answer | None = None
    because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing in words: understood (`found`), not to be had (`missing`), or to be looked at (`warning`)."""

    topic: str
    kind: Literal["found", "missing", "warning"]
    text: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Understanding:
    """What was made of a home. `values` is the configuration as nested keys; `notes` are comments by dotted key.

    `offers` are further keys that only the household can complete: they are written as comments.
    """

    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    values: Mapping[str, Any]
    notes: Mapping[str, str] = field(default_factory=dict)
    offers: Mapping[str, Any] = field(default_factory=dict)
