"""A supervised test of one device: what is said while it runs, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["works", "too much", "no effect", "wrong way", "too slow", "not clear", "not tried"]
STOPPED = "it was stopped"
"""Why a test ended that its owner stopped."""
Setting: TypeAlias = float | Mapping[str, str] | tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a test is: what the device was last told, and what is measured of it (a battery: + discharging)."""

    device: str
    told: str
    seconds: float
    limit_seconds: float
    measured_kw: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What became of one thing that the device was told. Powers of a battery are + discharging.

    `answer_seconds` is how long after the last write the effect was measured, None where it was not.
    """

    verb: str
    told: str
    verdict: Verdict
    seen: str
    asked_kw: float | None = None
    reached_kw: float | None = None
    answer_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A value for the configuration, and what was measured that it follows from."""

    key: tuple[str, ...]
    value: Setting
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActuatorReport:
    """What a test of a device came to. `ended` says why it ended before its end, None where it did not.

    `not_restored` names what does not show what it did before the test, with the value to give it by hand.
    """

    device: str
    at: datetime
    seconds: float
    tried: tuple[Tried, ...]
    numbers: tuple[Number, ...] = ()
    warnings: tuple[str, ...] = ()
    not_restored: tuple[str, ...] = ()
    ended: str | None = None

    @property
    def works(self) -> bool:
        """Whether everything that could be tried had its effect."""
        verdicts = {one.verdict for one in self.tried} - {"not tried", "not clear"}
        return self.ended is None and verdicts == {"works"}
