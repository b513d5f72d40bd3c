"""What learning is worth in forecasts: walked through real homes, retrained every 8 weeks, learning each night.

No future weather, and nobody learns from what it is then asked. The other methods are fitted when the student is, on
the same rows; what is pruned is served with the trust and the calibration of the student that it was pruned from.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import lightgbm
import numpy as np
import pytest

from homeagent.config.places import place_of_zone
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.compression import without_weights
from homeagent.forecasting.features import LEVELS, Course, Rows, course_of, part_of
from homeagent.forecasting.floor import fill_gaps, floor_scenarios
from homeagent.forecasting.learned import (
    QUANTITIES,
    Calibration,
    Quantity,
    Runner,
    calibrated_kw,
    corrected,
    corrections_of,
    lessons_of,
    rows_of,
)
from homeagent.forecasting.scores import pinball, score
from homeagent.forecasting.student import Network, teach
from homeagent.forecasting.tflite_file import Kind
from homeagent.learning.ladder import FINE_TUNING_EPOCHS, FINE_TUNING_RATE, cpu_s_per_10000
from homeagent.learning.lesson import Plan, Split, give, split_rows
from homeagent.learning.pupil import Pupil
from homeagent.learning.runtime import Runtime, choose
from homeagent.learning.serving import exported, opened
from homeagent.learning.teacher import LEAST_IN_LEAF, LEAVES, MOST_ROWS, RATE, TAUGHT_LEVELS, TREES, Teacher
from homeagent.simulation.home_data import read_home

pytestmark = [pytest.mark.full, pytest.mark.homes]

HOMES = {f"citylearn2022/home_{number:02d}": "America/Los_Angeles" for number in (1, 2, 4, 5, 6, 9, 11, 17)}
HOMES |= {"emhass_fr/home": "Europe/Paris"}
FIRST_DAY, RETRAIN_DAYS, KEPT_DAYS = 35, 56, 45
SHARES = (0.5, 0.8)
METHODS = (
    "seasonal naive",
    "frozen floor",
    "LightGBM",
    "teacher",
    "student float32",
    "student int8",
    "int8, 50 % pruned",
    "int8, 80 % pruned",
)
AS_IT_IS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """One forecast with what came [kW]: the quantiles (slots, levels) of each method."""

    quantity: Quantity
    truth: FloatArray
    said: Mapping[str, FloatArray]
    counts: FloatArray


@dataclass(slots=True, kw_only=True, eq=False)
class Fitted:
    """All that was fitted for one quantity at one time, with what it took."""

    pupil: Pupil
    booster: LightGbm
    teacher: Teacher
    pruned: Mapping[str, Network]
    files: dict[str, bytes] = field(default_factory=dict)
    runners: dict[str, Runner] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class LightGbm:
    """The teacher's task and settings in another library: what a strong model finds in the same inputs."""

    boosters: list[lightgbm.LGBMRegressor]

    @classmethod
    def of(cls, rows: Rows, truth: FloatArray) -> LightGbm:
        chosen = (rows.counts > 0) & ~np.isnan(truth)
        inputs, apart = rows.inputs[chosen], truth[chosen][:, None] - rows.base[chosen]
        some = np.random.default_rng(0).permutation(len(inputs))[:MOST_ROWS]
        return cls(
            [
                lightgbm.LGBMRegressor(
                    objective="quantile",
                    alpha=LEVELS[level],
                    n_estimators=TREES,
                    num_leaves=LEAVES,
                    learning_rate=RATE,
                    min_child_samples=LEAST_IN_LEAF,
                    colsample_bytree=0.5,
                    n_jobs=1,
                    verbose=-1,
                ).fit(inputs[some], apart[some, level])
                for level in TAUGHT_LEVELS
            ]
        )

    def corrections(self, rows: Rows) -> FloatArray:
        inputs = rows.inputs.reshape(-1, rows.inputs.shape[-1])
        known = [np.asarray(booster.booster_.predict(inputs), dtype=np.float64) for booster in self.boosters]
        at = np.arange(len(LEVELS))
        taught = np.stack([np.interp(at, TAUGHT_LEVELS, row) for row in np.stack(known, axis=-1)])
        shaped: FloatArray = taught.reshape(*rows.base.shape)
        return shaped


class Costs:
    """What each method took, by quantity and method."""

    def __init__(self) -> None:
        self.train_s: dict[tuple[Quantity, str], list[float]] = defaultdict(list)
        self.forecast_s: dict[tuple[Quantity, str], float] = {}
        self.bytes: dict[tuple[Quantity, str], int] = {}
        self.night_s: list[float] = []


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


def naive_quantiles(values: FloatArray, end: int, per_day: int) -> FloatArray:
    """Return yesterday, spread as each of the last four weeks' days differed from the day before it."""
    days = values[end - 28 * per_day : end].reshape(28, per_day)
    yesterday = np.where(np.isnan(days[-1]), np.nan_to_num(np.nanmean(days, axis=0)), days[-1])
    apart = np.nan_to_num(np.nanquantile(np.diff(days, axis=0), LEVELS, axis=0)).T
    found: FloatArray = np.maximum(yesterday[:, None] + apart, 0.0)
    return found


def fitted(quantity: Quantity, course: Course, costs: Costs) -> Fitted:
    ahead = course.per_day
    split = split_rows(quantity, course, ahead)
    plan = Plan(
        ahead=ahead,
        budget="normal",
        kind="int8",
        start=None,
        with_teacher=False,
        search=False,
        compress=False,
        seed=0,
    )

    def timed(method: str, began: float) -> None:
        costs.train_s[quantity, method].append(time.process_time() - began)

    began = time.process_time()
    taught = give(quantity, course, split, plan, lambda _line: None)
    timed("student int8", began)
    began = time.process_time()
    booster = LightGbm.of(split.rows, split.truth)
    timed("LightGBM", began)
    began = time.process_time()
    teacher = Teacher.of(split.rows, split.truth, 0)
    timed("teacher", began)
    pruned = {}
    for share, method in zip(SHARES, METHODS[-2:], strict=True):
        began = time.process_time()
        pruned[method] = _pruned(taught.student.network, split, share)
        timed(method, began)
    return Fitted(pupil=Pupil(quantity, taught.student, ahead), booster=booster, teacher=teacher, pruned=pruned)


def _pruned(network: Network, split: Split, share: float) -> Network:
    smaller = without_weights(network, share)
    teach(smaller, lessons_of(smaller, split.rows, split.truth), FINE_TUNING_EPOCHS, FINE_TUNING_RATE)
    return smaller


def export(one: Fitted, networks: Mapping[str, Network], runtime: Runtime, ahead: int) -> None:
    """Write each network as a file and open it, as the agent does."""
    for method, network in networks.items():
        kind: Kind = "float32" if method == "student float32" else "int8"
        sample = network.standardised(one.pupil.sample)
        one.files[method] = exported(network, kind, ahead, sample, "homeagent")
        one.runners[method] = opened(one.files[method], network, runtime, ahead, sample)


def walk(course: Course, zone: ZoneInfo, costs: Costs) -> Iterator[Asked]:
    """Yield a forecast from each midnight on, made by what had been learned until then."""
    per_day, runtime = course.per_day, choose()
    midnight = -(round(course.calendar.day_share[0] * per_day - 0.5)) % per_day
    models: dict[Quantity, Fitted] = {}
    for day in range(FIRST_DAY, (course.past.count - midnight) // per_day - 1):
        end = midnight + day * per_day
        if (day - FIRST_DAY) % RETRAIN_DAYS == 0:
            past = part_of(course, 0, end, per_day)
            models = {quantity: fitted(quantity, past, costs) for quantity in QUANTITIES}
            for one in models.values():
                export(one, one.pruned, runtime, per_day)
        recent = part_of(course, max(end - KEPT_DAYS * per_day, 0), end, per_day)
        for one in models.values():
            began = time.process_time()
            one.pupil.night(recent, day)
            network = one.pupil.student.network
            export(one, {"student int8": network}, runtime, per_day)
            costs.night_s.append(time.process_time() - began)
            export(one, {"student float32": network}, runtime, per_day)
            yield asked(course, end, zone, one, recent)
    for quantity, one in models.items():
        _measure(quantity, one, recent, costs)


def asked(course: Course, end: int, zone: ZoneInfo, one: Fitted, recent: Course) -> Asked:
    quantity, student = one.pupil.quantity, one.pupil.student
    values = course.load_kw if quantity == "load" else course.pv_kw
    rows = rows_of(quantity, recent, np.array([recent.past.count]), course.per_day)
    said = {
        "seasonal naive": naive_quantiles(values, end, course.per_day) * (rows.counts[0] > 0)[:, None],
        "frozen floor": floor_quantiles(course, end, zone, quantity),
    }
    for method, boosted in (("LightGBM", one.booster), ("teacher", one.teacher)):
        plain = corrected(rows, boosted.corrections(rows), AS_IT_IS)
        said[method] = calibrated_kw(rows, plain, Calibration.none())[0]
    for method, run in one.runners.items():
        plain = corrected(rows, corrections_of(run, student.network, rows), student.trust)
        said[method] = calibrated_kw(rows, plain, student.calibration)[0]
    return Asked(quantity=quantity, truth=values[end : end + course.per_day], said=said, counts=rows.counts[0])


def _measure(quantity: Quantity, one: Fitted, recent: Course, costs: Costs) -> None:
    rows = rows_of(quantity, recent, np.array([recent.past.count]), recent.per_day)
    standard = one.pupil.student.network.standardised(rows.inputs[0])
    for method, run in one.runners.items():
        costs.forecast_s[quantity, method] = cpu_s_per_10000(partial(run, standard))
        costs.bytes[quantity, method] = len(one.files[method])
    costs.forecast_s[quantity, "LightGBM"] = cpu_s_per_10000(lambda: one.booster.corrections(rows), 5)
    costs.forecast_s[quantity, "teacher"] = cpu_s_per_10000(lambda: one.teacher.corrections(rows), 5)


@pytest.fixture(scope="module")
def ratios(request: pytest.FixtureRequest) -> Iterator[dict[tuple[str, str], list[float]]]:
    """Loss against the floor by quantity and method, home by home; the means are printed in the end."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    yield found
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        for (quantity, method), values in found.items():
            print(f"| mean of {len(values)} homes | {quantity} | {method} | {np.mean(values):+.1%} |")  # noqa: T201 - the table


@pytest.mark.parametrize("name", HOMES)
@pytest.mark.timeout(3600)
def test_students_beat_the_floor_and_their_bands_hold(
    name: str, capsys: pytest.CaptureFixture[str], ratios: dict[tuple[str, str], list[float]]
) -> None:
    zone, costs = ZoneInfo(HOMES[name]), Costs()
    days = list(walk(course(name, zone), zone, costs))
    lines = []
    for quantity in QUANTITIES:
        part = [one for one in days if one.quantity == quantity]
        truth, counts = (np.concatenate([getattr(one, what) for one in part]) for what in ("truth", "counts"))
        seen, losses = ~np.isnan(truth), {}
        for method in METHODS:
            said = np.concatenate([one.said[method] for one in part])
            losses[method] = pinball(truth[seen], said[seen]).mean()
            against = losses[method] / pinball(truth[seen], _of(part, "frozen floor")[seen]).mean() - 1
            marks = score(truth, said, counts)
            ratios[quantity, method].append(against)
            lines.append(
                f"| {name} | {quantity} | {method} | {losses[method]:.4f} | {against:+.1%} | {marks.mae_kw:.3f} "
                f"| {marks.coverage:.3f} | {costs.bytes.get((quantity, method), '')} "
                f"| {costs.forecast_s.get((quantity, method), np.nan):.2f} "
                f"| {np.mean(costs.train_s.get((quantity, method), [np.nan])):.1f} |"
            )
            if method == "student int8":
                coverage = marks.coverage
        last = np.abs(truth - _of(part, "student int8")[:, LEVELS.index(0.5)])[-28 * len(part[0].truth) :]
        lines.append(f"{name} {quantity}: MAE over the last 28 midnights {np.nanmean(last):.3f} kW")
        assert losses["student int8"] < losses["frozen floor"]
        assert losses["student int8"] < 1.02 * losses["teacher"]
        assert 0.77 <= coverage <= 0.83
    lines.append(f"{name}: a night takes {1000 * np.mean(costs.night_s):.0f} ms of CPU a quantity")
    with capsys.disabled():
        print("\n" + "\n".join(lines))  # noqa: T201 - the table is what it is run for


def _of(part: list[Asked], method: str) -> FloatArray:
    return np.concatenate([one.said[method] for one in part])
