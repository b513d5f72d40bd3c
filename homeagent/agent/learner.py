"""The learning side of the agent: remembers long, learns every night, trains now and then, and forecasts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.due_book import DueBook
from homeagent.agent.host_state import HostWatch
from homeagent.agent.model_shelf import ModelShelf, Pupils
from homeagent.agent.remembering import AHEAD, HOUR, Memory, Older, Outlook
from homeagent.agent.schooling import Ahead, Prices, Schooling
from homeagent.agent.skill_book import night_mark
from homeagent.agent.starting import WHY, Start, first_day_kw, may_begin, proven, rivals_of, start_with, to_be_kept
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.learning import LearningRules, NightMark
from homeagent.domain.readings import Reading
from homeagent.domain.site import SiteSpec
from homeagent.footprint.slack import give_back
from homeagent.forecasting.features import DAYS_BACK, Course
from homeagent.forecasting.floor import floor_scenarios
from homeagent.forecasting.learned import Quantity
from homeagent.forecasting.plausible import believed, bounded
from homeagent.forecasting.scenarios import shuffled
from homeagent.learning.contest import champions_of
from homeagent.learning.model import Model, Student
from homeagent.learning.pupil import REPLAY_DAYS, Pupil
from homeagent.learning.registry import FLOOR, Registry, judge
from homeagent.learning.runtime import NUMPY, choose
from homeagent.learning.serving import equip
from homeagent.learning.starters import is_starter
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
        self._why = "nothing is learned yet"
        self.refused = False
        self.trainings_cpu_s: list[float] = []
        """What each training took; nothing else of it is kept."""
        self.new_marks: list[NightMark] = []
        """Of the last nights; whoever keeps them takes them away."""
        self._site = site
        self._memory = Memory(site, observation_step, now, outlook, older)
        self._runtime = choose(rules.delegate) if rules.delegate or rules.budget != "small" else NUMPY
        self._schooling = Schooling(site, rules, self._memory, prices, self._runtime.kind)
        self._pupils: Pupils = {}
        self._last_night: date | None = None
        self._astray: str | None = None
        self._failed: str | None = None
        self._shelf: ModelShelf | None = None
        if rules.models is not None:
            self._shelf = ModelShelf(rules.models, self._runtime, self.ahead, self._memory.step)
            self._take_up(self._shelf, now)
        self._start = Start()
        if rules.starter and may_begin(self.registry):
            self._start = start_with(self._runtime, self.ahead, self._memory.step)
        if self._start.model is not None:
            self.model, self._pupils, self._why = self._start.model, dict(self._start.pupils), WHY

    def kept(self) -> dict[str, object]:
        """Return what a restart must know, so that no training and no lesson of a night is done twice."""
        last = None if self._schooling.unsettled else self._schooling.last
        return {
            "serving": self.serving,
            "refused": self.refused,
            "last_night": None if self._last_night is None else self._last_night.isoformat(),
            "last_training": None if last is None else last.isoformat(),
        }

    def take_up(self, kept: Mapping[str, Any]) -> None:
        """Go on with what `kept` returned before a restart, if the same model serves."""
        if kept.get("serving") != self.serving:
            return
        self.refused = bool(kept["refused"])
        if kept["last_training"] is not None:
            last = datetime.fromisoformat(kept["last_training"])
            self._schooling.last = last if self._schooling.last is None else max(last, self._schooling.last)
        if kept["last_night"] is not None and not is_starter(self.serving):  # a starter's lesson is in no file
            self._last_night = date.fromisoformat(kept["last_night"])

    def leave_out(self, no_habit: Callable[[TimeGrid], BoolArray]) -> None:
        """Learn nothing from slots of which this says that their load was no habit."""
        self._memory.no_habit = no_habit

    def train_when(self, host: HostWatch, ahead: Ahead, due_book: DueBook) -> None:
        """Train when this machine is at ease, and at the best hour of what is ahead."""
        self._schooling.host, self._schooling.ahead, self._schooling.due_book = host, ahead, due_book

    @property
    def ahead(self) -> int:
        """Slots of a forecast."""
        return self._memory.ahead

    @property
    def serving(self) -> str:
        """The id of what serves."""
        return FLOOR if self.model is None else self.model.model_id

    @property
    def reason(self) -> str:
        """Why that serves and nothing else, and what a training waits for."""
        waits_for = self._schooling.waits_for
        return self._why if waits_for is None else f"{self._why}; a training waits: {waits_for}"

    @property
    def registry(self) -> Registry | None:
        """The list of models, None where none are kept."""
        return None if self._shelf is None else self._shelf.registry

    @property
    def trouble(self) -> str | None:
        """What is wrong with the learned side, None while nothing is."""
        kept = None if self._shelf is None else self._shelf.trouble
        sent = self._schooling.elsewhere.trouble
        return "; ".join(text for text in (kept, self._start.trouble, self._astray, self._failed, sent) if text) or None

    @property
    def teaching(self) -> bool:
        """Whether a training goes on whose result is not there yet."""
        return self._schooling.teaching

    @property
    def runtime(self) -> str:
        """The name of what runs the students."""
        return self._runtime.name

    @property
    def pupils(self) -> Pupils:
        """The students in service."""
        return self._pupils

    def students(self) -> dict[Quantity, Student]:
        """Return the students as they stand."""
        return {quantity: pupil.now for quantity, pupil in self._pupils.items()}

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured."""
        self._memory.add(readings)

    def hear(self, issued: Iterable[IssuedForecast]) -> None:
        """Take in what others forecast."""
        for forecast in issued:
            self._memory.issues.add(forecast)

    def course(self, end: datetime, span: timedelta) -> Course:
        """Return the past of so long up to `end`, with the calendar, and the outlook where there is one."""
        return self._memory.course(end, span)

    def _champions(self) -> dict[Quantity, Student]:
        return {quantity: pupil.now for quantity, pupil in rivals_of(self.model, self._pupils).items()}

    def request(self, end: datetime) -> Request:
        """Return what a training is given."""
        return self._schooling.request(end, self._champions())

    def scenarios(self, history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool = True) -> Scenarios:
        """Return what the home will need: the floor's courses, with values that were learned where something was."""
        history = believed(history)
        return bounded(self._courses(history, grid, timezone, alike=alike), history)

    @staticmethod
    def recent_days(history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool = True) -> Scenarios:
        """Return the floor's courses alone: what a strained machine is asked for."""
        history = believed(history)
        return bounded(floor_scenarios(history, grid, timezone, alike=alike), history)

    def _courses(self, history: History, grid: TimeGrid, timezone: ZoneInfo, *, alike: bool) -> Scenarios:
        courses = floor_scenarios(history, grid, timezone, alike=alike)
        step = self._memory.step
        fits = grid.count * grid.step == AHEAD and not step % grid.step
        if not self._pupils or not alike or not fits or slot_start(grid.start, self._memory.kept_step) != grid.start:
            return courses
        said = self.quantiles_kw(grid.start)
        if not said:
            return courses
        slots = TimeGrid(start=grid.start, step=step, count=self.ahead)
        return shuffled(courses, slots, said.get("load"), said.get("pv"), self.serving)

    def quantiles_kw(self, now: datetime) -> dict[Quantity, FloatArray]:
        """Return the quantiles [kW] of each student that is not lost; one that goes astray leaves it to the floor."""
        said: dict[Quantity, FloatArray] = {}
        astray = None
        usable = [pupil for pupil in self._pupils.values() if not pupil.lost]
        try:
            course = self.course(now, timedelta(days=DAYS_BACK + 1))
            said |= first_day_kw(self._start.usual, course)
            for pupil in () if said else usable:
                found = pupil.quantiles_kw(course)
                if np.isfinite(found).all():
                    said[pupil.quantity] = found
                else:
                    astray = f"the student of {pupil.quantity} says what is no number: the floor serves"
        except Exception as error:  # a plan comes before a better plan
            astray = f"the students fail ({type(error).__name__}: {error}): the floor serves"
            if astray != self._astray:
                _LOGGER.exception("the students fail")
        if astray is not None and astray != self._astray:
            _LOGGER.warning("%s", astray)
        self._astray = astray
        return said

    def tick(self, now: datetime) -> None:
        """Do what is due. Whatever goes wrong with it, the agent goes on with what it has."""
        try:
            self._do_what_is_due(now)
        except Exception as error:  # a home is run without a lesson, not without an agent
            self._failed = f"learning fails ({type(error).__name__}: {error})"
            _LOGGER.exception("learning fails")

    def _do_what_is_due(self, now: datetime) -> None:
        """Learn the night's lesson once a local day, train now and then."""
        end = slot_start(now, HOUR)
        trained = self._schooling.done()
        if trained is not None:
            self.challenge(trained, end)
        if self._shelf is not None:
            for why in self._schooling.elsewhere.take_news():
                self._shelf.note("learning.offload", "did not train", why, end)
        if self._shelf is not None and self._shelf.changed():
            self._take_up(self._shelf, now)
        today = now.astimezone(self._site.timezone).date()
        if self._last_night == today and self._schooling.waits_for is None:
            return
        if self._last_night != today:
            self._last_night, self._failed = today, None
            if self._pupils:
                self._night(end)
        self._train_if_due(now)
        give_back()

    def look(self, now: datetime) -> None:
        """Begin a training that waits, if it may now: costs next to nothing, and evaluates no forecaster."""
        if self._schooling.wants_another_look(now):
            self._train_if_due(now)

    def _train_if_due(self, now: datetime) -> None:
        end = slot_start(now, HOUR)
        if self._schooling.due(end, refused=self.refused):
            trained = self._schooling.begin(now, self._champions())
            if trained is not None:
                self.challenge(trained, end)
        elif self._schooling.waits_for is not None:
            self._schooling.wait_no_longer()

    def challenge(self, trained: Trained, at: datetime) -> None:
        """Hold what was trained against what serves, and let the better one serve."""
        self.trainings_cpu_s.append(trained.cpu_seconds)
        if trained.model is None:
            self._why = trained.reason
            return
        self._recall(at)
        rivals = rivals_of(self.model, self._pupils)
        verdict = judge(trained.model, champions_of(rivals, trained.model, self.ahead))
        self.refused = verdict.model is None
        self._why = f"a newer student is not better: {verdict.why}" if self.refused else verdict.why
        _LOGGER.info("%s %s: %s", trained.model.model_id, "is refused" if self.refused else "serves", verdict.why)
        if verdict.model is None:
            if self._shelf is not None:
                self._shelf.note(trained.model.model_id, "does not serve", verdict.why, at)
            self._doubt_the_starter(at)
            return
        self._adopt(verdict.model)
        if self._shelf is not None:
            self.model = self._shelf.promote(verdict.model, self._pupils, verdict.why, at)

    def _adopt(self, model: Model) -> None:
        self.model, self._start = model, Start()  # what a starter had noted is a matter of megabytes
        self._pupils = {quantity: Pupil(quantity, student, self.ahead) for quantity, student in model.students.items()}
        for pupil in self._pupils.values():
            equip(pupil, self._runtime, self.ahead)

    def _recall(self, end: datetime) -> None:
        """Let students that come from their files say again what they would have said of the last weeks."""
        if any(pupil.notes is None for pupil in self._pupils.values()):
            course = self.course(end, timedelta(days=DAYS_BACK + REPLAY_DAYS + 1))
            for pupil in self._pupils.values():
                pupil.recall(course)

    def _night(self, end: datetime) -> None:
        self._recall(end)
        course = self.course(end, timedelta(days=DAYS_BACK + NIGHT_DAYS))
        for pupil in self._pupils.values():
            was_lost = pupil.lost
            pupil.night(course, seed=end.toordinal())
            if pupil.notes is not None:
                equip(pupil, self._runtime, self.ahead)
            mark = night_mark(pupil, self.serving, self._yesterday(end))
            if mark is not None:
                self.new_marks.append(mark)
            if pupil.lost != was_lost:
                self._tell_of(pupil, end)
        if self.model is not None and self._shelf is not None and to_be_kept(self.model, self._pupils):
            if is_starter(self.model.model_id) and self._shelf.registry.serving == FLOOR:
                self.model = self._shelf.promote(self.model, self._pupils, WHY, end)
            else:
                self.model = self._shelf.keep(self.model, self._pupils)

    def _doubt_the_starter(self, at: datetime) -> None:
        """Let only a starter that has shown itself here go on, once this home's own student was not good enough."""
        if self.model is None or not is_starter(self.model.model_id):
            return
        self._pupils = proven(self._pupils)
        self._start = Start()
        if not self._pupils:
            self.model = None
            if self._shelf is not None:
                self._shelf.retire("neither the starter nor a student of this home is better than the floor", at)

    def _yesterday(self, now: datetime) -> date:
        return now.astimezone(self._site.timezone).date() - timedelta(days=1)

    def _tell_of(self, pupil: Pupil, at: datetime) -> None:
        """Say that a student has lost its skill, or has it back."""
        skill = pupil.skill
        event = f"falls back: the floor serves {pupil.quantity}" if pupil.lost else f"serves {pupil.quantity} again"
        why = (
            ""
            if skill is None
            else f"loss {skill.pinball_kw:.4f} kW in a week, the floor's {skill.floor_pinball_kw:.4f}"
        )
        _LOGGER.warning("%s %s: %s", self.serving, event, why)
        if self._shelf is not None:
            self._shelf.note(self.serving, event, why, at)

    def _take_up(self, shelf: ModelShelf, now: datetime) -> None:
        """Let the kept model serve again; after a rollback by hand the next training takes its time."""
        found = shelf.taken_up(now)
        self.model, self._pupils = (None, {}) if found is None else found
        if self.model is not None:
            self._schooling.last = self.model.made_at
            self._why = "taken up from its files"
        rolled_back_at = shelf.registry.rolled_back_at
        if rolled_back_at is not None:
            self._schooling.last, self._why = rolled_back_at, "rolled back by hand"
