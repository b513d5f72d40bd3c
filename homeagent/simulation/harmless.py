"""What happens to a simulated home that is no fault, though it looks odd: nothing should be raised. Seeded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, TypeAlias, get_args

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.simulation.happenings import Nothing
from homeagent.simulation.household import Household

HarmlessKind: TypeAlias = Literal[
    "nothing", "holiday", "parties", "guests", "new habits", "grey weeks", "a baby", "festive lights", "a new car"
]
HARMLESS: tuple[HarmlessKind, ...] = get_args(HarmlessKind)
HOLIDAY_DAYS, GUEST_DAYS, GREY_DAYS, LIGHTS_DAYS = 12, 10, 14, 25
PARTIES_OFTEN, PARTY_BEGINS_MIN, PARTY_ENDS_MIN, PARTY_KW = 0.25, 19 * 60, 150, 1.8
CHARGES_OFTEN, CAR_FROM_MIN, CAR_KW = 0.4, 60, 7.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless(Nothing):
    """An ordinary event of a kind."""

    kind: HarmlessKind

    def _within(self, day: date, days: int) -> bool:
        return 0 <= (day - self.first_day).days < days

    def household(self, household: Household, day: date) -> Household:
        """Return the people of a day."""
        if self.kind == "holiday" and self._within(day, HOLIDAY_DAYS):
            return replace(household, away=True)
        if self.kind == "guests" and self._within(day, GUEST_DAYS):
            return replace(household, people=household.people + 3, washing_per_day=2 * household.washing_per_day)
        if self.kind == "new habits" and self.on(day):
            return household.with_other_habits()
        return household

    def pv_kw(self, pv_kw: FloatArray, day: date, clock_min: FloatArray) -> FloatArray:
        """Return what the roof makes under dark clouds, another share of it each hour."""
        if self.kind != "grey weeks" or not self._within(day, GREY_DAYS):
            return pv_kw
        hourly = self.rng(1, day.toordinal()).uniform(0.1, 0.45, 25)
        return pv_kw * np.interp(clock_min / 60, np.arange(25), hourly)

    def more_load_kw(self, day: date, clock_min: FloatArray) -> FloatArray:
        """Return what the event draws."""
        drawn = np.zeros(len(clock_min))
        if not self.on(day):
            return drawn
        rng = self.rng(2, day.toordinal())
        if self.kind == "parties":  # into the small hours, now and then
            drawn[clock_min < PARTY_ENDS_MIN] = PARTY_KW * self._party(day.toordinal() - 1)
            drawn[clock_min > PARTY_BEGINS_MIN] = PARTY_KW * self._party(day.toordinal())
        elif self.kind == "a baby":
            for at in rng.uniform(0, 6 * 60, rng.integers(2, 5)):
                drawn[(clock_min >= at) & (clock_min < at + rng.uniform(5, 25))] += rng.uniform(0.1, 1.8)
        elif self.kind == "festive lights" and self._within(day, LIGHTS_DAYS):
            drawn[(clock_min > 16.5 * 60) & (clock_min < 23 * 60)] = 0.15
        elif self.kind == "a new car" and rng.random() < CHARGES_OFTEN:
            drawn[(clock_min >= CAR_FROM_MIN) & (clock_min < CAR_FROM_MIN + rng.uniform(40, 200))] = CAR_KW
        return drawn

    def _party(self, day: int) -> bool:
        return day >= self.first_day.toordinal() and bool(self.rng(3, day).random() < PARTIES_OFTEN)
