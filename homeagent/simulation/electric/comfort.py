"""What people feel, and what they do about it: the thermostat by hand, a window, hot water at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.electric.plans import PersonDay

MINUTE_H = 1 / 60
LOOK_MIN = 5
"""People notice how warm it is every so many minutes."""
TOO_FAR_K = 0.3
"""So far out of their band they begin to lose patience."""
HELD_MIN = 180
"""What somebody set by hand holds for so long, if nothing else is set."""
PATIENT_AGAIN_MIN = 60
BEYOND_K = 0.5
"""Somebody who is cold sets it a little warmer than they like."""
OPENED_M2, TILTED_M2 = 0.3, 0.15


@dataclass(frozen=True, slots=True)
class Felt:
    """A day's degree-hours out of band, and person-hours awake; `household` takes the mean over those awake."""

    cold_kh: float
    hot_kh: float
    cold_asleep_kh: float
    hot_asleep_kh: float
    awake_hours: float
    household_cold_kh: float
    household_hot_kh: float
    household_hours: float


def felt_on(drawn: ElectricHome, people: tuple[PersonDay, ...], living_c: FloatArray, sleeping_c: FloatArray) -> Felt:
    """Return what people felt: awake in the living rooms, asleep in the bedrooms."""
    sums = np.zeros(5)
    cold_k, hot_k, up = (np.zeros(len(living_c)) for _ in range(3))
    for person, day in zip(drawn.people, people, strict=True):
        awake, asleep = day.awake, day.home & ~day.awake
        cold, hot = np.maximum(person.low_c - living_c, 0), np.maximum(living_c - person.high_c, 0)
        cold_k += cold * awake
        hot_k += hot * awake
        up += awake
        sums += (
            np.sum(cold[awake]),
            np.sum(hot[awake]),
            np.sum(np.maximum(person.asleep_low_c - sleeping_c, 0)[asleep]),
            np.sum(np.maximum(sleeping_c - person.asleep_high_c, 0)[asleep]),
            np.sum(awake),
        )
    household = np.sum(cold_k / np.maximum(up, 1)), np.sum(hot_k / np.maximum(up, 1)), np.sum(up > 0)
    return Felt(*(np.concatenate([sums, household]) * MINUTE_H).tolist())


class Hand:
    """The people's hand on the thermostat."""

    def __init__(self, drawn: ElectricHome) -> None:
        self._drawn = drawn
        self._sign = -1.0 if drawn.season == "cooling" else 1.0
        self._bothered = [0] * len(drawn.people)
        self._calm_until = 0
        self._now = 0

    def look(
        self, day: tuple[PersonDay, ...], minute: int, living_c: float, target_c: float, *, calls: bool
    ) -> float | None:
        """Return what somebody sets the thermostat to now, None if nobody touches it; asked every `LOOK_MIN`.

        Nobody turns it down while it does not call for heat (or cold): that would change nothing.
        """
        self._now += LOOK_MIN
        for number, (person, plan) in enumerate(zip(self._drawn.people, day, strict=True)):
            if not plan.awake[minute]:
                self._bothered[number] = 0
                continue
            off_k = 0.0
            if living_c < person.low_c - TOO_FAR_K:
                off_k = BEYOND_K
            elif living_c > person.high_c + TOO_FAR_K:
                off_k = -BEYOND_K
            self._bothered[number] = self._bothered[number] + LOOK_MIN if off_k else 0
            wanted = round(2 * (person.likes_c + off_k)) / 2
            helps = wanted - target_c if off_k > 0 else target_c - wanted
            turns_down = off_k * self._sign < 0
            if turns_down and not calls:
                continue
            if self._bothered[number] > person.patience_min and helps > 0 and self._now >= self._calm_until:
                self._calm_until = self._now + PATIENT_AGAIN_MIN
                return wanted
        return None


def opened_m2(
    drawn: ElectricHome, *, living_c: float, sleeping_c: float, out_c: float, awake: int, at_home: int, cools: bool
) -> tuple[float, float]:
    """Return how far people open windows because of how warm it is [m2]; shut while a machine cools."""
    if not at_home or cools:
        return 0.0, 0.0
    warm_c = max(one.high_c for one in drawn.people) + TOO_FAR_K
    if drawn.season == "cooling":
        warm_c = max(drawn.set_c - 1.5, *(one.low_c + BEYOND_K for one in drawn.people))
    sleep_warm_c = min(one.asleep_high_c for one in drawn.people) - (4.0 if drawn.season == "cooling" else 0.0)
    living = OPENED_M2 if awake and living_c > warm_c and out_c < living_c - 1 else 0.0
    sleeping = TILTED_M2 if sleeping_c > sleep_warm_c and out_c < sleeping_c - 1 else 0.0
    return living, sleeping
