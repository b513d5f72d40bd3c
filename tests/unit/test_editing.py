"""Numbers written into a configuration: everything else stays, to the letter."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeagent.config import load_config
from homeagent.config.editing import edited, write_numbers
from homeagent.domain.actuator import Number, Setting
from homeagent.domain.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"
TURNED: Setting = {"entity": "sensor.x", "positive": "charge"}
PAIR = "{entity: sensor.x, positive: charge}"
SMALL = """mode: advise  # for now
battery:
  # from the data sheet
  capacity_kwh: 10   # usable
  max_charge_kw: 5
  max_discharge_kw: 5

grid:   # the fuse
  max_import_kw: 17
"""


def number(key: str, value: Setting) -> Number:
    return Number(key=tuple(key.split(".")), value=value, because="measured")


def changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    ("text", "key", "value", "expected"),
    [
        ("a: 1  # why\nb: 2\n", "a", 3.0, "a: 3  # why\nb: 2\n"),
        ("a:\n  # why\n  b: 1\n\nc: 2\n", "a.d", 2.5, "a:\n  # why\n  b: 1\n  d: 2.5\n\nc: 2\n"),
        ("a: {b: 1}  # why\n", "a.c", 2.0, "a: {b: 1, c: 2}  # why\n"),
        ("a: {}\n", "a.c", 2.0, "a: {c: 2}\n"),
        ("a:\nb: 1\n", "a.c", 2.0, "a: {c: 2}\nb: 1\n"),
        ("a: 1\n", "p.q.r", 2.0, "a: 1\np: {q: {r: 2}}\n"),
        ("a: 1", "b", 2.0, "a: 1\nb: 2\n"),
        ("a: 1\r\nb: 2\r\n", "c", 3.0, "a: 1\r\nb: 2\r\nc: 3\r\n"),
        ("m:\n  g: sensor.x  # why\n", "m.g", TURNED, f"m:\n  g: {PAIR}  # why\n"),
        ("m:\n  g:\n    entity: sensor.y  # old\n  h: 1\n", "m.g", TURNED, f"m:\n  g: {PAIR}  # old\n  h: 1\n"),
        ("t: !secret x\na: 1\n", "a", 2.0, "t: !secret x\na: 2\n"),
    ],
)
def test_only_what_is_asked_changes(text: str, key: str, value: Setting, expected: str) -> None:
    assert edited(text, tuple(key.split(".")), value) == expected


def test_the_example_keeps_its_comments() -> None:
    before = after = EXAMPLE.read_text()
    values = {
        "battery.steering.answer_seconds": 12.0,
        "battery.steering.proof.within_seconds": 25.0,
        "battery.inverter.min_power_kw": 0.35,
        "climate.living_room.steering.proof.within_seconds": 30.0,
    }
    for key, value in values.items():
        after = edited(after, tuple(key.split(".")), value)
    lines = changed(before, after)
    assert len([line for line in lines if line.startswith("-")]) == 3  # the climate's has none yet
    assert before.count("#") == after.count("#")
    written = yaml.safe_load(after.replace("!secret", ""))
    for key, value in values.items():
        at = written
        for part in key.split("."):
            at = at[part]
        assert at == value


@given(
    st.dictionaries(
        st.sampled_from("abcde"),
        st.integers(0, 9) | st.dictionaries(st.sampled_from("xyz"), st.integers(), min_size=1),
        min_size=1,
    ),
    st.booleans(),
    st.sampled_from(["new.key", "a.new", "b"]),
)
def test_any_plain_file_takes_a_value_or_says_why_not(tree: dict[str, object], flow: bool, key: str) -> None:  # noqa: FBT001 - drawn
    text = yaml.safe_dump(tree, default_flow_style=flow)
    first, _, last = key.partition(".")
    if last and isinstance(tree.get(first), int):
        with pytest.raises(Exception, match="lies inside a value"):
            edited(text, (first, last), 1.5)
        return
    after = yaml.safe_load(edited(text, tuple(key.split(".")), 1.5))
    inner = tree.get(first)
    wanted = {**(inner if isinstance(inner, dict) else {}), last: 1.5} if last else 1.5
    assert after == tree | {first: wanted}


def test_a_file_is_loaded_before_it_takes_the_old_ones_place(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(SMALL)
    path.chmod(0o640)
    with pytest.raises(InputError):
        write_numbers(path, [number("battery.inverter.min_power_kw", -1.0)])
    assert path.read_text() == SMALL
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]
    backup = write_numbers(path, [number("battery.inverter.min_power_kw", 0.5)])
    assert backup.read_text() == SMALL
    assert load_config(path).inverter.min_power_kw == 0.5
    assert changed(SMALL, path.read_text()) == ["+   inverter: {min_power_kw: 0.5}"]
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config.yaml", "config.yaml.bak"]


@pytest.mark.parametrize("text", ["- 1\n", "a: [1\n", "battery: &b {capacity_kwh: 10}\ngrid: *b\n"])
def test_what_cannot_be_edited_says_what_to_write(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(InputError):
        write_numbers(path, [number("grid.max_import_kw", 17.0)])
    assert path.read_text() == text
