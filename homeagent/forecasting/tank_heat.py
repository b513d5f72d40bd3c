"""How much heat a layered tank holds, from a thermometer that sees one height of it.

A thermometer low in the tank shows cold water while two thirds of it are still hot, and nothing of how much is drawn
before. So the heat is counted: what the heater gave, less the standing loss, less what is usually drawn at that time.
The thermometer bounds the count: above it the water is at least as warm as it shows, at most as hot as it was of late;
below it at most as warm, and no colder than what comes in. While the heater runs, all of it is as warm as it shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from homeagent.domain.devices import TankSpec
from homeagent.domain.grid import FloatArray

BELOW = 0.35
"""The share of the tank below its thermometer: they sit in the lower part, and no sheet says how low."""
RUNS_SHARE = 0.05
"""A heater runs while it draws more than this share of its most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TankHeat:
    """The mean temperature of the whole tank, and of its hottest water [degC]."""

    mean_c: float
    top_c: float


def tank_heat(
    spec: TankSpec,
    hours: float,
    water_c: FloatArray,
    power_kw: FloatArray,
    outdoor_c: FloatArray,
    drawn_kwh: FloatArray,
) -> TankHeat | None:
    """Return the heat of a tank after slots of `hours`, each array (slots,); None if its thermometer showed nothing.

    `water_c` and `power_kw` may have gaps; `drawn_kwh` is what is usually drawn. A day or two are enough: a full run of
    the heater makes up for what was counted wrong before.
    """
    if spec.layered <= 0 or np.isnan(water_c).all():
        shown = water_c[~np.isnan(water_c)]
        return TankHeat(mean_c=float(shown[-1]), top_c=float(shown[-1])) if len(shown) else None
    heat = np.nan_to_num(power_kw) * np.interp(outdoor_c, spec.cop.outdoor_c, spec.cop.cop) * hours
    running = np.nan_to_num(power_kw) > RUNS_SHARE * spec.max_kw
    lost = spec.loss_kw_per_k * hours
    mean = top = math.nan
    for shown, gave, drawn, on in zip(
        water_c.tolist(), heat.tolist(), drawn_kwh.tolist(), running.tolist(), strict=True
    ):
        if math.isnan(mean):
            mean = top = shown
            continue
        mean += (gave - lost * (mean - spec.room_c) - min(drawn, max(mean - spec.cold_c, 0.0) * spec.kwh_per_k)) / (
            spec.kwh_per_k
        )
        top = max(top - lost / spec.kwh_per_k * (top - spec.room_c), mean)
        if not math.isnan(shown):
            top = max(top, shown)
            least = shown if on else shown * (1 - BELOW) + min(spec.cold_c, shown) * BELOW
            mean = min(max(mean, least), top * (1 - BELOW) + shown * BELOW)
    return TankHeat(mean_c=mean, top_c=top)
