"""Times when nobody is at home: found in the load, and what a home needs in them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.history import History
from homeagent.forecasting.calendar import IndexArray
from homeagent.forecasting.habits import busy_above_kw
from homeagent.forecasting.stretches import stretches

BLOCK = timedelta(minutes=30)
SHORTEST = timedelta(hours=36)
"""A shorter quiet time may be one mild or lazy day, and is nothing to plan by."""
USUALLY_BUSY = 0.5
"""Of the days: an hour that is busy more often is missed when it is quiet."""
LEAST_MISSED_H = 4.0
LEAST_SEEN_H = 24.0
_DAY_S = 86400


def absent(history: History, offsets_s: IndexArray) -> BoolArray:
    """Return the slots in which nobody seems to have been at home, shape (count,).

    A home is left if it stays quiet for a day and a half or longer, through hours that are busy on most days.
    `offsets_s` are the zone's offsets from UTC. Where quiet and busy cannot be told apart nobody is ever away.
    """
    inside = max(BLOCK // history.grid.step, 1)
    count = history.grid.count // inside
    none = np.zeros(history.grid.count, dtype=np.bool_)
    load = history.load_kw[: count * inside].reshape(count, inside)
    known = (~np.isnan(load)).sum(axis=1)
    mean = np.where(2 * known >= inside, np.nansum(load, axis=1) / np.maximum(known, 1), np.nan)
    busy_kw, _ = busy_above_kw(mean)
    if busy_kw is None:
        return none
    block_s = inside * history.grid.step.total_seconds()
    busy = mean >= busy_kw
    start_s = int(history.grid.start.timestamp()) + np.arange(count) * int(block_s)
    usual = _usually_busy(
        busy, np.isnan(mean), (start_s + offsets_s[: count * inside : inside]) % _DAY_S // int(block_s)
    )
    away = np.zeros(count, dtype=np.bool_)
    for begin, end in zip(*stretches(~busy), strict=True):
        part = slice(begin, end)
        missed_h = float((usual[part] & ~np.isnan(mean[part])).sum()) * block_s / 3600
        if (end - begin) * block_s >= SHORTEST.total_seconds() and missed_h >= LEAST_MISSED_H:
            away[part] = True
    none[: count * inside] = np.repeat(away, inside)
    return none


def long_enough(away: BoolArray, step: timedelta) -> BoolArray:
    """Return the slots of stretches that are long enough to be an absence, shape as `away`."""
    kept = np.zeros(len(away), dtype=np.bool_)
    for begin, end in zip(*stretches(away), strict=True):
        kept[begin:end] = (end - begin) * step >= SHORTEST
    return kept


def _usually_busy(busy: BoolArray, gap: BoolArray, at: IndexArray) -> BoolArray:
    """Return whether each block is at a time of day that is busy on most days."""
    seen = np.bincount(at, weights=~gap)
    often = np.bincount(at, weights=busy & ~gap) >= USUALLY_BUSY * np.maximum(seen, 1)
    found: BoolArray = often[at]
    return found


def quiet_levels_kw(history: History, away: BoolArray, levels: int) -> FloatArray:
    """Return what the home draws while nobody is there, at so many evenly spread ranks [kW].

    It is what was measured in absences, if that is a day or more; else the lowest tenth of what was measured at all.
    """
    seen = history.load_kw[away & ~np.isnan(history.load_kw)]
    if len(seen) * (history.grid.step / timedelta(hours=1)) < LEAST_SEEN_H:
        known = history.load_kw[~np.isnan(history.load_kw)]
        seen = known[known <= np.quantile(known, 0.1)] if len(known) else np.zeros(1)
    return np.quantile(seen, (np.arange(levels) + 0.5) / levels)


def while_away(scenarios: Scenarios, away: BoolArray, levels_kw: FloatArray) -> Scenarios:
    """Return scenarios in which the home is left in the slots `away`; a level for each course."""
    load_kw = np.where(away[None, :], levels_kw[:, None], scenarios.load_kw)
    return replace(scenarios, load_kw=load_kw)


def perhaps_away(scenarios: Scenarios, levels_kw: FloatArray, since: timedelta) -> Scenarios:
    """Return scenarios of a home that is left `since` then, until nobody knows when: some stay so, some come back.

    After n days the chance that one more follows is n / (n + 1): nearly Laplace's rule of succession.
    """
    days = since / timedelta(days=1)
    stays = days / (days + 1)
    gone = while_away(scenarios, np.ones(scenarios.grid.count, dtype=np.bool_), levels_kw)
    return replace(
        scenarios,
        load_kw=np.concatenate([gone.load_kw, scenarios.load_kw]),
        pv_kw=np.concatenate([scenarios.pv_kw, scenarios.pv_kw]),
        weight=np.concatenate([stays * scenarios.weight, (1 - stays) * scenarios.weight]),
    )
