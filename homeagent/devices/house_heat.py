"""A house's heat: one or two nodes, stepped exactly over slots in which nothing changes, and heat from power.

The network is `HouseModel`'s: air, and behind it the mass that exchanges heat with it (EN ISO 13790's simple hourly
method thinks alike; Bacher and Madsen, "Identifying suitable models for the heat dynamics of buildings", Energy and
Buildings 43, 2011, show how far so few nodes reach). Left alone the house goes to its rest temperature, outdoors plus
what heats it over what it loses, and each of its modes goes there by itself: the slow one, the house as a whole, and
the fast one, the air against the mass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from homeagent.domain.devices import CopCurve, HeatSpec, HouseModel
from homeagent.domain.grid import FloatArray

Value: TypeAlias = float | FloatArray
"""A number or an array; arrays broadcast against each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes:
    """The two modes of a house, each of which decays by itself at its rate [1/h].

    slow = slow_air * air + (1 - slow_air) * mass, and rests at the rest temperature; fast = air + fast_mass * mass, and
    rests at (1 + fast_mass) times that. With one node the slow mode is the air, and there is no fast one.
    """

    slow_per_h: float
    fast_per_h: float = math.inf
    slow_air: float = 1.0
    fast_mass: float = -1.0

    def of(self, air_c: Value, mass_c: Value) -> tuple[Value, Value]:
        """Return the slow and the fast mode of temperatures."""
        return self.slow_air * air_c + (1 - self.slow_air) * mass_c, air_c + self.fast_mass * mass_c

    def temperatures(self, slow_c: Value, fast_c: Value) -> tuple[Value, Value]:
        """Return the temperatures of air and mass, the inverse of `of`."""
        if self.fast_per_h == math.inf:
            return slow_c + 0.0 * fast_c, slow_c + 0.0 * fast_c
        mass_c = (slow_c - self.slow_air * fast_c) / (1 - self.slow_air * (1 + self.fast_mass))
        return fast_c - self.fast_mass * mass_c, mass_c


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseStep:
    """How temperatures follow from temperatures and the rest temperature over one slot, exactly."""

    air_air: float
    air_mass: float
    mass_air: float
    mass_mass: float

    def after(self, air_c: Value, mass_c: Value, rest_c: Value) -> tuple[Value, Value]:
        """Return the temperatures of air and mass at the slot's end; `rest_c` holds all through it."""
        air, mass = air_c - rest_c, mass_c - rest_c
        return (
            rest_c + self.air_air * air + self.air_mass * mass,
            rest_c + self.mass_air * air + self.mass_mass * mass,
        )


def modes_of(model: HouseModel) -> Modes:
    """Return the modes of a house.

    Raises:
        ValueError: the house holds or loses no heat.
    """
    if not (model.air_kwh_per_k > 0 and model.out_kw_per_k > 0):
        raise ValueError(f"a house holds and loses heat, but here {model}")
    if not (model.mass_kwh_per_k > 0 and model.mass_kw_per_k > 0):
        return Modes(slow_per_h=model.out_kw_per_k / model.air_kwh_per_k)
    air = (model.mass_kw_per_k + model.out_kw_per_k) / model.air_kwh_per_k
    mass = model.mass_kw_per_k / model.mass_kwh_per_k
    apart = math.sqrt((air - mass) ** 2 + 4 * mass * model.mass_kw_per_k / model.air_kwh_per_k)
    fast = (air + mass + apart) / 2
    # the product of the rates is exact where their difference would cancel
    slow = mass * model.out_kw_per_k / model.air_kwh_per_k / fast
    return Modes(
        slow_per_h=slow,
        fast_per_h=fast,
        slow_air=mass / (mass + air - slow),
        fast_mass=(air - fast) / mass,
    )


def house_step(model: HouseModel, hours: float) -> HouseStep:
    """Return the exact step of a house over a slot: the matrix exponential of its two nodes in closed form."""
    modes = modes_of(model)
    slow = math.exp(-modes.slow_per_h * hours)
    if modes.fast_per_h == math.inf:
        return HouseStep(air_air=slow, air_mass=0.0, mass_air=slow, mass_mass=0.0)
    fast = math.exp(-modes.fast_per_h * hours)
    # each unit vector's modes, decayed, and back again
    (air_s, air_f), (mass_s, mass_f) = modes.of(1.0, 0.0), modes.of(0.0, 1.0)
    from_air = modes.temperatures(air_s * slow, air_f * fast)
    from_mass = modes.temperatures(mass_s * slow, mass_f * fast)
    return HouseStep(
        air_air=float(from_air[0]),
        air_mass=float(from_mass[0]),
        mass_air=float(from_air[1]),
        mass_mass=float(from_mass[1]),
    )


def rest_c(model: HouseModel, outdoor_c: Value, warmth_kw: Value) -> Value:
    """Return where the house would come to rest: `warmth_kw` is all heat put into it, - where it is cooled."""
    return outdoor_c + warmth_kw / model.out_kw_per_k


def warmth_kw(model: HouseModel, sun_kw_m2: Value, gains_kw: Value, heat_kw: Value = 0.0) -> Value:
    """Return all heat put into a house: by the sun, people and appliances, and the machine [kW]."""
    return model.sun_m2 * sun_kw_m2 + model.gains_kw + gains_kw + heat_kw


def cop_at(curve: CopCurve, outdoor_c: Value) -> FloatArray:
    """Return the coefficient of performance at outdoor temperatures."""
    return np.asarray(np.interp(outdoor_c, curve.outdoor_c, curve.cop))


def heat_per_kw(spec: HeatSpec, outdoor_c: Value) -> FloatArray:
    """Return the heat that a kW of power puts into the house [kW]; negative where it cools."""
    return cop_at(spec.cop, outdoor_c) * (1.0 if spec.purpose == "heating" else -1.0)


def course(
    model: HouseModel, air_c: float, mass_c: float, rests_c: FloatArray, hours: float
) -> tuple[FloatArray, FloatArray]:
    """Return the temperatures of air and mass at the edges of slots with these rest temperatures, (count + 1,) each."""
    step = house_step(model, hours)
    air, mass = [air_c], [mass_c]
    for rest in rests_c.tolist():
        air_k, mass_k = air_c - rest, mass_c - rest
        air_c = rest + step.air_air * air_k + step.air_mass * mass_k
        mass_c = rest + step.mass_air * air_k + step.mass_mass * mass_k
        air.append(air_c)
        mass.append(mass_c)
    return np.array(air), np.array(mass)


def mass_behind(model: HouseModel, air_c: FloatArray, hours: float, mass_c: float | None = None) -> float:
    """Return the mass's temperature after air temperatures at the edges of slots, the newest last; NaN is a gap.

    Nothing but the air warms the mass, so what was measured of the air says it; after some of its time constants it no
    longer matters where it began (None: at the first temperature).
    """
    known = air_c[~np.isnan(air_c)]
    if not len(known):
        return math.nan if mass_c is None else mass_c
    if not (model.mass_kwh_per_k > 0 and model.mass_kw_per_k > 0):
        return float(known[-1])
    keep = math.exp(-hours * model.mass_kw_per_k / model.mass_kwh_per_k)
    value = float(known[0]) if mass_c is None else mass_c
    before = float(known[0])
    for air in air_c.tolist():
        now = before if math.isnan(air) else air
        value = keep * value + (1 - keep) * (before + now) / 2
        before = now
    return value
