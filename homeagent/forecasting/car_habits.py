"""When a car leaves and comes, learned from the earlier sessions of its user alone.

A stay, and an absence, is a span of time that began at some hour and ends at one. The spans that were like the one that
is running (begun at about the same time of day, asking for about as much, not long ago) say how long it may last: each
as a chance that is drawn out around two ends, so long after the beginning as then, and at the same time of day as then.
A generic course of a day is mixed in with the weight of less than one span, so that nothing is ever impossible, and so
that the first sessions have something to go by. Kernel estimates of a conditional distribution (Hyndman, Bashtannyk and
Grunwald, "Estimating and visualizing conditional densities", Journal of Computational and Graphical Statistics 5, 1996)
are flatter than the truth where data are few, so the hazard is drawn apart around a middle one.

What is learned is a hazard: the chance that a span ends in a slot, given that it has lasted until then. So "hours
already plugged in" needs no further rule.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.car_sessions import CarSession
from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array

CLOCK_H = 6.0
"""Spans that began so many hours earlier or later in the day count a quarter."""
ENERGY = 0.6
"""Spans that asked for exp(0.6) as much or as little count a quarter."""
RECENT_DAYS = 40.0
"""A span of so many days ago counts half."""
SAME_CLOCK = 0.7
"""How much of a span's weight lies on the same time of day, the rest on the same length."""
CLOCK_SPREAD_H = 0.4
LENGTH_SPREAD = 0.25
"""A length of d hours is drawn out by this times its root."""
GENERIC, GENERIC_FADES = 0.8, 20.0
"""The generic day counts as so many spans; half as many once so many like this one are known."""
MIDDLE_PER_H, DRAWN_APART = 0.12, 1.6
"""Hazards are drawn apart around so many an hour: to this power in ratio to it."""
CHARGING_KW = 1.8
"""A stay that took more than this on its mean was as long as its charging: its length goes with the energy asked."""
SLOWEST_KW, EARLY = 3.6, 0.5
"""A car leaves so much less likely while it could not yet have what it asked for at a slow charger."""
FEW = 5
"""With fewer sessions it is said that it goes by a generic day."""

LEAVES_PER_H = frozen_array(
    [0.015] * 5
    + [0.045, 0.22, 0.60, 0.38, 0.22]
    + [0.18] * 4
    + [0.22, 0.22, 0.27, 0.27, 0.22]
    + [0.18] * 3
    + [0.12, 0.06]
)
"""How likely an unknown car leaves, an hour, by the local clock: to work, on errands, hardly at night."""
COMES_PER_H = frozen_array(
    [0.01] * 6 + [0.02] * 5 + [0.05] * 4 + [0.10, 0.20, 0.25, 0.20, 0.15, 0.10, 0.08, 0.06, 0.03]
)
"""How likely one that is away comes."""
BAND = (0.1, 0.9)
USUAL_KWH = 10.0
LEAST_KWH = 0.1
_DAY_S = 86400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spans:
    """Spans of one kind, in the order in which they ended; arrays of shape (spans,).

    `end_s` is when each ended [s since 1970], `clock_h` the local time of day when it began, `asked` the logarithm of
    what was asked in it.
    """

    end_s: FloatArray
    clock_h: FloatArray
    hours: FloatArray
    asked: FloatArray

    @classmethod
    def of(cls, begun: Iterable[tuple[datetime, datetime, float]], timezone: ZoneInfo) -> Spans:
        """Return spans of (begin, end, kWh)."""
        rows = sorted(begun, key=lambda row: (row[1], row[0]))
        return cls(
            end_s=frozen_array([end.timestamp() for _, end, _ in rows]),
            clock_h=frozen_array([clock_h(start, timezone) for start, _, _ in rows]),
            hours=frozen_array([(end - start).total_seconds() / 3600 for start, end, _ in rows]),
            asked=frozen_array([_log(kwh) for _, _, kwh in rows]),
        )

    def until(self, at: datetime) -> Spans:
        """Return those that had ended at `at`."""
        known = int(np.searchsorted(self.end_s, at.timestamp(), side="right"))
        return Spans(
            end_s=self.end_s[:known], clock_h=self.clock_h[:known], hours=self.hours[:known], asked=self.asked[:known]
        )

    def weights(self, begun: datetime, clock: float, kwh: float | None) -> FloatArray:
        """Return how much each counts for one that began then."""
        days_ago = np.maximum(begun.timestamp() - (self.end_s - self.hours * 3600), 0.0) / _DAY_S
        weight = 0.5 ** (days_ago / RECENT_DAYS) * _like(_apart_h(self.clock_h, clock) / CLOCK_H)
        return np.asarray(weight if kwh is None else weight * _like((self.asked - _log(kwh)) / ENERGY))

    def lengths_h(self, kwh: float | None) -> FloatArray:
        """Return how long each would have been if it had asked for `kwh`."""
        if kwh is None:
            return self.hours
        took_kwh = np.exp(self.asked)
        return np.where(took_kwh > CHARGING_KW * self.hours, self.hours * max(kwh, LEAST_KWH) / took_kwh, self.hours)


def hazard(
    spans: Spans, generic_per_h: FloatArray, begun: datetime, timezone: ZoneInfo, edges_h: FloatArray, kwh: float | None
) -> FloatArray:
    """Return the chance that a span ends between two edges [hours since it began], given that it lasted to the first.

    `spans` have to have ended before it began.
    """
    clock = clock_h(begun, timezone)
    weight = spans.weights(begun, clock, kwh)
    lengths_h = spans.lengths_h(kwh)
    at_clock_h = spans.hours + _apart_h(spans.clock_h, clock)
    possible = at_clock_h > CLOCK_SPREAD_H / 8
    shares = np.concatenate([weight * np.where(possible, 1 - SAME_CLOCK, 1.0), weight * possible * SAME_CLOCK])
    ends_h = np.concatenate([lengths_h, np.where(possible, at_clock_h, 1.0)])
    spread_h = np.concatenate([LENGTH_SPREAD * np.sqrt(lengths_h) + 0.1, np.full(len(spans.hours), CLOCK_SPREAD_H)])
    lasts = _above((edges_h[:, None] - ends_h) / spread_h) / _above(-ends_h / spread_h)
    total = float(weight.sum())
    generic = GENERIC * GENERIC_FADES / (GENERIC_FADES + total)
    lasting = (lasts @ shares + generic * _generic_lasts(generic_per_h, clock, edges_h)) / (total + generic)
    hours = np.maximum(np.diff(edges_h), 1e-9)
    per_h = np.log(np.maximum(lasting[:-1], 1e-12) / np.maximum(lasting[1:], 1e-12)) / hours
    per_h = MIDDLE_PER_H * (np.maximum(per_h, 0.0) / MIDDLE_PER_H) ** DRAWN_APART
    return np.asarray(-np.expm1(-per_h * hours))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CarHabits:
    """What one user's sessions tell of when the car leaves, comes, and what it asks."""

    timezone: ZoneInfo
    stays: Spans
    absences: Spans
    """From a plug-out to the next plug-in; what was asked then stands as their energy."""

    @classmethod
    def of(cls, sessions: Iterable[CarSession], timezone: ZoneInfo) -> CarHabits:
        """Return the habits that sessions show."""
        known = sorted(sessions, key=lambda one: (one.plug_in, one.plug_out))
        away = [
            (before.plug_out, after.plug_in, after.energy_kwh)
            for before, after in pairwise(known)
            if after.plug_in > before.plug_out
        ]
        return cls(
            timezone=timezone,
            stays=Spans.of(((one.plug_in, one.plug_out, one.energy_kwh) for one in known), timezone),
            absences=Spans.of(away, timezone),
        )

    def until(self, at: datetime) -> CarHabits:
        """Return what was known at `at`: the spans that had ended."""
        return replace(self, stays=self.stays.until(at), absences=self.absences.until(at))

    def leaves(self, plug_in: datetime, asked_kwh: float, edges_h: FloatArray) -> FloatArray:
        """Return the chance that it leaves between two edges [hours since plug-in], if it is there at the first."""
        spans = self.stays.until(plug_in)
        chances = hazard(spans, LEAVES_PER_H, plug_in, self.timezone, edges_h, asked_kwh)
        early = (edges_h[1:] + edges_h[:-1]) / 2 < asked_kwh / SLOWEST_KW
        return np.asarray(np.where(early, EARLY * chances, chances))

    def leaves_in(self, grid: TimeGrid, plug_in: datetime, asked_kwh: float) -> FloatArray:
        """Return the same for the slots of a grid, shape (count,); what lies before the plug-in is 0."""
        edges_h = np.maximum(_hours_since(grid, plug_in), 0.0)
        return self.leaves(plug_in, asked_kwh, edges_h)

    def comes_in(self, grid: TimeGrid, plug_out: datetime) -> FloatArray:
        """Return the chance that a car away since `plug_out` comes in each slot, if it is away at its start."""
        edges_h = np.maximum(_hours_since(grid, plug_out), 0.0)
        return hazard(self.absences.until(plug_out), COMES_PER_H, plug_out, self.timezone, edges_h, None)

    def asks_kwh(self, at: datetime) -> tuple[float, float, float]:
        """Return what it will ask when it comes: as usual, and the band that holds eight of ten."""
        known = self.stays.until(at)
        if not len(known.hours):
            return USUAL_KWH, USUAL_KWH / 4, USUAL_KWH * 3
        order = np.argsort(known.asked, kind="stable")
        weight = (0.5 ** ((at.timestamp() - known.end_s) / _DAY_S / RECENT_DAYS))[order]
        levels = (np.cumsum(weight) - weight / 2) / weight.sum()
        wider = (len(weight) + 1) / len(weight)  # as in conformal prediction: the next one is one more
        low, high = (np.clip(0.5 + (level - 0.5) * wider, 0.0, 1.0) for level in BAND)
        usual, least, most = np.exp(np.interp([0.5, float(low), float(high)], levels, known.asked[order]))
        return float(usual), float(least), float(most)

    def words(self, at: datetime) -> str:
        """Return in a few words what the departure is expected by."""
        count = len(self.stays.until(at).hours)
        if count >= FEW:
            return f"as learned from {count} earlier stays"
        known = "none" if count == 0 else f"only {count}"
        return f"as cars usually leave: {known} of its stays {'are' if count > 1 else 'is'} known yet"


def clock_h(at: datetime, timezone: ZoneInfo) -> float:
    """Return the local time of day [h]."""
    local = at.astimezone(timezone)
    return local.hour + local.minute / 60 + local.second / 3600


def _hours_since(grid: TimeGrid, at: datetime) -> FloatArray:
    since_h = (grid.start - at).total_seconds() / 3600
    return np.asarray(since_h + grid.step_hours * np.arange(grid.count + 1))


def _apart_h(clocks_h: FloatArray, clock: float) -> FloatArray:
    """Return how much later in the day each is, between -12 and 12 hours."""
    return np.asarray((clocks_h - clock + 12) % 24 - 12)


def _like(apart: FloatArray) -> FloatArray:
    """Return weights with heavy tails: a quarter one width apart."""
    return np.asarray(1 / (1 + apart**2) ** 2)


def _log(kwh: float) -> float:
    return float(np.log(max(kwh, LEAST_KWH)))


def _above(z: FloatArray) -> FloatArray:
    """Return the chance of more than `z` spreads: logistic, which is near the normal one, with a longer tail."""
    return np.asarray(1 / (1 + np.exp(np.clip(1.702 * z, -40, 40))))


def _generic_lasts(per_h: FloatArray, clock: float, edges_h: FloatArray) -> FloatArray:
    """Return the chance that a span of which nothing is known lasts until each edge."""
    summed = np.append(0.0, np.cumsum(per_h))
    days, hour = np.divmod(np.append(clock, clock + edges_h), 24)
    until = days * summed[-1] + np.interp(hour, np.arange(25), summed)
    return np.asarray(np.exp(until[0] - until[1:]))
