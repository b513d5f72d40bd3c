"""The learning side of the agent: remembers long, learns every night, trains now and then, and forecasts."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.agent.model_shelf import ModelShelf, Pupils
from homeagent.agent.remembering import AHEAD, HOUR, Memory, Older, Outlook
from homeagent.agent.schooling import Prices, Schooling
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.learning import LearningRules
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.features import DAYS_BACK, Course
from homeagent.forecasting.floor import floor_scenarios
from homeagent.forecasting.learned import Quantity
from homeagent.forecasting.scenarios import shuffled
from homeagent.learning.model import Model, Student
from homeagent.learning.pupil import Pupil
from homeagent.learning.registry import FLOOR, Registry, judge
from homeagent.learning.runtime import choose
from homeagent.learning.serving import equip
from homeagent.learning.training import Request, Trained

_LOGGER = logging.getLogger(__name__)

NIGHT_DAYS = 5
"""Nights may be missed; what is older than this was not forecast, and is not judged."""


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
        self.trainings: list[Trained] = []
        self._site = site
        self._memory = Memory(site, observation_step, now, outlook, older)
        self._runtime = choose(rules.delegate)
        self._schooling = Schooling(site, rules, self._memory, prices, self._runtime.kind)
        self._pupils: Pupils = {}
        self._last_night: date | None = None
        self._shelf: ModelShelf | None = None
        if rules.models is not None:
            minutes = self._memory.step // timedelta(minutes=1)
            self._shelf = ModelShelf(rules.models, self._runtime, self.ahead, minutes)
            self._take_up(self._shelf)

    @property
    def ahead(self) -> int:
        """Slots of a forecast."""
        return self._memory.ahead

    @property
    def serving(self) -> str:
        """The id of what serves."""
        return FLOOR if self.model is None else self.model.model_id

    @property
    def registry(self) -> Registry | None:
        """The list of models, None where none are kept."""
        return None if self._shelf is None else self._shelf.registry

    @property
    def trouble(self) -> str | None:
        """What is wrong with the model files, None while nothing is."""
        return None if self._shelf is None else self._shelf.trouble

    def students(self) -> dict[Quantity, Student]:
        """Return the students as they stand."""
        return {quantity: pupil.now for quantity, pupil in self._pupils.items()}

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured."""
        self._memory.add(readings)

    def course(self, end: datetime, span: timedelta) -> Course:
        """Return the past of so long up to `end`, with the calendar, and the outlook where there is one."""
        return self._memory.course(end, span)

    def request(self, end: datetime) -> Request:
        """Return what a training is given."""
        return self._schooling.request(end)

    def scenarios(self, history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool = True) -> Scenarios:
        """Return what the home will need: the floor's courses, with values that were learned where something was."""
        courses = floor_scenarios(history, grid, timezone, alike=alike)
        usable = {
            quantity: pupil for quantity, pupil in self._pupils.items() if pupil.skill is None or not pupil.skill.lost
        }
        step = self._memory.step
        fits = grid.count * grid.step == AHEAD and not step % grid.step
        if not usable or not alike or not fits or slot_start(grid.start, self._memory.kept_step) != grid.start:
            return courses
        course = self.course(grid.start, timedelta(days=DAYS_BACK + 1))
        said = {quantity: pupil.quantiles_kw(course) for quantity, pupil in usable.items()}
        slots = TimeGrid(start=grid.start, step=step, count=self.ahead)
        model_id = "floor-1" if self.model is None else self.model.model_id
        return shuffled(courses, slots, said.get("load"), said.get("pv"), model_id)

    def tick(self, now: datetime) -> None:
        """Do what is due: the night's lesson once a local day, a training now and then."""
        end = slot_start(now, HOUR)
        trained = self._schooling.done()
        if trained is not None:
            self.challenge(trained, end)
        if self._shelf is not None and self._shelf.changed():
            self._take_up(self._shelf)
        today = now.astimezone(self._site.timezone).date()
        if self._last_night == today:
            return
        self._last_night = today
        if self._schooling.due(end, refused=self.refused):
            trained = self._schooling.begin(end)
            if trained is not None:
                self.challenge(trained, end)
        if self._pupils:
            self._night(end)

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
            if self._shelf is not None:
                self._shelf.note(trained.model.model_id, "does not serve", verdict.why, at)
            return
        self._adopt(verdict.model)
        if self._shelf is not None:
            self._keep(self._shelf)
            self._shelf.promote(verdict.model.model_id, verdict.why, at)

    def _adopt(self, model: Model) -> None:
        self.model = model
        self._pupils = {quantity: Pupil(quantity, student, self.ahead) for quantity, student in model.students.items()}
        for pupil in self._pupils.values():
            equip(pupil, self._runtime, self.ahead)

    def _night(self, end: datetime) -> None:
        course = self.course(end, timedelta(days=DAYS_BACK + NIGHT_DAYS))
        for pupil in self._pupils.values():
            pupil.night(course, seed=end.toordinal())
            equip(pupil, self._runtime, self.ahead)
        if self._shelf is not None:
            self._keep(self._shelf)

    def _keep(self, shelf: ModelShelf) -> None:
        if self.model is not None:
            self.model = shelf.keep(self.model, self._pupils)

    def _take_up(self, shelf: ModelShelf) -> None:
        """Let the kept model serve again."""
        found = shelf.taken_up()
        self.model, self._pupils = (None, {}) if found is None else found
        if self.model is not None:
            self._schooling.last = self.model.made_at
            self.reason = "taken up from its files"
