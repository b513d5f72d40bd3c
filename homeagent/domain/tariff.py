"""What a kWh costs or earns: a price from outside or a table of rates, and what is added to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

DAY_MINUTES = 24 * 60
EVERY_DAY = frozenset(range(7))
EVERY_MONTH = frozenset(range(1, 13))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListShape:
    """How an unusual list of prices is written: the attributes that hold it, and the keys of an entry.

    Without `start` and `value` it is a bare list of numbers, those of one local day.
    """

    lists: tuple[str, ...]
    start: str | None = None
    end: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityFeed:
    """Prices that entities list in their attributes; several (one for each day) are put together."""

    entities: tuple[str, ...]
    unit: str | None = None
    """The unit where the entity tells none, or a wrong one."""
    shape: ListShape | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return " and ".join(self.entities)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFeed:
    """Prices that an action of Home Assistant answers with."""

    action: str
    data: Mapping[str, object] = field(default_factory=dict, hash=False)
    key: str | None = None
    """The area or home whose prices count where the answer holds several."""
    unit: str | None = None
    shape: ListShape | None = None

    @property
    def name(self) -> str:
        """What a person calls it."""
        return self.action if self.key is None else f"{self.action} of {self.key}"


PriceFeed: TypeAlias = EntityFeed | ActionFeed


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRate:
    """A price that holds at some local times: minutes after midnight, days (0 is Monday), months.

    A window whose end is not after its start goes over midnight. Day and month are those of the moment itself.
    """

    per_kwh: float
    from_minute: int = 0
    to_minute: int = DAY_MINUTES
    weekdays: frozenset[int] = EVERY_DAY
    months: frozenset[int] = EVERY_MONTH

    def holds(self, local: datetime) -> bool:
        """Return whether it holds at a local time."""
        return self.holds_at(local.month, local.weekday(), local.hour * 60 + local.minute)

    def holds_at(self, month: int, weekday: int, minute: int) -> bool:
        """Return whether it holds in a month, on a weekday, at a minute of the day."""
        if month not in self.months or weekday not in self.weekdays:
            return False
        if self.from_minute < self.to_minute:
            return self.from_minute <= minute < self.to_minute
        return minute >= self.from_minute or minute < self.to_minute


RateTable: TypeAlias = tuple[ClockRate, ...]
"""The first that holds counts."""


def first_gap(table: RateTable) -> tuple[int, int, int] | None:
    """Return the first (month, weekday, minute) at which no rate of the table holds, None if there is none."""
    minutes = sorted({0, *(minute % DAY_MINUTES for rate in table for minute in (rate.from_minute, rate.to_minute))})
    for month in sorted(EVERY_MONTH):
        for weekday in sorted(EVERY_DAY):
            for minute in minutes:
                if not any(rate.holds_at(month, weekday, minute) for rate in table):
                    return month, weekday, minute
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fee:
    """What is added to the energy price, before VAT."""

    name: str
    table: RateTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatches:
    """Slots that an entity gives away at a price of their own, and takes back; before VAT, like the rates."""

    entity: str
    per_kwh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """One direction's price: ((spot or rates) x factor x (1 + share) + per_kwh + fees) x (1 + VAT).

    In a dispatched slot the energy itself costs no more than `dispatches.per_kwh`. `none_when_negative` is the market
    price to judge by: while it is below zero nothing is paid.
    """

    spot: PriceFeed | None = None
    rates: RateTable = ()
    factor: float = 1.0
    share: float = 0.0
    per_kwh: float = 0.0
    fees: tuple[Fee, ...] = ()
    vat: float = 0.0
    spot_includes_vat: bool = False
    dispatches: Dispatches | None = None
    none_when_negative: PriceFeed | None = None

    def feeds(self) -> Iterator[PriceFeed]:
        """Yield where prices come from."""
        yield from (feed for feed in (self.spot, self.none_when_negative) if feed is not None)

    def tables(self) -> Iterator[RateTable]:
        """Yield everything that depends on the clock."""
        yield from (table for table in (self.rates, *(fee.table for fee in self.fees)) if table)


def fixed(per_kwh: float) -> Tariff:
    """Return a price that never changes."""
    return Tariff(rates=(ClockRate(per_kwh=per_kwh),))
