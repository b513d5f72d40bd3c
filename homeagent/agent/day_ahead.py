"""What the day's first think forecast, beside what came: so that a person sees whether the bands hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta

import numpy as np

from homeagent.agent.agent import Agent
from homeagent.domain.forecast import Forecast
from homeagent.domain.grid import FloatArray, TimeGrid, require_utc

DAYS = 2
"""Yesterday and today."""
FIRST_WITHIN = timedelta(hours=7)
"""No plan grows older than six hours. A day whose first forecast came later than this was not forecast ahead."""
QUANTITIES = ("load", "pv")

Row = Mapping[str, object]


class DayAhead:
    """Yesterday and today as they were first forecast. Asks the store once for each."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._kept: dict[tuple[date, str], Forecast | None] = {}

    def told(self) -> list[Row]:
        """Return the days, the older first, JSON-ready; one that was not forecast is missing."""
        today = self._agent.clock.now().astimezone(self._agent.site.timezone).date()
        days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] in days}
        return [row for day in days if (row := self._day(day)) is not None]

    def _day(self, day: date) -> Row | None:
        found = {quantity: self._forecast(day, quantity) for quantity in QUANTITIES}
        load = found["load"]
        if load is None:
            return None
        return {
            "day": day.isoformat(),
            "start": f"{load.grid.start:%Y-%m-%dT%H:%M:%SZ}",
            "step_minutes": load.grid.step / timedelta(minutes=1),
            "count": load.grid.count,
            "model": load.model_id,
            **{name: self._band(name, forecast) for name, forecast in found.items() if forecast is not None},
        }

    def _forecast(self, day: date, quantity: str) -> Forecast | None:
        if self._kept.get((day, quantity)) is None:
            midnight = require_utc(datetime.combine(day, time(0), tzinfo=self._agent.site.timezone))
            store = self._agent.store
            found = store.forecast_issued(f"{quantity}_kw", midnight, midnight + FIRST_WITHIN)
            next_midnight = datetime.combine(day + timedelta(days=1), time(0), tzinfo=self._agent.site.timezone)
            self._kept[day, quantity] = None if found is None else _until(found, require_utc(next_midnight))
        return self._kept[day, quantity]

    def _band(self, quantity: str, forecast: Forecast) -> Row:
        memory, grid = self._agent.observer.memory, forecast.grid
        means = memory.load if quantity == "load" else memory.pv
        inside = grid.step // memory.step
        fine = TimeGrid(start=grid.start, step=memory.step, count=grid.count * inside)
        measured = means.window(fine).reshape(grid.count, inside).mean(axis=1)
        return {
            "low_kw": _numbers(forecast.low_kw),
            "high_kw": _numbers(forecast.high_kw),
            "mean_kw": _numbers(forecast.mean_kw),
            "measured_kw": _numbers(measured),
        }


def _until(forecast: Forecast, end: datetime) -> Forecast:
    """Return the part of a forecast that ends with the day."""
    grid = forecast.grid
    count = min(grid.count, (end - grid.start) // grid.step)
    return replace(
        forecast,
        grid=replace(grid, count=count),
        mean_kw=forecast.mean_kw[:count],
        low_kw=forecast.low_kw[:count],
        high_kw=forecast.high_kw[:count],
    )


def _numbers(values: FloatArray) -> list[float | None]:
    return [round(float(value), 4) if np.isfinite(value) else None for value in values]
