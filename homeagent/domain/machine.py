"""The machine that the agent runs on, as it is now."""

from __future__ import annotations

from dataclasses import dataclass

HOT_C = 75.0
"""Where a machine counts as hot that names no limit of its own; a Raspberry Pi slows down from 80 degC on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """None is what this machine does not tell.

    `load` is how many programs want to run, per core, over five minutes; `memory_pressure` the share of the last minute
    in which some program waited for memory. `hottest_c` is of the zone nearest to its own limit, and `hot_from_c` where
    that zone counts as hot. `battery` is how full the machine's own battery is, 0 to 1. `throttled` says that firmware
    or kernel hold the CPU back now, `undervolted` that it gets too little voltage.
    """

    available_mb: float | None = None
    memory_pressure: float | None = None
    load: float | None = None
    hottest_c: float | None = None
    hot_from_c: float = HOT_C
    throttled: bool | None = None
    undervolted: bool | None = None
    on_battery: bool | None = None
    battery: float | None = None
