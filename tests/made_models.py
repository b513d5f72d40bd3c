"""Small models that nobody taught, for tests of their files and of who serves."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from homeagent.forecasting.features import FEATURES, LEVELS
from homeagent.forecasting.learned import Calibration
from homeagent.forecasting.student import Network
from homeagent.learning.model import Model, Skill, Student
from homeagent.learning.model_files import save
from homeagent.learning.serving import exported

AT = datetime(2024, 5, 1, tzinfo=UTC)
ROWS = np.random.default_rng(2).normal(size=(64, FEATURES["load"])).astype(np.float32)


def student(pinball: float = 0.1, floor: float = 0.12, width: int = 8, inputs: int = FEATURES["load"]) -> Student:
    network = Network.untaught(
        (inputs, width, len(LEVELS)), np.zeros(inputs, np.float32), np.ones(inputs, np.float32), seed=4
    )
    network.weights[-1][:] = 0.1
    marks = Skill(pinball_kw=pinball, floor_pinball_kw=floor, mae_kw=0.3, floor_mae_kw=0.3, coverage=0.8)
    return Student(network=network, trust=0.6, calibration=Calibration.none(), kind="int8", marks=marks)


def model(name: str = "student-1", made_at: datetime = AT, load: Student | None = None) -> Model:
    return Model(model_id=name, step_minutes=60, made_at=made_at, days_learned=40, students={"load": load or student()})


def saved(folder: Path, made: Model | None = None) -> Path:
    made = made or model()
    content = exported(made.students["load"].network, "int8", 24, ROWS, "a test")
    return save(made, {"load": content}, {"load": ROWS}, folder)
