"""The recipe of the starter students: simulated homes in, students with cards out. Same seeds, same files.

Nothing of a real home goes in. Each home is seen at several moments of its first three weeks, with no more behind it
than there would be. One home in eight is held out: on those the cards' figures, trust and calibration are measured.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import IndexArray, local_calendar
from homeagent.forecasting.features import LEVELS, Course, Rows, course_of, part_of
from homeagent.forecasting.first_day import BINS, Usual, bins, usual_kw
from homeagent.forecasting.learned import (
    QUANTITIES,
    USUAL_TRUST,
    Quantity,
    calibrate,
    corrected,
    corrections_of,
    joined,
    lessons_of,
    measured,
    rows_of,
    some_rows,
)
from homeagent.forecasting.scores import Score, pinball, score
from homeagent.forecasting.student import Float32Array, teach
from homeagent.learning.lesson import untaught
from homeagent.learning.model import Model, Skill, Student
from homeagent.learning.model_files import CARD, save, write_atomically
from homeagent.learning.serving import exported
from homeagent.learning.starters import RECIPE, features_seen, starter_id
from homeagent.simulation.population import young_home

HOMES = 1600
HELD_OUT = 8
"""One home in so many is not learned from."""
DAYS = 22
FINEST = timedelta(minutes=30)
STEPS = (FINEST, timedelta(hours=1))
SLOTS_A_HOME = 192
"""Of each quantity, from as many moments as that makes."""
WIDTHS, EPOCHS, RATE = (32, 16), 6, 1e-3
HALVES_H = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
MADE_AT = datetime(2000, 1, 1, tzinfo=UTC)
"""Older than whatever a home has taught; files depend on nothing but the recipe."""
LICENCE = "Apache-2.0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pool:
    """The rows of one quantity from many homes; `held` are those of homes that are not learned from."""

    rows: Rows
    truth: FloatArray
    held: BoolArray


def make_starters(folder: Path, say: Callable[[str], None], homes: int = HOMES) -> list[Path]:
    """Write the starters and their cards into `folder`, and return their homes."""
    courses = [_course(seed) for seed in range(homes)]
    say(f"{homes} simulated homes of {DAYS} days")
    return [_make(folder, [_in_slots_of(course, step) for course in courses], say) for step in STEPS]


def _course(seed: int) -> Course:
    home = young_home(seed, DAYS, FINEST)
    grid = home.history.grid
    whole = TimeGrid(start=grid.start, step=FINEST, count=grid.count + timedelta(days=1) // FINEST)
    return course_of(home.history, local_calendar(whole, home.timezone, home.place))


def _in_slots_of(course: Course, step: timedelta) -> Course:
    inside = step // course.past.step
    if inside == 1:
        return course
    past, calendar = course.past, course.calendar
    first = slice(None, None, inside)
    middle = calendar.sun_height.reshape(-1, inside).mean(axis=1)
    return course_of(
        History(
            grid=TimeGrid(start=past.start, step=step, count=past.count // inside),
            load_kw=course.load_kw.reshape(-1, inside).mean(axis=1),
            pv_kw=course.pv_kw.reshape(-1, inside).mean(axis=1),
        ),
        replace(
            calendar,
            grid=TimeGrid(start=past.start, step=step, count=calendar.grid.count // inside),
            offset_s=calendar.offset_s[first],
            day_share=calendar.day_share.reshape(-1, inside).mean(axis=1),
            weekday=calendar.weekday[first],
            day_off=calendar.day_off[first],
            year_share=calendar.year_share[first],
            sun_height=middle,
        ),
    )


def _make(folder: Path, courses: Sequence[Course], say: Callable[[str], None]) -> Path:
    began = time.process_time()
    step = courses[0].past.step
    students: dict[Quantity, Student] = {}
    files: dict[Quantity, bytes] = {}
    samples: dict[Quantity, Float32Array] = {}
    for quantity in QUANTITIES:
        pool = _pool(quantity, courses)
        student = students[quantity] = _student(pool)
        counts = (pool.rows.counts > 0) & pool.held[:, None]
        sample = samples[quantity] = student.network.standardised(pool.rows.inputs[counts][::97][:64])
        ahead = courses[0].per_day
        files[quantity] = exported(student.network, "float32", ahead, sample, f"homeagent starter {quantity}")
        if student.marks is not None:
            gain = 1 - student.marks.pinball_kw / student.marks.floor_pinball_kw
            say(f"{starter_id(step)} {quantity}: loss {gain:.1%} under the floor's on {pool.held.sum()} held-out times")
    model = Model(
        model_id=starter_id(step),
        step_minutes=step // timedelta(minutes=1),
        made_at=MADE_AT,
        days_learned=0.0,
        students=students,
        notes=("a starter: taught by simulated homes alone, until this home has taught its own",),
    )
    home = save(model, files, samples, folder)
    card = json.loads((home / CARD).read_text(encoding="utf-8"))
    card["starter"] = _origin(courses, features_seen(step))
    write_atomically(home / CARD, _written(card))
    say(f"{home.name}: {time.process_time() - began:.0f} CPU seconds")
    return home


def _origin(courses: Sequence[Course], features: dict[Quantity, list[float]]) -> dict[str, Any]:
    """Return what a card tells of where a starter comes from."""
    return {
        "recipe": RECIPE,
        "command": "homeagent train --starters models/starters",
        "licence": LICENCE,
        "taught_by": f"{len(courses)} simulated homes (homeagent/simulation/population.py, seeds 0 to "
        f"{len(courses) - 1}), each in its first {DAYS} days; no real home",
        "marks": f"measured on every {HELD_OUT}th of them, which was not learned from",
        "features": features,
        "first_day": {quantity: _table(first_day(quantity, courses)) for quantity in QUANTITIES},
    }


def _written(card: dict[str, Any]) -> bytes:
    """Return a card as JSON with one line for each row of numbers."""
    text = json.dumps(card, indent=1, allow_nan=False)
    lines: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        numbers = bool(bare) and (bare[0].isdigit() or bare[0] == "-")
        closes = bare.startswith("]") and bool(lines) and (lines[-1][-1].isdigit())
        if (numbers or closes) and lines and (lines[-1].endswith(("[", ",")) or closes) and '"' not in bare:
            lines[-1] += bare if lines[-1].endswith("[") or closes else f" {bare}"
        else:
            lines.append(line)
    return "\n".join(lines).encode() + b"\n"


def _table(usual: Usual) -> dict[str, Any]:
    return {
        "kw": [[round(float(value), 4) for value in row] for row in usual.kw],
        "share": [[round(float(value), 4) for value in row] for row in usual.share],
        "half_h": usual.half_h,
    }


def _pool(quantity: Quantity, courses: Sequence[Course]) -> _Pool:
    """Return rows of all homes at a few moments each, from the second day on."""
    per_day = courses[0].per_day
    parts, truths, held = [], [], []
    for seed, course in enumerate(courses):
        rng = np.random.default_rng([seed, 12])
        origins = np.sort(rng.integers(per_day, course.past.count - per_day + 1, SLOTS_A_HOME // per_day))
        rows = rows_of(quantity, course, origins, per_day)
        parts.append(rows)
        truths.append(measured(quantity, course, origins, rows))
        held.append(np.full(len(origins), seed % HELD_OUT == 0))
    return _Pool(rows=joined(parts), truth=np.concatenate(truths), held=np.concatenate(held))


def _student(pool: _Pool) -> Student:
    """Return a student taught on the homes to learn from, with the marks that it has on the others.

    How far it is trusted begins half way between what serves best on the simulated homes and what is usual.
    """
    rows, truth = some_rows(pool.rows, ~pool.held), pool.truth[~pool.held]
    network = untaught(rows, truth, WIDTHS, 0)
    teach(network, lessons_of(network, rows, truth), EPOCHS, RATE, seed=0)
    held, came = some_rows(pool.rows, pool.held), pool.truth[pool.held]
    corrections = corrections_of(network, network, held)
    trust = (1.0 + USUAL_TRUST) / 2
    said = corrected(held, corrections, trust)
    counts = held.counts > 0
    calibration = calibrate(came[counts], said[counts])
    own, floor = score(came, said, held.counts), score(came, held.base, held.counts)
    return Student(network=network, trust=trust, calibration=calibration, kind="float32", marks=_marks(own, floor))


def _marks(own: Score, floor: Score) -> Skill:
    return Skill(
        pinball_kw=own.pinball_kw,
        floor_pinball_kw=floor.pinball_kw,
        mae_kw=own.mae_kw,
        floor_mae_kw=floor.mae_kw,
        coverage=own.coverage,
    )


def first_day(quantity: Quantity, courses: Sequence[Course]) -> Usual:
    """Return what the homes to learn from usually do, and how fast their own hours should count."""
    taught = [course for seed, course in enumerate(courses) if seed % HELD_OUT]
    count = BINS[quantity]
    where = [bins(quantity, course)[: course.past.count] for course in taught]
    values = [course.load_kw if quantity == "load" else course.pv_kw for course in taught]
    all_bins, all_kw = np.concatenate(where), np.concatenate(values)
    usual = np.array([all_kw[all_bins == at].mean() if (all_bins == at).any() else 0.0 for at in range(count)])
    usual /= usual.mean() if quantity == "load" else max(usual.max(), 1e-9)
    shares = [kw / max(kw.sum() / usual[at].sum(), 1e-9) for kw, at in zip(values, where, strict=True)]
    tables = [_quantiles(all_bins, found, count) for found in (all_kw, np.concatenate(shares))]
    choices = [Usual(kw=tables[0], share=tables[1], half_h=half_h) for half_h in HALVES_H]
    losses = [_first_day_loss(quantity, choice, taught) for choice in choices]
    return choices[int(np.argmin(losses))]


def _quantiles(where: IndexArray, values: FloatArray, count: int) -> FloatArray:
    rows = [np.quantile(values[where == at], LEVELS) if (where == at).any() else None for at in range(count)]
    last = np.zeros(len(LEVELS))
    found = []
    for row in rows:  # a height that the sun never reached is as the one below
        last = last if row is None else row
        found.append(last)
    return np.array(found)


def _first_day_loss(quantity: Quantity, usual: Usual, courses: Sequence[Course]) -> float:
    losses = []
    for seed, course in enumerate(courses[::4]):
        at = 1 + seed % (course.per_day - 1)
        said = usual_kw(quantity, usual, part_of(course, 0, at, course.per_day))
        values = course.load_kw if quantity == "load" else course.pv_kw
        if said is not None:
            losses.append(pinball(values[at : at + course.per_day], said).mean())
    return float(np.mean(losses))
