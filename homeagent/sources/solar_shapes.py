"""Which shape a solar forecast's attributes have, and the whole home's forecast as kW on slots."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.sources import solcast, watt_hour_maps
from homeagent.sources.pieces import Piece, ShapeError, added_up, on_slots

SolarShape: TypeAlias = Literal["solcast", "watt_hour_map"]

REMAINING = re.compile(r"remaining|last_?hour|this_hour|next_hour|peak")
DESCRIBE = (
    "known are detailedForecast or detailedHourly (Solcast), and wh_period (Forecast.Solar, Open-Meteo); or write "
    "solar.forecast: home_assistant for what the Energy dashboard shows"
)


def recognise(entity_id: str, attributes: Mapping[str, Any]) -> SolarShape | None:
    """Return which shape an entity's attributes have, None where it is no solar forecast.

    The id only rules out sensors that list a part of the day.
    """
    if REMAINING.search(entity_id.partition(".")[2]):
        return None
    if solcast.fits(attributes):
        return "solcast"
    return "watt_hour_map" if watt_hour_maps.fits(attributes) else None


def read(entity_id: str, attributes: Mapping[str, Any]) -> list[Piece]:
    """Return what one entity says of its days: kW as (mean, low, high), the latter NaN where it gives none.

    Raises:
        ShapeError: its attributes hold no forecast in a known shape.
    """
    shape = recognise(entity_id, attributes)
    if shape == "solcast":
        return solcast.read(attributes)
    if shape == "watt_hour_map":
        return watt_hour_maps.read(attributes)
    names = ", ".join(sorted(attributes)) or "none"
    raise ShapeError(f"{entity_id} holds no solar forecast; its attributes are {names}; {DESCRIBE}")


def roofs(days: Mapping[str, Mapping[str, Sequence[Piece]]]) -> tuple[TimeGrid, FloatArray]:
    """Return the whole home's forecast from each roof's entities: days are put together, roofs added up.

    Shape (3, count): mean, low, high. Quantiles of roofs are added up too, as if their clouds were the same ones.

    Raises:
        ShapeError: nothing is listed, or the roofs have no time in common.
    """
    parts = [on_slots([piece for pieces in entities.values() for piece in pieces]) for entities in days.values()]
    try:
        grid, columns = added_up(parts)
    except ShapeError as error:
        names = " and ".join(", ".join(entities) for entities in days.values())
        remedy = "if they are one roof's days, write them as one: solar: {forecast: {roof: [...]}}"
        raise ShapeError(f"{names}: {error}; {remedy}") from error
    if np.nanmin(columns[0], initial=0.0) < 0:
        raise ShapeError("it expects PV below zero, so it is the forecast of something else")
    return grid, columns
