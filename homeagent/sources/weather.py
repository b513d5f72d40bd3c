"""A weather entity's hourly forecast, as `weather/subscribe_forecast` tells it; its units stand in the entity."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedQuantity
from homeagent.sources.pieces import ShapeError, instant, number, on_slots, with_ends

Unit: TypeAlias = Callable[[float], float]

HOURLY = 2
"""`supported_features`: whether a weather entity has an hourly forecast."""
TEMPERATURES: Mapping[str, Unit] = {"°C": lambda value: value, "°F": lambda value: (value - 32) / 1.8}
SPEEDS: Mapping[str, Unit] = {
    "m/s": lambda value: value,
    "km/h": lambda value: value / 3.6,
    "mph": lambda value: value * 0.44704,
    "kn": lambda value: value * 0.514444,
    "ft/s": lambda value: value * 0.3048,
}
LENGTHS: Mapping[str, Unit] = {"mm": lambda value: value, "in": lambda value: value * 25.4}
PERCENT: Mapping[str, Unit] = {"%": lambda value: value / 100}
QUANTITIES: tuple[tuple[str, IssuedQuantity, str, Mapping[str, Unit]], ...] = (
    ("temperature", "temp_c", "temperature_unit", TEMPERATURES),
    ("cloud_coverage", "cloud_fraction", "", PERCENT),
    ("humidity", "humidity_fraction", "", PERCENT),
    ("wind_speed", "wind_m_s", "wind_speed_unit", SPEEDS),
    ("precipitation", "precipitation_mm", "precipitation_unit", LENGTHS),
)


def recognise(entity_id: str, attributes: Mapping[str, Any]) -> bool:
    """Return whether it is a weather entity with an hourly forecast."""
    return entity_id.startswith("weather.") and bool(int(attributes.get("supported_features") or 0) & HOURLY)


def read(
    forecast: Sequence[Mapping[str, Any]], attributes: Mapping[str, Any]
) -> dict[IssuedQuantity, tuple[TimeGrid, FloatArray]]:
    """Return every quantity that it gives, on its own slots.

    Raises:
        ShapeError: it is empty, a time in it is none, or a unit is not known.
    """
    if not forecast:
        raise ShapeError("its hourly forecast is empty")
    times = [instant(entry.get("datetime"), "its forecast") for entry in forecast]
    found: dict[IssuedQuantity, tuple[TimeGrid, FloatArray]] = {}
    for name, quantity, unit_name, units in QUANTITIES:
        values = [number(entry.get(name)) for entry in forecast]
        if np.isnan(values).all():
            continue
        convert = _unit(units, attributes.get(unit_name, "%" if units is PERCENT else None), name)
        grid, columns = on_slots(with_ends([(at, (convert(v),)) for at, v in zip(times, values, strict=True)]))
        found[quantity] = (grid, columns[0])
    if not found:
        names = ", ".join(sorted({name for entry in forecast for name in entry}))
        raise ShapeError(f"its forecast holds nothing that is known; it has {names}")
    return found


def _unit(units: Mapping[str, Unit], unit: object, name: str) -> Unit:
    convert = units.get(str(unit))
    if convert is None:
        raise ShapeError(f"its {name} is in {unit}; known are {', '.join(units)}")
    return convert
