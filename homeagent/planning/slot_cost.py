"""What more load costs in each slot beside what is planned already, the battery's answer counted.

A device that looks for its best course sees the rest of the home as a convex cost a slot: what the grid asks, what the
sun leaves over, and what the battery would rather give than the grid, priced by the value of stored energy where the
present plan has it. The answer of the battery to a load in *other* slots is not in it: that is why the joint plan goes
round, and judges a course by the whole home's cost at last.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.planning.home_cost import HomeCost, broken_limit_per_kwh
from homeagent.planning.loads import Loads


class SlotCost(Protocol):
    """What more load costs in each slot beside what is planned already, and what the limits make of it."""

    @property
    def grid(self) -> TimeGrid:
        """The slots."""

    def of(self, levels_kw: FloatArray) -> FloatArray:
        """Return what drawing so much more for a whole slot costs [currency], shape (count, levels).

        `levels_kw` is (levels,) or (count, levels); negative is less load. Convex in the level, expected over
        scenarios. Above a limit of the grid it is steep but finite.
        """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceCost:
    """A home without a battery: prices (count,), a known net load (count,), and what may be imported [kW]."""

    grid: TimeGrid
    import_per_kwh: FloatArray
    export_per_kwh: FloatArray
    net_kw: FloatArray
    max_import_kw: float = math.inf

    def of(self, levels_kw: FloatArray) -> FloatArray:
        """Return what more load costs, as `SlotCost` says."""
        more = self._cost(self.net_kw[:, None] + np.atleast_2d(levels_kw)) - self._cost(self.net_kw[:, None])
        return np.asarray(more * self.grid.step_hours)

    def _cost(self, net_kw: FloatArray) -> FloatArray:
        cost = np.where(net_kw > 0, self.import_per_kwh[:, None], self.export_per_kwh[:, None]) * net_kw
        if math.isfinite(self.max_import_kw):
            above_kw = np.maximum(net_kw - self.max_import_kw, 0.0)
            cost = cost + above_kw * broken_limit_per_kwh(self.import_per_kwh)
        return np.asarray(cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryCost:
    """The cost of more load in a home whose battery answers it as the value of stored energy says.

    `table` is the cost to come at the edges (count + 1, states) beside the `loads` of the other devices (count,), and
    `soc_kwh` (count,) what is stored when each slot begins. `apart`: the battery must not serve this device.
    """

    home: HomeCost
    table: FloatArray
    loads: Loads
    soc_kwh: FloatArray
    apart: bool = False
    one_phase: bool = False

    @property
    def grid(self) -> TimeGrid:
        """The slots."""
        return self.home.grid

    def of(self, levels_kw: FloatArray) -> FloatArray:
        """Return what more load costs, as `SlotCost` says."""
        count = self.grid.count
        levels_kw = np.broadcast_to(np.atleast_2d(levels_kw), (count, np.shape(levels_kw)[-1]))
        with_none = np.concatenate([np.zeros((count, 1)), levels_kw], axis=1)
        own = Loads(
            all_kw=with_none,
            apart_kw=np.maximum(with_none, 0.0) if self.apart else np.zeros_like(with_none),
            one_phase_kw=with_none if self.one_phase else np.zeros_like(with_none),
        )
        beside = Loads(
            all_kw=self.loads.all_kw[:, None],
            apart_kw=self.loads.apart_kw[:, None],
            one_phase_kw=self.loads.one_phase_kw[:, None],
        )
        cost = self.home.slots_from(self.soc_kwh, self.table, own + beside)
        return cost[:, 1:] - cost[:, :1]
