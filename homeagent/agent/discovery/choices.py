"""Ways to read a candidate: with either sign and in three units; and what speaks against each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.discovery.candidates import Candidate
from homeagent.agent.discovery.dashboard import Role
from homeagent.agent.discovery.series import misfit, summed
from homeagent.domain.grid import FloatArray
from homeagent.domain.survey import Past
from homeagent.domain.wiring import MeterSource

SCALES = (1.0, 1000.0, 0.001)
"""As shown; kilowatts under the unit W; watts under the unit kW."""
ENOUGH_SLOTS = 12
FLIPPED_GUESS, FLIPPED_TOLD, RESCALED, RANKED, COUNTED = 0.01, 0.06, 0.3, 0.004, 0.5
"""What speaks against a turned sign (guessed, or told), another unit, a point less of score, a counter for a power."""
SOC_BACKWARDS = 0.3
SMALLEST_KW, LARGEST_KW = 0.02, 70.0
MOVING = 0.25
"""So far a correlation must be from zero to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What powers are held against: counters by quantity, and the state of charge, in a past of the same slots."""

    past: Past
    timezone: ZoneInfo
    counters: Mapping[Role, tuple[MeterSource, ...]] = field(default_factory=dict)
    soc: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate read with one sign and unit: its mean powers [kW], and what speaks against it, by test."""

    candidate: Candidate
    sign: Literal[1, -1]
    scale: float
    kw: FloatArray
    against: Mapping[str, float]

    @property
    def cost(self) -> float:
        """What speaks against it, all together."""
        return sum(self.against.values())


def choices(
    options: Mapping[Candidate, Mapping[datetime, float]], evidence: Evidence, starts: Sequence[datetime]
) -> Iterator[Choice]:
    """Yield every way to read each candidate, of which `options` has the powers [kW] as shown."""
    top = max(option.score for option in options)
    for option, slots in options.items():
        shown = np.array([slots[at] for at in starts])
        signs: tuple[Literal[1, -1], ...] = (1,) if option.quantity == "load" else (1, -1)
        for sign in signs:
            for scale in SCALES:
                kw = sign * scale * shown
                against = {
                    "rank": RANKED * (top - option.score) + COUNTED * (option.counts and len(options) > 1),
                    "sign": 0.0 if sign == 1 else FLIPPED_TOLD if option.signs_from else FLIPPED_GUESS,
                    "unit": 0.0 if scale == 1 else RESCALED,
                    "range": _out_of_range(kw),
                    **_own(option, kw, slots, sign * scale, evidence),
                }
                yield Choice(option, sign, scale, kw, against)


def _out_of_range(kw: FloatArray) -> float:
    largest = float(np.max(np.abs(kw)))
    return 1.0 if largest > LARGEST_KW or 0 < largest < SMALLEST_KW else 0.0


def _own(
    option: Candidate, kw: FloatArray, slots: Mapping[datetime, float], factor: float, evidence: Evidence
) -> dict[str, float]:
    """Return what can be said of one quantity without the others."""
    against: dict[str, float] = {}
    if option.quantity == "pv" and np.any(kw):
        against["daylight"] = float(np.mean(np.maximum(-kw, 0)) / np.mean(np.abs(kw)))
    counters = () if option.quantity == "load" else evidence.counters.get(option.quantity, ())
    if counters and not option.counts:
        counted = summed(counters, evidence.past)
        both = sorted({*counted} & {*slots})
        if both:
            against["counter"] = misfit(
                np.array([factor * slots[at] for at in both]), np.array([counted[at] for at in both])
            )
    if option.quantity == "battery" and evidence.soc is not None:
        moved = _together(slots, evidence.past.means.get(evidence.soc, {}), evidence.past)
        if moved is not None:
            follows = -moved * (1 if factor > 0 else -1)
            against["soc"] = min((1 - follows) / 2, (1 + follows) / 2 + SOC_BACKWARDS)
    return against


def _together(slots: Mapping[datetime, float], levels: Mapping[datetime, float], past: Past) -> float | None:
    """Return how a battery's power and the change of its charge go together, -1 to 1; None where it hardly moved."""
    pairs = [
        ((slots[at] + slots[at + past.step]) / 2, levels[at + past.step] - levels[at])
        for at in sorted(slots)
        if at + past.step in slots and at in levels and at + past.step in levels
    ]
    if len(pairs) < ENOUGH_SLOTS:
        return None
    power, change = np.array(pairs).T
    if np.std(power) == 0 or np.std(change) == 0:
        return None
    correlation = float(np.corrcoef(power, change)[0, 1])
    return correlation if abs(correlation) >= MOVING else None
