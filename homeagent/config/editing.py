"""Values written into a configuration file: only their own lines change, comments and layout stay."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from homeagent.config.load import load_config
from homeagent.config.yaml_lines import KeyPath, dotted, read_document, refusal
from homeagent.domain.actuator import Number, Setting

PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.]*")
WORDS_OF_YAML = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
INDENT = 2


class _UneditableError(Exception):
    """The file is laid out in a way that cannot be edited here."""


def write_numbers(path: Path, numbers: Sequence[Number]) -> Path:
    """Write values into a configuration, and return the copy of what it was, `config.yaml.bak` beside it.

    The new file is loaded before it takes the old one's place, in one step.

    Raises:
        InputError: the file cannot be edited, or would not load: it is as it was.
    """
    path = path.resolve()
    read_document(path)
    text = path.read_bytes().decode("utf-8")
    try:
        for number in numbers:
            text = edited(text, number.key, number.value)
    except (_UneditableError, yaml.YAMLError) as error:
        raise refusal(path, f"cannot be edited: {error}", f"write it yourself: {as_yaml(numbers)}") from error
    trial, backup = path.with_name(f".{path.name}.new"), path.with_name(path.name + ".bak")
    try:
        try:
            trial.write_bytes(text.encode("utf-8"))
            shutil.copymode(path, trial)
            _check(trial, numbers)
            shutil.copy2(path, backup)
            os.replace(trial, path)  # noqa: PTH105 - the function that is known to be atomic
        finally:
            trial.unlink(missing_ok=True)
    except OSError as error:
        raise refusal(path, f"cannot be written: {error.strerror}", f"write it yourself: {as_yaml(numbers)}") from error
    return backup


def as_yaml(numbers: Sequence[Number]) -> str:
    """Return the values as lines of a configuration."""
    return "\n".join(_lines([(number.key, number.value) for number in numbers], 0))


def _lines(entries: Sequence[tuple[tuple[str, ...], Setting]], depth: int) -> list[str]:
    lines = []
    for name in dict.fromkeys(key[0] for key, _ in entries):
        inner = [(key[1:], value) for key, value in entries if key[0] == name]
        head = f"{' ' * INDENT * depth}{name}:"
        values = [value for key, value in inner if not key]
        lines += [f"{head} {flow(value)}" for value in values] or [head, *_lines(inner, depth + 1)]
    return lines


def flow(value: Setting) -> str:
    """Return a value on one line."""
    if isinstance(value, float | int):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name}: {_word(text)}" for name, text in value.items()) + "}"
    return "[" + ", ".join(flow(part) for part in value) + "]"


def _word(text: str) -> str:
    plain = PLAIN.fullmatch(text) is not None and text.lower() not in WORDS_OF_YAML
    return text if plain else json.dumps(text, ensure_ascii=False)


def edited(text: str, key: KeyPath, value: Setting) -> str:
    """Return the text of a YAML file with one value changed or added."""
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        raise _UneditableError("it is no mapping")
    node, rest = root, list(key)
    while True:
        found = _entry(node, str(rest[0]))
        if found is None:
            return _added(text, node, rest, value)
        name, inner = found
        if len(rest) == 1:
            return _replaced(text, name, inner, flow(value))
        if not isinstance(inner, yaml.MappingNode):
            if inner.value:
                raise _UneditableError(f"{dotted(key)} lies inside a value")
            return _replaced(text, name, inner, _nested(rest[1:], value))
        if inner.start_mark.index < name.start_mark.index:
            raise _UneditableError(f"{dotted(key)} is an alias")
        node, rest = inner, rest[1:]


def _nested(keys: Sequence[str | int], value: Setting) -> str:
    """Return a value under its keys, in one line."""
    return flow(value) if not keys else f"{{{keys[0]}: {_nested(keys[1:], value)}}}"


def _entry(node: yaml.MappingNode, key: str) -> tuple[yaml.Node, yaml.Node] | None:
    return next(((name, inner) for name, inner in node.value if name.value == key), None)


def _replaced(text: str, name: yaml.Node, node: yaml.Node, new: str) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    if start < name.start_mark.index:
        raise _UneditableError(f"{name.value} is an alias")
    if isinstance(node, yaml.CollectionNode) and not node.flow_style:
        end = _end(node)
        start = name.end_mark.index + text[name.end_mark.index : start].index(":") + 1
        return f"{text[:start]} {new}{text[end:]}"
    if start == end:  # nothing stands there
        start = end = name.end_mark.index + text[name.end_mark.index :].index(":") + 1
        return f"{text[:start]} {new}{text[end:]}"
    return text[:start] + new + _moved_comment(text[end:], len(new) - (end - start))


def _moved_comment(rest: str, longer: int) -> str:
    """Return what follows a value that became so much longer, with a comment beside it where it was if it fits."""
    gap = len(rest) - len(rest.lstrip(" "))
    return " " * max(gap - longer, min(gap, 2)) + rest[gap:] if rest[gap:].startswith("#") else rest


def _added(text: str, node: yaml.MappingNode, keys: Sequence[str | int], value: Setting) -> str:
    if node.flow_style:
        close = node.end_mark.index - 1
        body = text[:close].rstrip()
        comma = "" if body.endswith(("{", ",")) else ","
        space = "" if body.endswith("{") else " "
        return f"{body}{comma}{space}{keys[0]}: {_nested(keys[1:], value)}{text[close:]}"
    newline = "\r\n" if "\r\n" in text else "\n"
    column = node.value[0][0].start_mark.column
    line_end = text.find("\n", _end(node))
    line_end = len(text) if line_end < 0 else line_end + 1
    before = text[:line_end] if text[:line_end].endswith("\n") else text[:line_end] + newline
    return f"{before}{' ' * column}{keys[0]}: {_nested(keys[1:], value)}{newline}{text[line_end:]}"


def _end(node: yaml.Node) -> int:
    """Return where a node's last value ends; a block's own mark lies behind the comments that follow it."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        if not isinstance(last, tuple):
            return _end(last)
        name, inner = last
        return max(_end(inner), int(name.end_mark.index))
    return int(node.end_mark.index)


def _check(path: Path, numbers: Sequence[Number]) -> None:
    """See that the new file loads, and says what it should.

    Raises:
        InputError: it does not.
    """
    load_config(path)
    for number in numbers:
        found: Any = read_document(path).values
        for part in number.key:
            found = found.get(part) if isinstance(found, dict) else None
        wanted = list(number.value) if isinstance(number.value, tuple) else number.value
        if found != wanted:
            raise refusal(path, f"would not hold {dotted(number.key)}", f"write it yourself: {as_yaml([number])}")
