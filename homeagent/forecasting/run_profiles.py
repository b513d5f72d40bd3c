"""What an appliance draws in a run, learned from its past runs: its programmes, and what to expect of the next one.

It needs the appliance's own power (a metering plug): in the power of the whole home a programme is not told apart.
Runs of about the same length and energy are one programme, each around the run with the most like it (a greedy choice
of medoids). What a start costs is linear in the power, so the mean of the runs, laid start on start, is the profile
with which the expected cost of each start is right, whichever programme is chosen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from homeagent.domain.grid import FloatArray, IntArray
from homeagent.forecasting.appliance_runs import find_runs

ALIKE = 0.25
"""Runs whose lengths and energies differ by less than this factor (in logarithms) are one programme."""
LEAST_RUNS = 3
MOST_RUNS = 60
"""Older runs are forgotten."""
LATEST_END = 0.9
"""The profile is as long as so many of the runs at most: later ends are rare."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Programme:
    """Runs that are alike: the mean power by minute, what one uses with its standard deviation, and how many there are.

    `share` is of all runs that were looked at.
    """

    profile_kw: FloatArray
    energy_kwh: float
    energy_sd_kwh: float
    runs: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RunProfile:
    """What the next run is expected to draw, and the programmes that it may be, the most frequent first."""

    expected: Programme
    programmes: tuple[Programme, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TooFewRuns:
    """Why no programme is known."""

    reason: str


def run_profile(drawn_kw: FloatArray, step: timedelta) -> RunProfile | TooFewRuns:
    """Return what an appliance's own power says of its runs; NaN is a gap, and a run with one does not count."""
    begins, ends, used_kwh = find_runs(drawn_kw, step)
    whole = [
        k
        for k, (begin, end) in enumerate(zip(begins, ends, strict=True))
        if begin > 0 and end < len(drawn_kw) and not np.isnan(drawn_kw[begin - 1 : end + 1]).any()
    ][-MOST_RUNS:]
    if len(whole) < LEAST_RUNS:
        return TooFewRuns(reason=f"{len(whole)} whole runs were seen, {LEAST_RUNS} are needed")
    courses = [drawn_kw[begins[k] : ends[k]] for k in whole]
    used = used_kwh[whole]
    members = _alike(np.array([len(course) for course in courses]), used)
    return RunProfile(
        expected=_programme(courses, used, np.arange(len(courses)), step),
        programmes=tuple(_programme(courses, used, own, step) for own in members),
    )


def _alike(length: IntArray, used_kwh: FloatArray) -> list[IntArray]:
    """Return the runs of each programme, the most frequent programme first; of equals the one seen first."""
    size, energy = np.log(length), np.log(used_kwh)
    apart = np.maximum(abs(size[:, None] - size), abs(energy[:, None] - energy))
    left = np.ones(len(length), dtype=bool)
    found = []
    while left.any():
        near = (apart < ALIKE) & left & left[:, None]
        own = np.flatnonzero(near[int(near.sum(axis=1).argmax())])
        left[own] = False
        found.append(own)
    return found


def _programme(courses: list[FloatArray], used_kwh: FloatArray, own: IntArray, step: timedelta) -> Programme:
    """Return the mean of runs laid start on start; its energy is theirs though its rare last end is cut."""
    lengths = np.array([len(courses[k]) for k in own])
    slots = math.ceil(float(np.quantile(lengths, LATEST_END)))
    total = np.zeros(slots)
    for k in own:
        course = courses[k][:slots]
        total[: len(course)] += course
    energy = float(used_kwh[own].mean())
    mean_kw = total / len(own)
    mean_kw *= energy / max(float(mean_kw.sum()) * (step / timedelta(hours=1)), 1e-9)
    return Programme(
        profile_kw=np.repeat(mean_kw, step // MINUTE),
        energy_kwh=energy,
        energy_sd_kwh=float(used_kwh[own].std()),
        runs=len(own),
        share=len(own) / len(courses),
    )
