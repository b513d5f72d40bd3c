"""Twenty faults that can be planted in the simulated home. Seeded; sizes were fixed before anything looked for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Literal, TypeAlias

import numpy as np

from homeagent.domain.command import Command
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import FloatArray
from homeagent.domain.readings import Reading
from homeagent.domain.site import GridLimits
from homeagent.simulation.happenings import Nothing
from homeagent.simulation.household import Household
from homeagent.simulation.inverter import NonIdealInverter, StepResult

FaultKind: TypeAlias = Literal[
    "standby grew",
    "fridge runs on",
    "fridge stopped",
    "freezer ages",
    "PV string out",
    "PV soiled",
    "PV shaded",
    "PV derated",
    "meter frozen",
    "meter scaled",
    "sign flipped",
    "CT dropped",
    "readings missing",
    "heater left on",
    "pump runs all night",
    "element stuck",
    "battery lost capacity",
    "battery lost efficiency",
    "battery does not obey",
    "export blocked",
]
SIZES: dict[FaultKind, tuple[float, float]] = {
    "standby grew": (0.05, 0.12),  # kW more
    "fridge runs on": (1, 1),
    "fridge stopped": (1, 1),
    "freezer ages": (0.25, 0.40),  # minutes a day that the compressor runs longer of its 44
    "PV string out": (0.40, 0.67),  # share left
    "PV soiled": (0.005, 0.009),  # lost a day
    "PV shaded": (0.20, 0.40),  # share left in the shade
    "PV derated": (1.6, 2.8),  # kW at most
    "meter frozen": (1, 1),
    "meter scaled": (1.3, 2.0),  # times too much, or too little
    "sign flipped": (1, 1),
    "CT dropped": (1, 1),
    "readings missing": (0.40, 0.70),  # share of the readings
    "heater left on": (1.0, 2.0),  # kW
    "pump runs all night": (0.25, 0.80),  # kW
    "element stuck": (2.0, 3.0),  # kW, for a part of each hour
    "battery lost capacity": (0.50, 0.75),  # share left
    "battery lost efficiency": (0.12, 0.25),  # of a round trip, more than before
    "battery does not obey": (1, 1),
    "export blocked": (1, 1),
}
SLOW: frozenset[FaultKind] = frozenset({"freezer ages", "PV soiled"})
"""These grow for weeks before they can be told from chance."""
FROZEN = ("load_kw", "grid_kw", "pv_kw")
SCALED = ("load_kw", "grid_kw", "pv_kw")
FLIPPED = ("grid_kw", "battery_kw")
DROPPED = ("load_kw", "grid_kw", "pv_kw")
LONGEST_RUN_MIN = 40
DIRTIEST = 0.55
NIGHT_MIN = (22 * 60, 6 * 60)
HOUR_MIN = 60
MOST_FLOWS = ("load_kw", "pv_kw", "grid_kw", "battery_kw", "curtailed_kw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault(Nothing):
    """One fault; what `size` means is said in `SIZES`. `meter` is the one that it hits, None where it is no meter's."""

    kind: FaultKind
    size: float
    meter: str | None = None
    stuck_kw: list[float] = field(default_factory=list, compare=False)

    @property
    def inverter(self) -> Callable[..., NonIdealInverter]:
        """Make an inverter that has the fault."""
        return partial(FaultyInverter, fault=self)

    def household(self, household: Household, day: date) -> Household:
        """Return the household with its standby and fridge as they are by then."""
        if not self.on(day):
            return household
        fridge = household.fridge
        if self.kind == "standby grew":
            return replace(household, base_kw=household.base_kw + self.size)
        if self.kind == "fridge runs on":
            return replace(household, fridge=replace(fridge, runs_min=fridge.every_min))
        if self.kind == "fridge stopped":
            return replace(household, fridge=replace(fridge, runs_min=0))
        if self.kind == "freezer ages":
            longer = fridge.runs_min + round(self.size * (day - self.first_day).days)
            return replace(household, fridge=replace(fridge, runs_min=min(longer, LONGEST_RUN_MIN)))
        return household

    def pv_kw(self, pv_kw: FloatArray, day: date, clock_min: FloatArray) -> FloatArray:
        """Return what the roof still makes."""
        if not self.on(day):
            return pv_kw
        if self.kind == "PV string out":
            return pv_kw * self.size
        if self.kind == "PV soiled":
            return pv_kw * max(1 - self.size * (day - self.first_day).days, DIRTIEST)
        if self.kind == "PV shaded":
            first, lasting = self.rng(1).uniform(12 * 60, 15 * 60), self.rng(2).uniform(150, 240)
            shaded = (clock_min >= first) & (clock_min < first + lasting)
            return np.where(shaded, self.size * pv_kw, pv_kw)
        if self.kind == "PV derated":
            return np.minimum(pv_kw, self.size)
        return pv_kw

    def more_load_kw(self, day: date, clock_min: FloatArray) -> FloatArray:
        """Return what runs that should not."""
        if not self.on(day):
            return np.zeros(len(clock_min))
        begins_min = 0.0 if day > self.first_day else self.rng(3).uniform(6 * 60, 20 * 60)
        on = clock_min >= begins_min
        if self.kind == "heater left on":
            return np.asarray(self.size * on)
        if self.kind == "pump runs all night":
            first, last = NIGHT_MIN
            return np.asarray(self.size * on * ((clock_min >= first) | (clock_min < last)))
        if self.kind == "element stuck":
            runs_min = self.rng(4).uniform(10, 20)
            return np.asarray(self.size * on * ((clock_min + self.rng(5).uniform(0, 60)) % HOUR_MIN < runs_min))
        return np.zeros(len(clock_min))

    def told(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Return what the meters tell, with what is wrong with one of them."""
        if self.kind not in {"meter frozen", "meter scaled", "sign flipped", "CT dropped", "readings missing"}:
            return readings
        return [reading if reading.at <= self.begins else self._told(reading) for reading in readings]

    def _told(self, reading: Reading) -> Reading:
        if self.kind == "readings missing":
            rng = self.rng(6, int(reading.at.timestamp()))
            hit = reading.entity in MOST_FLOWS if self.meter is None else reading.entity == self.meter
            gone = hit and rng.random() < self.size
            return replace(reading, value=None, reason="unavailable") if gone else reading
        if reading.entity != self.meter or reading.value is None:
            return reading
        if self.kind == "meter frozen":
            if not self.stuck_kw and abs(reading.value) > 0.05:  # noqa: PLR2004 - it sticks at what is no rest
                self.stuck_kw.append(reading.value)
            return replace(reading, value=self.stuck_kw[0]) if self.stuck_kw else reading
        factor = {"meter scaled": self.size, "sign flipped": -1.0, "CT dropped": 0.0}[self.kind]
        return replace(reading, value=factor * reading.value)


def planted(kind: FaultKind, seed: int, begins: datetime) -> Fault:
    """Return the fault of a kind that belongs to a seed."""
    rng = np.random.default_rng([seed, 20, list(SIZES).index(kind)])
    size = float(rng.uniform(*SIZES[kind]))
    meters: dict[str, tuple[str | None, ...]] = {
        "meter frozen": FROZEN,
        "meter scaled": SCALED,
        "sign flipped": FLIPPED,
        "CT dropped": DROPPED,
        "readings missing": (None, "grid_kw", "load_kw"),
    }
    choice = meters.get(kind, (None,))
    if kind == "meter scaled" and rng.random() < 0.5:  # noqa: PLR2004 - too little as often as too much
        size = 1 / size
    return Fault(kind=kind, seed=seed, begins=begins, size=size, meter=choice[int(rng.integers(len(choice)))])


def fault_named(name: str) -> FaultKind | None:
    """Return the kind of that name, None for none.

    Raises:
        InputError: there is no such kind.
    """
    kind = next((kind for kind in SIZES if kind.lower() == name.lower()), None)
    if kind is None and name != "none":
        raise InputError(
            "--fault",
            (Issue(path="fault", message="is not known", found=name, remedy=f"one of: none, {', '.join(SIZES)}"),),
        )
    return kind


class FaultyInverter(NonIdealInverter):
    """A battery that is worse than it says, an inverter that does not listen, or a connection that takes nothing."""

    def __init__(self, *given: Any, fault: Fault, **named: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(*given, **named)
        self._fault = fault
        self._dead = bool(fault.seed % 2)
        self._broken = False

    def receive(self, command: Command, at: datetime) -> None:
        """Take a command, or not."""
        if self._fault.kind != "battery does not obey" or at < self._fault.begins:
            super().receive(command, at)

    def step(self, at: datetime, load_kw: float, pv_kw: float, hours: float) -> StepResult:
        """Let a step pass, with the fault once it has begun."""
        if not self._broken and at >= self._fault.begins:
            self._broken = True
            if self._fault.kind == "export blocked":
                self._limits = GridLimits(max_export_kw=0.0)
        return super().step(at, load_kw, pv_kw, hours)

    def _move(self, power_kw: float, hours: float) -> float:
        kind, size = self._fault.kind, self._fault.size
        if not self._broken or kind not in {
            "battery lost capacity",
            "battery lost efficiency",
            "battery does not obey",
        }:
            return super()._move(power_kw, hours)
        if kind == "battery does not obey":
            return super()._move(0.0 if self._dead else power_kw, hours)
        before_kwh = self.soc_kwh
        moved_kw = super()._move(power_kw, hours)
        change_kwh = self.soc_kwh - before_kwh
        if kind == "battery lost capacity":  # what it says of its charge is still a share of what it once held
            change_kwh /= size
        else:
            change_kwh *= (1 - size) ** 0.5 if change_kwh > 0 else (1 - size) ** -0.5
        self.soc_kwh = min(max(before_kwh + change_kwh, self.spec.min_soc_kwh), self.spec.capacity_kwh)
        return moved_kw
