"""One home of many: the backtest of its file as one row of figures. This is what a worker does."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeagent.agent.backtest import BOUND_SECONDS, Request, Run, drive, prepare, window_rows, without_missing_pv
from homeagent.agent.backtest_summary import Outcome, summarise
from homeagent.config import Scenario
from homeagent.config.governor import governor_rules
from homeagent.domain.errors import InputError, Issue
from homeagent.planning.perfect_foresight import perfect_foresight_cost
from homeagent.simulation.home_data import HomeData, read_home
from homeagent.store import Store

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is the same for every home. None for a side of the window means the data's own end."""

    start: str | None = None
    end: str | None = None
    history_days: int = 0
    """The window begins so many days after a home's first row, where `start` does not say when."""
    bound: bool = True
    future_weather: bool = False
    governor: str | None = None
    """When to think, in place of what the scenario says."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HomeTask:
    """All that a worker needs of a home; `content` is what its file holds, so that it needs no disk in common."""

    name: str
    content: bytes
    scenario: Scenario
    currency: str
    """What the other homes count in."""
    options: Options


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeResult:
    """What one home came to. Shares are of the possible saving, as in a backtest's summary; None where not known."""

    days: float
    step_minutes: float
    history_days: float
    battery_kwh: float
    cost_without_battery: float
    cost_self_consumption_rule: float
    cost_agent: float
    cost_perfect_foresight: float | None
    own_energy_cost: float | None
    """What the agent's computing would have cost on the worker's machine; in no other cost."""
    share_of_possible_saving_rule: float | None
    share_of_possible_saving_agent: float | None
    load_mean_kw: float
    pv_mean_kw: float
    load_mae_kw: float | None
    pv_mae_kw: float | None
    load_band_coverage: float | None
    forecaster: str
    trainings: int
    thinks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """What a worker hands back: a result or why there is none, and what it took. `crashed`: not the home's fault."""

    result: HomeResult | None
    failure: str | None = None
    crashed: bool = False
    cpu_seconds: float = 0.0
    seconds: float = 0.0
    process: int = 0

    def plain(self) -> dict[str, Any]:
        """Return it as a mapping of plain values: nothing else comes back from another machine."""
        return asdict(self)


def lived_from(plain: Mapping[str, Any]) -> Lived:
    """Return what `plain` made plain."""
    result = plain["result"]
    return Lived(**{**plain, "result": None if result is None else HomeResult(**result)})


def live(task: HomeTask) -> dict[str, Any]:
    """Replay a home; whatever goes wrong with it is an outcome of this home alone."""
    began, cpu_began = time.monotonic(), _cpu_s()
    try:
        lived = Lived(result=_replayed(task))
    except InputError as error:
        lived = Lived(result=None, failure=first_of(error))
    except Exception as error:  # noqa: BLE001 - a home must not end the others' run
        at = traceback.extract_tb(error.__traceback__)[-1]
        failure = f"{type(error).__name__}: {error} ({Path(at.filename).name}, line {at.lineno})"
        lived = Lived(result=None, failure=failure, crashed=True)
    cpu_s, took_s = _cpu_s() - cpu_began, time.monotonic() - began
    return replace(lived, cpu_seconds=round(cpu_s, 3), seconds=round(took_s, 3), process=os.getpid()).plain()


def first_of(error: InputError) -> str:
    """Return the first issue of an input in a line."""
    more = f" (and {len(error.issues) - 1} more)" if len(error.issues) > 1 else ""
    return f"{error.issues[0]}{more}"


def _cpu_s() -> float:
    """Return the CPU seconds of this process and of its children that have ended: trainings."""
    return sum(os.times()[:4])


def _replayed(task: HomeTask) -> HomeResult:
    scenario, options = task.scenario, task.options
    if scenario.site.currency != task.currency:
        raise _refusal(task.name, "home.currency", f"is {scenario.site.currency}, the other homes' is {task.currency}")
    if options.governor is not None:
        scenario = replace(scenario, governor=governor_rules(options.governor))
    data = read_home(Path(task.name), task.content)
    start = options.start
    if start is None and options.history_days:
        start = (data.grid.start + options.history_days * DAY).isoformat()
        if data.grid.start + options.history_days * DAY >= data.grid.end:
            days = (data.grid.end - data.grid.start) / DAY
            raise _refusal(task.name, "file", f"has {days:g} days, of which {options.history_days} are history")
    request = Request(data=Path(task.name), scenario=Path(), out=Path(), start=start, end=options.end)
    first, last = window_rows(request, data, scenario)
    data = without_missing_pv(data)
    with (
        tempfile.TemporaryDirectory(prefix="homeagent-fleet-") as folder,
        Store.open(Path(folder) / "homeagent.db", lasting=False) as store,
    ):
        run, clock = prepare(data, scenario, first, last, store, future_weather=options.future_weather)
        outcome = Outcome()
        asyncio.run(drive(run, clock, outcome, lambda _done, _total: None))
        bound = perfect_foresight_cost(run.window, scenario.site, BOUND_SECONDS) if options.bound else None
        summary = summarise(run.agent, run.home.trajectory(), run.window, outcome, bound)
    return _result(run, data, first, summary)


def _refusal(name: str, path: str, message: str) -> InputError:
    return InputError(name, (Issue(path=path, message=message),))


def _result(run: Run, data: HomeData, first: int, summary: Mapping[str, Any]) -> HomeResult:
    errors = summary["forecast_errors"]
    return HomeResult(
        days=round(summary["window"]["days"], 3),
        step_minutes=summary["window"]["step_minutes"],
        history_days=round(first * data.grid.step / DAY, 3),
        battery_kwh=run.scenario.site.battery.capacity_kwh,
        cost_without_battery=summary["cost_without_battery"],
        cost_self_consumption_rule=summary["cost_self_consumption_rule"],
        cost_agent=summary["cost_agent"],
        cost_perfect_foresight=summary["cost_perfect_foresight"],
        own_energy_cost=None if summary["own_energy"] is None else round(summary["own_energy"]["cost"], 5),
        share_of_possible_saving_rule=summary["share_of_possible_saving_rule"],
        share_of_possible_saving_agent=summary["share_of_possible_saving_agent"],
        load_mean_kw=round(float(np.mean(run.window.load_kw)), 4),
        pv_mean_kw=round(float(np.mean(run.window.pv_kw)), 4),
        load_mae_kw=errors.get("load_mae_kw"),
        pv_mae_kw=errors.get("pv_mae_kw"),
        load_band_coverage=errors.get("load_band_coverage"),
        forecaster=summary["forecaster"]["serving"],
        trainings=summary["forecaster"]["trainings"],
        thinks=summary["thinks"],
    )
