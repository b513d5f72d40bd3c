"""Time in slots: n slots have n+1 edges. Values of slots and of edges are two types, so they cannot be mixed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
IntArray: TypeAlias = npt.NDArray[np.int_]


def frozen_array(values: npt.ArrayLike) -> FloatArray:
    """Return a read-only float64 copy of `values`, so that a frozen type stays frozen."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array


def require_utc(at: datetime) -> datetime:
    """Return `at` in UTC.

    Raises:
        ValueError: `at` has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no time zone; times inside the agent are aware UTC")
    return at.astimezone(UTC)


def slot_start(at: datetime, step: timedelta) -> datetime:
    """Return the start of the clock-aligned slot of length `step` that holds `at`."""
    at = require_utc(at)
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // step * step


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeGrid:
    """`count` half-open slots of length `step` from `start` (aware UTC)."""

    start: datetime
    step: timedelta
    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", require_utc(self.start))
        if self.step <= timedelta(0):
            raise ValueError(f"a slot must last longer than {self.step}")
        if self.count < 0:
            raise ValueError(f"a grid cannot have {self.count} slots")

    @property
    def end(self) -> datetime:
        """The end of the last slot, which is no longer part of the grid."""
        return self.start + self.count * self.step

    @property
    def step_hours(self) -> float:
        """The length of a slot in hours."""
        return self.step / timedelta(hours=1)

    def at(self, index: int) -> datetime:
        """Return the start of slot `index`; `count` gives the end of the grid."""
        return self.start + index * self.step

    def index_of(self, at: datetime) -> int:
        """Return the slot that holds `at`.

        Raises:
            IndexError: `at` lies outside the grid.
        """
        index = (at - self.start) // self.step
        if not 0 <= index < self.count:
            raise IndexError(f"{at.isoformat()} is outside {self.start.isoformat()} to {self.end.isoformat()}")
        return index

    def starts(self) -> list[datetime]:
        """Return the start of every slot."""
        return [self.start + index * self.step for index in range(self.count)]


def _require_shape(values: FloatArray, count: int, what: str) -> None:
    if values.shape != (count,):
        raise ValueError(f"{what} needs shape ({count},), got {values.shape}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotSeries:
    """Means over slots, shape (count,); a gap is NaN."""

    grid: TimeGrid
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen_array(self.values))
        _require_shape(self.values, self.grid.count, "a slot series")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EdgeSeries:
    """Values at slot edges, shape (count + 1,): stored energy."""

    grid: TimeGrid
    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", frozen_array(self.values))
        _require_shape(self.values, self.grid.count + 1, "an edge series")
