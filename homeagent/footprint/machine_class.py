"""What kind of machine this is, and what a busy core of such a machine adds to its power."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from homeagent.domain.footprint import Estimate

LAPTOPS = frozenset({"8", "9", "10", "14", "30", "31", "32"})
"""Chassis types of the SMBIOS table that are carried about."""
SERVERS = frozenset({"17", "23", "28", "29"})
SMALL_X86 = re.compile(r"\b(N\d{2,3}|J\d{4}|N\d{4}|i3-N\d{3}|Atom|Celeron|Pentium.*(Silver|N\d))\b")
SERVER_CPU = re.compile(r"\b(EPYC|Xeon|Opteron|Neoverse|Ampere)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerModel:
    """A kind of machine as others measured it at the wall [W]: idle, and with all its cores busy.

    `busy_core_w` is what one busy core adds. `source` says where the numbers come from; docs/footprint.md has the
    addresses and what is assumed.
    """

    name: str
    idle_w: tuple[float, float]
    busy_w: tuple[float, float]
    cores: int
    busy_core_w: Estimate
    source: str


def _model(
    name: str,
    idle_w: tuple[float, float],
    busy_w: tuple[float, float],
    cores: int,
    busy_core_w: tuple[float, float, float],
    source: str,
) -> PowerModel:
    low, likely, high = busy_core_w
    core_w = Estimate(low=low, likely=likely, high=high)
    return PowerModel(name=name, idle_w=idle_w, busy_w=busy_w, cores=cores, busy_core_w=core_w, source=source)


UNKNOWN = _model(
    "unknown", (1.0, 60.0), (3.0, 200.0), 4, (0.4, 3.0, 12.0), "assumed: from the least to the most of the others"
)
MODELS = {
    model.name: model
    for model in (
        _model("raspberry-pi-3", (1.4, 3.1), (3.7, 5.6), 4, (0.5, 0.7, 1.2), "measured by two others at the wall"),
        _model("raspberry-pi-4", (1.6, 3.0), (4.6, 6.4), 4, (0.5, 0.85, 1.5), "measured by three others at the wall"),
        _model("raspberry-pi-5", (2.4, 3.1), (8.5, 9.4), 4, (1.0, 1.5, 2.5), "measured by one other at the wall"),
        _model("small-x86", (5.0, 9.0), (12.0, 27.0), 4, (1.0, 4.0, 7.0), "busy measured by one other, idle assumed"),
        _model("laptop", (5.0, 15.0), (20.0, 60.0), 8, (1.0, 4.0, 12.0), "assumed; one old measurement"),
        _model("server", (0.71, 0.78), (3.5, 4.26), 1, (1.5, 3.0, 8.0), "per virtual core, from SPECpower by another"),
        UNKNOWN,
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineKind:
    """What the system says of itself, and which kind that is; `told` is None where it says nothing."""

    power: PowerModel
    told: str | None
    cores: int


def recognise(root: Path = Path("/")) -> MachineKind:
    """Return the kind of machine, by its device tree, its board's tables or its processor; unknown is a kind, too."""
    board = _text(root / "proc/device-tree/model")
    chassis = _text(root / "sys/class/dmi/id/chassis_type")
    product = _text(root / "sys/class/dmi/id/product_name")
    cpu, virtual = _processor(root)
    told = board or ", ".join(text for text in (product, cpu) if text) or None
    name = _name(board, chassis, cpu, virtual=virtual)
    return MachineKind(power=MODELS[name], told=told, cores=os.cpu_count() or 1)


def _name(board: str | None, chassis: str | None, cpu: str | None, *, virtual: bool) -> str:
    pi = re.match(r"Raspberry Pi (?:Compute Module )?(\d)", board or "")
    if pi and f"raspberry-pi-{pi.group(1)}" in MODELS:
        return f"raspberry-pi-{pi.group(1)}"
    if re.match(r"Raspberry Pi (500|400)", board or ""):
        return "raspberry-pi-5" if "500" in (board or "") else "raspberry-pi-4"
    if SERVER_CPU.search(cpu or "") or chassis in SERVERS:
        return "server"
    if virtual:
        return "unknown"
    if SMALL_X86.search(cpu or ""):
        return "small-x86"
    return "laptop" if chassis in LAPTOPS else "unknown"


def _processor(root: Path) -> tuple[str | None, bool]:
    """Return the processor's name and whether it is lent by another machine."""
    lines = (_text(root / "proc/cpuinfo") or "").splitlines()
    parts = [(key.strip(), value.strip()) for key, _, value in (line.partition(":") for line in lines)]
    names = [value for key, value in parts if key == "model name"]
    flags = [value.split() for key, value in parts if key == "flags"]
    return next(iter(names), None), bool(flags) and "hypervisor" in flags[0]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0\n ") or None
    except OSError:
        return None
