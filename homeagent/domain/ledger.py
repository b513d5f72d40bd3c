"""What really happened, in energy and money, and what the agent itself used."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledSlot:
    """One closed slot, priced once at the price that held then. Powers are means [kW], signed as readings are."""

    start: datetime
    hours: float
    load_kw: float
    pv_kw: float
    battery_kw: float
    grid_kw: float
    curtailed_kw: float
    soc_kwh: float
    """At the start of the slot."""
    import_price_per_kwh: float
    export_price_per_kwh: float
    carbon_g_per_kwh: float | None = None

    @property
    def cost(self) -> float:
        """Money paid for the slot's grid flow; negative when it earned. Peak charges are a month's, not a slot's."""
        price = self.import_price_per_kwh if self.grid_kw > 0 else self.export_price_per_kwh
        return self.grid_kw * self.hours * price


@dataclass(frozen=True, slots=True, kw_only=True)
class SavingsEntry:
    """A local day: what it cost, and what the same day would have cost otherwise (modelled, not measured).

    `stored_value` is the worth of the change of stored energy over the day, already in `saved`. `own_kwh` is what the
    agent's computing took, and `own_cost` what that cost, already taken from `saved`: a home without the agent would
    not have used it. Its ends say how surely that is known; None where it was not metered, and then not taken.
    """

    day: date
    cost: float
    cost_without_battery: float
    cost_rule: float
    stored_value: float
    saved_against_none: float
    saved_against_rule: float
    import_kwh: float
    export_kwh: float
    carbon_kg: float | None
    own_kwh: float | None = None
    own_cost: float | None = None
    own_cost_low: float | None = None
    own_cost_high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What the agent used: thinks are instants at which any forecaster or planner was evaluated."""

    thinks: int
    looks: int
    cpu_seconds: dict[str, float]
    peak_memory_mb: float
