"""Something odd in a home: what it was found in, what was found, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array
from homeagent.domain.site import BatterySpec, Place

Family: TypeAlias = Literal["meters", "running", "load", "pv", "store", "obey", "export"]
"""What is looked at together: the meters, what runs without a pause, nights, PV, the battery's energy and obedience."""
AnomalyKind: TypeAlias = Literal[
    "standby grew",
    "fridge runs on",
    "fridge stopped",
    "fridge runs longer",
    "PV lower",
    "PV fading",
    "PV shaded",
    "PV capped",
    "meter frozen",
    "meter scaled",
    "sign flipped",
    "meter dead",
    "readings missing",
    "left on",
    "night load",
    "stuck cycling",
    "battery capacity",
    "battery efficiency",
    "battery does not obey",
    "export blocked",
]
FAMILIES: dict[Family, tuple[AnomalyKind, ...]] = {
    "meters": ("meter frozen", "meter scaled", "sign flipped", "meter dead", "readings missing"),
    "running": ("left on",),
    "load": ("standby grew", "fridge runs on", "fridge stopped", "fridge runs longer", "night load", "stuck cycling"),
    "pv": ("PV lower", "PV fading", "PV shaded", "PV capped"),
    "store": ("battery capacity", "battery efficiency"),
    "obey": ("battery does not obey",),
    "export": ("export blocked",),
}
FAST: tuple[Family, ...] = ("meters", "running", "obey", "export")
"""What is worth finding within hours; the rest is looked at when a day has passed."""
COLUMNS = ("load_kw", "pv_kw", "grid_kw", "battery_kw", "curtailed_kw", "soc_kwh", "told_kw", "free")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tape:
    """Closed slots up to now, each column of shape (count,); a gap is NaN. Powers are means [kW], signed as readings.

    `soc_kwh` is at a slot's end. `told_kw` is what the battery was told to do at the slot's own load and PV, as
    `battery_kw`; `free` is 1 where nothing that it was told and no price speaks against exporting, else 0.
    """

    grid: TimeGrid
    load_kw: FloatArray
    pv_kw: FloatArray
    grid_kw: FloatArray
    battery_kw: FloatArray
    curtailed_kw: FloatArray
    soc_kwh: FloatArray
    told_kw: FloatArray
    free: FloatArray

    def __post_init__(self) -> None:
        for name in COLUMNS:
            if getattr(self, name).shape != (self.grid.count,):
                raise ValueError(f"{name} needs shape ({self.grid.count},)")

    def last(self, span: timedelta) -> slice:
        """Return the slots of the last `span`."""
        return slice(max(self.grid.count - span // self.grid.step, 0), self.grid.count)

    def at(self, index: int) -> datetime:
        """Return the start of a slot."""
        return self.grid.at(int(index))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What an analysis must know of a home beside its meters. Prices are means of the last weeks, None: not known."""

    timezone: ZoneInfo
    place: Place | None
    battery: BatterySpec
    currency: str
    import_price_per_kwh: float | None = None
    export_price_per_kwh: float | None = None

    def day(self, at: datetime) -> str:
        """Return a time's local day as a person says it."""
        local = at.astimezone(self.timezone)
        return f"{local.day} {local:%B}"

    def money(self, kwh: float, price_per_kwh: float | None) -> float | None:
        """Return what so much energy costs, None where the price is not known."""
        return None if price_per_kwh is None else kwh * price_per_kwh

    def yearly(self, kwh: float, price_per_kwh: float | None) -> str:
        """Return what so much energy a year comes to, in words."""
        if price_per_kwh is None:
            return f"{kwh:.0f} kWh a year"
        return (
            f"{kwh:.0f} kWh or {kwh * price_per_kwh:.0f} {self.currency} a year at {price_per_kwh:.2f} "
            f"{self.currency}/kWh"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a close analysis confirmed. `sure` is 0 to 1, `subject` the meter or device it is about.

    `size` grows with the fault, in the unit that its sentence has; `cost_per_year` is at the home's own prices, None
    where it costs nothing that can be told.
    """

    kind: AnomalyKind
    subject: str
    since: datetime
    sure: float
    size: float
    text: str
    cost_per_year: float | None = None


Standing: TypeAlias = Literal["open", "dismissed", "past"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Anomaly:
    """A finding that was raised, with its number and what became of it."""

    number: int
    finding: Finding
    found_at: datetime
    seen_at: datetime
    """When it was last confirmed."""
    standing: Standing = "open"
    ended_at: datetime | None = None


def empty_tape(grid: TimeGrid) -> Tape:
    """Return a tape on which nothing was measured."""
    gap = frozen_array(np.full(grid.count, np.nan))
    return Tape(grid=grid, **dict.fromkeys(COLUMNS, gap))
