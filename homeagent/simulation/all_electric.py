"""An all-electric home that never was: rooms, hot water, car and machines with physics of their own, and its people.

Nothing in it was measured, and no equation is the planner's: what is found on it is a simulated result.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np

from homeagent.domain.command import Command, CommandResult, Confirmed, Rejected, SetSwitch, Suggest
from homeagent.domain.devices import DeviceState
from homeagent.domain.grid import TimeGrid, require_utc
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.simulation.electric.days import ElectricDay, electric_day, prices_of_day
from homeagent.simulation.electric.drawn_electric import Season, drawn_electric
from homeagent.simulation.electric.forecasting_service import WeatherService
from homeagent.simulation.electric.house import House
from homeagent.simulation.electric.programme import Programme, ProgrammeName
from homeagent.simulation.electric.record import Recorder
from homeagent.simulation.electric.sheets import known_devices, known_site, known_wishes
from homeagent.simulation.electric.truth import HomeTruth
from homeagent.simulation.inverter import NonIdealInverter

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
METER_STEP = timedelta(minutes=5)
STEP_MIN = 5
DAYS_KEPT = 4
BATTERY = "battery"
SUMMER_MONTHS = range(5, 10)


def season_of(start: datetime) -> Season:
    """Return which season a start lies in: May to September cool."""
    return "cooling" if start.month in SUMMER_MONTHS else "heating"


class AllElectricHome:
    """Lives from `start` on, in minutes, as `SimulatedHome` does; before it, `past` was lived by the programme.

    What was measured in the past is in the first readings, each device's too (as `NAME.power_kw`, `NAME.air_c`, ...).
    Without commands, and after their lease, each device goes by the `programme`.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        *,
        season: Season | None = None,
        programme: ProgrammeName = "night",
        past: timedelta = timedelta(0),
        inverter: InverterCapability | None = None,
    ) -> None:
        start = require_utc(start)
        self.drawn = drawn_electric(seed, season or season_of(start))
        self.site = known_site(self.drawn)
        self.devices = known_devices(self.drawn)
        self.wishes = known_wishes(self.drawn)
        self.now = start - past
        battery = self.site.battery
        self.inverter = NonIdealInverter(
            battery,
            inverter or InverterCapability(),
            grid=self.site.grid,
            initial_soc_kwh=(battery.capacity_kwh + battery.min_soc_kwh) / 2,
        )
        self._days: OrderedDict[date, ElectricDay] = OrderedDict()
        self.house = House(self.drawn, Programme(programme), self._day_of, self._today, self.now)
        self.record = Recorder(self.drawn)
        self._weather = WeatherService(self.drawn, self.site.timezone, self.now)
        self._readings: list[Reading] = []
        self._published_until: date | None = None
        self._spare_kw = 0.0
        while self.now < start:
            self._meter_step()
            self._readings += self._device_readings()
        self.judge_from_now()

    def judge_from_now(self) -> None:
        """Count from here on: what was before is the past. Called at a local midnight, no day is lost."""
        self.record.begin(self.house, self.inverter.soc_kwh)

    @property
    def handed_over(self) -> bool:
        """Whether people leave loaded machines to the agent: from its first word to any device beside the battery."""
        return self.house.handed_over

    def truth(self) -> HomeTruth:
        """Return what really happened on the whole days since the start; the agent is never told."""
        return self.record.truth(self.house, self.inverter.soc_kwh)

    def readings(self) -> Sequence[Reading]:
        """Return what was measured since the last call, oldest first."""
        new, self._readings = self._readings, []
        return new

    def device_states(self) -> Sequence[DeviceState]:
        """Return how each device stands now, as its entities would tell."""
        return self.house.states(self.now)

    def issued(self) -> Sequence[IssuedForecast]:
        """Return the weather service's forecasts since the last call."""
        return self._weather.issued(self.now)

    async def send(self, command: Command) -> CommandResult:
        """Hand a command to its device."""
        if command.device == BATTERY:
            self.inverter.receive(command, self.now)
            return Confirmed(command=command)
        refused = self._told(command)
        return Confirmed(command=command) if refused is None else Rejected(command=command, reason=refused)

    def outcomes(self) -> Sequence[CommandResult]:
        """Return nothing: every device takes its commands at once."""
        return ()

    async def published(self) -> PublishedPrices | None:
        """Return new prices: tomorrow's from 13:00 on; the first time with the weeks before."""
        local = self.now.astimezone(self.site.timezone)
        last = local.date() + timedelta(days=local.time() >= self.site.prices.published_at)
        if self._published_until is not None and last <= self._published_until:
            return None
        first = local.date() - timedelta(days=20) if self._published_until is None else last
        self._published_until = last
        days = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
        prices = [prices_of_day(self.drawn, self.site.timezone, day) for day in days]
        imports, exports = (np.concatenate([pair[which] for pair in prices]) for which in (0, 1))
        start = datetime(first.year, first.month, first.day, tzinfo=self.site.timezone)
        grid = TimeGrid(start=start, step=HOUR, count=len(imports))
        return PublishedPrices(grid=grid, import_per_kwh=imports, export_per_kwh=exports)

    def advance(self, by: timedelta = METER_STEP) -> None:
        """Let time pass, minute by minute; after each meter step its means become known."""
        end = self.now + by
        while self.now < end:
            self._meter_step()

    def _told(self, command: Command) -> str | None:
        """Tell a device; return why it refuses."""
        if command.device not in {device.name for device in self.devices}:
            return f"there is no {command.device} in this home"
        self.house.handed_over = True
        instruction = command.instruction
        machine = self.house.machines.get(command.device)
        if machine is None:
            self.house.leases.take(command.device, instruction, command.valid_until)
        elif isinstance(instruction, Suggest):
            machine.suggest(instruction.start, self.house.chance)
        elif isinstance(instruction, SetSwitch):
            if instruction.on and not machine.habits.switched:
                return f"the {command.device} cannot be started from afar"
            if not instruction.on and machine.running:
                return f"the {command.device} runs its programme to the end"
            if instruction.on and not machine.start():
                return f"the {command.device} is not loaded"
        return None

    def _today(self, now: datetime) -> ElectricDay:
        return self._day_of(now.astimezone(self.site.timezone).date())

    def _day_of(self, day: date) -> ElectricDay:
        if day not in self._days:
            self._days[day] = electric_day(self.drawn, self.site.timezone, day)
            if len(self._days) > DAYS_KEPT:
                self._days.popitem(last=False)
        return self._days[day]

    def _meter_step(self) -> None:
        """Live five minutes, and read the meters."""
        day = self._today(self.now)
        first = (self.now - day.start) // MINUTE
        sums = dict.fromkeys(("load_kw", "pv_kw", "grid_kw", "battery_kw", "curtailed_kw", "controlled_kw"), 0.0)
        hours = 1 / 60
        for minute in range(first, first + STEP_MIN):
            drawn_kw = self.house.step(self.now, day, minute, self._spare_kw)
            load_kw = day.base_kw[minute] + drawn_kw
            pv_kw = day.pv_kw[minute]
            flows = self.inverter.step(self.now, load_kw, pv_kw, hours)
            self._spare_kw = -flows.grid_kw
            self.record.minute(self.house, load_kw, pv_kw, flows.grid_kw)
            sums["load_kw"] += load_kw
            sums["pv_kw"] += pv_kw
            sums["grid_kw"] += flows.grid_kw
            sums["battery_kw"] -= flows.battery_kw
            sums["curtailed_kw"] += flows.curtailed_kw
            sums["controlled_kw"] += drawn_kw
            self.now += MINUTE
        self._readings += [
            Reading(entity=name, at=self.now, value=total / STEP_MIN, over=METER_STEP) for name, total in sums.items()
        ]
        empty = sum(1 for count in day.at_home[first : first + STEP_MIN] if not count) / STEP_MIN
        out_c = round(day.out_c[first + STEP_MIN - 1], 1)
        self._readings += [
            Reading(entity="nobody_home", at=self.now, value=empty, over=METER_STEP),
            Reading(entity="temp_c", at=self.now, value=out_c, over=METER_STEP),
            Reading(entity="soc_kwh", at=self.now, value=self.inverter.soc_kwh),
        ]
        self.house.metered(STEP_MIN)
        if first + STEP_MIN >= day.minutes:
            self.record.end_of_day(day, self.house)

    def _device_readings(self) -> list[Reading]:
        """Return the devices' states as readings, for an agent that learns from the past."""
        found = []
        for state in self.house.states(self.now):
            values = {
                "power_kw": state.power_kw,
                "air_c": state.air_c,
                "target_c": state.target_c,
                "water_c": state.water_c,
                "stored_kwh": state.stored_kwh,
                "asked_kwh": state.asked_kwh,
                "plugged": None if state.plugged is None else float(state.plugged),
            }
            found += [
                Reading(entity=f"{state.name}.{name}", at=self.now, value=value, over=METER_STEP)
                for name, value in values.items()
                if value is not None
            ]
        return found
