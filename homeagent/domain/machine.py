"""The machine that the agent runs on, as it is now."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineState:
    """None is what this machine does not tell. `load` is how many programs want to run, per core, over five minutes."""

    available_mb: float | None = None
    load: float | None = None
    hottest_c: float | None = None
    throttled: bool | None = None
    on_battery: bool | None = None
