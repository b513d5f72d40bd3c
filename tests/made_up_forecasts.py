"""Made-up forecasts of known skill: what was measured, blurred over hours, wrong by the day, and biased."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast

EVERY, AHEAD, HOUR = timedelta(hours=6), timedelta(hours=48), timedelta(hours=1)


def made_up_forecasts(
    grid: TimeGrid, pv_kw: FloatArray, *, bias: float, wrong: float, late_hours: int = 0, seed: int = 0
) -> list[IssuedForecast]:
    """Return a forecast each six hours: `bias` times what comes, its days and hours wrong by about `wrong`."""
    rng = np.random.default_rng(seed)
    inside = HOUR // grid.step
    count = grid.count // inside
    hourly = np.nan_to_num(pv_kw[: count * inside]).reshape(count, inside).mean(axis=1)
    hourly = np.roll(np.convolve(hourly, np.ones(3) / 3, "same"), late_hours)
    slots = AHEAD // HOUR
    issued = []
    for first in range(0, count - slots, EVERY // HOUR):
        by_day, by_hour = rng.normal(), np.convolve(rng.normal(size=slots), np.ones(4) / 2, "same")
        factor = bias * np.exp(wrong * by_day + wrong / 2 * by_hour)
        at = grid.at(first * inside)
        issued.append(
            IssuedForecast(
                provider="made up",
                quantity="pv_kw",
                issued_at=at,
                grid=TimeGrid(start=at, step=HOUR, count=slots),
                mean=hourly[first : first + slots] * factor,
            )
        )
    return issued
