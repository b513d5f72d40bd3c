"""Whatever befalls a home's meters, its forecasts are ones that it can have, and they recover."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from heard_homes import DAY, DAYS, HOUR, SITE, START, Home, unpriced
from homes import made_up_home
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from homeagent.agent.learner import Learner
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray
from homeagent.domain.learning import LearningRules

MARGIN = 1.5 * 1.001
"""A forecast stays within so many times the most that the home has used, single absurd readings left out."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the models of the home before anything befell it."""
    columns = made_up_home(DAYS)
    folder = tmp_path_factory.mktemp("models")
    rules = LearningRules(patient=True, teacher=False, models=folder)
    home = Home(None, columns["load_kw"], columns["pv_kw"], DAYS)
    learner = Learner(SITE, HOUR, rules, START + (DAYS - 14) * DAY, unpriced, None)
    home.learner = learner
    home.hear(0, DAYS - 14)
    learner.tick(START + (DAYS - 14) * DAY)
    assert learner.serving != "floor", learner.reason
    return folder


@pytest.fixture
def models(trained: Path, tmp_path: Path) -> Callable[[], Path]:
    """Return what copies the models afresh."""
    numbers = count()

    def fresh() -> Path:
        return Path(shutil.copytree(trained, tmp_path / str(next(numbers))))

    return fresh


def sane(found: Scenarios, load: FloatArray, pv: FloatArray) -> None:
    for values, said in ((found.load_kw, load), (found.pv_kw, pv)):
        assert np.isfinite(values).all()
        assert values.min() >= 0
        sound = said[np.isfinite(said) & (said >= 0) & (said < 1000)]
        most = float(sound.max()) if len(sound) else 0.0
        assert values.max() <= MARGIN * max(most, 2.0)
    assert np.isfinite(found.weight).all()


def harm(values: FloatArray, kind: str, first: int, length: int, factor: float) -> None:
    """Do something to the meter for some hours."""
    part = slice(first, first + length)
    if kind == "hole":
        values[part] = np.nan
    elif kind == "every other":
        values[part][::2] = np.nan
    elif kind == "stuck":
        values[part] = values[first]
    elif kind == "scale":
        values[part] *= factor
    elif kind == "offset":
        values[part] += factor
    elif kind == "sign":
        values[part] *= -1
    elif kind == "zero":
        values[part] = 0.0
    elif kind == "no number":
        values[part] = np.inf
    elif kind == "shifted":
        values[part] = np.roll(values[part], 1)


KINDS = ("hole", "every other", "stuck", "scale", "offset", "sign", "zero", "no number", "shifted")
HARMS = st.lists(
    st.tuples(
        st.sampled_from(("load", "pv")),
        st.sampled_from(KINDS),
        st.integers(18 * 24, DAYS * 24 - 1),
        st.sampled_from((1, 3, 24, 72, 168, 14 * 24, 42 * 24)),
        st.sampled_from((6.0, -6.0, 0.001, 1000.0, 1e6)),
    ),
    max_size=4,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(harms=HARMS)
@example(harms=[("pv", "scale", 18 * 24, 42 * 24, 1000.0)])
@example(harms=[("pv", "scale", 18 * 24, 42 * 24, 300.0)])
def test_forecasts_stay_ones_that_a_home_can_have(
    models: Callable[[], Path], harms: list[tuple[str, str, int, int, float]]
) -> None:
    columns = made_up_home(DAYS)
    load, pv = columns["load_kw"], columns["pv_kw"]
    for meter, kind, first, length, factor in harms:
        harm(load if meter == "load" else pv, kind, first, length, factor)
    home = Home(models(), load, pv, DAYS - 2)
    for day in (DAYS - 2, DAYS - 1, DAYS):
        home.hear(day - 1, day) if day > DAYS - 2 else None
        home.learner.tick(START + day * DAY)
        assert home.learner.trouble is None
        sane(home.forecast(day), load, pv)
    for student in home.learner.students().values():
        assert all(np.isfinite(weight).all() for weight in student.network.weights)
        assert np.isfinite(student.calibration.shift).all()
        assert 0 <= student.trust <= 1


BEGIN, END = (DAYS - 14) * 24, DAYS * 24


def missed(home: Home, truth: FloatArray, day: int) -> float:
    """Return the mean absolute error of a day's expected load [kW], against what the home really did."""
    found = home.forecast(day)
    expected: FloatArray = found.weight @ found.load_kw
    return float(np.abs(expected - truth[day * 24 : (day + 1) * 24]).mean())


BACK = 1.5
"""Times the error of a home that nothing befell: that is what being back means."""


@pytest.fixture(scope="module")
def without_harm(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, float]:
    """Return the error [kW] on each day of a home that nothing befell."""
    columns = made_up_home(DAYS)
    models = Path(shutil.copytree(trained, tmp_path_factory.mktemp("sound") / "models"))
    home = Home(models, columns["load_kw"], columns["pv_kw"], DAYS - 14)
    errors = {}
    for day in range(DAYS - 14, DAYS - 4):
        home.hear(day, day + 1)
        home.learner.tick(START + (day + 1) * DAY)
        errors[day + 1] = missed(home, columns["load_kw"], day + 1)
    return errors


@pytest.mark.parametrize(
    ("kind", "days", "factor", "back_within"),
    [
        ("hole", 4, 0, 1),
        ("stuck", 3, 0, 2),
        ("scale", 1, 6.0, 3),
        ("scale", 4, 1000.0, 1),
        ("scale", 4, 0.001, 3),
        ("sign", 4, 0, 1),
        ("offset", 4, 2.0, 3),
    ],
)
def test_a_meter_that_is_put_right_is_believed_again_within_days(
    models: Callable[[], Path], without_harm: dict[int, float], kind: str, days: int, factor: float, back_within: int
) -> None:
    columns = made_up_home(DAYS)
    truth = columns["load_kw"]
    load = truth.copy()
    harm(load, kind, BEGIN, days * 24, factor)
    home = Home(models(), load, columns["pv_kw"], DAYS - 14)
    errors = {}
    for day in range(DAYS - 14, DAYS - 4):
        home.hear(day, day + 1)
        home.learner.tick(START + (day + 1) * DAY)
        assert kind == "offset" or home.forecast(day + 1).load_kw.max() <= MARGIN * float(truth.max())
        errors[day + 1] = missed(home, truth, day + 1)
    mended = [day for day in errors if day >= DAYS - 14 + days + back_within - 1]
    assert np.mean([errors[day] for day in mended]) <= BACK * np.mean([without_harm[day] for day in mended]), errors


def test_two_weeks_of_absence_are_followed_and_left_behind(models: Callable[[], Path]) -> None:
    columns = made_up_home(DAYS + 6)
    load = columns["load_kw"]
    load[BEGIN : DAYS * 24] = 0.12
    home = Home(models(), load, columns["pv_kw"], DAYS - 14)
    errors = {}
    for day in range(DAYS - 14, DAYS + 5):
        home.hear(day, day + 1)
        home.learner.tick(START + (day + 1) * DAY)
        errors[day + 1] = missed(home, load, day + 1)
    assert np.mean([errors[day] for day in range(DAYS - 9, DAYS)]) < 0.15
    assert np.mean([errors[day] for day in range(DAYS + 2, DAYS + 6)]) < 0.45


def test_a_home_without_pv_and_one_whose_pv_comes_later(models: Callable[[], Path]) -> None:
    columns = made_up_home(DAYS)
    nothing, later = np.zeros(DAYS * 24), columns["pv_kw"].copy()
    later[: (DAYS - 5) * 24] = np.nan
    for pv in (nothing, np.full(DAYS * 24, np.nan), later, np.where(np.arange(DAYS * 24) < BEGIN, 1, 2) * later):
        home = Home(models(), columns["load_kw"], pv, DAYS - 1)
        home.learner.tick(START + (DAYS - 1) * DAY)
        home.hear(DAYS - 1, DAYS)
        home.learner.tick(START + DAYS * DAY)
        found = home.forecast(DAYS)
        assert home.learner.trouble is None
        assert np.isfinite(found.pv_kw).all()
        if pv is later:
            assert (found.weight @ found.pv_kw).max() > 0.5
        elif np.nansum(pv) == 0:
            assert not found.pv_kw.any()
