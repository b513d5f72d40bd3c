"""Published prices as the attributes of a price entity list them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np

from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.prices import PublishedPrices

LISTS = ("raw_today", "raw_tomorrow", "prices", "data", "rates", "forecast", "prices_today", "prices_tomorrow")
STARTS = ("start", "start_time", "from", "hour", "time", "datetime")
ENDS = ("end", "end_time", "till", "to")
VALUES = ("value", "price", "price_per_kwh", "value_inc_vat", "total")
LONGEST_STEP = timedelta(hours=1)
SHORTEST_STEP = timedelta(minutes=5)


class PriceShapeError(PermanentError):
    """The attributes hold no list of prices in a known shape."""


def listed_prices(attributes: Mapping[str, Any], factor: float) -> list[tuple[datetime, timedelta | None, float]]:
    """Return (start, length if it is told, price [currency/kWh]) of every slot listed, in order of time.

    `factor` turns the entity's unit into currency per kWh. A price that is not there is left out.

    Raises:
        PriceShapeError: there is no list of prices.
    """
    lists = [attributes[name] for name in LISTS if isinstance(attributes.get(name), list)]
    slots = {start: (start, length, price * factor) for start, length, price in _slots(lists)}
    if not slots:
        raise PriceShapeError(f"its attributes hold no list of prices; looked for {', '.join(LISTS)}")
    return [slots[start] for start in sorted(slots)]


def _slots(lists: Sequence[Sequence[Any]]) -> Iterator[tuple[datetime, timedelta | None, float]]:
    for entry in (entry for entries in lists for entry in entries):
        if not isinstance(entry, Mapping):
            continue
        start, value = _first(entry, STARTS), _first(entry, VALUES)
        began = _instant(start)
        if began is None or not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            continue
        ended = _instant(_first(entry, ENDS))
        yield began, None if ended is None or ended <= began else ended - began, float(value)


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> object:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _instant(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(UTC) if isinstance(value, datetime) and value.tzinfo is not None else None


def on_a_grid(slots: Sequence[tuple[datetime, timedelta | None, float]]) -> tuple[TimeGrid, FloatArray]:
    """Return prices in equal slots, NaN where none is listed: their length as told, else as they are spaced.

    Raises:
        PriceShapeError: the slots fit no common length of 5 minutes to an hour.
    """
    told = [length for _, length, _ in slots if length is not None]
    spaced = [later[0] - sooner[0] for sooner, later in pairwise(slots)]
    step = min([*told, *spaced, LONGEST_STEP])
    start = slots[0][0]
    if step < SHORTEST_STEP or LONGEST_STEP % step or any((at - start) % step for at, _, _ in slots):
        raise PriceShapeError(f"its prices stand at odd times, {step} apart")
    count = (slots[-1][0] - start) // step + 1
    if slots[-1][1] is not None:
        count += slots[-1][1] // step - 1
    values = np.full(count, np.nan)
    for at, length, price in slots:
        first = (at - start) // step
        values[first : first + max((length or step) // step, 1)] = price
    return TimeGrid(start=start, step=step, count=count), values


def published(
    imports: Sequence[tuple[datetime, timedelta | None, float]],
    exports: Sequence[tuple[datetime, timedelta | None, float]] | float,
) -> PublishedPrices:
    """Return import prices with what export pays then: a fixed price, or a list of its own.

    Raises:
        PriceShapeError: as `on_a_grid`.
    """
    grid, import_per_kwh = on_a_grid(imports)
    if isinstance(exports, float):
        return PublishedPrices(grid=grid, import_per_kwh=import_per_kwh, export_per_kwh=np.full(grid.count, exports))
    other, values = on_a_grid(exports)
    step = min(grid.step, other.step)
    fine = TimeGrid(start=grid.start, step=step, count=(grid.end - grid.start) // step)
    return PublishedPrices(
        grid=fine,
        import_per_kwh=_resampled(grid, import_per_kwh, fine),
        export_per_kwh=_resampled(other, values, fine),
    )


def _resampled(grid: TimeGrid, values: FloatArray, fine: TimeGrid) -> FloatArray:
    places = [(at - grid.start) // grid.step for at in fine.starts()]
    return np.array([values[place] if 0 <= place < grid.count else np.nan for place in places])


def flat(import_per_kwh: float, export_per_kwh: float, start: datetime, days: int) -> PublishedPrices:
    """Return a price that never changes, for so many days."""
    grid = TimeGrid(start=start, step=LONGEST_STEP, count=days * 24)
    return PublishedPrices(
        grid=grid,
        import_per_kwh=np.full(grid.count, import_per_kwh),
        export_per_kwh=np.full(grid.count, export_per_kwh),
    )
