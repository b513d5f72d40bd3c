"""A training by hand: of the home that a configuration names, from its store, or of a measured home's file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from homeagent.agent.learner import Learner
from homeagent.agent.price_book import KEEP as KEEP_PRICES
from homeagent.agent.price_book import PriceBook
from homeagent.agent.remembering import KEEP, METERS
from homeagent.config import load_config, load_scenario
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.learning import LearningRules, Offload
from homeagent.domain.readings import Quantity as Measured
from homeagent.domain.readings import Reading
from homeagent.learning.child import NotThere, train_by, train_in_child
from homeagent.learning.training import LEAST_DAYS, Request, Trained, measured_days
from homeagent.simulation.home_data import HomeData, read_home
from homeagent.store.history import kept_prices, kept_readings
from homeagent.store.issued import stored_forecasts

OBSERVED = timedelta(minutes=5)
HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandTraining:
    """What came of it: the training, whether its model serves now, why, and where it is kept."""

    trained: Trained
    serves: bool
    why: str
    folder: Path | None


def train_home(file: Path, say: Callable[[str], None]) -> HandTraining:
    """Train on the store of a configured home; a running agent takes the model up by itself, if it is the better one.

    Raises:
        InputError: the configuration or the store is not usable, or learning is off.
    """
    config = load_config(file)
    if config.learning is None:
        issue = Issue(path="learning.enabled", message="is false", remedy="write true to learn")
        raise InputError(str(file), (issue,))
    now = datetime.now(UTC)
    prices = PriceBook(config.site.timezone)
    for published in kept_prices(config.store, now - KEEP_PRICES):
        prices.add(published)
    learner = Learner(config.site, OBSERVED, config.learning, now, prices.on, None)
    learner.add(kept_readings(config.store, now - KEEP, METERS))
    learner.hear(stored_forecasts(config.store, now - KEEP))
    return _trained(learner, slot_start(now, HOUR), str(config.store), config.learning.offload, say)


def train_file(data: Path, scenario: Path, models: Path | None, say: Callable[[str], None]) -> HandTraining:
    """Train on a measured home's file, up to its last row; the model is kept only where `models` names a folder.

    Raises:
        InputError: data or scenario are not usable.
    """
    told = load_scenario(scenario)
    home = read_home(data)
    end = slot_start(home.grid.end, HOUR)
    rules = replace(told.learning or LearningRules(), models=models)
    learner = Learner(told.site, home.grid.step, rules, end, _prices_of(home), None)
    for entity in ("load_kw", "pv_kw"):
        learner.add(_readings(home, entity))
    return _trained(learner, end, str(data), rules.offload, say)


def _trained(
    learner: Learner, end: datetime, source: str, offload: Offload | None, say: Callable[[str], None]
) -> HandTraining:
    request = learner.request(end)
    days = measured_days(request.course)
    if days < LEAST_DAYS:
        issue = Issue(
            path="history",
            message=f"holds {days:.0f} days of load, {LEAST_DAYS} are needed",
            remedy="let the agent run on: the floor serves, and it trains by itself once there is enough",
        )
        raise InputError(source, (issue,))
    trained = _taught(replace(request, search=True, compress=True), offload, say)
    learner.challenge(trained, end)
    serves = trained.model is not None and not learner.refused
    folder = None if learner.registry is None else learner.registry.folder
    return HandTraining(trained=trained, serves=serves, why=learner.reason, folder=folder)


def _taught(request: Request, offload: Offload | None, say: Callable[[str], None]) -> Trained:
    """Train on the other machine where there is one; here, at once, where it does not: somebody waits for it."""
    if offload is not None:
        done = train_by(offload, request, say)
        if not isinstance(done, NotThere):
            return done
        say(f"learning.offload: {done.why}; training here instead")
    return train_in_child(request, say)


def _readings(home: HomeData, entity: Measured) -> list[Reading]:
    if entity not in home.columns:
        return []
    first = max(home.grid.count - KEEP // home.grid.step, 0)
    return [
        Reading(entity=entity, at=home.grid.at(row + 1), value=float(value), over=home.grid.step)
        for row, value in enumerate(home.columns[entity][first:], start=first)
        if not np.isnan(value)
    ]


def _prices_of(home: HomeData) -> Callable[[TimeGrid], tuple[FloatArray, FloatArray]]:
    """Return what gives the file's own prices; where it has none they are not known."""

    def on(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
        return home.means_on(grid, "price_import_per_kwh"), home.means_on(grid, "price_export_per_kwh")

    return on
