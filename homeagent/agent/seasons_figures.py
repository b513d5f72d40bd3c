"""What seasons of simulated homes came to: per home and way, and how much less the agent needs, with the spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np

from homeagent.agent.seasons import WAYS, Lived, Way
from homeagent.domain.satisfaction import SatisfactionDay, mean_satisfaction
from homeagent.simulation.electric.drawn_electric import Season
from homeagent.simulation.electric.truth import DayTruth, HomeTruth

NOTICE: Final = "simulated homes: nobody lives in them, nothing was measured"
CHARGER_EFFICIENCY: Final = 0.9
AT_LEAST: Final = {"cost": 0.5, "hvac_kwh": 0.5, "whole_kwh": 0.5, "satisfaction": 1.0}
"""Below so much a day (or points) a percentage of it says nothing, and none is told."""
LESS: Final = ("hvac_kwh", "whole_kwh", "cost")


def satisfaction_day(day: DayTruth) -> SatisfactionDay:
    """Return a day as the one formula takes it; everything is known of a simulated home."""
    return SatisfactionDay(
        day=day.day,
        home_awake_hours=day.household_hours,
        cold_kh=day.household_cold_kh,
        hot_kh=day.household_hot_kh,
        departures=len(day.departures),
        missed_departures=sum(one.missed for one in day.departures),
        short_kwh=sum(one.short_kwh for one in day.departures) / CHARGER_EFFICIENCY,
        runs=len(day.runs),
        late_hours=sum(run.waited_min for run in day.runs) / 60,
        cold_water_kwh=day.cold_water_kwh,
        overrides=day.overrides + day.boosts,
        comfort_known=1.0,
        cars_known=1.0,
        runs_known=1.0,
        water_known=1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One stay in numbers; energies, money and harms are per day."""

    hvac_kwh: float
    whole_kwh: float
    cost: float
    discomfort_kh: float
    asleep_kh: float
    satisfaction: float
    missed_announced: int
    missed_other: int
    departures: int
    guard_min: int
    overrides: float
    cold_showers: float
    late_hours: float
    switches: Mapping[str, float]


def figures_of(truth: HomeTruth) -> Figures:
    """Return what a stay came to."""
    count = len(truth.days)
    score = mean_satisfaction([satisfaction_day(day) for day in truth.days]).score
    return Figures(
        hvac_kwh=truth.hvac_kwh / count,
        whole_kwh=truth.total_kwh() / count,
        cost=truth.cost / count,
        discomfort_kh=truth.discomfort_kh / count,
        asleep_kh=(truth.total("cold_asleep_kh") + truth.total("hot_asleep_kh")) / count,
        satisfaction=0.0 if score is None else float(score),
        missed_announced=truth.missed(announced=True),
        missed_other=truth.missed(announced=False),
        departures=len(truth.departures),
        guard_min=int(truth.total("guard_min")),
        overrides=truth.total("overrides") / count,
        cold_showers=truth.total("cold_showers") / count,
        late_hours=sum(run.waited_min for run in truth.runs) * (timedelta(minutes=1) / timedelta(hours=1)) / count,
        switches=truth.switches_per_day(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A figure over homes: mean, median, lowest and highest, and of how many."""

    mean: float
    median: float
    low: float
    high: float
    count: int


def spread(values: Sequence[float]) -> Spread | None:
    """Return the spread of some values, None where there are none."""
    if not values:
        return None
    return Spread(
        mean=float(np.mean(values)),
        median=float(np.median(values)),
        low=float(np.min(values)),
        high=float(np.max(values)),
        count=len(values),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How much lower (or, of satisfaction, higher) a figure is than with another way, as fractions over homes."""

    name: str
    way: Way
    beside: Way
    homes: Spread | None
    of_sums: float | None
    """The same of all homes' sums: a home that needs little weighs little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonFigures:
    """One season's homes."""

    season: Season
    by_home: Mapping[int, Mapping[Way, Figures]]

    def values(self, way: Way, name: str) -> list[float]:
        """Return one figure of every home that was run in a way."""
        return [float(getattr(ways[way], name)) for ways in self.by_home.values() if way in ways]

    def ways(self) -> list[Way]:
        """Return the ways that were run."""
        return [way for way in WAYS if any(way in ways for ways in self.by_home.values())]

    def comparisons(self) -> list[Comparison]:
        """Return every way held against those before it."""
        found = []
        for number, way in enumerate(self.ways()):
            for beside in self.ways()[:number]:
                found += [self._compared(name, way, beside) for name in (*LESS, "discomfort_kh", "satisfaction")]
        return found

    def _compared(self, name: str, way: Way, beside: Way) -> Comparison:
        both = [ways for ways in self.by_home.values() if way in ways and beside in ways]
        pairs = [(float(getattr(ways[way], name)), float(getattr(ways[beside], name))) for ways in both]
        sign = 1.0 if name == "satisfaction" else -1.0
        told = [sign * (mine / other - 1) for mine, other in pairs if other >= AT_LEAST.get(name, 0.1)]
        mine, others = (sum(pair[which] for pair in pairs) for which in (0, 1))
        of_sums = sign * (mine / others - 1) if others >= AT_LEAST.get(name, 0.1) else None
        return Comparison(name=name, way=way, beside=beside, homes=spread(told), of_sums=of_sums)


def season_figures(season: Season, lived: Sequence[Lived]) -> SeasonFigures:
    """Return one season of what was lived."""
    by_home: dict[int, dict[Way, Figures]] = {}
    for one in lived:
        if one.stay.season == season:
            by_home.setdefault(one.stay.seed, {})[one.stay.way] = figures_of(one.truth)
    return SeasonFigures(season=season, by_home=by_home)
