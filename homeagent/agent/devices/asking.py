"""From how devices stand, what is wished and what is learned, to what the planner is asked of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.devices.car_task import announced_departure, car_task
from homeagent.agent.devices.learned import Learned
from homeagent.agent.devices.memory import DeviceMemory
from homeagent.agent.devices.outdoor import Outdoor
from homeagent.agent.devices.warm_tasks import Around, Course, course_of, heat_task, hours_task, tank_task
from homeagent.domain.command import Instruction, SetTemperature
from homeagent.domain.devices import (
    ApplianceSpec,
    CarSpec,
    DeviceKnown,
    DeviceState,
    HeatSpec,
    HoursSpec,
    TankSpec,
)
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import TimeGrid
from homeagent.domain.tasks import Choice, DeviceTask
from homeagent.domain.wishes import ApplianceWish, CarWish, HeatWish, HoursWish, TankWish, Wish, priced

DAY = timedelta(days=1)
QUARTER = timedelta(minutes=15)
STALE_AFTER = timedelta(minutes=30)


class Asking:
    """Keeps how each device stands, and turns that into tasks. `problems` says what could not be asked, and why."""

    def __init__(
        self,
        devices: tuple[DeviceKnown, ...],
        wishes: Mapping[str, Wish],
        learned: Learned,
        timezone: ZoneInfo,
        usual_per_kwh: Callable[[datetime], float],
    ) -> None:
        self.known: Mapping[str, DeviceKnown] = {device.name: device for device in devices}
        self.learned = learned
        self.problems: dict[str, str] = {}
        self._wishes = wishes
        self._timezone = timezone
        self._usual_per_kwh = usual_per_kwh
        self._states: dict[str, DeviceState] = {}
        self._since: dict[str, datetime] = {}
        self._starts: dict[tuple[str, str], int] = {}
        """How often each device has begun to run, by its name and the local day."""

    def see(self, device: DeviceKnown, before: DeviceState | None, state: DeviceState) -> None:
        """Take in how a device stands."""
        self._states[device.name] = state
        self.learned.see(device, before, state)
        if before is None:
            return
        was, runs = course_of(before, 0).on, course_of(state, 0).on
        if was != runs:
            self._since[device.name] = state.at
            key = device.name, self._day(state.at)
            self._starts[key] = self._starts.get(key, 0) + runs

    def starts(self, device: str, now: datetime) -> int:
        """Return how often a device has begun to run on the local day."""
        return self._starts.get((device, self._day(now)), 0)

    def _day(self, at: datetime) -> str:
        return at.astimezone(self._timezone).date().isoformat()

    def tasks(
        self, grid: TimeGrid, scenarios: Scenarios, memory: DeviceMemory, outdoor: Outdoor
    ) -> tuple[DeviceTask, ...]:
        """Return what is asked of each device on `grid`; a device that does not tell how it stands is left out."""
        self.problems.clear()
        around = self._around(grid, scenarios, outdoor)
        asked = [self._task(device, grid, around, memory) for device in self.known.values()]
        return tuple(task for task in asked if task is not None)

    def _around(self, grid: TimeGrid, scenarios: Scenarios, outdoor: Outdoor) -> Around:
        in_slots = scenarios.in_slots_of(grid)
        pv_kw = in_slots.weight @ in_slots.pv_kw
        return Around(
            outdoor_c=outdoor.expected_c(grid),
            sun_kw_m2=outdoor.sun_kw_m2(grid, pv_kw, self.learned.most_pv_kw),
            gains_kw=self.learned.gains_share * (in_slots.weight @ in_slots.load_kw),
        )

    def _task(self, device: DeviceKnown, grid: TimeGrid, around: Around, memory: DeviceMemory) -> DeviceTask | None:
        state = self._states.get(device.name)
        if state is None or grid.start - state.at > STALE_AFTER:
            self._leave_out(device, "has not been heard of")
            return None
        if state.stale is not None:
            self._leave_out(device, state.stale)
            return None
        usual_per_kwh = self._usual_per_kwh(grid.start)
        match device, self._wishes[device.name]:
            case CarSpec(), CarWish() as wish:
                return self._car(device, priced(wish, usual_per_kwh), state, grid)
            case HeatSpec(), HeatWish() as wish:
                return self._heat(device, priced(wish, usual_per_kwh), state, grid, around)
            case TankSpec(), TankWish() as wish:
                return self._tank(device, priced(wish, usual_per_kwh), state, grid, around)
            case ApplianceSpec(), ApplianceWish() as wish:
                return self.learned.run_task(device, priced(wish, usual_per_kwh), state, grid)
            case HoursSpec(), HoursWish() as wish:
                run_h, course = self._run_today_h(device, grid, memory), self._course(state)
                return hours_task(device, priced(wish, usual_per_kwh), run_h, course, grid, self._timezone)
            case _:
                raise TypeError(f"{device.name} has a wish of another kind")

    def _leave_out(self, device: DeviceKnown, why: str) -> None:
        self.problems[device.name] = f"{device.name} {why}: nothing is planned for it"

    def _tank(
        self, device: TankSpec, wish: TankWish, state: DeviceState, grid: TimeGrid, around: Around
    ) -> DeviceTask | None:
        if state.water_c is None:
            self._leave_out(device, "does not tell its temperature")
            return None
        drawn, hot_at = self.learned.drawn_kwh(device, grid), self.learned.hot_at.get(device.name)
        return tank_task(device, wish, state.water_c, drawn, around.outdoor_c, self._course(state), grid, hot_at)

    def _course(self, state: DeviceState) -> Course:
        course = course_of(state, self.starts(state.name, state.at))
        since = self._since.get(state.name)
        if state.since is None and since is not None:
            minutes = (state.at - since) / timedelta(minutes=1)
            return Course(on=course.on, minutes_so=minutes, starts_today=course.starts_today)
        return course

    def _car(self, device: CarSpec, wish: CarWish, state: DeviceState, grid: TimeGrid) -> DeviceTask | None:
        departure, wrong = announced_departure(state, wish, grid, self._timezone)
        if wrong is not None:
            self.problems[device.name] = f"{device.name}: {wrong}"
        if departure is None:
            departure = self.learned.departure(device, wish, state, grid)
        return car_task(device, wish, state, departure, self.learned.usual_kwh(device, wish))

    def _heat(
        self, device: HeatSpec, wish: HeatWish, state: DeviceState, grid: TimeGrid, around: Around
    ) -> DeviceTask | None:
        if state.air_c is None:
            self._leave_out(device, "does not tell the room's temperature")
            return None
        model = self.learned.houses.get(device.name)
        if model is None:
            why = self.learned.house_unknown.get(device.name, "the house is not known yet")
            self.problems[device.name] = f"{device.name} is kept at its set-points: {why}"
            return None
        comfort = self.learned.comfort(device, wish, grid)
        mass_c = self.learned.mass_c(device, state.air_c)
        return heat_task(device, model, state.air_c, mass_c, comfort, around, self._course(state))

    def _run_today_h(self, device: HoursSpec, grid: TimeGrid, memory: DeviceMemory) -> float:
        """Return for how many hours a device has run since the local midnight."""
        local = grid.start.astimezone(self._timezone)
        minutes = local.hour * 60 + local.minute
        count = max(minutes // 15, 1)
        past = TimeGrid(start=grid.start - count * QUARTER, step=QUARTER, count=count)
        drawn_kw = np.nan_to_num(memory.window(device.name, "power_kw", past))
        return float(np.clip(drawn_kw / device.rated_kw, 0.0, 1.0).sum() * past.step_hours) if minutes else 0.0

    def without_plan(self, device: DeviceKnown, now: datetime) -> tuple[Instruction | None, Choice]:
        """Return what a device is told that is not planned: a room keeps its band, the rest is left as it is."""
        wish = self._wishes[device.name]
        if not isinstance(device, HeatSpec) or not isinstance(wish, HeatWish):
            return None, Choice(text="nothing is asked of it")
        slot = TimeGrid(start=now, step=QUARTER, count=1)
        comfort = self.learned.comfort(device, priced(wish, self._usual_per_kwh(now)), slot)
        target_c = float((comfort.low_c if device.purpose == "heating" else comfort.high_c)[0])
        return SetTemperature(target_c=target_c), Choice(
            text=f"kept at {target_c:.1f} degC: the house is not known yet"
        )
