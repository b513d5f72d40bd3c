"""The fuse: devices are held back in a fair order while more is imported than it carries, and let go with room. Pure.

Cars give way first, since they can give way in part; then what runs hours, hot water, heating. A programme that has
begun never does. Among equals the one that was held back least in all gives way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from homeagent.domain.site import GridLimits

MARGIN = 0.95
"""Devices come back only up to this share of the limit."""
SETTLES_S = 20.0
"""So long after holding something back its effect is waited for."""
LEAST_HOLD_S, AGAIN_AFTER_S = 300.0, 60.0
"""What was held back stays so for a while, and comes back one at a time."""
NOTHING_KW = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A device that can give way: what it draws, on how many phases, what it would draw, and the least it can."""

    name: str
    rank: int
    """Lower gives way earlier."""
    draws_kw: float
    wants_kw: float
    least_kw: float | None = None
    """Below this it is off; None: it is on or off."""
    phases: int = 1


@dataclass(slots=True)
class _Held:
    most_kw: float
    since_s: float
    drew_kw: float


@dataclass(slots=True)
class _Memory:
    held: dict[str, _Held] = field(default_factory=dict)
    held_s: dict[str, float] = field(default_factory=dict)
    changed_s: float = -1e9
    seen_s: float | None = None


class FuseGuard:
    """Watches the import. `look` gives what each device that is held back may draw; the others are free."""

    def __init__(self, limits: GridLimits) -> None:
        self._limits = limits
        self._memory = _Memory()
        self.beyond_kw = 0.0
        """What is imported above the limit though nothing is left that could give way."""

    def look(
        self, now_s: float, import_kw: float | None, phase_kw: Sequence[float | None], loads: Sequence[Load]
    ) -> dict[str, float]:
        """Take in what is imported in all and on each phase; return the most that each held device may draw [kW]."""
        memory = self._memory
        passed_s = 0.0 if memory.seen_s is None else max(now_s - memory.seen_s, 0.0)
        memory.seen_s = now_s
        for name in memory.held:
            memory.held_s[name] = memory.held_s.get(name, 0.0) + passed_s
        names = {load.name for load in loads}
        memory.held = {name: held for name, held in memory.held.items() if name in names}
        room_kw = self._room_kw(import_kw, phase_kw)
        if room_kw is None:
            return self._most()
        if room_kw < 0 and now_s - memory.changed_s >= SETTLES_S:
            self._hold(-room_kw, loads, now_s)
        elif room_kw >= 0:
            self.beyond_kw = 0.0
            self._release(self._room_kw(import_kw, phase_kw, MARGIN) or 0.0, loads, now_s)
        return self._most()

    def _most(self) -> dict[str, float]:
        return {name: held.most_kw for name, held in self._memory.held.items()}

    def _room_kw(self, import_kw: float | None, phase_kw: Sequence[float | None], share: float = 1.0) -> float | None:
        """Return what more could be imported over all phases alike; negative: what is too much."""
        limits, rooms = self._limits, []
        if import_kw is not None:
            rooms.append(share * min(limits.max_import_kw, limits.phases * limits.max_phase_kw) - import_kw)
        rooms += [limits.phases * (share * limits.max_phase_kw - kw) for kw in phase_kw if kw is not None]
        return min(rooms) if rooms else None

    def _hold(self, excess_kw: float, loads: Sequence[Load], now_s: float) -> None:
        memory = self._memory
        for load in sorted(loads, key=lambda load: (load.rank, memory.held_s.get(load.name, 0.0), load.name)):
            if excess_kw <= 0:
                break
            if load.draws_kw <= NOTHING_KW:
                continue
            counts = max(self._limits.phases / load.phases, 1.0)  # on fewer phases it weighs more on each
            left_kw = load.draws_kw - excess_kw / counts
            most_kw = left_kw if load.least_kw is not None and left_kw >= load.least_kw else 0.0
            before = memory.held.get(load.name)
            drew_kw = load.draws_kw if before is None else max(before.drew_kw, load.draws_kw)
            memory.held[load.name] = _Held(most_kw, now_s, drew_kw)
            memory.changed_s = now_s
            excess_kw -= counts * (load.draws_kw - most_kw)
        self.beyond_kw = max(excess_kw, 0.0)

    def _release(self, room_kw: float, loads: Sequence[Load], now_s: float) -> None:
        """Let go of one, if what it draws has room: what gave way last first, among equals what was held longest.

        A car takes a part of the room only once nothing that gave way after it waits for it.
        """
        memory = self._memory
        if now_s - memory.changed_s < AGAIN_AFTER_S:
            return
        by_name = {load.name: load for load in loads}
        order = sorted(memory.held, key=lambda name: (-by_name[name].rank, -memory.held_s.get(name, 0.0), name))
        for place, name in enumerate(order):
            held, load = memory.held[name], by_name[name]
            if held.most_kw <= NOTHING_KW and now_s - held.since_s < LEAST_HOLD_S:
                continue
            counts = max(self._limits.phases / load.phases, 1.0)
            free_kw = room_kw / counts
            back_kw = max(load.wants_kw, held.drew_kw)
            if load.draws_kw + free_kw >= back_kw:
                del memory.held[name]
            elif place == 0 and load.least_kw is not None and load.draws_kw + free_kw >= _more_kw(load, held):
                memory.held[name] = _Held(load.draws_kw + free_kw, held.since_s, held.drew_kw)
            else:
                continue
            memory.changed_s = now_s
            return


def _more_kw(load: Load, held: _Held) -> float:
    """Return the least that is worth letting a device draw that can give way in part."""
    return max(load.least_kw or 0.0, held.most_kw + NOTHING_KW)
