"""Slots with a price, as a source lists them, and the same on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import SlotSeries, TimeGrid

LONGEST_STEP = timedelta(hours=1)
SHORTEST_STEP = timedelta(minutes=5)
LONGEST_LIST = timedelta(days=60)


class PriceShapeError(PermanentError):
    """What was given holds no list of prices that can be understood; the message says what was seen."""


class PricedSlot(NamedTuple):
    """One slot's price [currency/kWh]; `length` is None where the source tells no end."""

    start: datetime
    length: timedelta | None
    per_kwh: float


def on_a_grid(slots: Sequence[PricedSlot]) -> SlotSeries:
    """Return prices in equal slots, NaN where none is listed: their length as told, else as they are spaced.

    `slots` are in order of time, each start once. Without an end a slot is as long as the nearer of its neighbours is
    away, an hour at most: so a list that changes from hours to quarters keeps its hours, and a hole stays one.

    Raises:
        PriceShapeError: the slots fit no common length of 5 minutes to an hour.
    """
    told = [slot.length for slot in slots if slot.length is not None]
    spaced = [later.start - sooner.start for sooner, later in pairwise(slots)]
    step = min([*told, *spaced, LONGEST_STEP])
    start = slots[0].start
    odd = step < SHORTEST_STEP or step % SHORTEST_STEP or LONGEST_STEP % step
    if odd or start.minute % 5 or any((slot.start - start) % step for slot in slots):
        raise PriceShapeError(f"its prices stand at odd times, {step} apart")
    if slots[-1].start - start > LONGEST_LIST:
        raise PriceShapeError(
            f"its prices reach from {start:%Y-%m-%d} to {slots[-1].start:%Y-%m-%d}; that is no list of prices to come"
        )
    near = [min(pair) for pair in zip([LONGEST_STEP, *spaced], [*spaced, step], strict=True)]
    lengths = [
        max((slot.length or min(close, LONGEST_STEP)) // step, 1) for slot, close in zip(slots, near, strict=True)
    ]
    count = max((slot.start - start) // step + length for slot, length in zip(slots, lengths, strict=True))
    values = np.full(min(count, LONGEST_LIST // step + 1), np.nan)
    for slot, length in zip(slots, lengths, strict=True):
        first = (slot.start - start) // step
        values[first : first + length] = slot.per_kwh
    return SlotSeries(grid=TimeGrid(start=start, step=step, count=len(values)), values=values)
