"""When to think next: as soon as going on with the present plan is expected to lose more than a think is worth.

Each think measures, slot by slot, what the plan before would have lost if the agent had slept on. From that the
governor learns at which hours an old plan is costly (a loss per hour of the plan's age, for each local hour of the
day), and predicts how long it may sleep. Readings that leave what was expected shorten the sleep, readings that keep to
it lengthen it; what no forecast can know (prices, people, devices) wakes at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.thinking import GovernorRules

HOUR = timedelta(hours=1)
FIRST_LOSS = 1 / 3
"""Of a home not yet known: a think pays after two hours."""
LEARNING_RATE = 0.15
"""What one think counts for the hour it was made in; its view of later hours fades by `FADES_H`."""
FADES_H = 4.0
LEAST_AGE = HOUR / 2
"""A plan younger than this says nothing of how plans age."""
CALM, STORMY = 0.5, 8.0
"""Bounds of how much readings may slow or hasten the ageing of a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wake:
    """What happened since the last round that no forecast could know."""

    new_prices: bool = False
    news: str | None = None
    """What a person did or what else became known, in words."""


@dataclass(slots=True)
class Expected:
    """The net load that the plan was made for: mean and spread [kW] in its slots, and what came of it."""

    grid: TimeGrid
    mean_kw: FloatArray
    spread_kw: FloatArray
    surprise_kwh: float = 0.0
    variance_kwh2: float = 0.0

    def see(self, start: datetime, hours: float, net_kw: float) -> None:
        """Take in the mean net load of a span that has passed."""
        if not self.grid.start <= start < self.grid.end or math.isnan(net_kw):
            return
        slot = self.grid.index_of(start)
        self.surprise_kwh += (net_kw - float(self.mean_kw[slot])) * hours
        # inside a slot errors go together, from slot to slot they do not
        self.variance_kwh2 += float(self.spread_kw[slot]) ** 2 * hours * self.grid.step_hours

    @property
    def oddness(self) -> float:
        """How far the energy since the plan is from what was expected, squared, in spreads: 1 is as expected."""
        if self.variance_kwh2 <= 0.0:
            return 1.0
        return min(max(self.surprise_kwh**2 / self.variance_kwh2, CALM), STORMY)


@dataclass(slots=True)
class Ageing:
    """What a plan loses for each hour of its age, by local hour of the day, as shares of what is at stake."""

    per_hour: list[float] = field(default_factory=lambda: [0.0] * 24)
    known: bool = False


def at_stake(problem: PlanningProblem) -> float:
    """Return what one filling of the battery can be worth at the plan's prices [currency]: a home's own scale."""
    battery, prices = problem.site.battery, problem.prices
    spread = float(np.max(prices.import_per_kwh) - np.min(prices.export_per_kwh))
    return (battery.capacity_kwh - battery.min_soc_kwh) * max(spread, 0.0)
