"""When the home's students are trained, what a training is given, and the process that does it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.outsourcing import Outsourcing
from homeagent.agent.remembering import KEEP, Memory
from homeagent.agent.thinking import MEMORY
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.learning import LearningRules
from homeagent.domain.machine import MachineState
from homeagent.domain.site import SiteSpec
from homeagent.footprint.machine import read_machine
from homeagent.forecasting.learned import Quantity
from homeagent.forecasting.tflite_file import Kind
from homeagent.learning.child import NotThere, train_in_child
from homeagent.learning.means import means_for
from homeagent.learning.model import Market, Student
from homeagent.learning.training import LEAST_DAYS, Request, Trained, measured_days

_LOGGER = logging.getLogger(__name__)

MONEY_DAYS = timedelta(days=14)
AGAIN_AFTER = timedelta(days=14)
"""A challenger that was refused is followed by another one no later than this."""

Prices = Callable[[TimeGrid], tuple[FloatArray, FloatArray]]
"""Gives import and export prices [currency/kWh] on a grid of the past; NaN where they are not known."""


class Schooling:
    """One training at a time. `last` is when the last one began, or what serves was made or gone back to.

    `waits_for` is why one that is due has not begun, None while none is due. `machine` is not asked where the rules are
    patient: a backtest's result must not hang on the weather in the room.
    """

    def __init__(
        self,
        site: SiteSpec,
        rules: LearningRules,
        memory: Memory,
        prices: Prices,
        kind: Kind,
        machine: Callable[[], MachineState] = read_machine,
    ) -> None:
        self.last: datetime | None = None
        self.waits_for: str | None = None
        self._machine = machine
        self._due_since: datetime | None = None
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
            if sent is not None:
                self.elsewhere.succeed()
            return done
        if sent is not None:  # it is due still, here
            at, self.last = sent
            self.elsewhere.fail(done.why, at)
            self.waits_for = self.elsewhere.waits_for(at)
        return None

    @property
    def teaching(self) -> bool:
        """Whether a training goes on."""
        return self._training is not None and not self._training.done()

    def begin(self, end: datetime, champions: Mapping[Quantity, Student]) -> Trained | None:
        """Train on what there is up to `end`, if the machine can bear it; return what came of it if the rules wait."""
        if self._rules.patient:
            self.last = end
            return train_in_child(self.request(end, champions), _LOGGER.info)
        if self.elsewhere.takes:
            if self._training is None:
                self._sent = end, self.last
                self.last, self.waits_for = end, None
                self._training = self._worker.submit(self.elsewhere.train, self.request(end, champions), _LOGGER.info)
            return None
        self._due_since = self._due_since or end
        machine = self._machine() if self._rules.heed_machine else MachineState()
        means = means_for(machine, self._rules.budget, end - self._due_since)
        wait = self.elsewhere.waits_for(end) or means.wait
        if wait is not None:
            if self.waits_for is None:
                _LOGGER.info("a training waits: %s", wait)
            self.waits_for = wait
            return None
        self.last, self.waits_for, self._due_since = end, None, None
        self.elsewhere.done_here()
        if self._training is None:
            request = self.request(end, champions)
            teacher = request.with_teacher and means.teacher
            request = replace(request, budget=means.budget, with_teacher=teacher)
            self._training = self._worker.submit(train_in_child, request, _LOGGER.info)
        return None

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
