"""What learning is worth in forecasts: walked through real homes, retrained every 8 weeks, learning each night."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.config.places import place_of_zone
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import LEVELS, Course, course_of, part_of
from homeagent.forecasting.floor import fill_gaps, floor_scenarios
from homeagent.forecasting.learned import Quantity
from homeagent.forecasting.scores import pinball, score
from homeagent.learning.pupil import Pupil
from homeagent.learning.training import Request, train
from homeagent.simulation.home_data import read_home

pytestmark = [pytest.mark.full, pytest.mark.homes]

HOMES = {f"citylearn2022/home_{number:02d}": "America/Los_Angeles" for number in (1, 2, 4, 5, 6, 9, 11, 17)}
HOMES |= {"emhass_fr/home": "Europe/Paris"}
FIRST_DAY, RETRAIN_DAYS, KEPT_DAYS = 35, 56, 45


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """One forecast with what came [kW]: the student's quantiles, the floor's, each (slots, levels)."""

    quantity: Quantity
    day: int
    truth: FloatArray
    learned: FloatArray
    floor: FloatArray
    counts: FloatArray


def course(name: str, zone: ZoneInfo) -> Course:
    home = read_home(Path(os.environ["HOMEAGENT_DATA"]) / f"{name}.csv.gz")
    per_day = timedelta(days=1) // home.grid.step
    whole = TimeGrid(start=home.grid.start, step=home.grid.step, count=home.grid.count + per_day)
    history = History(grid=home.grid, load_kw=home.column("load_kw"), pv_kw=home.column("pv_kw"))
    return course_of(history, local_calendar(whole, zone, place_of_zone(zone.key)))


def floor_quantiles(course: Course, end: int, zone: ZoneInfo, quantity: Quantity) -> FloatArray:
    first = max(end - 42 * course.per_day, 0)
    past = TimeGrid(start=course.past.at(first), step=course.past.step, count=end - first)
    history = History(grid=past, load_kw=course.load_kw[first:end], pv_kw=course.pv_kw[first:end])
    grid = TimeGrid(start=course.past.at(end), step=course.past.step, count=course.per_day)
    days = floor_scenarios(history, grid, zone)
    values = fill_gaps(days.load_kw if quantity == "load" else days.pv_kw, 0.0)
    order = np.argsort(values, axis=0)
    reached = np.cumsum(days.weight[order], axis=0)
    ranked = np.take_along_axis(values, order, axis=0)
    at = [np.minimum((reached < level).sum(axis=0), len(ranked) - 1) for level in LEVELS]
    return np.stack([np.take_along_axis(ranked, index[None], axis=0)[0] for index in at], axis=-1)


def walk(course: Course, zone: ZoneInfo) -> Iterator[Asked]:
    """Yield a forecast from each midnight on, made by what had been learned until then."""
    per_day = course.per_day
    midnight = -(round(course.calendar.day_share[0] * per_day - 0.5)) % per_day
    pupils: dict[Quantity, Pupil] = {}
    for day in range(FIRST_DAY, (course.past.count - midnight) // per_day - 1):
        end = midnight + day * per_day
        if (day - FIRST_DAY) % RETRAIN_DAYS == 0:
            request = Request(
                course=part_of(course, 0, end, per_day),
                ahead=per_day,
                made_at=course.past.at(end),
                budget="normal",
                kind="int8",
                with_teacher=False,
            )
            trained = train(request, lambda _line: None).model
            assert trained is not None
            pupils = {quantity: Pupil(quantity, student, per_day) for quantity, student in trained.students.items()}
        recent = part_of(course, max(end - KEPT_DAYS * per_day, 0), end, per_day)
        for quantity, pupil in pupils.items():
            pupil.night(recent, day)
            values = course.load_kw if quantity == "load" else course.pv_kw
            learned = pupil.quantiles_kw(recent)
            yield Asked(
                quantity=quantity,
                day=day,
                truth=values[end : end + per_day],
                learned=learned,
                floor=floor_quantiles(course, end, zone, quantity),
                counts=(learned[:, -1] > 0).astype(np.float64),
            )


@pytest.mark.parametrize("name", HOMES)
@pytest.mark.timeout(1800)
def test_students_beat_the_floor_and_their_bands_hold(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    zone = ZoneInfo(HOMES[name])
    home = course(name, zone)
    began = time.process_time()
    asked = list(walk(home, zone))
    spent = time.process_time() - began
    lines = []
    for quantity in ("load", "pv"):
        part = [one for one in asked if one.quantity == quantity]
        truth, learned, floor, counts = (
            np.concatenate([getattr(one, what) for one in part]) for what in ("truth", "learned", "floor", "counts")
        )
        own, other = score(truth, learned, counts), score(truth, floor, counts)
        seen = ~np.isnan(truth)
        every = pinball(truth[seen], learned[seen]).mean() / pinball(truth[seen], floor[seen]).mean() - 1
        last = np.concatenate([np.abs(one.truth - one.learned[:, LEVELS.index(0.5)]) for one in part[-28:]])
        lines.append(
            f"{name} {quantity}: pinball {own.pinball_kw:.4f} ({every:+.1%} of the floor), MAE {own.mae_kw:.3f} "
            f"({other.mae_kw:.3f}), coverage {own.coverage:.3f} ({other.coverage:.3f}), "
            f"last 28 midnights MAE {np.nanmean(last):.3f}, {spent:.0f} CPU s"
        )
        assert every < 0
        assert 0.76 <= own.coverage <= 0.84
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201 - the table is what it is run for
