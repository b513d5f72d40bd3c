"""A tank of hot water in stacked layers: it is drawn from the top, filled at the bottom, and warm water rises."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.simulation.electric.building import MINUTE_H

LAYERS = 8
KWH_PER_LITRE_K = 4.186 / 3600
SENSOR_LAYER = 5
"""Counted from the top: the sensor sits in the lower part, as it does in most."""
HOTTEST_C = 70.0
"""The tank's own limiter."""
CONDUCTION_KW_PER_K = 0.001
"""Between neighbouring layers, the wall's share included: assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TankHeaterSpec:
    """A tank and its heater."""

    litres: float
    loss_kw_per_k: float
    power_kw: float
    heat_pump: bool
    """A heat pump on outdoor air, with a heater of its own below -7 degC; else a plain heater."""
    quality: float
    low_layer: int
    """The heater warms the layers from here to the bottom."""
    band_k: float


def tank_cop(out_c: FloatArray) -> FloatArray:
    """Return the COP of a hot-water heat pump at 50 degC by the air outside: EN 16147 sheets, rounded."""
    return np.asarray(np.interp(out_c, (-7.0, 2.0, 7.0, 14.0, 20.0, 35.0), (2.0, 2.5, 2.9, 3.4, 3.8, 4.3)))


class LayeredTank:
    """The layers [degC], top first, with a thermostat at the sensor."""

    __slots__ = ("heating", "layers", "lost_kwh", "spec", "starts")

    def __init__(self, spec: TankHeaterSpec, water_c: float) -> None:
        self.spec = spec
        self.layers = [water_c] * LAYERS
        self.heating = False
        self.starts = 0
        self.lost_kwh = 0.0
        """What has passed through its wall."""

    @property
    def sensed_c(self) -> float:
        """What its sensor tells."""
        return self.layers[SENSOR_LAYER]

    @property
    def mean_c(self) -> float:
        """The water's mean temperature."""
        return sum(self.layers) / LAYERS

    @property
    def heat_kwh(self) -> float:
        """The heat in the water, from 0 degC."""
        return self.spec.litres * KWH_PER_LITRE_K * self.mean_c

    def step(self, target_c: float, room_c: float, cop_at_50: float) -> tuple[float, float]:
        """Let a minute pass without draws; return the power drawn and the heat that the water got [kW]."""
        spec, layers = self.spec, self.layers
        target_c = min(target_c, HOTTEST_C)
        sensed = layers[SENSOR_LAYER]
        if self.heating and (sensed >= target_c or layers[0] >= HOTTEST_C + 5):
            self.heating = False
        elif not self.heating and sensed < target_c - spec.band_k:
            self.heating, self.starts = True, self.starts + 1
        layer_kwh = spec.litres * KWH_PER_LITRE_K / LAYERS
        loss = spec.loss_kw_per_k / LAYERS * MINUTE_H / layer_kwh
        conduct = CONDUCTION_KW_PER_K * MINUTE_H / layer_kwh
        before = self.mean_c
        above = layers[0]
        for index in range(LAYERS):
            here = layers[index]
            below = layers[index + 1] if index + 1 < LAYERS else here
            layers[index] = here - loss * (here - room_c) + conduct * (above + below - 2 * here)
            above = here
        self.lost_kwh += (before - self.mean_c) * LAYERS * layer_kwh
        if not self.heating:
            return 0.0, 0.0
        power_kw = spec.power_kw
        cop = cop_at_50 * (1 - 0.02 * (sensed - 50)) if spec.heat_pump else 1.0
        heat_kw = power_kw * max(cop * spec.quality, 1.0) if spec.heat_pump else power_kw
        each_k = heat_kw * MINUTE_H / layer_kwh / (LAYERS - spec.low_layer)
        for index in range(spec.low_layer, LAYERS):
            layers[index] += each_k
        self._rise()
        return power_kw, heat_kw

    def draw(self, litres: float, tap_c: float, cold_c: float) -> tuple[float, float]:
        """Draw water mixed to `tap_c` at a tap; return what came out [degC] and the heat that left the tank [kWh]."""
        top = self.layers[0]
        share = min((tap_c - cold_c) / (top - cold_c), 1.0) if top > cold_c + 1 else 1.0
        hot = litres * share
        left_kwh = self._displace(hot, cold_c)
        return cold_c + left_kwh / (KWH_PER_LITRE_K * litres), left_kwh

    def _displace(self, litres: float, cold_c: float) -> float:
        """Push the stack up by cold water from below; return the heat that left beyond the cold water's."""
        layers, each = self.layers, self.spec.litres / LAYERS
        left_kwh = 0.0
        while litres > 0:
            part = min(litres, each)
            moved = part / each
            left_kwh += part * KWH_PER_LITRE_K * (layers[0] - cold_c)
            for index in range(LAYERS - 1):
                layers[index] += moved * (layers[index + 1] - layers[index])
            layers[-1] += moved * (cold_c - layers[-1])
            litres -= part
        return left_kwh

    def _rise(self) -> None:
        """Let warmer water rise: layers that stand upside down mix."""
        layers = self.layers
        if all(layers[index] >= layers[index + 1] for index in range(self.spec.low_layer - 1, LAYERS - 1)):
            return  # what the heater has not reached stands as it stood
        mixed: list[tuple[float, int]] = []
        for water_c in layers:
            total, count = water_c, 1
            while mixed and mixed[-1][0] < total / count:
                mean, more = mixed.pop()
                total, count = total + mean * more, count + more
            mixed.append((total / count, count))
        layers[:] = [mean for mean, count in mixed for _ in range(count)]
