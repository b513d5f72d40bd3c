"""From quantiles, slot by slot, to whole courses of load and PV that hang together over the hours.

The courses of recent days, weighted by how like the present they are, keep their order in every slot and take their
values from the quantiles (the Schaake shuffle: Clark et al., Journal of Hydrometeorology 5, 2004). So a day that was
high all evening stays high all evening, a cloudy one cloudy, and load and PV keep going together as they did.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.forecasting.features import LEVELS

MOST_STRETCH = 8.0
"""A course's slot is stretched no further than so many times; what is missing is added evenly."""


def at_ranks(quantiles: FloatArray, rank: FloatArray) -> FloatArray:
    """Return the values of ranks (courses, slots) in distributions of `quantiles` (slots, levels).

    Between the levels straight lines; above the last the tail falls off as an exponential one, below the first it runs
    on to half of that level.
    """
    levels = np.array(LEVELS)
    at = np.clip(np.searchsorted(levels, rank) - 1, 0, len(levels) - 2)
    slots = np.arange(rank.shape[1])
    low, high = quantiles[slots, at], quantiles[slots, at + 1]
    part = (rank - levels[at]) / (levels[at + 1] - levels[at])
    value = low + np.clip(part, 0.0, 1.0) * (high - low)
    stretch = (quantiles[:, -1] - quantiles[:, -2]) / np.log((1 - levels[-2]) / (1 - levels[-1]))
    above = np.log((1 - levels[-1]) / np.maximum(1 - rank, 1e-3)) * stretch
    value = np.where(rank > levels[-1], quantiles[:, -1] + above, value)
    below = quantiles[:, 0] * (0.5 + 0.5 * rank / levels[0])
    found: FloatArray = np.where(rank < levels[0], below, value)
    return found


def ranks(values: FloatArray, weight: FloatArray) -> FloatArray:
    """Return the weighted rank of each course in each slot, between 0 and 1, shape (courses, slots)."""
    order = np.argsort(values, axis=0, kind="stable")
    sorted_weight = weight[order] / weight.sum()
    reached = np.cumsum(sorted_weight, axis=0) - sorted_weight / 2
    found = np.empty_like(values)
    np.put_along_axis(found, order, reached, axis=0)
    return found


def _stretched(fine: FloatArray, inside: int, wanted: FloatArray) -> FloatArray:
    """Return fine courses whose means over `inside` slots are as wanted, with the ups and downs that they had."""
    if inside == 1:
        return wanted
    parts = fine.reshape(len(fine), -1, inside)
    mean = parts.mean(axis=2)
    factor = np.minimum(wanted / np.maximum(mean, 1e-6), MOST_STRETCH)
    missing = np.maximum(wanted - factor * mean, 0.0)
    stretched: FloatArray = (parts * factor[:, :, None] + missing[:, :, None]).reshape(fine.shape)
    return stretched


def shuffled(
    courses: Scenarios, grid: TimeGrid, load_kw: FloatArray | None, pv_kw: FloatArray | None, model_id: str
) -> Scenarios:
    """Return the courses with their values from quantiles (slots of `grid`, levels); a quantity without stays as it is.

    `grid` starts and ends with the courses, in slots as long as theirs or a whole number of times longer.
    """
    inside = grid.step // courses.grid.step

    def changed(fine: FloatArray, quantiles: FloatArray | None) -> FloatArray:
        if quantiles is None:
            return fine
        coarse = fine.reshape(len(fine), grid.count, inside).mean(axis=2)
        wanted = np.maximum(at_ranks(quantiles, ranks(coarse, courses.weight)), 0.0)
        return _stretched(fine, inside, wanted)

    return replace(
        courses,
        load_kw=changed(courses.load_kw, load_kw),
        pv_kw=changed(courses.pv_kw, pv_kw),
        model_id=model_id,
    )
