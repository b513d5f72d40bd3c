"""What the home will need: scenarios for the planner, and bands for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array

WATTS = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """One quantity over a grid: mean and the 80 % band, each of shape (count,) [kW]."""

    grid: TimeGrid
    mean_kw: FloatArray
    low_kw: FloatArray
    high_kw: FloatArray
    issued_at: datetime
    model_id: str

    def __post_init__(self) -> None:
        for name in ("mean_kw", "low_kw", "high_kw"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenarios:
    """Equally possible courses of load and PV, shape (scenarios, count) [kW], with a weight each, summing to 1."""

    grid: TimeGrid
    load_kw: FloatArray
    pv_kw: FloatArray
    weight: FloatArray
    issued_at: datetime
    model_id: str

    def __post_init__(self) -> None:
        for name in ("load_kw", "pv_kw", "weight"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
        shape = (len(self.weight), self.grid.count)
        if not self.load_kw.shape == self.pv_kw.shape == shape:
            raise ValueError(f"scenarios need arrays of shape {shape}")

    def in_whole_watts(self) -> Scenarios:
        """Return the same courses rounded to whole watts, finer than any meter, so that they can be kept exactly."""
        load_kw, pv_kw = (np.rint(values * WATTS) / WATTS for values in (self.load_kw, self.pv_kw))
        return replace(self, load_kw=load_kw, pv_kw=pv_kw)

    def adding(self, load_kw: FloatArray) -> Scenarios:
        """Return the same courses with a load on top that is known beforehand, shape (count,)."""
        return replace(self, load_kw=self.load_kw + load_kw)

    def in_slots_of(self, grid: TimeGrid) -> Scenarios:
        """Return the same courses as means over the coarser slots of `grid`, which starts with this one."""
        inside = grid.step // self.grid.step
        load_kw, pv_kw = (
            values[:, : grid.count * inside].reshape(-1, grid.count, inside).mean(axis=2)
            for values in (self.load_kw, self.pv_kw)
        )
        return Scenarios(
            grid=grid,
            load_kw=load_kw,
            pv_kw=pv_kw,
            weight=self.weight,
            issued_at=self.issued_at,
            model_id=self.model_id,
        )
