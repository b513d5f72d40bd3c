"""Asks a Home Assistant for everything that says how a home is wired. Only reads; what it may not read is a gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from homeagent.domain.discovery import FoundDevice, FoundEntity
from homeagent.domain.grid import slot_start
from homeagent.domain.survey import ConfigEntry, Means, Past, Statistic, Survey
from homeagent.hass.connection import Connection
from homeagent.hass.errors import ActionFailedError, NoAnswerError
from homeagent.hass.history import Period, means_of_states, recorded_states, statistics
from homeagent.hass.units import ENERGY_KWH, POWER_KW

ANSWER_S = 60.0
HOURS_BACK, MINUTES_BACK = timedelta(days=14), timedelta(days=1)
HOUR, FIVE_MINUTES = timedelta(hours=1), timedelta(minutes=5)
MOST_HISTORIES, MOST_STATES, AT_ONCE = 250, 50, 50
SOC_CLASSES = (None, "battery", "energy_storage")
FACTORS = {**POWER_KW, "%": 1.0}
"""What recorded states are read in: powers in kW, levels as they are."""
UNKNOWN_COMMAND, NOT_FOUND = "unknown_command", "not_found"

Progress = Callable[[str], None]


async def survey(connection: Connection, now: datetime, progress: Progress = lambda _line: None) -> Survey:
    """Return one look at a Home Assistant.

    Raises:
        TransientError: as `Connection.command`, where not even states can be read.
    """
    look = _Look(connection)
    config: Mapping[str, Any] = await connection.command("get_config")
    progress(f"Home Assistant {config['version']}: reading entities, devices and the Energy dashboard")
    states: Sequence[Mapping[str, Any]] = await connection.command("get_states", timeout_s=ANSWER_S)
    registry = await look.ask("config/entity_registry/list", "which integration entities belong to", [])
    devices = await look.ask("config/device_registry/list", "devices", [])
    entries = await look.ask("config_entries/get", "integrations (an administrator's token may)", [])
    services = await look.ask("get_services", "actions", {})
    energy = await look.ask("energy/get_prefs", "what the Energy dashboard was told", None, quiet=(NOT_FOUND,))
    forecasts = await look.ask("energy/solar_forecast", "solar forecasts", {}) if energy else {}
    listed = await look.ask("recorder/list_statistic_ids", "statistics", [])
    entities = _entities(states, registry)
    statistics = {entry["statistic_id"]: _statistic(entry) for entry in listed}
    progress(f"{len(entities)} entities, {len(devices)} devices; reading two weeks of history")
    wanted = _worth_a_look(entities, statistics, _named(energy))
    hours = await look.means(wanted, now - HOURS_BACK, now, "hour")
    minutes = await look.means(wanted, now - MINUTES_BACK, now, "5minute")
    unkept = [name for name in _measuring(entities) if name not in statistics][:MOST_STATES]
    start = slot_start(now - MINUTES_BACK, FIVE_MINUTES)
    for name, rows in (await look.states(unkept, start, now)).items():
        minutes[name] = means_of_states(rows, start, now, FIVE_MINUTES, FACTORS)
    return Survey(
        at=now,
        version=str(config["version"]),
        timezone=str(config["time_zone"]),
        currency=str(config["currency"]),
        country=config.get("country"),
        entities=entities,
        devices={device["id"]: _device(device) for device in devices},
        entries={entry["entry_id"]: _entry(entry) for entry in entries},
        actions=frozenset(f"{domain}.{name}" for domain, names in services.items() for name in names),
        energy=energy,
        solar_forecasts={entry: _best_day(told) for entry, told in forecasts.items()},
        statistics=statistics,
        hours=Past(step=HOUR, means=hours),
        minutes=Past(step=FIVE_MINUTES, means=minutes),
        gaps=tuple(look.gaps),
    )


class _Look:
    """Asks, and remembers what could not be asked."""

    def __init__(self, connection: Connection) -> None:
        self.gaps: list[str] = []
        self._connection = connection

    async def ask(self, kind: str, what: str, otherwise: Any, *, quiet: Sequence[str] = ()) -> Any:  # noqa: ANN401 - JSON
        """Return an answer; where there is none, `otherwise`, and a gap unless the reason is one of `quiet`."""
        try:
            return await self._connection.command(kind, timeout_s=ANSWER_S)
        except ActionFailedError as error:
            if error.code not in {*quiet, UNKNOWN_COMMAND}:
                self.gaps.append(f"{what}: {error}")
        except NoAnswerError as error:
            self.gaps.append(f"{what}: {error}")
        return otherwise

    async def means(self, ids: Sequence[str], start: datetime, end: datetime, period: Period) -> dict[str, Means]:
        """Return the means of each statistic by slot."""
        found: dict[str, Means] = {}
        for first in range(0, len(ids), AT_ONCE):
            try:
                found |= await statistics(self._connection, ids[first : first + AT_ONCE], start, end, period)
            except (ActionFailedError, NoAnswerError) as error:
                self.gaps.append(f"history: {error}")
                return found
        return found

    async def states(
        self, ids: Sequence[str], start: datetime, end: datetime
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """Return the recorded states of entities without statistics."""
        if not ids:
            return {}
        try:
            return await recorded_states(self._connection, ids, start, end)
        except (ActionFailedError, NoAnswerError) as error:
            self.gaps.append(f"recorded states: {error}")
            return {}


def _entities(states: Sequence[Mapping[str, Any]], registry: Sequence[Mapping[str, Any]]) -> dict[str, FoundEntity]:
    """Return every entity with a state, and every one that is registered but disabled."""
    shown = {state["entity_id"]: state for state in states}
    known = {entry["entity_id"]: entry for entry in registry}
    return {name: _entity(name, shown.get(name), known.get(name, {})) for name in sorted({*shown, *known})}


def _entity(name: str, state: Mapping[str, Any] | None, entry: Mapping[str, Any]) -> FoundEntity:
    attributes = {} if state is None else state.get("attributes", {})
    return FoundEntity(
        entity_id=name,
        platform=entry.get("platform"),
        state=None if state is None else state["state"],
        attributes=attributes,
        unique_id=None if entry.get("unique_id") is None else str(entry["unique_id"]),
        translation_key=entry.get("translation_key"),
        name=attributes.get("friendly_name") or entry.get("name") or entry.get("original_name"),
        device_id=entry.get("device_id"),
        config_entry_id=entry.get("config_entry_id"),
        disabled=entry.get("disabled_by") is not None,
    )


def _device(told: Mapping[str, Any]) -> FoundDevice:
    return FoundDevice(
        id=told["id"],
        name=told.get("name_by_user") or told.get("name"),
        manufacturer=told.get("manufacturer"),
        model=told.get("model"),
        config_entry_ids=tuple(told.get("config_entries", ())),
    )


def _entry(told: Mapping[str, Any]) -> ConfigEntry:
    return ConfigEntry(id=told["entry_id"], domain=told["domain"], title=str(told.get("title") or ""))


def _statistic(told: Mapping[str, Any]) -> Statistic:
    unit = told.get("display_unit_of_measurement") or told.get("statistics_unit_of_measurement")
    return Statistic(id=told["statistic_id"], unit=unit, counts=bool(told.get("has_sum")), name=told.get("name"))


def _best_day(forecast: Mapping[str, Any]) -> float:
    """Return the most that a forecast promises for a day [kWh]."""
    days: dict[str, float] = {}
    for at, watt_hours in (forecast.get("wh_hours") or {}).items():
        if isinstance(watt_hours, int | float):
            days[at[:10]] = days.get(at[:10], 0.0) + watt_hours / 1000
    return max(days.values(), default=0.0)


def _named(told: Any) -> frozenset[str]:  # noqa: ANN401 - JSON
    """Return every text in the dashboard's settings: the statistics are among them, in whatever form."""
    if isinstance(told, str):
        return frozenset({told})
    inside = told.values() if isinstance(told, Mapping) else told if isinstance(told, list) else ()
    return frozenset(text for part in inside for text in _named(part))


def _worth_a_look(
    entities: Mapping[str, FoundEntity], statistics: Mapping[str, Statistic], named: frozenset[str]
) -> list[str]:
    """Return the statistics that may be a home's powers, counters or state of charge, the likeliest first."""

    def worth(one: Statistic) -> int:
        entity = entities.get(one.id)
        of_battery = entity is not None and entity.attributes.get("device_class") in SOC_CLASSES
        stored = one.unit in ENERGY_KWH and not one.counts
        return 4 * (one.id in named) + 3 * (one.unit in POWER_KW) + 2 * (of_battery and (one.unit == "%" or stored))

    rated = sorted(((-worth(one), name) for name, one in statistics.items()))
    return [name for rating, name in rated if rating < 0][:MOST_HISTORIES]


def _measuring(entities: Mapping[str, FoundEntity]) -> list[str]:
    """Return the sensors that show a power, or the charge of something."""
    return [
        name
        for name, entity in entities.items()
        if name.startswith("sensor.")
        and (
            entity.attributes.get("unit_of_measurement") in POWER_KW
            or (
                entity.attributes.get("unit_of_measurement") == "%"
                and entity.attributes.get("device_class") == "battery"
            )
        )
    ]
