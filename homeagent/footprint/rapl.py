"""What the processor's own energy counter tells (RAPL), where it may be read, and the agent's share of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from homeagent.domain.footprint import Estimate

SHORTEST_S, LONGEST_S = 1.0, 900.0
"""Between two readings. Shorter: the counters are too coarse; longer: one may have gone round more than once."""
MOST_W = 1000.0
"""No machine at home takes more: a counter that was set back looks like this."""
SUPPLY_EFFICIENCY = 0.8
"""Assumed, of the power supply: the wall gives more than the processor counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaplReading:
    """The packages' counters [uJ] with the value they go round at, the busy CPU seconds of the machine, and when.

    `at_s` counts through a suspend, so that one shows.
    """

    at_s: float
    packages_uj: Mapping[str, tuple[int, int]]
    busy_cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSpan:
    """What all packages used between two readings, and how long the machine's cores were busy meanwhile."""

    seconds: float
    joules: float
    busy_cpu_s: float

    @property
    def watts(self) -> float:
        """Mean power [W]."""
        return self.joules / self.seconds


def read_rapl(root: Path = Path("/")) -> RaplReading | None:
    """Return the counters, None where there are none or only root may read them, which is usual."""
    packages: dict[str, tuple[int, int]] = {}
    for zone in sorted((root / "sys/class/powercap").glob("intel-rapl:*")):
        if zone.name.count(":") > 1:  # a part of a package
            continue
        try:
            name = (zone / "name").read_text(encoding="ascii").strip()
            if name.startswith("package"):
                found = ((zone / which).read_text(encoding="ascii") for which in ("energy_uj", "max_energy_range_uj"))
                packages[zone.name] = (int(next(found)), int(next(found)))
        except (OSError, ValueError):
            return None
    busy_s = _busy_cpu_s(root / "proc/stat")
    if not packages or busy_s is None:
        return None
    return RaplReading(at_s=_seconds_since_boot(), packages_uj=packages, busy_cpu_s=busy_s)


def span(before: RaplReading, after: RaplReading) -> PackageSpan | None:
    """Return what was used between two readings, None where that cannot be told. A counter may have gone round once."""
    seconds = after.at_s - before.at_s
    if not SHORTEST_S <= seconds <= LONGEST_S or before.packages_uj.keys() != after.packages_uj.keys():
        return None
    joules = 0.0
    for name, (then_uj, _) in before.packages_uj.items():
        now_uj, round_at_uj = after.packages_uj[name]
        apart_uj = now_uj - then_uj
        joules += (apart_uj if apart_uj >= 0 else apart_uj + round_at_uj) / 1e6
    busy_s = after.busy_cpu_s - before.busy_cpu_s
    if joules < 0 or joules / seconds > MOST_W or busy_s < 0:
        return None
    return PackageSpan(seconds=seconds, joules=joules, busy_cpu_s=busy_s)


def share_of(used: PackageSpan, own_cpu_s: float, idle_w: float, cores: int) -> Estimate:
    """Return the agent's part [J] of what the packages used, by its share of the machine's busy CPU time.

    Likely: of what is above the least power ever seen here (`idle_w`). At most: of all of it, and the supply's loss.
    At least: as if each core had drawn the same whether busy or not.
    """
    share = min(own_cpu_s / max(used.busy_cpu_s, own_cpu_s, 1e-9), 1.0)
    above_idle = max(used.joules - idle_w * used.seconds, 0.0) * share
    even = used.joules * min(own_cpu_s / (cores * used.seconds), 1.0)
    likely = max(above_idle, even)
    return Estimate(low=min(above_idle, even), likely=likely, high=max(used.joules * share / SUPPLY_EFFICIENCY, likely))


def _busy_cpu_s(path: Path) -> float | None:
    """Return how long all cores together have been busy since the start."""
    try:
        words = path.read_text(encoding="ascii").splitlines()[0].split()
        user, nice, system, _idle, _iowait, irq, softirq = (int(word) for word in words[1:8])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _seconds_since_boot() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)
