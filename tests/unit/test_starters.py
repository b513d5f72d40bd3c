"""Starters: the shipped files are whole and of this release, the recipe makes them, a new home is served by them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.agent.learner import Learner
from homeagent.agent.starter_recipe import make_starters
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.forecasting.learned import QUANTITIES
from homeagent.learning import starters
from homeagent.learning.model import Skill
from homeagent.learning.model_files import CARD, load
from homeagent.learning.registry import FLOOR, Registry
from homeagent.learning.runtime import choose
from homeagent.learning.serving import opened
from homeagent.learning.starters import first_days, mismatch, starter_id, starters_folder
from homeagent.learning.training import Trained
from homeagent.simulation.population import young_home

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = (timedelta(minutes=30), HOUR)
MIDNIGHT = datetime(2024, 5, 31, 22, tzinfo=UTC)
SITE = SiteSpec(
    timezone=ZoneInfo("Europe/Berlin"), battery=BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
)


def shipped(step: timedelta) -> Path:
    folder = starters_folder()
    assert folder is not None
    return folder / starter_id(step)


@pytest.mark.parametrize("step", STEPS)
def test_shipped_files_are_those_of_their_cards_and_run_in_numpy_and_the_runtime(step: timedelta) -> None:
    home = shipped(step)
    card = json.loads((home / CARD).read_text())
    named = set()
    for quantity in QUANTITIES:
        student = card["students"][quantity]
        for kind in ("weights", "tflite"):
            content = (home / student[kind]).read_bytes()
            assert hashlib.sha256(content).hexdigest() == student[f"{kind}_sha256"]
            assert len(content) <= (20_480 if kind == "tflite" else 24_000)
            named.add(student[kind])
        assert student["marks"]["pinball_kw"] < student["marks"]["floor_pinball_kw"]
        assert 0.76 <= student["marks"]["coverage"] <= 0.84
    assert {path.name for path in home.iterdir()} == {CARD, *named}
    assert card["starter"]["licence"] == "Apache-2.0"
    model, files, samples = load(home)
    for quantity, student in model.students.items():
        rows = samples[quantity]
        assert np.isfinite(student.network(rows)).all()
        run = opened(files[quantity], student.network, choose(), DAY // step, rows)
        assert np.isfinite(run(rows[: DAY // step])).all()


@pytest.mark.parametrize("step", STEPS)
def test_the_features_are_those_that_the_starters_were_taught(step: timedelta) -> None:
    card = json.loads((shipped(step) / CARD).read_text())
    wrong = mismatch(card, step)
    assert wrong is None, wrong
    assert card["starter"]["recipe"] == starters.RECIPE, "make them anew: homeagent train --starters models/starters"


def test_another_definition_of_a_feature_is_noticed_and_the_remedy_named() -> None:
    card = json.loads((shipped(HOUR) / CARD).read_text())
    card["starter"]["features"]["load"][3] += 0.01
    assert "homeagent train --starters models/starters" in str(mismatch(card, HOUR))
    card["starter"]["features"]["load"].pop()
    assert "features of load" in str(mismatch(card, HOUR))


def test_the_recipe_makes_the_same_starters_of_the_same_seeds(tmp_path: Path) -> None:
    homes = [make_starters(tmp_path / name, lambda _line: None, homes=24) for name in ("one", "two")]
    for first, second in zip(*homes, strict=True):
        card = json.loads((first / CARD).read_text())
        assert card == json.loads((second / CARD).read_text())
        assert "24 simulated homes" in card["starter"]["taught_by"]
        assert set(load(first)[0].students) == set(QUANTITIES)
        assert set(first_days(first)) == set(QUANTITIES)


def test_simulated_homes_differ_and_each_is_the_same_in_any_slots() -> None:
    fine, coarse = young_home(5, 3, timedelta(minutes=30)).history, young_home(5, 3, HOUR).history
    assert np.allclose(fine.load_kw.reshape(-1, 2).mean(axis=1), coarse.load_kw)
    homes = [young_home(seed, 10, HOUR) for seed in range(40)]
    year_kwh = np.array([home.history.load_kw.mean() * 8766 for home in homes])
    assert 1000 < year_kwh.min() < 5000 < year_kwh.max() < 40_000
    assert len({home.timezone for home in homes}) > 8
    for home in homes:
        assert np.isfinite(home.history.load_kw).all()
        assert home.history.load_kw.min() > 0
        assert home.history.pv_kw.min() == 0


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


def new_home(models: Path | None = None, *, starter: bool = True) -> Learner:
    return Learner(
        SITE, HOUR, LearningRules(train_every=None, models=models, starter=starter), MIDNIGHT, unpriced, None
    )


def lived(hours: int, *, pv: bool = True) -> list[Reading]:
    hour = np.arange(hours) % 24
    load = 0.4 + 1.6 * np.exp(-((hour - 19) ** 2) / 6)
    sun = 3 * np.maximum(np.cos((hour - 13) / 12 * np.pi), 0)
    named = [("load_kw", load), ("pv_kw", sun)] if pv else [("load_kw", load)]
    return [
        Reading(entity="load_kw" if name == "load_kw" else "pv_kw", at=MIDNIGHT + (row + 1) * HOUR, value=kw, over=HOUR)
        for name, values in named
        for row, kw in enumerate(values.tolist())
    ]


def test_a_home_without_any_past_is_forecast_by_what_homes_usually_do() -> None:
    learner = new_home()
    said = learner.quantiles_kw(MIDNIGHT)
    load, pv = said["load"][:, 4], said["pv"][:, 4]
    assert load[19] > 1.3 * load[3]
    assert pv[13] > 0.5
    assert pv[1] == 0
    assert learner.serving == "starter-60"
    assert "simulated homes" in learner.reason


def test_the_first_hours_set_the_level_and_a_home_without_pv_is_forecast_none() -> None:
    small, large = new_home(), new_home()
    small.add(lived(10))
    large.add([Reading(entity=one.entity, at=one.at, value=3 * (one.value or 0), over=HOUR) for one in lived(10)])
    noon = MIDNIGHT + 10 * HOUR
    for quantity in QUANTITIES:
        assert large.quantiles_kw(noon)[quantity].mean() > 1.8 * small.quantiles_kw(noon)[quantity].mean()
    bare = new_home()
    bare.add(lived(10, pv=False))
    assert set(bare.quantiles_kw(noon)) == {"load"}


def test_courses_of_the_first_day_are_whole_and_follow_the_quantiles() -> None:
    learner = new_home()
    grid = TimeGrid(start=MIDNIGHT, step=HOUR, count=24)
    past = TimeGrid(start=MIDNIGHT - 42 * DAY, step=HOUR, count=42 * 24)
    empty = np.full(past.count, np.nan)
    found = learner.scenarios(History(grid=past, load_kw=empty, pv_kw=empty), grid, SITE.timezone, alike=True)
    assert found.model_id == "starter-60"
    assert np.isfinite(found.load_kw).all()
    assert found.load_kw.min() >= 0
    assert found.pv_kw[:, 13].mean() > 0.3


def live(learner: Learner, days: int) -> None:
    readings = lived(days * 24)
    for day in range(1, days + 1):
        since, until = MIDNIGHT + (day - 1) * DAY, MIDNIGHT + day * DAY
        learner.add(reading for reading in readings if since < reading.at <= until)
        learner.tick(until)


def test_what_its_nights_have_shown_outlives_a_restart_and_going_back_to_the_floor_is_for_good(tmp_path: Path) -> None:
    first = new_home(tmp_path)
    live(first, 10)
    registry = Registry(tmp_path)
    assert registry.serving == "starter-60"
    assert ["simulated homes" in event["why"] for event in registry.events if event["event"] == "serves"] == [True]
    kept = {quantity: student.trust for quantity, student in first.students().items()}
    again = new_home(tmp_path)
    assert {quantity: student.trust for quantity, student in again.students().items()} == pytest.approx(kept, abs=1e-3)
    registry.roll_back(MIDNIGHT + 11 * DAY)
    assert registry.serving == FLOOR
    assert new_home(tmp_path).serving == FLOOR


def refused(learner: Learner, at: datetime) -> None:
    """Let a student of the home's own be judged that is worse than the floor."""
    model, _, _ = load(shipped(HOUR))
    bad = Skill(pinball_kw=0.2, floor_pinball_kw=0.1, mae_kw=0.3, floor_mae_kw=0.2, coverage=0.8)
    students = {quantity: replace(student, marks=bad) for quantity, student in model.students.items()}
    own = replace(model, model_id="student-1", students=students)
    learner.challenge(Trained(model=own, cpu_seconds=0.0, reason="trained"), at)
    assert learner.refused


def test_a_starter_that_has_shown_nothing_here_ends_with_the_first_training(tmp_path: Path) -> None:
    learner = new_home(tmp_path)
    refused(learner, MIDNIGHT)
    assert learner.serving == FLOOR
    assert learner.quantiles_kw(MIDNIGHT) == {}
    assert new_home(tmp_path).serving == FLOOR


def test_a_kept_starter_that_is_no_better_than_the_floor_ends_with_a_refusal(tmp_path: Path) -> None:
    learner = new_home(tmp_path)
    live(learner, 11)
    assert Registry(tmp_path).serving == "starter-60"
    shown = {quantity for quantity, student in learner.students().items() if better(student.marks)}
    refused(learner, MIDNIGHT + 11 * DAY)
    assert set(learner.students()) == shown
    assert new_home(tmp_path).serving == ("starter-60" if shown else FLOOR)


def better(marks: Skill | None) -> bool:
    return marks is not None and marks.pinball_kw < marks.floor_pinball_kw


def test_a_starter_can_be_done_without() -> None:
    assert new_home(starter=False).serving == FLOOR
    assert new_home(starter=False).quantiles_kw(MIDNIGHT) == {}


def test_a_damaged_starter_is_left_alone_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "starter-60"
    home.mkdir()
    for path in shipped(HOUR).iterdir():
        (home / path.name).write_bytes(path.read_bytes()[: 4000 if path.suffix == ".npz" else None])
    monkeypatch.setattr("homeagent.agent.starting.starters_folder", lambda: tmp_path)
    learner = new_home()
    assert learner.serving == FLOOR
    assert "hash differs" in str(learner.trouble)


def test_a_starter_that_does_worse_than_the_floor_is_not_listened_to() -> None:
    """A home that does the very same each day: the recent days are right, and any correction is wrong."""
    learner = new_home()
    live(learner, 11)
    said, trusts = learner.quantiles_kw(MIDNIGHT + 11 * DAY), learner.students()
    for quantity in QUANTITIES:
        assert quantity not in said or trusts[quantity].trust < 0.5
