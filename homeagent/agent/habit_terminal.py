"""What the command line shows of habits: a week by hours in shades, and sentences."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

SHADES = " ░▒▓█"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = 24
WIDTH = 2


def print_habits(told: Mapping[str, Any], *, as_json: bool) -> None:
    """Print habits as `habit_book.told` gives them."""
    if as_json:
        print(json.dumps(told, indent=2))  # noqa: T201 - it is the answer
        return
    console = Console(highlight=False)
    for line in (*week(told["typical_kw"]), "", *told["sentences"]):
        console.print(line)


def week(typical_kw: Sequence[Sequence[float | None]]) -> list[str]:
    """Return a week by hours in shades: the darkest is the most that is usual; a dot is not known."""
    by_hour = [
        [_mean(row[k * len(row) // HOURS : (k + 1) * len(row) // HOURS]) for k in range(HOURS)] for row in typical_kw
    ]
    most = max((kw for row in by_hour for kw in row if kw is not None), default=0.0)
    if not most:
        return ["nothing is known of the week yet"]
    ruler = "".join(f"{hour:<{3 * WIDTH}}" for hour in range(0, HOURS, 3))
    lines = ["    " + ruler]
    for day, row in zip(DAYS, by_hour, strict=True):
        lines.append(f"{day} " + "".join(WIDTH * _shade(kw, most) for kw in row))
    return [*lines, f"    {SHADES[-1]} about {most:.1f} kW, {SHADES[1]} about {most / (len(SHADES) - 1):.1f} kW"]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _shade(kw: float | None, most: float) -> str:
    return "·" if kw is None else SHADES[min(round(kw / most * (len(SHADES) - 1)), len(SHADES) - 1)]
