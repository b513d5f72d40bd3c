"""What befalls the meters of a measured home, found through HOMEAGENT_DATA."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from heard_homes import DAY, DAYS, HOUR, SITE, START, Home, unpriced

from homeagent.agent.learner import Learner
from homeagent.domain.grid import FloatArray
from homeagent.domain.learning import LearningRules
from homeagent.simulation.home_data import read_home

DATA = os.environ.get("HOMEAGENT_DATA") or None
pytestmark = pytest.mark.skipif(DATA is None, reason="HOMEAGENT_DATA is not set: no measured homes here")
BEGIN = DAYS - 14


@pytest.fixture(scope="module")
def columns() -> tuple[FloatArray, FloatArray]:
    """Return load and PV of the home's last days."""
    home = read_home(Path(str(DATA)) / "citylearn2022" / "home_01.csv.gz")
    load, pv = (home.columns[name][-DAYS * 24 :] for name in ("load_kw", "pv_kw"))
    return load, pv


@pytest.fixture(scope="module")
def trained(columns: tuple[FloatArray, FloatArray], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    home = Home(None, *columns, BEGIN)
    rules = LearningRules(patient=True, teacher=False, models=folder)
    home.learner = Learner(SITE, HOUR, rules, START + BEGIN * DAY, unpriced, None)
    home.hear(0, BEGIN)
    home.learner.tick(START + BEGIN * DAY)
    return folder


def errors(models: Path, said: FloatArray, pv: FloatArray, truth: FloatArray) -> tuple[dict[int, float], float]:
    """Return the error [kW] on each day, and the most that was ever forecast."""
    home, found, most = Home(models, said, pv, BEGIN), {}, 0.0
    for day in range(BEGIN, DAYS - 1):
        home.hear(day, day + 1)
        home.learner.tick(START + (day + 1) * DAY)
        assert home.learner.trouble is None
        told = home.forecast(day + 1)
        assert np.isfinite(told.load_kw).all()
        assert told.load_kw.min() >= 0
        most = max(most, float(told.load_kw.max()))
        expected = told.weight @ told.load_kw
        found[day + 1] = float(np.abs(expected - truth[(day + 1) * 24 : (day + 2) * 24]).mean())
    return found, most


@pytest.fixture(scope="module")
def sound(
    trained: Path, columns: tuple[FloatArray, FloatArray], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, float]:
    """Return the errors of the home that nothing befell."""
    load, pv = columns
    return errors(Path(shutil.copytree(trained, tmp_path_factory.mktemp("sound") / "models")), load, pv, load)[0]


@pytest.mark.parametrize("kind", ["hole", "stuck", "spike", "a thousandfold"])
def test_a_measured_home_is_forecast_as_before_once_its_meter_is_right(
    trained: Path, columns: tuple[FloatArray, FloatArray], sound: dict[int, float], tmp_path: Path, kind: str
) -> None:
    load, pv = columns
    said = load.copy()
    part = slice(BEGIN * 24, (BEGIN + 3) * 24)
    if kind == "hole":
        said[part] = np.nan
    elif kind == "stuck":
        said[part] = said[BEGIN * 24]
    elif kind == "spike":
        said[BEGIN * 24 + 19] *= 6
    else:
        said[part] *= 1000
    harmed, most = errors(Path(shutil.copytree(trained, tmp_path / "a")), said, pv, load)
    assert most <= 1.5 * load.max()
    mended = [day for day in harmed if day >= BEGIN + 5]
    assert np.mean([harmed[day] for day in mended]) <= 1.2 * np.mean([sound[day] for day in mended])
