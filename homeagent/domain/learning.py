"""What learning may cost, and how often it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, TypeAlias

Budget: TypeAlias = Literal["small", "normal", "large"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRules:
    """`train_every` None trains only by hand. `models` is the folder of the model files, None keeps none.

    `delegate` is an accelerator's library for the TFLite runtime; `patient` waits for a training to end, as a backtest
    does: its clock stands still meanwhile. `teacher` False teaches by what was measured alone, in a third of the time.
    `starter` lets a home without a model of its own begin with the shipped one.
    """

    budget: Budget = "normal"
    delegate: Path | None = None
    train_every: timedelta | None = timedelta(weeks=1)
    models: Path | None = None
    patient: bool = False
    teacher: bool = True
    starter: bool = True
