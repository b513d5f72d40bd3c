"""What a home costs with given loads of its devices, for many such loads at once.

The value of stored energy again (`stored_energy`), but coarser, and without policies: only the cost counts here. On an
even grid of states a slot's cost depends on how far the battery goes, not on where from, so it is tabulated for all
slots at once, and each step backwards is a shifted sum and a minimum. The battery stops at a state of the table, or
where the slot's own cost has a kink: with nothing imported or exported, at its rating, at a limit. So the minimum is
that of the interpolated table, not of a grid of powers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from homeagent.domain.grid import FloatArray, IntArray, TimeGrid
from homeagent.domain.site import BatterySpec, GridLimits
from homeagent.planning.loads import Loads, fuse_kw, last_difference
from homeagent.planning.stored_energy import SMALL_KWH, TIE_PER_KWH

FAR = 1e9
"""The cost of what cannot be done."""
BROKEN_LIMIT = 30.0
"""What a kWh above a fuse costs, in dearest prices of the horizon: steep, so that wishes yield, and finite."""


def broken_limit_per_kwh(import_per_kwh: FloatArray) -> float:
    """Return what a kWh above a fuse or phase limit costs a plan [currency/kWh]."""
    return BROKEN_LIMIT * max(float(np.abs(import_per_kwh).max(initial=0.0)), 0.1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SlotTerms:
    """What steers each slot, shape (count,): prices with carbon, a peak charge's limit and excess; the fuse."""

    buy: FloatArray
    sell: FloatArray
    cap_kw: FloatArray
    excess: FloatArray
    broken: float
    limits: GridLimits
    wear: float

    def until(self, end: int) -> SlotTerms:
        """Return the terms of the slots before `end`."""
        return replace(
            self, buy=self.buy[:end], sell=self.sell[:end], cap_kw=self.cap_kw[:end], excess=self.excess[:end]
        )

    def cost(self, grid_kw: FloatArray, power_kw: FloatArray, fuse_kw: FloatArray) -> FloatArray:
        """Return what flows cost an hour; arrays begin with the axis of slots, `fuse_kw` fits them."""
        buy, sell, cap, excess = (
            one.reshape(-1, *(1,) * (grid_kw.ndim - 1)) for one in (self.buy, self.sell, self.cap_kw, self.excess)
        )
        exported = (
            np.maximum(grid_kw, -self.limits.max_export_kw) if math.isfinite(self.limits.max_export_kw) else grid_kw
        )
        cost = np.where(grid_kw > 0, buy, sell) * exported
        if self.excess.any():
            cost += np.maximum(grid_kw - cap, 0.0) * excess
        if np.isfinite(fuse_kw).any():
            cost += np.maximum(grid_kw - fuse_kw, 0.0) * self.broken
        if self.wear:
            cost += np.maximum(-power_kw, 0.0) * self.wear
        return np.asarray(cost)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HomeCost:
    """A home to be costed: `net_kw` (count, points) is its net load without devices, `weight` (points,)."""

    grid: TimeGrid
    spec: BatterySpec
    soc_kwh: float
    terms: SlotTerms
    net_kw: FloatArray
    weight: FloatArray
    states_kwh: FloatArray
    last: FloatArray
    """The cost to come at the grid's end, (states,)."""

    def tables(self, loads: Loads, known: tuple[Loads, FloatArray] | None = None) -> FloatArray:
        """Return the cost to come, shape (count + 1, loads, states), for loads of shape (loads, count).

        `known` is a load (count,) with its table (count + 1, states): where the others no longer differ from it, what
        comes is known.
        """
        count, many, states = self.grid.count, len(loads.all_kw), len(self.states_kwh)
        table = np.empty((count + 1, many, states))
        end = count
        if known is None:
            table[-1] = self.last
        else:
            end = last_difference(loads, known[0])
            table[end:] = known[1][end:, None]
        moves = _Moves.of(self, loads, end)
        width = moves.down + states + moves.up + 1
        padded = np.full((many, width), FAR)
        inside = padded[:, moves.down : moves.down + states]
        shape = (many, 1, states, moves.down + moves.up + 1)
        stride, item = padded.strides
        shifted = np.lib.stride_tricks.as_strided(padded, shape, (stride, 0, item, item), writeable=False)
        flat = padded.reshape(-1)
        for slot in range(end - 1, -1, -1):
            inside[:] = table[slot + 1]
            best = (shifted + moves.grid_cost[slot]).min(axis=-1)
            below = moves.kink_below[slot]
            low = flat.take(below)
            kinks = flat.take(below + 1)
            kinks -= low
            kinks *= moves.kink_part[slot]
            kinks += low
            kinks += moves.kink_cost[slot]
            np.minimum(best, kinks.min(axis=2), out=best)
            np.einsum("bps,p->bs", best, self.weight, out=table[slot])
        return table

    def until(self, end: int) -> HomeCost:
        """Return the home in the slots before `end`."""
        return replace(self, net_kw=self.net_kw[:end], terms=self.terms.until(end)) if end < self.grid.count else self

    def at_start(self, table: FloatArray) -> FloatArray:
        """Return the cost from the present state of charge on, for each load: shape (loads,)."""
        states = self.states_kwh
        place = min(max((self.soc_kwh - states[0]) / (states[1] - states[0]), 0.0), len(states) - 1.0)
        below = min(int(place), len(states) - 2)
        low = table[0, :, below]
        return np.asarray(low + (place - below) * (table[0, :, below + 1] - low))

    def slots_from(self, soc_kwh: FloatArray, table: FloatArray, loads: Loads) -> FloatArray:
        """Return what each slot and all after it cost from `soc_kwh` (count,), for loads of shape (count, levels).

        `table` is the cost to come, (count + 1, states), beside which the slot alone is taken to differ.
        """
        spec, hours, states = self.spec, self.grid.step_hours, self.states_kwh
        apart_kwh = states[1] - states[0]
        net = self.net_kw[:, None, :] + loads.all_kw[:, :, None]
        fuse = fuse_kw(self.terms.limits, loads.one_phase_kw)[:, :, None]
        least = _least_kw(self, loads.apart_kw[:, :, None], net)
        start = np.clip(soc_kwh, states[0], states[-1])[:, None]
        up, down = _reach(self)
        node = np.floor((start - states[0]) / apart_kwh).astype(np.intp) + np.arange(-down, up + 2)
        stored = states[0] + node * apart_kwh - start
        power = _power_kw(stored, spec, hours)[:, None, None, :]
        after = np.take_along_axis(table[1:], node.clip(0, len(states) - 1), axis=1)
        after = np.where((node >= 0) & (node < len(states)) & (power[:, 0, 0] <= spec.max_charge_kw), after, FAR)
        cost = self.terms.cost(net[..., None] + power, power, fuse[..., None]) * hours + after[:, None, None, :]
        cost[np.broadcast_to(power < least[..., None] - SMALL_KWH, cost.shape)] = FAR
        at = _kinks_kw(self, net, least, fuse)
        place = (start[..., None, None] - states[0] + _stored_kwh(at, spec, hours)) / apart_kwh
        below = np.floor(place).astype(np.intp)
        inside = (place >= 0) & (place <= len(states) - 1)
        below = below.clip(0, len(states) - 2)
        low = np.take_along_axis(table[1:], below.reshape(len(below), -1), axis=1).reshape(below.shape)
        high = np.take_along_axis(table[1:], below.reshape(len(below), -1) + 1, axis=1).reshape(below.shape)
        kinked = (
            self.terms.cost(net[..., None] + at, at, fuse[..., None]) * hours + low + (place - below) * (high - low)
        )
        best = np.minimum(cost.min(axis=-1), np.where(inside, kinked, FAR).min(axis=-1))
        return np.asarray(best @ self.weight)

    def course_kwh(self, table: FloatArray, loads: Loads) -> FloatArray:
        """Return what is stored at the edges beside loads of shape (count,), as expected: shape (count + 1,).

        In each slot the battery answers every point of the net load from the mean of what it had before.
        """
        spec, hours, terms = self.spec, self.grid.step_hours, self.terms
        states = self.states_kwh
        worth = np.minimum.accumulate((table[1:, :-1] - table[1:, 1:]) / (states[1] - states[0]), axis=1)
        wear, out, into = terms.wear, spec.discharge_efficiency, spec.charge_efficiency
        meet = (
            terms.buy / into + TIE_PER_KWH,
            terms.sell / into - TIE_PER_KWH,
            (terms.buy - wear) * out + TIE_PER_KWH,
            (terms.sell - wear) * out - TIE_PER_KWH,
        )
        charge_to, store_to, serve_to, sell_to = (states[(worth > at[:, None]).sum(axis=1)].tolist() for at in meet)
        net = self.net_kw + loads.all_kw[:, None]
        least = _least_kw(self, loads.apart_kw[:, None], net).tolist()
        most_kw, weight = spec.max_charge_kw, self.weight.tolist()
        nets = net.tolist()
        caps = np.minimum(terms.cap_kw, fuse_kw(terms.limits, loads.one_phase_kw)).tolist()
        soc = min(max(self.soc_kwh, float(states[0])), float(states[-1]))
        course = [soc]
        for slot in range(self.grid.count):
            low = min(max(charge_to[slot] - soc, 0.0) / (into * hours), most_kw)
            low -= max(soc - serve_to[slot], 0.0) * out / hours
            high = min(max(store_to[slot] - soc, 0.0) / (into * hours), most_kw)
            high -= max(soc - sell_to[slot], 0.0) * out / hours
            empties = (soc - float(states[0])) * out / hours
            moved = 0.0
            for kw, floor, share in zip(nets[slot], least[slot], weight, strict=True):
                power = min(max(-kw, low), high)
                power = max(min(power, max(caps[slot] - kw, -empties)), floor)
                moved += share * (power * into if power > 0 else power / out)
            soc = min(max(soc + moved * hours, float(states[0])), float(states[-1]))
            course.append(soc)
        return np.array(course)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Moves:
    """What going up or down from a state costs in each slot.

    `grid_cost` (count, loads, points, 1, moves) by whole states; `kink_below`, `kink_part` and `kink_cost`
    (count, loads, points, kinks, ...) where the slot's cost has a kink.
    """

    down: int
    up: int
    grid_cost: FloatArray
    kink_below: IntArray
    kink_part: FloatArray
    kink_cost: FloatArray

    @classmethod
    def of(cls, home: HomeCost, loads: Loads, end: int) -> _Moves:
        """Return the moves of the slots before `end`."""
        home, loads = home.until(end), loads.until(end)
        spec, hours = home.spec, home.grid.step_hours
        states = len(home.states_kwh)
        apart_kwh = home.states_kwh[1] - home.states_kwh[0]
        up, down = _reach(home)
        net = home.net_kw[:, None, :] + loads.all_kw.T[:, :, None]
        fuse = fuse_kw(home.terms.limits, loads.one_phase_kw).T[:, :, None]
        least = _least_kw(home, loads.apart_kw.T[:, :, None], net)
        power = _power_kw(np.arange(-down, up + 1) * apart_kwh, spec, hours)
        grid_cost = home.terms.cost(net[..., None] + power, power.reshape(1, 1, 1, -1), fuse[..., None]) * hours
        if loads.apart_kw.any():
            grid_cost[power < least[..., None] - SMALL_KWH] = FAR
        at = _kinks_kw(home, net, least, fuse)
        place = _stored_kwh(at, spec, hours) / apart_kwh
        below = np.floor(place + SMALL_KWH)
        rows = np.arange(len(loads.all_kw))[:, None, None] * (down + states + up + 1) + down
        return cls(
            down=down,
            up=up,
            grid_cost=grid_cost[:, :, :, None, :],
            kink_below=(below.astype(np.intp) + rows)[..., None] + np.arange(states),
            kink_part=np.maximum(place - below, 0.0)[..., None],
            kink_cost=(home.terms.cost(net[..., None] + at, at, fuse[..., None]) * hours)[..., None],
        )


def _reach(home: HomeCost) -> tuple[int, int]:
    """Return by how many states a slot can take the battery up, and down."""
    spec, hours, states = home.spec, home.grid.step_hours, home.states_kwh
    apart_kwh = states[1] - states[0]
    up = spec.max_charge_kw * hours * spec.charge_efficiency / apart_kwh
    down = spec.max_discharge_kw * hours / spec.discharge_efficiency / apart_kwh
    return min(int(up + SMALL_KWH), len(states) - 1), min(int(down + SMALL_KWH), len(states) - 1)


def _power_kw(stored_kwh: FloatArray, spec: BatterySpec, hours: float) -> FloatArray:
    """Return the power [kW, + charging] that stores so much in a slot."""
    return np.asarray(
        np.maximum(stored_kwh, 0.0) / (spec.charge_efficiency * hours)
        + np.minimum(stored_kwh, 0.0) * (spec.discharge_efficiency / hours)
    )


def _stored_kwh(power_kw: FloatArray, spec: BatterySpec, hours: float) -> FloatArray:
    """Return what a power stores in a slot."""
    stored_kw = np.minimum(power_kw * spec.charge_efficiency, power_kw / spec.discharge_efficiency)
    return np.asarray(stored_kw * hours)


def _least_kw(home: HomeCost, apart_kw: FloatArray, net_kw: FloatArray) -> FloatArray:
    """Return the lowest power of the battery [kW]: it does not discharge into what is apart from it."""
    least = np.full_like(net_kw, -home.spec.max_discharge_kw)
    if not apart_kw.any():
        return least
    served = np.minimum(-(net_kw - apart_kw), 0.0)
    return np.where(apart_kw > 0, np.maximum(least, served), least)


def _kinks_kw(home: HomeCost, net_kw: FloatArray, least_kw: FloatArray, fuse_kw: FloatArray) -> FloatArray:
    """Return the powers of the battery at which a slot's cost has a kink, along a new last axis."""
    kinks = [-net_kw, np.full_like(net_kw, home.spec.max_charge_kw), least_kw]
    if home.terms.excess.any():
        kinks.append(home.terms.cap_kw.reshape(-1, 1, 1) - net_kw)
    if np.isfinite(fuse_kw).any():
        kinks.append(fuse_kw - net_kw)
    at = np.maximum(np.stack(kinks, axis=-1), least_kw[..., None])
    return np.asarray(np.minimum(at, home.spec.max_charge_kw))
