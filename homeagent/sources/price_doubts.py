"""Prices that cannot be true as they are labelled: cents called euros, a price per MWh called one per kWh."""

from __future__ import annotations

import math

import numpy as np

from homeagent.domain.grid import FloatArray

_OF_A_EURO = {
    **dict.fromkeys(("EUR", "USD", "GBP", "CHF"), 1.0),
    **dict.fromkeys(("AUD", "CAD", "NZD", "BGN"), 2.0),
    "DKK": 7.5,
    "NOK": 11.0,
    "SEK": 11.0,
    "PLN": 4.3,
    "RON": 5.0,
    "CZK": 25.0,
    "HUF": 400.0,
    "ISK": 150.0,
    "JPY": 160.0,
    "INR": 95.0,
    "ZAR": 20.0,
    "BRL": 6.0,
    "UAH": 45.0,
    "RSD": 117.0,
}
"""How much of a currency is about a euro: enough to tell a hundredfold."""
DEAREST_MEAN, CHEAPEST_PEAK = 3.0, 0.004
TYPICAL = 0.15
LIKELY = (0.02, 1.0)
JUMP_FROM = 30.0
MOST = 0.5


def doubt(per_kwh: FloatArray, currency: str, before: float | None = None) -> str | None:
    """Say why a list of prices [currency/kWh] looks like one in another unit, None where it does not.

    `before` is the mean of an earlier list: it is all there is to compare with in a currency that is not known here.
    """
    values = per_kwh[~np.isnan(per_kwh)]
    rate = _OF_A_EURO.get(currency)
    if not len(values):
        return None
    mean, peak = float(np.abs(values).mean()), float(np.abs(values).max())
    if rate is not None and mean > DEAREST_MEAN * rate:
        return f"a mean of {mean:g} {currency}/kWh cannot be; {_likely(mean / rate, (0.01, 0.001), currency)}"
    if rate is not None and 0 < peak < CHEAPEST_PEAK * rate:
        return f"no price above {peak:g} {currency}/kWh is unlikely; {_likely(mean / rate, (100, 1000), currency)}"
    if rate is None and before and mean and not 1 / JUMP_FROM < mean / before < JUMP_FROM:
        return f"their mean went from {before:g} to {mean:g} {currency}/kWh at once; was the entity's unit changed?"
    return None


def upside_down(import_per_kwh: FloatArray, export_per_kwh: FloatArray) -> str | None:
    """Say that buying is cheaper than selling pays at most times: then one of the two is wrong, most likely."""
    both = ~np.isnan(import_per_kwh) & ~np.isnan(export_per_kwh)
    if not both.any() or (import_per_kwh[both] < export_per_kwh[both]).mean() <= MOST:
        return None
    return "importing costs less than exporting pays most of the time; look at the units, fees and VAT of both prices"


def _likely(mean_eur: float, factors: tuple[float, float], currency: str) -> str:
    """Return which unit it is in, most likely."""
    names = {
        0.01: f"they are in cents, write unit: ct/kWh beside it (100 to one {currency})",
        0.001: f"they are per MWh, write unit: {currency}/MWh beside it",
        100: f"they are in {currency}/kWh already, write unit: {currency}/kWh beside it",
        1000: f"they are in {currency}/kWh already, not per MWh: write unit: {currency}/kWh beside it",
    }
    low, high = LIKELY
    fitting = [factor for factor in factors if low <= mean_eur * factor <= high]
    if not fitting:
        return f"write its unit beside it, e.g. unit: ct/kWh or {currency}/MWh"
    best = min(fitting, key=lambda factor: abs(math.log(mean_eur * factor / TYPICAL)))
    return f"most likely {names[best]}"
