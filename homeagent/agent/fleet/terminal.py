"""What the command line shows of many homes: a bar while they are replayed, tables afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from homeagent.agent.fleet.figures import PERIOD_DAYS
from homeagent.agent.fleet.words import NAMES, in_words, with_interval

WORST_SHOWN = 5
FAILURES_SHOWN = 5


@contextmanager
def homes_bar() -> Iterator[tuple[Callable[[int, int, int], None], Callable[[str], None]]]:
    """Give a function (done, failed, total) that moves a bar on standard error, and one that says a line above it."""
    columns = (
        TextColumn("Replaying homes"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed, left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=2) as bar:
        task = bar.add_task("", total=None, failed=0)

        def move(done: int, failed: int, total: int) -> None:
            bar.update(task, completed=done, total=total, failed=failed)

        yield move, lambda text: bar.console.print(f"note: {text}", markup=False, highlight=False)


def print_homes(found: Mapping[str, Any], out: Path) -> None:
    """Print how the savings spread, the worst homes, and what failed."""
    console = Console(highlight=False)
    console.print(_spread(found))
    dearer = found["homes_dearer_than_rule"]
    console.print(
        f"{dearer['value']:.1%} of the homes paid more than with the inverter's own rule "
        f"({dearer['low']:.1%} to {dearer['high']:.1%})",
        markup=False,
    )
    for one in found["worst"][:WORST_SHOWN]:
        share = "" if one["share"] is None else f", {one['share']:.3f} of the possible"
        console.print(f"worst: {one['home']}: saved {one['saved']:.2f}{share}: {one['why']}", markup=False)
    for one in found["failures"][:FAILURES_SHOWN]:
        console.print(f"failed: {one['home']}: {one['reason']}", markup=False)
    if len(found["failures"]) > FAILURES_SHOWN:
        console.print(f"and {len(found['failures']) - FAILURES_SHOWN} more, in homes.csv")
    run = found["run"]
    kept = f", {run['kept_from_before']} of them known from before" if run["kept_from_before"] else ""
    console.print(
        f"{found['scored']} homes scored, {found['failed']} failed{kept}; {run['seconds']:.0f} s with {run['workers']} "
        f"at work, {run['cpu_seconds_of_homes']:.0f} CPU seconds"
    )
    console.print(f"Written to {out}: fleet.html, fleet.json, homes.csv", markup=False)


def _spread(found: Mapping[str, Any]) -> Table:
    title = (
        f"{found['scored']} homes, money in {found['currency']} in {PERIOD_DAYS} days; in brackets what is 95 % sure"
    )
    table = Table(title=title, box=SIMPLE_HEAD, title_justify="left")
    table.add_column("")
    for name in ("mean", "median", "half of the homes"):
        table.add_column(name, justify="right")
    for name, one in found["distributions"].items():
        if one is not None:
            half = f"{in_words(name, one['p25'])} to {in_words(name, one['p75'])}"
            cells = (with_interval(name, one["mean"]), with_interval(name, one["median"]), half)
            table.add_row(NAMES[name], *(cell.replace("[", r"\[") for cell in cells))
    return table
