"""What may happen to a simulated home: nothing at all. Faults and harmless events change what they must."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.readings import Reading
from homeagent.simulation.household import Household
from homeagent.simulation.inverter import NonIdealInverter

TIMEZONE = ZoneInfo("Europe/Berlin")
"""Where the simulated home is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    """The base of all that happens from `begins` on (aware); seeded, and the same for the same seed."""

    begins: datetime
    seed: int = 0

    @property
    def first_day(self) -> date:
        """The local day on which it begins."""
        return self.begins.astimezone(TIMEZONE).date()

    def on(self, day: date) -> bool:
        """Return whether it has begun by the local day `day`."""
        return day >= self.first_day

    def rng(self, *more: int) -> np.random.Generator:
        """Return chance that belongs to the seed and to `more`, such as a day."""
        return np.random.default_rng([self.seed, 21, *more])

    @property
    def inverter(self) -> Callable[..., NonIdealInverter]:
        """Make the inverter."""
        return NonIdealInverter

    def household(self, household: Household, day: date) -> Household:  # noqa: ARG002 - what happens may depend on it
        """Return the people and the fridge of a day."""
        return household

    def pv_kw(self, pv_kw: FloatArray, day: date, clock_min: FloatArray) -> FloatArray:  # noqa: ARG002 - as above
        """Return what a day's PV makes."""
        return pv_kw

    def more_load_kw(self, day: date, clock_min: FloatArray) -> FloatArray:  # noqa: ARG002 - as above
        """Return what is drawn beside the household."""
        return np.zeros(len(clock_min))

    def told(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Return what the meters tell."""
        return readings
