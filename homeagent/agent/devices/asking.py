"""From how devices stand, what is wished and what is learned, to what the planner is asked of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.devices.by_hand import asked_of, boost, boost_kw, boosted, room_wish, while_away
from homeagent.agent.devices.car_task import announced_departure, car_task, needed_kwh, with_target
from homeagent.agent.devices.learned import Learned
from homeagent.agent.devices.memory import DeviceMemory
from homeagent.agent.devices.rooms import Rooms
from homeagent.agent.devices.standing import Standing
from homeagent.agent.devices.warm_tasks import Around, heat_task, hours_task, tank_task
from homeagent.agent.people_book import PeopleBook
from homeagent.agent.satisfaction_book import Room
from homeagent.agent.thinking import DeviceAsks
from homeagent.domain.command import Instruction, SetTemperature
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.people import Asked
from homeagent.domain.tasks import Choice, DeviceTask
from homeagent.domain.wishes import (
    ApplianceWish,
    Band,
    CarWish,
    HeatWish,
    HoursWish,
    TankWish,
    Wish,
    priced,
)
from homeagent.forecasting.comfort import careful_targets, inside
from homeagent.forecasting.tank_heat import TankHeat, tank_heat
from homeagent.planning.car_confidence import short_price, usual_spread
from homeagent.planning.house_heat import worth_of_heat_left as worth_of_room_left
from homeagent.planning.tank import worth_of_heat_left as worth_of_water_left

QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)
COUNTED_DAYS = 2
UNKNOWN = "the house is not known yet"
SOON = timedelta(hours=2)
"""So far ahead a room is looked after whose house is not known."""
STALE_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """What a think knows of its grid, in which it is `now`: prices, what the home draws, what the roof makes [kW]."""

    now: datetime
    grid: TimeGrid
    import_per_kwh: FloatArray
    load_kw: FloatArray
    pv_kw: FloatArray

    def hourly_per_kwh(self) -> FloatArray:
        """Return what importing costs in each whole hour of the grid."""
        inside = HOUR // self.grid.step
        whole = self.grid.count // inside
        return np.asarray(self.import_per_kwh[: whole * inside].reshape(whole, inside).mean(axis=1))


class Asking:
    """Turns how each device stands into tasks. `problems` says what could not be asked, and why."""

    def __init__(
        self,
        devices: tuple[DeviceKnown, ...],
        wishes: Mapping[str, Wish],
        learned: Learned,
        rooms: Rooms,
        people: PeopleBook,
        timezone: ZoneInfo,
        usual_per_kwh: Callable[[datetime], float],
    ) -> None:
        self.known: Mapping[str, DeviceKnown] = {device.name: device for device in devices}
        self.learned = learned
        self.rooms = rooms
        self.people = people
        self.standing = Standing(timezone)
        self.problems: dict[str, str] = {}
        self._wishes = wishes
        self._timezone = timezone
        self._usual_per_kwh = usual_per_kwh
        self._rooms_at: datetime | None = None
        self._rooms_now: list[Room] = []

    def see(self, device: DeviceKnown, before: DeviceState | None, state: DeviceState) -> None:
        """Take in how a device stands."""
        began = self.standing.see(before, state)
        self.learned.see(device, before, state)
        if began and isinstance(device, ApplianceSpec):
            self.people.ran(device.name)
        if before is not None and before.plugged and state.plugged is False:
            self.people.left(device.name)

    def asks(self, ahead: Ahead, memory: DeviceMemory, around: Around) -> DeviceAsks:
        """Return what is asked of each device; one that is paused, or does not tell how it stands, is left out."""
        self.problems.clear()
        grid = ahead.grid
        in_force = self.people.in_force(ahead.now)
        drawn_kw, tasks = np.zeros(grid.count), []
        for device in self.known.values():
            asked = in_force.of(device.name)
            if asked.paused:
                continue
            if boosted(device, asked, ahead.now):
                drawn_kw += boost_kw(device, asked, grid)
                continue
            state = self._trusted(device, grid.start)
            task = None if state is None else self._task(device, asked, state, ahead, memory, around)
            if task is not None:
                tasks.append(asked_of(while_away(task, in_force.vacation, grid), asked, grid))
        return DeviceAsks(tasks=tuple(tasks), drawn_kw=drawn_kw)

    def _trusted(self, device: DeviceKnown, now: datetime) -> DeviceState | None:
        state = self.standing.of(device.name)
        if state is None or now - state.at > STALE_AFTER:
            self._leave_out(device, "has not been heard of")
            return None
        if state.stale is not None:
            self._leave_out(device, state.stale)
            return None
        return state

    def _leave_out(self, device: DeviceKnown, why: str) -> None:
        self.problems[device.name] = f"{device.name} {why}: nothing is planned for it"

    def _task(
        self,
        device: DeviceKnown,
        asked: Asked,
        state: DeviceState,
        ahead: Ahead,
        memory: DeviceMemory,
        around: Around,
    ) -> DeviceTask | None:
        grid = ahead.grid
        usual_per_kwh = self._usual_per_kwh(grid.start)
        match device, self._wishes[device.name]:
            case CarSpec(), CarWish() as wish:
                return self._car(device, priced(wish, usual_per_kwh), asked, state, ahead)
            case HeatSpec(), HeatWish() as wish:
                return self._heat(device, priced(room_wish(wish, asked), usual_per_kwh), state, ahead, memory, around)
            case TankSpec(), TankWish() as wish:
                return self._tank(device, priced(wish, usual_per_kwh), state, ahead, memory, around)
            case ApplianceSpec(), ApplianceWish() as wish:
                return self.learned.run_task(device, priced(wish, usual_per_kwh), _wanted_by(state, asked), grid)
            case HoursSpec(), HoursWish() as wish:
                run_h = self._run_today_h(device, grid, memory)
                course = self.standing.course(state)
                return hours_task(device, priced(wish, usual_per_kwh), run_h, course, grid, self._timezone)
            case _:
                raise TypeError(f"{device.name} has a wish of another kind")

    def _car(self, device: CarSpec, wish: CarWish, asked: Asked, state: DeviceState, ahead: Ahead) -> DeviceTask | None:
        wish, state = with_target(wish, state, asked.target)
        state = state if asked.ready_by is None else replace(state, leaves_at=asked.ready_by)
        departure, wrong = announced_departure(state, wish, ahead.grid, self._timezone)
        if wrong is not None:
            self.problems[device.name] = f"{device.name}: {wrong}"
        usual_kwh = self.learned.usual_kwh(device, wish, ahead.grid.start)
        if departure is None:
            departure = self.learned.departure(device, state, needed_kwh(device, wish, state, usual_kwh)[0], ahead.grid)
            configured = self._wishes[device.name]
            if isinstance(configured, CarWish) and configured.short_per_kwh is None:
                hourly = ahead.hourly_per_kwh()
                dearest = float(np.nanmax(hourly, initial=0.0))
                wish = replace(wish, short_per_kwh=short_price(wish.confidence, usual_spread(hourly), dearest))
        task = car_task(device, wish, state, departure, usual_kwh)
        surplus_kw = np.maximum(ahead.pv_kw - ahead.load_kw, 0.0)
        usual = float(ahead.hourly_per_kwh().mean())
        return None if task is None else replace(task, surplus_kw=surplus_kw, later_per_kwh=max(usual, 0.0))

    def _heat(
        self,
        device: HeatSpec,
        wish: HeatWish,
        state: DeviceState,
        ahead: Ahead,
        memory: DeviceMemory,
        around: Around,
    ) -> DeviceTask | None:
        if state.air_c is None:
            self._leave_out(device, "does not tell the room's temperature")
            return None
        model = self.learned.houses.get(device.name)
        if model is None:
            why = self.learned.house_unknown.get(device.name, UNKNOWN)
            self.problems[device.name] = f"{device.name} is kept at its set-points: {why}"
            return None
        comfort = inside(self.rooms.comfort(wish, ahead.grid))
        mass_c = self.learned.mass_c(device, state.air_c, memory, ahead.grid.start)
        surplus_kw = np.maximum(ahead.pv_kw - ahead.load_kw, 0.0)
        prices, grid = ahead.import_per_kwh, ahead.grid
        left_per_kwh = worth_of_room_left(device, model, prices, around.outdoor_c, grid, surplus_kw)
        task = heat_task(device, model, state.air_c, mass_c, comfort, around, self.standing.course(state))
        return replace(task, left_per_kwh=left_per_kwh)

    def _tank(
        self,
        device: TankSpec,
        wish: TankWish,
        state: DeviceState,
        ahead: Ahead,
        memory: DeviceMemory,
        around: Around,
    ) -> DeviceTask | None:
        if state.water_c is None:
            self._leave_out(device, "does not tell its temperature")
            return None
        grid, outdoor_c = ahead.grid, around.outdoor_c
        drawn = self.learned.drawn_kwh(device, grid)
        heat = self._tank_heat(device, state.water_c, drawn[0], outdoor_c, memory, grid)
        if heat.top_c < device.useful_c:  # no hot top is left to draw from
            device = replace(device, layered=0.0)
        hot_at, course = self.learned.hot_at.get(device.name), self.standing.course(state)
        task = tank_task(device, wish, heat.mean_c, drawn, outdoor_c, course, grid, hot_at)
        return replace(task, left_per_kwh=worth_of_water_left(device, ahead.import_per_kwh, outdoor_c, grid))

    def _tank_heat(
        self,
        device: TankSpec,
        water_c: float,
        drawn_kwh: FloatArray,
        outdoor_c: FloatArray,
        memory: DeviceMemory,
        grid: TimeGrid,
    ) -> TankHeat:
        """Return the heat that a tank holds, as it was counted over the last days with what is usually drawn."""
        a_day = DAY // grid.step
        past = TimeGrid(start=grid.start - COUNTED_DAYS * DAY, step=grid.step, count=COUNTED_DAYS * a_day)
        shown_c, power_kw = (memory.window(device.name, what, past) for what in ("water_c", "power_kw"))
        if grid.count >= a_day:
            usual_kwh = np.tile(drawn_kwh[:a_day], COUNTED_DAYS)
            mild_c = np.full(past.count, float(outdoor_c.mean()))
            found = tank_heat(device, past.step_hours, np.append(shown_c[:-1], water_c), power_kw, mild_c, usual_kwh)
            if found is not None:
                return found
        return TankHeat(mean_c=water_c, top_c=water_c)

    def _run_today_h(self, device: HoursSpec, grid: TimeGrid, memory: DeviceMemory) -> float:
        """Return for how many hours a device has run since the local midnight."""
        local = grid.start.astimezone(self._timezone)
        count = (local.hour * 60 + local.minute) // 15
        past = TimeGrid(start=grid.start - count * QUARTER, step=QUARTER, count=count)
        drawn_kw = np.nan_to_num(memory.window(device.name, "power_kw", past))
        return float(np.clip(drawn_kw / device.rated_kw, 0.0, 1.0).sum() * past.step_hours)

    def rooms_now(self, now: datetime) -> list[Room]:
        """Return what is wanted of each room at this moment, and how likely somebody is there to feel it."""
        slot = TimeGrid(start=slot_start(now, QUARTER), step=QUARTER, count=1)
        if slot.start != self._rooms_at:
            self._rooms_at, self._rooms_now, in_force = slot.start, [], self.people.in_force(now)
            for name, wish in self._wishes.items():
                if isinstance(wish, HeatWish):
                    wanted = priced(room_wish(wish, in_force.of(name)), self._usual_per_kwh(now))
                    band = self.rooms.comfort(wanted, slot)
                    awake = float(band.home[0] - band.asleep[0])
                    low_c, high_c = float(band.low_c[0]), float(band.high_c[0])
                    self._rooms_now.append(Room(device=name, low_c=low_c, high_c=high_c, home_awake=awake))
        return self._rooms_now

    def cars_need(self, now: datetime) -> dict[str, float | None]:
        """Return what each car still needs at its charger of what is asked [kWh], nothing while it is paused."""
        in_force, needs = self.people.in_force(now), {}
        for name, device in self.known.items():
            state, wish = self.standing.of(name), self._wishes[name]
            if not isinstance(device, CarSpec) or not isinstance(wish, CarWish) or state is None:
                continue
            asked = in_force.of(name)
            wish, state = with_target(wish, state, asked.target)
            known = state.asked_kwh is not None or (state.stored_kwh is not None and device.capacity_kwh is not None)
            needs[name] = 0.0 if asked.paused else needed_kwh(device, wish, state, 0.0)[0] if known else None
        return needs

    def is_theirs(self, device: DeviceKnown, now: datetime) -> bool:
        """Return whether a person has paused a device, or has it run at full power now."""
        asked = self.people.in_force(now).of(device.name)
        return asked.paused or boosted(device, asked, now)

    def without_plan(self, device: DeviceKnown, now: datetime) -> tuple[Instruction | None, Choice]:
        """Return what a device is told that is not planned: boosted, or a room kept in its band; else nothing."""
        asked, wish = self.people.in_force(now).of(device.name), self._wishes[device.name]
        if asked.paused:
            return None, Choice(text="a person has paused it")
        comfort = wish.comfort if isinstance(wish, HeatWish) else Band(low_c=20.0, high_c=24.0)
        if asked.boost_until is not None and boosted(device, asked, now):
            until = asked.boost_until.astimezone(self._timezone)
            return boost(device, comfort), Choice(text=f"a person wants it at full power until {until:%H:%M}")
        if not isinstance(device, HeatSpec) or not isinstance(wish, HeatWish):
            return None, Choice(text="nothing is asked of it")
        soon = TimeGrid(start=slot_start(now, QUARTER), step=QUARTER, count=SOON // QUARTER)
        band = self.rooms.comfort(priced(room_wish(wish, asked), self._usual_per_kwh(now)), soon)
        target_c = float(careful_targets(device, band, soon.step_hours)[0])
        why = self.learned.house_unknown.get(device.name, UNKNOWN)
        return SetTemperature(target_c=target_c), Choice(text=f"kept at {target_c:.1f} degC: {why}")


def _wanted_by(state: DeviceState, asked: Asked) -> DeviceState:
    """Return how an appliance stands, with what somebody asked of its run: a boost starts one that did not wait."""
    wanted = asked.ready_by is not None or asked.boost_until is not None
    ready_by = asked.ready_by or state.ready_by
    return replace(state, ready_by=ready_by, ready_to_run=True) if wanted and not state.on else state
