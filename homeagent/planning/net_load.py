"""Scenarios of load and PV as one small distribution of net load a slot."""

from __future__ import annotations

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid


def even_shares(points: int) -> FloatArray:
    """Return the edges of equal shares of a distribution, shape (points + 1,)."""
    return np.arange(points + 1) / points


def tail_shares(points: int, days: int) -> FloatArray:
    """Return edges of shares that tell the largest days singly: a third of the points for a day in `days` each.

    With fewer days than points a day stands for more than one point.
    """
    days = max(days, points)
    singly = points // 3
    common = np.linspace(0, 1 - singly / days, points - singly + 1)
    return np.concatenate([common, 1 - np.arange(singly - 1, -1, -1) / days])


def distribution(values: FloatArray, weight: FloatArray, shares: FloatArray) -> FloatArray:
    """Return a value for each share of a distribution, shape (rows, shares), that together keep each row's mean.

    `values` has shape (rows, samples), `weight` (samples,); `shares` are edges from 0 to 1. Point k is the mean of the
    k-th share of the row's distribution: the integral of its quantile function over that share.
    """
    order = np.argsort(values, axis=1, kind="stable")
    sorted_weight = weight[order] / weight.sum()
    reached = np.cumsum(sorted_weight, axis=1)
    integral = np.cumsum(sorted_weight * np.take_along_axis(values, order, axis=1), axis=1)
    start = np.zeros((len(values), 1))
    reached, integral = np.hstack([start, reached]), np.hstack([start, integral])
    at_shares = np.array([np.interp(shares, x, y) for x, y in zip(reached, integral, strict=True)])
    return np.asarray(np.diff(at_shares, axis=1) / np.diff(shares))


def net_load_points(scenarios: Scenarios, grid: TimeGrid, without_pv: BoolArray, shares: FloatArray) -> FloatArray:
    """Return the net load's distribution in each slot of `grid`, a value for each share [kW].

    The scenarios' step divides the grid's: what varies inside a slot is part of its distribution, since a battery has
    to follow it. Where `without_pv` is set PV does not count: it will be switched off there.

    Raises:
        ValueError: the scenarios do not cover the grid in whole slots.
    """
    inside, rest = divmod(grid.step, scenarios.grid.step)
    if rest or scenarios.grid.start != grid.start or scenarios.grid.count < grid.count * inside:
        raise ValueError("the scenarios must cover the planning grid in whole slots")
    end = grid.count * inside
    pv_kw = np.where(np.repeat(without_pv, inside), 0.0, scenarios.pv_kw[:, :end])
    net_kw = scenarios.load_kw[:, :end] - pv_kw
    by_slot = net_kw.reshape(-1, grid.count, inside).transpose(1, 0, 2).reshape(grid.count, -1)
    return distribution(by_slot, np.repeat(scenarios.weight, inside), shares)
