"""An understanding as a commented config.yaml, and the file itself."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from homeagent.config.yaml_lines import SECRETS, read_document
from homeagent.domain.discovery import Finding, Understanding
from homeagent.domain.errors import InputError, Issue

TOKEN = "home_assistant_token"  # noqa: S105 - the name of a secret, not one
PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(/[A-Za-z0-9_.]+)*")
RESERVED = {"on", "off", "yes", "no", "true", "false", "null", "y", "n"}
WIDTH = 118
MARKS = {"found": "", "warning": "LOOK: ", "missing": "NOT FOUND: "}


def config_text(understanding: Understanding, url: str, made_at: datetime, fingerprint: bytes | None = None) -> str:
    """Return the configuration with what was understood as comments. The token stays in its own file."""
    lines = [f"# Made by homeagent discover on {made_at:%Y-%m-%d}. What it understood of this home:"]
    for finding in understanding.findings:
        lines += _comment(finding)
    lines += ["", "home_assistant:", f"  url: {_scalar(url)}", f"  token: !secret {TOKEN}"]
    if fingerprint is not None:
        lines.append(f"  fingerprint: {_scalar(fingerprint.hex(':').upper())}")
    for key, value in understanding.values.items():
        if value not in ({}, None):
            lines += ["", *_entry(key, value, (), understanding.notes)]
    if understanding.offers:
        lines += ["", "# What else can be switched or set; put in your own numbers, and take the # away:"]
    for key, value in understanding.offers.items():
        lines += [f"# {line}" for line in _entry(key, value, (), {})]
    return "\n".join(lines) + "\n"


def _comment(finding: Finding) -> Iterator[str]:
    text = (
        MARKS[finding.kind]
        + finding.text
        + (f". {finding.remedy[0].upper()}{finding.remedy[1:]}" if finding.remedy else "")
    )
    words, line = _printable(text).split(" "), "# -"
    for word in words:
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = "#  "
        line += f" {word}"
    yield line


def _printable(text: str) -> str:
    """Return a text on one line, without what YAML refuses even in comments."""
    return yaml.reader.Reader.NON_PRINTABLE.sub("", " ".join(text.split()))


def _entry(key: str, value: Any, path: tuple[str, ...], notes: Mapping[str, str]) -> Iterator[str]:  # noqa: ANN401 - YAML
    indent = "  " * len(path)
    here = (*path, key)
    note = notes.get(".".join(here))
    end = f"  # {_printable(note)}" if note else ""
    noted = any(name.startswith(".".join((*here, ""))) for name in notes)
    if isinstance(value, Mapping) and value and (noted or not path or not _is_short(value)):
        yield f"{indent}{_scalar(key)}:{end}"
        for name, inner in value.items():
            yield from _entry(str(name), inner, here, notes)
    elif isinstance(value, list) and not _is_short(value):
        yield f"{indent}{_scalar(key)}:{end}"
        for inner in value:
            yield f"{indent}  - {_flow(inner)}"
    else:
        yield f"{indent}{_scalar(key)}: {_flow(value)}{end}"


def _is_short(value: Any) -> bool:  # noqa: ANN401 - YAML
    """Return whether a value is well written on one line."""
    inside: Sequence[Any] = [*value.values()] if isinstance(value, Mapping) else value
    return len(_flow(value)) <= 80 and not any(isinstance(one, Mapping | list) for one in inside)  # noqa: PLR2004 - characters


def _flow(value: Any) -> str:  # noqa: ANN401 - YAML
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(name))}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:  # noqa: ANN401 - YAML
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return f"{value:.10g}"
    text = str(value)
    if PLAIN.fullmatch(text) and text.lower() not in RESERVED:
        return text
    return yaml.safe_dump(text, default_style='"', allow_unicode=True, width=sys.maxsize).rstrip("\n")


def write_config(path: Path, text: str, token: str) -> list[Path]:
    """Write a configuration and, beside it, its secret; return what was written.

    Raises:
        InputError: a file is there already, another secret stands under the same name, or the folder is not writable.
    """
    secrets = path.with_name(SECRETS)
    known = _known_secret(secrets)
    if path.exists():
        raise _refused(path, "is there already, and is not written over", "name another: --out other.yaml")
    if known not in (None, token):
        remedy = f"take {TOKEN} out of it, or write the configuration into another folder: --out DIR/config.yaml"
        raise _refused(secrets, f"holds another {TOKEN}", remedy)
    written = []
    try:
        if known is None:
            _write_secret(secrets, token)
            written.append(secrets)
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise _refused(path, f"cannot be written: {reason}", "name a file in a folder that is yours") from error
    return [*written, path]


def _refused(path: Path, message: str, remedy: str) -> InputError:
    return InputError(str(path), (Issue(path="file", message=message, remedy=remedy),))


def _known_secret(secrets: Path) -> str | None:
    if not secrets.exists() or not secrets.read_text(encoding="utf-8").strip():
        return None
    values = read_document(secrets).values
    return None if not isinstance(values, dict) or TOKEN not in values else str(values[TOKEN])


def _write_secret(secrets: Path, token: str) -> None:
    """Add the token to the secrets, which only their owner may read if they are new."""
    line = yaml.safe_dump({TOKEN: token}, width=10_000)
    descriptor = os.open(secrets, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        if file.tell() and not secrets.read_text(encoding="utf-8").endswith("\n"):
            file.write("\n")
        file.write(line)
