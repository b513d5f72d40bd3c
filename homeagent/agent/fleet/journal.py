"""The rows of a run as they come, a line a home: what is in it is not computed again."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from homeagent.agent.fleet.home import HomeResult, Lived, Options, lived_from
from homeagent.config import Scenario
from homeagent.domain.errors import InputError, Issue
from homeagent.footprint.build import build_id

JOURNAL = "homes.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeRow:
    """A home with what came of it; `key` stands for all that this hangs on."""

    home: str
    key: str
    lived: Lived

    @property
    def result(self) -> HomeResult:
        """The figures of a home that was scored."""
        if self.lived.result is None:
            raise ValueError(f"{self.home} was not scored: {self.lived.failure}")
        return self.lived.result


def key_of(content: bytes, scenario: Scenario, options: Options) -> str:
    """Return what a row hangs on, in short: file, scenario, options and the build of homeagent."""
    digest = hashlib.sha256(content)
    for part in (scenario, options, build_id()):
        digest.update(repr(part).encode())
    return digest.hexdigest()[:32]


class Journal:
    """The file `homes.jsonl` of a folder, held against a second run. A line that a crash cut off is passed over."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / JOURNAL).open("a+", encoding="utf-8")
        except OSError as error:
            remedy = "name a folder you may write to"
            issue = Issue(path="--out", message=f"cannot be written: {error.strerror}", remedy=remedy)
            raise InputError(str(folder), (issue,)) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            remedy = "wait for it, or name another folder"
            issue = Issue(path="--out", message="is in use by another run", remedy=remedy)
            raise InputError(str(folder), (issue,)) from error
        self._kept = _read(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def kept(self, home: str, key: str) -> HomeRow | None:
        """Return the row of an earlier run; what crashed is tried again."""
        plain = self._kept.get((home, key))
        if plain is None or plain["crashed"]:
            return None
        return HomeRow(home=home, key=key, lived=lived_from(plain))

    def add(self, row: HomeRow) -> None:
        """Write a row; it is in the file when this returns."""
        line = {"home": row.home, "key": row.key, **row.lived.plain()}
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()


def _read(file: TextIOWrapper) -> dict[tuple[str, str], dict[str, Any]]:
    file.seek(0)
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    line = "\n"
    for line in file:
        try:
            plain = json.loads(line)
            kept[plain.pop("home"), plain.pop("key")] = plain
        except (ValueError, KeyError, AttributeError):
            continue
    if not line.endswith("\n"):
        file.write("\n")
    return kept


def write_table(path: Path, rows: Iterable[HomeRow]) -> None:
    """Write a row a home as CSV: the figures, or why there are none."""
    names = [field.name for field in fields(HomeResult)]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["home", *names, "cpu_seconds", "failure"])
        for row in rows:
            lived = row.lived
            result: Mapping[str, Any] = {} if lived.result is None else asdict(lived.result)
            figures = [result.get(name) for name in names]
            table.writerow([row.home, *figures, lived.cpu_seconds, lived.failure])
