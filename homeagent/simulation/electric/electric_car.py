"""A car's battery, the way it takes, and the charger at home."""

from __future__ import annotations

from dataclasses import dataclass

from homeagent.simulation.electric.building import MINUTE_H

VOLT_KV = 0.23
LEAST_A = 6
TAPER_FROM = 0.93
"""From this share on the voltage is held and the current falls (constant current, then constant voltage)."""
COOLANT_FROM_C = 20.0
HOT_FROM_C = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CarBatterySpec:
    """A car and its charger."""

    capacity_kwh: float
    kwh_per_km: float
    """At 20 degC."""
    colder_share_per_k: float
    most_a: int
    phases: tuple[int, ...]
    overhead_kw: float
    """What the car's charger and pumps take while it charges, whatever the power."""
    efficiency: float
    """Of what is left."""

    @property
    def most_kw(self) -> float:
        """The charger's most power on all its phases."""
        return VOLT_KV * self.most_a * max(self.phases)

    def way_kwh(self, km: float, out_c: float) -> float:
        """Return what a way takes: more in the cold for the cabin and the battery, a little more in the heat."""
        more = self.colder_share_per_k * max(COOLANT_FROM_C - out_c, 0.0) + 0.008 * max(out_c - HOT_FROM_C, 0.0)
        return km * self.kwh_per_km * (1 + more)

    def stored_after(self, stored_kwh: float, minutes: float) -> float:
        """Return what charging at full power for so long makes of it, as a bound; the taper is left out."""
        gained = (self.most_kw - self.overhead_kw) * self.efficiency * minutes * MINUTE_H
        return min(stored_kwh + gained, self.capacity_kwh)


class ElectricCar:
    """What is stored in the car [kWh]."""

    __slots__ = ("charging", "spec", "starts", "stored_kwh")

    def __init__(self, spec: CarBatterySpec, stored_kwh: float) -> None:
        self.spec = spec
        self.stored_kwh = stored_kwh
        self.charging = False
        self.starts = 0

    def charge(self, wanted_kw: float, phases: int, limit_kwh: float) -> float:
        """Charge for a minute up to the car's own limit; return the power drawn [kW].

        The charger tells the car a whole number of amperes, rounded down; below six it stops.
        """
        spec = self.spec
        used = phases if phases in spec.phases else min(spec.phases, key=lambda one: abs(one - phases))
        amperes = min(int(wanted_kw / (VOLT_KV * used) + 1e-6), spec.most_a)
        if amperes < LEAST_A or self.stored_kwh >= limit_kwh - 1e-9:
            self.charging = False
            return 0.0
        if not self.charging:
            self.charging, self.starts = True, self.starts + 1
        power_kw = amperes * VOLT_KV * used
        full = self.stored_kwh / spec.capacity_kwh
        if full > TAPER_FROM:
            power_kw = min(power_kw, max(spec.most_kw * (1 - full) / (1 - TAPER_FROM), 0.5))
        stored_kw = max((power_kw - spec.overhead_kw) * spec.efficiency, 0.0)
        room_kw = (limit_kwh - self.stored_kwh) / MINUTE_H
        if stored_kw > room_kw:
            power_kw *= room_kw / stored_kw
            stored_kw = room_kw
        self.stored_kwh += stored_kw * MINUTE_H
        return power_kw

    def drive(self, km: float, out_c: float) -> float:
        """Take a way; return what was charged elsewhere because it did not last [kWh]."""
        way = self.spec.way_kwh(km, out_c)
        reserve = 0.1 * self.spec.capacity_kwh
        elsewhere = max(way - (self.stored_kwh - reserve), 0.0)
        self.stored_kwh = self.stored_kwh + elsewhere - way
        return elsewhere
