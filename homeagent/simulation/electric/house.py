"""The whole home's minute: rooms, water, car, machines, pool, by its programme, the agent's word, people's hands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from homeagent.domain.command import SetSwitch, SetTemperature
from homeagent.domain.devices import DeviceState
from homeagent.simulation.electric.building import Building, window_kw_per_k
from homeagent.simulation.electric.climate_machine import (
    ClimateMachine,
    PanelHeating,
    PanelSpec,
    Rooms,
    SplitCooling,
    WaterHeating,
    WaterSpec,
)
from homeagent.simulation.electric.comfort import HELD_MIN, LOOK_MIN, Hand, opened_m2
from homeagent.simulation.electric.days import ElectricDay
from homeagent.simulation.electric.drawn_electric import ElectricHome
from homeagent.simulation.electric.garage import Garage
from homeagent.simulation.electric.layered_tank import KWH_PER_LITRE_K, LayeredTank
from homeagent.simulation.electric.machines import Machine
from homeagent.simulation.electric.programme import Leases, Programme
from homeagent.simulation.electric.sheets import CAR, POOL, ROOM_HIGH_C, ROOM_LOW_C, TANK, TANK_MOST_C
from homeagent.simulation.electric.truth import Departure, Run

MINUTE = timedelta(minutes=1)
WINDOW_MIN = 15
"""People look at their windows every so many minutes."""
BOOST_C, BOOST_MIN = 60.0, 180
TOO_COLD_K, TOO_COLD_MIN = 2.0, 2
"""A shower is cold if it is so much below what was wanted for so many minutes."""
SET_LOW_C, SET_HIGH_C = 8.0, 30.0
"""What the rooms' thermostat can be set to."""
DRYER_SHARE = 0.6
"""Of washes go into the dryer (as in `minute_load`)."""
LIVING_LOSS = 0.3
"""What of a tank's losses inside the house warms the living rooms; the rest the other zone."""


def _climate_machine(drawn: ElectricHome, air_c: float) -> ClimateMachine:
    if isinstance(drawn.heating, WaterSpec):
        return WaterHeating(drawn.heating, drawn.band_k, air_c)
    if isinstance(drawn.heating, PanelSpec):
        return PanelHeating(drawn.heating, drawn.band_k, air_c)
    if drawn.cooling is None:
        raise ValueError("a home heats or cools")
    return SplitCooling(drawn.cooling, drawn.band_k, air_c)


class House:
    """All states that are not the battery's."""

    def __init__(
        self,
        drawn: ElectricHome,
        programme: Programme,
        day_of: Callable[[date], ElectricDay],
        today: Callable[[datetime], ElectricDay],
        now: datetime,
    ) -> None:
        day = today(now)
        out_c, climate = float(np.mean(day.out_c)), drawn.home.climate
        self.drawn = drawn
        self.leases = Leases()
        self.handed_over = False
        self.chance = np.random.default_rng([drawn.seed, 39])
        """For what people do when they are told something: never for what they planned."""
        self.building = Building(
            drawn.building,
            living_c=drawn.set_c,
            sleeping_c=drawn.set_c - 1,
            out_c=out_c,
            ground_c=climate.mean_c + 1,
        )
        self.rooms = _climate_machine(drawn, drawn.set_c)
        self.tank = LayeredTank(drawn.tank, drawn.tank_set_c)
        self.garage = Garage(drawn.car, day_of, now)
        self.machines = {habits.name: Machine(habits, drawn.seed) for habits in drawn.appliances}
        self.powers = {drawn.hvac: 0.0, TANK: 0.0, CAR: 0.0, **dict.fromkeys(self.machines, 0.0)}
        if drawn.pool is not None:
            self.powers[POOL] = 0.0
        self.pool_min = 0
        self.pool_starts = 0
        self.target_c = drawn.set_c
        self.tank_target_c = drawn.tank_set_c
        self.hand = Hand(drawn)
        self.overrides = self.boosts = self.showers = self.cold_showers = self.guard_min = 0
        self.cold_water_kwh = 0.0
        self.hygienic = False
        self.departures: list[Departure] = []
        self.runs: list[Run] = []
        self._programme = programme
        self._cooling = drawn.season == "cooling"
        self._by_hand: tuple[float, int] | None = None
        self._boost_min = 0
        self._cold_min = 0
        self._opened = (0.0, 0.0)
        self._metered = dict.fromkeys(self.powers, 0.0)
        self._told = dict(self._metered)
        self._since = dict.fromkeys(self.powers, now)
        self._was_on = dict.fromkeys(self.powers, False)

    def step(self, now: datetime, day: ElectricDay, minute: int, spare_kw: float) -> float:
        """Let a minute pass; return what all devices drew [kW]."""
        somebody_up = day.awake[minute] > 0
        for load in day.loads:
            if load.minute == minute:
                self.machines[load.appliance].load(now, load.slack_min, load.number)
        powers = self.powers
        powers[self.drawn.hvac] = self._rooms(now, day, minute)
        powers[TANK] = self._water(now, day, minute)
        departure = self.garage.leave_or_come(now, day, minute)
        if departure is not None:
            self.departures.append(departure)
        powers[CAR] = self.garage.charge(self.leases.at(CAR, now), spare_kw)
        for name, machine in self.machines.items():
            if not machine.idle:
                powers[name] = self._machine(now, machine, somebody_up=somebody_up)
            else:
                powers[name] = 0.0
        if self.drawn.pool is not None:
            powers[POOL] = self._pool(now, float(day.sky.clock_min[minute]))
        total = 0.0
        metered = self._metered
        for name, power_kw in powers.items():
            total += power_kw
            metered[name] += power_kw
        return total

    def metered(self, minutes: int) -> None:
        """Read the devices' own meters: the means of so many minutes, and since when each is on or off."""
        for name, total in self._metered.items():
            self._told[name] = total / minutes
            self._metered[name] = 0.0

    def states(self, now: datetime) -> list[DeviceState]:
        """Return what each device's entities tell."""
        told, found = self._told, []
        on = {name: power_kw > 0 for name, power_kw in self.powers.items()}
        on[self.drawn.hvac] = self.rooms.running
        for name, is_on in on.items():
            if is_on != self._was_on[name]:
                self._was_on[name], self._since[name] = is_on, now
        for name in self.powers:
            state = DeviceState(name=name, at=now, power_kw=told[name], on=on[name], since=self._since[name])
            found.append(self._state(name, state))
        return found

    def _state(self, name: str, state: DeviceState) -> DeviceState:
        """Add what only a device of its kind tells."""
        garage = self.garage
        if name == self.drawn.hvac:
            return replace(state, air_c=round(self.rooms.thermostat.sensed_c, 1), target_c=self.target_c)
        if name == TANK:
            return replace(state, water_c=round(self.tank.sensed_c, 1), target_c=self.tank_target_c)
        if name == CAR:
            told = garage.plugged and self.drawn.car.tells_stored
            return replace(
                state,
                plugged=garage.plugged,
                stored_kwh=round(garage.car.stored_kwh, 2) if told else None,
                asked_kwh=garage.asked_kwh,
                leaves_at=garage.leaves_at,
            )
        if name in self.machines:
            machine = self.machines[name]
            return replace(state, ready_to_run=machine.ready_to_run, ready_by=machine.ready_by)
        return state

    def _rooms(self, now: datetime, day: ElectricDay, minute: int) -> float:
        """Let rooms and their machine live a minute; return what it drew [kW]."""
        drawn, building = self.drawn, self.building
        living_c, sleeping_c, out_c = building.living.air_c, building.sleeping.air_c, day.out_c[minute]
        self.target_c = self._room_target(now, float(day.sky.clock_min[minute]))
        if minute % LOOK_MIN == 0:
            self._feel(day, minute, living_c)
        if minute % WINDOW_MIN == 0:
            self._opened = opened_m2(
                drawn,
                living_c=living_c,
                sleeping_c=sleeping_c,
                out_c=out_c,
                awake=day.awake[minute],
                at_home=day.at_home[minute],
                cools=self._cooling and self.rooms.running,
            )
        rooms = Rooms(living_c=living_c, sleeping_c=sleeping_c, out_c=out_c)
        given = self.rooms.step(self.target_c, rooms, day.cooling if self._cooling else day.heating, minute)
        open_living = max(day.living_open_m2[minute], self._opened[0])
        open_sleeping = max(day.sleeping_open_m2[minute], self._opened[1])
        wind = day.wind_m_s[minute]
        warm_kw = self.tank.spec.loss_kw_per_k * (self.tank.mean_c - living_c) if drawn.tank_inside else 0.0
        building.step(
            (given.living_kw, given.sleeping_kw),
            (
                day.living_gains_kw[minute] + LIVING_LOSS * warm_kw,
                day.sleeping_gains_kw[minute] + (1 - LIVING_LOSS) * warm_kw,
            ),
            (day.living_sun_kw[minute], day.sleeping_sun_kw[minute]),
            (
                window_kw_per_k(open_living, wind, living_c - out_c) if open_living else 0.0,
                window_kw_per_k(open_sleeping, wind, sleeping_c - out_c) if open_sleeping else 0.0,
            ),
            out_c,
            wind,
        )
        air_c = building.living.air_c
        self.guard_min += (air_c > ROOM_HIGH_C) if self._cooling else (air_c < ROOM_LOW_C)
        return given.power_kw

    def _room_target(self, now: datetime, clock_min: float) -> float:
        """Return the set-point: what somebody set by hand, else what the agent said, else the programme's."""
        told = self.leases.at(self.drawn.hvac, now)
        if self._by_hand is not None:
            target_c, left = self._by_hand
            self._by_hand = (target_c, left - 1) if left > 1 else None
            if not isinstance(told, SetTemperature):
                return target_c
        if isinstance(told, SetTemperature):
            self._by_hand = None
            return min(max(told.target_c, SET_LOW_C), SET_HIGH_C)
        return self._programme.rooms_c(self.drawn.set_c, clock_min, cooling=self._cooling)

    def _feel(self, day: ElectricDay, minute: int, living_c: float) -> None:
        """Let people set the thermostat by hand: that ends what the agent had said."""
        wanted = self.hand.look(day.people, minute, living_c, self.target_c, calls=self.rooms.thermostat.on)
        if wanted is not None:
            self.overrides += 1
            self.leases.drop(self.drawn.hvac)
            self._by_hand = (wanted, HELD_MIN)
            self.target_c = wanted

    def _water(self, now: datetime, day: ElectricDay, minute: int) -> float:
        """Let the tank live a minute, and people draw from it; return what it drew [kW]."""
        tank, cold_c = self.tank, self.drawn.cold_water_c
        for draw in day.draws.get(minute, ()):
            got_c, _ = tank.draw(draw.litres, draw.tap_c, cold_c)
            if got_c < draw.tap_c - 0.1:
                self.cold_water_kwh += draw.litres * KWH_PER_LITRE_K * (draw.tap_c - got_c)
            if draw.kind != "tap":
                self._shower(got_c < draw.tap_c - TOO_COLD_K, last=draw.last)
        told = self.leases.at(TANK, now)
        target_c = told.target_c if isinstance(told, SetTemperature) else self.drawn.tank_set_c
        if self._boost_min:
            self._boost_min -= 1
            target_c = max(target_c, BOOST_C)
        self.tank_target_c = target_c
        room_c = self.building.sleeping.air_c if self.drawn.tank_inside else 12.0
        power_kw, _ = tank.step(target_c, room_c, day.tank_cop[minute])
        self.guard_min += tank.layers[0] > TANK_MOST_C + 3
        if not self.hygienic and min(tank.layers) >= 59.5:  # noqa: PLR2004 - 60 degC, as far as a sensor can tell
            self.hygienic = True
        return power_kw

    def _shower(self, cold: bool, *, last: bool) -> None:  # noqa: FBT001 - a fact of one draw
        """Count showers that turn cold; whoever stood under one lets the tank heat at once."""
        self._cold_min += cold
        if not last:
            return
        self.showers += 1
        if self._cold_min >= TOO_COLD_MIN:
            self.cold_showers += 1
            if not self._boost_min:
                self.boosts += 1
                self._boost_min = BOOST_MIN
        self._cold_min = 0

    def _machine(self, now: datetime, machine: Machine, *, somebody_up: bool) -> float:
        power_kw, run = machine.step(now, somebody_up=somebody_up, at_once=not self.handed_over)
        if run is not None:
            self.runs.append(run)
            dryer = self.machines.get("dryer")
            chance = np.random.default_rng([self.drawn.seed, 40, run.loaded_at.toordinal()])
            if run.appliance == "washer" and dryer is not None and chance.random() < DRYER_SHARE:
                low, high = dryer.habits.slack_min
                dryer.load(now, chance.uniform(low, high), run.loaded_at.hour)
        return power_kw

    def _pool(self, now: datetime, clock_min: float) -> float:
        pool = self.drawn.pool
        if pool is None:
            return 0.0
        told = self.leases.at(POOL, now)
        on = told.on if isinstance(told, SetSwitch) else self._programme.pool_on(clock_min, pool.hours_per_day)
        self.pool_min += on
        self.pool_starts += on and self.powers[POOL] == 0
        return pool.rated_kw * on

    def starts(self) -> dict[str, int]:
        """Return how often each device was switched on since the beginning."""
        found = {self.drawn.hvac: self.rooms.starts, TANK: self.tank.starts, CAR: self.garage.car.starts}
        found |= {name: machine.starts for name, machine in self.machines.items()}
        if self.drawn.pool is not None:
            found[POOL] = self.pool_starts
        return found
