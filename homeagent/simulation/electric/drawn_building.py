"""Which house, and which machine for its rooms: drawn by the seed from ranges that docs/simulation.md states."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.simulation.electric.building import BuildingSpec, ZoneSpec
from homeagent.simulation.electric.climate_machine import PanelSpec, WaterSpec
from homeagent.simulation.electric.compressor import HEATING_SHARE, SOURCE_C, CompressorSpec
from homeagent.simulation.population import Climate

KJ = 3600.0
WATTS = 1000.0
KINDS, SHARES = ("new", "renovated", "old"), (0.4, 0.4, 0.2)
STOREY_M = 2.5
INSIDE_W_PER_M2_K, OUTSIDE_W_PER_M2_K = 5.0, 25.0
GROUND_SHARE = 0.55
"""What a floor's U-value comes to against the ground, which is warmer than the air (EN ISO 13370), roughly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Insulation:
    """Ranges of a class: U-values [W/m2 K], leakage at 50 Pa [1/h], and whether a fan recovers heat."""

    wall: tuple[float, float]
    roof: tuple[float, float]
    floor: tuple[float, float]
    window: tuple[float, float]
    n50: tuple[float, float]
    fan_share: float


INSULATIONS = {
    "new": Insulation(
        wall=(0.14, 0.24), roof=(0.10, 0.18), floor=(0.20, 0.30), window=(0.8, 1.1), n50=(0.6, 2.0), fan_share=0.6
    ),
    "renovated": Insulation(
        wall=(0.25, 0.50), roof=(0.18, 0.30), floor=(0.30, 0.50), window=(1.1, 1.5), n50=(2.0, 5.0), fan_share=0.1
    ),
    "old": Insulation(
        wall=(0.80, 1.40), roof=(0.40, 0.80), floor=(0.60, 1.00), window=(1.8, 2.8), n50=(4.0, 8.0), fan_share=0.0
    ),
}
"""Within what TABULA's typologies have for single-family houses as built before 1979, refurbished, and new."""
MASS_KJ_M2_K = (110.0, 165.0, 260.0)
"""Light, medium, heavy: ISO 13790, table 12, per square metre of floor."""


def drawn_building(rng: np.random.Generator, people: int) -> BuildingSpec:
    """Return a house for so many people."""
    kind = str(rng.choice(KINDS, p=SHARES))
    insulation = INSULATIONS[kind]
    floor_m2 = rng.uniform(55, 95) + 18 * people
    if kind == "old":
        floor_m2 = min(floor_m2, 120.0)
    storeys = int(rng.integers(1, 3))
    plan_m2 = floor_m2 / storeys
    free = rng.choice((1.0, 0.75, 0.5), p=(0.5, 0.25, 0.25))  # detached, half of a pair, in a row
    window_m2 = rng.uniform(0.14, 0.22) * floor_m2
    wall_m2 = max(4.2 * plan_m2**0.5 * free * STOREY_M * storeys - window_m2, 0.2 * floor_m2)
    u = {name: rng.uniform(*getattr(insulation, name)) for name in ("wall", "roof", "floor", "window")}
    mass_kj = float(rng.choice(MASS_KJ_M2_K, p=(0.25, 0.45, 0.30)))
    south = rng.dirichlet((4.0, 2.0, 1.0, 2.0))
    let_in = rng.uniform(0.45, 0.6) * 0.7 * rng.uniform(0.7, 0.95)  # glass, frame, curtains and dirt
    layers = rng.uniform(6, 14)
    living_share = rng.uniform(0.5, 0.6)
    zones = []
    for share, roof, ground in ((living_share, 0.15, 0.7), (1 - living_share, 0.85, 0.3)):
        air_kj = rng.uniform(15, 25)
        zones.append(
            ZoneSpec(
                air_kwh_per_k=share * floor_m2 * air_kj / KJ,
                surface_kwh_per_k=share * floor_m2 * 0.23 * mass_kj / KJ,
                core_kwh_per_k=share * floor_m2 * 0.42 * mass_kj / KJ,
                inner_kwh_per_k=share * floor_m2 * 0.35 * mass_kj / KJ,
                outer_kwh_per_k=share * (wall_m2 + plan_m2) * 50 / KJ,
                air_surface_kw_per_k=share * floor_m2 * 2.5 * INSIDE_W_PER_M2_K / WATTS,
                surface_core_kw_per_k=share * floor_m2 * 2.5 * layers / WATTS,
                air_inner_kw_per_k=share * (wall_m2 + plan_m2) * INSIDE_W_PER_M2_K / WATTS,
                inner_outer_kw_per_k=_through(share * wall_m2, u["wall"]) + _through(roof * plan_m2, u["roof"]),
                outer_out_kw_per_k=share * (wall_m2 + plan_m2) * OUTSIDE_W_PER_M2_K / WATTS,
                light_kw_per_k=share * (window_m2 * u["window"] + 0.05 * (wall_m2 + 2 * plan_m2)) / WATTS,
                ground_kw_per_k=ground * plan_m2 * u["floor"] * GROUND_SHARE / WATTS,
                sun_m2=_four(share * window_m2 * let_in * south),
            )
        )
    fan = bool(rng.random() < insulation.fan_share)
    n50 = rng.uniform(*insulation.n50)
    return BuildingSpec(
        kind=kind,
        floor_m2=floor_m2,
        living=zones[0],
        sleeping=zones[1],
        between_kw_per_k=rng.uniform(1.0, 3.0) * (1 - living_share) * floor_m2 / WATTS,
        volume_m3=floor_m2 * STOREY_M,
        n50_per_h=n50,
        fan_per_h=rng.uniform(0.3, 0.45) if fan else 0.0,
        recovered=rng.uniform(0.7, 0.85) if fan else 0.0,
    )


def _through(area_m2: float, u_w_m2_k: float) -> float:
    """Return what a wall passes between its two nodes: its U-value without the films on both sides."""
    return area_m2 / (1 / u_w_m2_k - 1 / INSIDE_W_PER_M2_K - 1 / OUTSIDE_W_PER_M2_K) / WATTS


def _four(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, float, float, float]:
    south, west, north, east = values.tolist()
    return south, west, north, east


def design_out_c(climate: Climate) -> float:
    """Return a place's cold days: the winter's mean less 13 K, which is -12 degC in Berlin (EN 12831 has -14)."""
    return climate.mean_c - climate.season_c - 13


def loss_kw_per_k(building: BuildingSpec) -> float:
    """Return the whole house's loss with its usual air exchange."""
    fabric = building.living.loss_kw_per_k + building.sleeping.loss_kw_per_k
    return fabric + building.exchange_kw_per_k(4.0, 15.0)


def drawn_water_heating(
    rng: np.random.Generator, building: BuildingSpec, climate: Climate, sleeping_c: float
) -> WaterSpec:
    """Return a heat pump that is big enough for the house on a cold day, with radiators or a heated floor."""
    out_c = design_out_c(climate)
    design_kw = loss_kw_per_k(building) * (20 - out_c)
    floor = bool(building.kind == "new" or rng.random() < 0.3)  # noqa: PLR2004 - a share of homes
    exponent = 1.1 if floor else 1.3
    supply_c = rng.uniform(32, 38) if floor else rng.uniform(42, 52)
    share = float(np.interp(out_c, SOURCE_C, HEATING_SHARE))
    emits = design_kw * rng.uniform(1.1, 1.4) / (supply_c - 20) ** exponent
    screed = rng.uniform(0.025, 0.04) * building.floor_m2
    return WaterSpec(
        compressor=CompressorSpec(
            rated_kw=design_kw * rng.uniform(1.0, 1.25) / share,
            least_speed=rng.uniform(0.22, 0.35),
            quality=rng.uniform(0.88, 1.08),
            fans_kw=rng.uniform(0.05, 0.10),
            standby_kw=rng.uniform(0.008, 0.018),
        ),
        water_kwh_per_k=screed + 0.1 if floor else rng.uniform(80, 200) * 4.186 / KJ,
        living_kw_per_k=0.6 * emits,
        sleeping_kw_per_k=0.5 * emits,
        exponent=exponent,
        design_out_c=out_c,
        design_supply_c=supply_c,
        curve_up_k=rng.uniform(0, 3),
        sleeping_target_c=sleeping_c,
    )


def drawn_panels(rng: np.random.Generator, building: BuildingSpec, climate: Climate, below_k: float) -> PanelSpec:
    """Return panels that are big enough for the house on a cold day."""
    design_kw = loss_kw_per_k(building) * (20 - design_out_c(climate)) * rng.uniform(1.2, 1.5)
    return PanelSpec(living_kw=0.6 * design_kw, sleeping_kw=0.4 * design_kw, sleeping_below_k=below_k)


def drawn_split(rng: np.random.Generator, building: BuildingSpec) -> CompressorSpec:
    """Return a split: 45 to 75 W of cold for each square metre, as installers reckon."""
    return CompressorSpec(
        rated_kw=rng.uniform(0.045, 0.075) * building.floor_m2,
        least_speed=rng.uniform(0.15, 0.3),
        quality=rng.uniform(0.85, 1.1),
        fans_kw=rng.uniform(0.03, 0.06),
        standby_kw=rng.uniform(0.004, 0.012),
        rest_min=5,
    )
