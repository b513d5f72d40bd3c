"""When the home's students are trained, what a training is given, and the process that does it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.due_book import DueBook
from homeagent.agent.host_state import HostWatch
from homeagent.agent.outsourcing import Outsourcing
from homeagent.agent.remembering import HOUR, KEEP, Memory
from homeagent.agent.thinking import MEMORY
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.learning import LearningRules
from homeagent.domain.site import SiteSpec
from homeagent.forecasting.learned import Quantity
from homeagent.forecasting.tflite_file import Kind
from homeagent.learning.child import NotThere, train_in_child
from homeagent.learning.hours import PowerAhead, best_hour
from homeagent.learning.means import means_for
from homeagent.learning.model import Market, Student
from homeagent.learning.training import LEAST_DAYS, Request, Trained, measured_days

_LOGGER = logging.getLogger(__name__)

MONEY_DAYS = timedelta(days=14)
AGAIN_AFTER = timedelta(days=14)
"""A challenger that was refused is followed by another one no later than this."""

LOOK_AGAIN = timedelta(minutes=10)
"""So long after a training could not begin it is asked again."""

Ahead = Callable[[datetime], PowerAhead | None]
"""Says what power will be like from a time on, None where nothing is planned."""
Prices = Callable[[TimeGrid], tuple[FloatArray, FloatArray]]
"""Gives import and export prices [currency/kWh] on a grid of the past; NaN where they are not known."""


class Schooling:
    """One training at a time. `last` is when the last one began, or what serves was made or gone back to.

    `waits_for` is why one that is due has not begun, None while none is due. `host` and `ahead` say whether the machine
    bears one and when power is at its best. Neither is asked where the rules are patient: a backtest trains at once.
    """

    def __init__(self, site: SiteSpec, rules: LearningRules, memory: Memory, prices: Prices, kind: Kind) -> None:
        self.last: datetime | None = None
        self.waits_for: str | None = None
        self.host = HostWatch()
        self.ahead: Ahead | None = None
        self.due_book = DueBook()
        self._asked_at: datetime | None = None
        self._site = site
        self._rules = rules
        self._memory = memory
        self._prices = prices
        self._kind = kind
        self.elsewhere = Outsourcing(rules.offload)
        self._sent: tuple[datetime, datetime | None] | None = None
        self._training: Future[Trained | NotThere] | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="training")

    def done(self) -> Trained | None:
        """Return a training that has ended since it was last asked for."""
        if self._training is None or not self._training.done():
            return None
        training, self._training = self._training, None
        sent, self._sent = self._sent, None
        try:
            done = training.result()
        except Exception as error:  # no process could be started, say  # noqa: BLE001 - the agent goes on with what it has
            done = Trained(model=None, cpu_seconds=0.0, reason=f"the training failed: {type(error).__name__}: {error}")
        if isinstance(done, Trained):
            return done
        if sent is not None:  # it is due still, here
            at, self.last = sent
            self.elsewhere.fail(at)
            self.waits_for = self.elsewhere.waits_for(at)
        return None

    @property
    def teaching(self) -> bool:
        """Whether a training goes on."""
        return self._training is not None and not self._training.done()

    @property
    def unsettled(self) -> bool:
        """Whether a training goes on, or what came of it was not taken in yet."""
        return self._training is not None

    def begin(self, now: datetime, champions: Mapping[Quantity, Student]) -> Trained | None:
        """Train on what there is, if machine and hour are good or it is overdue; return what came if the rules wait."""
        end = slot_start(now, HOUR)
        if self._rules.patient:
            self.last = end
            return train_in_child(self.request(end, champions), _LOGGER.info)
        self._asked_at = now
        if self.elsewhere.takes:
            if self._training is None:
                self._sent = now, self.last
                self.last = end
                self.wait_no_longer()
                self._training = self._worker.submit(self.elsewhere.train, self.request(end, champions), _LOGGER.info)
            return None
        latest = self._due_since(now) + self._rules.wait
        means = means_for(
            self.host.effort(now), self.host.state.available_mb, self._rules.budget, overdue=now >= latest
        )
        wait = self.elsewhere.waits_for(now) or means.wait or self._better_hour(now, latest)
        if wait is not None:
            self._wait_for(wait)
            return None
        self.last = end
        self.wait_no_longer()
        self.elsewhere.done_here()
        if self._training is None:
            request = self.request(end, champions)
            teacher = request.with_teacher and means.teacher
            request = replace(request, budget=means.budget, with_teacher=teacher)
            self._training = self._worker.submit(train_in_child, request, _LOGGER.info)
        return None

    def _due_since(self, now: datetime) -> datetime:
        """Return since when a training is due: as noted, unless one was made since then or the clock went back."""
        since = self.due_book.since
        if since is None or since > now or (self.last is not None and since < self.last):
            since = now
            self.due_book.note(now)
        return since

    def wait_no_longer(self) -> None:
        """Forget what a training waited for: it began, or is not due any more."""
        self.waits_for = None
        self.due_book.note(None)

    def wants_another_look(self, now: datetime) -> bool:
        """Return whether a training waits and was not asked of late whether it may begin."""
        asked_at = self._asked_at
        if self.waits_for is None or asked_at is None:
            return False
        return not asked_at <= now < slot_start(asked_at, LOOK_AGAIN) + LOOK_AGAIN

    def _better_hour(self, now: datetime, latest: datetime) -> str | None:
        """Return what to wait for, None where no better hour is within reach."""
        if self.ahead is None or now >= latest:
            return None
        ahead = self.ahead(now)
        if ahead is None:
            return "a plan, to choose its hour by"
        hour = best_hour(ahead, now, latest)
        if hour.why is None:
            return None
        return f"{hour.why}, expected at {hour.at.astimezone(self._site.timezone):%H:%M}"

    def _wait_for(self, wait: str) -> None:
        if self.waits_for is None or _gist(wait) != _gist(self.waits_for):
            _LOGGER.info("a training waits: %s", wait)
        self.waits_for = wait

    def due(self, end: datetime, *, refused: bool) -> bool:
        """Return whether it is time for a training; `refused` says that the last one's student does not serve."""
        every, last = self._rules.train_every, self.last
        if every is None:
            return False
        if refused:
            every = min(every, AGAIN_AFTER)
        return (last is None or end - last >= every) and measured_days(self._memory.course(end, MEMORY)) >= LEAST_DAYS

    def request(self, end: datetime, champions: Mapping[Quantity, Student]) -> Request:
        """Return what a training is given; `champions` are what it will be held against."""
        self._memory.add_older(end)
        return Request(
            course=self._memory.course(end, KEEP),
            ahead=self._memory.ahead,
            made_at=end,
            champions={quantity: replace(student, notes=None) for quantity, student in champions.items()},
            budget=self._rules.budget,
            kind=self._kind,
            market=self._market(end),
            with_teacher=self._rules.teacher,
        )

    def _market(self, end: datetime) -> Market | None:
        """Return what energy cost in the last weeks, None where that is not known."""
        if self._site.peak_charge is not None:
            return None
        step = self._memory.step
        count = MONEY_DAYS // step
        grid = TimeGrid(start=end - count * step, step=step, count=count)
        imports, exports = self._prices(grid)
        known = ~np.isnan(imports) & ~np.isnan(exports)
        if not known.any() or not known[int(known.argmax()) :].all():
            return None
        first = int(known.argmax())
        return Market(site=self._site, import_per_kwh=imports[first:], export_per_kwh=exports[first:])


def _gist(wait: str) -> str:
    """Return a reason without its numbers, which change all the time."""
    return "".join(letter for letter in wait if not letter.isdigit())
