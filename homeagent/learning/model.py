"""A learned model in memory: a student for load and one for PV, each with trust and calibration, and their marks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from homeagent.domain.grid import FloatArray
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.calendar import IndexArray
from homeagent.forecasting.features import Rows
from homeagent.forecasting.learned import Calibration, Quantity
from homeagent.forecasting.student import Network
from homeagent.forecasting.tflite_file import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """How days went that nothing had been learned from yet [kW], beside the floor on the same days.

    `coverage` is the share of the truth inside the 80 % band; `lost` says that the floor should serve.
    """

    pinball_kw: float
    floor_pinball_kw: float
    mae_kw: float
    floor_mae_kw: float
    coverage: float
    lost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Notebook:
    """What was asked in the last weeks, what the network said before it knew, and what came.

    `origins` count slots since 1970.
    """

    origins: IndexArray
    rows: Rows
    truth: FloatArray
    corrections: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Student:
    """A network that corrects the recent days. `trust` is how much of its corrections counts, 0 to 1."""

    network: Network
    trust: float
    calibration: Calibration
    kind: Kind
    marks: Skill | None
    notes: Notebook | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """What may serve: its students by quantity (one that the home lacks is missing), and what is told of it.

    The regrets are the money lost a day against perfect knowledge [currency], over the same days; the champion's is
    that of what served when this was trained.
    """

    model_id: str
    step_minutes: int
    made_at: datetime
    days_learned: float
    students: Mapping[Quantity, Student]
    regret: float | None = None
    floor_regret: float | None = None
    champion_regret: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Market:
    """What energy cost on the course's last slots, and the home that paid; `count` slots up to the course's end."""

    site: SiteSpec
    import_per_kwh: FloatArray
    export_per_kwh: FloatArray
