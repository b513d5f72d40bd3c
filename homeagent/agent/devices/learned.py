"""What is learned of devices and of those who use them, by name; looked at anew once a local day."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.devices.car_task import Departure
from homeagent.agent.devices.memory import FINE, STEP, DeviceMemory
from homeagent.agent.devices.outdoor import Outdoor
from homeagent.agent.devices.sessions import SessionBook
from homeagent.agent.thinking import MEMORY
from homeagent.devices.house_heat import heat_per_kw, mass_behind
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, HouseModel, TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.readings import Reading
from homeagent.domain.site import Place
from homeagent.domain.tasks import ApplianceTask
from homeagent.domain.wishes import ApplianceWish, CarWish
from homeagent.forecasting.car_habits import FEW, CarHabits
from homeagent.forecasting.draw_off import drawn_by_temperature, expected_draw_off
from homeagent.forecasting.house_model import HouseHistory, NotIdentified, identified
from homeagent.forecasting.run_profiles import RunProfile, run_profile
from homeagent.forecasting.run_requests import run_request

MOST_PV_SHARE = 0.995
BEHIND = timedelta(days=3)
"""So far back a house's mass remembers its air."""
HOUR = timedelta(hours=1)
NEARLY_K = 1.0
"""A tank so near to its hygiene temperature has had it: thermometers and thermostats differ by as much."""

Past = Callable[[datetime], History]
"""Gives the household's own load and the roof's PV up to a time."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """The hot water that was drawn, in slots of `grid` [kWh], NaN where that is not known."""

    grid: TimeGrid
    kwh: FloatArray


class Learned:
    """What is known of each device's habits. Empty at first: then each has a stated default."""

    def __init__(
        self, devices: Sequence[DeviceKnown], sessions: SessionBook, past: Past, timezone: ZoneInfo, place: Place | None
    ) -> None:
        self.sessions = sessions
        self.houses: dict[str, HouseModel] = {}
        self.house_unknown: dict[str, str] = {}
        self.hot_at: dict[str, datetime] = {}
        self.most_pv_kw = 0.0
        self._devices = tuple(devices)
        self._names = {one.name: one.hygiene_c - NEARLY_K if isinstance(one, TankSpec) else np.inf for one in devices}
        self._past, self._timezone, self._place = past, timezone, place
        self._profiles: dict[str, FloatArray] = {}
        self._draws: dict[str, Draws] = {}
        self._loaded_at: dict[str, datetime] = {}
        self._ran_on: dict[str, date] = {}
        self._looked: date | None = None

    def see(self, device: DeviceKnown, before: DeviceState | None, state: DeviceState) -> None:
        """Take in how a device stands: stays of cars, when a tank was hot, since when a machine waits."""
        match device:
            case CarSpec() if state.plugged is not None:
                if state.power_kw is not None and before is not None:
                    self.sessions.drew(device.name, state.at, state.power_kw, state.at - before.at)
                self.sessions.plugged(device.name, state.at, float(state.plugged))
            case TankSpec() if state.water_c is not None:
                if state.water_c >= device.hygiene_c - NEARLY_K:
                    self.hot_at[device.name] = state.at
                self.hot_at.setdefault(device.name, state.at)  # never seen hot: due an interval after it was first seen
            case ApplianceSpec():
                if not state.ready_to_run:
                    self._loaded_at.pop(device.name, None)
                else:
                    self._loaded_at.setdefault(device.name, state.at)
                if state.on:
                    self._ran_on[device.name] = self._day(state.at)

    def remember(self, readings: Iterable[Reading]) -> None:
        """Take in what was kept of devices by a run before, or measured before the agent came."""
        for reading in readings:
            name, _, what = reading.entity.partition(".")
            if name not in self._names or reading.value is None:
                continue
            if what == "plugged":
                self.sessions.plugged(name, reading.at, reading.value)
            elif what == "power_kw":
                self.sessions.drew(name, reading.at, reading.value, reading.over)
            elif what == "water_c" and (reading.value >= self._names[name] or name not in self.hot_at):
                self.hot_at[name] = max(reading.at, self.hot_at.get(name, reading.at))

    def past(self, now: datetime) -> History:
        """Return the household's own load and the roof's PV up to this hour."""
        return self._past(slot_start(now, HOUR))

    def look(self, now: datetime, memory: DeviceMemory, outdoor: Outdoor) -> bool:
        """Learn anew from what was seen, once a local day; return whether it did."""
        if self._day(now) == self._looked:
            return False
        self._looked = self._day(now)
        past = self.past(now)
        pv_kw = past.pv_kw[~np.isnan(past.pv_kw)]
        self.most_pv_kw = float(np.quantile(pv_kw, MOST_PV_SHARE)) if len(pv_kw) else 0.0
        grid = TimeGrid(start=slot_start(now, HOUR) - MEMORY, step=STEP, count=MEMORY // STEP)
        for device in self._devices:
            match device:
                case HeatSpec():
                    self._learn_house(device, grid, past, memory, outdoor)
                case TankSpec():
                    self._learn_draws(device, grid, memory, outdoor)
                case ApplianceSpec():
                    self._learn_programme(device, slot_start(now, HOUR), memory)
        return True

    def _learn_house(
        self, device: HeatSpec, grid: TimeGrid, past: History, memory: DeviceMemory, outdoor: Outdoor
    ) -> None:
        air_c, outdoor_c = memory.window(device.name, "air_c", grid), outdoor.measured_c(grid)
        inside = grid.step // past.grid.step
        pv_kw = past.pv_kw[: grid.count * inside].reshape(grid.count, max(inside, 1)).mean(axis=1)
        history = HouseHistory(
            hours=grid.step_hours,
            air_c=np.concatenate([air_c[:1], (air_c[1:] + air_c[:-1]) / 2]),
            outdoor_c=outdoor_c,
            sun_kw_m2=outdoor.sun_kw_m2(grid, pv_kw, self.most_pv_kw),
            heat_kw=memory.window(device.name, "power_kw", grid) * heat_per_kw(device, outdoor_c),
        )
        found = identified(history)
        if isinstance(found, NotIdentified):
            self.house_unknown[device.name] = found.reason
            if device.name not in self.houses:
                return
        else:
            self.houses[device.name] = found.model
            self.house_unknown.pop(device.name, None)

    def _learn_draws(self, device: TankSpec, grid: TimeGrid, memory: DeviceMemory, outdoor: Outdoor) -> None:
        water_c, power_kw = (memory.window(device.name, what, grid) for what in ("water_c", "power_kw"))
        kwh = drawn_by_temperature(device, grid, water_c, power_kw, np.nan_to_num(outdoor.measured_c(grid), nan=10.0))
        self._draws[device.name] = Draws(grid=grid, kwh=kwh)

    def _learn_programme(self, device: ApplianceSpec, now: datetime, memory: DeviceMemory) -> None:
        grid = TimeGrid(start=now - MEMORY, step=FINE, count=MEMORY // FINE)
        found = run_profile(memory.window(device.name, "power_kw", grid), FINE)
        if isinstance(found, RunProfile):
            self._profiles[device.name] = found.expected.profile_kw

    def drawn_kwh(self, device: TankSpec, grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
        """Return the hot water that is expected to be drawn in each slot, and the most that may be [kWh]."""
        draws = self._draws.get(device.name)
        past, kwh = TimeGrid(start=grid.start, step=grid.step, count=0), np.zeros(0)
        if draws is not None and draws.grid.step == grid.step and grid.start >= draws.grid.end:
            later = (grid.start - draws.grid.end) // grid.step
            past = TimeGrid(start=draws.grid.start, step=grid.step, count=draws.grid.count + later)
            kwh = np.concatenate([draws.kwh, np.full(later, np.nan)])
        found = expected_draw_off(past, kwh, grid, self._timezone, place=self._place)
        return found.drawn_kwh, found.drawn_high_kwh

    def run_task(
        self, device: ApplianceSpec, wish: ApplianceWish, state: DeviceState, grid: TimeGrid
    ) -> ApplianceTask | None:
        """Return the run that an appliance is asked for, None where it is not."""
        profile_kw = self._profiles.get(device.name)
        spec = device if profile_kw is None else replace(device, profile_kw=profile_kw)
        loaded_at = self._loaded_at.get(device.name)
        state = state if loaded_at is None or state.on else replace(state, since=loaded_at)
        ran_today = self._ran_on.get(device.name) == self._day(grid.start)
        return run_request(spec, wish, state, None, grid, self._timezone, ran_today=ran_today)

    def departure(self, device: CarSpec, state: DeviceState, needed_kwh: float, grid: TimeGrid) -> Departure:
        """Return when a car is expected to leave, as learned from its stays."""
        habits = CarHabits.of(self.sessions.of(device.name), self._timezone)
        plug_in = self.sessions.plugged_since(device.name) or state.at
        asked_kwh = needed_kwh + self.sessions.taken_kwh(device.name)  # as at the plug-in: past stays are told by that
        leaves = habits.leaves_in(grid, plug_in, max(asked_kwh, 1.0))
        return Departure(at=None, leaves=leaves, words=habits.words(grid.start))

    def usual_kwh(self, device: CarSpec, wish: CarWish, now: datetime) -> float:
        """Return what a car usually takes, as far as that is known."""
        if len(self.sessions.of(device.name)) < FEW:
            return wish.usual_kwh
        return CarHabits.of(self.sessions.of(device.name), self._timezone).asks_kwh(now)[0]

    def mass_c(self, device: HeatSpec, air_c: float, memory: DeviceMemory, now: datetime) -> float:
        """Return the temperature of a house's mass, from what its air has been."""
        step = slot_start(now, STEP)
        grid = TimeGrid(start=step - BEHIND, step=STEP, count=BEHIND // STEP)
        past_c = np.append(memory.window(device.name, "air_c", grid), air_c)
        return mass_behind(self.houses[device.name], past_c, grid.step_hours)

    def _day(self, at: datetime) -> date:
        return at.astimezone(self._timezone).date()
