"""People with habits, and what they switch on: a simulated household's load, minute by minute."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray

WEEKEND = 5
WASHING = np.concatenate([np.full(6, 0.15), np.full(22, 2.0), np.full(55, 0.25), np.full(12, 0.5)])
DISHES = np.concatenate([np.full(5, 0.1), np.full(18, 1.9), np.full(25, 0.1), np.full(14, 1.9), np.full(20, 0.05)])
KETTLE = np.full(3, 2.0)
BREAKFAST = np.full(9, 0.9)
MINUTES_OF_DAY = 1440
EVENING_MIN = 1080
OFFICE_KW, OFFICE_FROM_MIN, OFFICE_UNTIL_MIN = 0.8, 510, 1020
"""Screens and a small heater, on workdays."""
LATER_MIN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Fridge:
    """A compressor that runs `runs_min` of each `every_min` minutes."""

    every_min: int = 44
    runs_min: int = 17
    power_kw: float = 0.09


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """Habits of one family, times in minutes after midnight."""

    people: int
    wake_min: int
    wake_weekend_min: int
    leave_min: int | None
    return_min: int
    dinner_min: int
    sleep_min: int
    base_kw: float
    washing_per_day: float
    office_kw: float = 0.0
    fridge: Fridge = field(default_factory=Fridge)
    away: bool = False
    """Whether nobody is there, day and night."""

    @classmethod
    def made_up(cls, seed: int) -> Household:
        """Return the family that belongs to a seed."""
        rng = np.random.default_rng([seed, 1])
        people = int(rng.integers(1, 5))
        works_away = rng.random() < 0.75  # noqa: PLR2004 - three in four
        return cls(
            people=people,
            wake_min=int(rng.normal(400, 25)),
            wake_weekend_min=int(rng.normal(500, 35)),
            leave_min=int(rng.normal(485, 20)) if works_away else None,
            return_min=int(rng.normal(1025, 45)),
            dinner_min=int(rng.normal(1110, 30)),
            sleep_min=int(rng.normal(1365, 30)),
            base_kw=float(rng.uniform(0.08, 0.18)),
            washing_per_day=0.18 * people,
        )

    def with_other_habits(self) -> Household:
        """Return the family once somebody works at home (or, if they always were at home, away), and dines later."""
        moved = replace(self, dinner_min=self.dinner_min + LATER_MIN, sleep_min=self.sleep_min + LATER_MIN // 4)
        if self.leave_min is None:
            return replace(moved, leave_min=OFFICE_FROM_MIN - 30, wake_min=self.wake_min - 45)
        return replace(moved, leave_min=None, wake_min=self.wake_min + 60, office_kw=OFFICE_KW)

    def day_load_kw(self, seed: int, day: int, weekday: int, clock_min: FloatArray, dark: BoolArray) -> FloatArray:
        """Return the load of one day in steps of a minute, shape as `clock_min`, which is the wall clock's minute."""
        rng = np.random.default_rng([seed, 2, day])
        weekend = weekday >= WEEKEND
        wake = (self.wake_weekend_min if weekend else self.wake_min) + rng.normal(0, 12)
        sleep = self.sleep_min + rng.normal(20 if weekend else 0, 18)
        awake = (clock_min >= wake) & (clock_min < sleep)
        home = self._at_home(rng, clock_min, weekend=weekend)
        load = np.full(len(clock_min), self.base_kw)
        fridge, phase = self.fridge, rng.integers(0, self.fridge.every_min)
        load += np.where((np.arange(len(load)) + phase) % fridge.every_min < fridge.runs_min, fridge.power_kw, 0.0)
        load += np.where(awake & home & dark, 0.05 + 0.04 * self.people, 0.0)
        load += np.where(awake & home & (clock_min > EVENING_MIN), 0.14, 0.0)  # screens
        if not weekend:
            working = (clock_min >= OFFICE_FROM_MIN) & (clock_min < OFFICE_UNTIL_MIN)
            load += np.where(working & home, self.office_kw, 0.0)
        for minute, profile in self._uses(rng, wake, sleep, weekend=weekend):
            first = int(np.argmax(clock_min >= minute))
            if minute < MINUTES_OF_DAY and home[first]:
                part = profile[: len(load) - first]
                load[first : first + len(part)] += part
        return load

    def _at_home(self, rng: np.random.Generator, clock_min: FloatArray, *, weekend: bool) -> BoolArray:
        """Return when anybody is there; a trip on one weekend day in three."""
        leave, back = self.leave_min, self.return_min + rng.normal(0, 25)
        if weekend:
            leave = int(rng.normal(650, 40)) if rng.random() < 1 / 3 else None
            back = rng.normal(1000, 60)
        if self.away:
            return np.zeros(len(clock_min), dtype=np.bool_)
        if leave is None:
            return np.ones(len(clock_min), dtype=np.bool_)
        return (clock_min < leave + rng.normal(0, 8)) | (clock_min >= back)

    def _uses(
        self, rng: np.random.Generator, wake: float, sleep: float, *, weekend: bool
    ) -> list[tuple[float, FloatArray]]:
        """Return what is switched on when."""
        uses = [(wake + rng.normal(15, 5), BREAKFAST), (wake + rng.normal(10, 5), KETTLE)]
        uses += [(minute, KETTLE) for minute in rng.uniform(wake, sleep, rng.poisson(1 + 0.8 * self.people))]
        dinner = self.dinner_min + rng.normal(0, 18)
        if rng.random() < 0.88:  # noqa: PLR2004 - now and then they eat out
            uses.append((dinner, np.full(int(rng.uniform(25, 50)), rng.uniform(1.6, 3.0))))
            if rng.random() < 0.25 + 0.15 * self.people:
                uses.append((dinner + rng.normal(75, 20), DISHES))
        if weekend and rng.random() < 0.7:  # noqa: PLR2004 - a warm lunch on most weekend days
            uses.append((rng.normal(765, 25), np.full(30, 1.5)))
        washes = rng.poisson(self.washing_per_day * (1.6 if weekend else 0.75))
        uses += [(minute, WASHING) for minute in rng.normal(620 if weekend else 1140, 60, washes)]
        return uses
