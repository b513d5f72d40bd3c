"""Finds the runs of one metered appliance: when it starts, how long it takes, what it needs."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.habits import ApplianceRuns, NotSeen, UsualTime
from homeagent.forecasting.calendar import IndexArray, LocalCalendar
from homeagent.forecasting.stretches import stretches

ON_SHARE, LEAST_ON_KW = 0.08, 0.02
"""In a run an appliance draws more than this share of its most at least once, and this much."""
BESIDE_STANDBY_KW = 0.01
"""A run lasts while it draws so much more than it usually does: water is moved between two heatings with little."""
PAUSE = timedelta(minutes=10)
"""A shorter pause belongs to the run: a washing machine soaks. Longer ones lie between two loads."""
LEAST_RUN_KWH = 0.05
LEAST_RUNS = 4
MOST_SPREAD_H = 2.5
OFTEN_ON = 1.6
"""A weekday is usual if it holds so many times its share of the runs."""
LEAST_ON_DAY = 2
_HOURS, _DAY_S, _HOUR_S, _EPOCH_WEEKDAY = 24, 86400, 3600, 3


def runs_of(name: str, drawn_kw: FloatArray, calendar: LocalCalendar) -> ApplianceRuns | None:
    """Return what an appliance's power says, None if it hardly ran; it begins with the calendar, NaN is a gap."""
    step = calendar.grid.step
    weeks = float((~np.isnan(drawn_kw)).sum() * (step / timedelta(weeks=1)))
    if not len(drawn_kw) or weeks <= 0:
        return None
    begins, ends, used_kwh = find_runs(drawn_kw, step)
    if len(begins) < LEAST_RUNS:
        return None
    local_s = int(calendar.grid.start.timestamp()) + begins * int(step.total_seconds()) + calendar.offset_s[begins]
    return ApplianceRuns(
        name=name,
        runs_per_week=len(begins) / weeks,
        energy_kwh=float(np.median(used_kwh)),
        hours=float(np.median(ends - begins) * (step / timedelta(hours=1))),
        usual_start=_usual_start(local_s % _DAY_S / _HOUR_S),
        usual_weekdays=_weekdays((local_s // _DAY_S + _EPOCH_WEEKDAY) % 7),
    )


def find_runs(drawn_kw: FloatArray, step: timedelta) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Return in which slots runs begin and end (exclusive), and what each used [kWh]; NaN is a gap."""
    power = np.where(np.isnan(drawn_kw), 0.0, drawn_kw)
    on = power > max(ON_SHARE * float(power.max(initial=0.0)), LEAST_ON_KW)
    standby_kw = float(np.median(power[~np.isnan(drawn_kw)])) if len(power) else 0.0
    begins, ends = _stretches(on | (power > standby_kw + BESIDE_STANDBY_KW), PAUSE // step - 1)
    energy, often = (np.concatenate([[0.0], np.cumsum(each)]) for each in (power * (step / timedelta(hours=1)), on))
    used_kwh = energy[ends] - energy[begins]
    kept = (used_kwh >= LEAST_RUN_KWH) & (often[ends] > often[begins])
    return begins[kept], ends[kept], used_kwh[kept]


def _stretches(running: BoolArray, pause: int) -> tuple[IndexArray, IndexArray]:
    """Return where runs begin and end (exclusive), pauses of up to so many slots bridged."""
    begins, ends = stretches(running)
    if not len(begins):
        return begins, ends
    apart = begins[1:] - ends[:-1] > pause
    return begins[np.concatenate([[True], apart])], ends[np.concatenate([apart, [True]])]


def _usual_start(hours: FloatArray) -> UsualTime | NotSeen:
    """Return the usual hour of the day, on the clock's circle; none where starts are spread over the day."""
    turn = np.exp(2j * np.pi * hours / _HOURS)
    middle = float(np.angle(turn.mean()) * _HOURS / (2 * np.pi))
    around = (hours - middle + _HOURS / 2) % _HOURS - _HOURS / 2
    low, centre, high = np.quantile(around, (0.25, 0.5, 0.75))
    spread = float(high - low) / 2
    if spread > MOST_SPREAD_H:
        return NotSeen(reason="at no usual time")
    return UsualTime(hour=float(middle + centre) % _HOURS, spread_hours=spread, days=len(hours), of_days=len(hours))


def _weekdays(weekday: IndexArray) -> tuple[int, ...]:
    count = np.bincount(weekday, minlength=7)
    return tuple(int(day) for day in np.flatnonzero((count >= LEAST_ON_DAY) & (count >= OFTEN_ON * len(weekday) / 7)))
