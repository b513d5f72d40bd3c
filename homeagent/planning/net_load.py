"""Scenarios of load and PV as one small distribution of net load a slot."""

from __future__ import annotations

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid


def distribution(values: FloatArray, weight: FloatArray, points: int) -> FloatArray:
    """Return `points` equally likely values per row, shape (rows, points), that keep each row's mean.

    `values` has shape (rows, samples), `weight` (samples,). Point k is the mean of the k-th equal share of the row's
    distribution: the integral of its quantile function over that share.
    """
    order = np.argsort(values, axis=1, kind="stable")
    sorted_weight = weight[order] / weight.sum()
    reached = np.cumsum(sorted_weight, axis=1)
    integral = np.cumsum(sorted_weight * np.take_along_axis(values, order, axis=1), axis=1)
    shares = np.arange(points + 1) / points
    start = np.zeros((len(values), 1))
    reached, integral = np.hstack([start, reached]), np.hstack([start, integral])
    at_shares = np.array([np.interp(shares, x, y) for x, y in zip(reached, integral, strict=True)])
    return np.diff(at_shares, axis=1) * points


def net_load_points(scenarios: Scenarios, grid: TimeGrid, without_pv: BoolArray, points: int) -> FloatArray:
    """Return the net load's distribution in each slot of `grid`, shape (grid.count, points) [kW].

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
    return distribution(by_slot, np.repeat(scenarios.weight, inside), points)
