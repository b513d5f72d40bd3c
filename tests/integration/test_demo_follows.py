"""The demo's home changes its habits: its student follows within days, beside one that knows nothing of them."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from shapes import shape

from homeagent.agent.demo import START, Demo, run_through
from homeagent.agent.learning_terminal import print_following
from homeagent.agent.view import View
from homeagent.cli import main
from homeagent.domain.learning import LearningRules
from homeagent.simulation.simulated_home import SimulatedHome
from homeagent.store import Store

CONTRACT = Path(__file__).parents[1] / "contract" / "api_v1.json"
CHANGE_DAY, DAYS, FOLLOWS_WITHIN = 2, 9, 4
RULES = LearningRules(patient=True, teacher=False, train_every=timedelta(weeks=4))


def quiet(_done: int, _total: int) -> None: ...


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_student_follows_within_days(tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    with Store.open(tmp_path / "a.db", lasting=False) as store:
        demo = Demo(seed, store, learning=RULES, habits_change=CHANGE_DAY, past=timedelta(days=84))
        asyncio.run(demo.live(DAYS + 0.1, quiet))
        view = View(demo.agent, beside=demo)
        models, forecast = view.models(), view.forecast()
        marks = [mark for mark in store.night_marks_since(START.date()) if mark.quantity == "load"]
    assert demo.frozen is not None
    assert demo.changed_on is not None
    late = [mark for mark in marks if mark.day >= demo.changed_on + timedelta(days=FOLLOWS_WITHIN)]
    assert len(late) >= 3
    stopped = [demo.frozen.loss_kw[mark.day] for mark in late]
    assert sum(mark.pinball_kw for mark in late) < 0.9 * sum(stopped), (late, stopped)
    contract = json.loads(CONTRACT.read_text())
    assert shape(models) == contract["models_learned"]
    assert shape(forecast) == contract["forecast"]
    print_following(marks, demo.frozen, demo.changed_on)
    told = capsys.readouterr().out
    assert told.count("│ habits change │") == 1
    assert f"{marks[0].pinball_kw:.4f}" in told


def test_habits_change_on_the_day_and_not_before() -> None:
    day = START.date() + timedelta(days=3)
    homes = [SimulatedHome(1, START, other_habits_from=changed) for changed in (None, day)]
    for home in homes:
        home.readings()
        home.advance(timedelta(days=2))
    same, other = (home.readings() for home in homes)
    assert same == other
    for home in homes:
        home.advance(timedelta(days=1))
    same, other = (home.readings() for home in homes)
    assert same != other


@pytest.mark.parametrize("said", ["0", "-3", "soon", "9999"])
def test_a_day_that_is_none_is_refused(said: str) -> None:
    done = CliRunner().invoke(main, ["demo", "--headless", "--days", "1", "--habits-change", said])
    assert done.exit_code == 2
    assert "nor never" in done.output


def test_a_home_that_never_changes_has_nothing_to_follow() -> None:
    result = run_through(1, 1, quiet, None)
    assert result.frozen is None
    assert result.changed_on is None
