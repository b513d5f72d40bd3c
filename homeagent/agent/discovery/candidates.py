"""Which entities may measure the grid, PV, battery and load of a home, best first, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.sensors import (
    NAMED,
    SIBLING,
    TOTAL,
    Single,
    counted_alike,
    devices_of,
    is_late,
    is_live,
    is_power,
    single_sensors,
)
from homeagent.agent.discovery.series import alike, summed
from homeagent.agent.discovery.words import QUANTITIES, Quantity, phase_of, without_way
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.units import ENERGY_KWH

DASHBOARD, COUNTED = 60, 10
MOST = 4
THREE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Entities that together may be one quantity. `signs_from` says who told their signs, None if that is a guess."""

    quantity: Quantity
    sources: tuple[MeterSource, ...]
    score: int
    why: str
    signs_from: str | None = None
    counts: bool = False

    def entities(self) -> tuple[str, ...]:
        """Return its entities in order."""
        return tuple(source.entity for source in self.sources)


def candidates(survey: Survey, told: Dashboard) -> dict[Quantity, list[Candidate]]:
    """Return what may measure each quantity, best first."""
    found: dict[Quantity, list[Candidate]] = {}
    for quantity in QUANTITIES:
        counters = () if quantity == "load" else told.counters.get(quantity, ())
        near = devices_of(survey, counters)
        same = counted_alike(survey, counters)
        singles = list(single_sensors(survey, told, quantity, near, same))
        of_it = [*_told(survey, told, quantity), *_paired(survey, singles), *_phases(singles), *_alone(singles)]
        of_it += [*_each(survey, quantity, counters, singles), *_counters(survey, told, quantity)]
        best: dict[tuple[MeterSource, ...], Candidate] = {}
        for candidate in sorted(of_it, key=lambda one: -one.score):
            best.setdefault(candidate.sources, candidate)
        found[quantity] = list(best.values())[:MOST]
    return found


def _told(survey: Survey, told: Dashboard, quantity: Quantity) -> Iterator[Candidate]:
    sources = () if quantity == "load" else told.powers.get(quantity, ())
    if sources and all(is_live(survey, source.entity) for source in sources):
        why = "the Energy dashboard names it"
        yield Candidate(quantity=quantity, sources=sources, score=DASHBOARD, why=why, signs_from="the Energy dashboard")


def _paired(survey: Survey, singles: Sequence[Single]) -> Iterator[Candidate]:
    """Yield pairs of one entity for each direction, those with the same name otherwise first."""
    out = [one for one in singles if one.way == "out"]
    into = [one for one in singles if one.way == "in"] or [one for one in singles if one.way is None and one.one_way]
    for one in into:
        for other in out:
            alike = without_way(one.quantity, one.entity.entity_id) == without_way(one.quantity, other.entity.entity_id)
            together = one.entity.device_id is not None and one.entity.device_id == other.entity.device_id
            if alike or together or (len(into), len(out)) == (1, 1):
                away: Literal[1, -1] = 1 if _below_zero(survey, other.entity.entity_id) else -1
                sources = (
                    MeterSource(entity=one.entity.entity_id),
                    MeterSource(entity=other.entity.entity_id, sign=away),
                )
                yield Candidate(
                    quantity=one.quantity,
                    sources=sources,
                    score=min(one.score, other.score) + TOTAL * alike,
                    why="a power for each direction, by their names",
                    signs_from="their names",
                )


def _below_zero(survey: Survey, entity_id: str) -> bool:
    """Return whether a power that flows out of the bus is shown with a minus."""
    seen = [*survey.hours.means.get(entity_id, {}).values(), *survey.minutes.means.get(entity_id, {}).values()]
    return sum(seen) < 0


def _phases(singles: Sequence[Single]) -> Iterator[Candidate]:
    """Yield groups of three phases."""
    groups: dict[str, dict[str, Single]] = {}
    for one in singles:
        split = phase_of(one.entity.entity_id)
        if split is not None and one.way is None:
            groups.setdefault(split[0], {})[split[1]] = one
    for phases in groups.values():
        if len(phases) == THREE:
            ordered = [phases[name] for name in sorted(phases)]
            yield Candidate(
                quantity=ordered[0].quantity,
                sources=tuple(MeterSource(entity=one.entity.entity_id) for one in ordered),
                score=min(one.score for one in ordered),
                why="three phases, added up",
            )


def _alone(singles: Sequence[Single]) -> Iterator[Candidate]:
    """Yield entities that stand for a quantity by themselves; one direction alone only where there is no other."""
    has_out = any(one.way == "out" for one in singles)
    for one in singles:
        if phase_of(one.entity.entity_id) is not None:
            continue
        only_in = one.way == "in" and one.quantity == "grid" and not has_out
        if one.way is None or only_in:
            candidate = Candidate(
                quantity=one.quantity, sources=(MeterSource(entity=one.entity.entity_id),), score=one.score, why=one.why
            )
            yield replace(candidate, score=candidate.score - 1) if only_in else candidate


def _each(
    survey: Survey, quantity: Quantity, counters: Sequence[MeterSource], singles: Sequence[Single]
) -> Iterator[Candidate]:
    """Yield a power for each of several counters: roofs, inverters."""
    if quantity != "pv" or len(counters) < 2:  # noqa: PLR2004 - several
        return
    sensors = {one.entity.entity_id for one in singles} | {
        name for name, one in survey.entities.items() if is_power(one)
    }
    fits = [
        (SequenceMatcher(None, counter.entity, name).ratio(), counter.entity, name)
        for counter in counters
        for name in sensors
        if alike(survey, name, summed([counter], survey.hours))
    ]
    taken: dict[str, str] = {}
    for _, counter_id, name in sorted(fits, reverse=True):
        if counter_id not in taken and name not in taken.values():
            taken[counter_id] = name
    names = [taken[counter.entity] for counter in counters if counter.entity in taken]
    if len(names) == len(counters):
        yield Candidate(
            quantity=quantity,
            sources=tuple(MeterSource(entity=name) for name in names),
            score=SIBLING + NAMED + TOTAL,
            why="each is the power of one of the dashboard's counters",
        )


def _counters(survey: Survey, told: Dashboard, quantity: Quantity) -> Iterator[Candidate]:
    """Yield the dashboard's own counters, where they are entities that count now."""
    sources = () if quantity == "load" else told.counters.get(quantity, ())
    live = [source for source in sources if is_live(survey, source.entity) and not is_late(survey, source.entity)]
    units = {survey.entities[source.entity].attributes.get("unit_of_measurement") for source in live}
    ways = {source.sign for source in live}
    if (
        live
        and len(live) == len(sources)
        and units <= {*ENERGY_KWH}
        and (ways == {1, -1} or quantity in {"pv", "grid"})
    ):
        yield Candidate(
            quantity=quantity,
            sources=tuple(live),
            score=COUNTED,
            why="the Energy dashboard's counters",
            signs_from="the Energy dashboard",
            counts=True,
        )
