"""Prices from Home Assistant's entities, or fixed ones, as they are published."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import slot_start
from homeagent.domain.ports import Clock
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.wiring import PriceWiring
from homeagent.hass.entities import EntityState
from homeagent.hass.units import price_factor
from homeagent.sources.price_lists import flat, listed_prices, published

FLAT_DAYS_BACK, FLAT_DAYS = 20, 25
FLAT_AGAIN = timedelta(days=1)


class LivePrices:
    """Keeps the price entities' newest lists. `problem` says why no prices can be read from them."""

    def __init__(self, wiring: PriceWiring, clock: Clock) -> None:
        self.problem: str | None = None
        self._wiring = wiring
        self._clock = clock
        self._states: dict[str, EntityState] = {}
        self._new = not wiring.entities()
        self._flat_at: datetime | None = None
        self._last: PublishedPrices | None = None

    def see(self, entity: str, state: EntityState | None) -> bool:
        """Take in a changed entity; return whether it may have published something."""
        if entity not in self._wiring.entities():
            return False
        if state is None or not state.present:
            self.problem = f"{entity} is {'gone' if state is None else state.state}: no new prices can be read"
            return False
        before = self._states.get(entity)
        self._states[entity] = state
        if before is not None and before.attributes == state.attributes:
            return False
        self._new = True
        return True

    def published(self) -> PublishedPrices | None:
        """Return what is new since the last call, None if nothing is."""
        now = self._clock.now()
        if not self._wiring.entities():
            return self._fixed(now)
        if not self._new or len(self._states) < len(self._wiring.entities()):
            return None
        self._new = False
        try:
            found = self._listed()
        except PermanentError as error:
            self.problem = str(error)
            return None
        self.problem = None
        if self._last is not None and _equal(found, self._last):
            return None
        self._last = found
        return found

    def _fixed(self, now: datetime) -> PublishedPrices | None:
        if self._flat_at is not None and timedelta(0) <= now - self._flat_at < FLAT_AGAIN:
            return None
        self._flat_at = now
        start = slot_start(now, timedelta(days=1)) - timedelta(days=FLAT_DAYS_BACK)
        return flat(float(self._wiring.import_price), float(self._wiring.export_price), start, FLAT_DAYS)

    def _listed(self) -> PublishedPrices:
        imports, exports = (self._slots(price) for price in (self._wiring.import_price, self._wiring.export_price))
        if isinstance(imports, float):
            if isinstance(exports, float):
                raise TypeError("fixed prices are no lists")
            imports = [(start, length, imports) for start, length, _ in exports]
        return published(imports, exports)

    def _slots(self, price: float | str) -> float | list[tuple[datetime, timedelta | None, float]]:
        if not isinstance(price, str):
            return float(price)
        attributes = self._states[price].attributes
        try:
            return listed_prices(attributes, price_factor(attributes.get("unit_of_measurement")))
        except PermanentError as error:
            raise PermanentError(f"{price}: {error}") from error


def _equal(one: PublishedPrices, other: PublishedPrices) -> bool:
    return (
        one.grid == other.grid
        and np.array_equal(one.import_per_kwh, other.import_per_kwh, equal_nan=True)
        and np.array_equal(one.export_per_kwh, other.export_per_kwh, equal_nan=True)
    )
