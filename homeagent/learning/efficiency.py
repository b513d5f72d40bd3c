"""Measures models and lessons on one home: what they cost, and how good they are. Runs in a process that ends.

CPU seconds are the process's own; they hang on no clock on the wall and on nobody else's programs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.footprint.cpu_meter import peak_memory_mb
from homeagent.forecasting.features import DAYS_BACK, Course, part_of
from homeagent.forecasting.learned import Calibration, Quantity, Runner, corrections_of, rows_of, some_rows
from homeagent.forecasting.student import Network
from homeagent.forecasting.tflite_file import Kind, tflite_bytes
from homeagent.learning.ladder import Test, cpu_s_per_10000
from homeagent.learning.lesson import MOST_TESTED, WIDTHS, Split, committee, split_rows
from homeagent.learning.model import Student
from homeagent.learning.pupil import Pupil
from homeagent.learning.runtime import Runtime, every
from homeagent.learning.serving import ExportError, opened

NIGHTS = 5
CALLS_S = 10_000
Step = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredModel:
    """One way to forecast a day of one quantity, its features ready. `bytes` None: it has no file."""

    quantity: Quantity
    model: str
    units: int | None
    runtime: str
    precision: str
    cpu_s: float
    bytes: int | None
    pinball_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredLesson:
    """One piece of training; `mb` is the largest size of the process up to its end."""

    what: str
    cpu_s: float
    mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Efficiency:
    """All that was measured. `features_cpu_s` is what every learned model needs before a forecast, by quantity."""

    models: tuple[MeasuredModel, ...]
    lessons: tuple[MeasuredLesson, ...]
    features_cpu_s: Mapping[Quantity, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """What is measured on: a home's past, the starters, and how many of the widths and precisions."""

    course: Course
    ahead: int
    quantities: tuple[Quantity, ...]
    starters: Mapping[Quantity, Network]
    quick: bool

    @property
    def steps(self) -> int:
        """How often `measure` tells that something is done."""
        return len(self.quantities) * (4 + len(self.widths))

    @property
    def widths(self) -> tuple[tuple[int, ...], ...]:
        """Units of each member of the committees: the one that serves, or the narrowest and the widest as well."""
        return (WIDTHS["normal"][1],) if self.quick else (WIDTHS["small"][0], WIDTHS["normal"][1], WIDTHS["large"][2])


@dataclass(slots=True)
class _Lessons:
    """CPU seconds of each piece, both quantities together."""

    seconds: dict[str, float] = field(default_factory=dict)
    mb: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def piece(self, what: str) -> Iterator[None]:
        began = time.process_time()
        yield
        self.add(what, time.process_time() - began)

    def add(self, what: str, cpu_s: float) -> None:
        self.seconds[what] = self.seconds.get(what, 0.0) + cpu_s
        self.mb[what] = peak_memory_mb()


def measure(bench: Bench, done: Step) -> Efficiency:
    """Return what was measured; `done` is called after each step. The teacher comes last: its libraries are large."""
    lessons = _Lessons()
    models: list[MeasuredModel] = []
    features: dict[Quantity, float] = {}
    splits: dict[Quantity, Split] = {}
    for quantity in bench.quantities:
        with lessons.piece("features"):
            splits[quantity] = split_rows(quantity, bench.course, bench.ahead)
        origin = np.array([bench.course.past.count])
        features[quantity] = _each(partial(rows_of, quantity, bench.course, origin, bench.ahead), 20)
        done()
        _alone(bench, quantity, splits[quantity], lessons)
        done()
    for quantity in bench.quantities:
        models += _against_teacher(bench, quantity, splits[quantity], lessons, done)
    told = tuple(MeasuredLesson(what=what, cpu_s=cpu_s, mb=lessons.mb[what]) for what, cpu_s in lessons.seconds.items())
    return Efficiency(models=tuple(models), lessons=told, features_cpu_s=features)


def _alone(bench: Bench, quantity: Quantity, split: Split, lessons: _Lessons) -> None:
    """Teach a student by what was measured alone, then let some nights pass."""
    rows, truth = some_rows(split.rows, split.learned), split.truth[split.learned]
    with lessons.piece("student, without a teacher"):
        network, _ = committee(rows, truth, None, WIDTHS["normal"][1], 0)
    student = Student(network=network, trust=0.8, calibration=Calibration.none(), kind="float32", marks=None)
    pupil = Pupil(quantity, student, bench.ahead)
    nights = []
    for day in range(NIGHTS, -1, -1):
        end = bench.course.past.count - day * bench.course.per_day
        first = max(end - (DAYS_BACK + NIGHTS) * bench.course.per_day, 0)
        began = time.process_time()
        pupil.night(part_of(bench.course, first, end, bench.ahead), seed=end)
        nights.append(time.process_time() - began)
    lessons.add("a night's lesson", float(np.median(nights[1:])))  # the first asks for the weeks before as well


def _against_teacher(
    bench: Bench, quantity: Quantity, split: Split, lessons: _Lessons, done: Step
) -> Iterator[MeasuredModel]:
    from homeagent.learning.teacher import Teacher  # noqa: PLC0415 - scikit-learn, only where it is needed

    rows, truth = some_rows(split.rows, split.learned), split.truth[split.learned]
    spread = slice(None, None, max(int(split.held.sum()) // MOST_TESTED, 1))
    held = some_rows(some_rows(split.rows, split.held), spread)
    test = Test(rows=held, truth=split.truth[split.held][spread], trust=1.0)
    with lessons.piece("teacher"):
        teacher = Teacher.of(rows, truth, 0)
    with lessons.piece("the teacher's word"):
        word = teacher.corrections(rows)
    done()

    def told(model: str, corrections: FloatArray, cpu_s: float) -> MeasuredModel:
        loss = test.score(corrections).pinball_kw
        return MeasuredModel(
            quantity=quantity,
            model=model,
            units=None,
            runtime="scikit-learn" if model == "teacher" else "numpy",
            precision="float64",
            cpu_s=cpu_s,
            bytes=None,
            pinball_kw=loss,
        )

    one = some_rows(held, slice(0, 1))
    yield told("floor", held.floor - held.base, 0.0)
    yield told("teacher", teacher.corrections(held), _each(lambda: teacher.corrections(one), 3))
    done()
    for widths in bench.widths:
        with lessons.piece(f"student of {widths[0]} units a member"):
            network, _ = committee(rows, truth, word, widths, 0)
        yield from _served(quantity, f"student {widths[0]}", network, test, quick=bench.quick)
        done()
    if quantity in bench.starters:
        yield from _served(quantity, "starter", bench.starters[quantity], test, quick=True)


def _served(quantity: Quantity, name: str, network: Network, test: Test, *, quick: bool) -> Iterator[MeasuredModel]:
    """Measure one network under every runtime and precision that works here; quickly: as it would serve."""
    ahead, width = test.rows.inputs.shape[1:]
    standard = network.standardised(test.rows.inputs.reshape(-1, width))
    for runtime in every():
        for kind in _kinds(runtime, quick=quick):
            content: bytes | None = None
            run: Runner = network
            if runtime.build is not None:
                content = tflite_bytes(network, kind, ahead, standard[:: max(len(standard) // 4096, 1)], name)
                try:
                    run = opened(content, network, runtime, ahead, standard)
                except ExportError:
                    continue
            yield MeasuredModel(
                quantity=quantity,
                model=name,
                units=network.widths[0],
                runtime=runtime.name,
                precision=kind,
                cpu_s=_each(partial(run, standard[:ahead]), 200),
                bytes=None if content is None else len(content),
                pinball_kw=test.score(corrections_of(run, network, test.rows)).pinball_kw,
            )


def _kinds(runtime: Runtime, *, quick: bool) -> tuple[Kind, ...]:
    if quick or runtime.build is None:
        return (runtime.kind,)
    return ("float32", "int8") if runtime.kind == "int8" else ("float32",)


def _each(run: Callable[[], object], runs: int) -> float:
    """Return the CPU seconds of one call."""
    return cpu_s_per_10000(run, runs) / CALLS_S
