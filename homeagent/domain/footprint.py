"""What the agent itself uses, by day, and how surely that is known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number that is not measured exactly: what is likely, and what it lies between."""

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"{self.likely} does not lie from {self.low} to {self.high}")

    @classmethod
    def exactly(cls, value: float) -> Self:
        """Return a number that is known."""
        return cls(low=value, likely=value, high=value)

    def __add__(self, other: Estimate) -> Estimate:
        """Return the sum; the ends are added too, since the same doubt is behind both."""
        return Estimate(low=self.low + other.low, likely=self.likely + other.likely, high=self.high + other.high)

    def times(self, factor: float) -> Estimate:
        """Return so many times as much; a factor below zero (a price may be) turns the ends round."""
        ends = sorted((self.low * factor, self.high * factor))
        return Estimate(low=ends[0], likely=self.likely * factor, high=ends[1])


NOTHING = Estimate.exactly(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEnergy:
    """What the agent's own computing took from the home on a day. `cost` None: no price of the day was known."""

    energy_kwh: Estimate
    cost: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FootprintDay:
    """What the agent used on a local day, all runs of it together. None is what the machine does not tell.

    `energy_wh` is what its CPU time added to the machine's power, `measured_wh` the part of it that a counter of the
    processor told. `cost` is of the energy that had a price, `carbon_g` of that whose carbon intensity was known.
    """

    day: date
    running_hours: float = 0.0
    cpu_seconds: Mapping[str, float] = field(default_factory=dict)
    wakeups: int = 0
    written_mb: float | None = 0.0
    peak_memory_mb: float = 0.0
    thinks: int = 0
    looks: int = 0
    decisions: int = 0
    energy_wh: Estimate = NOTHING
    measured_wh: float = 0.0
    priced_wh: float = 0.0
    cost: Estimate = NOTHING
    carbon_known_wh: float = 0.0
    carbon_g: Estimate = NOTHING

    @property
    def all_cpu_seconds(self) -> float:
        """CPU seconds of all parts."""
        return sum(self.cpu_seconds.values())

    @property
    def whole_cost(self) -> Estimate | None:
        """What all of the energy cost: what had no price is taken at the mean of what had one."""
        return _whole(self.cost, self.priced_wh, self.energy_wh.likely)

    @property
    def whole_carbon_g(self) -> Estimate | None:
        """Carbon of all of the energy [g], as the cost; None where the intensity was not known at all."""
        return _whole(self.carbon_g, self.carbon_known_wh, self.energy_wh.likely)

    @property
    def own_energy(self) -> OwnEnergy:
        """What is to be taken from the day's saving."""
        return OwnEnergy(energy_kwh=self.energy_wh.times(1e-3), cost=self.whole_cost)

    def plus(self, other: FootprintDay) -> FootprintDay:
        """Return both together, under this one's day."""
        names = [*self.cpu_seconds, *(name for name in other.cpu_seconds if name not in self.cpu_seconds)]
        return FootprintDay(
            day=self.day,
            running_hours=self.running_hours + other.running_hours,
            cpu_seconds={name: self.cpu_seconds.get(name, 0.0) + other.cpu_seconds.get(name, 0.0) for name in names},
            wakeups=self.wakeups + other.wakeups,
            written_mb=_both(self.written_mb, other.written_mb),
            peak_memory_mb=max(self.peak_memory_mb, other.peak_memory_mb),
            thinks=self.thinks + other.thinks,
            looks=self.looks + other.looks,
            decisions=self.decisions + other.decisions,
            energy_wh=self.energy_wh + other.energy_wh,
            measured_wh=self.measured_wh + other.measured_wh,
            priced_wh=self.priced_wh + other.priced_wh,
            cost=self.cost + other.cost,
            carbon_known_wh=self.carbon_known_wh + other.carbon_known_wh,
            carbon_g=self.carbon_g + other.carbon_g,
        )


def _both(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _whole(known: Estimate, known_wh: float, all_wh: float) -> Estimate | None:
    if known_wh > 0:
        return known.times(max(all_wh / known_wh, 1.0))
    return None if all_wh > 0 else NOTHING
