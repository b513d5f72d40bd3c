"""What a forecast, a plan and a training take on this machine. Needs no data: a made-up home is measured on."""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import metadata
from typing import Any

import numpy as np

from homeagent.agent.bench_thinks import measured_look, measured_thinks
from homeagent.agent.footprint_told import machine_told
from homeagent.domain.footprint import Estimate
from homeagent.domain.grid import TimeGrid
from homeagent.footprint.cpu_meter import CpuMeter
from homeagent.footprint.energy import EnergyMeter
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.features import Course, course_of
from homeagent.forecasting.learned import QUANTITIES, Quantity
from homeagent.forecasting.student import Network
from homeagent.learning.efficiency import Bench, Efficiency, MeasuredModel
from homeagent.learning.efficiency_child import measure_in_child
from homeagent.learning.model_files import ModelFileError, load
from homeagent.learning.runtime import choose, every
from homeagent.learning.starters import starter_id, starters_folder
from homeagent.simulation.population import young_home

SEED = 3
DAYS, QUICK_DAYS = 365, 60
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PROMISED_SAVING, PROMISED_ACCURACY = 0.75, 0.95
"""What compressing a teacher into a student is to give: so much less computing, at so much of its accuracy."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Core:
    """What one busy core draws here, while this was measured."""

    watts: Estimate

    def told(self, cpu_s: float) -> dict[str, float]:
        joules = self.watts.times(cpu_s)
        return {"energy_j_low": joules.low, "energy_j": joules.likely, "energy_j_high": joules.high}


def bench(progress: Progress, *, quick: bool) -> dict[str, Any]:
    """Return all that was measured, JSON-ready, units in the names.

    Raises:
        PermanentError: a training cannot be run here.
    """
    energy, cpu = EnergyMeter(), CpuMeter()
    course = _course(QUICK_DAYS if quick else DAYS)
    plan = Bench(
        course=course,
        ahead=course.per_day,
        quantities=("load",) if quick else QUANTITIES,
        starters=_starters(),
        quick=quick,
    )
    done, steps = 0, plan.steps + 2

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, steps)

    progress(0, steps)
    look_cpu_s = measured_look(quick=quick)
    step()
    thinks = measured_thinks(quick=quick)
    step()
    found = measure_in_child(plan, step)
    spent = energy.spent(sum(cpu.totals().values()))
    whole_s = max(sum(cpu.totals().values()), 1e-9)
    core = _Core(watts=spent.joules.times(1 / whole_s) if spent.measured else energy.kind.power.busy_core_w)
    return {
        "homeagent": metadata.version("homeagent"),
        "at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "quick": quick,
        "machine": _machine(energy, core),
        "versions": _versions(),
        "home": {"seed": SEED, "days": len(course.load_kw) // course.per_day, "step_minutes": 60},
        "look": {"cpu_us": 1e6 * look_cpu_s, **core.told(look_cpu_s)},
        "thinks": [
            {"depth": one.depth, "plan_step_minutes": one.plan_step_minutes, "cpu_ms": 1e3 * one.cpu_s}
            | core.told(one.cpu_s)
            for one in thinks
        ],
        "models": [_model(one, _teacher(found, one.quantity), core) for one in found.models],
        "features": [
            {"quantity": quantity, "cpu_us": 1e6 * cpu_s} | core.told(cpu_s)
            for quantity, cpu_s in found.features_cpu_s.items()
        ],
        "training": [
            {"what": lesson.what, "cpu_s": lesson.cpu_s, "mb": lesson.mb} | core.told(lesson.cpu_s)
            for lesson in found.lessons
        ],
        "promise": promise(found),
    }


def _course(days: int) -> Course:
    """Return the past of a made-up home in hours, and a day's calendar ahead of it."""
    home = young_home(SEED, days, HOUR)
    grid = home.history.grid
    whole = TimeGrid(start=grid.start, step=HOUR, count=grid.count + DAY // HOUR)
    return course_of(home.history, local_calendar(whole, home.timezone, home.place))


def _starters() -> Mapping[Quantity, Network]:
    folder = starters_folder()
    if folder is None:
        return {}
    try:
        model, _, _ = load(folder / starter_id(HOUR))
    except ModelFileError:
        return {}
    return {quantity: student.network for quantity, student in model.students.items()}


def _machine(energy: EnergyMeter, core: _Core) -> dict[str, Any]:
    told = machine_told(energy)
    watts = {"busy_core_w_low": core.watts.low, "busy_core_w": core.watts.likely, "busy_core_w_high": core.watts.high}
    return {**told, **watts, "system": f"{platform.system()} {platform.release()} {platform.machine()}"}


def _versions() -> dict[str, str]:
    names = [*(runtime.name for runtime in every()), "scikit-learn"]  # as their packages are called
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in names}


def _model(one: MeasuredModel, teacher: MeasuredModel, core: _Core) -> dict[str, Any]:
    """Return a model's figures; the floor's forecast is what every model begins with, and has no time of its own."""
    joules = core.watts.times(one.cpu_s).likely
    return {
        "quantity": one.quantity,
        "model": one.model,
        "units": one.units,
        "runtime": one.runtime,
        "precision": one.precision,
        "cpu_us": 1e6 * one.cpu_s,
        **core.told(one.cpu_s),
        "inferences_per_joule": 1 / joules if joules > 0 else None,
        "bytes": one.bytes,
        "pinball_kw": one.pinball_kw,
        "accuracy_share": teacher.pinball_kw / one.pinball_kw,
    }


def _teacher(found: Efficiency, quantity: Quantity) -> MeasuredModel:
    return next(one for one in found.models if one.quantity == quantity and one.model == "teacher")


def _serving(found: Efficiency, quantity: Quantity) -> MeasuredModel:
    """Return the student as it would serve here: of the usual width, under the runtime that is chosen."""
    runtime = choose()
    return next(
        one
        for one in found.models
        if (one.quantity, one.runtime, one.precision) == (quantity, runtime.name, runtime.kind)
        and one.model == "student 12"
    )


def promise(found: Efficiency) -> dict[str, Any]:
    """Return what the student saves of the teacher's computing, and how much of its accuracy it keeps."""
    quantities = list(found.features_cpu_s)
    students = [_serving(found, quantity) for quantity in quantities]
    teachers = [_teacher(found, quantity) for quantity in quantities]
    features_s = sum(found.features_cpu_s.values())
    student_s, teacher_s = (sum(one.cpu_s for one in models) for models in (students, teachers))
    accuracy = float(np.mean([t.pinball_kw / s.pinball_kw for t, s in zip(teachers, students, strict=True)]))
    alone, whole = 1 - student_s / teacher_s, 1 - (student_s + features_s) / (teacher_s + features_s)
    good = accuracy >= PROMISED_ACCURACY
    kept, kept_whole = (good and saved >= PROMISED_SAVING for saved in (alone, whole))
    verdict = "not kept" if not kept else "kept" if kept_whole else "kept by the model, not with its features"
    return {
        "promised_less_compute_share": PROMISED_SAVING,
        "promised_accuracy_share": PROMISED_ACCURACY,
        "less_compute_share": alone,
        "less_compute_share_with_features": whole,
        "accuracy_share": accuracy,
        "kept": kept,
        "kept_with_features": kept_whole,
        "text": f"promised: {PROMISED_SAVING:.0%} less compute energy at {PROMISED_ACCURACY:.0%} of the accuracy; "
        f"measured: {alone:.1%} less a forecast at {accuracy:.1%} of the teacher's accuracy "
        f"({whole:.0%} less with the features that both need): {verdict}",
    }
