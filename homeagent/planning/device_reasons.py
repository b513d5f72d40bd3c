"""Why a device does in a slot what is planned, in a sentence with numbers; and what it could do instead.

Nothing here decides anything: it reads the plan, what was asked, and what more load costs. The same plan gives the same
words.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.grid import BoolArray
from homeagent.domain.tasks import (
    ApplianceTask,
    CarTask,
    Choice,
    DevicePlan,
    DeviceTask,
    HeatTask,
    HoursTask,
    TankTask,
)
from homeagent.planning.appliance_reasons import ApplianceReasons
from homeagent.planning.runner_up import DRAWS_KW, Movable, RunnerUp, SlotPrices, runner_up, slot_prices
from homeagent.planning.slot_cost import SlotCost
from homeagent.planning.wall_clock import WallClock

NEEDED_KWH = 0.05
NEEDED_H = 0.05
LIKELY = 0.5
"""A learned departure is told as the time by which it is as likely as not to have left."""
TOLD_K = 0.1
"""What a thermometer shows."""
LEGIONELLA_C = 58.0
"""A tank that is to be as hot as this is so for its hygiene; below it somebody wants it warm."""
AHEAD = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch:
    """Slots from `first` up to `end` (exclusive) in which a device does one thing, for one reason."""

    first: int
    end: int
    power_kw: float
    choice: Choice


class DeviceReasons:
    """The reasons of one device's plan. `cost` is what more load costs beside everything but this device."""

    def __init__(self, task: DeviceTask, plan: DevicePlan, cost: SlotCost, timezone: ZoneInfo) -> None:
        self._task, self._plan, self._cost = task, plan, cost
        self._grid = plan.power_kw.grid
        self._power_kw = plan.power_kw.values
        self._clock = WallClock(self._grid, timezone)
        self._prices: SlotPrices | None = None
        self._runs: ApplianceReasons | None = None

    def choice(self, slot: int) -> Choice:
        """Return why the device does in `slot` what is planned, and the next best."""
        if isinstance(self._task, ApplianceTask):
            if self._runs is None:
                self._runs = ApplianceReasons(self._task, self._plan, self._cost, self._clock)
            return self._runs.choice(slot)
        if self._prices is None:
            self._prices = slot_prices(self._task, self._power_kw, self._cost)
        second = runner_up(self._task, self._power_kw, self._prices, self._cost, slot)
        return Choice(
            text=self._text(self._task, self._prices, slot),
            runner_up=None if second is None else self._instead(self._task, second, slot),
            runner_up_costs=None if second is None else second.costs,
        )

    def stretches(self, first: int, end: int) -> tuple[Stretch, ...]:
        """Return what the device does from slot `first` up to `end`, one reason for each stretch."""
        found = []
        while first < end:
            until = min(self._until(first), end)
            power = float(self._power_kw[first:until].mean())
            found.append(Stretch(first=first, end=until, power_kw=power, choice=self.choice(first)))
            first = until
        return tuple(found)

    def _acts(self) -> BoolArray:
        return np.asarray(np.sign(np.where(abs(self._power_kw) > DRAWS_KW, self._power_kw, 0.0)))

    def _until(self, slot: int) -> int:
        """Return the slot in which the device begins to do something else, or stops following the sun."""
        acts, follows = self._acts(), self._plan.follows_surplus
        same = (acts == acts[slot]) & (follows == follows[slot])
        if isinstance(self._task, CarTask):
            same &= self._task.present == self._task.present[slot]
        if isinstance(self._task, HoursTask) and acts[slot] == 0:
            same &= self._task.day == self._task.day[slot]
        other = np.flatnonzero(~same[slot:])
        return slot + int(other[0]) if len(other) else self._grid.count

    def _power(self, first: int, end: int) -> str:
        """Return the power of some slots, as a range where it is not the same in all of them."""
        low, high = (f"{value:.1f}" for value in (self._power_kw[first:end].min(), self._power_kw[first:end].max()))
        return f"{high} kW" if low == high else f"{low} to {high} kW"

    def _next(self, slot: int) -> int | None:
        """Return the slot after `slot` in which the device next draws, None where it does not."""
        draws = np.flatnonzero(self._power_kw[slot + 1 :] > DRAWS_KW)
        return slot + 1 + int(draws[0]) if len(draws) else None

    def _text(self, task: Movable, prices: SlotPrices, slot: int) -> str:
        match task:
            case CarTask():
                return self._of_car(task, prices, slot)
            case HeatTask():
                return self._of_heat(task, prices, slot)
            case TankTask():
                return self._of_tank(task, prices, slot)
            case HoursTask():
                return self._of_hours(task, prices, slot)

    def _against(self, prices: SlotPrices, slot: int, last: int, words: str) -> str:
        """Return the price of a kWh in `slot` beside the mean of the other slots it could be drawn in before `last`."""
        now = prices.per_kwh[slot]
        others = prices.allowed.copy()
        others[:slot] = others[slot : self._until(slot)] = others[last:] = False
        if not others.any():
            return f"{now:.2f} now"
        return f"{now:.2f} now against {prices.per_kwh[others].mean():.2f} on average {words}"

    def _of_car(self, task: CarTask, prices: SlotPrices, slot: int) -> str:
        if not prices.allowed[slot]:
            again = np.flatnonzero(prices.allowed[slot:])
            return (
                f"waits until {self._clock.slot(slot + int(again[0]), slot)}, as asked"
                if len(again)
                else "has left by then"
            )
        power, until, needs = self._power_kw[slot], self._clock.slot(self._until(slot), slot), self._plan.level[slot]
        last, by = self._departure(task, slot)
        need = f"{needs:.1f} kWh still needed" if needs > NEEDED_KWH else "beyond what is needed"
        if self._plan.follows_surplus[slot]:
            least = f", at least {power:.1f} kW" if power > DRAWS_KW else ""
            return f"takes what the sun leaves over until {until}{least}; {need}"
        if power < -DRAWS_KW:
            return f"gives {-power:.1f} kW to the home until {until}: {prices.per_kwh[slot]:.2f} a kWh now"
        if power > DRAWS_KW:
            against = self._against(prices, slot, last, "otherwise" if by is None else f"before {by}")
            return f"charges at {self._power(slot, self._until(slot))} until {until}: {against}, {need}"
        later = self._next(slot)
        if needs <= NEEDED_KWH and later is None:
            return f"rests: nothing more is needed{_by(by)}"
        if later is None:
            return f"rests: {needs:.1f} kWh would be needed{_by(by)}, charging costs {prices.per_kwh[slot]:.2f} now"
        then = prices.per_kwh[later]
        wanted = f"{needs:.1f} kWh needed{_by(by)}" if needs > NEEDED_KWH else "beyond what is needed"
        when = self._clock.slot(later, slot)
        return f"waits until {when}: {then:.2f} then against {prices.per_kwh[slot]:.2f} now, {wanted}"

    def _departure(self, task: CarTask, slot: int) -> tuple[int, str | None]:
        """Return the slot by which the car has left, and that in words, None where it stays: announced, or likely."""
        stays = np.cumprod(1.0 - np.clip(task.leaves[slot:], 0.0, 1.0))
        sure = np.flatnonzero(task.leaves[slot:] >= 1.0)
        likely = np.flatnonzero(stays <= 1 - LIKELY)
        if len(likely) and len(sure) and likely[0] == sure[0]:
            last = slot + int(sure[0]) + 1
            return last, self._clock.slot(last, slot)
        if len(likely):
            last = slot + int(likely[0]) + 1
            return last, f"about {self._clock.slot(last, slot)}, when it may leave"
        return self._grid.count, None

    def _of_heat(self, task: HeatTask, prices: SlotPrices, slot: int) -> str:
        end = self._until(slot)
        level, until = self._plan.level, self._clock.slot(end, slot)
        cooling = task.spec.purpose == "cooling"
        word = "at most" if cooling else "at least"
        if self._power_kw[slot] > DRAWS_KW:
            verb = "cools" if cooling else "heats"
            last = min(slot + int(AHEAD / self._grid.step), self._grid.count)
            against = self._against(prices, slot, last, f"until {self._clock.slot(last, slot)}")
            wanted_now = self._wanted(task, slot, word)
            return f"{verb} at {self._power(slot, end)} until {until}: {against}, {level[slot]:.1f} degC{wanted_now}"
        return self._of_rest(task, slot, end)

    def _of_rest(self, task: HeatTask, slot: int, end: int) -> str:
        """Return why a house's machine rests: by how warm it is at the end of each slot."""
        until, level = self._clock.slot(end, slot), self._plan.level[slot + 1 : end + 1]
        cooling, cares = task.spec.purpose == "cooling", task.discomfort_per_kh[slot:end] > 0
        word, wanted = ("at most", task.high_c) if cooling else ("at least", task.low_c)
        if not cares.any():
            return f"rests: {level[-1]:.1f} degC by {until}, and nobody is expected to mind"
        misses = np.where(cares, (level - wanted[slot:end]) * (1 if cooling else -1), -math.inf)
        worst = int(misses.argmax())
        if misses[worst] > TOLD_K:
            when = self._clock.slot(slot + worst + 1, slot)
            return (
                f"rests, though it comes to {level[worst]:.1f} degC by {when}, wanted {word} {wanted[slot + worst]:.1f}"
            )
        kept = (level.max() if cooling else level.min()) if cares.all() else level[worst]
        return f"rests: the house keeps {word} {kept:.1f} degC until {until}, wanted {word} {wanted[slot + worst]:.1f}"

    def _wanted(self, task: HeatTask, slot: int, word: str) -> str:
        """Return what is wanted now, or from when on."""
        wanted = task.high_c if task.spec.purpose == "cooling" else task.low_c
        cares = np.flatnonzero(task.discomfort_per_kh[slot:] > 0)
        if not len(cares):
            return ", nobody is expected to mind"
        when = slot + int(cares[0])
        since = "" if when == slot else f" from {self._clock.slot(when, slot)}"
        return f", wanted {word} {wanted[when]:.1f}{since}"

    def _of_tank(self, task: TankTask, prices: SlotPrices, slot: int) -> str:
        end = self._until(slot)
        level, until = self._plan.level, self._clock.slot(end, slot)
        last = min(slot + int(AHEAD / self._grid.step), self._grid.count)
        if self._power_kw[slot] > DRAWS_KW:
            against = self._against(prices, slot, last, f"until {self._clock.slot(last, slot)}")
            hygiene = self._hygiene(task, slot, end)
            drawn = float(task.drawn_kwh[slot:last].sum())
            aim = hygiene or f"{drawn:.1f} kWh expected to be drawn until {self._clock.slot(last, slot)}"
            power = self._power(slot, end)
            return f"heats the water at {power} until {until}: {against}, {level[slot]:.0f} degC, {aim}"
        drawn, least = float(task.drawn_kwh[slot:end].sum()), float(level[slot : end + 1].min())
        words = "keeps" if least >= task.spec.empty_c else "falls to"
        useful = "" if least >= task.spec.empty_c else f", less than the {task.spec.empty_c:.0f} that are of use"
        return f"rests: the water {words} {least:.0f} degC until {until}{useful}, {drawn:.1f} kWh drawn by then"

    def _hygiene(self, task: TankTask, slot: int, end: int) -> str | None:
        due = task.hygiene_by
        if due is None or due < slot or self._plan.level[end] < task.spec.hygiene_c - 0.5:
            return None
        why = "against legionella" if task.spec.hygiene_c >= LEGIONELLA_C else "as asked"
        return f"to {task.spec.hygiene_c:.0f} degC by {self._clock.slot(due + 1, slot)} {why}"

    def _of_hours(self, task: HoursTask, prices: SlotPrices, slot: int) -> str:
        today = task.day == task.day[slot]
        last = int(np.flatnonzero(today)[-1]) + 1
        owed = float(self._plan.level[slot])
        if self._power_kw[slot] > DRAWS_KW:
            against = self._against(prices, slot, last, "for the rest of the day")
            return f"runs until {self._clock.slot(self._until(slot), slot)}: {against}, {owed:.1f} h owed today"
        later = self._next(slot)
        if not owed > NEEDED_H:
            return "rests: nothing more is owed today"
        if later is None or later >= last:
            return f"rests: {owed:.1f} h owed today are left, running costs {prices.per_kwh[slot]:.2f} now"
        when, now = self._clock.slot(later, slot), prices.per_kwh[slot]
        if not task.allowed[slot]:
            return f"rests until {when}: it may not run now, {owed:.1f} h owed today"
        return f"rests until {when}: {prices.per_kwh[later]:.2f} then against {now:.2f} now, {owed:.1f} h owed today"

    def _instead(self, task: Movable, second: RunnerUp, slot: int) -> str:
        act = {CarTask: "charge", HeatTask: "heat", TankTask: "heat", HoursTask: "run"}[type(task)]
        if isinstance(task, HeatTask) and task.spec.purpose == "cooling":
            act = "cool"
        if second.now:
            return f"{act} now" if second.at is None else f"{act} now instead of at {self._clock.slot(second.at, slot)}"
        return "rest now" if second.at is None else f"rest now, {act} at {self._clock.slot(second.at, slot)}"


def _by(when: str | None) -> str:
    return "" if when is None else f" by {when}"
