"""One battery's state of charge, in kWh, or why it is not known."""

from __future__ import annotations

from homeagent.hass import units
from homeagent.hass.entities import EntityState

LEAST, MOST = -0.02, 1.1
"""Between these shares of its capacity a gauge may be: rounding, and a worn battery's."""


class SocMeter:
    """Reads an entity in per cent or in units of energy."""

    def __init__(self, entity: str, capacity_kwh: float) -> None:
        self.entity = entity
        self.kwh: float | None = None
        self.problem: str | None = f"{entity} has not been seen yet"
        self._capacity_kwh = capacity_kwh

    def lose(self, problem: str) -> None:
        """Trust it no longer."""
        self.kwh, self.problem = None, problem

    def see(self, state: EntityState | None) -> None:
        """Take in a new state."""
        value = None if state is None or not state.present else units.number(state.state)
        if state is None or value is None:
            self.lose(f"{self.entity} {'is gone' if state is None else 'is ' + state.state}")
            return
        try:
            kwh = units.stored_kwh(value, state.attributes.get("unit_of_measurement"), self._capacity_kwh)
        except units.UnitError as error:
            self.lose(f"{self.entity}: {error}")
            return
        if not LEAST <= kwh / self._capacity_kwh <= MOST:
            self.lose(f"{self.entity} shows {value:g}, which no battery of this size can hold")
            return
        self.kwh, self.problem = min(max(kwh, 0.0), self._capacity_kwh), None
