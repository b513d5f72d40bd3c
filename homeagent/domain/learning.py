"""What learning may cost, and how often it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

Learned: TypeAlias = Literal["load", "pv"]
Budget: TypeAlias = Literal["small", "normal", "large"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRules:
    """`train_every` None trains only by hand. `models` is the folder of the model files, None keeps none.

    `delegate` is an accelerator's library for the TFLite runtime; `patient` waits for a training to end, as a backtest
    does: its clock stands still meanwhile. `wait` is how long one that is due may wait for a better hour or a machine
    at ease. `teacher` False teaches by what was measured alone, in a third of the time. `starter` lets a home without a
    model of its own begin with the shipped one.
    """

    budget: Budget = "normal"
    delegate: Path | None = None
    train_every: timedelta | None = timedelta(weeks=1)
    models: Path | None = None
    patient: bool = False
    teacher: bool = True
    starter: bool = True
    wait: timedelta = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NightMark:
    """How one quantity's student did on a local day that passed, as it had stood before it, beside the floor [kW].

    `coverage` is the share of what came that lay inside the 80 % band.
    """

    day: date
    quantity: Learned
    model_id: str
    pinball_kw: float
    floor_pinball_kw: float
    mae_kw: float
    floor_mae_kw: float
    coverage: float
