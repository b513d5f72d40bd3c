"""One look at a whole Home Assistant: what is there, what it measures now, and what it measured lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from homeagent.domain.discovery import FoundDevice, FoundEntity

Means: TypeAlias = Mapping[datetime, float]
"""Means by the start of their slot: powers in kW by the unit that Home Assistant shows, counters as the power that
they counted, levels in the unit shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistic:
    """Something that the recorder keeps statistics of: an entity, or what an integration brought in (`domain:id`)."""

    id: str
    unit: str | None = None
    counts: bool = False
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was measured in slots of one length, by entity or statistic."""

    step: timedelta
    means: Mapping[str, Means] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigEntry:
    """One set-up integration."""

    id: str
    domain: str
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What was found. `energy` is what the Energy dashboard was told, in either of its forms; None without.

    `solar_forecasts` has the most that each forecast of the dashboard promises for a day [kWh].
    `related` names the automations and scripts that touch an entity, where that could be asked.
    `gaps` says what could not be asked, and why.
    """

    at: datetime
    version: str
    timezone: str
    currency: str
    country: str | None = None
    entities: Mapping[str, FoundEntity] = field(default_factory=dict)
    devices: Mapping[str, FoundDevice] = field(default_factory=dict)
    entries: Mapping[str, ConfigEntry] = field(default_factory=dict)
    actions: frozenset[str] = frozenset()
    energy: Mapping[str, Any] | None = None
    solar_forecasts: Mapping[str, float] = field(default_factory=dict)
    statistics: Mapping[str, Statistic] = field(default_factory=dict)
    hours: Past = Past(step=timedelta(hours=1))
    minutes: Past = Past(step=timedelta(minutes=5))
    related: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()
