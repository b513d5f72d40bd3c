"""What a home is told of its days to come: loads that somebody announces, and times when nobody is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid

MOST_ANNOUNCED_KW = 50.0
LONGEST_LOAD = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncedLoad:
    """Energy that somebody will use, spread evenly from `start` on over `over`. Both are positive; `start` is UTC."""

    name: str
    start: datetime
    over: timedelta
    energy_kwh: float

    @property
    def end(self) -> datetime:
        """When it is over."""
        return self.start + self.over

    @property
    def power_kw(self) -> float:
        """Its mean power."""
        return self.energy_kwh / (self.over / timedelta(hours=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A time when nobody is at home; `end` None is not known."""

    start: datetime
    end: datetime | None


def share_inside(grid: TimeGrid, start: datetime, end: datetime) -> FloatArray:
    """Return what share of each slot lies between two times, shape (count,)."""
    edges = np.arange(grid.count + 1) * grid.step.total_seconds()
    low, high = ((at - grid.start).total_seconds() for at in (start, end))
    inside = np.clip(edges, low, high) if low < high else np.zeros(grid.count + 1)
    return np.diff(inside) / grid.step.total_seconds()


def announced_kw(loads: tuple[AnnouncedLoad, ...], grid: TimeGrid) -> FloatArray:
    """Return the mean power of all announced loads on a grid, shape (count,)."""
    total = np.zeros(grid.count)
    for load in loads:
        total += load.power_kw * share_inside(grid, load.start, load.end)
    return total


def nobody_home(absences: tuple[Absence, ...], grid: TimeGrid) -> BoolArray:
    """Return the slots of which most lies in an absence, shape (count,)."""
    gone = np.zeros(grid.count)
    for absence in absences:
        gone += share_inside(grid, absence.start, grid.end if absence.end is None else absence.end)
    away: BoolArray = gone > 0.5  # noqa: PLR2004 - most of it
    return away
