"""Drive the real agent over a measured home on a virtual clock, and write down what came of it."""

from __future__ import annotations

import asyncio
import csv
import gzip
import io
import json
import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeagent.agent.agent import Agent
from homeagent.agent.backtest_summary import Outcome, ReportFacts, decision_row, rule_grid_kw, summarise
from homeagent.agent.day_picture import DayGallery
from homeagent.agent.given import Setup
from homeagent.agent.remembering import Outlook
from homeagent.config import Scenario, load_scenario
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.learning import LearningRules
from homeagent.domain.thinking import GovernorRules
from homeagent.footprint.cpu_meter import SIMULATION
from homeagent.planning.perfect_foresight import KnownWindow, perfect_foresight_cost
from homeagent.simulation.clock import VirtualClock
from homeagent.simulation.home_data import MEASURED, HomeData, read_home
from homeagent.simulation.inverter import InverterModel
from homeagent.simulation.issued_file import ReplayedForecasts, read_issued
from homeagent.simulation.replayed_home import ReplayedHome
from homeagent.store import Store

LEARNING = LearningRules(train_every=timedelta(weeks=8), patient=True, teacher=False)
FUTURE_WEATHER = "the measured weather was taken for a forecast: nobody could have had this result"
BOUND_SECONDS = 300.0
"""The bound of a year with peak charges takes seconds; where it takes longer, the best bound so far is given."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to replay, and where to put the result. None for a side of the window means the data's own end."""

    data: Path
    scenario: Path
    out: Path
    start: str | None = None
    end: str | None = None
    bound: bool = True
    future_weather: bool = False
    """Take the measured weather for a forecast: an upper mark, which counts for nothing else."""
    report: bool = True
    governor: GovernorRules | None = None
    """When to think; None takes the scenario's."""
    forecasts: Path | None = None
    """Forecasts as they were issued; each is known from its own time on."""


def parse_when(text: str, name: str, scenario: Scenario) -> datetime:
    """Return the instant that `text` means: ISO 8601 with a zone, or a date, which is the home's midnight.

    Raises:
        InputError: it is neither.
    """
    try:
        if len(text) == len("2024-01-31"):
            return datetime.combine(date.fromisoformat(text), time(0), tzinfo=scenario.site.timezone)
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        remedy = "write a date (2024-03-01, the home's midnight) or a time in UTC (2024-03-01T12:00:00Z)"
        raise InputError(name, (Issue(path="time", message="is not understood", found=text, remedy=remedy),))
    return at


def window_rows(request: Request, data: HomeData, scenario: Scenario) -> tuple[int, int]:
    """Return the rows of the window, the last exclusive.

    Raises:
        InputError: the window lies outside the data, is empty, off the steps, or has an empty cell that must be priced.
    """
    grid = data.grid
    start = grid.start if request.start is None else parse_when(request.start, "--start", scenario)
    end = grid.end if request.end is None else parse_when(request.end, "--end", scenario)
    span = f"the data spans {grid.start.isoformat()} to {grid.end.isoformat()}"
    issues = []
    if not grid.start <= start < grid.end:
        issues.append(Issue(path="--start", message="is outside the data", found=start.isoformat(), remedy=span))
    if not grid.start < end <= grid.end:
        issues.append(Issue(path="--end", message="is outside the data", found=end.isoformat(), remedy=span))
    if not issues and start >= end:
        issues.append(Issue(path="--end", message="is not after --start", found=end.isoformat()))
    for name, at in (("--start", start), ("--end", end)):
        if not issues and (at - grid.start) % grid.step:
            remedy = f"the data has a row every {grid.step}"
            issues.append(Issue(path=name, message="falls between two rows", found=at.isoformat(), remedy=remedy))
    if issues:
        raise InputError(str(request.data), tuple(issues))
    first, last = (start - grid.start) // grid.step, (end - grid.start) // grid.step
    _require_cells(request.data, data, first, last)
    return first, last


def _require_cells(path: Path, data: HomeData, first: int, last: int) -> None:
    issues = []
    for name in MEASURED:
        if name not in data.columns and name != "pv_kw":
            issues.append(
                Issue(
                    path=name,
                    message="is not in the file, and the window cannot be priced without it",
                    remedy="add the column; a home that is paid nothing for export has 0 in price_export_per_kwh",
                )
            )
            continue
        empty = np.isnan(data.column(name)[first:last]) if name in data.columns else np.array([False])
        if empty.any():
            row = first + int(empty.argmax())
            issues.append(
                Issue(
                    path=f"row {row + 2}, {name}",
                    message=f"is empty at {data.grid.at(row).isoformat()}",
                    remedy="the window must be whole: choose --start and --end around the gap, or fill it",
                )
            )
    if issues:
        raise InputError(str(path), tuple(issues))


def without_missing_pv(data: HomeData) -> HomeData:
    """Return the data with PV of zero where the file has no such column: a home without PV."""
    if "pv_kw" in data.columns:
        return data
    columns = data.columns | {"pv_kw": np.zeros(data.grid.count)}
    return HomeData(grid=data.grid, columns=columns, ignored=data.ignored)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Run:
    """A backtest in memory: the agent after its last step, the home it drove, and the window."""

    agent: Agent
    home: ReplayedHome
    scenario: Scenario
    window: KnownWindow


def prepare(
    data: HomeData,
    scenario: Scenario,
    first: int,
    last: int,
    store: Store,
    issued: Sequence[IssuedForecast] = (),
    *,
    future_weather: bool = False,
) -> tuple[Run, VirtualClock]:
    """Return an agent at the window's start, with the rows before it as its history."""
    clock = VirtualClock(data.grid.at(first))
    inverter = InverterModel(
        scenario.site.battery, scenario.inverter, grid=scenario.site.grid, initial_soc_kwh=scenario.initial_soc_kwh
    )
    home = ReplayedHome(data, scenario.site, inverter, first, last)
    setup = Setup(
        site=scenario.site,
        capability=scenario.inverter,
        mode="control",
        observation_step=data.grid.step,
        plan_step=scenario.thinking_step,
        governor=scenario.governor,
        minimum_hold=scenario.minimum_hold,
        learning=None if scenario.learning is None else replace(LEARNING, starter=scenario.learning.starter),
        absences=scenario.absences,
        watchful=False,
        outlook=_measured_weather(data) if future_weather else None,
    )
    agent = Agent(setup, home, home, store, clock, ReplayedForecasts(issued, clock))
    part = slice(first, last)
    window = KnownWindow(
        grid=TimeGrid(start=data.grid.at(first), step=data.grid.step, count=last - first),
        load_kw=data.column("load_kw")[part],
        pv_kw=data.column("pv_kw")[part],
        import_price_per_kwh=data.column("price_import_per_kwh")[part],
        export_price_per_kwh=data.column("price_export_per_kwh")[part],
        initial_soc_kwh=scenario.initial_soc_kwh,
    )
    return Run(agent=agent, home=home, scenario=scenario, window=window), clock


def _measured_weather(data: HomeData) -> Outlook:
    """Return what gives the weather that was measured, as if it had been forecast."""

    def on(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
        return data.means_on(grid, "temp_c"), data.means_on(grid, "irradiance_w_m2")

    return on


async def drive(run: Run, clock: VirtualClock, outcome: Outcome, progress: Progress) -> None:
    """Let the window pass step by step: the agent decides at a step's start, then the step happens."""
    count = run.window.grid.count
    for step in range(count):
        clock.advance_to(run.home.now)
        await run.agent.tick()
        with run.agent.cpu.part(SIMULATION):
            outcome.look(run.agent)
            if outcome.days is not None:
                outcome.days.look(run.agent)
            run.home.advance()
        if step % 16 == 0:
            await asyncio.sleep(0)  # a Ctrl-C is heard where a coroutine pauses
        if step % 512 == 0:
            progress(step, count)
    clock.advance_to(run.home.now)
    await run.agent.finish()
    if outcome.days is not None:
        outcome.days.close(run.agent)
    progress(count, count)


def backtest(request: Request, progress: Progress, notice: Callable[[str], None]) -> dict[str, Any]:
    """Replay a home and write trajectory, decisions, summary and report; return the summary.

    Nothing is left half-written: the files appear together at the end.

    Raises:
        InputError: data, scenario or window are not usable.
    """
    scenario = load_scenario(request.scenario)
    if request.governor is not None:
        scenario = replace(scenario, governor=request.governor)
    data = read_home(request.data)
    issued = () if request.forecasts is None else read_issued(request.forecasts)
    first, last = window_rows(request, data, scenario)
    if "pv_kw" not in data.columns:
        notice("the file has no pv_kw: taken as a home without PV")
    if data.ignored:
        notice(f"columns not used: {', '.join(data.ignored)}")
    data = without_missing_pv(data)
    with _scratch_beside(request.out) as scratch, _children() as children:
        with Store.open(scratch / "homeagent.db", lasting=False) as store:
            run, clock = prepare(data, scenario, first, last, store, issued, future_weather=request.future_weather)
            bound = _bound_later(children, run) if request.bound else None
            outcome = Outcome(days=DayGallery() if request.report else None)
            asyncio.run(drive(run, clock, outcome, progress))
        summary = summarise(
            run.agent, run.home.trajectory(), run.window, outcome, None if bound is None else bound.result()
        )
        if request.future_weather:
            summary = {"future_weather": FUTURE_WEATHER, **summary}
        _write(scratch, run, outcome, summary)
        if request.report:
            facts = ReportFacts(
                site=scenario.site,
                summary=summary,
                window=run.window,
                trajectory=run.home.trajectory(),
                rule_grid_kw=rule_grid_kw(run.window, scenario.site),
                day_ahead=outcome.day_ahead,
                decisions=[decision_row(decision) for decision in outcome.decisions],
                days={} if outcome.days is None else outcome.days.pictures,
            )
            children.submit(_write_report, facts, scratch / "report.html").result()
        _publish(scratch, request.out)
    return summary


def _bound_later(children: ProcessPoolExecutor, run: Run) -> Future[float | None]:
    return children.submit(perfect_foresight_cost, run.window, run.scenario.site, BOUND_SECONDS)


def _write_report(facts: ReportFacts, path: Path) -> None:
    from homeagent.agent.report import write_report  # noqa: PLC0415 - in the child alone: plotly is heavy

    write_report(facts, path)


def _mute() -> None:
    """Close a child's standard output: the solver greets on it, whatever it is told."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@contextmanager
def _children() -> Iterator[ProcessPoolExecutor]:
    """Give a pool of one child process for what is heavy: it starts on first use and ends with the backtest."""
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_mute)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _scratch_beside(out: Path) -> Iterator[Path]:
    """Give a folder on the same disk as `out`, and remove it whatever happens."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        issue = Issue(
            path="--out", message=f"cannot be written: {error.strerror}", remedy="name a folder you may write to"
        )
        raise InputError(str(out), (issue,)) from error
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write(scratch: Path, run: Run, outcome: Outcome, summary: Mapping[str, Any]) -> None:
    trajectory = run.home.trajectory()
    columns: dict[str, FloatArray] = {
        "battery_kw": trajectory.battery_kw,
        "soc_kwh": trajectory.soc_kwh,
        "grid_kw": trajectory.grid_kw,
        "curtailed_kw": trajectory.curtailed_kw,
    }
    with (
        gzip.GzipFile(scratch / "trajectory.csv.gz", "wb", mtime=0) as packed,
        io.TextIOWrapper(packed, newline="") as file,
    ):
        rows = csv.writer(file)
        rows.writerow(["timestamp", *columns])
        for at, *values in zip(trajectory.grid.starts(), *columns.values(), strict=True):
            rows.writerow([f"{at:%Y-%m-%dT%H:%M:%SZ}", *(f"{value:.6f}" for value in values)])
    with (scratch / "decisions.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(decision_row(decision), allow_nan=False) + "\n" for decision in outcome.decisions)
    (scratch / "summary.json").write_text(json.dumps(summary, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _publish(scratch: Path, out: Path) -> None:
    out.mkdir(exist_ok=True)
    for name in ("trajectory.csv.gz", "decisions.jsonl", "summary.json", "report.html"):
        if (scratch / name).exists():
            (scratch / name).replace(out / name)
