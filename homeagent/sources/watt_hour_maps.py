"""Maps of a time to the energy [Wh] of the interval that begins then.

Forecast.Solar's and Open-Meteo Solar Forecast's sensors have one as `wh_period`, the Energy dashboard as `wh_hours`.
The interval ends where the next begins. Some list the day's light alone, from an odd minute at sunrise to one at
sunset: a night between two small entries is dark, any other gap is not known. `watts` beside it is
not read: Forecast.Solar means the power at the time by it, not the interval's mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from homeagent.sources.pieces import Piece, ShapeError, instant, number, with_ends

MAP = "wh_period"
W_PER_KW = 1000.0
SMALL = 0.25
"""Of the largest: what a night may begin and end with, in steps of an hour."""
SHORTEST_NIGHT, LONGEST_NIGHT = timedelta(hours=3), timedelta(hours=21)


def fits(attributes: Mapping[str, Any]) -> bool:
    """Return whether the attributes have this shape."""
    found = attributes.get(MAP)
    return isinstance(found, Mapping) and bool(found)


def read(attributes: Mapping[str, Any]) -> list[Piece]:
    """Return the pieces of an entity's day: kW, without quantiles.

    Raises:
        ShapeError: a time in it is none.
    """
    return pieces(attributes[MAP], MAP)


def pieces(watt_hours: Mapping[str, Any], where: str) -> list[Piece]:
    """Return pieces of mean power [kW], without quantiles.

    Raises:
        ShapeError: a time in it is none, or it is no map.
    """
    if not isinstance(watt_hours, Mapping):
        raise ShapeError(f"{where} is no map of times to Wh but {watt_hours!r:.80}")
    listed = with_ends([(instant(at, where), (number(value),)) for at, value in watt_hours.items()])
    powers = []
    for one in listed:
        hours = (one.end - one.start) / timedelta(hours=1)
        powers.append(Piece(one.start, one.end, (one.values[0] / W_PER_KW / hours, np.nan, np.nan)))
    return powers + _nights(powers)


def _nights(powers: list[Piece]) -> list[Piece]:
    largest = max((one.values[0] for one in powers if not np.isnan(one.values[0])), default=0.0)
    return [
        Piece(sooner.end, later.start, (0.0, np.nan, np.nan))
        for sooner, later in pairwise(powers)
        if SHORTEST_NIGHT <= later.start - sooner.end <= LONGEST_NIGHT
        and max(sooner.values[0], later.values[0]) <= SMALL * largest
    ]
