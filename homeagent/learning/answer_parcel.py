"""What comes back from a training elsewhere: a model's files with its card, and what it said of the days held out.

The files are checked as any model's are (hashes, shapes, numbers). How good the model was on the days held out is not
believed but worked out here, from what it said of them and from what this home measured.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from homeagent.forecasting.features import LEVELS, Course
from homeagent.forecasting.learned import QUANTITIES, Quantity, measured, rows_of
from homeagent.forecasting.scores import Score
from homeagent.learning.ladder import Rung
from homeagent.learning.model import Model, Notebook, Student
from homeagent.learning.model_files import CARD, ModelFileError, load, save
from homeagent.learning.parcel import Array, Head, ParcelError, packed, plain, unpacked
from homeagent.learning.pupil import REPLAY_DAYS, Pupil
from homeagent.learning.training import Request, Trained

FORMAT = 1
MOST_RUNGS = 40
MOST_ORIGINS = 2 * REPLAY_DAYS * 24


def answer_parcel(trained: Trained, ahead: int) -> bytes:
    """Return what came of a training as a parcel."""
    head: dict[str, Any] = {
        "format": FORMAT,
        "reason": trained.reason,
        "cpu_seconds": trained.cpu_seconds,
        "champion_regret": None if trained.model is None else trained.model.champion_regret,
        "ladder": {quantity: [asdict(rung) for rung in rungs] for quantity, rungs in trained.ladder.items()},
    }
    return packed(head, {} if trained.model is None else _model_arrays(trained.model, ahead))


def _model_arrays(model: Model, ahead: int) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    pupils = {quantity: Pupil(quantity, student, ahead) for quantity, student in model.students.items()}
    samples = {name: pupil.student.network.standardised(pupil.sample) for name, pupil in pupils.items()}
    with TemporaryDirectory() as folder:
        home = save(model, {}, samples, Path(folder))
        card = json.loads((home / CARD).read_bytes())
        for quantity, student in model.students.items():  # unrounded, to be judged as if it had been taught at home
            exact = {"trust": student.trust, "shift": student.calibration.shift.tolist()}
            card["students"][quantity] |= exact
            if student.notes is not None:
                arrays[f"{quantity}.origins"] = student.notes.origins.astype(np.int64)
                arrays[f"{quantity}.said"] = student.notes.corrections.astype(np.float32)
        (home / CARD).write_text(json.dumps(card))
        for file in home.iterdir():
            arrays[f"file.{file.name}"] = np.frombuffer(file.read_bytes(), np.uint8)
    return arrays


def trained_of(parcel: object, request: Request) -> Trained:
    """Return what came of the training that was asked for.

    Raises:
        ParcelError: it is damaged, or is none.
        ModelFileError: the model is one that must not be loaded.
    """
    head, arrays = unpacked(parcel)
    try:
        if head["format"] != FORMAT:
            raise ParcelError("it is of another release")
        reason, cpu_seconds = plain(head["reason"]), _number(head["cpu_seconds"])
        ladder = _ladder(head["ladder"])
        model = _model(head, arrays, request) if arrays else None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ParcelError(f"it is no answer to a training ({error})") from error
    return Trained(model=model, cpu_seconds=cpu_seconds, reason=reason, ladder=ladder)


def _number(value: object) -> float:
    number = float(value) if isinstance(value, int | float) else math.nan
    if not math.isfinite(number):
        raise ValueError(f"{plain(value)} is no number")
    return number


def _ladder(told: Mapping[str, Any]) -> dict[Quantity, tuple[Rung, ...]]:
    return {name: tuple(_rung(rung) for rung in told[name][:MOST_RUNGS]) for name in QUANTITIES if name in told}


def _rung(told: Mapping[str, Any]) -> Rung:
    marks = {name: _number(told["score"][name]) for name in ("pinball_kw", "mae_kw", "coverage")}
    cpu_s, weighs = told["cpu_s_per_10000"], told["bytes"]
    return Rung(
        name=plain(told["name"]),
        score=Score(**marks, slots=int(told["score"]["slots"])),
        bytes=None if weighs is None else int(weighs),
        cpu_s_per_10000=None if cpu_s is None else _number(cpu_s),
    )


def _model(head: Head, arrays: Mapping[str, Array], request: Request) -> Model:
    with TemporaryDirectory() as folder:
        for name, content in arrays.items():
            kind, _, rest = name.partition(".")
            if kind == "file" and Path(rest).name == rest and rest not in {"", ".", ".."}:
                (Path(folder) / rest).write_bytes(content.tobytes())
        model, _, _ = load(Path(folder))
    step = request.course.past.step.total_seconds()
    wanted = f"student-{request.made_at:%Y%m%d}"
    if model.step_minutes * 60 != step or model.made_at != request.made_at or model.model_id != wanted:
        raise ModelFileError("it is another model than was asked for")
    regrets = (model.regret, model.floor_regret, head["champion_regret"])
    own, floor, champion = (None if regret is None else _number(regret) for regret in regrets)
    noted = {name: _noted(name, student, arrays, request) for name, student in model.students.items()}
    return replace(
        model,
        students=noted,
        regret=own,
        floor_regret=floor,
        champion_regret=champion,
        notes=tuple(plain(note) for note in model.notes),
    )


def _noted(quantity: Quantity, student: Student, arrays: Mapping[str, Array], request: Request) -> Student:
    """Return the student with its notes of the days held out, and with the marks that follow from them."""
    course, ahead = request.course, request.ahead
    origins, said = arrays[f"{quantity}.origins"], arrays[f"{quantity}.said"].astype(np.float64)
    first = _first_origin(course)
    at = origins.astype(np.intp) - first
    fits = origins.ndim == 1 and 0 < len(at) <= MOST_ORIGINS and said.shape == (len(at), ahead, len(LEVELS))
    if not fits or not np.isfinite(said).all() or (np.diff(at) <= 0).any() or at[0] < course.per_day:
        raise ParcelError(f"what the student of {quantity} said is of another kind")
    if at[-1] + ahead > course.past.count:
        raise ParcelError(f"the student of {quantity} speaks of days that are yet to come")
    rows = rows_of(quantity, course, at, ahead)
    truth = measured(quantity, course, at, rows)
    notes = Notebook(origins=at + first, rows=rows, truth=truth, corrections=said)
    marks = Pupil(quantity, replace(student, notes=notes), ahead).score(len(truth), calibrated=False)
    return replace(student, marks=marks, notes=notes)


def _first_origin(course: Course) -> int:
    return int(course.past.start.timestamp() // course.past.step.total_seconds())
