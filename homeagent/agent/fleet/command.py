"""`homeagent backtest --homes`: finds the homes, has them replayed, keeps each row, writes one report."""

from __future__ import annotations

import glob
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from homeagent.agent.fleet.figures import figures
from homeagent.agent.fleet.home import HomeTask, Lived, Options, first_of, live, lived_from
from homeagent.agent.fleet.journal import HomeRow, Journal, key_of, write_table
from homeagent.agent.fleet.terminal import homes_bar, print_homes
from homeagent.agent.fleet.workers import Lost, Workers, workers
from homeagent.config import Scenario, load_scenario
from homeagent.domain.errors import InputError, Issue, TransientError
from homeagent.footprint.build import build_id

ENDINGS = (".csv.gz", ".csv")
Progress = Callable[[int, int, int], None]
"""Is told how many homes are done, how many of them failed, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which homes to replay, where, and where to put what they came to."""

    homes: str
    scenario: Path
    out: Path
    options: Options
    dask: str | None = None
    workers: int | None = None


def find_homes(pattern: str) -> dict[str, Path]:
    """Return the files that a pattern means by the names of their homes.

    Raises:
        InputError: there are none, or two would have one name.
    """
    paths = sorted(Path(found) for found in glob.glob(pattern, recursive=True) if Path(found).is_file())  # noqa: PTH207 - a pattern from its root
    if not paths:
        remedy = "give a pattern in quotes, as 'homes/*.csv.gz'"
        raise InputError("--homes", (Issue(path=pattern, message="finds no file", remedy=remedy),))
    root = Path(os.path.commonpath([path.parent for path in paths]))
    homes: dict[str, Path] = {}
    for path in paths:
        name = _name(path.relative_to(root).as_posix())
        if name in homes:
            remedy = f"keep one of {homes[name]} and {path}"
            raise InputError("--homes", (Issue(path=name, message="is there twice", remedy=remedy),))
        homes[name] = path
    return homes


def _name(text: str) -> str:
    return next((text.removesuffix(ending) for ending in ENDINGS if text.endswith(ending)), text)


class Fleet:
    """A run over many homes: what is known of an earlier one is taken from there, the rest is handed to workers."""

    def __init__(
        self, request: Request, scenario: Scenario, homes: Mapping[str, Path], journal: Journal, progress: Progress
    ) -> None:
        self.rows: list[HomeRow] = []
        self.kept = 0
        self.at_work = 0
        self._failed = 0
        self._request = request
        self._scenario = scenario
        self._journal = journal
        self._progress = progress
        self._homes = homes
        self._keys: dict[str, str] = {}

    def run(self, hire: Callable[[], AbstractContextManager[Workers]]) -> None:
        """Replay every home; workers are hired once there is something to do."""
        tasks = self._tasks()
        first = next(tasks, None)
        if first is not None:
            with hire() as at_work:
                self.at_work = at_work.count
                self._replay(at_work, chain((first,), tasks))
        self.rows.sort(key=lambda row: row.home)

    def _replay(self, at_work: Workers, tasks: Iterable[tuple[str, HomeTask]]) -> None:
        for name, outcome in at_work.do(live, tasks):
            if isinstance(outcome, Lost):
                lived = Lived(result=None, failure=outcome.reason, crashed=True)
            else:
                lived = lived_from(outcome)
            self._add(HomeRow(home=name, key=self._keys.pop(name), lived=lived))

    def _tasks(self) -> Iterator[tuple[str, HomeTask]]:
        """Yield what is to be done. Files are read one by one as their turn comes: there may be thousands."""
        for name, path in self._homes.items():
            beside = path.with_name(f"{_name(path.name)}.yaml")
            try:
                content = path.read_bytes()
                scenario = load_scenario(beside) if beside.exists() else self._scenario
            except (OSError, InputError) as error:
                reason = f"{beside.name}: {first_of(error)}" if isinstance(error, InputError) else str(error)
                self._add(HomeRow(home=name, key="", lived=Lived(result=None, failure=reason, crashed=True)))
                continue
            key = key_of(content, scenario, self._request.options)
            row = self._journal.kept(name, key)
            if row is not None:
                self.kept += 1
                self._show(row)
                continue
            self._keys[name] = key
            currency = self._scenario.site.currency
            task = HomeTask(
                name=name, content=content, scenario=scenario, currency=currency, options=self._request.options
            )
            yield name, task

    def _add(self, row: HomeRow) -> None:
        self._journal.add(row)
        self._show(row)

    def _show(self, row: HomeRow) -> None:
        self.rows.append(row)
        self._failed += row.lived.result is None
        self._progress(len(self.rows), self._failed, len(self._homes))


def backtest_homes(request: Request, progress: Progress, notice: Callable[[str], None]) -> dict[str, Any]:
    """Replay many homes and write a row of each, their table, their figures and the report; return the figures.

    Raises:
        InputError: pattern, scenario, folder or scheduler are not usable, or no home could be scored.
        TransientError: the scheduler or its workers are gone; what is done is kept.
    """
    scenario = load_scenario(request.scenario)
    homes = find_homes(request.homes)
    began = time.monotonic()
    with Journal(request.out) as journal:
        fleet = Fleet(request, scenario, homes, journal, progress)
        try:
            fleet.run(lambda: workers(request.dask, request.workers, notice))
        except (KeyboardInterrupt, TransientError):
            notice(f"{len(fleet.rows)} homes are kept in {request.out}; the same command goes on from there")
            raise
    lived = [row.lived for row in fleet.rows]
    found = {
        "build": build_id(),
        "pattern": request.homes,
        "scenario": request.scenario.name,
        "options": asdict(request.options),
        "run": {
            "workers": fleet.at_work,
            "kept_from_before": fleet.kept,
            "seconds": round(time.monotonic() - began, 1),
            "cpu_seconds_of_homes": round(sum(one.cpu_seconds for one in lived), 1),
        },
        **figures(fleet.rows, scenario.site.currency),
    }
    _write(request.out, fleet.rows, found)
    if not found["scored"]:
        issue = Issue(path="--homes", message="no home could be scored", remedy=f"the reasons are in {request.out}")
        raise InputError(request.homes, (issue,))
    return found


def replay_homes(request: Request) -> None:
    """Replay many homes with a bar that tells how far it is, and print what they came to."""
    with homes_bar() as (progress, notice):
        found = backtest_homes(request, progress, notice)
    print_homes(found, request.out)


def _write(out: Path, rows: list[HomeRow], found: dict[str, Any]) -> None:
    from homeagent.agent.fleet.report import write_report  # noqa: PLC0415 - plotly is heavy, and only now needed

    write_table(out / "homes.csv", rows)
    (out / "fleet.json").write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    write_report(found, [row for row in rows if row.lived.result is not None], out / "fleet.html")
