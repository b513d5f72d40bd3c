"""A home whose other machine is not there: it says so once, and trains by itself some hours later."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from dask_processes import free_port, request_of_a_home, scheduler, worker
from homes import SCENARIO, START, made_up_home, write_home, write_scenario

from homeagent.agent.learner import Learner
from homeagent.agent.outsourcing import LATER
from homeagent.cli import main
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.learning import LearningRules, Offload
from homeagent.domain.readings import Reading
from homeagent.footprint.build import build_id
from homeagent.learning.child import train_in_child
from homeagent.simulation.simulated_home import simulated_site

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DAYS = 24
NOW = START + DAYS * DAY


@pytest.fixture
def nobody() -> Iterator[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"tcp://127.0.0.1:{taken.getsockname()[1]}"


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


def learner_with(offload: Offload, models: Path) -> Learner:
    rules = LearningRules(teacher=False, starter=False, offload=offload, models=models)
    learner = Learner(simulated_site(), HOUR, rules, NOW, unpriced, None)
    columns = made_up_home(DAYS)
    for entity in ("load_kw", "pv_kw"):
        values = columns[entity].tolist()
        learner.add(
            Reading(entity=entity, at=START + (row + 1) * HOUR, value=value, over=HOUR)
            for row, value in enumerate(values)
        )
    return learner


def wait_for(learner: Learner) -> None:
    until = time.monotonic() + 120
    while learner.teaching and time.monotonic() < until:
        time.sleep(0.05)


def live_through_a_training(learner: Learner, at: datetime) -> None:
    learner.tick(at)
    wait_for(learner)
    learner.tick(at)


def test_where_nobody_answers_it_is_trained_here_later(
    nobody: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    learner = learner_with(Offload(address=nobody, connect_s=1.0), tmp_path)
    why = f"{nobody} does not answer within 1 s"
    with caplog.at_level(logging.WARNING):
        learner.tick(NOW)
        wait_for(learner)
        assert learner.trouble == f"learning.offload: {why}"  # known before the next round takes it in
        assert learner.kept()["last_training"] is None
        for hour in (0, 1, 2):
            learner.tick(NOW + hour * HOUR)
            assert not learner.teaching
    assert [record.message for record in caplog.records] == [f"learning.offload: {why}; it is trained here, later"]
    assert learner.trouble == f"learning.offload: {why}"
    assert f"a training waits: learning.offload: {why}; it is trained here from 06:00 UTC on" in learner.reason
    assert learner.registry is not None
    assert [(event["model"], event["event"], event["why"]) for event in learner.registry.events] == [
        ("learning.offload", "did not train", why)
    ]
    listed = CliRunner().invoke(main, ["models", "--folder", str(tmp_path), "--json"])
    assert json.loads(listed.stdout)["events"][0]["why"] == why
    live_through_a_training(learner, NOW + LATER)
    assert learner.trainings_cpu_s
    assert learner.trouble == f"learning.offload: {why}"  # until the other machine has done one


def test_what_the_other_machine_trained_serves_and_says_where(tmp_path: Path) -> None:
    with scheduler(tmp_path) as (address, _), worker(tmp_path, address):
        learner = learner_with(Offload(address=address), tmp_path / "models")
        live_through_a_training(learner, NOW)
    assert learner.trouble is None
    assert learner.serving == f"student-{NOW:%Y%m%d}"
    told = CliRunner().invoke(main, ["models", learner.serving, "--folder", str(tmp_path / "models")])
    assert f"taught on {address} in " in told.stdout.replace("\n", " ")


def test_by_hand_it_is_trained_here_at_once(nobody: str, tmp_path: Path) -> None:
    home = write_home(tmp_path, made_up_home(DAYS))
    scenario = write_scenario(tmp_path, f"{SCENARIO}\nlearning: {{offload: '{nobody}'}}\n")
    done = CliRunner().invoke(main, ["train", "--data", str(home), "--scenario", str(scenario)])
    assert done.exit_code == 0, done.output
    assert f"learning.offload: {nobody} does not answer within 5 s; training here instead" in done.stderr
    assert "the teacher is fitted" in done.stderr


def test_a_process_that_dies_at_its_start_is_an_outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    request = request_of_a_home(800, priced=False)  # more than a pipe holds
    trained = train_in_child(request, lambda _line: None)
    assert (trained.model, trained.reason) == (None, "the training process ended early (3)")


def test_a_worker_is_started_asked_and_stopped(tmp_path: Path) -> None:
    port = free_port()
    command = [str(Path(sys.executable).with_name("homeagent")), "worker", "--port", str(port), "--workers", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            assert said.startswith(f"homeagent {build_id()} trains for whoever asks tcp://127.0.0.1:{port};")
            taken = subprocess.run(command, capture_output=True, text=True, check=False)
            assert taken.returncode == 2
            assert f"127.0.0.1:{port}: cannot be listened on" in taken.stderr
            learner = learner_with(Offload(address=f"tcp://127.0.0.1:{port}"), tmp_path)
            live_through_a_training(learner, NOW)
            assert learner.serving == f"student-{NOW:%Y%m%d}", learner.reason
        finally:
            process.terminate()
            assert process.wait(20) == 0


def test_a_worker_without_its_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    options = ["--ca", str(tmp_path / "ca.pem"), "--cert", str(tmp_path / "cert.pem")]
    done = CliRunner().invoke(main, ["worker", *options])
    assert done.exit_code == 2
    assert f"--cert: is not there (found {tmp_path / 'cert.pem'})" in done.stderr
    assert "--key: is not there; TLS needs --ca, --cert and --key, files in PEM" in done.stderr
