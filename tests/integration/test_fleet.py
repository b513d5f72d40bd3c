"""Many homes as their user runs them: the command, its rows, its workers that die."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from distributed import Client
from homes import SCENARIO, START, made_up_home, write_home, write_scenario

from homeagent.footprint.build import build_id

HOMEAGENT = Path(sys.executable).with_name("homeagent")
FEW = ("--start", (START + timedelta(days=4)).isoformat(), "--governor", "fixed:1h")
"""Two days, thought about often enough that a run lasts a while."""


def write_homes(folder: Path, count: int, days: int = 6) -> None:
    (folder / "homes").mkdir()
    for seed in range(count):
        write_home(folder / "homes", made_up_home(days, seed=seed), name=f"h{seed}.csv")
    write_scenario(folder)


def command(folder: Path, *options: str) -> list[str]:
    homes = ("--homes", f"{folder}/homes/*.csv", "--scenario", str(folder / "scenario.yaml"))
    return [str(HOMEAGENT), "backtest", *homes, "--out", str(folder / "out"), *options]


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(folder, *options), capture_output=True, text=True, check=False)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    path = folder / "out" / "homes.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def found(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "out" / "fleet.json").read_text()))


def test_each_home_comes_to_what_it_comes_to_alone_and_the_bad_ones_are_rows(tmp_path: Path) -> None:
    write_homes(tmp_path, 2)
    homes = tmp_path / "homes"
    torn = made_up_home(6)
    torn["load_kw"][120] = np.nan
    write_home(homes, torn, name="gap.csv")
    (homes / "no-file.csv").write_bytes(b"\x1f\x8bnothing")
    for name in ("h1", "own", "elsewhere", "misspelt"):
        write_home(homes, made_up_home(6, seed=1), name=f"{name}.csv")
    write_scenario(homes, SCENARIO.replace("capacity_kwh: 6", "capacity_kwh: 12"), "own.yaml")
    write_scenario(homes, SCENARIO.replace("Berlin}", "Stockholm, currency: SEK}"), "elsewhere.yaml")
    write_scenario(homes, SCENARIO.replace("capacity_kwh", "capacity"), "misspelt.yaml")
    done = run(tmp_path, *FEW)
    assert done.returncode == 0, done.stderr
    alone = ("--data", str(homes / "h0.csv"), "--scenario", str(tmp_path / "scenario.yaml"))
    options = ("--out", str(tmp_path / "alone"), "--no-report", *FEW)
    subprocess.run([str(HOMEAGENT), "backtest", *alone, *options], check=True, capture_output=True)
    summary = json.loads((tmp_path / "alone" / "summary.json").read_text())
    with (tmp_path / "out" / "homes.csv").open() as file:
        table = {line["home"]: line for line in csv.DictReader(file)}
    for name in (
        "cost_without_battery",
        "cost_self_consumption_rule",
        "cost_agent",
        "cost_perfect_foresight",
        "thinks",
    ):
        assert float(table["h0"][name]) == summary[name]
    assert table["own"]["battery_kwh"] == "12.0"
    assert table["own"]["cost_agent"] < table["h1"]["cost_agent"]
    assert "row 122, load_kw: is empty" in table["gap"]["failure"]
    assert "cannot be read" in table["no-file"]["failure"]
    assert "is SEK, the other homes' is EUR" in table["elsewhere"]["failure"]
    assert "misspelt.yaml: " in table["misspelt"]["failure"]
    figures = found(tmp_path)
    assert (figures["scored"], figures["failed"]) == (3, 4)
    assert "gap" in (tmp_path / "out" / "fleet.html").read_text()
    assert "3 homes scored, 4 failed" in done.stdout


def test_what_is_done_is_not_done_again_unless_something_changed(tmp_path: Path) -> None:
    write_homes(tmp_path, 3)
    (tmp_path / "homes" / "h2.csv").write_text("timestamp,load_kw\n")
    assert run(tmp_path, *FEW, "--no-bound").returncode == 0
    first, figures = (tmp_path / "out" / "homes.jsonl").read_text(), found(tmp_path)
    assert figures["run"]["kept_from_before"] == 0
    assert run(tmp_path, *FEW, "--no-bound").returncode == 0
    assert (tmp_path / "out" / "homes.jsonl").read_text() == first
    assert found(tmp_path)["run"]["kept_from_before"] == 3
    assert found(tmp_path)["distributions"] == figures["distributions"]
    write_home(tmp_path / "homes", made_up_home(6, seed=9), name="h0.csv")
    assert run(tmp_path, *FEW, "--no-bound").returncode == 0
    assert found(tmp_path)["run"]["kept_from_before"] == 2
    assert run(tmp_path, "--history-days", "4", "--no-bound").returncode == 0
    assert found(tmp_path)["run"]["kept_from_before"] == 0


def test_no_home_that_can_be_scored_is_an_error_with_a_report(tmp_path: Path) -> None:
    write_homes(tmp_path, 1)
    done = run(tmp_path, "--history-days", "6")
    assert done.returncode == 2
    assert "no home could be scored" in done.stderr
    assert found(tmp_path)["failures"][0]["reason"] == "file: has 6 days, of which 6 are history"


def wait_for_rows(folder: Path, count: int, child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    while child.poll() is None and len(rows_of(folder)) < count:
        time.sleep(0.05)
    assert child.poll() is None, child.communicate()
    return rows_of(folder)


@pytest.mark.parametrize("dask", [(), ("--dask", "local", "--workers", "2")], ids=["beside", "dask"])
def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(tmp_path: Path, dask: tuple[str, ...]) -> None:
    write_homes(tmp_path, 12)
    child = subprocess.Popen(
        command(tmp_path, *FEW, *dask),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for_rows(tmp_path, 2, child)
    os.killpg(child.pid, signal.SIGINT)  # as a terminal does: every process hears it
    _, errors = child.communicate(timeout=250)
    assert child.returncode == 130
    assert "are kept" in errors
    assert "Traceback" not in errors
    kept = len(rows_of(tmp_path))
    assert 2 <= kept < 12
    assert run(tmp_path, *FEW).returncode == 0
    assert found(tmp_path)["run"]["kept_from_before"] == kept
    assert found(tmp_path)["scored"] == 12


def test_a_killed_worker_loses_no_home(tmp_path: Path) -> None:
    write_homes(tmp_path, 12)
    child = subprocess.Popen(
        command(tmp_path, *FEW, "--dask", "local", "--workers", "2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    killed = wait_for_rows(tmp_path, 1, child)[0]["process"]
    os.kill(killed, signal.SIGKILL)
    _, errors = child.communicate(timeout=250)
    assert child.returncode == 0, errors
    rows = rows_of(tmp_path)
    assert sorted(row["home"] for row in rows) == sorted(f"h{seed}" for seed in range(12))
    assert all(row["failure"] is None for row in rows)


def test_students_are_taught_on_workers_as_they_are_at_home(tmp_path: Path) -> None:
    write_homes(tmp_path, 1, days=30)
    options = ("--history-days", "27", "--no-bound")
    results = []
    for out, dask in (("here", ()), ("there", ("--dask", "local", "--workers", "1"))):
        done = run(tmp_path, *options, *dask, "--out", str(tmp_path / out))
        assert done.returncode == 0, done.stderr
        results.append(json.loads((tmp_path / out / "homes.jsonl").read_text())["result"])
        del results[-1]["own_energy_cost"]  # of CPU seconds, which are never twice the same
    assert results[0] == results[1]
    assert results[0]["trainings"] == 1


def test_without_dask_the_command_says_what_to_install(tmp_path: Path) -> None:
    write_homes(tmp_path, 1)
    program = "import sys; sys.modules['distributed'] = None; from homeagent.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *command(tmp_path, "--dask", "local")[1:]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'homeagent[dask]'" in done.stderr
    assert "Traceback" not in done.stderr


PRELOAD = """
def dask_setup(worker):
    for resources in (worker.state.total_resources, worker.state.available_resources):
        resources["{name}"] = 1
"""


@contextmanager
def scheduler(folder: Path, *builds: str) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """Give a scheduler's address with a worker of each build, and their processes, the scheduler first."""
    file = folder / "scheduler.json"
    python = (sys.executable, "-m")
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder}
    where = ("--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", str(file))
    children = [subprocess.Popen([*python, "distributed.cli.dask_scheduler", *where], **quiet)]
    try:
        while not file.exists() or not file.read_text():
            time.sleep(0.1)
        address = str(json.loads(file.read_text())["address"])
        for build in builds:
            preload = "homeagent.learning.dask_worker"
            if build != build_id():
                preload = str(folder / "preload.py")
                Path(preload).write_text(PRELOAD.format(name=f"homeagent {build}"))
            options = (address, "--nthreads", "1", "--no-dashboard", "--preload", preload)
            children.append(subprocess.Popen([*python, "distributed.cli.dask_worker", *options], **quiet))
        if builds:
            with Client(address) as client:
                client.wait_for_workers(len(builds), timeout=60)
        yield address, children
    finally:
        for child in reversed(children):
            child.terminate()
            child.wait(30)


def test_only_workers_of_this_build_are_given_homes(tmp_path: Path) -> None:
    write_homes(tmp_path, 2)
    with scheduler(tmp_path) as (address, _):
        done = run(tmp_path, *FEW, "--dask", address)
        assert done.returncode == 2
        assert "has no worker" in done.stderr
    (tmp_path / "scheduler.json").unlink(missing_ok=True)
    with scheduler(tmp_path, "0.0.9+older") as (address, _):
        done = run(tmp_path, *FEW, "--dask", address)
        assert done.returncode == 2
        assert "none of this build" in done.stderr
        assert "homeagent 0.0.9+older" in done.stderr
    done = run(tmp_path, *FEW, "--dask", address)
    assert done.returncode == 2
    assert "no scheduler answers" in done.stderr
    assert "Traceback" not in done.stderr
    assert not rows_of(tmp_path)


def test_a_scheduler_that_vanishes_ends_the_run_and_keeps_what_is_done(tmp_path: Path) -> None:
    write_homes(tmp_path, 12)
    with scheduler(tmp_path, build_id()) as (address, children):
        child = subprocess.Popen(
            command(tmp_path, *FEW, "--dask", address), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        wait_for_rows(tmp_path, 2, child)
        children[0].kill()
        _, errors = child.communicate(timeout=250)
    assert child.returncode == 2
    assert "the scheduler is gone" in errors
    assert "are kept" in errors
    assert "Traceback" not in errors
    assert 2 <= len(rows_of(tmp_path)) < 12
