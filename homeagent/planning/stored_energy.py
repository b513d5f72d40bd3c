"""What a stored kWh is worth at each time and state of charge, by stochastic dynamic programming.

Hydro power calls it the water value: going backwards from the horizon, V(soc, t) is the expected cost to come, where in
each slot the net load is drawn from a distribution and the battery decides *after seeing it*. V is convex in the state
of charge, so the best answer to any net load is given by a few levels, found where the slope of V meets a price
(Pereira and Pinto, "Multi-stage stochastic optimization applied to energy planning", Mathematical Programming 52, 1991,
for the idea; here the one-dimensional state is simply tabulated).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from homeagent.devices.battery import Flows, respond
from homeagent.domain.grid import FloatArray
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec, GridLimits

SMALL_KWH = 1e-6
"""A home without a battery is one with a battery of so much."""
TIE_PER_KWH = 1e-6
"""Prices nearer than this are equal [currency/kWh]; equal choices are made as the self-consumption rule makes them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotPrices:
    """What steers one slot [currency/kWh]: carbon and wear included, so not what is paid."""

    import_per_kwh: float
    export_per_kwh: float
    import_limit_kw: float = math.inf
    excess_per_kwh: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NetLoad:
    """The distribution of load and PV in one slot: weighted points, each array of shape (points,) [kW].

    `apart_kw` is the part of the load that the battery must not serve.
    """

    load_kw: FloatArray
    pv_kw: FloatArray
    weight: FloatArray
    apart_kw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredEnergyValue:
    """The table V: expected cost to come, shape (count + 1, states), on states of charge `soc_kwh`, shape (states,)."""

    soc_kwh: FloatArray
    cost_to_come: FloatArray
    policies: tuple[BatteryPolicy, ...]

    def at(self, edge: int, soc_kwh: float) -> float:
        """Return the expected cost to come from `soc_kwh` at `edge`."""
        return float(np.interp(soc_kwh, self.soc_kwh, self.cost_to_come[edge]))

    def per_kwh(self, edge: int, soc_kwh: float) -> float:
        """Return what one more stored kWh is worth at `edge`."""
        return float(self._slopes(self.cost_to_come[edge : edge + 1], np.array([soc_kwh]))[0])

    def per_kwh_along(self, soc_kwh: FloatArray) -> FloatArray:
        """Return what one more stored kWh is worth at each edge of a course, shape (count + 1,)."""
        return self._slopes(self.cost_to_come, soc_kwh)

    def _slopes(self, tables: FloatArray, soc_kwh: FloatArray) -> FloatArray:
        step = self.soc_kwh[1] - self.soc_kwh[0]
        below = ((soc_kwh - self.soc_kwh[0]) / step).clip(0, len(self.soc_kwh) - 2).astype(np.intp)
        rows = np.arange(len(tables))
        slopes: FloatArray = (tables[rows, below] - tables[rows, below + 1]) / step
        return slopes


def slot_policy(
    value_per_kwh: FloatArray,
    soc_kwh: FloatArray,
    prices: SlotPrices,
    spec: BatterySpec,
    limits: GridLimits,
    *,
    pv_curtailable: bool,
) -> BatteryPolicy:
    """Return the levels at which the worth of a stored kWh meets this slot's prices, losses and wear counted.

    `value_per_kwh` is the worth between neighbouring states, shape (states - 1,), falling with the state of charge.
    """
    buy, sell = prices.import_per_kwh, prices.export_per_kwh
    wear, out = spec.wear_per_kwh, spec.discharge_efficiency
    if pv_curtailable:
        sell = max(sell, 0.0)
    worth_more_than = np.array(
        [
            buy / spec.charge_efficiency + TIE_PER_KWH,
            sell / spec.charge_efficiency - TIE_PER_KWH,
            (buy - wear) * out + TIE_PER_KWH,
            (sell - wear) * out - TIE_PER_KWH,
            (buy + prices.excess_per_kwh - wear) * out,
        ]
    )
    charge_to, store_to, discharge_to, export_to, shave_to = soc_kwh[np.searchsorted(-value_per_kwh, -worth_more_than)]
    curtail_all = pv_curtailable and buy < 0
    if limits.max_import_kw <= prices.import_limit_kw:
        shave_to = spec.min_soc_kwh  # a fuse is not a matter of price
    return BatteryPolicy(
        charge_to_kwh=float(charge_to),
        store_to_kwh=float(max(store_to, charge_to)),
        discharge_to_kwh=float(discharge_to),
        export_to_kwh=float(max(export_to, discharge_to)),
        import_limit_kw=min(prices.import_limit_kw, limits.max_import_kw),
        shave_to_kwh=float(min(shave_to, discharge_to)),
        export_limit_kw=0.0 if pv_curtailable and prices.export_per_kwh < 0 else limits.max_export_kw,
        pv_limit_kw=0.0 if curtail_all else math.inf,
    )


def slot_cost(
    policy: BatteryPolicy, prices: SlotPrices, net: NetLoad, spec: BatterySpec, soc_kwh: FloatArray, hours: float
) -> tuple[FloatArray, FloatArray]:
    """Return cost [currency] and state of charge after one slot under `policy`, each of shape (states, points)."""
    flows = respond(policy, spec, soc_kwh[:, None], net.load_kw, net.pv_kw, hours, apart_kw=net.apart_kw)
    return flow_cost(flows, prices, spec, hours), flows.soc_kwh


def flow_cost(flows: Flows, prices: SlotPrices, spec: BatterySpec, hours: float) -> FloatArray:
    """Return what a slot's flows cost [currency], in the shape of the flows."""
    price = np.where(flows.grid_kw > 0, prices.import_per_kwh, prices.export_per_kwh)
    cost = flows.grid_kw * price
    if prices.excess_per_kwh:
        cost = cost + np.maximum(flows.grid_kw - prices.import_limit_kw, 0.0) * prices.excess_per_kwh
    if spec.wear_per_kwh:
        cost = cost + np.maximum(-flows.power_kw, 0.0) * spec.wear_per_kwh
    return cost * hours


def interpolate(table: FloatArray, soc_kwh: FloatArray, at_kwh: FloatArray) -> FloatArray:
    """Return the table, given on evenly spaced states, at `at_kwh`; held at its ends."""
    step = soc_kwh[1] - soc_kwh[0]
    position = np.minimum(np.maximum((at_kwh - soc_kwh[0]) / step, 0.0), len(soc_kwh) - 1.0)
    below = np.minimum(position.astype(np.intp), len(soc_kwh) - 2)
    slope = table[1:] - table[:-1]
    values: FloatArray = table[below] + (position - below) * slope[below]
    return values


def value_of_stored_energy(
    prices: tuple[SlotPrices, ...],
    nets: tuple[NetLoad, ...],
    spec: BatterySpec,
    limits: GridLimits,
    *,
    hours: float,
    states: int,
    terminal_per_kwh: float,
    pv_curtailable: bool,
    cost_after: FloatArray | None = None,
) -> StoredEnergyValue:
    """Return V and the policies it gives, backwards from a horizon where a stored kWh is worth `terminal_per_kwh`.

    `cost_after`, shape (states,), is V at the horizon where that is known.
    """
    soc = np.linspace(spec.min_soc_kwh, max(spec.capacity_kwh, spec.min_soc_kwh + SMALL_KWH), states)
    table = np.empty((len(prices) + 1, states))
    table[-1] = -terminal_per_kwh * (soc - soc[0]) if cost_after is None else cost_after
    policies = []
    for slot in range(len(prices) - 1, -1, -1):
        after = table[slot + 1]
        worth = np.minimum.accumulate((after[:-1] - after[1:]) / (soc[1] - soc[0]))
        policy = slot_policy(worth, soc, prices[slot], spec, limits, pv_curtailable=pv_curtailable)
        cost, soc_after = slot_cost(policy, prices[slot], nets[slot], spec, soc, hours)
        table[slot] = (cost + interpolate(after, soc, soc_after)) @ nets[slot].weight
        policies.append(policy)
    return StoredEnergyValue(soc_kwh=soc, cost_to_come=table, policies=tuple(reversed(policies)))
