"""What a starter is worth: real homes from their first midnight on, nothing known before, beside the floor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.agent.learner import Learner
from homeagent.config.places import place_of_zone
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.forecasting.features import LEVELS
from homeagent.forecasting.floor import fill_gaps, floor_scenarios
from homeagent.forecasting.learned import QUANTITIES, Quantity
from homeagent.forecasting.scores import pinball
from homeagent.simulation.home_data import read_home

pytestmark = [pytest.mark.full, pytest.mark.homes]

HOMES = {f"citylearn2022/home_{number:02d}": "America/Los_Angeles" for number in (1, 2, 4, 5, 6, 9, 11, 17)}
HOMES |= {
    "emhass_fr/home": "Europe/Paris",
    "refit_uk/house20": "Europe/London",
    "ukdale_uk/house2": "Europe/London",
    "hue_ca/residential_1": "America/Vancouver",
}
DAYS, STARTS, EVERY_H = 14, 8, 3
AGES = ((0, 1), (1, 3), (3, 7), (7, 14))
"""Days behind a home: spans whose losses are told apart."""
BATTERY = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """The loss of one forecast, the mean of its slots [kW], and of the floor's; `age_days` lie behind the home."""

    quantity: Quantity
    age_days: float
    learned: float
    floor: float


def history_of(name: str) -> History:
    """Return a home in the learner's own slots."""
    home = read_home(Path(os.environ["HOMEAGENT_DATA"]) / f"{name}.csv.gz")
    step = max(home.grid.step, timedelta(minutes=30))
    inside = step // home.grid.step
    first = next(at for at in range(inside) if not home.grid.at(at).timestamp() % step.total_seconds())
    count = (home.grid.count - first) // inside
    columns = [home.column(column)[first : first + count * inside] for column in ("load_kw", "pv_kw")]
    load_kw, pv_kw = (values.reshape(count, inside).mean(axis=1) for values in columns)
    grid = TimeGrid(start=home.grid.at(first), step=step, count=count)
    return History(grid=grid, load_kw=load_kw, pv_kw=pv_kw)


def first_midnights(home: History, zone: ZoneInfo) -> list[int]:
    """Return the first midnight of up to eight months that are spread over the data."""
    last = home.grid.count - (DAYS + 1) * (timedelta(days=1) // home.grid.step)
    local = ((at, home.grid.at(at).astimezone(zone)) for at in range(last))
    found = [at for at, when in local if (when.day, when.hour, when.minute) == (1, 0, 0)]
    return [found[int(at)] for at in np.linspace(0, len(found) - 1, min(len(found), STARTS))]


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


def floor_kw(learner: Learner, grid: TimeGrid, zone: ZoneInfo, quantity: Quantity) -> FloatArray:
    course = learner.course(grid.start, timedelta(days=42))
    days = floor_scenarios(History(grid=course.past, load_kw=course.load_kw, pv_kw=course.pv_kw), grid, zone)
    values = fill_gaps(days.load_kw if quantity == "load" else days.pv_kw, 0.0)
    order = np.argsort(values, axis=0)
    reached = np.cumsum(days.weight[order], axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    at = [np.minimum((reached < level).sum(axis=0), len(ranked) - 1) for level in LEVELS]
    return np.stack([np.take_along_axis(ranked, index[None], axis=0)[0] for index in at], axis=-1)


def live(home: History, zone: ZoneInfo, first: int) -> Iterator[Asked]:
    """Live a home's first two weeks with the agent's own learner, and ask it every three hours."""
    step, per_day = home.grid.step, timedelta(days=1) // home.grid.step
    site = SiteSpec(timezone=zone, battery=BATTERY, place=place_of_zone(zone.key))
    learner = Learner(site, step, LearningRules(train_every=None), home.grid.at(first), unpriced, None)
    for slot in range(first, first + DAYS * per_day):
        now = home.grid.at(slot)
        learner.tick(now)
        if (slot - first) % (per_day * EVERY_H // 24) == 0:
            said = learner.quantiles_kw(now)
            grid = TimeGrid(start=now, step=step, count=per_day)
            for quantity in QUANTITIES:
                came = (home.load_kw if quantity == "load" else home.pv_kw)[slot : slot + per_day]
                seen = ~np.isnan(came)
                if seen.any():
                    floor = floor_kw(learner, grid, zone, quantity)
                    learned = said.get(quantity, floor)
                    losses = [float(pinball(came[seen], kw[seen]).mean()) for kw in (learned, floor)]
                    age = (slot - first) / per_day
                    yield Asked(quantity=quantity, age_days=age, learned=losses[0], floor=losses[1])
        for name, values in (("load_kw", home.load_kw), ("pv_kw", home.pv_kw)):
            if not np.isnan(values[slot]):
                learner.add([Reading(entity=name, at=now + step, value=float(values[slot]), over=step)])


@pytest.mark.parametrize("name", HOMES)
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_starters_beat_the_floor_in_the_first_two_weeks(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    zone = ZoneInfo(HOMES[name])
    home = history_of(name)
    asked = [one for first in first_midnights(home, zone) for one in live(home, zone, first)]
    lines = []
    for quantity in QUANTITIES:
        part = [one for one in asked if one.quantity == quantity]
        if not part:
            continue
        cells = []
        for low, high in ((0, DAYS), *AGES):
            span = [one for one in part if low <= one.age_days < high]
            own, floor = (float(np.mean([getattr(one, what) for one in span])) for what in ("learned", "floor"))
            cells.append(f"{own:.4f} ({floor:.4f}, {own / floor - 1:+.1%})")
        lines.append(f"{name} | {quantity} | {' | '.join(cells)}")
        assert np.mean([one.learned for one in part]) < np.mean([one.floor for one in part])
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201 - the table is what it is run for
