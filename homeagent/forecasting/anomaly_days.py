"""What close analyses share: local days and nights of a tape, and robust middles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.anomaly import Tape
from homeagent.domain.grid import FloatArray
from homeagent.forecasting.calendar import utc_offsets_s

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
YEAR_H = 8766.0
LEAST_DAYS = 10
"""Measured days before anything can be called unusual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The whole local days of a tape by today's offset from UTC: the clock's change moves the older ones by an hour."""

    first: int
    count: int
    per_day: int
    step_h: float

    def of(self, values: FloatArray) -> FloatArray:
        """Return a column by day, shape (days, slots of a day)."""
        return values[self.first : self.first + self.count * self.per_day].reshape(self.count, self.per_day)

    def hours(self, values: FloatArray, first_h: float, last_h: float) -> FloatArray:
        """Return the slots of each day between two hours."""
        return self.of(values)[:, round(first_h / self.step_h) : round(last_h / self.step_h)]

    def start(self, tape: Tape, day: int) -> datetime:
        """Return when a day began."""
        return tape.at(self.first + day * self.per_day)


def days_of(tape: Tape, timezone: ZoneInfo) -> Days:
    """Return the whole days of a tape."""
    step_s = tape.grid.step.total_seconds()
    per_day = DAY // tape.grid.step
    last = tape.grid.at(tape.grid.count - 1)
    offset = last.astimezone(timezone).utcoffset() or timedelta(0)
    since_midnight_s = (tape.grid.end.timestamp() + offset.total_seconds()) % DAY.total_seconds()
    end = tape.grid.count - round(since_midnight_s / step_s)
    count = max(end // per_day, 0)
    return Days(first=end - count * per_day, count=count, per_day=per_day, step_h=step_s / 3600)


def day_share(tape: Tape, timezone: ZoneInfo) -> FloatArray:
    """Return each slot's middle as a share of its local day."""
    step_s = tape.grid.step.total_seconds()
    start_s = tape.grid.start.timestamp() + np.arange(tape.grid.count) * step_s
    return np.asarray((start_s + utc_offsets_s(tape.grid, timezone)) % DAY.total_seconds() + step_s / 2) / 86400


def middle(values: FloatArray) -> float:
    """Return the median of what is known, NaN if nothing is."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def spread(values: FloatArray) -> float:
    """Return the median distance from the median, as a standard deviation of normal values."""
    return 1.4826 * middle(np.abs(values - middle(values)))


def longest_run(flags: FloatArray) -> tuple[int, int]:
    """Return where the longest run of true values begins and ends."""
    padded = np.concatenate([[0], flags.astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(padded))
    if not len(edges):
        return 0, 0
    begins, ends = edges[::2], edges[1::2]
    best = int(np.argmax(ends - begins))
    return int(begins[best]), int(ends[best])


def quantiles(rows: FloatArray, share: float) -> FloatArray:
    """Return a quantile of each row, NaN where less than half of it is known: sorted once, gaps last."""
    known = (~np.isnan(rows)).sum(axis=1)
    ranked = np.sort(rows, axis=1)
    at = np.clip(((known - 1) * share).round().astype(int), 0, rows.shape[1] - 1)
    found = ranked[np.arange(len(rows)), at]
    return np.where(2 * known >= rows.shape[1], found, np.nan)


def row_means(rows: FloatArray) -> FloatArray:
    """Return the mean of what is known of each row, NaN where nothing is."""
    known = ~np.isnan(rows)
    count = known.sum(axis=1)
    return np.where(count > 0, np.where(known, rows, 0.0).sum(axis=1) / np.maximum(count, 1), np.nan)


def row_medians(rows: FloatArray) -> FloatArray:
    """Return the median of what is known of each row, NaN where nothing is."""
    return np.array([middle(row) for row in rows])
