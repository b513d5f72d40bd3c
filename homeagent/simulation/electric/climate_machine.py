"""What heats or cools the rooms, each behind a thermostat of its own that only takes a set-point.

A heat pump on water (radiators or a heated floor) keeps its supply on a heating curve; panels are on or off; a split
cools with a speed that follows how far off the room is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from homeagent.simulation.electric.building import MINUTE_H
from homeagent.simulation.electric.compressor import Compressor, CompressorSpec, Weather

SENSOR_MIN = 6.0
"""A room sensor follows the air with this time constant."""
SPLIT_SHARE = (0.6, 0.4)
"""How a split's cold is spread over living and sleeping rooms."""
FULL_SPEED_AT_K = 1.0


class Thermostat:
    """On or off around a set-point, by a sensor that follows the air slowly."""

    __slots__ = ("_half_k", "_sign", "on", "sensed_c")

    def __init__(self, band_k: float, sensed_c: float, *, cooling: bool = False) -> None:
        self._half_k = band_k / 2
        self._sign = -1.0 if cooling else 1.0
        self.sensed_c = sensed_c
        self.on = False

    def step(self, air_c: float, target_c: float) -> bool:
        """Return whether it calls for heat (or cold)."""
        self.sensed_c += (air_c - self.sensed_c) / SENSOR_MIN
        lacks_k = self._sign * (target_c - self.sensed_c)
        if lacks_k > self._half_k:
            self.on = True
        elif lacks_k < -self._half_k:
            self.on = False
        return self.on


@dataclass(frozen=True, slots=True, kw_only=True)
class Rooms:
    """What a machine sees of the house in a minute [degC]."""

    living_c: float
    sleeping_c: float
    out_c: float


@dataclass(frozen=True, slots=True)
class Given:
    """What a machine drew, and what came to the living and the sleeping zone [kW]; cold is negative."""

    power_kw: float
    living_kw: float
    sleeping_kw: float


class ClimateMachine(Protocol):
    """What the house's loop asks of any of them."""

    thermostat: Thermostat

    @property
    def running(self) -> bool:
        """Whether it draws more than standby."""

    @property
    def starts(self) -> int:
        """How often it was switched on since the beginning."""

    def step(self, target_c: float, rooms: Rooms, weather: Weather, minute: int) -> Given:
        """Let a minute pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterSpec:
    """Radiators or a heated floor, with the pump's heating curve."""

    compressor: CompressorSpec
    water_kwh_per_k: float
    """Water, pipes, and a floor's screed."""
    living_kw_per_k: float
    sleeping_kw_per_k: float
    exponent: float
    """Of the emission: 1.3 for radiators, 1.1 for a floor (EN 442, EN 1264)."""
    design_out_c: float
    design_supply_c: float
    curve_up_k: float
    """By how much the installer has set the curve too high."""
    sleeping_target_c: float
    """What the valves in the sleeping rooms are set to."""

    def supply_c(self, out_c: float) -> float:
        """Return the heating curve's supply temperature."""
        colder = min(max((20 - out_c) / (20 - self.design_out_c), 0.0), 1.2)
        risen: float = colder ** (1 / self.exponent)
        return 20 + (self.design_supply_c - 20) * risen + self.curve_up_k


class WaterHeating:
    """A heat pump that warms a loop of water, which warms the rooms."""

    __slots__ = ("_compressor", "_speed", "spec", "thermostat", "water_c")

    def __init__(self, spec: WaterSpec, band_k: float, air_c: float) -> None:
        self.spec = spec
        self.thermostat = Thermostat(band_k, air_c)
        self.water_c = air_c + 8
        self._compressor = Compressor(spec.compressor)
        self._speed = 0.0

    @property
    def running(self) -> bool:
        """Whether the compressor runs."""
        return self._compressor.running

    @property
    def starts(self) -> int:
        """How often the compressor was started."""
        return self._compressor.starts

    @property
    def heat_kwh(self) -> float:
        """The heat in the loop, from 0 degC."""
        return self.spec.water_kwh_per_k * self.water_c

    def step(self, target_c: float, rooms: Rooms, weather: Weather, minute: int) -> Given:
        """Let a minute pass."""
        spec = self.spec
        calls = self.thermostat.step(rooms.living_c, target_c)
        speed = self._wanted_speed(spec.supply_c(rooms.out_c)) if calls else 0.0
        self._speed = speed
        power_kw, heat_kw = self._compressor.step(speed, self.water_c, weather, minute)
        opened = min(max((spec.sleeping_target_c - rooms.sleeping_c) + 0.5, 0.0), 1.0)
        living_kw = spec.living_kw_per_k * max(self.water_c - rooms.living_c, 0.0) ** spec.exponent
        sleeping_kw = spec.sleeping_kw_per_k * opened * max(self.water_c - rooms.sleeping_c, 0.0) ** spec.exponent
        self.water_c += (heat_kw - living_kw - sleeping_kw) * MINUTE_H / spec.water_kwh_per_k
        return Given(power_kw, living_kw, sleeping_kw)

    def _wanted_speed(self, supply_c: float) -> float:
        """Return a speed that moves towards the curve: off 4 K above it, on again 2 K below."""
        least = self.spec.compressor.least_speed
        below_k = supply_c - self.water_c
        if self._compressor.running:
            if below_k < -4:  # noqa: PLR2004 - the hysteresis above
                return 0.0
            step = min(max(0.02 * below_k, -0.05), 0.05)
            return min(max(self._speed + step, least), 1.0)
        return max(least, 0.4) if below_k > 2 else 0.0  # noqa: PLR2004 - the hysteresis above


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSpec:
    """Electric panels in both zones, on or off; the sleeping rooms' are set once, and lower with the set-point."""

    living_kw: float
    sleeping_kw: float
    sleeping_below_k: float


class PanelHeating:
    """Panels that give at once what they draw."""

    __slots__ = ("_sleeping", "_was_on", "spec", "starts", "thermostat")

    def __init__(self, spec: PanelSpec, band_k: float, air_c: float) -> None:
        self.spec = spec
        self.thermostat = Thermostat(band_k, air_c)
        self._sleeping = Thermostat(band_k, air_c - spec.sleeping_below_k)
        self._was_on = False
        self.starts = 0

    @property
    def running(self) -> bool:
        """Whether any panel is on."""
        return self.thermostat.on or self._sleeping.on

    def step(self, target_c: float, rooms: Rooms, weather: Weather, minute: int) -> Given:  # noqa: ARG002 - a panel needs no weather
        """Let a minute pass."""
        spec = self.spec
        living_kw = spec.living_kw * self.thermostat.step(rooms.living_c, target_c)
        sleeping_kw = spec.sleeping_kw * self._sleeping.step(rooms.sleeping_c, target_c - spec.sleeping_below_k)
        self.starts += self.thermostat.on and not self._was_on
        self._was_on = self.thermostat.on
        return Given(living_kw + sleeping_kw, living_kw, sleeping_kw)


class SplitCooling:
    """A split that cools both zones."""

    __slots__ = ("_compressor", "spec", "thermostat")

    def __init__(self, spec: CompressorSpec, band_k: float, air_c: float) -> None:
        self.spec = spec
        self.thermostat = Thermostat(band_k, air_c, cooling=True)
        self._compressor = Compressor(spec)

    @property
    def running(self) -> bool:
        """Whether the compressor runs."""
        return self._compressor.running

    @property
    def starts(self) -> int:
        """How often the compressor was started."""
        return self._compressor.starts

    def step(self, target_c: float, rooms: Rooms, weather: Weather, minute: int) -> Given:
        """Let a minute pass."""
        speed = 0.0
        if self.thermostat.step(rooms.living_c, target_c):
            least = self.spec.least_speed
            above_k = self.thermostat.sensed_c - target_c
            speed = min(max(least + (1 - least) * above_k / FULL_SPEED_AT_K, least), 1.0)
        power_kw, cold_kw = self._compressor.step(speed, 35.0, weather, minute)
        return Given(power_kw, -cold_kw * SPLIT_SHARE[0], -cold_kw * SPLIT_SHARE[1])
