"""Which entities show a power that may belong to the home, and what can be said of each by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from homeagent.agent.discovery.dashboard import Dashboard
from homeagent.agent.discovery.series import alike, summed
from homeagent.agent.discovery.words import (
    NEVER,
    QUANTITIES,
    Quantity,
    Way,
    own_words,
    phase_of,
    speaks_of,
    way_of,
    words_of,
)
from homeagent.domain.discovery import FoundEntity
from homeagent.domain.survey import Survey
from homeagent.domain.wiring import MeterSource
from homeagent.hass.entities import ABSENT
from homeagent.hass.units import POWER_KW

GRID_PLATFORMS = frozenset({"tibber", "dsmr", "dsmr_reader", "p1_monitor", "discovergy"})
"""Integrations that read nothing but the meter of a connection."""
NO_PLATFORMS = frozenset({"mobile_app", "emhass", "forecast_solar", "solcast_solar", "open_meteo_solar_forecast"})
OF_OTHERS = ("sensor.evcc_", "sensor.predbat_", "sensor.emhass_")
"""What other programs hand on counts less than its source: it ends with them."""
SIBLING, NAMED, TOTAL, SAME, BORROWED = 25, 20, 5, 20, 10
ENOUGH = 20
TWO_WAYS_KW = 0.05
DAY, HALF_A_DAY = timedelta(days=1), timedelta(hours=12)
LATE_STEPS, LATE_KW = 2, 15.0
"""A late meter moves at most so often a day, then as if the home used this much; whole kWh in 5 minutes are 12 kW."""


def is_live(survey: Survey, entity_id: str) -> bool:
    """Return whether a statistic is an entity that shows a value."""
    entity = survey.entities.get(entity_id)
    return entity is not None and not entity.disabled and entity.state is not None


def is_late(survey: Survey, entity_id: str) -> bool:
    """Return whether a counter moves a few times a day at most, by more than a home can use so soon."""
    if "previous" in own_words(entity_id):
        return True
    for past in (survey.minutes, survey.hours):
        counted = list(past.means.get(entity_id, {}).values())
        moved = [kw for kw in counted if kw > 0]
        if moved and len(counted) * past.step >= HALF_A_DAY:
            days = len(counted) * past.step / DAY
            return len(moved) <= LATE_STEPS * days + 1 and sum(moved) / len(moved) > LATE_KW
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Single:
    """One power that may be a quantity, or a part of it. `one_way`: it was never seen below zero."""

    entity: FoundEntity
    quantity: Quantity
    score: int
    way: Way | None
    why: str
    one_way: bool


def single_sensors(
    survey: Survey, told: Dashboard, quantity: Quantity, near: frozenset[str], same: frozenset[str]
) -> Iterator[Single]:
    """Yield the powers that may be a quantity or a part of it. `near` are devices, `same` measure what was counted."""
    for entity in survey.entities.values():
        if not is_power(entity) or entity.entity_id in told.submeters or entity.platform in NO_PLATFORMS:
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
        score += SAME * (entity.entity_id in same) - BORROWED * entity.entity_id.startswith(OF_OTHERS)
        if score >= ENOUGH:
            why = "the device of the dashboard's counter has it" if sibling else "its name says so"
            yield Single(
                entity=entity,
                quantity=quantity,
                score=score,
                way=_way(survey, quantity, entity.entity_id),
                why=why if sibling or fits else "it is the power of what the dashboard counts",
                one_way=min(_seen(survey, entity.entity_id), default=-1.0) >= -TWO_WAYS_KW,
            )


def is_power(entity: FoundEntity) -> bool:
    """Return whether an entity shows a power."""
    unit = entity.attributes.get("unit_of_measurement")
    here = entity.entity_id.startswith("sensor.") and not entity.disabled and entity.state is not None
    return here and unit in POWER_KW and entity.attributes.get("device_class") in {"power", None}


def _speaks_of_another(quantity: Quantity, entity: FoundEntity) -> bool:
    return any(speaks_of(other, words_of(entity)) for other in QUANTITIES if other != quantity)


def _way(survey: Survey, quantity: Quantity, entity_id: str) -> Way | None:
    """Return the direction an entity is limited to; one that was seen both ways has none, whatever its name says."""
    if quantity in {"pv", "load"}:
        return None
    seen = _seen(survey, entity_id)
    both = bool(seen) and min(seen) < -TWO_WAYS_KW and max(seen) > TWO_WAYS_KW
    return None if both else way_of(quantity, entity_id)


def _seen(survey: Survey, entity_id: str) -> list[float]:
    return [*survey.hours.means.get(entity_id, {}).values(), *survey.minutes.means.get(entity_id, {}).values()]


def devices_of(survey: Survey, counters: Sequence[MeterSource]) -> frozenset[str]:
    """Return the devices that counters belong to."""
    entities = [survey.entities.get(source.entity) for source in counters]
    return frozenset(one.device_id for one in entities if one is not None and one.device_id is not None)


def counted_alike(survey: Survey, counters: Sequence[MeterSource]) -> frozenset[str]:
    """Return the powers that were what the counters counted together."""
    counted = summed(counters, survey.hours)
    return frozenset(
        name for name, entity in survey.entities.items() if is_power(entity) and alike(survey, name, counted)
    )


def is_shown(entity: FoundEntity) -> bool:
    """Return whether an entity has a value at this moment."""
    return entity.state is not None and entity.state not in ABSENT
