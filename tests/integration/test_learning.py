"""The whole of it: a home is learned, forecasts by its students, and nothing that happens to it makes them absurd."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from click.testing import CliRunner
from homes import START as HOME_START
from homes import made_up_home, write_home, write_scenario

from homeagent.agent.learner import Learner
from homeagent.agent.remembering import KEEP
from homeagent.cli import main
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import BatterySpec, Place, SiteSpec
from homeagent.learning.registry import Registry

HOUR = timedelta(hours=1)
START = datetime(2024, 2, 1, tzinfo=UTC)
DAYS = 70
SITE = SiteSpec(
    timezone=ZoneInfo("Europe/Berlin"),
    battery=BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5),
    place=Place(latitude_deg=52.5, longitude_deg=13.4, country="DE"),
)


def lived(seed: int = 0, days: int = DAYS) -> tuple[FloatArray, FloatArray]:
    """Return a home that the recent days alone do not know: the load follows the day before, the sun its weather."""
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24) % 24
    level, sky = np.empty(days), np.empty(days)
    for day in range(days):
        level[day] = 1 + 0.7 * ((level[day - 1] - 1) if day else 0) + rng.normal(0, 0.15)
        sky[day] = 0.6 + 0.8 * ((sky[day - 1] - 0.6) if day else 0) + rng.normal(0, 0.12)
    load = np.repeat(level.clip(0.2), 24) * (0.3 + 1.2 * np.exp(-((hour - 19) ** 2) / 6)) + rng.gamma(
        2, 0.05, days * 24
    )
    pv = 4 * np.repeat(sky.clip(0.05, 1), 24) * np.maximum(np.cos((hour - 11) / 12 * np.pi) - 0.2, 0)
    return load, pv


def readings(load: FloatArray, pv: FloatArray) -> list[Reading]:
    return [
        Reading(entity=name, at=START + (row + 1) * HOUR, value=float(value), over=HOUR)
        for name, values in (("load_kw", load), ("pv_kw", pv))
        for row, value in enumerate(values)
        if not np.isnan(value)
    ]


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


def learner_of(
    load: FloatArray, pv: FloatArray, models: Path | None = None, days: int = DAYS, weeks: int = 1
) -> Learner:
    rules = LearningRules(patient=True, teacher=False, models=models, train_every=timedelta(weeks=weeks))
    learner = Learner(SITE, HOUR, rules, START + days * timedelta(days=1), unpriced, None)
    learner.add(readings(load, pv))
    return learner


def forecast(learner: Learner, load: FloatArray, pv: FloatArray, day: int) -> Scenarios:
    end = START + timedelta(days=day)
    past = TimeGrid(start=end - timedelta(days=42), step=HOUR, count=42 * 24)
    part = slice((day - 42) * 24, day * 24)
    history = History(grid=past, load_kw=load[part], pv_kw=pv[part])
    return learner.scenarios(history, TimeGrid(start=end, step=HOUR, count=24), SITE.timezone, alike=True)


@pytest.fixture(scope="module")
def home() -> tuple[FloatArray, FloatArray]:
    return lived()


def test_a_learned_home_is_forecast_by_its_students(home: tuple[FloatArray, FloatArray]) -> None:
    learner = learner_of(*home)
    learner.tick(START + timedelta(days=DAYS))
    assert learner.serving.startswith("student-"), learner.reason
    found = forecast(learner, *home, DAYS)
    assert found.model_id == learner.serving
    assert np.isfinite(found.load_kw).all()
    for student in learner.students().values():
        assert student.marks is not None
        assert student.marks.pinball_kw < student.marks.floor_pinball_kw


def test_a_home_with_few_days_keeps_what_was_shipped(home: tuple[FloatArray, FloatArray]) -> None:
    load, pv = (values[: 10 * 24] for values in home)
    learner = learner_of(load, pv, days=10)
    learner.tick(START + timedelta(days=10))
    assert learner.serving == "starter-60"


def test_what_was_learned_outlives_a_restart_a_damage_and_a_rollback(
    home: tuple[FloatArray, FloatArray], tmp_path: Path
) -> None:
    first = learner_of(*home, tmp_path)
    first.tick(START + timedelta(days=DAYS))
    said = forecast(first, *home, DAYS)
    second = learner_of(*home, tmp_path)
    assert second.serving == first.serving
    np.testing.assert_allclose(forecast(second, *home, DAYS).load_kw, said.load_kw, atol=0.02)
    done = CliRunner().invoke(main, ["models", "--folder", str(tmp_path), "--rollback", "--json"])
    assert json.loads(done.stdout)["serving"] == "floor"
    second.tick(START + timedelta(days=DAYS))  # a running agent follows
    assert second.serving == "floor"
    Registry(tmp_path).roll_back(START)
    for path in (tmp_path / first.serving).glob("*.npz"):
        path.write_bytes(path.read_bytes()[:100])
    third = learner_of(*home, tmp_path)
    assert third.serving == "floor"
    assert third.trouble is not None
    assert "hash" in third.trouble


def holes(load: FloatArray) -> None:
    load[40 * 24 : 47 * 24] = np.nan
    load[::7] = np.nan


def a_stuck_meter(load: FloatArray) -> None:
    load[-5 * 24 :] = load[-5 * 24]


def a_spike(load: FloatArray) -> None:
    load[-30] *= 6
    load[-300] *= 60


def an_absence(load: FloatArray) -> None:
    load[-14 * 24 :] = 0.1


def a_moved_sensor(load: FloatArray) -> None:
    load[-6 * 24 :] *= 3


def silence(load: FloatArray) -> None:
    load[-3 * 24 :] = np.nan


@pytest.mark.parametrize("harm", [holes, a_stuck_meter, a_spike, an_absence, a_moved_sensor, silence])
def test_whatever_befell_the_home_its_forecast_is_one_it_can_have(
    home: tuple[FloatArray, FloatArray], harm: Callable[[FloatArray], None]
) -> None:
    load, pv = home[0].copy(), home[1].copy()
    usual = float(np.nanmax(load))
    harm(load)
    learner = learner_of(load, pv)
    learner.tick(START + timedelta(days=DAYS))
    found = forecast(learner, load, pv, DAYS)
    assert np.isfinite(found.load_kw).all()
    assert np.isfinite(found.pv_kw).all()
    assert found.load_kw.min() >= 0
    assert found.load_kw.max() <= 3 * 1.5 * usual
    assert found.pv_kw.max() <= 1.4 * float(np.nanmax(pv))


def test_a_change_of_habits_is_followed_within_days() -> None:
    load, pv = lived(3, DAYS + 14)
    hour = np.arange(len(load)) % 24
    load[DAYS * 24 :] += np.where((hour[DAYS * 24 :] >= 9) & (hour[DAYS * 24 :] < 13), 1.5, 0.0)  # now works at home
    learner = learner_of(load[: DAYS * 24], pv[: DAYS * 24])
    learner.tick(START + timedelta(days=DAYS))
    missed = []
    for day in range(DAYS, DAYS + 14):
        found = forecast(learner, load, pv, day)
        expected = (found.weight @ found.load_kw)[9:13]
        missed.append(float(np.abs(load[day * 24 + 9 : day * 24 + 13] - expected).mean()))
        today = slice(day * 24, (day + 1) * 24)
        learner.add(
            Reading(entity=name, at=START + timedelta(days=day) + (row + 1) * HOUR, value=float(value), over=HOUR)
            for name, values in (("load_kw", load[today]), ("pv_kw", pv[today]))
            for row, value in enumerate(values)
        )
        learner.tick(START + timedelta(days=day + 1))
    assert missed[0] > 1.0
    assert np.mean(missed[6:]) < 0.5 * missed[0]


def a_day(learner: Learner, load: FloatArray, pv: FloatArray, day: int) -> None:
    """Let a day pass, and its night."""
    rows = range(day * 24, (day + 1) * 24)
    learner.add(
        Reading(entity=name, at=START + (row + 1) * HOUR, value=float(values[row]), over=HOUR)
        for name, values in (("load_kw", load), ("pv_kw", pv))
        for row in rows
    )
    learner.tick(START + timedelta(days=day + 1))


def test_a_student_that_has_lost_its_skill_gives_way_within_a_day_and_comes_back(tmp_path: Path) -> None:
    load, pv = lived(5, DAYS + 14)
    learner = learner_of(load[: DAYS * 24], pv[: DAYS * 24], tmp_path, weeks=9)
    learner.tick(START + timedelta(days=DAYS))
    a_day(learner, load, pv, DAYS)
    pupil = learner._pupils["load"]  # noqa: SLF001 - it is spoilt on purpose
    sound = pupil.student.network.biases[-1].copy()
    pupil.student.network.biases[-1][:] = 3.0
    pupil.run = pupil.student.network
    a_day(learner, load, pv, DAYS + 1)
    assert is_lost(learner)
    found = forecast(learner, load, pv, DAYS + 2)
    assert (found.weight @ found.load_kw).max() < 1.5 * load.max()
    registry = Registry(tmp_path)
    assert registry.events[-1]["event"] == "falls back: the floor serves load"
    again = learner_of(load[: DAYS * 24], pv[: DAYS * 24], tmp_path)
    assert again._pupils["load"].lost  # noqa: SLF001 - a restart does not forgive it
    pupil.student.network.biases[-1][:] = sound
    for day in range(DAYS + 2, DAYS + 12):
        a_day(learner, load, pv, day)
        pupil.student.network.biases[-1][:] = sound
    assert not is_lost(learner)
    of_load = [event["event"] for event in Registry(tmp_path).events if event["event"].count("load")]
    assert of_load == ["falls back: the floor serves load", "serves load again"]


def is_lost(learner: Learner) -> bool:
    return learner._pupils["load"].lost  # noqa: SLF001 - what serves is asked of the inside


def test_a_student_that_says_what_is_no_number_never_reaches_a_plan(
    home: tuple[FloatArray, FloatArray], caplog: pytest.LogCaptureFixture
) -> None:
    learner = learner_of(*home)
    learner.tick(START + timedelta(days=DAYS))
    for pupil in learner._pupils.values():  # noqa: SLF001 - it is spoilt on purpose
        pupil.student.network.weights[0][:] = np.nan
        pupil.run = pupil.student.network
    for _ in range(3):
        found = forecast(learner, *home, DAYS)
        assert np.isfinite(found.load_kw).all()
        assert found.model_id.startswith("floor")
    assert learner.trouble is not None
    assert "no number" in learner.trouble
    assert sum("no number" in record.message for record in caplog.records) == 1


def test_what_was_rolled_back_stays_so_until_a_later_training_beats_it(
    home: tuple[FloatArray, FloatArray], tmp_path: Path
) -> None:
    learner = learner_of(*home, tmp_path)
    learner.tick(START + timedelta(days=DAYS))
    assert learner.serving != "floor"
    Registry(tmp_path).roll_back(START + timedelta(days=DAYS, hours=1))
    for agent in (learner, learner_of(*home, tmp_path)):  # running on, and after a restart
        for day in (1, 3, 5):
            agent.tick(START + timedelta(days=DAYS + day))
            assert agent.serving == "floor"
            assert "rolled back by hand" in agent.reason
    told = CliRunner().invoke(main, ["models", "--folder", str(tmp_path)]).output
    assert "must beat it" in " ".join(told.split())


def test_training_by_hand_shows_each_step_and_keeps_the_model(tmp_path: Path) -> None:
    columns = made_up_home(60)
    data, scenario = write_home(tmp_path, columns), write_scenario(tmp_path)
    command = ["train", "--data", str(data), "--scenario", str(scenario), "--models", str(tmp_path / "models")]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    for step in ("seasonal naive", "teacher", "float32, numpy", "units pruned"):
        assert step in done.output
    assert HOME_START.year == 2024
    assert "serve" in done.output


def test_too_short_a_past_is_refused_with_what_to_do(tmp_path: Path) -> None:
    data, scenario = write_home(tmp_path, made_up_home(5)), write_scenario(tmp_path)
    done = CliRunner().invoke(main, ["train", "--data", str(data), "--scenario", str(scenario)])
    assert done.exit_code == 2
    assert "holds 5 days of load, 21 are needed; let the agent run on" in done.output


def test_a_model_is_explained_by_its_name(home: tuple[FloatArray, FloatArray], tmp_path: Path) -> None:
    learner = learner_of(*home, tmp_path)
    learner.tick(START + timedelta(days=DAYS))
    command = ["models", learner.serving, "--folder", str(tmp_path)]
    told = " ".join(CliRunner().invoke(main, command).output.split())
    assert f"{learner.serving} serves. Made 2024-04-11 00:00 UTC from {DAYS} days" in told
    assert "load: a network of" in told
    card = json.loads(CliRunner().invoke(main, [*command, "--json"]).output)
    assert card["model_id"] == learner.serving
    refused = CliRunner().invoke(main, ["models", "toaster", "--folder", str(tmp_path)])
    assert refused.exit_code == 2
    assert f"there are: {learner.serving}" in refused.output


PROGRAM = """
import sys
sys.path.insert(0, {folder!r})
from test_learning import DAYS, START, lived, learner_of, forecast, timedelta
home = lived()
learner = learner_of(*home)
learner.tick(START + timedelta(days=DAYS))
forecast(learner, *home, DAYS)
assert learner.serving.startswith("student-")
print(",".join(sorted(sys.modules)))
"""


def test_the_process_that_forecasts_never_loads_what_trains() -> None:
    tests = Path(__file__).parent
    program = f"import sys; sys.path.insert(0, {str(tests.parent)!r})\n" + PROGRAM.format(folder=str(tests))
    guarded = "if __name__ == '__main__':\n" + "".join(f"    {line}\n" for line in program.splitlines())
    done = subprocess.run([sys.executable, "-c", guarded], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in done.stdout.strip().splitlines()[-1].split(",")}
    assert "homeagent" in loaded
    assert not loaded & {"sklearn", "pandas", "scipy"}


def test_older_history_is_taken_in_before_a_training(home: tuple[FloatArray, FloatArray]) -> None:
    load, pv = home
    now = START + timedelta(days=DAYS)
    asked: list[tuple[datetime, datetime]] = []

    def older(since: datetime, until: datetime) -> list[Reading]:
        asked.append((since, until))
        return [reading for reading in readings(load, pv) if reading.at <= until]

    learner = Learner(SITE, HOUR, LearningRules(patient=True, teacher=False), now, unpriced, None, older)
    learner.add(reading for reading in readings(load, pv) if reading.at > now - timedelta(days=42))
    learner.tick(now)
    assert asked == [(now - KEEP, now - timedelta(days=42))]
    assert learner.model is not None
    assert learner.model.days_learned == pytest.approx(DAYS, abs=1)
