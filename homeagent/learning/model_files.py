"""Model files: written whole or not at all, and never opened before their hash has been checked.

A model is a folder: `card.json` names the other files with their SHA-256 and is replaced last, so a power cut leaves
the model as it was. A runtime may end the whole process on a damaged file, so it is given none.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from homeagent.domain.errors import PermanentError
from homeagent.forecasting.features import FEATURES, LEVELS
from homeagent.forecasting.learned import QUANTITIES, Calibration, Quantity
from homeagent.forecasting.student import Float32Array, Network
from homeagent.forecasting.tflite_file import IDENTIFIER
from homeagent.learning.model import Model, Skill, Student

CARD = "card.json"
FORMAT = 1
MOST_BYTES = 4 << 20


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
        beside.unlink(missing_ok=True)
        raise


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
            if not (home / name).exists():
                write_atomically(home / name, content)
            named[quantity] |= {kind: name, f"{kind}_sha256": digest}
    card = json.dumps(card_of(model, named), indent=2, allow_nan=False)
    write_atomically(home / CARD, card.encode() + b"\n")
    kept = {CARD, *(name for parts in named.values() for name in parts.values())}
    for old in home.iterdir():
        if old.name not in kept:
            old.unlink(missing_ok=True)
    return home


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
    )


def _weights_bytes(network: Network, sample: Float32Array) -> bytes:
    arrays: dict[str, npt.NDArray[np.float32]] = {"mean": network.mean, "deviation": network.deviation}
    arrays["sample"] = sample[:64].astype(np.float32)
    for number, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"w{number}": weight, f"b{number}": bias}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def read_card(home: Path) -> dict[str, Any]:
    """Return a model's card.

    Raises:
        ModelFileError: there is none that can be read.
    """
    try:
        card = json.loads((home / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
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
            marks = told["marks"]
            students[quantity] = Student(
                network=network,
                trust=float(told["trust"]),
                calibration=Calibration(shift=np.array(told["shift"], dtype=np.float64)),
                kind=told["kind"],
                marks=None if marks is None else _marks(marks),
            )
            if len(students[quantity].calibration.shift) != len(LEVELS):
                raise ModelFileError(f"{home.name}: it knows other levels than this release")
        model = Model(
            model_id=str(card["model_id"]),
            step_minutes=int(card["step_minutes"]),
            made_at=datetime.fromisoformat(card["made_at"]),
            days_learned=float(card["days_learned"]),
            students=students,
            regret=card["regret_per_day"],
            floor_regret=card["floor_regret_per_day"],
            notes=tuple(card["notes"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"{home.name}: its card is damaged ({error})") from error
    return model, files, samples


def _checked(home: Path, name: str, digest: str) -> bytes:
    path = home / Path(name).name  # a card names files beside it, nothing else
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ModelFileError(f"{home.name}: {name} is far too large")
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{home.name}: {name} cannot be read ({error.strerror})") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise ModelFileError(f"{home.name}: {name} is not what was written (its hash differs)")
    return content


def _network(home: Path, quantity: Quantity, content: bytes) -> tuple[Network, Float32Array]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as kept:
            arrays = {name: np.asarray(kept[name], dtype=np.float32) for name in kept.files}
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise ModelFileError(f"{home.name}: its weights cannot be read ({error})") from error
    count = sum(name.startswith("w") for name in arrays)
    weights = [arrays[f"w{number}"] for number in range(count)]
    biases = [arrays[f"b{number}"] for number in range(count)]
    if not all(np.isfinite(array).all() for array in (*weights, *biases, arrays["mean"])):
        raise ModelFileError(f"{home.name}: its weights are no numbers")
    if not count or weights[0].shape[0] != FEATURES[quantity] or weights[-1].shape[1] != len(LEVELS):
        raise ModelFileError(f"{home.name}: it was made for other inputs than this release's")
    network = Network(weights=weights, biases=biases, mean=arrays["mean"], deviation=arrays["deviation"])
    return network, arrays["sample"]
