"""Whatever happens to a model's files, they are refused with a reason, or are what was written; nothing else."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from multiprocessing.synchronize import Event as EventType
from pathlib import Path

import numpy as np
import pytest
from made_models import AT, ROWS, model, saved, student

from homeagent.agent.model_shelf import ModelShelf
from homeagent.domain.grid import FloatArray
from homeagent.learning.model_files import CARD, ModelFileError, load
from homeagent.learning.registry import FLOOR, LOCK, REGISTRY, Registry
from homeagent.learning.runtime import NUMPY, choose
from homeagent.learning.serving import ExportError, exported, opened

HOUR = timedelta(hours=1)


def rewritten(home: Path, **changes: object) -> None:
    """Change the card's student, as one who meddles would."""
    card = json.loads((home / CARD).read_text())
    card["students"]["load"] |= changes
    (home / CARD).write_text(json.dumps(card))


def with_content(home: Path, kind: str, content: bytes) -> None:
    """Put a file in place of the model's own, with the right hash."""
    card = json.loads((home / CARD).read_text())
    (home / card["students"]["load"][kind]).write_bytes(content)
    rewritten(home, **{f"{kind}_sha256": sha256(content).hexdigest()})


def test_a_file_cut_anywhere_or_with_a_bit_flipped_is_refused(tmp_path: Path) -> None:
    home = saved(tmp_path)
    rng = np.random.default_rng(1)
    for path in [*home.glob("*.tflite"), *home.glob("*.npz")]:
        whole = path.read_bytes()
        for cut in [*range(0, len(whole), max(len(whole) // 150, 1)), len(whole) - 1]:
            path.write_bytes(whole[:cut])
            with pytest.raises(ModelFileError, match="hash"):
                load(home)
        for at in rng.integers(0, len(whole), 40):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << int(rng.integers(8))
            path.write_bytes(bytes(flipped))
            with pytest.raises(ModelFileError, match="hash"):
                load(home)
        path.write_bytes(whole)
    assert load(home)[0].model_id == "student-1"


def test_a_card_cut_or_changed_anywhere_is_refused_or_still_right(tmp_path: Path) -> None:
    home = saved(tmp_path)
    whole = (home / CARD).read_bytes()
    rng = np.random.default_rng(2)
    harmed = [whole[:cut] for cut in range(0, len(whole) - 3, 7)]
    for at in rng.integers(0, len(whole), 400):
        changed = bytearray(whole)
        changed[at] = int(rng.integers(256))
        harmed.append(bytes(changed))
    for content in harmed:
        (home / CARD).write_bytes(content)
        try:
            back = load(home)[0].students["load"]
        except ModelFileError:
            continue
        assert 0 <= back.trust <= 1
        assert np.isfinite(back.calibration.shift).all()
        assert np.isfinite(back.network(ROWS)).all()


def weights_of(change: Callable[[dict[str, FloatArray]], None]) -> Callable[[Path], None]:
    def harm(home: Path) -> None:
        path = next(home.glob("*.npz"))
        with np.load(path) as kept:
            arrays = {name: kept[name] for name in kept.files}
        change(arrays)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        with_content(home, "weights", buffer.getvalue())

    return harm


def huge(arrays: dict[str, FloatArray]) -> None:
    arrays["w0"][:], arrays["w1"][:] = 3e38, 3e38


def other_shape(arrays: dict[str, FloatArray]) -> None:
    arrays["b0"] = arrays["b0"][:-1]


def without_layer(arrays: dict[str, FloatArray]) -> None:
    del arrays["b1"]


def no_deviation(arrays: dict[str, FloatArray]) -> None:
    arrays["deviation"][3] = 0


def strange_sample(arrays: dict[str, FloatArray]) -> None:
    arrays["sample"] = arrays["sample"][:, :-2]


def no_archive(home: Path) -> None:
    with_content(home, "weights", b"PK\x03\x04" + bytes(40))


def a_list_of_students(home: Path) -> None:
    (home / CARD).write_text(json.dumps(json.loads((home / CARD).read_text()) | {"students": []}))


def no_trust(home: Path) -> None:
    rewritten(home, trust=float("nan"))


def no_calibration(home: Path) -> None:
    rewritten(home, shift=[float("inf")] * 9)


def no_zone(home: Path) -> None:
    (home / CARD).write_text(json.dumps(json.loads((home / CARD).read_text()) | {"made_at": "2024-05-01T00:00"}))


def deep(home: Path) -> None:
    (home / CARD).write_text("[" * 100_000)


def a_folder(home: Path) -> None:
    path = next(home.glob("*.npz"))
    path.unlink()
    path.mkdir()


def a_link(home: Path) -> None:
    path = next(home.glob("*.tflite"))
    path.rename(home / "elsewhere")
    path.symlink_to(home / "elsewhere")


def a_pipe(home: Path) -> None:
    path = next(home.glob("*.tflite"))
    path.unlink()
    os.mkfifo(path)


def elsewhere(home: Path) -> None:
    rewritten(home, tflite="../../../etc/passwd")


@pytest.mark.parametrize(
    "harm",
    [
        *(weights_of(change) for change in (huge, other_shape, without_layer, no_deviation, strange_sample)),
        *(no_archive, a_list_of_students, no_trust, no_calibration, no_zone, deep, a_folder, a_link, a_pipe, elsewhere),
    ],
)
def test_what_is_no_model_of_this_release_is_refused(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    home = saved(tmp_path)
    harm(home)
    with pytest.raises(ModelFileError, match="student-1"):
        load(home)


def test_a_whole_file_of_another_network_does_not_serve(tmp_path: Path) -> None:
    if choose().build is None:
        pytest.skip("no TFLite runtime here")
    home = saved(tmp_path)
    other = student(inputs=7)
    with_content(home, "tflite", exported(other.network, "float32", 24, ROWS[:, :7], "a test"))
    back, files, samples = load(home)
    with pytest.raises(ExportError):
        opened(files["load"], back.students["load"].network, choose(), 24, samples["load"])


def shelf(folder: Path) -> ModelShelf:
    return ModelShelf(folder, NUMPY, 24, HOUR)


def two_models(folder: Path) -> None:
    registry = Registry(folder)
    for name in ("a", "b"):
        saved(folder, model(name))
        registry.promote(name, "better", AT)


def test_the_model_before_serves_for_a_damaged_one_and_the_list_says_so(tmp_path: Path) -> None:
    two_models(tmp_path)
    next((tmp_path / "b").glob("*.npz")).write_bytes(b"")
    kept = shelf(tmp_path)
    found = kept.taken_up(AT)
    assert found is not None
    assert found[0].model_id == "a"
    assert kept.trouble is not None
    assert "hash" in kept.trouble
    registry = Registry(tmp_path)
    assert (registry.serving, registry.previous) == ("a", FLOOR)
    assert registry.events[-1]["event"] == "is damaged, a serves"
    assert not kept.changed()  # it does not start over at each round
    kept.promote(model("c"), {"load": next(iter(found[1].values()))}, "trained anew", AT)
    assert not kept.trouble
    assert Registry(tmp_path).serving == "c"


def test_without_any_whole_model_the_floor_serves(tmp_path: Path) -> None:
    two_models(tmp_path)
    for path in tmp_path.rglob("*.npz"):
        path.unlink()
    kept = shelf(tmp_path)
    assert kept.taken_up(AT) is None
    assert Registry(tmp_path).serving == FLOOR
    assert not kept.changed()


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"serving": "../..", "previous": null, "events": []}', "null", "[" * 100_000]
)
def test_a_damaged_list_costs_no_model(tmp_path: Path, content: str) -> None:
    two_models(tmp_path)
    (tmp_path / REGISTRY).write_text(content)
    assert Registry(tmp_path).serving in {"a", "b"}
    Registry(tmp_path).note("a", "is noted", "", AT)
    assert json.loads((tmp_path / REGISTRY).read_text())["serving"] in {"a", "b"}


def test_a_folder_that_cannot_be_written_costs_no_night(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.write_text("a file where the folder should be")
    kept = shelf(folder)
    assert kept.taken_up(AT) is None
    found = kept.promote(model(), {}, "better", AT)
    assert found.model_id == "student-1"
    assert kept.trouble is not None
    assert "could not be kept" in kept.trouble
    kept.keep(found, {})
    kept.note("x", "y", "z", AT)
    assert not kept.changed()
    folder.unlink()
    pupils = shelf_pupils(tmp_path)
    kept.keep(replace(found, students={quantity: pupil.now for quantity, pupil in pupils.items()}), pupils)
    assert not kept.trouble
    assert Registry(folder).serving == "student-1"  # what was owed is done as soon as it can be


def shelf_pupils(folder: Path) -> dict:  # type: ignore[type-arg]  # pupils by quantity
    saved(folder / "other")
    Registry(folder / "other").promote("student-1", "better", AT)
    found = shelf(folder / "other").taken_up(AT)
    assert found is not None
    return found[1]


def test_two_trainings_of_one_day_do_not_write_over_each_other(tmp_path: Path) -> None:
    pupils = shelf_pupils(tmp_path)
    kept = shelf(tmp_path)
    names = [kept.promote(model(), pupils, "better", AT).model_id for _ in range(3)]
    assert names == ["student-1", "student-1-2", "student-1-3"]
    assert Registry(tmp_path).models() == ["student-1-2", "student-1-3"]


def test_a_night_after_a_rollback_by_hand_does_not_undo_it(tmp_path: Path) -> None:
    two_models(tmp_path)
    kept = shelf(tmp_path)
    found = kept.taken_up(AT)
    assert found is not None
    Registry(tmp_path).roll_back(AT)
    kept.keep(*found)
    kept.note("b", "is noted", "", AT)
    assert Registry(tmp_path).serving == "a"
    assert kept.changed()
    assert Registry(tmp_path).rolled_back_at == AT


def notes(folder: Path, name: str, count: int) -> None:
    for number in range(count):
        Registry(folder).note(name, f"note {number}", "", AT)


def test_no_change_is_lost_between_two_processes(tmp_path: Path) -> None:
    two_models(tmp_path)
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=notes, args=(tmp_path, name, 20)) for name in ("x", "y")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    told = [(event["model"], event["event"]) for event in Registry(tmp_path).events]
    assert sum(name in {"x", "y"} for name, _ in told) == 40
    assert Registry(tmp_path).serving == "b"


def save_without_end(folder: Path, begun: EventType) -> None:
    number = len(Registry(folder).events)
    begun.set()
    while True:
        number += 1
        made = model(f"m{number}")
        made.students["load"].network.weights[0][:] = number / 100
        saved(folder, made)
        Registry(folder).promote(made.model_id, "better", AT)
        made.students["load"].network.weights[0][:] = -number / 100
        saved(folder, made)


def test_a_kill_while_saving_leaves_a_list_and_models_that_load(tmp_path: Path) -> None:
    rng, context = np.random.default_rng(3), multiprocessing.get_context("fork")
    for _ in range(48):
        begun = context.Event()
        process = context.Process(target=save_without_end, args=(tmp_path, begun))
        process.start()
        assert begun.wait(10)
        time.sleep(float(rng.uniform(0, 0.1)))
        process.kill()
        process.join()
        registry = Registry(tmp_path)
        if registry.serving != FLOOR:
            assert load(tmp_path / registry.serving)[0].model_id == registry.serving
    registry = Registry(tmp_path)
    assert registry.serving != FLOOR
    registry.note(registry.serving, "is noted", "", AT)
    left = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert left == {REGISTRY, LOCK}
