"""YAML as plain values, with the line of every key."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from homeagent.domain.errors import InputError, Issue

KeyPath: TypeAlias = tuple[str | int, ...]
SECRETS = "secrets.yaml"
ONE_OR_MORE = ("ev", "water_heater")


@dataclass(slots=True)
class Document:
    """The values of a file, the line of each key path, and the paths whose values must not be shown."""

    values: object
    lines: dict[KeyPath, int] = field(default_factory=dict)
    hidden: set[KeyPath] = field(default_factory=set)
    issues: list[Issue] = field(default_factory=list)

    def written(self, path: KeyPath) -> KeyPath:
        """Return a path as it stands in the file, where a group of one device has that device's keys themselves."""
        alone = len(path) > 1 and path[:2] not in self.lines and path[:1] in self.lines
        return (path[0], *path[2:]) if alone and path[0] in ONE_OR_MORE else path

    def line(self, path: KeyPath) -> int | None:
        """Return the line of `path`, or of the nearest key around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)


def refusal(path: Path, message: str, remedy: str, line: int | None = None) -> InputError:
    """Return an error about a file as a whole."""
    return InputError(str(path), (Issue(path="file", message=message, line=line, remedy=remedy),))


def read_document(path: Path) -> Document:
    """Read a YAML file whose top level is a mapping.

    Raises:
        InputError: it cannot be read, is no YAML, or is no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise refusal(path, f"cannot be read: {(error.strerror or str(error)).lower()}", "name a YAML file") from error
    except UnicodeDecodeError as error:
        raise refusal(path, "is not a text file", "give a YAML file in UTF-8") from error
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = None if error.problem_mark is None else error.problem_mark.line + 1
        raise refusal(path, f"is no valid YAML: {error.problem}", "mend that line", line) from error
    except yaml.YAMLError as error:
        raise refusal(path, "is no valid YAML", "give a text file of keys and values") from error
    if not isinstance(node, yaml.MappingNode):
        raise refusal(path, "is empty or no mapping", "write keys with values, as in config.example.yaml")
    document = Document(values=None)
    try:
        document.values = _Reader(path, document).value(node, ())
    except RecursionError as error:
        raise refusal(path, "refers to itself or is nested too deep", "write it without aliases") from error
    if document.issues:
        raise InputError(str(path), tuple(document.issues))
    return document


class _Reader:
    """Turns nodes into values, resolving `!secret` and `!env`."""

    def __init__(self, path: Path, document: Document) -> None:
        self._path = path
        self._document = document
        self._loader = yaml.SafeLoader("")
        self._secrets: dict[str, object] | None = None

    def value(self, node: yaml.Node, path: KeyPath) -> object:
        self._document.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        if node.tag == "!secret":
            return self._secret(node, path)
        if node.tag == "!env":
            return self._environment(node, path)
        try:
            return self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            problem = getattr(error, "problem", None) or str(error)
            self._issue(path, node, f"is not understood: {problem}", "write a plain value, !secret NAME or !env NAME")
            return None

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, object]:
        values: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else "?"
            here = (*path, key)
            if key in values:
                self._issue(here, key_node, "is given twice", "keep one of them")
            self._document.lines[here] = key_node.start_mark.line + 1
            values[key] = self.value(value_node, here)
        return values

    def _secret(self, node: yaml.Node, path: KeyPath) -> object:
        self._document.hidden.add(path)
        if self._secrets is None:
            secrets = self._path.with_name(SECRETS)
            self._secrets = {}
            if secrets.exists():
                values = read_document(secrets).values
                self._secrets = values if isinstance(values, dict) else {}
        if node.value not in self._secrets:
            self._issue(path, node, f"asks for the secret {node.value}", f"add it to {SECRETS} beside this file")
        return self._secrets.get(node.value)

    def _environment(self, node: yaml.Node, path: KeyPath) -> object:
        self._document.hidden.add(path)
        name, _, default = str(node.value).partition(" ")
        text = os.environ.get(name, default)
        if not text:
            self._issue(path, node, f"asks for the environment variable {name}", "set it, or write !env NAME default")
        scalar = yaml.compose(text or "null", Loader=yaml.SafeLoader)
        return self._loader.construct_object(scalar) if isinstance(scalar, yaml.ScalarNode) else text

    def _issue(self, path: KeyPath, node: yaml.Node, message: str, remedy: str) -> None:
        where = dotted(path)
        self._document.issues.append(Issue(path=where, message=message, line=node.start_mark.line + 1, remedy=remedy))


def dotted(path: KeyPath) -> str:
    """Return a key path as people write it: battery.capacity_kwh, peak_charge.tiers[1]."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
