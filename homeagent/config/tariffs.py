"""Settings of prices to the domain's tariffs."""

from __future__ import annotations

from typing import Any

from homeagent.config.prices import (
    ACTIONS,
    INDICES,
    ExportSettings,
    FeedSettings,
    ImportSettings,
    PriceSettings,
    RateSettings,
)
from homeagent.domain.tariff import (
    ActionFeed,
    Dispatches,
    EntityFeed,
    Fee,
    ListShape,
    PriceFeed,
    RateTable,
    Tariff,
    fixed,
)


def import_tariff(settings: PriceSettings) -> Tariff:
    """Return what a bought kWh costs; nothing where the configuration says nothing of it."""
    side = settings.import_
    if side is None:
        return fixed(0.0)
    grid_fee = () if side.grid_fee is None else (Fee(name="grid fee", table=_table(side.grid_fee)),)
    fees = tuple(Fee(name=name, table=_table(table)) for name, table in side.fees.items())
    tax = (Fee(name="tax", table=_table([RateSettings(per_kwh=side.tax_per_kwh)])),) if side.tax_per_kwh else ()
    return Tariff(
        **_common(side),
        share=side.markup_share,
        per_kwh=side.markup_per_kwh,
        fees=grid_fee + fees + tax,
        dispatches=None
        if side.dispatches is None
        else Dispatches(entity=side.dispatches.entity, per_kwh=side.dispatches.per_kwh),
    )


def export_tariff(settings: PriceSettings) -> Tariff:
    """Return what a sold kWh pays."""
    side = settings.export
    market = settings.market if side.none_at_negative else None
    return Tariff(
        **_common(side),
        share=-side.deduction_share,
        per_kwh=-side.deduction_per_kwh,
        fees=() if side.premium is None else (Fee(name="premium", table=_table(side.premium)),),
        none_when_negative=None if market is None else feed_of(market),
    )


def _common(side: ImportSettings | ExportSettings) -> dict[str, Any]:
    return {
        "spot": None if side.spot is None else feed_of(side.spot),
        "rates": () if side.rates is None else _table(side.rates),
        "factor": side.factor,
        "vat": side.vat,
        "spot_includes_vat": side.spot_includes_vat,
    }


def _table(rates: list[RateSettings]) -> RateTable:
    return tuple(rate.rate() for rate in rates)


def feed_of(settings: FeedSettings) -> PriceFeed:
    """Return where prices come from; an integration stands for its action."""
    shape = None
    if settings.list_ is not None or settings.start is not None:
        shape = ListShape(
            lists=tuple(settings.list_ or ()), start=settings.start, end=settings.end, value=settings.value
        )
    if settings.entity is not None:
        return EntityFeed(entities=tuple(settings.entity), unit=settings.unit, shape=shape)
    action = settings.action or ACTIONS[str(settings.integration)]
    data = dict(settings.data)
    if settings.integration == "nordpool":
        data["areas"] = settings.area
        if settings.currency is not None:
            data["currency"] = settings.currency
        if settings.resolution is not None:
            action = INDICES
            data["resolution"] = settings.resolution
    key = settings.area or settings.home
    return ActionFeed(action=action, data=data, key=key, unit=settings.unit, shape=shape)
