"""How surely a learned departure is met, as a price of the energy that misses."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import FloatArray

DEFAULT_CONFIDENCE = 0.988
SUREST = 0.9999
DEARER = 2.0
"""A kWh that misses costs at least so many dearest hours."""
QUARTER_DAY = 6
HOURS_A_DAY = 24


def usual_spread(prices: FloatArray) -> float:
    """Return what the dearest quarter of a day usually costs more than its cheapest, of hourly prices (days * 24,).

    It is what waiting usually saves. Days with gaps do not count; 0 where there is no whole day.
    """
    days = np.sort(prices[: len(prices) // HOURS_A_DAY * HOURS_A_DAY].reshape(-1, HOURS_A_DAY), axis=1)
    days = days[~np.isnan(days).any(axis=1)]
    if not len(days):
        return 0.0
    return float((days[:, -QUARTER_DAY:].mean(axis=1) - days[:, :QUARTER_DAY].mean(axis=1)).mean())


def short_price(confidence: float, spread_per_kwh: float, dearest_per_kwh: float = 0.0) -> float:
    """Return what a kWh that misses has to cost, so that `confidence` is kept.

    A car then waits for a usual cheap hour only if it is at least so likely to be there still: waiting saves the
    spread, and costs the price of what misses times the chance that it is gone (the critical ratio of a newsvendor).
    Where prices hardly differ there is nothing to weigh; it costs more than the dearest hour in any case.
    """
    return max(spread_per_kwh / (1 - min(confidence, SUREST)), DEARER * dearest_per_kwh)
