"""Proves by what was measured which entities are a home's meters, which way they count and in which unit.

Every candidate, with either sign and in three units, is held against what must be true: a counter and its power agree;
the load is what comes from grid, PV and battery, and never negative; a battery that discharges loses charge; a home
uses more than nothing and less than a factory. The set that fits best is taken; what decided is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from homeagent.agent.discovery.balance import Balance, apart
from homeagent.agent.discovery.candidates import Candidate
from homeagent.agent.discovery.choices import ENOUGH_SLOTS, Choice, Evidence, choices
from homeagent.agent.discovery.series import is_night, summed
from homeagent.agent.discovery.words import Quantity
from homeagent.domain.grid import FloatArray
from homeagent.domain.survey import Past
from homeagent.domain.wiring import MeterSource

MOST_CHOICES = 16
PROVEN = 0.1
"""By so much the best must lead for a sign to count as proven."""
CLEAR = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """One quantity's entities. `flipped` and `scale` say what the shown values must be multiplied by.

    `by` names the tests that its sign rests on; empty where nothing decided.
    """

    candidate: Candidate
    flipped: bool = False
    scale: float = 1.0
    by: tuple[str, ...] = ()

    def sources(self) -> tuple[MeterSource, ...]:
        """Return the entities with their signs as proved."""
        if not self.flipped:
            return self.candidate.sources
        return tuple(MeterSource(entity=one.entity, sign=-1 if one.sign == 1 else 1) for one in self.candidate.sources)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What fits best. `misfit` is what the load's meter is off by, as a share of itself; None without such a test.

    `unmetered_pv`: power comes by day from something that nothing measures.
    """

    found: Mapping[Quantity, Proved]
    soc_backwards: bool = False
    slots: int = 0
    misfit: float | None = None
    unmetered_pv: bool = False


def prove(found: Mapping[Quantity, Sequence[Candidate]], evidence: Evidence) -> Proof:
    """Return the candidates, signs and units that fit best to each other and to the evidence."""
    measured = {name: _covered(options, evidence.past) for name, options in found.items()}
    starts = _common([slots for options in measured.values() for slots in options.values()])
    otherwise = {name: Proved(candidate=options[0]) for name, options in found.items() if options}
    if not starts:
        return Proof(found=otherwise)
    readings = {
        name: sorted(choices(options, evidence, starts), key=lambda choice: choice.cost)[:MOST_CHOICES]
        for name, options in measured.items()
        if options
    }
    balance = Balance(readings, np.array([is_night(at, evidence.timezone) for at in starts]))
    whole = all(not options or measured[name] for name, options in found.items()) and "grid" in readings
    if evidence.soc is not None and "battery" not in readings:
        whole = False
    costs = balance.costs() if whole else apart(readings)
    proof = _best(readings, costs, otherwise, len(starts))
    return (
        replace(proof, unmetered_pv=balance.only_at_night(costs), misfit=balance.load_misfit(costs)) if whole else proof
    )


def _covered(options: Sequence[Candidate], past: Past) -> dict[Candidate, Mapping[datetime, float]]:
    """Return the powers of each candidate that has a past worth the name."""
    sums = {option: summed(option.sources, past) for option in options}
    most = max((len(slots) for slots in sums.values()), default=0)
    return {option: slots for option, slots in sums.items() if slots and len(slots) >= most / 2}


def _common(parts: Sequence[Mapping[datetime, float]]) -> list[datetime]:
    return sorted(set.intersection(*({*part} for part in parts))) if parts else []


def _best(
    readings: Mapping[Quantity, Sequence[Choice]],
    costs: FloatArray,
    otherwise: Mapping[Quantity, Proved],
    slots: int,
) -> Proof:
    place = np.unravel_index(int(np.argmin(costs)), costs.shape)
    found = dict(otherwise)
    for axis, (name, of_it) in enumerate(readings.items()):
        taken = of_it[int(place[axis])]
        flips = [k for k, one in enumerate(of_it) if one.candidate == taken.candidate and one.sign != taken.sign]
        lead = min((float(np.min(np.take(costs, k, axis=axis))) for k in flips), default=np.inf) - float(costs[place])
        by = _deciding(taken, [of_it[k] for k in flips]) if lead >= PROVEN and slots >= ENOUGH_SLOTS else ()
        found[name] = Proved(candidate=taken.candidate, flipped=taken.sign == -1, scale=taken.scale, by=by)
    return Proof(
        found=found,
        soc_backwards=_backwards(readings, place),
        slots=slots,
    )


def _deciding(taken: Choice, flips: Sequence[Choice]) -> tuple[str, ...]:
    """Return the tests that speak for a sign; where none does alone, the home's balance did."""
    words = {"counter": "its counter", "soc": "the state of charge", "daylight": "the sun"}
    same_unit = [one for one in flips if one.scale == taken.scale]
    by = [
        words[test]
        for test, cost in taken.against.items()
        if test in words and any(one.against.get(test, cost) - cost >= CLEAR for one in same_unit)
    ]
    return tuple(by) or ("the balance of the home",)


def _backwards(readings: Mapping[Quantity, Sequence[Choice]], place: Sequence[np.intp]) -> bool:
    names = list(readings)
    if "battery" not in names:
        return False
    taken = readings["battery"][int(place[names.index("battery")])]
    other = next(
        (one for one in readings["battery"] if one.candidate == taken.candidate and one.sign != taken.sign), None
    )
    return other is not None and taken.against.get("soc", 0.0) > other.against.get("soc", 1.0)
