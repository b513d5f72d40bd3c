"""Readings as slot means, for as long as the agent remembers them."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.readings import Reading

ENOUGH = 0.5
"""A slot counts as measured if at least this share of it was."""


class SlotMeans:
    """Time-weighted means of one quantity in clock-aligned slots; what is older than `keep` is forgotten."""

    def __init__(self, start: datetime, step: timedelta, keep: timedelta) -> None:
        self._step = step
        self._keep = keep // step
        self._origin = start
        self._sum = np.zeros(2 * self._keep)
        self._covered_s = np.zeros(2 * self._keep)

    def add(self, reading: Reading) -> None:
        """Spread a mean over the slots it covers; gaps and instants leave no trace."""
        if reading.value is None or not reading.over:
            return
        start = max(reading.at - reading.over, self._origin)
        while start < reading.at:
            index = (start - self._origin) // self._step
            if index >= len(self._sum):
                index -= self._forget(index)
            end = min(reading.at, self._origin + (index + 1) * self._step)
            seconds = (end - start).total_seconds()
            self._sum[index] += reading.value * seconds
            self._covered_s[index] += seconds
            start = end

    def _forget(self, index: int) -> int:
        """Make room for slot `index`; return by how many slots all moved."""
        drop = min(index + 1 - self._keep, len(self._sum))
        for array in (self._sum, self._covered_s):
            array[: len(array) - drop] = array[drop:].copy()
            array[len(array) - drop :] = 0.0
        moved = index + 1 - self._keep
        self._origin += moved * self._step
        return moved

    def window(self, grid: TimeGrid) -> FloatArray:
        """Return the means on `grid`, which has this step and alignment, shape (count,); NaN where not measured."""
        first = (grid.start - self._origin) // self._step
        means = np.full(grid.count, np.nan)
        low, high = max(first, 0), min(first + grid.count, len(self._sum))
        if low < high:
            covered = self._covered_s[low:high]
            enough = covered >= ENOUGH * self._step.total_seconds()
            means[low - first : high - first] = np.where(enough, self._sum[low:high] / np.maximum(covered, 1.0), np.nan)
        return means
