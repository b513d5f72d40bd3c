"""What a running agent costs, as the kernel counts it, and a home whose sensors never rest."""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from real_ha.lab import Lab

DAY_S, HOUR_S = 86400.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a process has used so far. A training is a process of its own, and not in it."""

    at_s: float
    cpu_s: float
    wakeups: int
    """Voluntary context switches of all its threads: so often it slept and was woken."""
    written_bytes: int
    """Sent to the disk, not what the page cache has taken."""
    resident_mb: float

    @classmethod
    def of(cls, pid: int) -> Costs:
        """Read what a process has used."""
        proc = Path(f"/proc/{pid}")
        wakeups, cpu_ns = 0, 0
        for task in (proc / "task").iterdir():
            with suppress(FileNotFoundError):
                wakeups += _numbers(task / "status")["voluntary_ctxt_switches"]
                cpu_ns += int((task / "schedstat").read_text().split()[0])
        return cls(
            at_s=time.monotonic(),
            cpu_s=cpu_ns / 1e9,
            wakeups=wakeups,
            written_bytes=_numbers(proc / "io")["write_bytes"],
            resident_mb=_numbers(proc / "status")["VmRSS"] / 1024,
        )

    def since(self, before: Costs) -> dict[str, float]:
        """Return what was used since, scaled to hours and days."""
        seconds = self.at_s - before.at_s
        return {
            "seconds": round(seconds),
            "cpu_s_a_day": round((self.cpu_s - before.cpu_s) * DAY_S / seconds, 2),
            "wakeups_an_hour": round((self.wakeups - before.wakeups) * HOUR_S / seconds),
            "written_mb_a_day": round((self.written_bytes - before.written_bytes) * DAY_S / seconds / 1e6, 2),
            "resident_mb": round(self.resident_mb, 1),
        }


def _numbers(path: Path) -> dict[str, int]:
    lines = (line.partition(":") for line in path.read_text().splitlines())
    return {name: int(rest.split()[0]) for name, _, rest in lines if rest.split() and rest.split()[0].isdigit()}


@contextmanager
def restless(lab: Lab, every_s: float = 3.0) -> Iterator[None]:
    """Have the home's load and PV change every few seconds, and the state of charge every minute."""
    end = threading.Event()

    def drive() -> None:
        chance, count = random.Random(1), 0  # noqa: S311 - weather
        while not end.wait(every_s):
            count += 1
            cloud = 0.5 + 0.5 * math.sin(count / 40)
            kettle = 2000.0 if count % 100 < 5 else 0.0
            lab.sim(load=round(400 + 300 * chance.random() + kettle), pv=round(1500 * cloud + 100 * chance.random()))
            if count % 20 == 0:
                lab.sim(soc=round(50 + 10 * math.sin(count / 200), 1))

    driver = threading.Thread(target=drive)
    driver.start()
    try:
        yield
    finally:
        end.set()
        driver.join()
