"""Pieces of time with a value each, as payloads list them, laid on equal slots: nothing is lost, nothing guessed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np

from homeagent.domain.errors import PermanentError
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.issued import resampled

STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 20, 30, 60))
"""Slots that divide the hour; a payload at odd times is laid on the finest of them."""
HOUR = timedelta(hours=1)
LONGEST = timedelta(days=16)
MOST_PIECES = 20_000


class ShapeError(PermanentError):
    """A payload is not of the shape that was expected. Says what was seen, and how to describe it."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A half-open span of time with the mean of each column over it; a gap is NaN."""

    start: datetime
    end: datetime
    values: tuple[float, ...]


def instant(text: object, where: str) -> datetime:
    """Return a time of a payload in UTC.

    Raises:
        ShapeError: it is no time, or has no zone, so that it could mean two hours on the day the clock changes.
    """
    at = text
    if isinstance(text, str):
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
    if not isinstance(at, datetime):
        raise ShapeError(f"{where} holds {text!r} where a time is expected; write ISO 8601 with a zone")
    if at.tzinfo is None:
        raise ShapeError(f"{where} holds the time {text!r} without a zone; write it with one, as in +01:00 or Z")
    return at.astimezone(UTC)


def number(value: object) -> float:
    """Return a value of a payload, NaN where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return math.nan
    return float(value)


def with_ends(starts: Sequence[tuple[datetime, tuple[float, ...]]]) -> list[Piece]:
    """Return pieces from values that only have a start: each lasts to the next, but no longer than is usual among them.

    The usual length is the most frequent spacing, an hour at most.
    """
    ordered = sorted(dict(starts).items())
    spaced = [later[0] - sooner[0] for sooner, later in pairwise(ordered)]
    usual = min(max(set(spaced), key=lambda gap: (spaced.count(gap), -gap)), HOUR) if spaced else HOUR
    ends = [min(gap, usual) for gap in spaced] + [usual]
    return [Piece(start, start + length, values) for (start, values), length in zip(ordered, ends, strict=True)]


def on_slots(pieces: Iterable[Piece]) -> tuple[TimeGrid, FloatArray]:
    """Return means on equal slots, shape (columns, count), with the energy of every piece kept.

    A slot that is not covered whole is NaN. The step is the coarsest that every piece begins and ends on, else the
    finest of `STEPS`. Where pieces overlap, the later in order of start counts from its start on.

    Raises:
        ShapeError: there is nothing, or it spans more than any forecast does.
    """
    ordered = _trimmed(sorted(pieces, key=lambda piece: piece.start))
    if not ordered:
        raise ShapeError("it lists no values")
    first, last = ordered[0].start, ordered[-1].end
    if last - first > LONGEST or len(ordered) > MOST_PIECES:
        span = f"{first:%Y-%m-%d} to {last:%Y-%m-%d} in {len(ordered)} steps"
        raise ShapeError(f"it spans {span}, more than a forecast has")
    edges = {edge for piece in ordered for edge in (piece.start, piece.end)}
    step = next((step for step in reversed(STEPS) if not any(_off(edge, step) for edge in edges)), STEPS[0])
    start = first - _off(first, step)
    count = -((start - last) // step)
    grid = TimeGrid(start=start, step=step, count=count)
    return grid, np.array([_means(ordered, column, grid) for column in range(len(ordered[0].values))])


def _trimmed(ordered: Sequence[Piece]) -> list[Piece]:
    cut = [Piece(one.start, min(one.end, after.start), one.values) for one, after in pairwise(ordered)]
    return [piece for piece in [*cut, *ordered[-1:]] if piece.end > piece.start]


def _off(at: datetime, step: timedelta) -> timedelta:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) % step


def _means(pieces: Sequence[Piece], column: int, grid: TimeGrid) -> FloatArray:
    """Return one column's means; by sums up to each edge, so that nothing is lost whatever the steps are."""
    starts = np.array([(piece.start - grid.start) / grid.step for piece in pieces])
    ends = np.array([(piece.end - grid.start) / grid.step for piece in pieces])
    values = np.array([piece.values[column] for piece in pieces])
    seen = ~np.isnan(values)
    lengths = ends - starts
    edges = np.arange(grid.count + 1)
    knots = np.column_stack([starts, ends]).ravel()

    def up_to(amounts: FloatArray) -> FloatArray:
        sums = np.concatenate([[0.0], np.cumsum(amounts)])
        at_edges: FloatArray = np.interp(edges, knots, np.column_stack([sums[:-1], sums[1:]]).ravel())
        return at_edges

    covered = np.diff(up_to(np.where(seen, lengths, 0.0)))
    amount = np.diff(up_to(np.where(seen, values, 0.0) * lengths))
    means: FloatArray = np.where(covered > 1 - 1e-6, amount, np.nan)
    return means


def added_up(parts: Sequence[tuple[TimeGrid, FloatArray]]) -> tuple[TimeGrid, FloatArray]:
    """Return the sum of several roofs on the finest of their steps; where one of them is not known, neither is it.

    Raises:
        ShapeError: they have no time in common.
    """
    if len(parts) == 1:
        return parts[0]
    step = min(grid.step for grid, _ in parts)
    start, end = min(grid.start for grid, _ in parts), max(grid.end for grid, _ in parts)
    grid = TimeGrid(start=start, step=step, count=-((start - end) // step))
    total = np.sum([[resampled(part, column, grid) for column in columns] for part, columns in parts], axis=0)
    if np.isnan(total[0]).all():
        raise ShapeError("the roofs' forecasts have no time in common")
    known = np.flatnonzero(~np.isnan(total[0]))
    first, last = int(known[0]), int(known[-1]) + 1
    return TimeGrid(start=grid.at(first), step=step, count=last - first), total[:, first:last]
