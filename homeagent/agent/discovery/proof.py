"""Proves by what was measured which entities are a home's meters, which way they count and in which unit.

Every candidate, with either sign and in three units, is held against what must be true: a counter and its power agree;
the load is what comes from grid, PV and battery, and never negative; a battery that discharges loses charge; a home
uses more than nothing and less than a factory. The set that fits best is taken; what decided is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.discovery.candidates import Candidate
from homeagent.agent.discovery.dashboard import Role
from homeagent.agent.discovery.series import is_night, misfit, summed
from homeagent.agent.discovery.words import Quantity
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.survey import Past
from homeagent.domain.wiring import MeterSource

SCALES = (1.0, 1000.0, 0.001)
"""As shown; kilowatts under the unit W; watts under the unit kW."""
ENOUGH_SLOTS, MOST_CHOICES = 12, 16
PROVEN = 0.1
"""By so much the best must lead for a sign to count as proven."""
FLIPPED_GUESS, FLIPPED_TOLD, RESCALED, RANKED, COUNTED = 0.01, 0.06, 0.3, 0.004, 0.5
SOC_BACKWARDS = 0.3
NEGATIVE_LOAD = 4.0
"""A tenth of the energy on the wrong side of zero counts as much as this much of a whole misfit."""
SMALLEST_KW, LARGEST_KW = 0.02, 70.0
LEAST_LOAD_KW, LARGEST_LOAD_KW = 0.02, 20.0
UNMETERED = 0.15
"""What it costs to suppose PV that nothing measures: then the balance holds at night alone."""
CLEAR = 0.05
MOVING = 0.25
"""So far a correlation must be from zero to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What powers are held against: counters by quantity, and the state of charge, in a past of the same slots."""

    past: Past
    timezone: ZoneInfo
    counters: Mapping[Role, tuple[MeterSource, ...]] = field(default_factory=dict)
    soc: str | None = None


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


@dataclass(frozen=True, slots=True)
class _Choice:
    """A candidate read with one sign and unit: its mean powers [kW], and what speaks against it, by test."""

    candidate: Candidate
    sign: Literal[1, -1]
    scale: float
    kw: FloatArray
    against: Mapping[str, float]

    @property
    def cost(self) -> float:
        return sum(self.against.values())


def prove(found: Mapping[Quantity, Sequence[Candidate]], evidence: Evidence) -> Proof:
    """Return the candidates, signs and units that fit best to each other and to the evidence."""
    measured = {name: _covered(options, evidence.past) for name, options in found.items()}
    starts = _common([slots for options in measured.values() for slots in options.values()])
    otherwise = {name: Proved(candidate=options[0]) for name, options in found.items() if options}
    if not starts:
        return Proof(found=otherwise)
    choices = {
        name: sorted(_choices(options, evidence, starts), key=lambda choice: choice.cost)[:MOST_CHOICES]
        for name, options in measured.items()
        if options
    }
    joint = _Joint(choices, np.array([is_night(at, evidence.timezone) for at in starts]))
    whole = all(not options or measured[name] for name, options in found.items()) and "grid" in choices
    if evidence.soc is not None and "battery" not in choices:
        whole = False
    costs = joint.costs() if whole else _apart(choices)
    proof = _best(choices, costs, otherwise, len(starts))
    return replace(proof, unmetered_pv=joint.only_at_night(costs), misfit=joint.loadmisfit(costs)) if whole else proof


def _covered(options: Sequence[Candidate], past: Past) -> dict[Candidate, Mapping[datetime, float]]:
    """Return the powers of each candidate that has a past worth the name."""
    sums = {option: summed(option.sources, past) for option in options}
    most = max((len(slots) for slots in sums.values()), default=0)
    return {option: slots for option, slots in sums.items() if slots and len(slots) >= most / 2}


def _common(parts: Sequence[Mapping[datetime, float]]) -> list[datetime]:
    return sorted(set.intersection(*({*part} for part in parts))) if parts else []


def _choices(
    options: Mapping[Candidate, Mapping[datetime, float]], evidence: Evidence, starts: Sequence[datetime]
) -> Iterator[_Choice]:
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
                yield _Choice(option, sign, scale, kw, against)


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


def _apart(choices: Mapping[Quantity, Sequence[_Choice]]) -> FloatArray:
    """Return the cost of every combination where the home's balance cannot be drawn up."""
    return _outer([np.array([choice.cost for choice in of_it]) for of_it in choices.values()])


def _outer(costs: Sequence[FloatArray]) -> FloatArray:
    total = np.zeros(())
    for one in costs:
        total = total[..., None] + one
    return np.asarray(total)


class _Joint:
    """The cost of every combination of choices: each one's own, and that of the home's balance."""

    def __init__(self, choices: Mapping[Quantity, Sequence[_Choice]], night: BoolArray) -> None:
        self._choices = choices
        self._night = night
        self._own = _apart(choices)

    def costs(self) -> FloatArray:
        """Return an array with an axis for each quantity, in their order."""
        always = self._own + self._balance(np.ones_like(self._night))
        if not self._may_be_unmetered():
            return np.asarray(always)
        return np.minimum(always, self._own + self._balance(self._night) + UNMETERED)

    def only_at_night(self, costs: FloatArray) -> bool:
        """Return whether the best combination holds at night alone."""
        if not self._may_be_unmetered():
            return False
        place = np.unravel_index(int(np.argmin(costs)), costs.shape)
        always = self._own + self._balance(np.ones_like(self._night))
        return bool(always[place] > costs[place])

    def loadmisfit(self, costs: FloatArray) -> float | None:
        """Return how far the load's meter is off in the best combination, None without one."""
        place = np.unravel_index(int(np.argmin(costs)), costs.shape)
        taken = {name: of_it[int(place[axis])].kw for axis, (name, of_it) in enumerate(self._choices.items())}
        if "load" not in taken:
            return None
        when = self._night if self.only_at_night(costs) else np.ones_like(self._night)
        parts = [kw[when] for name, kw in taken.items() if name != "load"]
        return misfit(np.sum(parts, axis=0), taken["load"][when])

    def _may_be_unmetered(self) -> bool:
        return "pv" not in self._choices and ENOUGH_SLOTS <= int(np.sum(self._night)) < len(self._night)

    def _balance(self, when: BoolArray) -> FloatArray:
        """Return what speaks against the home's balance in some of the slots."""
        sums = self._sums()[..., when]
        size = np.maximum(np.mean(np.abs(sums), axis=-1), 1e-6)
        mean = np.mean(sums, axis=-1)
        against = np.minimum(NEGATIVE_LOAD * np.mean(np.maximum(-sums, 0), axis=-1) / size, 1.0)
        against = against + np.where((mean < LEAST_LOAD_KW) | (mean > LARGEST_LOAD_KW), 1.0, 0.0)
        if "load" not in self._choices:
            return np.asarray(against)
        loads = np.stack([choice.kw[when] for choice in self._choices["load"]])
        off = np.stack([np.sqrt(np.mean((sums - load) ** 2, axis=-1)) for load in loads], axis=-1)
        sizes = np.maximum(np.sqrt(np.mean(loads**2, axis=-1)), 1e-6)
        return np.asarray(against[..., None] + np.minimum(off / sizes, 1.0))

    def _sums(self) -> FloatArray:
        """Return what comes from grid, PV and battery, with an axis for each of them that there is."""
        total: FloatArray = np.zeros(len(self._night))
        for name, of_it in self._choices.items():
            if name != "load":
                total = total[..., None, :] + np.stack([choice.kw for choice in of_it])
        return total


def _best(
    choices: Mapping[Quantity, Sequence[_Choice]],
    costs: FloatArray,
    otherwise: Mapping[Quantity, Proved],
    slots: int,
) -> Proof:
    place = np.unravel_index(int(np.argmin(costs)), costs.shape)
    found = dict(otherwise)
    for axis, (name, of_it) in enumerate(choices.items()):
        taken = of_it[int(place[axis])]
        flips = [k for k, one in enumerate(of_it) if one.candidate == taken.candidate and one.sign != taken.sign]
        lead = min((float(np.min(np.take(costs, k, axis=axis))) for k in flips), default=np.inf) - float(costs[place])
        by = _deciding(taken, [of_it[k] for k in flips]) if lead >= PROVEN and slots >= ENOUGH_SLOTS else ()
        found[name] = Proved(candidate=taken.candidate, flipped=taken.sign == -1, scale=taken.scale, by=by)
    return Proof(
        found=found,
        soc_backwards=_backwards(choices, place),
        slots=slots,
    )


def _deciding(taken: _Choice, flips: Sequence[_Choice]) -> tuple[str, ...]:
    """Return the tests that speak for a sign; where none does alone, the home's balance did."""
    words = {"counter": "its counter", "soc": "the state of charge", "daylight": "the sun"}
    same_unit = [one for one in flips if one.scale == taken.scale]
    by = [
        words[test]
        for test, cost in taken.against.items()
        if test in words and any(one.against.get(test, cost) - cost >= CLEAR for one in same_unit)
    ]
    return tuple(by) or ("the balance of the home",)


def _backwards(choices: Mapping[Quantity, Sequence[_Choice]], place: Sequence[np.intp]) -> bool:
    names = list(choices)
    if "battery" not in names:
        return False
    taken = choices["battery"][int(place[names.index("battery")])]
    other = next(
        (one for one in choices["battery"] if one.candidate == taken.candidate and one.sign != taken.sign), None
    )
    return other is not None and taken.against.get("soc", 0.0) > other.against.get("soc", 1.0)
