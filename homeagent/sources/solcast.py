"""Solcast (BJReplay's integration): attributes `detailedForecast`, means in kW, or `detailedHourly`, in kWh an hour.

Each sensor lists one local day. A selection in the integration switches the sensors' states between the estimates, not
their attributes. `dataCorrect` false marks a day that is not complete: what it lists counts nevertheless.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeagent.sources.pieces import Piece, ShapeError, instant, number, with_ends

HALF_HOURS, HOURS = "detailedForecast", "detailedHourly"
ESTIMATES = ("pv_estimate", "pv_estimate10", "pv_estimate90")
START = "period_start"


def fits(attributes: Mapping[str, Any]) -> bool:
    """Return whether the attributes have this shape."""
    entries = attributes.get(HALF_HOURS) or attributes.get(HOURS)
    first = entries[0] if isinstance(entries, list) and entries else None
    return isinstance(first, Mapping) and START in first and ESTIMATES[0] in first


def read(attributes: Mapping[str, Any]) -> list[Piece]:
    """Return the day's pieces: kW as (mean, 10 %, 90 %).

    Raises:
        ShapeError: a time in it is none.
    """
    name = HALF_HOURS if attributes.get(HALF_HOURS) else HOURS
    starts = []
    for entry in attributes[name]:
        if not isinstance(entry, Mapping) or START not in entry:
            raise ShapeError(f"{name} holds an entry without {START}: {entry!r:.80}")
        starts.append((instant(entry[START], name), tuple(number(entry.get(key)) for key in ESTIMATES)))
    if name == HOURS:  # kWh of an hour is its mean in kW
        return [Piece(start, start + timedelta(hours=1), values) for start, values in sorted(dict(starts).items())]
    return with_ends(starts)
