"""How each device stands, from the entities that say so; what is not to be trusted says why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from zoneinfo import ZoneInfo

from homeagent.control.device_doubts import Doubt, StillWatch, departure_past, too_weak
from homeagent.domain.devices import CarSpec, DeviceKnown, DeviceState, HeatSpec, TankSpec
from homeagent.domain.wiring import DeviceSensors
from homeagent.hass import device_reading as reading
from homeagent.hass.device_reading import Told
from homeagent.hass.entities import EntityState

_Value = TypeVar("_Value")
ON_ABOVE_KW = 0.05


class DeviceBoard:
    """Reads every planned device. `state` and `unit` are Home Assistant's: an entity, and its unit of temperature."""

    def __init__(
        self,
        known: Iterable[DeviceKnown],
        sensors: Iterable[DeviceSensors],
        state: Callable[[str], EntityState | None],
        unit: Callable[[], str],
        zone: ZoneInfo,
    ) -> None:
        by_name = {one.name: one for one in sensors}
        self._watched = [
            _Watched(device, by_name.get(device.name, DeviceSensors(name=device.name)), zone) for device in known
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

    def __init__(self, device: DeviceKnown, sensors: DeviceSensors, zone: ZoneInfo) -> None:
        self.name = device.name
        self.doubts: list[Doubt] = []
        self._device, self._sensors, self._zone = device, sensors, zone
        self._still = StillWatch(device)
        self._on: bool | None = None
        self._since: datetime | None = None
        self._gaps: list[str] = []

    def look(self, now: datetime, state: Callable[[str], EntityState | None], unit: str) -> DeviceState:
        self.doubts, self._gaps = [], []
        sensors = self._sensors
        power_kw = self._of(sensors.power, lambda entity: reading.power_kw(state(entity), entity))
        seen = DeviceState(name=self._device.name, at=now, power_kw=power_kw)
        match self._device:
            case CarSpec():
                seen = self._car(seen, now, state)
            case HeatSpec() | TankSpec():
                seen = self._warmth(seen, state, unit)
            case _:
                ready = self._of(sensors.ready, lambda entity: reading.plugged(state(entity), entity))
                seen = replace(seen, ready_to_run=ready)
        on = self._running(power_kw, state)
        if on is not None and on != self._on:
            self._since = None if self._on is None else now  # what was so when it was first seen has no beginning
        self._on = self._on if on is None else on
        return replace(seen, on=on, since=self._since, stale="; ".join(self._gaps) or None)

    def _car(self, seen: DeviceState, now: datetime, state: Callable[[str], EntityState | None]) -> DeviceState:
        car, sensors = self._device, self._sensors
        plugged = True if sensors.plugged is None else None
        plugged = self._of(sensors.plugged, lambda entity: reading.plugged(state(entity), entity), plugged)
        stored_kwh = None
        if isinstance(car, CarSpec) and car.capacity_kwh is not None:
            capacity_kwh = car.capacity_kwh
            stored_kwh = self._of(sensors.soc, lambda entity: reading.stored_kwh(state(entity), entity, capacity_kwh))
        asked_kwh = self._of(sensors.asked, lambda entity: reading.asked_kwh(state(entity), entity))
        leaves_at = None
        shown = None if sensors.leaves is None else state(sensors.leaves)
        if sensors.leaves is not None and shown is not None and shown.present:  # nothing set is no gap
            leaves_at = self._of(sensors.leaves, lambda entity: reading.moment(state(entity), entity, now, self._zone))
        seen = replace(seen, plugged=plugged, stored_kwh=stored_kwh, asked_kwh=asked_kwh, leaves_at=leaves_at)
        past = departure_past(seen, now, self._zone)
        if past is None:
            return seen
        self.doubts.append(past)
        return replace(seen, leaves_at=None)

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
            return self._of(sensors.running, lambda entity: reading.running(state(entity), entity, ON_ABOVE_KW))
        thermostat = None if sensors.thermostat is None else state(sensors.thermostat)
        if thermostat is not None and "hvac_action" in thermostat.attributes:
            return reading.running(thermostat, thermostat.entity_id, ON_ABOVE_KW).value
        return None

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
