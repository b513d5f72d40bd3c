"""The floor: load and PV as they were at the same time of day on recent days.

Nothing is learned. It is the reference that a learned forecaster must beat, so it stays as it is. Each recent day is
one scenario; days that went like the last hours weigh more (analogues, as in Delle Monache et al., "Probabilistic
weather prediction with an analog ensemble", Monthly Weather Review 141, 2013).
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.forecast import Forecast, Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import same_time_on_earlier_days

MODEL_ID = "floor-1"
DAYS = 28
SATURDAY = 5
LIKENESS_HOURS = 12
LIKENESS_SCALE = 0.3
"""A day as unlike the last hours as the median day weighs exp(-1 / 0.3) of one that is just like them."""
OTHER_KIND_OF_DAY = 0.5
"""Weight of a working day on a weekend's forecast and the other way round."""
FEW_DAYS = 7
"""With fewer days than these, each is also taken an hour early and an hour late, lest the spread be too small."""
UNKNOWN_HOME_LOAD_KW = (0.15, 0.3, 0.5, 1.0, 2.0)
"""Without any history: levels that homes commonly have, none of them sure, and no PV."""


def plausible_load(load_kw: FloatArray, per_day: int) -> FloatArray:
    """Return the load with single absurd readings cut: nothing above 1.5 times the third largest daily peak.

    Twice a month is a habit, once is an error. Needs five measured days; of fewer nothing is cut.
    """
    days = len(load_kw) // per_day
    by_day = load_kw[len(load_kw) - days * per_day :].reshape(days, per_day)
    daily = np.nanmax(by_day[~np.isnan(by_day).all(axis=1)], axis=1)
    if len(daily) < 5:  # noqa: PLR2004 - the third largest of fewer says nothing
        return load_kw
    cut: FloatArray = np.minimum(load_kw, 1.5 * np.sort(daily)[-3])
    return cut


def fill_gaps(values: FloatArray, fallback: float) -> FloatArray:
    """Return scenarios, shape (scenarios, count), with each gap filled from another scenario, else from a near slot."""
    gaps = np.isnan(values)
    if not gaps.any():
        return values
    filled = values.copy()
    for row in range(len(filled)):
        for donor in (*range(row + 1, len(filled)), *range(row - 1, -1, -1)):
            empty = np.isnan(filled[row])
            if not empty.any():
                break
            filled[row, empty] = values[donor, empty]
    empty = np.isnan(filled[0])
    if empty.all():
        return np.full_like(values, fallback)
    where = np.arange(values.shape[1])
    for row in filled:
        row[empty] = np.interp(where[empty], where[~empty], row[~empty])
    return filled


def likeness(history: History, per_day: int, days: int, slots: int) -> FloatArray:
    """Return how like the last hours each earlier day was at this time, shape (days,), between 0 and 1."""
    count = history.grid.count
    latest = count - slots + np.arange(slots)
    earlier = latest - (1 + np.arange(days))[:, None] * per_day
    apart = np.abs(history.load_kw[latest.clip(0)] - history.load_kw[earlier.clip(0)])
    pv_apart = np.abs(history.pv_kw[latest.clip(0)] - history.pv_kw[earlier.clip(0)])
    apart += np.where(np.isnan(pv_apart), 0.0, pv_apart)
    seen = ~np.isnan(apart) & (earlier >= 0) & (latest >= 0)
    sums, counts = np.where(seen, apart, 0.0).sum(axis=1), seen.sum(axis=1)
    distance = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    known = ~np.isnan(distance)
    if not known.any():
        return np.ones(days)
    median = float(np.median(distance[known]))
    distance[~known] = median
    return np.exp(-distance / (LIKENESS_SCALE * median + 1e-9))


def same_kind_of_day(grid: TimeGrid, timezone: ZoneInfo) -> FloatArray:
    """Return the weight of each earlier day by its kind, shape (DAYS,): weekends are like weekends."""
    middle = grid.at(grid.count // 2)
    weekday = middle.astimezone(timezone).weekday()
    back = (middle - grid.start).days + 1 + np.arange(DAYS)
    weekend = (weekday - back) % 7 >= SATURDAY
    return np.where(weekend == (weekday >= SATURDAY), 1.0, OTHER_KIND_OF_DAY)


def floor_scenarios(history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool = True) -> Scenarios:
    """Return scenarios on `grid`, which starts where the history ends and has its step.

    Days that are like the present one weigh more, unless `alike` is False: where a rare peak decides, every day counts.
    Any history will do: none at all gives a few common levels of load, one day gives that day and its neighbourhood.
    """
    if history.grid.end != grid.start or history.grid.step != grid.step:
        raise ValueError("a forecast grid starts where the history ends, with the same step")
    if np.isnan(history.load_kw).all():
        return _unknown_home(grid)
    per_day = timedelta(days=1) // grid.step
    source = same_time_on_earlier_days(history.grid, grid, DAYS, timezone)
    load_kw = np.append(plausible_load(history.load_kw, per_day), np.nan)[source]
    pv_kw = np.append(history.pv_kw, np.nan)[source]
    weight = np.ones(DAYS)
    if alike:
        weight = likeness(history, per_day, DAYS, timedelta(hours=LIKENESS_HOURS) // grid.step)
        weight = weight * same_kind_of_day(grid, timezone)
    usable = ~np.isnan(load_kw).all(axis=1)
    if not usable.any():
        return _unknown_home(grid)
    load_kw, pv_kw, weight = load_kw[usable], pv_kw[usable], weight[usable]
    if len(weight) < FEW_DAYS:
        hour = timedelta(hours=1) // grid.step
        load_kw, pv_kw = (
            np.concatenate([values, np.roll(values, hour, axis=1), np.roll(values, -hour, axis=1)])
            for values in (load_kw, pv_kw)
        )
        weight = np.tile(weight, 3)
    return Scenarios(
        grid=grid,
        load_kw=fill_gaps(load_kw, UNKNOWN_HOME_LOAD_KW[1]),
        pv_kw=fill_gaps(pv_kw, 0.0),
        weight=weight / weight.sum(),
        issued_at=grid.start,
        model_id=MODEL_ID,
    )


def _unknown_home(grid: TimeGrid) -> Scenarios:
    levels = np.array(UNKNOWN_HOME_LOAD_KW)
    return Scenarios(
        grid=grid,
        load_kw=np.repeat(levels[:, None], grid.count, axis=1),
        pv_kw=np.zeros((len(levels), grid.count)),
        weight=np.full(len(levels), 1 / len(levels)),
        issued_at=grid.start,
        model_id=MODEL_ID,
    )


def forecast_of(scenarios: Scenarios, values: FloatArray) -> Forecast:
    """Return mean and 80 % band of one quantity of the scenarios, `values` being its (scenarios, count) array."""
    order = np.argsort(values, axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    below = np.cumsum(scenarios.weight[order], axis=0)

    def quantile(share: float) -> FloatArray:
        at = np.minimum((below < share).sum(axis=0), len(ranked) - 1)
        picked: FloatArray = np.take_along_axis(ranked, at[None, :], axis=0)[0]
        return picked

    return Forecast(
        grid=scenarios.grid,
        mean_kw=scenarios.weight @ values,
        low_kw=quantile(0.1),
        high_kw=quantile(0.9),
        issued_at=scenarios.issued_at,
        model_id=scenarios.model_id,
    )
