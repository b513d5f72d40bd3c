"""What was told and measured in one leg of a supervised test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from homeagent.control.actuator_plan import Leg
from homeagent.control.proof import Observed

LEVEL_S = 2.0
"""The level of a power is the median of so many last seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was measured at an instant [s after the first write].

    `grid_kw` is None where it only follows from the other powers: then it proves nothing about them.
    """

    seconds: float
    observed: Observed
    grid_kw: float | None = None
    drawn_kw: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One leg of a test as it was measured.

    `wrote_s` is when its last write was done; `rest_kw` what the battery did by itself before the test. `echoed` says
    whether the entities show what was asked, None where none was given a value; `refused` why it could not be written.
    `patience_s` is by when the configuration expects the effect. A second power of a verb is not looked at before
    `least_s` after the last write, since the first one may be what is still measured.
    """

    leg: Leg
    before: tuple[Sample, ...]
    after: tuple[Sample, ...]
    wrote_s: float = 0.0
    rest_kw: float = 0.0
    echoed: bool | None = None
    refused: str | None = None
    patience_s: float = 60.0
    least_s: float = 0.0
    steady_s: float = 4.0
    """So long an effect must stay before it counts."""

    @property
    def waited_s(self) -> float:
        """How long its effect was waited for after the last write."""
        return max(self.after[-1].seconds - self.wrote_s, 0.0) if self.after else 0.0


def level_kw(samples: Sequence[Sample]) -> float | None:
    """Return the battery's power at the end of `samples`, None where it is not known."""
    if not samples:
        return None
    end = samples[-1].seconds
    known = [s.observed.battery_kw for s in samples if s.seconds >= end - LEVEL_S and s.observed.battery_kw is not None]
    return median(known) if known else None


def grid_level_kw(samples: Sequence[Sample]) -> float | None:
    """Return the grid's measured power at the end of `samples`, None where nothing measures it."""
    if not samples:
        return None
    end = samples[-1].seconds
    known = [s.grid_kw for s in samples if s.seconds >= end - LEVEL_S and s.grid_kw is not None]
    return median(known) if known else None
