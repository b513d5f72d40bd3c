"""The home: its devices, limits, tariff rules, and one consistent look at its state."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Literal
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class BatterySpec:
    """A battery as its data sheet has it. Powers are at the home's side, energies inside the battery."""

    capacity_kwh: float
    max_charge_kw: float
    max_discharge_kw: float
    charge_efficiency: float = 0.95
    discharge_efficiency: float = 0.95
    min_soc_kwh: float = 0.0
    wear_per_kwh: float = 0.0
    """Money that a kWh taken out of the battery wears it by; steers the plan, never shown as a cost."""
    name: str = field(default="battery", repr=False)


NO_BATTERY = BatterySpec(capacity_kwh=0.0, max_charge_kw=0.0, max_discharge_kw=0.0)
"""What a home without a battery has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GridLimits:
    """What the connection allows [kW]. A home that breaks the import limit by itself is not the battery's fault.

    `max_phase_kw` holds on each of `phases`. The home's load and battery are taken to be spread evenly over them, and
    all devices on one phase to share the same one, the worst case.
    """

    max_import_kw: float = math.inf
    max_export_kw: float = math.inf
    phases: int = 1
    max_phase_kw: float = math.inf

    @property
    def all_phases_kw(self) -> float:
        """What may be imported by a home that is spread evenly over its phases."""
        return min(self.max_import_kw, self.phases * self.max_phase_kw)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakChargeSpec:
    """A monthly charge on z, the mean of the `days` largest daily peaks of the clock hour's mean import [kW].

    Either `tiers` (z up to kW, cost of the month; above the last the last applies) or `per_kw` (cost = per_kw * z).
    """

    timezone: ZoneInfo
    days: int = 1
    tiers: tuple[tuple[float, float], ...] = ()
    per_kw: float | None = None

    def cost(self, z_kw: float) -> float:
        """Return what a month costs whose mean of the largest daily peaks is `z_kw`."""
        if self.per_kw is not None:
            return self.per_kw * z_kw
        return next((cost for up_to_kw, cost in self.tiers if z_kw <= up_to_kw + 1e-6), self.tiers[-1][1])


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRules:
    """When tomorrow's prices are known.

    `day_ahead`: today's local day always, tomorrow's from `published_at` local time. `always`: a published tariff.
    """

    known: Literal["day_ahead", "always"] = "day_ahead"
    published_at: time = time(13)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """What the plan weighs beside money."""

    carbon_price_per_kg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a home is: for the sun's height, and for the holidays that its country keeps (ISO 3166, two letters)."""

    latitude_deg: float
    longitude_deg: float
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSpec:
    """Everything about a home that does not change from slot to slot."""

    timezone: ZoneInfo
    battery: BatterySpec
    """The battery, or several as one whole (`devices.batteries.aggregate`)."""
    batteries: tuple[BatterySpec, ...] = field(default=(), repr=False)  # plans depend on the whole alone
    """The several, where there are; what the whole is told is shared among them."""
    currency: str = "EUR"
    grid: GridLimits = field(default_factory=GridLimits)
    peak_charge: PeakChargeSpec | None = None
    prices: PriceRules = field(default_factory=PriceRules)
    pv_curtailable: bool = True
    place: Place | None = field(default=None, repr=False)  # no plan depends on it
    goals: Goals = field(default_factory=Goals)

    @property
    def has_battery(self) -> bool:
        """Whether there is a battery that can do anything."""
        return self.battery.capacity_kwh > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteState:
    """One consistent look at the home. What is in `stale` is not to be trusted; a gap is None."""

    at: datetime
    soc_kwh: float | None
    load_kw: float | None = None
    pv_kw: float | None = None
    stale: frozenset[str] = frozenset()
