"""What the system tells of the machine: /proc and /sys, each file only where it is there and makes sense."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from pathlib import Path

from homeagent.domain.machine import HOT_C, MachineState

PI_FIRMWARE = "sys/devices/platform/soc*/soc*:firmware/get_throttled"
"""Of a Raspberry Pi; its kernel's documentation has it so, it was not seen here."""
UNDERVOLTED_NOW = 0b1
THROTTLED_NOW = 0b1110
ALL_BITS = 0xFFFFF
"""Frequency capped, throttled, soft limit of temperature: as of now; the higher bits are of the past."""
LONGEST_FILE = 8192
BELIEVED_C = (0.0, 150.0)
BELIEVED_TRIP_C = (40.0, 125.0)
"""Trip points that are not set say 0, -274 or 255."""
TRIP_MARGIN_C = 5.0
"""So far below the point where the kernel slows the CPU down a zone counts as hot."""
CRITICAL_MARGIN_C = 15.0
CPU_ZONES = ("cpu", "pkg", "soc", "core", "acpitz", "package")
"""Parts of the names that zones of the processor go by; where no zone has one, every zone counts."""
MAINS = ("Mains", "USB", "Wireless")


def read_machine(root: Path = Path("/"), hot_c: float | None = None) -> MachineState:
    """Return the machine's state; it takes about a millisecond. `hot_c` is where every zone counts as hot."""
    hottest_c, hot_from_c = _heat(root, hot_c)
    throttled, undervolted = _held_back(root)
    on_battery, battery = _power(root)
    return MachineState(
        available_mb=_available_mb(root),
        memory_pressure=_memory_pressure(root),
        load=_load(root),
        hottest_c=hottest_c,
        hot_from_c=hot_from_c,
        throttled=throttled,
        undervolted=undervolted,
        on_battery=on_battery,
        battery=battery,
    )


def _text(path: Path) -> str | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return os.read(file, LONGEST_FILE).decode("ascii", errors="replace").strip()
    except OSError:
        return None
    finally:
        os.close(file)


def _number(text: str | None, least: float = 0.0, most: float = math.inf) -> float | None:
    """Return a finite number within bounds, else None."""
    try:
        number = math.nan if text is None else float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and least <= number <= most else None


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _available_mb(root: Path) -> float | None:
    """Return what can be had without swapping, within the container's own limit."""
    available_kb = _entry(root / "proc/meminfo", "MemAvailable:")
    found = [] if available_kb is None else [available_kb / 1024]
    group = root / "sys/fs/cgroup"
    limit, used = (_number(_text(group / name)) for name in ("memory.max", "memory.current"))
    if limit is not None and used is not None:
        of_files = _entry(group / "memory.stat", "inactive_file") or 0.0  # given back when something else needs it
        found.append(max(limit - used + of_files, 0.0) / 2**20)
    return min(found, default=None)


def _entry(path: Path, name: str) -> float | None:
    """Return the number behind a name that begins a line."""
    for line in (_text(path) or "").splitlines():
        first, *rest = line.split() or [""]
        if first == name and rest:
            return _number(rest[0])
    return None


def _memory_pressure(root: Path) -> float | None:
    """Return the larger of the machine's and the container's."""
    told = _known(_some_of_a_minute(root / name) for name in ("proc/pressure/memory", "sys/fs/cgroup/memory.pressure"))
    return max(told, default=None)


def _some_of_a_minute(path: Path) -> float | None:
    for line in (_text(path) or "").splitlines():
        kind, *fields = line.split() or [""]
        if kind == "some":
            told = dict(field.partition("=")[::2] for field in fields)
            percent = _number(told.get("avg60"), most=100.0)
            return None if percent is None else percent / 100
    return None


def _load(root: Path) -> float | None:
    told = (_text(root / "proc/loadavg") or "").split()
    several = _number(told[1]) if len(told) > 1 else None
    return None if several is None else several / (os.cpu_count() or 1)


def _celsius(path: Path, believed: tuple[float, float]) -> float | None:
    milli = _number(_text(path), least=1000 * believed[0], most=1000 * believed[1])
    return None if not milli else milli / 1000


def _heat(root: Path, hot_c: float | None) -> tuple[float | None, float]:
    """Return the temperature of the processor's zone nearest to its limit, and that limit."""
    zones = list(root.glob("sys/class/thermal/thermal_zone*"))
    named = [zone for zone in zones if any(part in (_text(zone / "type") or "").lower() for part in CPU_ZONES)]
    found = [
        (celsius, _hot_from_c(zone) if hot_c is None else hot_c)
        for zone in named or zones
        if (celsius := _celsius(zone / "temp", BELIEVED_C)) is not None
    ]
    return max(found, key=lambda zone: zone[0] - zone[1], default=(None, HOT_C if hot_c is None else hot_c))


def _hot_from_c(zone: Path) -> float:
    """Return where a zone counts as hot: below the trip point that slows the CPU, else well below the critical one."""
    slowing, critical = [], []
    for path in zone.glob("trip_point_*_temp"):
        trip_c = _celsius(path, BELIEVED_TRIP_C)
        kind = _text(path.with_name(path.name.removesuffix("temp") + "type"))
        if trip_c is not None and kind in {"passive", "hot"}:
            slowing.append(trip_c - TRIP_MARGIN_C)
        elif trip_c is not None and kind == "critical":
            critical.append(trip_c - CRITICAL_MARGIN_C)
    return min(slowing) if slowing else min([HOT_C, *critical])


def _held_back(root: Path) -> tuple[bool | None, bool | None]:
    """Return whether the CPU is throttled and whether it is short of voltage, now.

    A lower highest frequency in cpufreq alone is no sign: its owner may have chosen it.
    """
    throttled: list[bool] = []
    undervolted: list[bool] = []
    for path in root.glob(PI_FIRMWARE):
        bits = _bits(_text(path))
        if bits is not None:
            throttled.append(bool(bits & THROTTLED_NOW))
            undervolted.append(bool(bits & UNDERVOLTED_NOW))
    for device in root.glob("sys/class/thermal/cooling_device*"):
        kind = _text(device / "type") or ""
        state = _number(_text(device / "cur_state")) if kind == "Processor" or "cpufreq" in kind else None
        if state is not None:
            throttled.append(state > 0)
    for sensor in root.glob("sys/class/hwmon/hwmon*"):
        alarm = _text(sensor / "in0_lcrit_alarm") if _text(sensor / "name") == "rpi_volt" else None
        if alarm in {"0", "1"}:
            undervolted.append(alarm == "1")
    return _any(throttled), _any(undervolted)


def _bits(text: str | None) -> int | None:
    try:
        bits = int(text or "", 16)
    except ValueError:
        return None
    return bits if 0 <= bits <= ALL_BITS else None


def _any(told: list[bool]) -> bool | None:
    return any(told) if told else None


def _power(root: Path) -> tuple[bool | None, float | None]:
    """Return whether the machine lives on its battery, and how full that is; that of a mouse is none of its own."""
    supplies = [path for path in root.glob("sys/class/power_supply/*") if _text(path / "scope") != "Device"]
    kinds = {path: _text(path / "type") for path in supplies}
    batteries = [path for path in supplies if kinds[path] in {"Battery", "UPS"} and _text(path / "present") != "0"]
    online = [_text(path / "online") for path in supplies if kinds[path] in MAINS]
    plugged = None if not {"0", "1", "2"} & {*online} else "1" in online or "2" in online
    percents = _known(_number(_text(path / "capacity"), most=100.0) for path in batteries)
    full = sum(percents) / len(percents) / 100 if percents else None
    if not batteries or plugged:
        return (None if plugged is None else False), full
    states = {_text(path / "status") for path in batteries}
    if "Discharging" in states:
        return True, full
    if states & {"Charging", "Full", "Not charging"}:
        return False, full
    return (None if plugged is None else True), full
