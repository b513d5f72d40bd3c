"""Others' weather forecasts for the learner: what was known when, for as long as it learns from, in its own slots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import IssuedForecast, resampled
from homeagent.forecasting.issued_ahead import NAMES, IssuedAhead
from homeagent.forecasting.provider_pv import STALE

APART = timedelta(hours=3)
"""Of older issues one in so many hours is kept: a newer one replaces the last while that is younger."""
EPOCH = datetime.fromtimestamp(0, UTC)


class IssueBook:
    """Keeps one row an issue: what was known from then on of each quantity, whoever said it last."""

    def __init__(self, step: timedelta, ahead: int, keep: timedelta) -> None:
        self._step = step
        self._keep = keep // step
        self._span = ahead + STALE // step
        self._since: list[int] = []
        self._rows: list[FloatArray] = []
        self._kept_at: list[int] = []

    def add(self, issued: IssuedForecast) -> None:
        """Take in a forecast; they come in order of time, and one that comes late is left out."""
        if issued.quantity not in NAMES:
            return
        since = -((EPOCH - issued.issued_at) // self._step)
        if self._since and since < self._since[-1]:
            return
        grid = TimeGrid(start=EPOCH + since * self._step, step=self._step, count=self._span)
        new = resampled(issued.grid, issued.mean, grid)
        row = self._carried_on(since)
        name = NAMES.index(issued.quantity)
        row[name] = np.where(np.isnan(new), row[name], new)
        if self._since and self._since[-1] == since:
            self._rows[-1] = row
            return
        self._since.append(since)
        self._rows.append(row)
        self._thin_out(since)

    def _carried_on(self, since: int) -> FloatArray:
        """Return what was known before, seen from `since` on; no longer than a forecast may stand still."""
        row = np.full((len(NAMES), self._span), np.nan)
        if self._since:
            gone = since - self._since[-1]
            row[:, : max(self._span - gone, 0)] = self._rows[-1][:, gone:]
        return row

    def _thin_out(self, now: int) -> None:
        """Forget what is too old, and of the rest all but the first in each three hours, the newest two apart."""
        apart = max(APART // self._step, 1)
        if self._since[-2:-1] and self._since[-3:-2] and self._since[-2] // apart == self._since[-3] // apart:
            del self._since[-2], self._rows[-2]
        while self._since[0] < now - self._keep:
            del self._since[0], self._rows[0]

    def on(self, grid: TimeGrid) -> IssuedAhead | None:
        """Return what was known from when on, in slots of a course on `grid`; None where nothing ever was."""
        if not self._since:
            return None
        first = (grid.start - EPOCH) // self._step
        return IssuedAhead(since=np.array(self._since) - first, values=np.array(self._rows))
