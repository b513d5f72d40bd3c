"""When people draw hot water, and how much: showers, baths, taps.

Kinds, flows and shares follow Jordan and Vajen, "Realistic domestic hot-water profiles in different time scales" (IEA
SHC Task 26, 2001): of 200 litres at 45 degC for a family 40 % are showers (8 l/min for 5 minutes), 10 % baths (14 l/min
for 10 minutes), 36 % draws of 6 l/min and 14 % of 1 l/min for a minute.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.electric.plans import PersonDay

Kind = Literal["shower", "bath", "tap"]
SHOWER_L_MIN, SHOWER_MIN, SHOWER_C = 8.0, 5.0, 39.5
BATH_L_MIN, BATH_MIN, BATH_C = 14.0, 10, 40.0
TAPS = ((0.36, 6.0, 42.0), (0.14, 1.0, 38.0))
"""Share of the litres, litres a draw, temperature at the tap."""
IN_THE_MORNING = 0.65
"""Share of showers: assumed; measured profiles have their higher peak in the morning."""


@dataclass(frozen=True, slots=True)
class Draw:
    """What a tap lets out in a minute, mixed to `tap_c`; `last` ends a shower or a bath."""

    kind: Kind
    litres: float
    tap_c: float
    last: bool


def draws_of_day(
    drawn: ElectricHome, ordinal: int, people: tuple[PersonDay, ...], clock_min: FloatArray
) -> dict[int, list[Draw]]:
    """Return the draws of a day by its minutes: only of people that are up and at home."""
    rng = np.random.default_rng([drawn.seed, 37, ordinal])
    found: dict[int, list[Draw]] = {}

    def put(minute: int, draw: Draw) -> None:
        if minute < len(clock_min):
            found.setdefault(minute, []).append(draw)

    for person, day in zip(drawn.people, people, strict=True):
        there = np.flatnonzero(day.awake)
        litres = person.litres_per_day
        showers = rng.poisson(0.4 * litres / (SHOWER_L_MIN * SHOWER_MIN))
        for _ in range(min(showers, 2)):
            morning, minutes = rng.random() < IN_THE_MORNING, int(np.clip(rng.normal(SHOWER_MIN, 1.5), 2, 12))
            wanted = day.wake + rng.uniform(5, 30) if morning else day.sleep - rng.uniform(20, 150)
            first = int(np.argmax(clock_min >= min(wanted, clock_min[-1])))
            for ahead in range(minutes if len(there) and day.awake[first] else 0):
                put(first + ahead, Draw("shower", SHOWER_L_MIN, SHOWER_C, last=ahead == minutes - 1))
        for share, each, tap_c in TAPS:
            for minute in rng.choice(there, rng.poisson(share * litres / each)) if len(there) else ():
                put(int(minute), Draw("tap", each * rng.uniform(0.5, 1.5), tap_c, last=False))
        bathes = drawn.baths and rng.random() < 0.1 * litres / (BATH_L_MIN * BATH_MIN) * 2
        if bathes and len(there) and day.awake[there[-1]]:
            first = max(int(there[-1]) - int(rng.uniform(45, 150)), 0)
            for ahead in range(BATH_MIN):
                put(first + ahead, Draw("bath", BATH_L_MIN, BATH_C, last=ahead == BATH_MIN - 1))
    return found
