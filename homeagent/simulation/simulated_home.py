"""A home that never was: people, sky, market and a battery that is not what its data sheet says. Seeded."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.command import Command, CommandResult, Confirmed
from homeagent.domain.grid import FloatArray, TimeGrid, require_utc
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Quantity, Reading
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.simulation.household import Household
from homeagent.simulation.inverter import NonIdealInverter
from homeagent.simulation.market import retail_per_kwh, spot_per_kwh
from homeagent.simulation.weather import clearness, irradiance_kw_m2, sine_of_elevation

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
METER_STEP = timedelta(minutes=5)
"""The meters tell means of so long; the home itself lives in minutes."""
PAST = timedelta(days=42)
LATITUDE_DEG, LONGITUDE_DEG = 52.5, 13.4
PV_KWP = 6.0
PV_PERFORMANCE = 0.88
DAYS_KEPT = 4


class Happening(Protocol):
    """What breaks in a home, or happens to its people: what it changes of the home, day by day and step by step."""

    @property
    def inverter(self) -> Callable[..., NonIdealInverter]:
        """Make the inverter; takes what `NonIdealInverter` takes."""

    def household(self, household: Household, day: date) -> Household:
        """Return the people and the fridge of a day."""

    def pv_kw(self, pv_kw: FloatArray, day: date, clock_min: FloatArray) -> FloatArray:
        """Return what a day's PV makes, minute by minute; `clock_min` is the wall clock's minute."""

    def more_load_kw(self, day: date, clock_min: FloatArray) -> FloatArray:
        """Return what is drawn beside the household, as `pv_kw`."""

    def told(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Return what the meters tell."""


def simulated_site() -> SiteSpec:
    """Return what the owner of the simulated home would write into a configuration."""
    battery = BatterySpec(
        capacity_kwh=10.0,
        max_charge_kw=5.0,
        max_discharge_kw=5.0,
        charge_efficiency=0.95,
        discharge_efficiency=0.95,
        min_soc_kwh=0.5,
    )
    return SiteSpec(timezone=ZoneInfo("Europe/Berlin"), battery=battery, currency="EUR")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Day:
    """One local day of load and PV, by minute."""

    start: datetime
    load_kw: FloatArray
    pv_kw: FloatArray


class SimulatedHome:
    """Lives from `start` on, in minutes; hands out readings and prices, and takes commands, as a real home would.

    From the local day `other_habits_from` on the people in it live otherwise; None: they never change. What breaks in
    the home, or happens to its people, is its `happening`.
    """

    def __init__(
        self,
        seed: int,
        start: datetime,
        *,
        inverter: InverterCapability | None = None,
        past: timedelta = PAST,
        other_habits_from: date | None = None,
        happening: Happening | None = None,
    ) -> None:
        self.site = simulated_site()
        self.now = require_utc(start)
        self.household = Household.made_up(seed)
        self.other_habits_from = other_habits_from
        battery = self.site.battery
        self.happening = happening
        make = NonIdealInverter if happening is None else happening.inverter
        self.inverter = make(
            battery,
            inverter or InverterCapability(),
            grid=self.site.grid,
            initial_soc_kwh=(battery.capacity_kwh + battery.min_soc_kwh) / 2,
        )
        self._seed = seed
        self._days: OrderedDict[date, Day] = OrderedDict()
        self._readings: list[Reading] = self._past(past)
        self._published_until: date | None = None

    def readings(self) -> Sequence[Reading]:
        """Return what was measured since the last call, oldest first; the first time with those of the `past`."""
        new, self._readings = self._readings, []
        return new if self.happening is None else self.happening.told(new)

    async def send(self, command: Command) -> CommandResult:
        """Hand a command to the inverter."""
        self.inverter.receive(command, self.now)
        return Confirmed(command=command)

    def outcomes(self) -> Sequence[CommandResult]:
        """Return nothing: the inverter takes every command at once."""
        return ()

    async def published(self) -> PublishedPrices | None:
        """Return new prices: tomorrow's from 13:00 on; the first time with the weeks before."""
        local = self.now.astimezone(self.site.timezone)
        last = local.date() + timedelta(days=local.time() >= self.site.prices.published_at)
        if self._published_until is not None and last <= self._published_until:
            return None
        first = local.date() - timedelta(days=20) if self._published_until is None else last
        self._published_until = last
        days = [self._prices(first + timedelta(days=ahead)) for ahead in range((last - first).days + 1)]
        imports = np.concatenate([buy for _, buy, _ in days])
        exports = np.concatenate([sell for _, _, sell in days])
        grid = TimeGrid(start=days[0][0].start, step=HOUR, count=len(imports))
        return PublishedPrices(grid=grid, import_per_kwh=imports, export_per_kwh=exports)

    def advance(self, by: timedelta = METER_STEP) -> None:
        """Let time pass, minute by minute; after each meter step its means become known."""
        end = self.now + by
        while self.now < end:
            self._meter_step()

    def _meter_step(self) -> None:
        count = METER_STEP // MINUTE
        load_kw, pv_kw = self._flows(self.now, count)
        sums = dict.fromkeys(("grid_kw", "battery_kw", "curtailed_kw"), 0.0)
        for load, pv in zip(load_kw.tolist(), pv_kw.tolist(), strict=True):
            result = self.inverter.step(self.now, load, pv, MINUTE / HOUR)
            sums["grid_kw"] += result.grid_kw / count
            sums["battery_kw"] -= result.battery_kw / count
            sums["curtailed_kw"] += result.curtailed_kw / count
            self.now += MINUTE
        means: tuple[tuple[Quantity, float], ...] = (
            ("load_kw", float(load_kw.mean())),
            ("pv_kw", float(pv_kw.mean())),
            ("grid_kw", sums["grid_kw"]),
            ("battery_kw", sums["battery_kw"]),
            ("curtailed_kw", sums["curtailed_kw"]),
        )
        self._readings += [Reading(entity=name, at=self.now, value=value, over=METER_STEP) for name, value in means]
        self._readings.append(Reading(entity="soc_kwh", at=self.now, value=self.inverter.soc_kwh))

    def _flows(self, at: datetime, minutes: int) -> tuple[FloatArray, FloatArray]:
        day = self._day(at.astimezone(self.site.timezone).date())
        first = (at - day.start) // MINUTE
        return day.load_kw[first : first + minutes], day.pv_kw[first : first + minutes]

    def _past(self, past: timedelta) -> list[Reading]:
        at, readings = self.now - past, []
        while at < self.now:
            load_kw, pv_kw = self._flows(at, METER_STEP // MINUTE)
            at += METER_STEP
            readings.append(Reading(entity="load_kw", at=at, value=float(load_kw.mean()), over=METER_STEP))
            readings.append(Reading(entity="pv_kw", at=at, value=float(pv_kw.mean()), over=METER_STEP))
        readings.append(Reading(entity="soc_kwh", at=self.now, value=self.inverter.soc_kwh))
        return readings

    def _day(self, day: date) -> Day:
        if day not in self._days:
            self._days[day] = self._made_up(day)
            if len(self._days) > DAYS_KEPT:
                self._days.popitem(last=False)
        return self._days[day]

    def _prices(self, day: date) -> tuple[TimeGrid, FloatArray, FloatArray]:
        hours = self._grid(day, HOUR)
        clock_hour = np.array([at.astimezone(self.site.timezone).hour for at in hours.starts()], dtype=np.float64)
        sun = sine_of_elevation(hours, LATITUDE_DEG, LONGITUDE_DEG)
        spot = spot_per_kwh(self._seed, day.toordinal(), day.weekday(), clock_hour, sun)
        return hours, retail_per_kwh(spot), spot

    def _grid(self, day: date, step: timedelta) -> TimeGrid:
        zone = self.site.timezone
        start = require_utc(datetime.combine(day, time(0), tzinfo=zone))
        end = require_utc(datetime.combine(day + timedelta(days=1), time(0), tzinfo=zone))
        return TimeGrid(start=start, step=step, count=(end - start) // step)

    def _made_up(self, day: date) -> Day:
        minutes = self._grid(day, MINUTE)
        local = [at.astimezone(self.site.timezone) for at in self._grid(day, HOUR).starts()]
        clock_min = np.concatenate([at.hour * 60 + np.arange(60.0) for at in local])
        sine = sine_of_elevation(minutes, LATITUDE_DEG, LONGITUDE_DEG)
        clear = clearness(self._seed, day.toordinal(), minutes.count)
        pv_kw = np.minimum(irradiance_kw_m2(sine, clear) * PV_KWP * PV_PERFORMANCE, 0.9 * PV_KWP)
        changed = self.other_habits_from is not None and day >= self.other_habits_from
        household = self.household.with_other_habits() if changed else self.household
        if self.happening is not None:
            household = self.happening.household(household, day)
            pv_kw = self.happening.pv_kw(pv_kw, day, clock_min)
        load_kw = household.day_load_kw(self._seed, day.toordinal(), day.weekday(), clock_min, sine < 0)
        if self.happening is not None:
            load_kw = load_kw + self.happening.more_load_kw(day, clock_min)
        return Day(start=minutes.start, load_kw=load_kw, pv_kw=pv_kw)
