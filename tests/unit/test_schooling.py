"""When a training that is due begins: the machine at ease, the hour a good one, and never long after."""

from __future__ import annotations

import logging
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from homeagent.agent import schooling as schooling_module
from homeagent.agent.due_book import FACT, DueBook
from homeagent.agent.host_state import HostWatch
from homeagent.agent.learner import Learner
from homeagent.agent.remembering import Memory
from homeagent.agent.schooling import Schooling
from homeagent.domain.effort import HostRules, effort_now
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.learning import LearningRules
from homeagent.domain.machine import MachineState
from homeagent.learning.hours import PowerAhead
from homeagent.learning.means import means_for
from homeagent.learning.training import Request, Trained
from homeagent.simulation.simulated_home import simulated_site
from homeagent.store import Store

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
NOW = datetime(2024, 5, 1, 22, tzinfo=UTC)
SITE = simulated_site()
RULES = LearningRules(budget="large", wait=timedelta(hours=20))
EASE = MachineState(available_mb=4000.0)
HOT = MachineState(hottest_c=90.0)


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


def sun_at_eleven(_now: datetime) -> PowerAhead:
    """Return a flat night with PV to spare from 09:00 UTC on: 11:00 in Berlin."""
    surplus_kw = np.where(np.arange(24) >= 11, 2.0, -0.4)
    grid = TimeGrid(start=NOW, step=HOUR, count=24)
    return PowerAhead(grid=grid, surplus_kw=surplus_kw, carbon_g_per_kwh=surplus_kw * 0, import_per_kwh=surplus_kw * 0)


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> list[Request]:
    """What reached the training's process; none is started here."""
    requests: list[Request] = []

    def train(request: Request, _say: object) -> Trained:
        requests.append(request)
        return Trained(model=None, cpu_seconds=0.0, reason="not here")

    monkeypatch.setattr(schooling_module, "train_in_child", train)
    return requests


def school(machine: list[MachineState], rules: LearningRules = RULES) -> Schooling:
    made = Schooling(SITE, rules, Memory(SITE, HOUR, NOW, None, None), unpriced, "float32")
    made.host = HostWatch(HostRules(), lambda _rules: machine[0])
    return made


def ended(schooling: Schooling) -> Trained | None:
    training = schooling._training  # noqa: SLF001 - a test waits where the agent only asks
    assert isinstance(training, Future)
    training.result(timeout=10)
    return schooling.done()


def test_a_training_waits_for_the_sun(taught: list[Request], caplog: pytest.LogCaptureFixture) -> None:
    schooling = school([EASE])
    schooling.ahead = sun_at_eleven
    with caplog.at_level(logging.INFO):
        for hour in range(11):
            assert schooling.begin(NOW + hour * HOUR, {}) is None
            assert schooling.waits_for == "PV surplus, expected at 11:00"
    assert [record.getMessage() for record in caplog.records] == ["a training waits: PV surplus, expected at 11:00"]
    schooling.begin(NOW + 11 * HOUR, {})
    assert schooling.waits_for is None
    assert schooling.last == NOW + 11 * HOUR
    assert ended(schooling) is not None
    (request,) = taught
    assert (request.budget, request.with_teacher) == ("large", True)


def test_it_waits_for_the_machine_too_but_no_longer_than_it_may(
    taught: list[Request], caplog: pytest.LogCaptureFixture
) -> None:
    """What is overdue begins on a strained machine, small and without a teacher, whatever the hour."""
    machine = [HOT]
    schooling = school(machine)
    schooling.ahead = sun_at_eleven
    with caplog.at_level(logging.INFO, "homeagent.agent.schooling"):
        for hour in range(20):
            machine[0] = MachineState(hottest_c=90.0 + hour % 5)
            schooling.begin(NOW + hour * HOUR, {})
            assert schooling.waits_for == f"the machine is hot ({90 + hour % 5} degC)"
    waits = [record for record in caplog.records if "a training waits" in record.getMessage()]
    assert len(waits) == 1  # said once, not with each degree
    schooling.begin(NOW + 20 * HOUR, {})
    assert schooling.last == NOW + 20 * HOUR
    assert ended(schooling) is not None
    (request,) = taught
    assert (request.budget, request.with_teacher) == ("normal", False)


@pytest.mark.parametrize("wait", [timedelta(0), timedelta(hours=5)])
def test_no_hour_beyond_the_limit_is_waited_for(taught: list[Request], wait: timedelta) -> None:
    schooling = school([EASE], LearningRules(wait=wait))
    schooling.ahead = sun_at_eleven
    schooling.begin(NOW, {})
    assert schooling.last == NOW
    assert ended(schooling) is not None
    assert len(taught) == 1


def test_one_that_waits_is_asked_again_every_ten_minutes() -> None:
    schooling = school([HOT])
    assert not schooling.wants_another_look(NOW)
    schooling.begin(NOW + 3 * MINUTE, {})
    looks = [minute for minute in range(3, 40) if schooling.wants_another_look(NOW + minute * MINUTE)]
    assert looks == list(range(10, 40))
    assert schooling.wants_another_look(NOW - HOUR)


def test_a_patient_school_heeds_neither_machine_nor_hour(taught: list[Request]) -> None:
    """A backtest's result must not hang on the weather in the room."""

    def never(_now: datetime) -> PowerAhead:
        raise AssertionError

    schooling = school([HOT], LearningRules(patient=True))
    schooling.ahead = never
    assert schooling.begin(NOW, {}) is not None
    assert len(taught) == 1


def test_little_memory_waits_and_less_to_spare_trains_small() -> None:
    at_ease = effort_now(MachineState(), NOW, None)
    assert means_for(at_ease, None, "normal", overdue=False).wait is None
    assert means_for(at_ease, 200.0, "normal", overdue=False).wait == "little memory is left (200 MB)"
    assert means_for(at_ease, 500.0, "normal", overdue=False).budget == "small"
    assert means_for(at_ease, 5000.0, "normal", overdue=False).budget == "normal"
    means = means_for(at_ease, 200.0, "large", overdue=True)
    assert (means.wait, means.budget, means.teacher) == (None, "normal", False)


def test_a_learner_says_nothing_of_a_training_that_is_not_due() -> None:
    assert "waits" not in Learner(SITE, HOUR, LearningRules(), NOW, unpriced, None).reason


def test_a_restart_does_not_begin_the_wait_anew(tmp_path: Path, taught: list[Request]) -> None:
    with Store.open(tmp_path / "a.db") as store:
        for hour in range(20):
            schooling = school([HOT])
            schooling.due_book = DueBook(store)
            schooling.begin(NOW + hour * HOUR, {})
            assert schooling.waits_for is not None
    with Store.open(tmp_path / "a.db") as store:
        schooling = school([HOT])
        schooling.due_book = DueBook(store)
        schooling.begin(NOW + 20 * HOUR, {})
        assert ended(schooling) is not None
        assert len(taught) == 1
        assert DueBook(store).since is None


def test_what_was_due_before_the_last_training_is_due_no_more(taught: list[Request]) -> None:
    """It was made by hand, or the clock went back."""
    schooling = school([HOT])
    schooling.due_book.note(NOW - timedelta(days=9))
    schooling.last = NOW - timedelta(days=8)
    schooling.begin(NOW, {})
    assert schooling.due_book.since == NOW
    schooling.begin(NOW - HOUR, {})
    assert schooling.due_book.since == NOW - HOUR
    assert taught == []


@pytest.mark.parametrize("text", ["", "yesterday", "2024-05-01T22:00:00"])
def test_a_damaged_note_is_none(tmp_path: Path, text: str) -> None:
    with Store.open(tmp_path / "a.db") as store:
        store.write_fact(FACT, text)
        assert DueBook(store).since is None
