"""What is measured of a device that is told something: what proves a command, and what makes it concrete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from homeagent.control.proof import Observed
from homeagent.control.surplus import left_over_kw
from homeagent.domain.devices import CarSpec, TankSpec
from homeagent.domain.wiring import BatteryPart, DeviceSensors, DeviceSpec
from homeagent.hass import device_reading as reading
from homeagent.hass.entities import EntityState
from homeagent.hass.metering import MeterBoard

CONTENT = frozenset({"complete", "completed", "finished", "fully_charged", "full", "connected_finished"})
"""What a charger's status says of a car that takes no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A charger that follows the surplus, and what it was told to draw; in the order in which they are served."""

    name: str
    told_kw: float


class Observing:
    """Looks at devices through the home's meters and entities; `unit` is Home Assistant's of temperatures."""

    def __init__(
        self,
        board: MeterBoard,
        devices: Iterable[DeviceSpec],
        sensors: Iterable[DeviceSensors],
        state: Callable[[str], EntityState | None],
        unit: Callable[[], str],
    ) -> None:
        self._board, self._state, self._unit = board, state, unit
        self._chargers = {device.name: device for device in devices if device.kind == "charger"}
        self._sensors = {one.name: one for one in sensors}
        self.claims: Callable[[], list[Claim]] = list

    def of(self, device: DeviceSpec) -> Observed:
        """Return what is measured of a device now."""
        if device.kind == "battery":
            return self.whole_battery() if device.part is None else self._part(device.part)
        entity = device.proof.entity
        running = (
            None if entity is None else reading.running(self._state(entity), entity, device.proof.on_above_kw).value
        )
        if device.kind == "charger":
            return self._charger(device, running)
        if device.kind not in {"thermostat", "tank"}:
            return Observed(running=running)
        thermostat, between_c = device.proof.thermostat, self._between_c(device)
        target_c = room_c = None
        if thermostat is not None:
            shown = self._state(thermostat)
            target_c = reading.thermostat_c(shown, thermostat, "temperature", self._unit(), between_c).value
            room_c = reading.thermostat_c(shown, thermostat, "current_temperature", self._unit(), between_c).value
        sensors = self._sensors.get(device.name)
        if sensors is not None and sensors.temperature is not None:
            room_c = reading.temperature_c(self._state(sensors.temperature), sensors.temperature, between_c).value
        return Observed(running=running, room_c=room_c, target_c=target_c)

    def _running(self, device: DeviceSpec) -> bool | None:
        entity = device.proof.entity
        if entity is None:
            return None
        return reading.running(self._state(entity), entity, device.proof.on_above_kw).value

    def drawn_kw(self, device: DeviceSpec) -> float | None:
        """Return what a device draws, None where nothing measures it."""
        sensors = self._sensors.get(device.name)
        for entity in (None if sensors is None else sensors.power, device.proof.entity):
            state = None if entity is None else self._state(entity)
            if state is not None and entity is not None and "unit_of_measurement" in state.attributes:
                return reading.power_kw(state, entity).value
        return None

    def _part(self, part: BatteryPart) -> Observed:
        """Return what is measured of one of several batteries: to it the others are part of the home."""
        whole = self.whole_battery()
        own_kw = reading.summed_kw(part.power, self._state)
        net_kw = None
        if own_kw is not None and whole.net_kw is not None and whole.battery_kw is not None:
            net_kw = whole.net_kw - (whole.battery_kw - own_kw)
        return replace(whole, battery_kw=own_kw, net_kw=net_kw, soc_kwh=self._board.soc_of(part.soc))

    def whole_battery(self) -> Observed:
        """Return what is measured of the battery, or of all together."""
        net_kw, _ = self._net()
        apart = [self.drawn_kw(one) for one in self._chargers.values() if not _from_battery(one)]
        return Observed(
            battery_kw=self._board.present_kw("battery_kw"),
            net_kw=net_kw,
            soc_kwh=self._board.soc_kwh,
            apart_kw=sum(max(kw, 0.0) for kw in apart if kw is not None),
        )

    def _charger(self, device: DeviceSpec, running: bool | None) -> Observed:  # noqa: FBT001 - as it was seen
        sensors = self._sensors.get(device.name, DeviceSensors(name=device.name))
        plugged = content = None
        if sensors.plugged is not None:
            state = self._state(sensors.plugged)
            plugged = reading.plugged(state, sensors.plugged).value
            content = state is not None and state.state.lower() in CONTENT
        full_kwh = device.known.capacity_kwh if isinstance(device.known, CarSpec) else None
        if sensors.soc is not None and full_kwh is not None:
            soc_kwh = reading.stored_kwh(self._state(sensors.soc), sensors.soc, full_kwh).value
            content = content or (soc_kwh is not None and soc_kwh >= 0.99 * full_kwh)
        drawn_kw = self.drawn_kw(device)
        return Observed(
            running=running, power_kw=drawn_kw, plugged=plugged, content=content, left_kw=self._left_kw(device.name)
        )

    def _left_kw(self, name: str) -> float | None:
        """Return what is left over for a charger, after those that are served before it."""
        net_kw, battery_kw = self._net()
        if net_kw is None or battery_kw is None:
            return None
        claims = self.claims()
        followers = {claim.name for claim in claims} | {name}
        own_kw = sum(max(self.drawn_kw(self._chargers[one]) or 0.0, 0.0) for one in sorted(followers))
        before_kw = 0.0
        for claim in claims:
            if claim.name == name:
                break
            before_kw += max(claim.told_kw, 0.0)
        return left_over_kw(own_kw, net_kw, battery_kw) - before_kw

    def _net(self) -> tuple[float | None, float | None]:
        load_kw, pv_kw = self._board.present_kw("load_kw"), self._board.present_kw("pv_kw")
        net_kw = None if load_kw is None or pv_kw is None else load_kw - pv_kw
        return net_kw, self._board.present_kw("battery_kw")

    @staticmethod
    def _between_c(device: DeviceSpec) -> tuple[float, float]:
        return reading.WATER_C if device.kind == "tank" or isinstance(device.known, TankSpec) else reading.ROOM_C


def _from_battery(device: DeviceSpec) -> bool:
    return isinstance(device.known, CarSpec) and device.known.from_battery
