"""What a household wants of each device. A wish has a price: what it costs, in the home's currency, not to meet it.

A price of None follows from what a kWh usually costs the home (`priced`). Times of day are minutes after the local
midnight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class CarWish:
    """How full a car shall be, and by when."""

    target: float = 0.8
    """Fraction of its capacity; where its state of charge is unknown the charger's asked energy counts instead."""
    ready_by_min: int | None = None
    """When it is to be ready on every day; None: when it usually leaves, as learned."""
    confidence: float = 0.988
    """How surely a learned departure is met."""
    surplus_only: bool = False
    """Beyond what is needed by then it charges from surplus alone."""
    usual_kwh: float = 10.0
    """What it is taken to need where nothing tells, and nothing is learned yet."""
    short_per_kwh: float | None = None
    """What a kWh that misses at the departure costs."""
    beyond_per_kwh: float | None = None
    """What a kWh beyond the target is worth, up to full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Between which temperatures nobody complains [degC]."""

    low_c: float
    high_c: float


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatWish:
    """The bands of a room: somebody up and about, everybody asleep, nobody at home."""

    comfort: Band = Band(low_c=20.0, high_c=24.0)
    sleep: Band = Band(low_c=17.0, high_c=24.0)
    away: Band = Band(low_c=15.0, high_c=28.0)
    sleep_from_min: int | None = None
    sleep_until_min: int | None = None
    """When the household sleeps; None: as learned, else from 22:30 to 06:30."""
    discomfort_per_kh: float | None = None
    """What a degree out of the band for an hour costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TankWish:
    """Hot water when it is drawn."""

    cold_per_kwh: float | None = None
    """What a kWh that is drawn below the useful temperature costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplianceWish:
    """When a run may begin and has to have ended."""

    from_min: int = 0
    until_min: int = 1440
    """Between which it may start; a window over midnight has `until_min` < `from_min`."""
    ready_by_min: int | None = None
    """When it has to have ended; None: within a day of being asked for."""
    daily: bool = False
    """Whether one run a day is wanted without anybody asking for it."""
    at_most: float | None = None
    """A run that costs more is left out; None: it is done in any case."""
    wait_per_hour: float | None = None
    late_per_hour: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursWish:
    """The hours that have to be run each day; how many is the device's own."""

    missing_per_hour: float | None = None


Wish: TypeAlias = CarWish | HeatWish | TankWish | ApplianceWish | HoursWish

_Wish = TypeVar("_Wish", CarWish, HeatWish, TankWish, ApplianceWish, HoursWish)

USUALLY_WORTH = {
    "short_per_kwh": 10.0,
    "beyond_per_kwh": 0.25,
    "discomfort_per_kh": 2.0,
    "cold_per_kwh": 10.0,
    "wait_per_hour": 0.01,
    "late_per_hour": 3.0,
    "missing_per_hour": 3.0,
}
"""The price of each wish that nobody priced, in what a kWh usually costs. A kWh beyond a car's target is worth little:
it is taken where it is nearly free."""


def priced(wish: _Wish, usual_per_kwh: float) -> _Wish:
    """Return the wish with a price on everything; `usual_per_kwh` is what a bought kWh usually costs, above 0."""
    prices: dict[str, Any] = {
        name: share * usual_per_kwh for name, share in USUALLY_WORTH.items() if getattr(wish, name, 0.0) is None
    }
    return replace(wish, **prices)
