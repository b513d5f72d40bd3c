"""What a look and a think cost in the small process, by depth, on a made-up home."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Literal

import numpy as np

from homeagent.agent.governor import Governor
from homeagent.agent.learner import Learner
from homeagent.agent.observer import Observer
from homeagent.agent.price_book import PriceBook
from homeagent.agent.thinking import MEMORY, Forecaster, Thought, think, worth_of_thinking_again
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.learning import LearningRules
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.domain.thinking import ADAPTIVE, Depth
from homeagent.footprint.cpu_meter import CpuMeter
from homeagent.forecasting.floor import floor_scenarios
from homeagent.simulation.population import young_home
from homeagent.simulation.simulated_home import simulated_site

NOW = datetime(2025, 5, 5, 10, tzinfo=UTC)
DAYS = MEMORY // timedelta(days=1)
FIVE_MINUTES, HOUR = timedelta(minutes=5), timedelta(hours=1)
SOC_KWH = 4.0
THINKS, QUICK_THINKS = 15, 5
LOOKS, QUICK_LOOKS = 20_000, 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredThink:
    """The median of some thinks: `floor` forecasts by the recent days, `full` asks the students as well.

    `glance` is `floor` for the next hours alone, and takes from the present plan what comes after.
    """

    depth: Depth | Literal["glance"]
    plan_step_minutes: int
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Home:
    site: SiteSpec
    observer: Observer
    prices: PriceBook
    learner: Learner

    def think(self, step: timedelta, forecaster: Forecaster, present: Thought | None = None) -> Thought:
        return think(
            NOW,
            SOC_KWH,
            self.site,
            self.observer.memory,
            self.prices,
            step=step,
            cpu=CpuMeter(),
            forecaster=forecaster,
            present=present,
        )


def _home() -> _Home:
    site = simulated_site()
    observer, prices = Observer(NOW, FIVE_MINUTES), PriceBook(site.timezone)
    learner = Learner(site, FIVE_MINUTES, LearningRules(train_every=None), NOW, _unpriced, None)
    for readings in _past():
        observer.add(readings)
        learner.add(readings)
    prices.add(_prices())
    return _Home(site=site, observer=observer, prices=prices, learner=learner)


def measured_look(*, quick: bool) -> float:
    """Return the CPU seconds of taking a reading in and seeing that there is nothing to think about."""
    home, governor = _home(), Governor(ADAPTIVE)
    thought = home.think(HOUR, floor_scenarios)
    governor.thought(NOW, thought.problem, worth_of_thinking_again(thought, ADAPTIVE.longest))
    count = QUICK_LOOKS if quick else LOOKS
    second = timedelta(seconds=1)
    readings = [Reading(entity="load_kw", at=NOW + k * second, value=0.4, over=second) for k in range(count)]
    began = time.process_time()
    for reading in readings:
        home.observer.add((reading,))
        governor.wake(NOW, valid_until=thought.plan.valid_until)
    return (time.process_time() - began) / count


def measured_thinks(*, quick: bool) -> list[MeasuredThink]:
    """Return what a think costs, by depth and by the plan's step; meters tell means of five minutes."""
    home = _home()
    found = []
    for step in (timedelta(minutes=15), HOUR):
        present = home.think(step, floor_scenarios)
        depths: dict[Depth | Literal["glance"], tuple[Forecaster, Thought | None]] = {
            "glance": (floor_scenarios, present),
            "floor": (floor_scenarios, None),
            "full": (home.learner.scenarios, None),
        }
        for depth, (forecaster, known) in depths.items():
            spent = []
            for _ in range(QUICK_THINKS if quick else THINKS):
                began = time.process_time()
                home.think(step, forecaster, known)
                spent.append(time.process_time() - began)
            minutes = step // timedelta(minutes=1)
            found.append(MeasuredThink(depth=depth, plan_step_minutes=minutes, cpu_s=median(spent)))
    return found


def _past() -> list[list[Reading]]:
    history = young_home(3, DAYS, FIVE_MINUTES).history
    start = NOW - DAYS * timedelta(days=1)
    series = {"load_kw": history.load_kw, "pv_kw": history.pv_kw}
    return [
        [
            Reading(entity=name, at=start + (row + 1) * FIVE_MINUTES, value=value, over=FIVE_MINUTES)
            for row, value in enumerate(values.tolist())
        ]
        for name, values in series.items()
    ]


def _prices() -> PublishedPrices:
    grid = TimeGrid(start=NOW - timedelta(days=20, hours=10), step=HOUR, count=22 * 24)
    hour = np.arange(grid.count) % 24
    imports = 0.25 + 0.1 * np.sin(hour / 12 * 2 * np.pi)
    return PublishedPrices(grid=grid, import_per_kwh=imports, export_per_kwh=0.08 + 0.0 * imports)


def _unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)
