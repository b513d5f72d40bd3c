"""One think: from what is remembered to a plan. The only place where forecasters and planners are evaluated."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.expectations import Expectations
from homeagent.agent.forecast_book import ForecastBook
from homeagent.agent.price_book import PriceBook
from homeagent.agent.slot_means import SlotMeans
from homeagent.control.timetable import drawn_kw
from homeagent.domain.forecast import Forecast, Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.plan import ImportCap, Plan, PlanningProblem
from homeagent.domain.site import SiteSpec
from homeagent.domain.tasks import CarTask, DeviceTask
from homeagent.domain.wiring import Timetable
from homeagent.footprint.cpu_meter import CpuMeter
from homeagent.forecasting.floor import floor_scenarios, forecast_of
from homeagent.forecasting.prices import estimate
from homeagent.planning.planner import Solution, fallback, solve
from homeagent.planning.worth_of_thinking import lost_by_slot, worth_by_slot

_LOGGER = logging.getLogger(__name__)

HORIZON = timedelta(hours=24)
"""One battery is emptied and filled within a day: a longer look ahead was measured and gives nothing."""
PEAK_HORIZON = timedelta(hours=36)
"""With a peak charge tomorrow's peaks must be in sight when today's energy is spent."""
DEVICE_HORIZON = timedelta(hours=36)
"""A house's heat, a tank and a car are filled today for tomorrow."""
GLANCE = timedelta(hours=12)
"""What is planned anew while an older plan says what comes after: as long as no plan grows old, and as long again."""
BEYOND = timedelta(hours=6)
"""So much further an older plan must reach than what is planned anew: near its end it knows nothing of the night."""
LONGEST_THINK_S = 0.8
"""Of CPU: then the best that was found by then is planned."""
MEMORY = timedelta(days=42)
"""How far back a forecast may look; more is remembered so that whole days survive gaps."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceAsks:
    """What is asked of devices, and what those draw that nothing is asked of, in slots of the plan (count,)."""

    tasks: tuple[DeviceTask, ...]
    drawn_kw: FloatArray


Asks: TypeAlias = Callable[[TimeGrid, Scenarios, FloatArray], DeviceAsks]
"""Says what is asked of devices on the plan's grid, where the scenarios are what the home needs beside them; the last
argument is what importing costs in each slot."""


class Forecaster(Protocol):
    """Says what the home will need from what it needed: the floor, or what was learned."""

    def __call__(self, history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool) -> Scenarios:
        """Return scenarios on `grid`, which starts where the history ends."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Thought:
    """A plan with all that it came from. `solution` is None where the plan is a fallback."""

    problem: PlanningProblem
    plan: Plan
    solution: Solution | None

    def forecasts(self, grid: TimeGrid | None = None) -> tuple[Forecast, Forecast]:
        """Return load and PV as they were expected, in observation slots or in those of a coarser `grid`."""
        scenarios = self.problem.scenarios if grid is None else self.problem.scenarios.in_slots_of(grid)
        return forecast_of(scenarios, scenarios.load_kw), forecast_of(scenarios, scenarios.pv_kw)

    def net_forecast(self, grid: TimeGrid) -> Forecast:
        """Return load less PV as it was expected in slots of `grid`: their errors are not independent."""
        scenarios = self.problem.scenarios.in_slots_of(grid)
        return forecast_of(scenarios, scenarios.load_kw - scenarios.pv_kw)

    def expected_net_kw(self, slot: int) -> float:
        """Return the mean net load expected in one slot of the plan, with what devices are planned to draw."""
        scenarios = self.problem.scenarios
        inside = self.problem.grid.step // scenarios.grid.step
        part = slice(slot * inside, (slot + 1) * inside)
        net_kw = scenarios.load_kw[:, part] - scenarios.pv_kw[:, part]
        devices_kw = sum(float(device.power_kw.values[slot]) for device in self.plan.devices)
        return float(scenarios.weight @ net_kw.mean(axis=1)) + devices_kw

    def apart_kw(self, slot: int) -> float:
        """Return what cars are planned to draw in one slot that the battery is not to serve."""
        apart = {
            task.spec.name for task in self.problem.devices if isinstance(task, CarTask) and not task.spec.from_battery
        }
        return sum(max(float(one.power_kw.values[slot]), 0.0) for one in self.plan.devices if one.name in apart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the agent remembers, as slot means of the observation step."""

    load: SlotMeans
    pv: SlotMeans
    carbon: SlotMeans
    controlled: SlotMeans
    step: timedelta
    issued: ForecastBook = field(default_factory=ForecastBook)

    def history(self, now: datetime) -> History:
        """Return load and PV up to `now`, which is a slot's start: the load without what the agent itself switches."""
        grid = TimeGrid(start=now - MEMORY, step=self.step, count=MEMORY // self.step)
        habits_kw = np.maximum(self.load.window(grid) - np.nan_to_num(self.controlled.window(grid)), 0.0)
        return History(grid=grid, load_kw=habits_kw, pv_kw=self.pv.window(grid))


def expected_carbon(memory: Memory, grid: TimeGrid, site: SiteSpec) -> FloatArray | None:
    """Return the grid's expected carbon intensity, None where it was never seen."""
    past = TimeGrid(start=grid.start - MEMORY, step=grid.step, count=MEMORY // grid.step)
    inside = grid.step // memory.step
    fine = TimeGrid(start=past.start, step=memory.step, count=past.count * inside)
    seen = memory.carbon.window(fine).reshape(past.count, inside).mean(axis=1)
    known = memory.issued.carbon(grid)
    if np.isnan(seen).all() and np.isnan(known).all():
        return None
    return estimate(seen, known, past, grid, site.timezone)


def think(  # noqa: PLR0913 - a think takes all there is, one by one
    now: datetime,
    soc_kwh: float,
    site: SiteSpec,
    memory: Memory,
    prices: PriceBook,
    *,
    step: timedelta,
    cpu: CpuMeter,
    import_cap: Callable[[TimeGrid, History], ImportCap | None] | None = None,
    timetables: tuple[Timetable, ...] = (),
    forecaster: Forecaster = floor_scenarios,
    expectations: Expectations | None = None,
    present: Thought | None = None,
    devices: Asks | None = None,
    before: Plan | None = None,
    steady: bool = False,
) -> Thought:
    """Return a plan in slots of `step`, from the start of the slot that holds `now`. There always is one.

    `import_cap` chooses the limits of a home with a peak charge, from the plan's grid and the history. What
    `timetables` switch is added to the household's own load. `forecaster` says what that will be, from a history
    without the times that `expectations` know to be no habit; they also say what is known beforehand. With
    `present`, a plan that still reaches far enough, only the hours of a glance are planned anew, and what comes after
    them is worth what it was worth there. `devices` says what is asked of devices beside the battery;
    of the plan `before` they keep what they do unless a change gains enough, or where `steady` asks for that and it
    still does, in any case.
    """
    horizon = HORIZON if import_cap is None else PEAK_HORIZON
    start = slot_start(now, step)
    whole = present is None or import_cap is not None or devices is not None
    cost_after = None if whole or present is None else cost_at(present, start + GLANCE, step)
    if devices is not None:
        horizon = DEVICE_HORIZON
    if cost_after is not None:
        horizon = GLANCE
    grid = TimeGrid(start=start, step=step, count=horizon // step)
    with cpu.part("forecast"):
        fine = TimeGrid(start=grid.start, step=memory.step, count=horizon // memory.step)
        measured = history = memory.history(grid.start)
        if expectations is not None:
            expectations.look(measured)
            history = expectations.without(measured)
        scenarios = forecaster(history, fine, site.timezone, alike=import_cap is None)
        scenarios = memory.issued.conditioned(scenarios, history, site.timezone, alike=import_cap is None)
        if expectations is not None:
            scenarios = expectations.expected(scenarios, measured)
        scenarios = scenarios.adding(drawn_kw(timetables, fine, site.timezone)).in_whole_watts()
        curve = prices.curve(grid)
        carbon = expected_carbon(memory, grid, site) if site.goals.carbon_price_per_kg else None
        asks = None if devices is None else devices(grid, scenarios, curve.import_per_kwh)
        if asks is not None and asks.drawn_kw.any():
            scenarios = scenarios.adding(np.repeat(asks.drawn_kw, step // memory.step)).in_whole_watts()
    with cpu.part("plan"):
        problem = PlanningProblem(
            site=site,
            grid=grid,
            soc_kwh=soc_kwh,
            prices=curve,
            scenarios=scenarios,
            carbon_g_per_kwh=carbon,
            import_cap=None if import_cap is None else import_cap(grid, history),
            cost_after=cost_after,
            devices=() if asks is None else asks.tasks,
            before=() if asks is None or before is None else before.devices,
            steady=steady and before is not None and asks is not None,
        )
        plan, solution = _plan(problem, prices_known=prices.step is not None)
    return Thought(problem=problem, plan=plan, solution=solution)


def cost_at(thought: Thought, at: datetime, step: timedelta) -> FloatArray | None:
    """Return the cost to come [currency] by state of charge at a time well inside a plan, None at any other."""
    grid = thought.plan.grid
    inside = grid.start <= at <= grid.end - BEYOND
    if thought.solution is None or grid.step != step or not inside or (at - grid.start) % step:
        return None
    cost: FloatArray = thought.solution.value.cost_to_come[(at - grid.start) // step]
    return cost


def lost_without(thought: Thought, before: Thought | None, span: timedelta) -> FloatArray | None:
    """Return what going on for `span` with the plan before would have lost in each slot [currency], None if unknown."""
    if before is None or before.solution is None or thought.solution is None:
        return None
    grid, older = thought.plan.grid, before.plan
    if older.grid.step != grid.step or not older.grid.start <= grid.start < older.grid.end:
        return None
    first = older.grid.index_of(grid.start)
    return lost_by_slot(older.policies[first : first + max(span // grid.step, 1)], thought.solution, thought.problem)


def worth_of_thinking_again(thought: Thought, span: timedelta) -> FloatArray:
    """Return what not knowing better may lose in each slot within `span` [currency]."""
    if thought.solution is None:
        return np.zeros(0)
    return worth_by_slot(thought.solution, thought.problem, span // thought.plan.grid.step + 1)


def _plan(problem: PlanningProblem, *, prices_known: bool) -> tuple[Plan, Solution | None]:
    if not prices_known:
        return fallback(problem, "no price is known"), None
    try:
        began_s = time.process_time()
        solution = solve(problem, out_of_time=lambda: time.process_time() - began_s > LONGEST_THINK_S)
    except (ArithmeticError, ValueError, IndexError) as error:  # a bug or absurd input: the rule is safe, and says so
        _LOGGER.exception("the planner failed; the inverter's own rule is used")
        return fallback(problem, f"the planner failed ({error})"), None
    return solution.plan, solution
