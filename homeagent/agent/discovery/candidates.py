"""Which entities may measure the grid, PV, battery and load of a home, best first, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.words import (
    NEVER,
    Quantity,
    Way,
    own_words,
    phase_of,
    speaks_of,
    way_of,
    without_way,
    words_of,
)
from homeagent.domain.discovery import FoundEntity
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.entities import ABSENT
from homeagent.hass.units import ENERGY_KWH, POWER_KW

QUANTITIES: tuple[Quantity, ...] = ("grid", "pv", "battery", "load")
GRID_PLATFORMS = frozenset({"tibber", "dsmr", "dsmr_reader", "p1_monitor", "discovergy"})
"""Integrations that read nothing but the meter of a connection."""
NO_PLATFORMS = frozenset({"mobile_app", "emhass", "forecast_solar", "solcast_solar", "open_meteo_solar_forecast"})
DASHBOARD, SIBLING, NAMED, TOTAL, COUNTED = 60, 25, 20, 5, 10
ENOUGH = 20
MOST = 4
TWO_WAYS_KW = 0.05
THREE = 3
HOUR, DAY, HALF_A_DAY = timedelta(hours=1), timedelta(days=1), timedelta(hours=12)
LATE_STEPS, LATE_KWH = 2, 1.5
"""A late meter moves at most so often a day, and by more than a live one that counts whole kilowatt-hours."""


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
    near = _devices_of(survey, told)
    found: dict[Quantity, list[Candidate]] = {}
    for quantity in QUANTITIES:
        of_it = [*_told(survey, told, quantity)]
        singles = list(_singles(survey, told, quantity, near.get(quantity, frozenset())))
        of_it += [*_paired(survey, singles), *_phases(singles), *_alone(singles)]
        of_it += _counters(survey, told, quantity)
        best: dict[tuple[MeterSource, ...], Candidate] = {}
        for candidate in sorted(of_it, key=lambda one: -one.score):
            best.setdefault(candidate.sources, candidate)
        found[quantity] = list(best.values())[:MOST]
    return found


def is_live(survey: Survey, entity_id: str) -> bool:
    """Return whether a statistic is an entity that shows a value."""
    entity = survey.entities.get(entity_id)
    return entity is not None and not entity.disabled and entity.state is not None


def is_late(survey: Survey, entity_id: str) -> bool:
    """Return whether a counter moves a few times a day at most, by a lot: a meter that is read long after."""
    if "previous" in own_words(entity_id):
        return True
    for past in (survey.hours, survey.minutes):
        counted = [kw * (past.step / HOUR) for kw in past.means.get(entity_id, {}).values()]
        steps = [kwh for kwh in counted if kwh > 0]
        if steps and len(counted) * past.step >= HALF_A_DAY:
            days = len(counted) * past.step / DAY
            return len(steps) <= LATE_STEPS * days + 1 and sum(steps) / len(steps) > LATE_KWH
    return False


def _devices_of(survey: Survey, told: Dashboard) -> dict[Quantity, frozenset[str]]:
    """Return the devices that the dashboard's counters belong to."""
    found: dict[Quantity, frozenset[str]] = {}
    for role, counters in told.counters.items():
        entities = [survey.entities.get(source.entity) for source in counters]
        found[role] = frozenset(one.device_id for one in entities if one is not None and one.device_id is not None)
    return found


def _told(survey: Survey, told: Dashboard, quantity: Quantity) -> Iterator[Candidate]:
    sources = () if quantity == "load" else told.powers.get(quantity, ())
    if sources and all(is_live(survey, source.entity) for source in sources):
        why = "the Energy dashboard names it"
        yield Candidate(quantity=quantity, sources=sources, score=DASHBOARD, why=why, signs_from="the Energy dashboard")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Single:
    entity: FoundEntity
    quantity: Quantity
    score: int
    way: Way | None
    why: str


def _singles(survey: Survey, told: Dashboard, quantity: Quantity, near: frozenset[str]) -> Iterator[_Single]:
    for entity in survey.entities.values():
        if not _is_power(entity) or entity.entity_id in told.submeters or entity.platform in NO_PLATFORMS:
            continue
        if own_words(entity.entity_id) & NEVER:
            continue
        device = survey.devices.get(entity.device_id or "")
        if entity.platform in GRID_PLATFORMS:
            fits = quantity == "grid"
        else:
            fits = speaks_of(quantity, words_of(entity)) or (
                speaks_of(quantity, words_of(entity, device)) and not _speaks_of_another(quantity, entity)
            )
        sibling = entity.device_id in near and not _speaks_of_another(quantity, entity)
        score = NAMED * fits + SIBLING * sibling + TOTAL * (phase_of(entity.entity_id) is None)
        if score >= ENOUGH:
            way = _way(survey, quantity, entity.entity_id)
            why = "the device of the dashboard's counter has it" if sibling else "its name says so"
            yield _Single(entity=entity, quantity=quantity, score=score, way=way, why=why)


def _is_power(entity: FoundEntity) -> bool:
    unit = entity.attributes.get("unit_of_measurement")
    here = entity.entity_id.startswith("sensor.") and not entity.disabled and entity.state is not None
    return here and unit in POWER_KW and entity.attributes.get("device_class") in {"power", None}


def _speaks_of_another(quantity: Quantity, entity: FoundEntity) -> bool:
    return any(speaks_of(other, words_of(entity)) for other in QUANTITIES if other != quantity)


def _way(survey: Survey, quantity: Quantity, entity_id: str) -> Way | None:
    """Return the direction an entity is limited to; one that was seen both ways has none, whatever its name says."""
    if quantity in {"pv", "load"}:
        return None
    seen = [*survey.hours.means.get(entity_id, {}).values(), *survey.minutes.means.get(entity_id, {}).values()]
    both = bool(seen) and min(seen) < -TWO_WAYS_KW and max(seen) > TWO_WAYS_KW
    return None if both else way_of(quantity, entity_id)


def _paired(survey: Survey, singles: Sequence[_Single]) -> Iterator[Candidate]:
    """Yield pairs of one entity for each direction, those with the same name otherwise first."""
    into = [one for one in singles if one.way == "in"]
    out = [one for one in singles if one.way == "out"]
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


def _phases(singles: Sequence[_Single]) -> Iterator[Candidate]:
    """Yield groups of three phases."""
    groups: dict[str, dict[str, _Single]] = {}
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


def _alone(singles: Sequence[_Single]) -> Iterator[Candidate]:
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


def is_shown(entity: FoundEntity) -> bool:
    """Return whether an entity has a value at this moment."""
    return entity.state is not None and entity.state not in ABSENT
