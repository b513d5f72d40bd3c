"""A tank of hot water by its mean temperature: heating, standing loss and draw-off, in closed form over a slot.

C dT/dt = COP * power - loss * (T - room) - draw, with all three constant inside the slot. People draw heat only from
water that is warm enough: what the tank cannot give above `empty_c` is missed, not taken. In a mixed tank that is
`useful_c`; in a layered one hot water floats on the cold that comes in, and can be drawn until little is left of it.
The heater's own thermostat ends heating at `max_c`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from homeagent.domain.devices import CopCurve, TankSpec
from homeagent.domain.grid import FloatArray

MOST_LOSS_PER_HOUR = 1e-9
"""Below this loss the closed form is taken at its limit."""
A_DAY_H = 24.0


@dataclass(frozen=True, slots=True)
class TankSlot:
    """What one slot does to a tank, each an array: the water after it [degC], power drawn [kW], heat missed [kWh]."""

    water_c: FloatArray
    power_kw: FloatArray
    missed_kwh: FloatArray


@dataclass(frozen=True, slots=True)
class TankStep:
    """The physics of slots of one length: `keeps` of the distance to the room's temperature stays after a slot."""

    spec: TankSpec
    keeps: float
    k_per_kwh: float
    """By how much a kWh of heat, given evenly over the slot, has warmed the tank at its end [K]."""
    hours: float

    def coasts_to(self, water_c: FloatArray) -> FloatArray:
        """Return the water after a slot without heating and without draw."""
        room = self.spec.room_c
        return room + (water_c - room) * self.keeps

    def missed_kwh(self, undrawn_c: FloatArray, drawn_kwh: FloatArray) -> FloatArray:
        """Return the heat that misses if `drawn_kwh` are asked of water that would be at `undrawn_c` otherwise."""
        given = np.maximum((undrawn_c - self.spec.empty_c) / self.k_per_kwh, 0.0)
        missed: FloatArray = np.maximum(drawn_kwh - given, 0.0)
        return missed

    def high_missed_kwh(
        self, water_c: FloatArray, power_kw: FloatArray, cop: FloatArray, high_kwh: FloatArray
    ) -> FloatArray:
        """Return the heat that would miss in a slot from `water_c` on if as much as `high_kwh` were drawn in it."""
        return self.missed_kwh(self.coasts_to(water_c) + power_kw * cop * (self.hours * self.k_per_kwh), high_kwh)

    def run(self, water_c: FloatArray, power_kw: FloatArray, cop: FloatArray, drawn_kwh: FloatArray) -> TankSlot:
        """Return what a slot does; a power that would bring the water above `max_c` is cut to what holds it there."""
        cold = self.coasts_to(water_c)
        undrawn = cold + power_kw * cop * (self.hours * self.k_per_kwh)
        missed = self.missed_kwh(undrawn, drawn_kwh)
        after = undrawn - (drawn_kwh - missed) * self.k_per_kwh
        excess = np.maximum(after - self.spec.max_c, 0.0) / (self.hours * self.k_per_kwh * cop)
        cut = np.minimum(excess, power_kw)
        return TankSlot(after - cut * cop * (self.hours * self.k_per_kwh), power_kw - cut, missed)

    def once(self, water_c: float, power_kw: float, cop: float, drawn_kwh: float) -> tuple[float, float, float]:
        """Return water [degC], power [kW] and missed heat [kWh] of one slot: `run` for plain numbers, and quicker."""
        warms = cop * self.hours * self.k_per_kwh
        undrawn = self.spec.room_c + (water_c - self.spec.room_c) * self.keeps + power_kw * warms
        given = min(max((undrawn - self.spec.empty_c) / self.k_per_kwh, 0.0), drawn_kwh)
        after = undrawn - given * self.k_per_kwh
        cut = min(max(after - self.spec.max_c, 0.0) / warms, power_kw)
        return after - cut * warms, power_kw - cut, drawn_kwh - given


def tank_step(spec: TankSpec, hours: float) -> TankStep:
    """Return the physics of slots of `hours`."""
    rate = spec.loss_kw_per_k / spec.kwh_per_k
    if rate * hours < MOST_LOSS_PER_HOUR:
        return TankStep(spec, 1.0, 1.0 / spec.kwh_per_k, hours)
    keeps = math.exp(-rate * hours)
    return TankStep(spec, keeps, (1.0 - keeps) / (rate * hours * spec.kwh_per_k), hours)


def cop_at(curve: CopCurve, outdoor_c: FloatArray) -> FloatArray:
    """Return the coefficient of performance at outdoor temperatures, held at the curve's ends."""
    return np.interp(outdoor_c, curve.outdoor_c, curve.cop)


def shortcomings(spec: TankSpec) -> tuple[str, ...]:
    """Return in sentences what this tank's heater can never do: the tank is too big for it, or leaks too much."""
    heat_kw = spec.max_kw * float(spec.cop.cop.min())
    said = []
    if spec.loss_kw_per_k > 0 and spec.room_c + heat_kw / spec.loss_kw_per_k < spec.useful_c:
        most = spec.room_c + heat_kw / spec.loss_kw_per_k
        said.append(f"{spec.name}: its heater cannot bring it to {spec.useful_c:.0f} degC: {most:.0f} degC at most")
    hours = spec.kwh_per_k * (spec.useful_c - spec.cold_c) / heat_kw
    if hours > A_DAY_H:
        said.append(f"{spec.name}: its heater takes {hours:.0f} h to warm it: the tank is too big for it")
    return tuple(said)
