"""Numbers written into a configuration: comments and layout stay, and what would not load is never written."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from homeagent.config import load_config
from homeagent.config.editing import as_yaml, edited, write_numbers
from homeagent.domain.actuator import Number, Setting
from homeagent.domain.errors import InputError

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"


def number(key: str, value: Setting) -> Number:
    return Number(key=tuple(key.split(".")), value=value, because="measured")


def placed(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text)
    (folder / "secrets.yaml").write_text("home_assistant_token: abc\n")
    return path


def changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def test_only_the_lines_that_are_meant_change(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    path = placed(tmp_path, text)
    path.chmod(0o640)
    numbers = [
        number("battery.inverter.min_power_kw", 0.25),
        number("appliances.boiler.steering.answer_seconds", 3.0),
        number("climate.living_room.steering.proof.within_seconds", 30.0),
    ]
    backup = write_numbers(path, numbers)
    assert backup == tmp_path / "config.yaml.bak"
    assert backup.read_text() == text
    switched = "on: [{set: switch.boiler, to: on}], off: [{set: switch.boiler, to: off}]"
    assert changed(text, path.read_text()) == [
        "-     min_power_kw: 0         # below this it does nothing [kW]; default 0",
        "+     min_power_kw: 0.25      # below this it does nothing [kW]; default 0",
        "+       proof: {within_seconds: 30}",
        f"-     steering: {{{switched}}}  # off is its safe state",
        f"+     steering: {{{switched}, answer_seconds: 3}}  # off is its safe state",
    ]
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_config(path).inverter.min_power_kw == 0.25
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config.yaml", "config.yaml.bak", "secrets.yaml"]


@pytest.mark.parametrize(
    ("before", "key", "value", "after"),
    [
        ("a: {b: 1}\n", "a.b", 2.0, "a: {b: 2}\n"),
        ("a: {b: 1}  # why\n", "a.c", 2.5, "a: {b: 1, c: 2.5}  # why\n"),
        ("a: {}\n", "a.b", 2.0, "a: {b: 2}\n"),
        ("a:\n  b: 1\n\n# of c\nc: 2\n", "a.d", 3.0, "a:\n  b: 1\n  d: 3\n\n# of c\nc: 2\n"),
        ("a:\n    b: 1", "a.d.e", 3.0, "a:\n    b: 1\n    d: {e: 3}\n"),
        ("a:\n  # nothing yet\nc: 2\n", "a.b", 3.0, "a: {b: 3}\n  # nothing yet\nc: 2\n"),
        ("m:\n  b: sensor.x\n", "m.b", {"entity": "sensor.x", "positive": "charge"},
         "m:\n  b: {entity: sensor.x, positive: charge}\n"),
        ("m:\n  b:\n    entity: sensor.x  # mine\n  s: 1\n", "m.b", {"entity": "sensor.x"},
         "m:\n  b: {entity: sensor.x}  # mine\n  s: 1\n"),
        ("m:\n  b:\n  - sensor.x\n  - sensor.y\n", "m.b", ({"entity": "sensor.x"}, {"entity": "sensor.y"}),
         "m:\n  b: [{entity: sensor.x}, {entity: sensor.y}]\n"),
        ("a:\r\n  b: 1\r\n", "a.c", 2.0, "a:\r\n  b: 1\r\n  c: 2\r\n"),
        ("a:\n  b: |\n    text\n  c: 1\n", "a.d", 2.0, "a:\n  b: |\n    text\n  c: 1\n  d: 2\n"),
    ],
)  # fmt: skip
def test_every_layout_is_edited(before: str, key: str, value: Setting, after: str) -> None:
    assert edited(before, tuple(key.split(".")), value) == after


def test_what_would_not_load_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    text = EXAMPLE.read_text()
    path = placed(tmp_path, text)
    for bad in (number("battery.steering.answer_seconds", -3.0), number("battery.no_such_key", 1.0)):
        with pytest.raises(InputError):
            write_numbers(path, [bad])
    assert path.read_text() == text
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config.yaml", "secrets.yaml"]


def test_an_alias_is_not_edited(tmp_path: Path) -> None:
    path = placed(tmp_path, "a: &x {b: 1}\nbattery: *x\n")
    with pytest.raises(InputError, match="write it yourself: battery:"):
        write_numbers(path, [number("battery.b", 1.0)])


def test_numbers_are_shown_as_lines_of_a_configuration() -> None:
    numbers = [number("battery.steering.proof.within_seconds", 20.0), number("battery.steering.answer_seconds", 8.0)]
    assert as_yaml(numbers) == "battery:\n  steering:\n    proof:\n      within_seconds: 20\n    answer_seconds: 8"
