"""`homeagent bench` runs without any data, and what it says hangs together. Ratios only: no machine is like another."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from homes import START, made_up_home
from shapes import shape

from homeagent.cli import main
from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import course_of
from homeagent.learning.efficiency import Bench
from homeagent.learning.efficiency_child import measure_in_child
from homeagent.simulation.simulated_home import simulated_site

CONTRACT = Path(__file__).parents[1] / "contract" / "bench.json"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    done = CliRunner().invoke(main, ["bench", "--quick", "--json", str(path)])
    assert done.exit_code == 0, done.output
    assert "promised: 75% less compute energy at 95% of the accuracy" in done.output.replace("\n", " ")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_its_json_keeps_the_contract(measured: dict[str, Any]) -> None:
    told = shape(measured)
    assert isinstance(told, dict)
    told["versions"] = sorted({"python", "numpy", "scikit-learn"} & measured["versions"].keys())
    assert told == json.loads(CONTRACT.read_text())


def test_a_student_computes_a_quarter_of_its_teacher_at_most(measured: dict[str, Any]) -> None:
    models = {(one["model"], one["runtime"]): one for one in measured["models"]}
    teacher, student = models["teacher", "scikit-learn"], models["student 12", "numpy"]
    assert student["cpu_us"] < teacher["cpu_us"] / 4
    assert student["inferences_per_joule"] > 4 * teacher["inferences_per_joule"]
    assert student["accuracy_share"] > 0.9
    assert teacher["accuracy_share"] == 1.0
    promise = measured["promise"]
    assert promise["less_compute_share"] > promise["less_compute_share_with_features"] > 0
    assert promise["kept"] == (promise["less_compute_share"] >= 0.75 and promise["accuracy_share"] >= 0.95)


def test_what_is_cheap_is_cheap_beside_what_is_not(measured: dict[str, Any]) -> None:
    floor, full = (
        next(one for one in measured["thinks"] if (one["depth"], one["plan_step_minutes"]) == (depth, 60))
        for depth in ("floor", "full")
    )
    assert measured["look"]["cpu_us"] < 1000 * floor["cpu_ms"] / 100
    assert full["cpu_ms"] > floor["cpu_ms"]
    lessons = {one["what"]: one for one in measured["training"]}
    assert lessons["a night's lesson"]["cpu_s"] < lessons["student, without a teacher"]["cpu_s"]
    assert lessons["teacher"]["mb"] > lessons["student, without a teacher"]["mb"]


def test_energy_is_a_range_everywhere(measured: dict[str, Any]) -> None:
    for one in [measured["look"], *measured["thinks"], *measured["models"], *measured["training"]]:
        assert one["energy_j_low"] <= one["energy_j"] <= one["energy_j_high"]


def test_a_home_that_cannot_be_learned_is_told_and_hangs_nothing() -> None:
    columns = made_up_home(30)
    grid = TimeGrid(start=START, step=HOUR, count=30 * 24)
    history = History(grid=grid, load_kw=columns["load_kw"], pv_kw=columns["pv_kw"])
    course = course_of(history, local_calendar(replace(grid, count=31 * 24), simulated_site().timezone, None))
    broken = Bench(course=course, ahead=0, quantities=("load",), starters={}, quick=True)
    with pytest.raises(PermanentError, match="could not be measured"):
        measure_in_child(broken, lambda: None)
