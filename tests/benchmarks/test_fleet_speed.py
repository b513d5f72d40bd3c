"""What it costs to spread homes over workers, as ratios: two workers must be worth two.

Whatever else runs on the machine slows the homes and the run alike. So the speed is told as how many homes were in
work at once on average, and as the CPU seconds of a home and of this side of it; on a quiet machine also as a time.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from homes import SCENARIO, made_up_home, write_home, write_scenario

from homeagent.agent.fleet.home import HomeTask, Options, live, lived_from
from homeagent.agent.fleet.workers import workers
from homeagent.config import Scenario, load_scenario
from homeagent.simulation.simulated_files import write_many

NO_LEARNING = "learning: {enabled: false}\n"
HOUR = timedelta(hours=1)
QUIET_LOAD = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A run without its start: how long, how many homes at once, CPU seconds of homes, and of this process."""

    seconds: float
    at_once: float
    homes_cpu_s: float
    own_cpu_s: float


def own_cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measured(paths: list[Path], scenario: Scenario, options: Options, count: int) -> Measured:
    def tasks(paths: list[Path]) -> Iterator[tuple[str, HomeTask]]:
        for path in paths:
            yield (
                path.name,
                HomeTask(name=path.name, content=path.read_bytes(), scenario=scenario, currency="EUR", options=options),
            )

    with workers("local", count, print) as at_work:
        assert len(list(at_work.do(live, tasks(paths[: 4 * count])))) == min(4 * count, len(paths))  # all are awake
        began, own = time.monotonic(), own_cpu_s()
        rows = [lived_from(row) for _, row in at_work.do(live, tasks(paths)) if isinstance(row, dict)]
        took_s, own = time.monotonic() - began, own_cpu_s() - own
    assert [row.failure for row in rows] == [None] * len(paths)
    return Measured(
        seconds=took_s,
        at_once=sum(row.seconds for row in rows) / took_s,
        homes_cpu_s=sum(row.cpu_seconds for row in rows),
        own_cpu_s=own,
    )


def told(name: str, run: Measured, homes: int) -> None:
    print(  # noqa: T201 - the figures are what a benchmark is for
        f"\n{name}: {run.seconds:.1f} s, {run.at_once:.2f} homes at once, {run.homes_cpu_s / homes:.2f} CPU s a home, "
        f"{run.own_cpu_s / run.seconds:.1%} of a core beside them"
    )


def test_two_workers_have_two_homes_in_work(tmp_path: Path) -> None:
    paths = [write_home(tmp_path, made_up_home(6, seed=seed), name=f"h{seed}.csv") for seed in range(24)]
    scenario = load_scenario(write_scenario(tmp_path, SCENARIO + NO_LEARNING))
    run = measured(paths, scenario, Options(history_days=3, bound=False), 2)
    told("two workers", run, len(paths))
    assert run.at_once >= 1.6
    assert run.own_cpu_s <= 0.25 * run.seconds  # these homes are small; of a month's it is a few hundredths


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_200_homes_of_30_days_on_two_workers(tmp_path: Path) -> None:
    quiet = os.getloadavg()[0] < QUIET_LOAD
    write_many(range(1, 201), date(2025, 3, 1), 44, HOUR, tmp_path, lambda _done, _total: None)
    paths = sorted(tmp_path.glob("*.csv.gz"))
    text = (tmp_path / "scenario.yaml").read_text()
    scenario = load_scenario(write_scenario(tmp_path, text + NO_LEARNING))
    options = Options(history_days=14)
    one, two = (measured(paths, scenario, options, count) for count in (1, 2))
    for name, run in (("one worker", one), ("two workers", two)):
        told(name, run, len(paths))
    print(f"{one.seconds / two.seconds:.2f} times as fast, {'quiet' if quiet else 'beside others'}")  # noqa: T201
    assert two.at_once >= 1.7 * one.at_once
    assert two.own_cpu_s <= 0.1 * two.seconds
    assert two.homes_cpu_s <= 1.15 * one.homes_cpu_s
    if quiet:
        assert one.seconds / two.seconds >= 1.7
