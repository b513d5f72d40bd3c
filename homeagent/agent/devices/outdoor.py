"""The weather that devices feel: outdoor temperature and sun, as measured and as expected."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.devices.memory import held
from homeagent.agent.slot_means import SlotMeans
from homeagent.agent.thinking import MEMORY
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.issued import IssuedForecast, resampled
from homeagent.domain.readings import Reading
from homeagent.domain.site import Place
from homeagent.forecasting.sun import sun_height

STEP = timedelta(minutes=15)
DAY = timedelta(days=1)
MILD_C = 10.0
"""What is expected of a home that has never said how cold it is outside, and has no forecast."""
FADES_H = 6.0
"""What the present temperature is off the forecast fades by a factor of e in so many hours."""
CLEAR_SHARE = 0.5
"""Of a clear sky's light, where neither PV nor anybody else tells how clear it is."""
OLD = timedelta(hours=36)


class Outdoor:
    """Remembers temperatures, and the newest forecast of them."""

    def __init__(self, now: datetime, place: Place | None) -> None:
        self._means = SlotMeans(slot_start(now, STEP) - MEMORY, STEP, MEMORY + DAY)
        self._place = place
        self._issued: IssuedForecast | None = None
        self._instants: dict[str, datetime] = {}

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in measured temperatures; other readings leave no trace."""
        for reading in readings:
            if reading.entity == "temp_c":
                self._means.add(held(reading, self._instants))

    def hear(self, issued: IssuedForecast) -> None:
        """Take in a forecast of the temperature; other quantities leave no trace."""
        if issued.quantity == "temp_c":
            self._issued = issued

    def measured_c(self, grid: TimeGrid) -> FloatArray:
        """Return what was measured, shape (count,); NaN where nothing was."""
        return self._on(grid, STEP)

    def expected_c(self, grid: TimeGrid) -> FloatArray:
        """Return what is expected on a grid to come, shape (count,): the forecast, else yesterday's course.

        Either is moved by what the last hour was off it, less and less.
        """
        usual_c = self._yesterday(grid)
        told_c = np.full(grid.count, np.nan)
        if self._issued is not None and grid.start - self._issued.issued_at < OLD:
            told_c = resampled(self._issued.grid, self._issued.mean, grid)
        course_c = np.where(np.isnan(told_c), usual_c, told_c)
        last = TimeGrid(start=slot_start(grid.start, STEP) - 4 * STEP, step=STEP, count=4)
        now_c = self.measured_c(last)
        if np.isnan(now_c).all():
            return course_c
        off_k = float(np.nanmean(now_c)) - float(course_c[0])
        fading = np.exp(-np.arange(grid.count) * grid.step_hours / FADES_H)
        return np.asarray(course_c + off_k * fading)

    def sun_kw_m2(self, grid: TimeGrid, pv_kw: FloatArray, most_pv_kw: float) -> FloatArray:
        """Return the sun's strength, shape (count,): as the roof sees it where there is PV, else half of a clear sky's.

        It is a measure, not a meter: whoever learns a house from it plans the house with it.
        """
        if most_pv_kw > 0:
            return np.clip(np.nan_to_num(pv_kw) / most_pv_kw, 0.0, 1.0)
        if self._place is None:
            return np.zeros(grid.count)
        return CLEAR_SHARE * np.maximum(sun_height(grid, self._place), 0.0)

    def _yesterday(self, grid: TimeGrid) -> FloatArray:
        """Return the last day's course at the same times of day, gaps filled with its mean."""
        days = -(-(grid.end - grid.start) // DAY)
        past = TimeGrid(start=grid.start - DAY, step=grid.step, count=DAY // grid.step)
        course_c = self._on(past, STEP)
        known = course_c[~np.isnan(course_c)]
        mean_c = float(known.mean()) if len(known) else MILD_C
        return np.tile(np.where(np.isnan(course_c), mean_c, course_c), days)[: grid.count]

    def _on(self, grid: TimeGrid, step: timedelta) -> FloatArray:
        inside = grid.step // step
        fine = TimeGrid(start=grid.start, step=step, count=grid.count * inside)
        values: FloatArray = self._means.window(fine).reshape(grid.count, inside).mean(axis=1)
        return values
