"""Units on entry: what is known is turned into the agent's, what is not is refused by name."""

from __future__ import annotations

import pytest

from homeagent.hass import units


@pytest.mark.parametrize(
    ("value", "unit", "kw"), [(1500, "W", 1.5), (1.5, "kW", 1.5), (0.0015, "MW", 1.5), (1_500_000, "mW", 1.5)]
)
def test_powers_become_kw(value: float, unit: str, kw: float) -> None:
    assert units.power_kw(value, unit) == pytest.approx(kw)


@pytest.mark.parametrize("unit", ["kWh", "VA", "A", "", None, "watt"])
def test_what_is_no_power_is_refused(unit: str | None) -> None:
    with pytest.raises(units.UnitError, match="a power; known are mW, W, kW, MW"):
        units.power_kw(1.0, unit)


def test_a_state_of_charge_is_per_cent_or_energy() -> None:
    assert units.stored_kwh(50, "%", 10) == 5
    assert units.stored_kwh(4200, "Wh", 10) == pytest.approx(4.2)
    with pytest.raises(units.UnitError, match=r"a state of charge \(%\)"):
        units.stored_kwh(50, "V", 10)


def test_fahrenheit_is_understood() -> None:
    assert units.celsius(68, "°F") == pytest.approx(20)
    assert units.celsius(20, "°C") == 20


@pytest.mark.parametrize("text", ["unknown", "unavailable", "", "nan", "inf", "-inf", "1,5", "None"])
def test_what_is_no_finite_number_is_none(text: str) -> None:
    assert units.number(text) is None
