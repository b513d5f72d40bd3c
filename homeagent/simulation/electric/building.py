"""A house of two zones whose walls and floors have layers: where people live, and where they sleep.

Each zone has five nodes: its air with the furniture, the surface and the core of inner walls and ceilings, and the
outer wall inside and outside of its insulation. Windows and cracks let heat pass at once; the living zone stands on the
ground. Steps are explicit: what leaves one node arrives at another, so that energy is kept to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MINUTE_H = 1 / 60
AIR_KWH_PER_M3_K = 1.2 * 1.006 / 3600
"""The heat that a cubic metre of air takes up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneSpec:
    """One zone: heat capacities [kWh/K] of its nodes, and what passes between them [kW/K]."""

    air_kwh_per_k: float
    surface_kwh_per_k: float
    core_kwh_per_k: float
    inner_kwh_per_k: float
    outer_kwh_per_k: float
    air_surface_kw_per_k: float
    surface_core_kw_per_k: float
    air_inner_kw_per_k: float
    inner_outer_kw_per_k: float
    outer_out_kw_per_k: float
    light_kw_per_k: float
    """Windows, doors and thermal bridges: from the air to the outside without a store between."""
    ground_kw_per_k: float
    sun_m2: tuple[float, float, float, float]
    """Glass to the south, west, north and east, times what of the light comes in."""

    @property
    def loss_kw_per_k(self) -> float:
        """What the zone loses to the outside and the ground at a steady state, without its air exchange."""
        wall = 1 / (1 / self.air_inner_kw_per_k + 1 / self.inner_outer_kw_per_k + 1 / self.outer_out_kw_per_k)
        return wall + self.light_kw_per_k + self.ground_kw_per_k


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingSpec:
    """The house as the seed draws it."""

    kind: str
    """`new`, `renovated` or `old`."""
    floor_m2: float
    living: ZoneSpec
    sleeping: ZoneSpec
    between_kw_per_k: float
    """Doors and the inner wall between the zones."""
    volume_m3: float
    n50_per_h: float
    """Air changes at 50 Pa: how leaky it is."""
    fan_per_h: float
    """Air changes by a fan with heat recovery, 0 where there is none."""
    recovered: float
    sun_on_air: float = 0.3
    """What of the sun warms the air at once; the rest warms surfaces."""

    def exchange_kw_per_k(self, wind_m_s: float, difference_k: float) -> float:
        """Return the whole house's loss by air, windows shut.

        A twentieth of n50 is the usual mean of a year (Sherman, Energy and Buildings 10, 1987); its course with wind
        and warmth is that of Sherman and Grimsrud (ASHRAE Trans. 86, 1980), scaled to 1 at 4 m/s and 15 K.
        """
        driven = math.sqrt(0.5 * (wind_m_s / 4) ** 2 + 0.5 * abs(difference_k) / 15)
        changes = self.n50_per_h / 20 * driven + self.fan_per_h * (1 - self.recovered)
        return changes * self.volume_m3 * AIR_KWH_PER_M3_K


def window_kw_per_k(open_m2: float, wind_m_s: float, difference_k: float) -> float:
    """Return what an open window exchanges: one side, a metre high (de Gids and Phaff, AIC conference, 1982)."""
    flow_m3_s = open_m2 / 2 * math.sqrt(0.001 * wind_m_s**2 + 0.0035 * abs(difference_k) + 0.01)
    return flow_m3_s * 3600 * AIR_KWH_PER_M3_K


class Zone:
    """The state of a zone [degC]."""

    __slots__ = ("air_c", "core_c", "inner_c", "outer_c", "spec", "surface_c")

    def __init__(self, spec: ZoneSpec, air_c: float, out_c: float) -> None:
        self.spec = spec
        self.air_c = self.surface_c = self.core_c = air_c
        self.inner_c = air_c - 0.05 * (air_c - out_c)
        self.outer_c = out_c + 0.05 * (air_c - out_c)

    @property
    def heat_kwh(self) -> float:
        """The heat in all nodes, from 0 degC."""
        spec = self.spec
        return (
            spec.air_kwh_per_k * self.air_c
            + spec.surface_kwh_per_k * self.surface_c
            + spec.core_kwh_per_k * self.core_c
            + spec.inner_kwh_per_k * self.inner_c
            + spec.outer_kwh_per_k * self.outer_c
        )

    def step(self, air_kw: float, surface_kw: float, exchange_kw_per_k: float, out_c: float, ground_c: float) -> float:
        """Let a minute pass and return what was lost outside and to the ground [kW].

        `air_kw` and `surface_kw` come in from heaters, people, the sun and the zone beside.
        """
        spec, air, surface, inner, outer = self.spec, self.air_c, self.surface_c, self.inner_c, self.outer_c
        to_surface = spec.air_surface_kw_per_k * (air - surface)
        to_core = spec.surface_core_kw_per_k * (surface - self.core_c)
        to_inner = spec.air_inner_kw_per_k * (air - inner)
        to_outer = spec.inner_outer_kw_per_k * (inner - outer)
        wall_out = spec.outer_out_kw_per_k * (outer - out_c)
        air_out = (spec.light_kw_per_k + exchange_kw_per_k) * (air - out_c)
        to_ground = spec.ground_kw_per_k * (self.core_c - ground_c)
        self.air_c = air + (air_kw - to_surface - to_inner - air_out) * MINUTE_H / spec.air_kwh_per_k
        self.surface_c = surface + (surface_kw + to_surface - to_core) * MINUTE_H / spec.surface_kwh_per_k
        self.core_c += (to_core - to_ground) * MINUTE_H / spec.core_kwh_per_k
        self.inner_c = inner + (to_inner - to_outer) * MINUTE_H / spec.inner_kwh_per_k
        self.outer_c = outer + (to_outer - wall_out) * MINUTE_H / spec.outer_kwh_per_k
        return wall_out + air_out + to_ground


class Building:
    """Both zones, and the heat between them."""

    __slots__ = ("ground_c", "living", "sleeping", "spec")

    def __init__(
        self, spec: BuildingSpec, *, living_c: float, sleeping_c: float, out_c: float, ground_c: float
    ) -> None:
        self.spec = spec
        self.living = Zone(spec.living, living_c, out_c)
        self.sleeping = Zone(spec.sleeping, sleeping_c, out_c)
        self.ground_c = ground_c

    def step(
        self,
        heat_kw: tuple[float, float],
        gains_kw: tuple[float, float],
        sun_kw: tuple[float, float],
        window_kw_per_k: tuple[float, float],
        out_c: float,
        wind_m_s: float,
    ) -> float:
        """Let a minute pass; each pair is of the living and the sleeping zone. Return what was lost [kW]."""
        spec, living, sleeping = self.spec, self.living, self.sleeping
        across = spec.between_kw_per_k * (living.air_c - sleeping.air_c)
        half = spec.exchange_kw_per_k(wind_m_s, living.air_c - out_c) / 2
        on_air = spec.sun_on_air
        lost = living.step(
            heat_kw[0] + gains_kw[0] + sun_kw[0] * on_air - across,
            sun_kw[0] * (1 - on_air),
            half + window_kw_per_k[0],
            out_c,
            self.ground_c,
        )
        return lost + sleeping.step(
            heat_kw[1] + gains_kw[1] + sun_kw[1] * on_air + across,
            sun_kw[1] * (1 - on_air),
            half + window_kw_per_k[1],
            out_c,
            self.ground_c,
        )
