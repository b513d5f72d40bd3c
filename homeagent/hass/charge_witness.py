"""Whether a battery's power and its state of charge tell the same story: a meter that counts backwards is found out."""

from __future__ import annotations

ENOUGH = 0.03
"""So much of the capacity must have moved before anything is said."""
CLEARLY = 0.5
"""The energy against the state of charge must be at least this share of what that moved."""
TWICE = 2


class ChargeWitness:
    """Compares the energy that a battery's meter has seen with how its state of charge has moved."""

    def __init__(self, capacity_kwh: float) -> None:
        self.backwards = False
        self._enough_kwh = ENOUGH * capacity_kwh
        self._from_kwh: float | None = None
        self._discharged_kwh = 0.0
        self._against = 0

    def see(self, battery_kw: float | None, hours: float, soc_kwh: float | None) -> None:
        """Take in the mean power (+ discharging) of the last `hours`, and the state of charge after them."""
        if battery_kw is None or soc_kwh is None:
            self._from_kwh = None
            return
        if self._from_kwh is None:
            self._from_kwh, self._discharged_kwh = soc_kwh, 0.0
            return
        self._discharged_kwh += battery_kw * hours
        moved_kwh = soc_kwh - self._from_kwh
        if abs(moved_kwh) < self._enough_kwh:
            return
        same_way = (
            moved_kwh * self._discharged_kwh > 0
        )  # it rose while it was said to discharge, or fell while charging
        if not same_way:
            self._against = 0
        elif abs(self._discharged_kwh) > CLEARLY * abs(moved_kwh):
            self._against += 1
        self.backwards = self._against >= TWICE
        self._from_kwh, self._discharged_kwh = soc_kwh, 0.0
