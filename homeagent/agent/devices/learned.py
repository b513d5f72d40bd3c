"""What is learned of devices and of those who use them, by name; looked at anew once a day."""

from __future__ import annotations

from datetime import datetime

from homeagent.agent.devices.car_task import Departure
from homeagent.agent.devices.memory import DeviceMemory
from homeagent.agent.devices.outdoor import Outdoor
from homeagent.agent.devices.warm_tasks import Comfort
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, HouseModel, TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.tasks import ApplianceTask
from homeagent.domain.wishes import ApplianceWish, CarWish, HeatWish


class Learned:
    """What is known of each device's habits. Empty at first: then each has a stated default."""

    def __init__(self) -> None:
        self.houses: dict[str, HouseModel] = {}
        self.house_unknown: dict[str, str] = {}
        self.hot_at: dict[str, datetime] = {}
        self.most_pv_kw = 0.0

    def see(self, device: DeviceKnown, before: DeviceState | None, state: DeviceState) -> None:
        """Take in how a device stands: sessions of cars, runs of appliances, when a tank was hot."""
        del before
        if isinstance(device, TankSpec) and state.water_c is not None and state.water_c >= device.hygiene_c:
            self.hot_at[device.name] = state.at

    def look(self, now: datetime, memory: DeviceMemory, outdoor: Outdoor) -> None:
        """Learn anew from what was seen, once a local day."""
        raise NotImplementedError

    def drawn_kwh(self, device: TankSpec, grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
        """Return the hot water that is expected to be drawn in each slot, and the most that may be [kWh]."""
        raise NotImplementedError

    def run_task(
        self, device: ApplianceSpec, wish: ApplianceWish, state: DeviceState, grid: TimeGrid
    ) -> ApplianceTask | None:
        """Return the run that an appliance is asked for, None where it is not."""
        raise NotImplementedError

    def departure(self, device: CarSpec, wish: CarWish, state: DeviceState, grid: TimeGrid) -> Departure:
        """Return when a car is expected to leave, as learned."""
        raise NotImplementedError

    def usual_kwh(self, device: CarSpec, wish: CarWish) -> float:
        """Return what a car usually takes."""
        raise NotImplementedError

    def comfort(self, device: HeatSpec, wish: HeatWish, grid: TimeGrid) -> Comfort:
        """Return the band of a room in each slot."""
        raise NotImplementedError

    def mass_c(self, device: HeatSpec, air_c: float) -> float:
        """Return the temperature of a house's mass."""
        raise NotImplementedError
