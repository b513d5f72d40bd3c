"""Units of prices, on entry."""

from __future__ import annotations

import pytest

from homeagent.domain.price_unit import PriceUnitError, currency_of, in_hundredths, price_factor


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        ("EUR/kWh", 1.0),
        ("€/kWh", 1.0),
        ("EUR/MWh", 0.001),
        ("ct/kWh", 0.01),
        ("c/kWh", 0.01),
        ("p/kWh", 0.01),
        ("øre/kWh", 0.01),
        ("SEK / kWh", 1.0),
        ("EUR/Wh", 1000.0),
    ],
)
def test_prices_become_currency_per_kwh(unit: str, factor: float) -> None:
    assert price_factor(unit) == pytest.approx(factor)


@pytest.mark.parametrize("unit", ["EUR", "kWh", "EUR/h", None, 5, "€/m³", "gCO2/kWh", "kW/kWh"])
def test_what_is_no_price_is_refused(unit: object) -> None:
    with pytest.raises(PriceUnitError, match="is no price"):
        price_factor(unit)


@pytest.mark.parametrize(
    ("unit", "currency", "cents"),
    [
        ("EUR/kWh", "EUR", False),
        ("£/kWh", "GBP", False),
        ("Øre/kWh", None, True),
        ("kr/kWh", None, False),
        (7, None, False),
    ],
)
def test_money_is_told_apart(unit: object, currency: str | None, *, cents: bool) -> None:
    assert (currency_of(unit), in_hundredths(unit)) == (currency, cents)
