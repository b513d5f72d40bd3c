"""How each device stands, from the entities that say so; what is not to be trusted says why.

`stale` is said of what a device cannot be planned without: whether a car is there, how warm a room or a tank is, a
thermostat that is gone. Anything else that is missing has something in its place, and is told as a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from homeagent.control.device_doubts import (
    Doubt,
    StillWatch,
    departure_past,
    runs_already,
    too_weak,
    unplugged_early,
)
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, TankSpec
from homeagent.domain.wiring import DeviceSensors
from homeagent.domain.wishes import CarWish, Wish
from homeagent.hass import device_reading as reading
from homeagent.hass.device_reading import Told
from homeagent.hass.entities import EntityState

_Value = TypeVar("_Value")
ON_ABOVE_KW = 0.05
NO_METER = "what it draws is taken to be as planned"
NO_CHARGE = "the energy asked of the charger counts, else what it usually needs"
NOT_ASKED = "nothing is taken to be asked"
AS_USUAL = "it is planned as it usually leaves"


class DeviceBoard:
    """Reads every planned device. `state` and `unit` are Home Assistant's: an entity, and its unit of temperature."""

    def __init__(
        self,
        known: Iterable[DeviceKnown],
        sensors: Iterable[DeviceSensors],
        state: Callable[[str], EntityState | None],
        unit: Callable[[], str],
        zone: ZoneInfo,
        wishes: Mapping[str, Wish] | None = None,
    ) -> None:
        targets = {name: wish.target for name, wish in (wishes or {}).items() if isinstance(wish, CarWish)}
        by_name = {one.name: one for one in sensors}
        self._watched = [
            _Watched(device, by_name.get(device.name, DeviceSensors(name=device.name)), zone, targets.get(device.name))
            for device in known
        ]
        self._state, self._unit = state, unit
        self.doubts: list[Doubt] = []
        """What is odd about the devices, as of the last look."""

    def look(self, now: datetime, *, linked: bool = True) -> Sequence[DeviceState]:
        """Return how each device stands now; without a link nothing is known of any."""
        if not linked:
            return [DeviceState(name=one.name, at=now, stale="no link to Home Assistant") for one in self._watched]
        self.doubts = []
        states = []
        for watched in self._watched:
            states.append(watched.look(now, self._state, self._unit()))
            self.doubts += watched.doubts
        return states

    def problems(self) -> list[str]:
        """Return each degraded step in plain words."""
        return [str(doubt) for doubt in self.doubts]


class _Watched:
    """One device, and what has to be remembered of it from look to look."""

    def __init__(
        self, device: DeviceKnown, sensors: DeviceSensors, zone: ZoneInfo, target: float | None = None
    ) -> None:
        self.name = device.name
        self.doubts: list[Doubt] = []
        self._device, self._sensors, self._zone = device, sensors, zone
        self._still = StillWatch(device)
        self._on: bool | None = None
        self._since: datetime | None = None
        self._gaps: list[str] = []
        self._target = target
        self._last: DeviceState | None = None
        self._left: Doubt | None = None
        """That a car was unplugged too early, until it is there again."""

    def look(self, now: datetime, state: Callable[[str], EntityState | None], unit: str) -> DeviceState:
        self.doubts, self._gaps = [], []
        sensors = self._sensors
        power_kw = self._lesser(sensors.power, lambda entity: reading.power_kw(state(entity), entity), NO_METER)
        seen = DeviceState(name=self._device.name, at=now, power_kw=power_kw)
        match self._device:
            case CarSpec():
                seen = self._car(seen, now, state)
            case HeatSpec() | TankSpec():
                seen = self._warmth(seen, state, unit)
            case _:
                ready = self._lesser(sensors.ready, lambda entity: reading.plugged(state(entity), entity), NOT_ASKED)
                seen = replace(seen, ready_to_run=ready)
        on = self._running(power_kw, state)
        if on is not None and on != self._on:
            self._since = None if self._on is None else now  # what was so when it was first seen has no beginning
        self._on = self._on if on is None else on
        seen = replace(seen, on=on, since=self._since, stale="; ".join(self._gaps) or None)
        if isinstance(self._device, ApplianceSpec) and (running := runs_already(self._device, seen)) is not None:
            self.doubts.append(running)
        return seen

    def _car(self, seen: DeviceState, now: datetime, state: Callable[[str], EntityState | None]) -> DeviceState:
        car, sensors = self._device, self._sensors
        plugged = True if sensors.plugged is None else None
        plugged = self._of(sensors.plugged, lambda entity: reading.plugged(state(entity), entity), plugged)
        stored_kwh = None
        if isinstance(car, CarSpec) and car.capacity_kwh is not None:
            capacity_kwh = car.capacity_kwh
            stored_kwh = self._lesser(
                sensors.soc, lambda entity: reading.stored_kwh(state(entity), entity, capacity_kwh), NO_CHARGE
            )
        asked_kwh = self._lesser(sensors.asked, lambda entity: reading.asked_kwh(state(entity), entity), NOT_ASKED)
        leaves_at = None
        shown = None if sensors.leaves is None else state(sensors.leaves)
        if sensors.leaves is not None and shown is not None and shown.present:  # nothing set is no gap
            leaves_at = self._lesser(
                sensors.leaves, lambda entity: reading.moment(state(entity), entity, now, self._zone), AS_USUAL
            )
        seen = replace(seen, plugged=plugged, stored_kwh=stored_kwh, asked_kwh=asked_kwh, leaves_at=leaves_at)
        self._see_leaving(seen)
        past = departure_past(seen, now, self._zone)
        if past is None:
            return seen
        self.doubts.append(past)
        return replace(seen, leaves_at=None)

    def _see_leaving(self, seen: DeviceState) -> None:
        """Say of a car that is gone what it still needed, until it is there again."""
        before, self._last = self._last, seen
        if seen.plugged:
            self._left = None
        elif isinstance(self._device, CarSpec) and before is not None and before.plugged:
            self._left = unplugged_early(self._device, before, seen, self._needed_kwh(before))
        if self._left is not None:
            self.doubts.append(self._left)

    def _needed_kwh(self, seen: DeviceState) -> float:
        """Return what a car still needed at its charger, 0 where nobody knows."""
        car = self._device
        if seen.asked_kwh is not None:
            return seen.asked_kwh
        if not isinstance(car, CarSpec) or car.capacity_kwh is None or seen.stored_kwh is None or self._target is None:
            return 0.0
        return max(self._target * car.capacity_kwh - seen.stored_kwh, 0.0) / car.charge_efficiency

    def _warmth(self, seen: DeviceState, state: Callable[[str], EntityState | None], unit: str) -> DeviceState:
        device, sensors = self._device, self._sensors
        between_c = reading.WATER_C if isinstance(device, TankSpec) else reading.ROOM_C

        def shown(attribute: str) -> Callable[[str], Told[float]]:
            return lambda entity: reading.thermostat_c(state(entity), entity, attribute, unit, between_c)

        if sensors.temperature is not None:
            temperature_c = self._of(
                sensors.temperature, lambda entity: reading.temperature_c(state(entity), entity, between_c)
            )
        else:
            temperature_c = self._of(sensors.thermostat, shown("current_temperature"))
        target_c = self._of(sensors.thermostat, shown("temperature"))
        still = self._still.see(seen.at, temperature_c, seen.power_kw)
        found = [still] if still is not None else []
        if isinstance(device, TankSpec) and (weak := too_weak(device)) is not None:
            found.append(weak)
        self.doubts += found
        if still is not None:
            self._gaps.append(still.what)
            temperature_c = None
        if isinstance(device, TankSpec):
            return replace(seen, water_c=temperature_c, target_c=target_c)
        return replace(seen, air_c=temperature_c, target_c=target_c)

    def _running(self, power_kw: float | None, state: Callable[[str], EntityState | None]) -> bool | None:
        sensors = self._sensors
        if power_kw is not None:
            return power_kw > ON_ABOVE_KW
        if sensors.running is not None:
            return self._lesser(
                sensors.running, lambda entity: reading.running(state(entity), entity, ON_ABOVE_KW), NO_METER
            )
        thermostat = None if sensors.thermostat is None else state(sensors.thermostat)
        if thermostat is not None and "hvac_action" in thermostat.attributes:
            return reading.running(thermostat, thermostat.entity_id, ON_ABOVE_KW).value
        return None

    def _lesser(self, entity: str | None, read: Callable[[str], Told[_Value]], instead: str) -> _Value | None:
        """Return what an entity says of something that has a substitute; that it is used is said."""
        if entity is None:
            return None
        told = read(entity)
        if told.problem is not None:
            self.doubts.append(Doubt(device=self._device.name, what=told.problem, step=instead))
        return told.value

    def _of(
        self, entity: str | None, read: Callable[[str], Told[_Value]], otherwise: _Value | None = None
    ) -> _Value | None:
        """Return what an entity says; what it does not is noted, with its reason."""
        if entity is None:
            return otherwise
        told = read(entity)
        if told.problem is not None:
            self._gaps.append(told.problem)
        return told.value
