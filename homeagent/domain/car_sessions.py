"""A car's stays at its charger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSession:
    """One stay: plugged in, out, and what it took in between at the charger [kWh]. All of it real."""

    plug_in: datetime
    plug_out: datetime
    energy_kwh: float

    @property
    def hours(self) -> float:
        """How long it was plugged in."""
        return (self.plug_out - self.plug_in).total_seconds() / 3600
