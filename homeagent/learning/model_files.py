"""Model files: written whole or not at all, and never opened before their hash has been checked.

A model is a folder: `card.json` names the other files with their SHA-256 and is replaced last, so a power cut leaves
the model as it was. A runtime may end the whole process on a damaged file, so it is given none.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from homeagent.domain.errors import PermanentError
from homeagent.forecasting.features import FEATURES, LEVELS
from homeagent.forecasting.learned import QUANTITIES, Calibration, Quantity
from homeagent.forecasting.student import Float32Array, Network
from homeagent.forecasting.tflite_file import IDENTIFIER, Kind
from homeagent.learning.model import Model, Skill, Student

CARD = "card.json"
FORMAT = 1
MOST_BYTES = 4 << 20
KINDS = get_args(Kind)


class ModelFileError(PermanentError):
    """A model file that must not be loaded, and why."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that either the old content or all of the new one is there, whatever happens."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name, too, must outlive a power cut
    finally:
        os.close(folder)


def read_whole(path: Path) -> bytes:
    """Return a file's content. Only a plain file of its own is read: no link, no pipe that nobody writes to.

    Raises:
        OSError: it cannot be read, or is something else.
    """
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "is no plain file")
        if found.st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, "is far too large")
        return file.read(MOST_BYTES + 1)


def save(model: Model, files: Mapping[Quantity, bytes], samples: Mapping[Quantity, Float32Array], folder: Path) -> Path:
    """Write a model into `folder`/its id; `files` are the .tflite files, `samples` rows to check them with."""
    home = folder / model.model_id
    home.mkdir(parents=True, exist_ok=True)
    named: dict[str, dict[str, str]] = {}
    for quantity, student in model.students.items():
        contents = {"weights": _weights_bytes(student.network, samples[quantity])}
        if quantity in files:
            contents["tflite"] = files[quantity]
        named[quantity] = {}
        for kind, content in contents.items():
            digest = hashlib.sha256(content).hexdigest()
            name = f"{quantity}-{digest[:12]}.{'npz' if kind == 'weights' else 'tflite'}"
            if not _holds(home / name, content):
                write_atomically(home / name, content)
            named[quantity] |= {kind: name, f"{kind}_sha256": digest}
    card = json.dumps(card_of(model, named), indent=2, allow_nan=False)
    write_atomically(home / CARD, card.encode() + b"\n")
    kept = {CARD, *(name for parts in named.values() for name in parts.values())}
    for old in home.iterdir():
        if old.name not in kept:
            with suppress(OSError):  # what is left over is untidy, nothing more
                old.unlink(missing_ok=True)
    return home


def _holds(path: Path, content: bytes) -> bool:
    """Return whether a file is there and undamaged."""
    try:
        return read_whole(path) == content
    except OSError:
        return False


def card_of(model: Model, named: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Return what a card tells of a model."""
    return {
        "format": FORMAT,
        "model_id": model.model_id,
        "made_at": model.made_at.isoformat(),
        "step_minutes": model.step_minutes,
        "days_learned": round(model.days_learned, 1),
        "regret_per_day": model.regret,
        "floor_regret_per_day": model.floor_regret,
        "notes": list(model.notes),
        "students": {
            quantity: {
                **named[quantity],
                "widths": list(student.network.widths),
                "kind": student.kind,
                "trust": round(student.trust, 4),
                "shift": [round(float(value), 6) for value in student.calibration.shift],
                "marks": None if student.marks is None else _marks_row(student.marks),
            }
            for quantity, student in model.students.items()
        },
    }


def _marks_row(marks: Skill) -> dict[str, float | None]:
    names = tuple(Skill.__slots__)
    values = {name: float(getattr(marks, name)) for name in names}
    return {name: round(value, 5) if math.isfinite(value) else None for name, value in values.items()}


def _marks(row: Mapping[str, float | None]) -> Skill:
    values = {name: float("nan") if value is None else float(value) for name, value in row.items()}
    return Skill(
        pinball_kw=values["pinball_kw"],
        floor_pinball_kw=values["floor_pinball_kw"],
        mae_kw=values["mae_kw"],
        floor_mae_kw=values["floor_mae_kw"],
        coverage=values["coverage"],
        lost=bool(values.get("lost", 0.0)),
    )


def _weights_bytes(network: Network, sample: Float32Array) -> bytes:
    arrays: dict[str, npt.NDArray[np.float32]] = {"mean": network.mean, "deviation": network.deviation}
    arrays["sample"] = sample[:64].astype(np.float32)
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"w{number}": weight, f"b{number}": bias}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]  # its stub takes any name for that of a flag
    return buffer.getvalue()


def read_card(home: Path) -> dict[str, Any]:
    """Return a model's card.

    Raises:
        ModelFileError: there is none that can be read.
    """
    try:
        card = json.loads(read_whole(home / CARD))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{home.name}: its card cannot be read ({error})") from error
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ModelFileError(f"{home.name}: its card is of another release")
    return card


def load(home: Path) -> tuple[Model, dict[Quantity, bytes], dict[Quantity, Float32Array]]:
    """Return a model with its .tflite files and sample rows, every hash and number checked.

    Raises:
        ModelFileError: anything of it is missing, damaged, foreign or no number.
    """
    card = read_card(home)
    students: dict[Quantity, Student] = {}
    files: dict[Quantity, bytes] = {}
    samples: dict[Quantity, Float32Array] = {}
    try:
        for quantity in QUANTITIES:
            told = card["students"].get(quantity)
            if told is None:
                continue
            content = _checked(home, told["weights"], told["weights_sha256"])
            network, samples[quantity] = _network(home, quantity, content)
            if "tflite" in told:
                files[quantity] = _checked(home, told["tflite"], told["tflite_sha256"])
                if files[quantity][4:8] != IDENTIFIER:
                    raise ModelFileError(f"{home.name}: {told['tflite']} is no .tflite file")
            students[quantity] = _student(told, network)
        model = _model(card, students)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{home.name}: its card is damaged ({error})") from error
    return model, files, samples


def _student(told: Mapping[str, Any], network: Network) -> Student:
    shift, trust, marks = np.array(told["shift"], dtype=np.float64), float(told["trust"]), told["marks"]
    if shift.shape != (len(LEVELS),) or not np.isfinite(shift).all():
        raise ValueError("its calibration is not one of this release")
    if not 0 <= trust <= 1:
        raise ValueError(f"a trust of {trust} is none")
    if told["kind"] not in KINDS:
        raise ValueError(f"a file of kind {told['kind']} is not known")
    return Student(
        network=network,
        trust=trust,
        calibration=Calibration(shift=shift),
        kind=told["kind"],
        marks=None if marks is None else _marks(marks),
    )


def _model(card: Mapping[str, Any], students: Mapping[Quantity, Student]) -> Model:
    made_at = datetime.fromisoformat(card["made_at"])
    if made_at.tzinfo is None:
        raise ValueError("it was made at a time without a zone")
    if not students:
        raise ValueError("it has no students")
    return Model(
        model_id=str(card["model_id"]),
        step_minutes=int(card["step_minutes"]),
        made_at=made_at,
        days_learned=float(card["days_learned"]),
        students=students,
        regret=card["regret_per_day"],
        floor_regret=card["floor_regret_per_day"],
        notes=tuple(card["notes"]),
    )


def _checked(home: Path, name: str, digest: str) -> bytes:
    try:
        content = read_whole(home / Path(name).name)  # a card names files beside it, nothing else
    except OSError as error:
        raise ModelFileError(f"{home.name}: {name} cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelFileError(f"{home.name}: {name} is not what was written (its hash differs)")
    return content


def _network(home: Path, quantity: Quantity, content: bytes) -> tuple[Network, Float32Array]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            arrays = {name: np.asarray(kept[name], dtype=np.float32) for name in kept.files}
    except Exception as error:
        raise ModelFileError(f"{home.name}: its weights cannot be read ({error})") from error
    layers = range(sum(name.startswith("w") for name in arrays))
    weights, biases = [arrays[f"w{layer}"] for layer in layers], [arrays[f"b{layer}"] for layer in layers]
    mean, deviation, sample = arrays["mean"], arrays["deviation"], arrays["sample"]
    width = FEATURES[quantity]
    widths = [width, *(len(bias) for bias in biases)]
    shapes = [*((weight, size) for weight, size in zip(weights, pairwise(widths), strict=True))]
    fits = all(array.shape == size for array, size in [*shapes, (mean, (width,)), (deviation, (width,))])
    if not layers or not fits or widths[-1] != len(LEVELS) or sample.shape[1:] != (width,):
        raise ModelFileError(f"{home.name}: it was made for other inputs than this release's")
    network = Network(weights=weights, biases=biases, mean=mean, deviation=deviation)
    with np.errstate(all="ignore"):
        said = network(np.concatenate([sample, np.zeros((1, width), np.float32)]))
    finite = all(np.isfinite(array).all() for array in (*weights, *biases, mean, sample, said))
    if not finite or not (deviation > 0).all():  # an infinite deviation is that of an input that was never seen
        raise ModelFileError(f"{home.name}: its weights are no numbers")
    return network, sample
