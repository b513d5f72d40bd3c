"""CPU seconds of the calling thread, by part, and memory of the process."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class CpuMeter:
    """Adds up the CPU seconds of named parts of one thread. Parts do not nest."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @property
    def total_s(self) -> float:
        """All parts together."""
        return sum(self.seconds.values())

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what runs inside to `name`."""
        began = time.thread_time()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.thread_time() - began


def peak_memory_mb() -> float:
    """Return the largest resident size this process has had [MB]."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform != "darwin" else peak / 1024**2
