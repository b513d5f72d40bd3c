"""One value a slot for some weeks, as it comes: what no meter tells."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid


class Strip:
    """A value a slot for some weeks, written as it comes."""

    def __init__(self, start: datetime, step: timedelta, keep: timedelta) -> None:
        self._origin, self._step = start, step
        self._keep = keep // step
        self._values = np.full(2 * self._keep, np.nan)

    def write(self, at: datetime, value: float) -> None:
        """Note the value of the slot that begins at `at`."""
        index = (at - self._origin) // self._step
        if index < 0:
            return
        if index >= len(self._values):
            drop = min(index + 1 - self._keep, len(self._values))
            self._values[: len(self._values) - drop] = self._values[drop:].copy()
            self._values[len(self._values) - drop :] = np.nan
            self._origin += (index + 1 - self._keep) * self._step
            index = self._keep - 1
        self._values[index] = value

    def write_all(self, at: datetime, values: list[float]) -> None:
        """Note the values of slots that follow each other, the first of which begins at `at`."""
        index = (at - self._origin) // self._step
        if index >= 0 and index + len(values) <= len(self._values):
            self._values[index : index + len(values)] = values
            return
        for later, value in enumerate(values):
            self.write(at + later * self._step, value)

    def window(self, grid: TimeGrid) -> FloatArray:
        """Return the values on `grid`, NaN where none was written."""
        first = (grid.start - self._origin) // self._step
        found = np.full(grid.count, np.nan)
        low, high = max(first, 0), min(first + grid.count, len(self._values))
        if low < high:
            found[low - first : high - first] = self._values[low:high]
        return found
