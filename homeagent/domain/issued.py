"""Forecasts of others as they were issued: what was known from when on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, get_args

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array, require_utc

IssuedQuantity: TypeAlias = Literal[
    "pv_kw",
    "carbon_g_per_kwh",
    "temp_c",
    "cloud_fraction",
    "humidity_fraction",
    "wind_m_s",
    "precipitation_mm",
]
ISSUED_QUANTITIES: frozenset[str] = frozenset(get_args(IssuedQuantity))
LEVELS = (0.1, 0.9)
WHOLE = 1e-6
"""A slot counts as covered whole if no more than this share of it is missing."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IssuedForecast:
    """One quantity as a provider expected it, known from `issued_at` on and not before.

    Home Assistant does not tell when a provider made a forecast, so `issued_at` is when the agent saw it first. `mean`
    is that of each slot, of `precipitation_mm` its amount; a gap is NaN. `low` and `high` are the quantiles `levels`,
    None where the provider gives none.
    """

    provider: str
    quantity: IssuedQuantity
    issued_at: datetime
    grid: TimeGrid
    mean: FloatArray
    low: FloatArray | None = None
    high: FloatArray | None = None
    levels: tuple[float, float] = LEVELS

    def __post_init__(self) -> None:
        object.__setattr__(self, "issued_at", require_utc(self.issued_at))
        if (self.low is None) != (self.high is None):
            raise ValueError("quantiles come in pairs")
        for name in ("mean", "low", "high"):
            values = getattr(self, name)
            if values is None:
                continue
            object.__setattr__(self, name, frozen_array(values))
            if getattr(self, name).shape != (self.grid.count,):
                raise ValueError(f"{name} needs shape ({self.grid.count},)")

    def says_the_same(self, other: IssuedForecast) -> bool:
        """Return whether it adds nothing to an earlier one: past slots may be gone, the rest is as it was."""
        if (self.provider, self.quantity, self.grid.step) != (other.provider, other.quantity, other.grid.step):
            return False
        ahead, off = divmod(self.grid.start - other.grid.start, self.grid.step)
        if ahead < 0 or off or self.grid.end != other.grid.end:
            return False
        pairs = ((self.mean, other.mean), (self.low, other.low), (self.high, other.high))
        return all(_equal(mine, theirs, ahead) for mine, theirs in pairs)


def _equal(mine: FloatArray | None, theirs: FloatArray | None, ahead: int) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return np.array_equal(mine, theirs[ahead:], equal_nan=True)


def resampled(grid: TimeGrid, values: FloatArray, target: TimeGrid) -> FloatArray:
    """Return means over the slots of `target`; one that is not known whole is NaN. What is known keeps its energy."""
    ratio = grid.step / target.step
    knots = (grid.start - target.start) / target.step + ratio * np.arange(grid.count + 1)
    seen = ~np.isnan(values)
    edges = np.arange(target.count + 1)

    def up_to(amounts: FloatArray) -> FloatArray:
        at_edges: FloatArray = np.interp(edges, knots, np.concatenate([[0.0], np.cumsum(amounts)]))
        return at_edges

    covered = np.diff(up_to(np.where(seen, ratio, 0.0)))
    amount = np.diff(up_to(np.where(seen, values, 0.0) * ratio))
    means: FloatArray = np.where(covered > 1 - WHOLE, amount, np.nan)
    return means
