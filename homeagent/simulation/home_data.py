"""A measured home from a CSV file: one row a step, checked whole before anything runs."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import numpy as np

from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import FloatArray, TimeGrid

MEASURED = ("load_kw", "pv_kw", "price_import_per_kwh", "price_export_per_kwh")
OPTIONAL = ("carbon_g_per_kwh", "temp_c", "irradiance_w_m2", "dni_w_m2", "humidity_pct", "forecast_pv_kw")
NEVER_NEGATIVE = ("load_kw", "pv_kw")
MOST_MEAN_KW = 100.0
"""No home uses more than this on average; watts taken for kilowatts do."""
MOST_ISSUES = 5
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HomeData:
    """Columns on one grid, each of shape (count,); an empty cell is NaN. `ignored` names columns that mean nothing."""

    grid: TimeGrid
    columns: dict[str, FloatArray]
    ignored: tuple[str, ...]

    def column(self, name: str) -> FloatArray:
        """Return a column, all NaN where the file has none."""
        return self.columns.get(name, np.full(self.grid.count, math.nan))

    def means_on(self, grid: TimeGrid, name: str) -> FloatArray:
        """Return a column's means on a grid of the same step or whole numbers of it; NaN outside the file."""
        inside = max(grid.step // self.grid.step, 1)
        rows = (grid.start - self.grid.start) // self.grid.step + np.arange(grid.count * inside)
        known = (rows >= 0) & (rows < self.grid.count)
        taken = np.where(known, self.column(name)[rows.clip(0, self.grid.count - 1)], np.nan)
        means: FloatArray = taken.reshape(grid.count, inside).mean(axis=1)
        return means


def is_appliance(column: str) -> bool:
    """Return whether a column is the power of one appliance, which is part of the load."""
    return column.startswith("appliance_") and column.endswith("_kw")


def read_home(path: Path, content: bytes | None = None) -> HomeData:
    """Read and check a home's file, plain or gzip. `content` is what it holds, where somebody has read it already.

    Raises:
        InputError: with every kind of problem found, each naming row or column and the remedy.
    """
    issues: list[Issue] = []
    try:
        with open_text(path, content) as file:
            reader = csv.reader(file)
            header = next(reader, None)
            if not header or header == [""]:
                raise _refusal(path, "file", "is empty", "give a CSV file with a header and one row per step")
            stamps, cells, names = _read_rows(reader, header, issues)
    except (OSError, EOFError) as error:
        raise _refusal(path, "file", f"cannot be read: {reason(error)}", "name a CSV file, plain or gzip") from error
    except (UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise _refusal(path, "file", "is not a text file", "give a CSV file, plain or gzip, in UTF-8") from error
    grid = _grid(stamps, issues) if not issues else None
    columns = {name: np.array(values, dtype=np.float64) for name, values in cells.items()}
    if grid is not None:
        issues += _implausible(columns, grid)
    if issues or grid is None:
        raise InputError(str(path), tuple(issues))
    ignored = tuple(name for name in names if name not in columns and name != "timestamp")
    return HomeData(grid=grid, columns=columns, ignored=ignored)


def _refusal(path: Path, what: str, message: str, remedy: str) -> InputError:
    return InputError(str(path), (Issue(path=what, message=message, remedy=remedy),))


def reason(error: OSError | EOFError) -> str:
    """Return why a file cannot be read, in words."""
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else "it ends in the middle"


def open_text(path: Path, content: bytes | None = None) -> TextIO:
    """Open a text file, plain or gzip; or what it holds."""
    raw: io.BufferedIOBase
    if content is None:
        with path.open("rb") as file:
            zipped = file.read(2) == GZIP
        raw = gzip.GzipFile(path) if zipped else path.open("rb")
    else:
        raw = io.BytesIO(content)
        raw = gzip.GzipFile(fileobj=raw) if content.startswith(GZIP) else raw
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _read_rows(
    reader: Iterator[list[str]], header: list[str], issues: list[Issue]
) -> tuple[list[datetime], dict[str, array[float]], list[str]]:
    names = [name.strip() for name in header]
    issues += [
        Issue(
            path="header",
            message=f"lacks the column {needed}",
            found=", ".join(names)[:80],
            remedy="see the format of a home's file in the docs",
        )
        for needed in ("timestamp", "load_kw")
        if needed not in names
    ]
    issues += [
        Issue(path="header", message=f"names the column {name} twice", remedy="keep one of them")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if issues:
        return [], {}, names
    wanted = [(i, name) for i, name in enumerate(names) if name in MEASURED + OPTIONAL or is_appliance(name)]
    cells = {name: array("d") for _, name in wanted}
    stamp_at = names.index("timestamp")
    stamps: list[datetime] = []
    for line, row in enumerate(reader, start=2):
        if not row:
            continue
        if len(row) != len(names):
            issues.append(
                Issue(
                    path=f"row {line}",
                    message=f"has {len(row)} cells, the header {len(names)}",
                    remedy="give each row every column; a gap is an empty cell",
                )
            )
        else:
            _read_row(row, line, stamp_at, wanted, stamps, cells, issues)
        if len(issues) >= MOST_ISSUES:
            issues.append(Issue(path="file", message="further rows were not looked at", remedy="mend these first"))
            break
    return stamps, cells, names


def _read_row(
    row: list[str],
    line: int,
    stamp_at: int,
    wanted: list[tuple[int, str]],
    stamps: list[datetime],
    cells: dict[str, array[float]],
    issues: list[Issue],
) -> None:
    try:
        at = datetime.fromisoformat(row[stamp_at].strip())
    except ValueError:
        issues.append(
            Issue(
                path=f"row {line}, timestamp",
                message="is no time",
                found=repr(row[stamp_at]),
                remedy="write ISO 8601 in UTC, as 2024-03-01T12:00:00Z",
            )
        )
        return
    if at.tzinfo is None:
        issues.append(
            Issue(
                path=f"row {line}, timestamp",
                message="has no time zone",
                found=repr(row[stamp_at]),
                remedy="write it in UTC with a Z at its end",
            )
        )
        return
    stamps.append(at)
    for index, name in wanted:
        text = row[index]
        try:
            value = float(text) if text.strip() else math.nan
        except ValueError:
            value = math.inf
        if math.isinf(value):
            issues.append(
                Issue(
                    path=f"row {line}, {name}",
                    message="is no number",
                    found=repr(text),
                    remedy="write a decimal number, or leave the cell empty for a gap",
                )
            )
        elif value < 0 and name in NEVER_NEGATIVE:
            issues.append(
                Issue(
                    path=f"row {line}, {name}",
                    message="is negative",
                    found=text,
                    remedy="load and PV are never negative; leave the cell empty if it was not measured",
                )
            )
        cells[name].append(value)


def _grid(stamps: list[datetime], issues: list[Issue]) -> TimeGrid | None:
    """Return the grid of the rows, checking that each follows the one before by the same step."""
    if len(stamps) < 2:  # noqa: PLR2004 - a step needs two rows
        issues.append(Issue(path="file", message=f"has {len(stamps)} rows", remedy="give at least two, one per step"))
        return None
    steps = sorted(b - a for a, b in pairwise(stamps))
    step = steps[len(steps) // 2]
    for index, (before, at) in enumerate(pairwise(stamps)):
        if at - before == step:
            continue
        line = index + 3
        if at == before:
            message, remedy = "repeats the row before", "keep one row per step"
        elif steps[0] < timedelta(0):
            line = next(k + 3 for k, (a, b) in enumerate(pairwise(stamps)) if b < a)
            message, remedy = "is earlier than the row before", "sort the rows by time"
        else:
            message = f"leaves out what follows {before.isoformat()}"
            remedy = "keep a row for every step; a gap is a row with empty cells"
        issues.append(Issue(path=f"row {line}", message=message, found=stamps[line - 2].isoformat(), remedy=remedy))
        return None
    if not timedelta(minutes=1) <= step <= timedelta(hours=1) or timedelta(hours=1) % step:
        issues.append(
            Issue(
                path="timestamp",
                message=f"has a step of {step}",
                remedy="use a step of 1 to 60 minutes that divides the hour",
            )
        )
        return None
    return TimeGrid(start=stamps[0], step=step, count=len(stamps))


def _implausible(columns: dict[str, FloatArray], grid: TimeGrid) -> list[Issue]:
    issues = []
    for name in NEVER_NEGATIVE:
        values = columns.get(name, np.array([]))
        seen = values[~np.isnan(values)]
        if len(seen) and seen.mean() > MOST_MEAN_KW:
            issues.append(
                Issue(
                    path=name,
                    message=f"has a mean of {seen.mean():.0f} kW, which no home has",
                    remedy="if these are watts, divide by 1000",
                )
            )
    if np.isnan(columns["load_kw"]).all():
        issues.append(
            Issue(
                path="load_kw",
                message=f"is empty in all {grid.count} rows",
                remedy="give the home's mean consumption of each step in kW",
            )
        )
    return issues
