"""How much CO2 the grid's electricity stands for: an entity's state, and a list of what is expected where it has one.

Electricity Maps (CO2 Signal) has a state alone. The British integrations list half hours in one attribute; the names
below are those seen in them. A share of fossil fuel [%] is another thing and is refused, as is a word such as "low".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.sources.pieces import Piece, ShapeError, instant, number, on_slots, with_ends

LISTS = ("forecast", "forecasts", "data", "rates")
STARTS = ("start_time", "start", "from", "period_start", "datetime", "time")
ENDS = ("end_time", "end", "to", "period_end")
VALUES = ("carbon_intensity", "intensity", "intensity_forecast", "gco2", "value", "forecast")
UNIT = re.compile(r"(k?g)\s*(?:CO2|CO₂)?(?:\s*-?\s*eq?)?\s*/\s*([kM]?Wh)", re.IGNORECASE)
GRAMS = {"g": 1.0, "kg": 1000.0}
PER_KWH = {"kwh": 1.0, "mwh": 1e-3, "wh": 1e3}
MOST_G_PER_KWH = 2000.0
"""Lignite alone has about half of it."""
REMEDY = "name an entity in gCO2/kWh, such as Electricity Maps' CO2 intensity"


def factor(unit: object) -> float:
    """Return what turns a value in `unit` into g/kWh.

    Raises:
        ShapeError: it is no carbon intensity.
    """
    match = UNIT.fullmatch(unit.strip()) if isinstance(unit, str) else None
    if match is not None:
        return GRAMS[match[1].lower()] * PER_KWH[match[2].lower()]
    if unit == "%":
        raise ShapeError(f"it is a share in %, such as that of fossil fuel, and no carbon intensity; {REMEDY}")
    raise ShapeError(f"{'it has no unit' if unit is None else f'its unit is {unit!r}'}; {REMEDY}")


def recognise(attributes: Mapping[str, Any]) -> bool:
    """Return whether an entity is a carbon intensity, by its unit."""
    try:
        factor(attributes.get("unit_of_measurement"))
    except ShapeError:
        return False
    return True


def present(state: str, attributes: Mapping[str, Any]) -> float:
    """Return the intensity as it is now [g/kWh].

    Raises:
        ShapeError: it is none, or none that a grid can have.
    """
    scale = factor(attributes.get("unit_of_measurement"))
    try:
        value = float(state) * scale
    except ValueError:
        raise ShapeError(f"its state is {state!r} and no number; {REMEDY}") from None
    if not 0 <= value <= MOST_G_PER_KWH:
        raise ShapeError(f"it shows {value:g} g/kWh, which no grid has; see whether its unit is right")
    return value


def expected(attributes: Mapping[str, Any]) -> tuple[TimeGrid, FloatArray] | None:
    """Return what its list expects [g/kWh], None where it has no list.

    Raises:
        ShapeError: the list has times or values of no known shape.
    """
    listed = next((attributes[name] for name in LISTS if isinstance(attributes.get(name), list)), None)
    if not listed:
        return None
    scale = factor(attributes.get("unit_of_measurement"))
    open_ended, pieces = [], []
    for entry in listed:
        start, end, value = _entry(entry)
        if end is None:
            open_ended.append((start, (value * scale,)))
        else:
            pieces.append(Piece(start, end, (value * scale,)))
    grid, columns = on_slots([*pieces, *with_ends(open_ended)] if open_ended else pieces)
    return grid, columns[0]


def _entry(entry: object) -> tuple[datetime, datetime | None, float]:
    seen = sorted(entry) if isinstance(entry, Mapping) else f"{entry!r:.60}"
    if not isinstance(entry, Mapping) or not any(name in entry for name in STARTS):
        raise ShapeError(f"its list holds {seen}; a start is looked for as {', '.join(STARTS)}")
    start = instant(next(entry[name] for name in STARTS if name in entry), "its list")
    end = next((instant(entry[name], "its list") for name in ENDS if entry.get(name) is not None), None)
    value = next((entry[name] for name in VALUES if name in entry), None)
    if isinstance(value, Mapping):  # carbonintensity.org.uk's own form: {"forecast": 190, "actual": 185}
        value = value.get("forecast")
    grams = number(value)
    if math.isnan(grams) and value is not None:
        raise ShapeError(f"its list holds {seen}; an intensity is looked for as {', '.join(VALUES)}")
    return start, end, grams
