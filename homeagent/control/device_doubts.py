"""What is odd about a device, and what is done about it: each doubt names the degraded step in plain words. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, TankSpec
from homeagent.domain.site import GridLimits

MUST_MOVE_K = 5.0
"""Heat for so many degrees must be seen by a tank's thermometer."""
STILL_FOR = timedelta(hours=24)
"""No room keeps the same temperature, to the last digit, for so long."""
MUCH_SHORT_KWH = 0.2
LONGEST_WARMING_H = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """What is odd, and the step that is taken instead."""

    device: str
    what: str
    step: str

    def __str__(self) -> str:
        """One line, as the page shows it."""
        return f"{self.device}: {self.what}; {self.step}"


def unplugged_early(car: CarSpec, before: DeviceState, after: DeviceState, needed_kwh: float) -> Doubt | None:
    """A car that was unplugged with energy still needed."""
    if not before.plugged or after.plugged is not False or needed_kwh < MUCH_SHORT_KWH:
        return None
    return Doubt(
        device=car.name,
        what=f"unplugged with {needed_kwh:.1f} kWh still needed",
        step="its plan ends here, and begins anew when it is plugged in",
    )


def departure_past(state: DeviceState, now: datetime, zone: ZoneInfo) -> Doubt | None:
    """A departure that was announced for a time that is over while the car is still there."""
    if state.leaves_at is None or state.leaves_at > now or state.plugged is False:
        return None
    return Doubt(
        device=state.name,
        what=f"the announced departure at {state.leaves_at.astimezone(zone):%H:%M on %d %B} is past",
        step="it counts no more, and the car is planned as it usually leaves",
    )


def too_weak(tank: TankSpec) -> Doubt | None:
    """A tank that its heater cannot warm to the hygiene temperature, or only in more than half a day."""
    heat_kw = tank.max_kw * float(tank.cop.cop.min())
    goal_c = tank.useful_c if tank.hygiene_every is None else tank.hygiene_c
    rest_c = math.inf if tank.loss_kw_per_k <= 0 else tank.room_c + heat_kw / tank.loss_kw_per_k
    if rest_c <= goal_c:
        return Doubt(
            device=tank.name,
            what=f"{heat_kw:g} kW of heat can bring {tank.litres:g} l to {rest_c:.0f} degC at most, not to {goal_c:g}",
            step="it is heated as far as it goes, and the hygiene cycle is told as missed",
        )
    hours = tank.kwh_per_k * (goal_c - tank.cold_c) / heat_kw
    if hours <= LONGEST_WARMING_H:
        return None
    return Doubt(
        device=tank.name,
        what=f"{heat_kw:g} kW of heat need {hours:.0f} h to bring {tank.litres:g} l from cold to {goal_c:g} degC",
        step="it is heated early; what is drawn meanwhile may be too cold",
    )


def runs_already(appliance: ApplianceSpec, state: DeviceState) -> Doubt | None:
    """An appliance that runs though nobody here knows since when."""
    if not state.on or state.since is not None:
        return None
    return Doubt(
        device=appliance.name,
        what="it runs already, and nobody saw it begin",
        step="it is left to its end, counted from now on; it is not switched off",
    )


def fuse_below_base(grid: GridLimits, base_kw: float) -> Doubt | None:
    """A limit of import that the home breaks by itself, with every device off."""
    limit_kw = min(grid.max_import_kw, grid.phases * grid.max_phase_kw)
    if base_kw <= limit_kw:
        return None
    return Doubt(
        device="grid",
        what=f"the home alone draws {base_kw:.1f} kW, more than the {limit_kw:.1f} kW that are allowed",
        step="devices are held back while it lasts; check the keys of grid, and the fuse itself",
    )


class StillWatch:
    """Watches a thermometer that must move: a tank's while it is heated, a room's in the course of a day."""

    def __init__(self, device: DeviceKnown) -> None:
        self._device = device
        self._shown_c: float | None = None
        self._since: datetime | None = None
        self._seen: datetime | None = None
        self._heat_kwh = 0.0

    def see(self, at: datetime, shown_c: float | None, drawn_kw: float | None) -> Doubt | None:
        """Take in what is shown and drawn now; return the doubt, if there is one."""
        hours = 0.0 if self._seen is None else (at - self._seen).total_seconds() / 3600
        self._seen = at
        if shown_c is None or shown_c != self._shown_c or self._since is None or hours < 0:
            self._shown_c, self._since, self._heat_kwh = shown_c, at, 0.0
            return None
        self._heat_kwh += (drawn_kw or 0.0) * min(hours, 1.0)
        if isinstance(self._device, TankSpec):
            heat_kwh = self._heat_kwh * float(self._device.cop.cop.min())
            if heat_kwh < MUST_MOVE_K * self._device.kwh_per_k:
                return None
            seen = f"though it was given {heat_kwh:.1f} kWh of heat"
        else:
            if at - self._since < STILL_FOR:
                return None
            seen = f"for {(at - self._since) // timedelta(hours=1)} hours"
        return Doubt(
            device=self._device.name,
            what=f"its thermometer has stood at {shown_c:.1f} degC {seen}",
            step="it is not believed: the device is left to its own thermostat until it moves",
        )
