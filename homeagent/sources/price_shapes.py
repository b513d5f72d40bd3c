"""Lists of prices as integrations write them: into the attributes of their entities, or as an action's answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from homeagent.domain.price_unit import PriceUnitError, in_hundredths, price_factor
from homeagent.domain.tariff import ActionFeed, ListShape
from homeagent.sources.price_entries import MOST_ENTRIES, bare, bounded, in_order, number, shown, timed
from homeagent.sources.price_slots import PricedSlot, PriceShapeError

UNIT = "unit_of_measurement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One way to write prices. `unit` is what the integration leaves unsaid; an answer's currency is the home's."""

    name: str
    shape: ListShape
    unit: str | None = None


def _shape(name: str, lists: str, start: str, end: str | None, value: str, unit: str | None = None) -> Shape:
    shape = ListShape(lists=tuple(lists.split()), start=start, end=end, value=value)
    return Shape(name=name, shape=shape, unit=unit)


SHAPES = (
    _shape("Nord Pool (HACS)", "raw_today raw_tomorrow", "start", "end", "value"),
    _shape("Energi Data Service", "raw_today raw_tomorrow", "hour", None, "price"),
    _shape("Octopus Energy", "rates", "start", "end", "value_inc_vat", "GBP/kWh"),
    _shape("EPEX Spot", "data", "start_time", "end_time", "price_per_kwh"),
    _shape("EPEX Spot up to version 2", "data", "start_time", "end_time", "price_ct_per_kwh"),
    _shape("EPEX Spot up to version 2", "data", "start_time", "end_time", "price_eur_per_mwh"),
    _shape("ENTSO-e", "prices", "time", None, "price"),
    _shape("Tibber", "prices", "start_time", None, "price"),
    _shape("Nord Pool", "prices", "start", "end", "price"),
)
BARE = Shape(name="bare numbers of a day", shape=ListShape(lists=("today", "tomorrow")))
SIMILAR = "words like those of others"
RESPONSES: Mapping[str, Shape] = {
    "nordpool.get_prices_for_date": _shape("Nord Pool", "", "start", "end", "price", "EUR/MWh"),
    "nordpool.get_price_indices_for_date": _shape("Nord Pool", "", "start", "end", "price", "EUR/MWh"),
    "tibber.get_prices": _shape("Tibber", "prices", "start_time", None, "price", "EUR/kWh"),
}
"""The actions whose answers are known; `lists` leads to the areas or homes."""

_LISTS = ("raw_today", "raw_tomorrow", "prices", "data", "rates", "forecast", "prices_today", "prices_tomorrow")
_STARTS = ("start", "start_time", "from", "hour", "time", "datetime")
_ENDS = ("end", "end_time", "till", "to")
_VALUES = ("value", "price", "price_per_kwh", "value_inc_vat", "total")
_UNIT_IN_KEY = re.compile(r"price_([a-z]+)_per_([km])wh")
_LEAST_BARE, _MOST_BARE = 23, 100


def recognise(attributes: Mapping[str, Any]) -> str | None:
    """Return the name of the shape in which an entity's attributes list prices, None where they list none."""
    if UNIT in attributes and not _is_price(attributes[UNIT]):
        return None
    found = _found(attributes)
    return None if found is None else found.name


def read_entity(
    attributes: Mapping[str, Any],
    *,
    timezone: ZoneInfo,
    as_of: datetime,
    unit: str | None = None,
    shape: ListShape | None = None,
) -> list[PricedSlot]:
    """Return the slots that an entity's attributes list, in order of time; empty where the list is empty just now.

    `as_of` is when the entity was last written: bare numbers are those of its local day and the next. `unit` and
    `shape` are what its owner says of it.

    Raises:
        PriceShapeError: there is no list of prices that can be understood.
        PriceUnitError: its unit is none of a price.
    """
    found = _found(attributes) if shape is None else Shape(name="as described", shape=shape)
    if found is None:
        if any(attributes.get(name) == [] for name in (*_LISTS, *BARE.shape.lists)):
            return []
        raise PriceShapeError(_unknown(attributes))
    names = found.shape.lists
    lists = {name: bounded(attributes[name]) for name in names if isinstance(attributes.get(name), list)}
    if found.shape.start is None:
        slots = list(bare(lists, names, timezone, as_of))
    else:
        slots = list(timed(chain(*lists.values()), found.shape))
    if not slots and (not lists or any(entry is not None for entry in chain(*lists.values()))):
        raise PriceShapeError(_unknown(attributes))
    told = unit or _unit_in(found.shape.value) or _told_unit(attributes) or found.unit
    return in_order(slots, price_factor(told)) if slots else []


def read_response(feed: ActionFeed, response: object) -> list[PricedSlot]:
    """Return the slots that an action answered with, in order of time; none for a day that is not published yet.

    Raises:
        PriceShapeError: the answer is none that can be understood.
    """
    shape = feed.shape or RESPONSES[feed.action].shape
    lists = dict(_answers(response, shape.lists))
    if feed.key is not None:
        if feed.key not in lists:
            raise PriceShapeError(f"answered without {feed.key}; it has {', '.join(lists) or shown(response)}")
        lists = {feed.key: lists[feed.key]}
    if len(lists) > 1:
        raise PriceShapeError(f"answered for {', '.join(lists)}; say which of them counts, as area or home")
    if not lists:
        raise PriceShapeError(f"answered with no list of prices: {shown(response)}")
    entries = bounded(next(iter(lists.values())))
    slots = in_order(timed(entries, shape), price_factor(feed.unit or RESPONSES[feed.action].unit))
    if entries and not slots:
        raise PriceShapeError(f"answered with entries that hold no price: {shown(entries[0])}")
    return slots


def _answers(response: object, path: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    """Yield each list of an answer by the name of its area or home."""
    inside = response
    for name in path:
        inside = inside.get(name) if isinstance(inside, Mapping) else None
    if isinstance(inside, list):
        yield path[-1] if path else "a list", inside
    elif isinstance(inside, Mapping):
        yield from ((str(name), entries) for name, entries in inside.items() if isinstance(entries, list))


def _found(attributes: Mapping[str, Any]) -> Shape | None:
    """Return the shape of the lists in `attributes`, by the keys of their first entries."""
    firsts = {name: _first(value) for name, value in attributes.items() if isinstance(value, list)}
    for known in SHAPES:
        keys = {known.shape.start, known.shape.value}
        entries = [firsts.get(name) for name in known.shape.lists]
        if any(isinstance(entry, Mapping) and keys <= entry.keys() for entry in entries):
            return known
    return _similar(firsts) or (BARE if _is_bare(attributes.get("today")) else None)


def _first(entries: Sequence[Any]) -> object:
    return next((entry for entry in entries[:MOST_ENTRIES] if entry is not None), None)


def _similar(firsts: Mapping[str, object]) -> Shape | None:
    """Return a shape that no known integration has, but whose words are theirs."""
    for name in _LISTS:
        entry = firsts.get(name)
        if not isinstance(entry, Mapping):
            continue
        start, end = (next((key for key in keys if key in entry), None) for keys in (_STARTS, _ENDS))
        named = sorted(key for key in entry if isinstance(key, str) and _UNIT_IN_KEY.fullmatch(key))
        value = next((key for key in (*_VALUES, *named) if key in entry), None)
        if start is not None and value is not None:
            return Shape(name=SIMILAR, shape=ListShape(lists=_LISTS, start=start, end=end, value=value))
    return None


def _is_bare(values: object) -> bool:
    if not isinstance(values, list) or not _LEAST_BARE <= len(values) <= _MOST_BARE:
        return False
    there = [value for value in values if value is not None]
    return bool(there) and all(number(value) is not None for value in there)


def _is_price(unit: object) -> bool:
    try:
        price_factor(unit)
    except PriceUnitError:
        return False
    return True


def _unit_in(key: str | None) -> str | None:
    """Return the unit that a key names (price_ct_per_kwh, price_eur_per_mwh)."""
    match = _UNIT_IN_KEY.fullmatch(key or "")
    return None if match is None else f"{match[1]}/{'k' if match[2] == 'k' else 'M'}Wh"


def _told_unit(attributes: Mapping[str, Any]) -> object:
    """Return the unit that the attributes tell.

    Raises:
        PriceShapeError: they contradict themselves.
    """
    unit = attributes.get(UNIT)
    if attributes.get("price_in_cents") is True and unit is not None and not in_hundredths(unit):
        raise PriceShapeError(f"says price_in_cents, but its unit is {unit}; write beside it which is right, as unit:")
    return unit


def _unknown(attributes: Mapping[str, Any]) -> str:
    """Say what was seen where no known list of prices is, and how to describe it."""
    lists = {name: value for name, value in attributes.items() if isinstance(value, list)}
    seen = f"lists no prices in a shape that is known; its attributes are {', '.join(sorted(attributes)) or 'none'}"
    for name, entries in lists.items():
        seen += f"; {name} begins with {shown(entries[0])}" if entries else f"; {name} is empty"
    name = next(iter(lists), "NAME")
    return f"{seen}; if there are prices, write where: {{entity: ..., list: {name}, start: KEY, end: KEY, value: KEY}}"
