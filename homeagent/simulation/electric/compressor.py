"""What a heat pump's compressor makes of electricity: a map over source, sink and speed, frost, and slow starts.

The map is read off the range of air-to-water machines with an inverter in the Keymark list (as hplib collects it) and
their data sheets by EN 14511, rounded; a seed's machine is better or worse than it by a factor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray

SOURCE_C = (-20.0, -15.0, -7.0, 2.0, 7.0, 12.0, 20.0, 30.0)
SINK_C = (35.0, 45.0, 55.0)
HEATING_COP = (
    (1.95, 2.20, 2.80, 3.70, 4.60, 5.30, 6.30, 6.80),
    (1.60, 1.85, 2.30, 2.95, 3.60, 4.10, 4.80, 5.20),
    (1.30, 1.50, 1.90, 2.35, 2.80, 3.15, 3.60, 3.90),
)
"""By sink and source, at full speed."""
HEATING_SHARE = (0.64, 0.72, 0.85, 0.93, 1.00, 1.08, 1.20, 1.25)
"""The heat at full speed, as a share of that at 7 degC."""
COOLING_C = (15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 46.0)
COOLING_EER = (6.5, 5.8, 5.0, 4.2, 3.5, 2.9, 2.3)
"""At full speed, by the air outside: split machines of SEER 6 to 8 by EN 14825, rounded."""
COOLING_SHARE = (1.12, 1.10, 1.07, 1.04, 1.00, 0.93, 0.85)
BEST_SPEED, SPEED_PENALTY, BEST_GAIN = 0.45, 0.35, 1.06
STARTING_SHARE = (0.25, 0.6, 0.85)
"""What of the heat comes in the first minutes after a start: the loss of each cycle."""
FROST_MIN = 70.0
"""So long at full speed in damp air near 0 degC until the coil is iced."""
DEFROST_MIN = 5
DEFROST_POWER, DEFROST_TAKES = 0.6, 0.25
"""While it thaws: of the full power drawn, and of the full heat taken out of the house's water.

Field tests lose about a tenth of a season's energy so (Baxter et al., ASHRAE Trans. 91, 1985: 10.2 %).
"""


@dataclass(frozen=True, slots=True)
class Weather:
    """A day's outdoor temperatures looked up in the map, minute by minute, as plain lists for the loop."""

    full_share: list[float]
    at_low: list[float]
    at_mid: list[float]
    at_high: list[float]
    frost: list[float]


def heating_weather(out_c: FloatArray) -> Weather:
    """Return the heating map along a day."""
    low, mid, high = (np.interp(out_c, SOURCE_C, cops) for cops in HEATING_COP)
    damp = np.interp(out_c, (-12.0, -3.0, 2.0, 5.0), (0.0, 0.6, 1.0, 0.0)) / FROST_MIN
    share = np.interp(out_c, SOURCE_C, HEATING_SHARE)
    return Weather(share.tolist(), low.tolist(), mid.tolist(), high.tolist(), damp.tolist())


def cooling_weather(out_c: FloatArray) -> Weather:
    """Return the cooling map along a day; its sink is the same whatever the room."""
    eer = np.interp(out_c, COOLING_C, COOLING_EER).tolist()
    return Weather(np.interp(out_c, COOLING_C, COOLING_SHARE).tolist(), eer, eer, eer, [0.0] * len(out_c))


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressorSpec:
    """A machine: its heat (or cold) at full speed where the share is 1, and how slow it can turn."""

    rated_kw: float
    least_speed: float
    quality: float
    fans_kw: float
    """Fan and pump while it runs."""
    standby_kw: float
    rest_min: int = 8
    """It does not start again sooner."""


def speed_factor(speed: float) -> float:
    """Return how much better than at the map's full speed it is; best at a little under half."""
    at_full: float = BEST_GAIN - SPEED_PENALTY * (1 - BEST_SPEED) ** 2
    factor: float = (BEST_GAIN - SPEED_PENALTY * (speed - BEST_SPEED) ** 2) / at_full
    return factor


class Compressor:
    """One machine's state: how long it has run or rested, and how iced it is."""

    __slots__ = ("_defrosting", "_minutes", "frost", "running", "spec", "starts")

    def __init__(self, spec: CompressorSpec) -> None:
        self.spec = spec
        self.running = False
        self.frost = 0.0
        self.starts = 0
        self._minutes = 60
        self._defrosting = 0

    def step(self, speed: float, sink_c: float, weather: Weather, minute: int) -> tuple[float, float]:
        """Let a minute pass at a wanted speed (0: off); return the power drawn and the heat given [kW]."""
        spec = self.spec
        if speed > 0 and not self.running:
            if self._minutes < spec.rest_min:
                speed = 0.0
            else:
                self.running, self._minutes = True, 0
                self.starts += 1
        elif speed <= 0 and self.running:
            self.running, self._minutes, self._defrosting = False, 0, 0
        minutes = self._minutes
        self._minutes = minutes + 1
        if speed <= 0:
            return spec.standby_kw, 0.0
        full_kw = spec.rated_kw * weather.full_share[minute] * (1 - 0.004 * (sink_c - SINK_C[0]))
        cop = self._cop(sink_c, weather, minute)
        if self._defrosting:
            self._defrosting -= 1
            return DEFROST_POWER * full_kw / cop + spec.fans_kw, -DEFROST_TAKES * full_kw
        speed = min(max(speed, spec.least_speed), 1.0)
        self.frost += weather.frost[minute] * speed
        if self.frost >= 1:
            self.frost, self._defrosting = 0.0, DEFROST_MIN
        heat_kw = full_kw * speed
        power_kw = heat_kw / (cop * speed_factor(speed)) + spec.fans_kw
        return power_kw, heat_kw * STARTING_SHARE[minutes] if minutes < len(STARTING_SHARE) else heat_kw

    def _cop(self, sink_c: float, weather: Weather, minute: int) -> float:
        """Return the map's value: linear between its sinks, and on beyond them."""
        low, mid, high = weather.at_low[minute], weather.at_mid[minute], weather.at_high[minute]
        if sink_c < SINK_C[1]:
            cop = low + (mid - low) * (max(sink_c, 25.0) - SINK_C[0]) / 10.0
        else:
            cop = mid + (high - mid) * (min(sink_c, 65.0) - SINK_C[1]) / 10.0
        return max(cop, 1.0) * self.spec.quality
