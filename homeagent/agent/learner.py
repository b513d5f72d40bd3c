"""The learning side of the agent: remembers long, learns every night, trains now and then, and forecasts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.slot_means import SlotMeans
from homeagent.agent.thinking import MEMORY
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import DAYS_BACK, Course, course_of
from homeagent.forecasting.floor import floor_scenarios
from homeagent.forecasting.learned import Quantity
from homeagent.forecasting.scenarios import shuffled
from homeagent.learning.child import train_in_child
from homeagent.learning.model import Market, Model, Student
from homeagent.learning.model_files import ModelFileError, load, save
from homeagent.learning.pupil import Pupil
from homeagent.learning.registry import FLOOR, Registry, judge
from homeagent.learning.runtime import Runtime, choose
from homeagent.learning.serving import ExportError, exported, opened
from homeagent.learning.training import LEAST_DAYS, Request, Trained, measured_days

_LOGGER = logging.getLogger(__name__)

KEEP = timedelta(days=400)
"""How far back is learned: a year, and a month to compare its beginning with."""
AHEAD = timedelta(hours=24)
QUARTER, HALF, HOUR = timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)
NIGHT_DAYS = 5
"""Nights may be missed; what is older than this was not forecast, and is not judged."""
METERS = ("load_kw", "pv_kw", "controlled_kw")

MONEY_DAYS = timedelta(days=14)
AGAIN_AFTER = timedelta(days=14)
"""A challenger that was refused is followed by another one no later than this."""

Prices = Callable[[TimeGrid], tuple[FloatArray, FloatArray]]
"""Gives import and export prices [currency/kWh] on a grid of the past; NaN where they are not known."""
Older = Callable[[datetime, datetime], Iterable[Reading]]
"""Gives what was measured between two times, before this run."""
Outlook = Callable[[TimeGrid], tuple[FloatArray, FloatArray]]
"""Gives temperature [degC] and irradiance [W/m2] on a grid, as they were forecast; NaN where nothing was."""


def steps_of(observation_step: timedelta) -> tuple[timedelta, timedelta]:
    """Return the step in which the past is kept, and the forecaster's own: the second is whole numbers of the first."""
    if not QUARTER % observation_step:
        return QUARTER, HALF
    return (HALF, HALF) if not HALF % observation_step else (HOUR, HOUR)


class Learner:
    """Learns one home. What it cannot do the floor does, and it says why."""

    def __init__(
        self,
        site: SiteSpec,
        observation_step: timedelta,
        rules: LearningRules,
        now: datetime,
        prices: Prices,
        outlook: Outlook | None,
        older: Older | None = None,
    ) -> None:
        self.model: Model | None = None
        self.reason = "nothing is learned yet"
        self.refused = False
        self.trouble: str | None = None
        self.registry = None if rules.models is None else Registry(rules.models)
        self.trainings: list[Trained] = []
        self._site = site
        self._rules = rules
        self._kept_step, self._step = steps_of(observation_step)
        self._outlook = outlook
        start = slot_start(now, HOUR) - KEEP
        self._past = {name: SlotMeans(start, self._kept_step, KEEP + timedelta(days=1)) for name in METERS}
        self._pupils: dict[Quantity, Pupil] = {}
        self._last_night: date | None = None
        self._last_training: datetime | None = None
        self._remembered_from = now - MEMORY
        self._runtime: Runtime = choose(rules.delegate)
        self._training: Future[Trained] | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="training")
        self._prices = prices
        self._older = older
        self._registry_read = 0
        if self.registry is not None:
            self._take_up(self.registry)

    @property
    def ahead(self) -> int:
        """Slots of a forecast."""
        return AHEAD // self._step

    @property
    def serving(self) -> str:
        """The id of what serves."""
        return FLOOR if self.model is None else self.model.model_id

    def students(self) -> dict[Quantity, Student]:
        """Return the students as they stand."""
        return {quantity: pupil.now for quantity, pupil in self._pupils.items()}

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured."""
        for reading in readings:
            if reading.entity in self._past:
                self._past[reading.entity].add(reading)

    def course(self, end: datetime, span: timedelta) -> Course:
        """Return the past of so long up to `end`, with the calendar, and the outlook where there is one."""
        inside = self._step // self._kept_step
        count = span // self._step
        grid = TimeGrid(start=end - count * self._step, step=self._step, count=count)
        fine = TimeGrid(start=grid.start, step=self._kept_step, count=count * inside)
        load, pv, controlled = (self._past[name].window(fine).reshape(count, inside) for name in METERS)
        habits = np.maximum(load - np.nan_to_num(controlled), 0.0)
        whole = TimeGrid(start=grid.start, step=self._step, count=count + self.ahead)
        calendar = local_calendar(whole, self._site.timezone, self._site.place)
        weather = (None, None) if self._outlook is None else self._outlook(whole)
        history = History(grid=grid, load_kw=habits.mean(axis=1), pv_kw=pv.mean(axis=1))
        return course_of(history, calendar, *weather)

    def scenarios(self, history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool = True) -> Scenarios:
        """Return what the home will need: the floor's courses, with values that were learned where something was."""
        courses = floor_scenarios(history, grid, timezone, alike=alike)
        usable = {
            quantity: pupil for quantity, pupil in self._pupils.items() if pupil.skill is None or not pupil.skill.lost
        }
        fits = grid.count * grid.step == AHEAD and not self._step % grid.step
        if not usable or not alike or not fits or slot_start(grid.start, self._kept_step) != grid.start:
            return courses
        course = self.course(grid.start, timedelta(days=DAYS_BACK + 1))
        said = {quantity: pupil.quantiles_kw(course) for quantity, pupil in usable.items()}
        slots = TimeGrid(start=grid.start, step=self._step, count=self.ahead)
        model_id = "floor-1" if self.model is None else self.model.model_id
        return shuffled(courses, slots, said.get("load"), said.get("pv"), model_id)

    def tick(self, now: datetime) -> None:
        """Do what is due: the night's lesson once a local day, a training now and then."""
        if self._training is not None and self._training.done():
            training, self._training = self._training, None
            self.challenge(training.result(), slot_start(now, HOUR))
        if self.registry is not None and self.registry.changed_at() != self._registry_read:
            self.registry = Registry(self.registry.folder)  # a training or rollback by hand
            self._take_up(self.registry)
        today = now.astimezone(self._site.timezone).date()
        if self._last_night == today:
            return
        self._last_night = today
        end = slot_start(now, HOUR)
        if self._due(end):
            self._last_training = end
            if self._rules.patient:
                self.challenge(train_in_child(self.request(end), _LOGGER.info), end)
            elif self._training is None:
                self._training = self._worker.submit(train_in_child, self.request(end), _LOGGER.info)
        if self._pupils:
            self._night(end)

    def _due(self, end: datetime) -> bool:
        every, last = self._rules.train_every, self._last_training
        if every is None:
            return False
        if self.refused:
            every = min(every, AGAIN_AFTER)
        return (last is None or end - last >= every) and measured_days(self.course(end, MEMORY)) >= LEAST_DAYS

    def request(self, end: datetime) -> Request:
        """Return what a training is given."""
        self._remember_all(end)
        return Request(
            course=self.course(end, KEEP),
            ahead=self.ahead,
            made_at=end,
            budget=self._rules.budget,
            kind=self._runtime.kind,
            market=self._market(end),
            with_teacher=self._rules.teacher,
        )

    def _remember_all(self, end: datetime) -> None:
        """Take in what was kept from before this run, once: a restart does not wait for a year of readings."""
        if self._older is not None:
            older, self._older = self._older, None
            self.add(older(end - KEEP, self._remembered_from))

    def _market(self, end: datetime) -> Market | None:
        """Return what energy cost in the last weeks, None where that is not known."""
        if self._site.peak_charge is not None:
            return None
        count = MONEY_DAYS // self._step
        grid = TimeGrid(start=end - count * self._step, step=self._step, count=count)
        imports, exports = self._prices(grid)
        known = ~np.isnan(imports) & ~np.isnan(exports)
        if not known.any() or not known[int(known.argmax()) :].all():
            return None
        first = int(known.argmax())
        return Market(site=self._site, import_per_kwh=imports[first:], export_per_kwh=exports[first:])

    def challenge(self, trained: Trained, at: datetime) -> None:
        """Hold what was trained against what serves, and let the better one serve."""
        self.trainings.append(trained)
        if trained.model is None:
            self.reason = trained.reason
            return
        champions = {
            quantity: (pupil.now, pupil.score(len(pupil.notes.origins), calibrated=False))
            for quantity, pupil in self._pupils.items()
            if pupil.notes is not None
        }
        verdict = judge(trained.model, champions)
        self.reason, self.refused = verdict.why, verdict.model is None
        _LOGGER.info("%s %s: %s", trained.model.model_id, "is refused" if self.refused else "serves", verdict.why)
        if verdict.model is None:
            if self.registry is not None:
                self.registry.note(trained.model.model_id, "does not serve", verdict.why, at)
                self._registry_read = self.registry.changed_at()
            return
        self._adopt(verdict.model)
        if self.registry is not None:
            self._save()
            self.registry.promote(verdict.model.model_id, verdict.why, at)
            self._registry_read = self.registry.changed_at()

    def _adopt(self, model: Model) -> None:
        self.model = model
        self._pupils = {quantity: Pupil(quantity, student, self.ahead) for quantity, student in model.students.items()}
        for pupil in self._pupils.values():
            self._serve(pupil)

    def _night(self, end: datetime) -> None:
        course = self.course(end, timedelta(days=DAYS_BACK + NIGHT_DAYS))
        for pupil in self._pupils.values():
            pupil.night(course, seed=end.toordinal())
            self._serve(pupil)
        if self.registry is not None:
            self._save()

    def _serve(self, pupil: Pupil) -> None:
        """Let the runtime run the student's file; numpy where that does not compute the same."""
        network, sample = pupil.student.network, pupil.student.network.standardised(pupil.sample)
        pupil.run, pupil.file = network, None
        if self._runtime.build is None or not len(sample):
            return
        try:
            content = exported(network, pupil.student.kind, self.ahead, sample, f"homeagent {pupil.quantity}")
            pupil.run = opened(content, network, self._runtime, self.ahead, sample)
            pupil.file = content
        except ExportError as error:
            _LOGGER.warning("the student of %s is run by numpy: %s", pupil.quantity, error)

    def _save(self) -> None:
        """Keep the students as they are now; a full disk costs a night's lesson, not the night."""
        if self.registry is None or self.model is None:
            return
        students = {quantity: pupil.now for quantity, pupil in self._pupils.items()}
        files = {quantity: pupil.file for quantity, pupil in self._pupils.items() if pupil.file is not None}
        samples = {
            quantity: pupil.student.network.standardised(pupil.sample) for quantity, pupil in self._pupils.items()
        }
        self.model = replace(self.model, students=students)
        try:
            save(self.model, files, samples, self.registry.folder)
        except OSError as error:
            self.trouble = f"the model could not be kept: {error.strerror}"
            _LOGGER.warning("%s", self.trouble)

    def _take_up(self, registry: Registry) -> None:
        """Let the kept model serve again; one that is damaged is left aside for the one before."""
        self._registry_read = registry.changed_at()
        for model_id in dict.fromkeys((registry.serving, registry.previous)):
            if model_id is None or model_id == FLOOR:
                if model_id == registry.serving:
                    break
                continue
            try:
                self.model, self._pupils = self._loaded(registry.folder / model_id)
            except (ModelFileError, ExportError) as error:
                self.trouble = f"a model is not used: {error}"
                _LOGGER.warning("%s", self.trouble)
                continue
            self._last_training = self.model.made_at
            self.reason = "taken up from its files"
            return
        self.model, self._pupils = None, {}

    def _loaded(self, home: Path) -> tuple[Model, dict[Quantity, Pupil]]:
        model, files, samples = load(home)
        if model.step_minutes != self._step // timedelta(minutes=1):
            raise ModelFileError(f"{home.name}: it was made for slots of {model.step_minutes} minutes")
        pupils = {quantity: Pupil(quantity, kept, self.ahead) for quantity, kept in model.students.items()}
        for quantity, pupil in pupils.items():
            if quantity in files and self._runtime.build is not None:
                network = pupil.student.network
                pupil.run = opened(files[quantity], network, self._runtime, self.ahead, samples[quantity])
                pupil.file = files[quantity]
        return model, pupils
