"""What the system tells of the machine: /proc and /sys, where they are there."""

from __future__ import annotations

import os
from pathlib import Path

from homeagent.domain.machine import MachineState

THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"
"""Of a Raspberry Pi; its kernel's documentation has it so, it was not seen here."""
THROTTLED_NOW = 0b111
"""Too little voltage, frequency capped, throttled: as of now; the higher bits are of the past."""
NO_TEMPERATURE_C = 150.0


def read_machine(root: Path = Path("/")) -> MachineState:
    """Return the machine's state; it takes less than a millisecond."""
    return MachineState(
        available_mb=_available_mb(root),
        load=_load(root),
        hottest_c=_hottest_c(root),
        throttled=_throttled(root),
        on_battery=_on_battery(root),
    )


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _available_mb(root: Path) -> float | None:
    """Return what can be had without swapping, within the container's own limit."""
    lines = (_text(root / "proc/meminfo") or "").splitlines()
    found = [float(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable:")]
    limit, used = (_number(_text(root / "sys/fs/cgroup" / name)) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        found.append((limit - used) / 2**20)
    return min(found, default=None)


def _load(root: Path) -> float | None:
    told = (_text(root / "proc/loadavg") or "").split()
    several = _number(told[1]) if len(told) > 1 else None
    return None if several is None else several / (os.cpu_count() or 1)


def _hottest_c(root: Path) -> float | None:
    zones = [_number(_text(path)) for path in root.glob("sys/class/thermal/thermal_zone*/temp")]
    told = [zone / 1000 for zone in zones if zone is not None]
    return max((zone for zone in told if 0 < zone < NO_TEMPERATURE_C), default=None)


def _throttled(root: Path) -> bool | None:
    told = _text(root / THROTTLED)
    try:
        return None if told is None else bool(int(told, 16) & THROTTLED_NOW)
    except ValueError:
        return None


def _on_battery(root: Path) -> bool | None:
    """Return whether the machine lives on its battery; that of a mouse is none of its own."""
    supplies = [path for path in root.glob("sys/class/power_supply/*") if _text(path / "scope") != "Device"]
    if not supplies:
        return None
    plugged = any(_text(path / "online") == "1" for path in supplies)
    draining = any(_text(path / "status") == "Discharging" for path in supplies)
    return draining and not plugged
