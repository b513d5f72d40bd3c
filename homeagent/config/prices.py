"""The keys of prices: a number, an entity, or what a tariff is made of."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from homeagent.config.home_assistant import ENTITY, EntityId, Section, wrong
from homeagent.domain.price_unit import PriceUnitError, price_factor
from homeagent.domain.tariff import ClockRate, first_gap

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
ACTIONS = {"nordpool": "nordpool.get_prices_for_date", "tibber": "tibber.get_prices"}
INDICES = "nordpool.get_price_indices_for_date"
"""What is called where a resolution is asked."""
DEAREST_PER_KWH = 1000.0
"""In any currency: what is above is a mistake."""
EDGE_MINUTES = 5


def _unit(text: str) -> str:
    try:
        price_factor(text)
    except PriceUnitError as error:
        raise wrong("is no unit of a price", "write e.g. EUR/kWh, EUR/MWh, ct/kWh or p/kWh") from error
    return text


def _edge(text: str) -> str:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and len(minute) == 2):  # noqa: PLR2004 - a clock
        raise wrong("is no time of day", 'write it as "06:30", in quotes')
    if int(hour) * 60 + int(minute) > 24 * 60 or int(minute) >= 60:  # noqa: PLR2004 - a clock
        raise wrong("is no time of day", 'write "00:00" to "24:00"')
    if int(minute) % EDGE_MINUTES:
        raise wrong(f"is no multiple of {EDGE_MINUTES} minutes", "no tariff changes then; round it")
    return text


def _share(value: float) -> float:
    if not -1 <= value <= 1:
        raise wrong("is more than the whole", f"per cent? write {value / 100:g}")
    return value


def _vat(value: float) -> float:
    if not 0 <= value < 1:
        raise wrong("is no share of VAT", f"per cent? write {value / 100:g}" if value <= 100 else "write e.g. 0.19")  # noqa: PLR2004 - per cent
    return value


def _listed(value: object) -> object:
    """Turn one name into a list of one."""
    return [value] if isinstance(value, str) else value


def _table(value: object) -> object:
    """Turn a number into a table that holds at all times."""
    return [{"per_kwh": value}] if _is_number(value) else value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


PerKwh = Annotated[float, Field(ge=-DEAREST_PER_KWH, le=DEAREST_PER_KWH)]
Share = Annotated[float, AfterValidator(_share)]
Vat = Annotated[float, AfterValidator(_vat)]
Unit = Annotated[str, AfterValidator(_unit)]
Edge = Annotated[str, AfterValidator(_edge)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
Names = Annotated[list[Name], BeforeValidator(_listed), Field(min_length=1, max_length=10)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Month = Literal["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class RateSettings(Section):
    """A price, and the local times at which it holds; without any it holds at all times."""

    per_kwh: PerKwh
    from_: Edge = Field(default="00:00", alias="from")
    to: Edge = "24:00"
    weekdays: Annotated[list[Weekday], BeforeValidator(_listed), Field(min_length=1)] | None = None
    months: Annotated[list[Month], BeforeValidator(_listed), Field(min_length=1)] | None = None

    def rate(self) -> ClockRate:
        """Return it in the domain's words."""
        start, end = (int(text[:-3]) * 60 + int(text[-2:]) for text in (self.from_, self.to))
        return ClockRate(
            per_kwh=self.per_kwh,
            from_minute=start,
            to_minute=end,
            weekdays=frozenset(WEEKDAYS.index(day) for day in self.weekdays or WEEKDAYS),
            months=frozenset(MONTHS.index(month) + 1 for month in self.months or MONTHS),
        )


def _whole(table: list[RateSettings]) -> list[RateSettings]:
    gap = first_gap(tuple(rate.rate() for rate in table))
    if gap is not None:
        month, weekday, minute = gap
        when = f"on a {WEEKDAYS[weekday]} in {MONTHS[month - 1]} at {minute // 60:02d}:{minute % 60:02d}"
        raise wrong(f"says nothing {when}", "add {per_kwh: ...} without times as the last entry: it holds otherwise")
    return table


Table = Annotated[
    list[RateSettings], BeforeValidator(_table), Field(min_length=1, max_length=100), AfterValidator(_whole)
]


class FeedSettings(Section):
    """Where a list of prices comes from: exactly one of entity, integration and action."""

    entity: Annotated[list[EntityId], BeforeValidator(_listed), Field(min_length=1, max_length=10)] | None = None
    integration: Literal["nordpool", "tibber"] | None = None
    action: Annotated[str, Field(pattern=ENTITY.pattern)] | None = None
    data: dict[str, Any] = Field(default={})
    area: Name | None = None
    home: Name | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    resolution: Literal[15, 30, 60] | None = None
    unit: Unit | None = None
    list_: Names | None = Field(default=None, alias="list")
    start: Name | None = None
    end: Name | None = None
    value: Name | None = None

    @model_validator(mode="after")
    def _one_source(self) -> FeedSettings:
        if sum(given is not None for given in (self.entity, self.integration, self.action)) != 1:
            raise wrong("needs exactly one of entity, integration and action", "write e.g. spot: sensor.nordpool")
        if self.entity is not None and (self.data or self.area or self.home or self.currency or self.resolution):
            raise wrong("has an entity, and keys of an action", "an entity takes unit, list, start, end and value")
        if self.action is None and self.data:
            raise wrong("has data without an action", "write action: domain.name beside it")
        if self.integration == "nordpool" and self.area is None:
            raise wrong("names no area", "add area, e.g. area: SE3")
        if self.integration == "tibber" and (self.area or self.currency or self.resolution):
            raise wrong("has keys that tibber does not take", "it takes home and unit")
        if self.entity is not None and self.list_ is None and (self.start or self.end or self.value):
            raise wrong("describes a list without its name", "add list: the attribute that holds it")
        if self.action not in {None, INDICES, *ACTIONS.values()} and None in {self.start, self.value, self.unit}:
            raise wrong(
                "names an action whose answer is not known", "add start, value, unit, and list if it is further inside"
            )
        if (self.start is None) != (self.value is None) or (self.end is not None and self.start is None):
            raise wrong("needs start and value together", "write start: KEY and value: KEY of one entry of the list")
        return self


def _feed(value: object) -> object:
    """Turn one entity, or a list of them, into a source."""
    return {"entity": value} if isinstance(value, str | list) else value


Feed = Annotated[FeedSettings, BeforeValidator(_feed)]


class DispatchSettings(Section):
    """An entity that gives cheap slots away."""

    entity: EntityId
    per_kwh: PerKwh


class _SideSettings(Section):
    """What import and export have in common."""

    spot: Feed | None = None
    rates: Table | None = None
    factor: Annotated[float, Field(ge=0, le=10)] = 1.0
    vat: Vat = 0.0
    spot_includes_vat: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, values: object) -> object:
        """A number is a fixed rate; an entity, or several, the price as it is paid."""
        if _is_number(values):
            return {"rates": values}
        return {"spot": values} if isinstance(values, str | list) else values

    @model_validator(mode="after")
    def _one_price(self) -> _SideSettings:
        if (self.spot is None) == (self.rates is None):
            raise wrong("needs either spot or rates", "write spot: sensor.x, or rates: a number or a table")
        if self.spot_includes_vat and (self.spot is None or not self.vat):
            raise wrong("has spot_includes_vat without a spot and its vat", "add vat, e.g. vat: 0.19")
        return self


class ImportSettings(_SideSettings):
    """What a bought kWh costs."""

    markup_per_kwh: PerKwh = 0.0
    markup_share: Share = 0.0
    grid_fee: Table | None = None
    fees: dict[Name, Table] = Field(default={})
    tax_per_kwh: PerKwh = 0.0
    dispatches: DispatchSettings | None = None


class ExportSettings(_SideSettings):
    """What a sold kWh pays."""

    deduction_per_kwh: PerKwh = 0.0
    deduction_share: Share = 0.0
    premium: Table | None = None
    none_at_negative: bool = False
    judged_by: Feed | None = None

    @model_validator(mode="after")
    def _judged(self) -> ExportSettings:
        if self.judged_by is not None and not self.none_at_negative:
            raise wrong("has judged_by without none_at_negative", "add none_at_negative: true, or leave it out")
        return self


def _clock(text: str) -> str:
    hour, _, minute = text.partition(":")
    if not (hour.isdecimal() and minute.isdecimal() and int(hour) < 24 and int(minute) < 60):  # noqa: PLR2004 - a clock
        raise wrong("is no time of day", 'write it as "13:00", in quotes')
    return text


class PriceSettings(Section):
    """What energy costs, and when prices are known."""

    import_: ImportSettings | None = Field(default=None, alias="import")
    export: ExportSettings = ExportSettings(rates=[RateSettings(per_kwh=0.0)])
    known: Literal["day_ahead", "always"] = "day_ahead"
    published_at: Annotated[str, AfterValidator(_clock)] = "13:00"

    @model_validator(mode="after")
    def _judged(self) -> PriceSettings:
        if self.export.none_at_negative and self.market is None:
            remedy = "add export.judged_by: the entity of the spot price"
            raise wrong("has none_at_negative, but no spot price to judge by", remedy)
        return self

    @property
    def market(self) -> FeedSettings | None:
        """The spot price that exporting is judged by: its own, else that of importing."""
        return self.export.judged_by or self.export.spot or (None if self.import_ is None else self.import_.spot)
