"""What an inverter can be told, and how well it obeys."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterCapability:
    """`continuous` follows a policy on the measured net load, `modes` knows modes, of `reserve` only that can be set.

    A command takes effect `answer_seconds` late; below `min_power_kw` the battery does nothing; power moves in steps of
    `power_step_kw`, rounded towards zero, up to `max_power_kw`.
    """

    control: Literal["continuous", "modes", "reserve"] = "continuous"
    answer_seconds: float = 0.0
    min_power_kw: float = 0.0
    power_step_kw: float = 0.0
    max_power_kw: float = math.inf
    charges: bool = True
    """Whether it can be told to charge from the grid."""
    discharges: bool = True
    """Whether it can be told to discharge whatever the load: to sell."""
    holds: bool = True
    """Whether it can be told to leave the battery alone."""
    hold_stores: bool = False
    """Whether it still stores surplus while it holds: it only does not discharge."""
    sets_power: bool = True
    """Whether charging and discharging take a power; without, they go as fast as they can."""
    low_reserve: float = 0.0
    high_reserve: float = 1.0
    """Between which shares of the capacity a reserve can be set."""
