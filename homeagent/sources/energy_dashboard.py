"""The Energy dashboard's solar forecast: `energy/solar_forecast`, of any provider, one entry a roof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.sources.pieces import ShapeError
from homeagent.sources.solar_shapes import roofs
from homeagent.sources.watt_hour_maps import pieces

SHORT = 8
"""So many of the last characters of a config entry's id tell it from the home's others."""
CHOOSE = "choose a forecast in Settings > Dashboards > Energy > Solar panels, or list entities in solar.forecast"


def chosen_entries(prefs: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the config entries of the forecasts that the Energy dashboard's solar panels name, each once.

    Raises:
        ShapeError: there are none.
    """
    sources = prefs.get("energy_sources") or []
    chosen = [
        entry
        for source in sources
        if isinstance(source, Mapping) and source.get("type") == "solar"
        for entry in source.get("config_entry_solar_forecast") or []
    ]
    if not chosen:
        raise ShapeError(f"the Energy dashboard has no solar forecast; {CHOOSE}")
    return tuple(dict.fromkeys(chosen))


def name_of(entries: Sequence[str]) -> str:
    """Return a provider's name: another choice of roofs is another provider, with a worth of its own."""
    return "home_assistant:" + "+".join(sorted(entry[-SHORT:] for entry in entries))


def read(reply: Mapping[str, Any], entries: Sequence[str]) -> tuple[TimeGrid, FloatArray]:
    """Return the sum of the chosen entries [kW], shape (3, count): mean, and quantiles that are NaN.

    Raises:
        ShapeError: an entry is not there or empty, so that the sum would be too small.
    """
    missing = [entry for entry in entries if not _watt_hours(reply.get(entry))]
    if missing:
        raise ShapeError(
            f"the Energy dashboard's solar forecast has nothing of {len(missing)} of {len(entries)} roofs "
            f"(config entries {', '.join(missing)}); see whether the integration works, or {CHOOSE}"
        )
    return roofs({entry: {entry: pieces(_watt_hours(reply[entry]), "wh_hours")} for entry in entries})


def _watt_hours(entry: object) -> Mapping[str, Any]:
    found = entry.get("wh_hours") if isinstance(entry, Mapping) else None
    return found if isinstance(found, Mapping) else {}
