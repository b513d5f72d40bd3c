"""Rows on their way into the database: a line each in a small file beside it, until they are there.

A transaction for what a minute brings would write some ten pages of the database, its log and its index; a line is one.
Each line has the number of the batch that it belongs to. The database keeps the number of the batch that is not in it
yet, in the transaction that takes one in: so a line is taken in once, wherever the process is killed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from homeagent.store.rows import Row

FACT = "journal"
"""The number of the batch that is not in the database yet, among its facts."""
KINDS = str | int | float | None


class Journal:
    """The file; it is made when something is first written to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def append(self, batch: int, rows: Iterable[tuple[str, Row]]) -> None:
        """Hand rows, each with the name of its table, to the system: a killed process loses none of them."""
        text = "".join(json.dumps([batch, table, row]) + "\n" for table, row in rows)
        if not text:
            return
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(self._file, text.encode())

    def of(self, batch: int) -> Iterator[tuple[str, Row]]:
        """Yield the rows of a batch; a line that was cut off is left out."""
        try:
            lines = self._path.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return
        for line in lines:
            try:
                number, table, row = json.loads(line)
                if number == batch:
                    yield str(table), tuple(row)
            except (TypeError, ValueError):
                continue

    def clear(self) -> None:
        """Forget what is in the database by now."""
        with suppress(FileNotFoundError):
            os.truncate(self._path, 0)

    def close(self) -> None:
        """Let go of the file; a journal that holds nothing is removed."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._path.exists() and self._path.stat().st_size == 0:
            self._path.unlink()


def told_in_json(row: Row) -> bool:
    """Return whether a row comes out of a line as it went in."""
    return all(isinstance(value, KINDS) for value in row)
