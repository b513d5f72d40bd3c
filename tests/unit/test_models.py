"""Model files and their registry: what is damaged is never opened, the better one serves, the one before can again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_models import AT, ROWS, model, saved, student

from homeagent.domain.errors import InputError
from homeagent.learning.model import Student
from homeagent.learning.model_files import CARD, ModelFileError, load, save
from homeagent.learning.registry import FLOOR, REGISTRY, Champion, Registry, judge
from homeagent.learning.runtime import choose
from homeagent.learning.serving import ExportError, exported, opened


def test_a_model_comes_back_as_it_was(tmp_path: Path) -> None:
    back, files, samples = load(saved(tmp_path))
    assert back.model_id == "student-1"
    assert back.students["load"].trust == 0.6
    assert (back.students["load"].network(ROWS) == model().students["load"].network(ROWS)).all()
    assert len(files["load"]) < 20_000
    assert samples["load"].shape == ROWS.shape
    if choose().build is not None:
        run = opened(files["load"], back.students["load"].network, choose(), 24, samples["load"])
        assert np.isfinite(run(ROWS[:24])).all()


def beside(champion: Student, challenger: float = 0.1) -> Champion:
    """Return a champion beside a challenger with that loss on the same days."""
    assert champion.marks is not None
    return Champion(student=champion, own=champion.marks, challenger=replace(champion.marks, pinball_kw=challenger))


def truncated(home: Path) -> None:
    path = next(home.glob("*.tflite"))
    path.write_bytes(path.read_bytes()[:200])


def flipped(home: Path) -> None:
    path = next(home.glob("*.tflite"))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


def foreign(home: Path) -> None:
    next(home.glob("*.tflite")).write_bytes(b"\x00\x00\x00\x00ONNX" + bytes(64))


def weightless(home: Path) -> None:
    next(home.glob("*.npz")).unlink()


def cardless(home: Path) -> None:
    (home / CARD).write_text('{"format": 1, "model_id"')


def of_another_release(home: Path) -> None:
    card = json.loads((home / CARD).read_text())
    (home / CARD).write_text(json.dumps(card | {"format": 99}))


@pytest.mark.parametrize("harm", [truncated, flipped, foreign, weightless, cardless, of_another_release])
def test_a_damaged_model_is_refused_with_its_reason(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    home = saved(tmp_path)
    harm(home)
    with pytest.raises(ModelFileError, match="student-1"):
        load(home)


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    broken = model()
    broken.students["load"].network.weights[0][0, 0] = np.nan
    home = save(broken, {}, {"load": ROWS}, tmp_path)
    with pytest.raises(ModelFileError, match="no numbers"):
        load(home)


def test_a_model_for_other_inputs_is_refused(tmp_path: Path) -> None:
    home = save(model(load=student(inputs=7)), {}, {"load": ROWS[:, :7]}, tmp_path)
    with pytest.raises(ModelFileError, match="other inputs"):
        load(home)


def test_a_file_that_computes_something_else_does_not_serve() -> None:
    runtime = choose()
    if runtime.build is None:
        pytest.skip("no TFLite runtime here")
    right, wrong = student().network, student(width=9).network
    content = exported(wrong, "int8", 24, ROWS, "a test")
    with pytest.raises(ExportError):
        opened(content, right, runtime, 24, ROWS)


def test_saving_again_leaves_no_old_files(tmp_path: Path) -> None:
    home = saved(tmp_path)
    changed = model()
    changed.students["load"].network.weights[0][:] = 0.5
    saved(tmp_path, changed)
    assert sorted(path.suffix for path in home.iterdir()) == [".json", ".npz", ".tflite"]
    assert (load(home)[0].students["load"].network.weights[0] == 0.5).all()


def test_a_challenger_must_beat_floor_and_champion() -> None:
    champion = student(pinball=0.105)
    assert judge(model(), {}).model is not None
    assert judge(model(load=student(pinball=0.13)), {}).model is None
    assert judge(model(), {"load": beside(champion)}).model is not None
    assert judge(model(), {"load": beside(champion, 0.11)}).model is None
    assert judge(model(), {"load": beside(champion, 0.105)}).model is None  # at a tie the champion stays


def test_a_challenger_must_not_lose_more_money_than_floor_and_champion() -> None:
    verdict = judge(replace(model(), regret=0.5, floor_regret=0.4), {})
    assert verdict.model is None
    assert "0.500 a day lost, the floor 0.400" in verdict.why
    dearer = replace(model(), regret=0.38, floor_regret=0.4, champion_regret=0.3)
    verdict = judge(dearer, {"load": beside(student(pinball=0.105))})
    assert verdict.model is None
    assert "the champion 0.300" in verdict.why


def test_a_quantity_keeps_what_serves_it_best() -> None:
    champion = student(pinball=0.08)
    both = replace(model(), students={"load": student(pinball=0.1), "pv": student(pinball=0.1)})
    verdict = judge(both, {"load": beside(champion)})
    assert verdict.model is not None
    assert verdict.model.students["load"] is champion
    assert verdict.model.students["pv"] is both.students["pv"]


def test_the_one_before_is_kept_and_can_serve_again(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    with pytest.raises(InputError):
        registry.roll_back(AT)
    for day, name in enumerate(("a", "b", "c"), start=1):
        saved(tmp_path, model(name, AT.replace(day=day)))
        registry.promote(name, "better", AT)
    assert (registry.serving, registry.previous) == ("c", "b")
    assert registry.models() == ["b", "c"]
    assert registry.roll_back(AT) == "b"
    again = Registry(tmp_path)
    assert (again.serving, again.previous) == ("b", "c")
    assert again.events[-1]["event"] == "serves again"


def test_a_damaged_registry_costs_no_model(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / REGISTRY).write_text("{")
    assert Registry(tmp_path).serving == "student-1"
    assert Registry(tmp_path / "nowhere").serving == FLOOR
