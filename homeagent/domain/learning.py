"""What learning may cost, and how often it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, TypeAlias

Learned: TypeAlias = Literal["load", "pv"]
Budget: TypeAlias = Literal["small", "normal", "large"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """What this machine shows a Dask scheduler, and what it holds the scheduler against: files in PEM."""

    ca: Path
    cert: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Offload:
    """A Dask scheduler whose workers train for this home. `address` is tcp://host:port, or tls:// with `tls`.

    Given up is one that cannot be spoken to within `connect_s`, or that has no word of progress for `silent_s`.
    """

    address: str
    tls: TlsFiles | None = None
    connect_s: float = 5.0
    silent_s: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRules:
    """`train_every` None trains only by hand. `models` is the folder of the model files, None keeps none.

    `delegate` is an accelerator's library for the TFLite runtime; `patient` waits for a training to end, as a backtest
    does: its clock stands still meanwhile. `wait` is how long one that is due may wait for a better hour or a machine
    at ease. `teacher` False teaches by what was measured alone, in a third of the time. `starter` lets a home without a
    model of its own begin with the shipped one. `offload` is a stronger machine that trains in place of this one.
    """

    budget: Budget = "normal"
    delegate: Path | None = None
    train_every: timedelta | None = timedelta(weeks=1)
    models: Path | None = None
    patient: bool = False
    teacher: bool = True
    starter: bool = True
    wait: timedelta = timedelta(days=1)
    offload: Offload | None = None


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
