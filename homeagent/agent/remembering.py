"""What the learner remembers: a year of slot means, and the courses that are made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.issue_book import IssueBook
from homeagent.agent.slot_means import SlotMeans
from homeagent.agent.thinking import MEMORY
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import Course, course_of
from homeagent.forecasting.plausible import MOST_KW, believable, ceiling_kw

KEEP = timedelta(days=400)
"""How far back is learned: a year, and a month to compare its beginning with."""
AHEAD = timedelta(hours=24)
QUARTER, HALF, HOUR = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)
METERS = ("load_kw", "pv_kw", "controlled_kw", "nobody_home")

Older = Callable[[datetime, datetime], Iterable[Reading]]
"""Gives what was measured between two times, before this run."""
Outlook = Callable[[TimeGrid], tuple[FloatArray, FloatArray]]
"""Gives temperature [degC] and irradiance [W/m2] on a grid, as they were forecast; NaN where nothing was."""


def steps_of(observation_step: timedelta) -> tuple[timedelta, timedelta]:
    """Return the step in which the past is kept, and the forecaster's own: the second is whole numbers of the first."""
    if not QUARTER % observation_step:
        return QUARTER, HALF
    return (HALF, HALF) if not HALF % observation_step else (HOUR, HOUR)


class Memory:
    """The home's past. `older` gives what was kept from before this run; it is asked once, before a training."""

    def __init__(
        self,
        site: SiteSpec,
        observation_step: timedelta,
        now: datetime,
        outlook: Outlook | None,
        older: Older | None,
    ) -> None:
        self.kept_step, self.step = steps_of(observation_step)
        self._site = site
        self._outlook = outlook
        self._older = older
        self._begun = now - MEMORY
        self.no_habit: Callable[[TimeGrid], BoolArray] | None = None
        """Says in which slots of the past the load was no habit: it is a gap there."""
        start = slot_start(now, HOUR) - KEEP
        self._past = {name: SlotMeans(start, self.kept_step, KEEP + timedelta(days=1)) for name in METERS}
        self.issues = IssueBook(self.step, self.ahead, KEEP)

    @property
    def ahead(self) -> int:
        """Slots of a forecast."""
        return AHEAD // self.step

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured."""
        for reading in readings:
            if reading.entity in self._past and abs(reading.value or 0.0) <= MOST_KW:
                self._past[reading.entity].add(reading)

    def add_older(self, end: datetime) -> None:
        """Take in what was kept from before this run, once: a restart does not wait for a year of readings."""
        if self._older is not None:
            older, self._older = self._older, None
            self.add(older(end - KEEP, self._begun))

    def course(self, end: datetime, span: timedelta) -> Course:
        """Return the past of so long up to `end`, with the calendar, and the outlook where there is one."""
        inside = self.step // self.kept_step
        count = span // self.step
        grid = TimeGrid(start=end - count * self.step, step=self.step, count=count)
        fine = TimeGrid(start=grid.start, step=self.kept_step, count=count * inside)
        per_day = timedelta(days=1) // self.kept_step
        load, pv, controlled, gone = (self._past[name].window(fine) for name in METERS)
        habits = np.maximum(believable(load, per_day) - np.nan_to_num(controlled), 0.0).reshape(count, inside)
        pv = believable(pv, per_day)
        pv = np.minimum(pv, ceiling_kw(pv, per_day)).reshape(count, inside)
        whole = TimeGrid(start=grid.start, step=self.step, count=count + self.ahead)
        calendar = local_calendar(whole, self._site.timezone, self._site.place)
        temperature_c, irradiance_w_m2 = (None, None) if self._outlook is None else self._outlook(whole)
        load_kw = habits.mean(axis=1)
        if self.no_habit is not None:
            load_kw = np.where(self.no_habit(grid), np.nan, load_kw)
        nobody_home = gone.reshape(count, inside).mean(axis=1)
        history = History(grid=grid, load_kw=load_kw, pv_kw=pv.mean(axis=1))
        return course_of(history, calendar, temperature_c, irradiance_w_m2, self.issues.on(grid), nobody_home)
