"""Pasts of several entities as one series, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.survey import Means, Past, Survey
from homeagent.domain.wiring import MeterSource

DAWN, DUSK = 4, 22
ENOUGH_HOURS = 24
ALIKE = 0.15
CLEAR_KW, SAME_KW, SAME_SHARE = 0.2, 0.02, 0.05
ENOUGH_DISCHARGES, OFTEN = 12, 0.25


def summed(sources: Iterable[MeterSource], past: Past) -> dict[datetime, float]:
    """Return the sum of entities with their signs, in the slots that all of them have."""
    parts = [(source.sign, past.means.get(source.entity, {})) for source in sources]
    starts = set.intersection(*({*means} for _, means in parts)) if parts else set()
    return {at: sum(sign * means[at] for sign, means in parts) for at in starts}


def misfit(one: FloatArray, other: FloatArray) -> float:
    """Return how far one is off the other, as a share of the other, at most 1."""
    size = float(np.sqrt(np.mean(other**2)))
    return 0.0 if size == 0 else min(float(np.sqrt(np.mean((one - other) ** 2))) / size, 1.0)


def is_night(at: datetime, timezone: ZoneInfo) -> bool:
    """Return whether the sun is down, whatever the season."""
    return not DAWN <= at.astimezone(timezone).hour < DUSK


def night_share(survey: Survey, sources: Sequence[MeterSource]) -> float:
    """Return a power's mean at night as a share of that of all hours; 0 where too little is known."""
    zone = ZoneInfo(survey.timezone)
    slots = summed(sources, survey.hours)
    night = [abs(kw) for at, kw in slots.items() if is_night(at, zone)]
    mean = sum(abs(kw) for kw in slots.values()) / max(len(slots), 1)
    return 0.0 if len(slots) < ENOUGH_HOURS or not night or mean == 0 else sum(night) / len(night) / mean


def holds_the_battery(survey: Survey, sources: Sequence[MeterSource], discharged: Sequence[MeterSource]) -> bool:
    """Return whether what is said to be PV often is just what the battery gives, as it is after sunset."""
    out = {at: kw for at, kw in summed(discharged, survey.hours).items() if kw > CLEAR_KW} if discharged else {}
    seen = summed(sources, survey.hours)
    pairs = [(seen[at], kw) for at, kw in out.items() if at in seen]
    same = [kw for said, kw in pairs if abs(said - kw) < SAME_KW + SAME_SHARE * kw]
    return len(pairs) >= ENOUGH_DISCHARGES and len(same) > OFTEN * len(pairs)


def alike(survey: Survey, entity_id: str, counted: Means) -> bool:
    """Return whether a power is what counters counted, whichever way either counts."""
    means = survey.hours.means.get(entity_id, {})
    common = [at for at in counted if at in means]
    if len(common) < ENOUGH_HOURS:
        return False
    power, count = np.array([means[at] for at in common]), np.array([counted[at] for at in common])
    return bool(np.any(count)) and min(misfit(power, count), misfit(-power, count)) < ALIKE
