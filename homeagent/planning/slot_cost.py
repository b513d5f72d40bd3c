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

from homeagent.devices.battery import Flows, respond
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec
from homeagent.planning.stored_energy import SlotPrices, StoredEnergyValue

BROKEN_LIMIT = 30.0
"""What a kWh above a fuse costs, in dearest prices of the horizon: steep, so that wishes yield, and finite."""


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


def broken_limit_per_kwh(import_per_kwh: FloatArray) -> float:
    """Return what a kWh above a fuse or phase limit costs a plan [currency/kWh]."""
    return BROKEN_LIMIT * max(float(np.abs(import_per_kwh).max(initial=0.0)), 0.1)


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
class StackedPolicies:
    """The fields of `BatteryPolicy` for all slots at once, each of shape (count, 1, 1)."""

    charge_to_kwh: FloatArray
    store_to_kwh: FloatArray
    discharge_to_kwh: FloatArray
    export_to_kwh: FloatArray
    import_limit_kw: FloatArray
    shave_to_kwh: FloatArray
    export_limit_kw: FloatArray
    pv_limit_kw: FloatArray

    @classmethod
    def of(cls, policies: tuple[BatteryPolicy, ...]) -> StackedPolicies:
        """Return `policies` stacked along the first axis."""

        def stacked(name: str) -> FloatArray:
            return np.array([getattr(policy, name) for policy in policies])[:, None, None]

        return cls(
            charge_to_kwh=stacked("charge_to_kwh"),
            store_to_kwh=stacked("store_to_kwh"),
            discharge_to_kwh=stacked("discharge_to_kwh"),
            export_to_kwh=stacked("export_to_kwh"),
            import_limit_kw=stacked("import_limit_kw"),
            shave_to_kwh=stacked("shave_to_kwh"),
            export_limit_kw=stacked("export_limit_kw"),
            pv_limit_kw=stacked("pv_limit_kw"),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BatteryCost:
    """The cost of more load in a home whose battery answers it as the value of stored energy says.

    `load_kw`, `pv_kw` and `soc_kwh` (at each slot's start) have shape (count, points): what may be, with `weight`
    (points,). `load_kw` holds what the other devices are planned to draw.
    """

    grid: TimeGrid
    prices: tuple[SlotPrices, ...]
    value: StoredEnergyValue
    spec: BatterySpec
    load_kw: FloatArray
    pv_kw: FloatArray
    soc_kwh: FloatArray
    weight: FloatArray
    max_import_kw: float = math.inf

    def of(self, levels_kw: FloatArray) -> FloatArray:
        """Return what more load costs, as `SlotCost` says."""
        levels_kw = np.broadcast_to(np.atleast_2d(levels_kw), (self.grid.count, np.shape(levels_kw)[-1]))
        with_none = np.concatenate([np.zeros((self.grid.count, 1)), levels_kw], axis=1)
        policies = StackedPolicies.of(self.value.policies)
        flows = respond(
            policies,
            self.spec,
            self.soc_kwh[:, None, :],
            self.load_kw[:, None, :] + with_none[:, :, None],
            self.pv_kw[:, None, :],
            self.grid.step_hours,
        )
        expected: FloatArray = (self._paid(flows) + self._to_come(flows.soc_kwh)) @ self.weight
        return expected[:, 1:] - expected[:, :1]

    def _paid(self, flows: Flows) -> FloatArray:
        buy, sell, limit, excess = (
            np.array([getattr(price, name) for price in self.prices])[:, None, None]
            for name in ("import_per_kwh", "export_per_kwh", "import_limit_kw", "excess_per_kwh")
        )
        paid = np.where(flows.grid_kw > 0, buy, sell) * flows.grid_kw
        if excess.any():
            paid = paid + np.maximum(flows.grid_kw - limit, 0.0) * excess
        if math.isfinite(self.max_import_kw):
            paid = paid + np.maximum(flows.grid_kw - self.max_import_kw, 0.0) * broken_limit_per_kwh(buy)
        if self.spec.wear_per_kwh:
            paid = paid + np.maximum(-flows.power_kw, 0.0) * self.spec.wear_per_kwh
        return np.asarray(paid * self.grid.step_hours)

    def _to_come(self, soc_kwh: FloatArray) -> FloatArray:
        """Return V after each slot at `soc_kwh`, shape (count, levels, points); held at the table's ends."""
        states, tables = self.value.soc_kwh, self.value.cost_to_come[1:]
        step = states[1] - states[0]
        position = np.clip((soc_kwh - states[0]) / step, 0.0, len(states) - 1.0) if step > 0 else np.zeros_like(soc_kwh)
        below = np.minimum(position.astype(np.intp), len(states) - 2)
        flat = below + np.arange(len(tables))[:, None, None] * len(states)
        at, above = tables.ravel()[flat], tables.ravel()[flat + 1]
        return np.asarray(at + (position - below) * (above - at))
