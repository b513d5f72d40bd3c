"""CPU seconds by part of the agent, and what the system counts for the whole process."""

from __future__ import annotations

import resource
import sys
import time
import types
from collections.abc import Coroutine, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

_T = TypeVar("_T")

PARTS = ("link", "look", "settle", "anomalies", "forecast", "plan", "learn", "control", "store", "web")
"""`link` is Home Assistant, `look` readings taken in, `learn` the night's lesson."""
OTHER = "other"
"""What no part claims: the event loop, the libraries' own work, threads beside the agent's."""
TRAINING = "training"
"""Child processes that have ended."""
SIMULATION = "simulation"
"""A replayed or simulated home: no agent beside a real one does this."""


class CpuMeter:
    """Adds up the CPU seconds of named parts of one thread. A part inside another counts for itself alone.

    So no second counts twice, and what is left of the process's own time is `OTHER`.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._open: list[Part] = []
        self._counted_s = 0.0
        self._began_s = _process_cpu_s()

    @property
    def total_s(self) -> float:
        """All parts together."""
        return sum(self.seconds.values())

    def part(self, name: str) -> Part:
        """Return a context that counts what runs inside to `name`."""
        return Part(self, name)

    def enter(self, part: Part) -> None:
        """Count to `part` from now on."""
        self._count()
        self._open.append(part)

    def leave(self, part: Part) -> None:
        """Count to what was open before `part` again."""
        self._count()
        self._open.remove(part)  # not always the newest: a coroutine may be left for another inside a part

    async def following(self, name: str, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """Run a coroutine with each of its steps counted to `name`, and nothing that runs between them."""
        return await _followed(self, name, coroutine)

    def totals(self) -> dict[str, float]:
        """Return the seconds of each part since the meter's start, with children and what no part claims."""
        self._count()
        own_s, children_s = (now - then for now, then in zip(_process_cpu_s(), self._began_s, strict=True))
        return {
            **dict.fromkeys(PARTS, 0.0),
            **self.seconds,
            TRAINING: children_s,
            OTHER: own_s - sum(self.seconds.values()),
        }

    def _count(self) -> None:
        now = time.thread_time()
        if self._open:
            name = self._open[-1].name
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._counted_s
        self._counted_s = now


class Part:
    """A part while it is counted; equal to itself alone. Written out, as it is entered at every reading."""

    __slots__ = ("_meter", "name")

    def __init__(self, meter: CpuMeter, name: str) -> None:
        self._meter = meter
        self.name = name

    def __enter__(self) -> None:
        self._meter.enter(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        self._meter.leave(self)


@types.coroutine
def _followed(meter: CpuMeter, name: str, coroutine: Coroutine[Any, Any, _T]) -> Generator[Any, Any, _T]:
    sent: Any = None
    error: BaseException | None = None
    while True:
        with meter.part(name):
            try:
                wanted = coroutine.send(sent) if error is None else coroutine.throw(error)
            except StopIteration as end:
                result: _T = end.value
                return result
        sent, error = None, None
        try:
            sent = yield wanted
        except BaseException as thrown:  # noqa: BLE001 - it is for the coroutine, a cancellation as well
            error = thrown


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What the system has counted since the process began. None is what it does not tell.

    `wakeups` are the times the process went to sleep by itself and was woken again. `written_bytes` is what was meant
    for a disk, that of child processes that have ended as well.
    """

    wakeups: int
    written_bytes: int | None


def read_counters(root: Path = Path("/")) -> Counters:
    """Return the counters; it takes some ten microseconds."""
    wakeups = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    return Counters(wakeups=wakeups, written_bytes=_written_bytes(root / "proc/self/io"))


def _process_cpu_s() -> tuple[float, float]:
    """Return the CPU seconds of this process, and of its children that have ended."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


def _written_bytes(path: Path) -> int | None:
    try:
        lines = dict(line.split(": ") for line in path.read_text(encoding="ascii").splitlines())
        return int(lines["write_bytes"]) - int(lines["cancelled_write_bytes"])
    except (OSError, ValueError, KeyError):
        return None


def peak_memory_mb() -> float:
    """Return the largest resident size this process has had [MB]."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    except (OSError, StopIteration, ValueError, IndexError):  # the other one begins with the size of the parent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / 1024 if sys.platform != "darwin" else peak / 1024**2
