"""How hard to think on this machine now: full, lean or least, and why. Worse at once, better only after a while."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from homeagent.domain.machine import MachineState

Level: TypeAlias = Literal["full", "lean", "least"]
Kind: TypeAlias = Literal["battery", "heat", "throttled", "voltage", "memory", "load"]

Gist: TypeAlias = tuple[Level, Kind | None]

AT_EASE: Gist = ("full", None)
LEVELS: tuple[Level, ...] = ("full", "lean", "least")
PATIENCE: dict[Level, float] = {"full": 1.0, "lean": 2.0, "least": 3.0}
"""No more: four times leaves plans a day old, and loses a sixth of what could be saved (docs/thinking.md)."""
WORDS: dict[Level, str] = {
    "full": "thinking and training as ever",
    "lean": "thinking less, training waits",
    "least": "thinking as little as can be, training waits",
}
SETTLES = timedelta(minutes=5)
"""So long nothing must ask for a level before the next milder one is taken."""
MUCH_HOTTER_C = 5.0
BUSY = 2.0
VERY_BUSY = 4.0
TIGHT = 0.1
VERY_TIGHT = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRules:
    """What the home's owner says of the machine. `hot_c` None takes each zone's own limit; `low_battery` is 0 to 1."""

    hot_c: float | None = None
    low_battery: float = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """Something that the machine suffers from, and how much it asks to be spared. `words` follow "the machine is"."""

    kind: Kind
    level: Level
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How hard to think. `strains` asked for it, last at `asked_at`; `settling` says that they no longer do."""

    level: Level
    strains: tuple[Strain, ...]
    asked_at: datetime
    settling: bool = False

    @property
    def patience(self) -> float:
        """How many times more a think must be worth before it is done. Never asked of a person's act or a guard."""
        return PATIENCE[self.level]

    @property
    def learned(self) -> bool:
        """Whether the students forecast; if not, the recent days alone do: the smallest forecaster there is."""
        return self.level == "full"

    @property
    def reason(self) -> str | None:
        """What the machine suffers from, None where that is nothing."""
        words = " and ".join(strain.words for strain in self.strains)
        return None if not words else f"{words} until lately" if self.settling else words

    @property
    def told(self) -> str:
        """Reason and consequence in one line."""
        return WORDS[self.level] if self.reason is None else f"{self.reason}: {WORDS[self.level]}"

    @property
    def gist(self) -> Gist:
        """What must change before it is worth saying again."""
        return self.level, self.strains[0].kind if self.strains else None


def strains(machine: MachineState, low_battery: float) -> tuple[Strain, ...]:
    """Return what the machine suffers from, the worst first."""
    found = [*_power(machine, low_battery), *_heat(machine), *_crowd(machine)]
    return tuple(sorted(found, key=lambda strain: -_rank(strain.level)))


def effort_now(machine: MachineState, now: datetime, before: Effort | None, rules: HostRules | None = None) -> Effort:
    """Return the effort that `machine` bears, after the one before: down at once, up a level after a quiet while."""
    asking = strains(machine, (rules or HostRules()).low_battery)
    wanted = asking[0].level if asking else "full"
    if before is None or _rank(wanted) >= _rank(before.level):
        return Effort(level=wanted, strains=asking, asked_at=now)
    if timedelta(0) <= now - before.asked_at < SETTLES:
        return replace(before, settling=True)
    milder = LEVELS[_rank(before.level) - 1]
    if milder == wanted:
        return Effort(level=wanted, strains=asking, asked_at=now)
    return replace(before, level=milder, asked_at=now, settling=True)


def _rank(level: Level) -> int:
    return LEVELS.index(level)


def _power(machine: MachineState, low_battery: float) -> list[Strain]:
    found: list[Strain] = []
    if machine.on_battery:
        left = machine.battery
        words = "on battery" if left is None else f"on battery at {100 * left:.0f} %"
        low = left is not None and left <= low_battery
        found.append(Strain(kind="battery", level="least" if low else "lean", words=words))
    if machine.undervolted:
        found.append(Strain(kind="voltage", level="lean", words="short of voltage (a stronger power supply helps)"))
    return found


def _heat(machine: MachineState) -> list[Strain]:
    found: list[Strain] = []
    if machine.throttled:
        found.append(Strain(kind="throttled", level="lean", words="throttled"))
    if machine.hottest_c is not None and machine.hottest_c >= machine.hot_from_c:
        level: Level = "least" if machine.hottest_c >= machine.hot_from_c + MUCH_HOTTER_C else "lean"
        found.append(Strain(kind="heat", level=level, words=f"hot ({machine.hottest_c:.0f} degC)"))
    return found


def _crowd(machine: MachineState) -> list[Strain]:
    found: list[Strain] = []
    if machine.memory_pressure is not None and machine.memory_pressure >= TIGHT:
        level: Level = "least" if machine.memory_pressure >= VERY_TIGHT else "lean"
        words = f"short of memory (programs wait for it {100 * machine.memory_pressure:.0f} % of the time)"
        found.append(Strain(kind="memory", level=level, words=words))
    if machine.load is not None and machine.load >= BUSY:
        level = "least" if machine.load >= VERY_BUSY else "lean"
        found.append(Strain(kind="load", level=level, words=f"busy (load {machine.load:.1f} a core)"))
    return found
