"""Where a home's prices can be had: entities that list them, and integrations that answer with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.discovery import FoundEntity
from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import FloatArray
from homeagent.domain.survey import Survey
from homeagent.sources.price_doubts import doubt
from homeagent.sources.price_shapes import read_entity, recognise

EXPORTS = {"export", "outgoing", "feedin", "compensation", "sell", "einspeisung"}
OF_A_DAY = re.compile(r"_(previous|current|next)_day_rates$")
AREA = re.compile(r"([A-Z]{2}[A-Z0-9-]*?)-(?:current|next|last)_price")
ACTIONS = {"nordpool": "nordpool.get_prices_for_date", "tibber": "tibber.get_prices"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One list of prices. `value` is what the configuration says of it, `entities` stand for it in the dashboard.

    `doubt` says why its prices cannot be true as labelled, `unit` which unit would make them so; `lacks` what is not
    in its prices, where that is known.
    """

    name: str
    value: Any
    entities: frozenset[str]
    export: bool = False
    doubt: str | None = None
    unit: str | None = None
    lacks: str | None = None

    def configured(self, unit: str | None) -> Any:  # noqa: ANN401 - a text, a list or a mapping
        """Return it as the configuration has it, with a unit in place of the entity's own."""
        return self.value if unit is None else {"spot": {"entity": self.value, "unit": unit}}


def offers(survey: Survey) -> list[Offer]:
    """Return every list of prices, those of entities first."""
    groups: dict[str, list[FoundEntity]] = {}
    for entity in survey.entities.values():
        if entity.disabled or entity.state is None or recognise(entity.attributes) is None:
            continue
        day = OF_A_DAY.search(entity.entity_id)
        if day is None or day[1] != "previous":
            groups.setdefault(OF_A_DAY.sub("", entity.entity_id), []).append(entity)
    listed = [offer for group in groups.values() if (offer := _listed(survey, sorted(group, key=_day))) is not None]
    return [*listed, *_answering(survey)]


def _day(entity: FoundEntity) -> bool:
    return "_next_day" in entity.entity_id


def _listed(survey: Survey, group: list[FoundEntity]) -> Offer | None:
    names = [entity.entity_id for entity in group]
    prices = _prices(survey, group, None)
    if prices is None or not len(prices):
        return None
    strange = doubt(prices, survey.currency)
    unit = None
    if strange is not None and len(names) == 1:
        units = ("ct/kWh", f"{survey.currency}/MWh", f"{survey.currency}/kWh")
        unit = next((unit for unit in units if _fits(survey, group, unit)), None)
    return Offer(
        name=names[0],
        value=names[0] if len(names) == 1 else names,
        entities=frozenset(names) | _kin(survey, group),
        export=any({*re.split(r"[._]", name)} & EXPORTS for name in names),
        doubt=strange,
        unit=unit,
    )


def _fits(survey: Survey, group: list[FoundEntity], unit: str) -> bool:
    prices = _prices(survey, group, unit)
    return prices is not None and len(prices) > 0 and doubt(prices, survey.currency) is None


def _prices(survey: Survey, group: list[FoundEntity], unit: str | None) -> FloatArray | None:
    """Return what a group of entities lists [currency/kWh], None where that is not understood."""
    prices: list[float] = []
    for entity in group:
        try:
            slots = read_entity(
                entity.attributes, timezone=ZoneInfo(survey.timezone), as_of=survey.at, unit=unit, shape=None
            )
        except PermanentError:
            return None
        prices += [slot.per_kwh for slot in slots]
    return np.array(prices)


def _kin(survey: Survey, group: list[FoundEntity]) -> frozenset[str]:
    """Return the entities of the same devices that list nothing: the dashboard may name the price of this moment.

    Of another direction, or of another list on the same device, nothing is known.
    """
    devices = {entity.device_id for entity in group} - {None}
    return frozenset(
        entity.entity_id
        for entity in survey.entities.values()
        if entity.device_id in devices and recognise(entity.attributes) is None
    )


def _answering(survey: Survey) -> Iterator[Offer]:
    """Yield integrations whose prices come by an action."""
    of_platform: dict[str, list[FoundEntity]] = {}
    for entity in survey.entities.values():
        if entity.platform in ACTIONS and ACTIONS[entity.platform] in survey.actions:
            of_platform.setdefault(entity.platform, []).append(entity)
    areas: dict[str, set[str]] = {}
    for entity in of_platform.get("nordpool", []):
        match = AREA.match(entity.unique_id or "")
        if match is not None:
            areas.setdefault(match[1], set()).add(entity.entity_id)
    for area, entities in sorted(areas.items()):
        yield Offer(
            name=f"Nord Pool {area}",
            value={"spot": {"integration": "nordpool", "area": area}},
            entities=frozenset(entities),
            lacks="VAT, grid fees and taxes",
        )
    homes = _tibber_homes(of_platform.get("tibber", []))
    for home, entities in sorted(homes.items()):
        named = {"home": home} if len(homes) > 1 else {}
        spot: Mapping[str, Any] = {"integration": "tibber", **named}
        yield Offer(name=f"Tibber {home}", value={"spot": dict(spot)}, entities=frozenset(entities), lacks="grid fees")


def _tibber_homes(entities: list[FoundEntity]) -> dict[str, set[str]]:
    homes: dict[str, set[str]] = {}
    for entity in entities:
        home = entity.attributes.get("app_nickname")
        if isinstance(home, str):
            homes.setdefault(home, set()).add(entity.entity_id)
    return homes
