"""A home with what its meters say, and a learner that hears them day by day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.learner import Learner
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import BatterySpec, Place, SiteSpec

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2024, 2, 1, tzinfo=UTC)  # the clock changes on day 59
DAYS = 60
SITE = SiteSpec(
    timezone=ZoneInfo("Europe/Berlin"),
    battery=BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5),
    place=Place(latitude_deg=52.5, longitude_deg=13.4, country="DE"),
)


def unpriced(grid: TimeGrid) -> tuple[FloatArray, FloatArray]:
    return np.full(grid.count, np.nan), np.full(grid.count, np.nan)


class Home:
    """A home with what its meters say, and a learner that hears them day by day."""

    def __init__(self, models: Path | None, load: FloatArray, pv: FloatArray, until: int) -> None:
        self.load, self.pv = load, pv
        rules = LearningRules(patient=True, teacher=False, models=models, train_every=None)
        self.learner = Learner(SITE, HOUR, rules, START + until * DAY, unpriced, None)
        self.hear(0, until)

    def hear(self, first: int, last: int) -> None:
        self.learner.add(
            Reading(entity=entity, at=START + (row + 1) * HOUR, value=float(values[row]), over=HOUR)
            for entity, values in (("load_kw", self.load), ("pv_kw", self.pv))
            for row in range(first * 24, last * 24)
            if not np.isnan(values[row])
        )

    def forecast(self, day: int) -> Scenarios:
        past = TimeGrid(start=START + (day - 42) * DAY, step=HOUR, count=42 * 24)
        part = slice((day - 42) * 24, day * 24)
        history = History(grid=past, load_kw=self.load[part], pv_kw=self.pv[part])
        return self.learner.scenarios(history, TimeGrid(start=past.end, step=HOUR, count=24), SITE.timezone)
