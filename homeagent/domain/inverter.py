"""What an inverter can be told, and how well it obeys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class InverterCapability:
    """`continuous` follows a policy on the measured net load, `modes` knows modes, of `reserve` only that can be set.

    A command takes effect `answer_seconds` late; below `min_power_kw` the battery does nothing; power moves in steps of
    `power_step_kw`, rounded towards zero.
    """

    control: Literal["continuous", "modes", "reserve"] = "continuous"
    answer_seconds: float = 0.0
    min_power_kw: float = 0.0
    power_step_kw: float = 0.0
