"""Forecasts as they were issued, as a file: one row a slot, known from `issued_at` on and not before."""

from __future__ import annotations

import csv
import gzip
import io
import math
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import IO

import numpy as np

from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import TimeGrid
from homeagent.domain.issued import ISSUED_QUANTITIES, IssuedForecast
from homeagent.domain.ports import Clock
from homeagent.simulation.home_data import open_text, reason

COLUMNS = ("issued_at", "provider", "quantity", "start", "step_minutes", "mean", "low", "high")
MOST_ISSUES = 5
BACK = timedelta(days=43)
"""How much of the past is handed to an agent that starts."""


class ReplayedForecasts:
    """Hands out forecasts as their time of issue passes."""

    def __init__(self, issued: Sequence[IssuedForecast], clock: Clock) -> None:
        begin = clock.now() - BACK
        self._waiting = [forecast for forecast in issued if forecast.issued_at >= begin][::-1]
        self._clock = clock

    def issued(self) -> Sequence[IssuedForecast]:
        """Return what has been issued since the last call, oldest first."""
        now, new = self._clock.now(), []
        while self._waiting and self._waiting[-1].issued_at <= now:
            new.append(self._waiting.pop())
        return new


@dataclass(frozen=True, slots=True)
class _Row:
    issued_at: datetime
    provider: str
    quantity: str
    start: datetime
    step_minutes: float
    values: tuple[float, float, float]

    @property
    def forecast(self) -> tuple[datetime, str, str]:
        return self.issued_at, self.provider, self.quantity


def read_issued(path: Path) -> list[IssuedForecast]:
    """Read and check a file of forecasts, plain or gzip; oldest first.

    Raises:
        InputError: with every kind of problem found, each naming its row and the remedy.
    """
    try:
        with open_text(path) as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            missing = [name for name in COLUMNS[:6] if name not in header]
            if missing:
                remedy = f"give the columns {', '.join(COLUMNS)}"
                raise _refusal(path, "header", f"lacks {', '.join(missing)}", remedy)
            issues: list[Issue] = []
            found = list(_rows(rows, header, issues))
    except (OSError, EOFError) as error:
        raise _refusal(path, "file", f"cannot be read: {reason(error)}", "name a CSV file, plain or gzip") from error
    except (UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise _refusal(path, "file", "is not a text file", "give a CSV file, plain or gzip, in UTF-8") from error
    if issues:
        raise InputError(str(path), tuple(issues))
    found.sort(key=lambda row: (row.forecast, row.start))
    return [_forecast(path, list(rows_of)) for _, rows_of in groupby(found, key=lambda row: row.forecast)]


def _rows(rows: Iterable[list[str]], header: Sequence[str], issues: list[Issue]) -> Iterator[_Row]:
    for line, cells in enumerate(rows, start=2):
        if not cells:
            continue
        if len(issues) >= MOST_ISSUES:
            issues.append(Issue(path="file", message="further rows were not looked at", remedy="mend these first"))
            return
        try:
            yield _row(dict(zip(header, cells, strict=True)))
        except ValueError as error:
            remedy = "write times in ISO 8601 with a zone, numbers with a point, and one quantity of those known: "
            issues.append(
                Issue(path=f"row {line}", message=str(error), remedy=remedy + ", ".join(sorted(ISSUED_QUANTITIES)))
            )


def _row(cells: dict[str, str]) -> _Row:
    times = [datetime.fromisoformat(cells[name].strip()) for name in ("issued_at", "start")]
    if any(at.tzinfo is None for at in times):
        raise ValueError("has a time without a zone")
    if cells["quantity"] not in ISSUED_QUANTITIES:
        raise ValueError(f"has an unknown quantity {cells['quantity']!r}")
    mean, low, high = (float(cells.get(name) or math.nan) for name in ("mean", "low", "high"))
    if math.isinf(mean) or (cells["quantity"] == "pv_kw" and mean < 0):
        raise ValueError(f"has a mean of {mean:g}")
    step_minutes = float(cells["step_minutes"])
    if not 1 <= step_minutes <= 24 * 60:
        raise ValueError(f"has a step of {step_minutes:g} minutes")
    return _Row(times[0], cells["provider"], cells["quantity"], times[1], step_minutes, (mean, low, high))


def _forecast(path: Path, rows: Sequence[_Row]) -> IssuedForecast:
    first, last = rows[0], rows[-1]
    step = timedelta(minutes=first.step_minutes)
    count = (last.start - first.start) // step + 1
    whole = all(row.step_minutes == first.step_minutes and not (row.start - first.start) % step for row in rows)
    if not whole or len({row.start for row in rows}) != len(rows) or count > 100 * len(rows):
        what = f"the forecast of {first.provider} issued at {first.issued_at.isoformat()}"
        raise _refusal(path, what, "has slots that overlap or fit no common step", "give each forecast equal slots")
    values = np.full((3, count), np.nan)
    for row in rows:
        values[:, (row.start - first.start) // step] = row.values
    banded = not np.isnan(values[1:]).all()
    return IssuedForecast(
        provider=first.provider,
        quantity=first.quantity,  # type: ignore[arg-type]  # checked when the row was read
        issued_at=first.issued_at,
        grid=TimeGrid(start=first.start, step=step, count=count),
        mean=values[0],
        low=values[1] if banded else None,
        high=values[2] if banded else None,
    )


def write_issued(path: Path, forecasts: Iterable[IssuedForecast]) -> int:
    """Write forecasts to a file, gzip where its name ends in .gz, and return how many there were.

    Raises:
        InputError: it cannot be written.
    """
    count = 0
    try:
        with _writing(path) as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for count, forecast in enumerate(forecasts, start=1):  # noqa: B007 - the count is what is returned
                rows.writerows(_cells(forecast))
    except OSError as error:
        raise _refusal(path, "file", f"cannot be written: {reason(error)}", "name a file you may write to") from error
    return count


def _writing(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.GzipFile(path, "wb", mtime=0), encoding="utf-8", newline="")
    return path.open("w", encoding="utf-8", newline="")


def _cells(forecast: IssuedForecast) -> Iterator[list[str]]:
    grid = forecast.grid
    head = [f"{forecast.issued_at:%Y-%m-%dT%H:%M:%SZ}", forecast.provider, forecast.quantity]
    columns = [forecast.mean, forecast.low, forecast.high]
    for slot, at in enumerate(grid.starts()):
        values = [math.nan if column is None else float(column[slot]) for column in columns]
        cells = ["" if math.isnan(value) else f"{value:.4f}" for value in values]
        yield [*head, f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{grid.step / timedelta(minutes=1):g}", *cells]


def _refusal(path: Path, what: str, message: str, remedy: str) -> InputError:
    return InputError(str(path), (Issue(path=what, message=message, remedy=remedy),))
