"""What the command line shows: progress bars and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from homeagent.domain.ledger import SavingsEntry


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function (done, total) that moves a progress bar on standard error."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield move


def print_summary(summary: Mapping[str, Any], out: Path) -> None:
    """Print what a backtest came to."""
    console, currency = Console(), summary["currency"]
    window = summary["window"]
    table = Table(title=f"{window['start']} to {window['end']}: {window['days']:.1f} days")
    table.add_column("")
    table.add_column(f"cost [{currency}]", justify="right")
    table.add_column("saved", justify="right")
    table.add_column("share of the possible saving", justify="right")
    none = summary["cost_without_battery"]
    rows = (
        ("without battery", none, 0.0 if summary["cost_perfect_foresight"] is not None else None),
        ("self-consumption rule", summary["cost_self_consumption_rule"], summary["share_of_possible_saving_rule"]),
        ("homeagent", summary["cost_agent"], summary["share_of_possible_saving_agent"]),
        ("perfect foresight (bound)", summary["cost_perfect_foresight"], None),
    )
    for name, cost, share in rows:
        if cost is not None:
            table.add_row(name, f"{cost:.2f}", f"{none - cost:.2f}", "" if share is None else f"{share:.3f}")
    console.print(table)
    if summary["carbon_kg"] is not None:
        console.print(f"Imported energy stood for {summary['carbon_kg']:.1f} kg of CO2 with homeagent")
    console.print(
        f"{summary['thinks']} thinks, {summary['decisions']} decisions, "
        f"{sum(summary['cpu_seconds'].values()):.1f} CPU seconds, {summary['peak_memory_mb']:.0f} MB at most"
    )
    console.print(f"Written to {out}")


def print_savings(entries: list[SavingsEntry], currency: str) -> None:
    """Print one row a day, and the sums. Modelled: the other two columns are simulated on the same load and prices."""
    table = Table(title=f"Saved, modelled [{currency}]")
    for name in ("day", "without battery", "rule", "homeagent", "change of stored energy", "saved against rule"):
        table.add_column(name, justify="left" if name == "day" else "right")
    for entry in entries:
        row = (entry.cost_without_battery, entry.cost_rule, entry.cost, entry.stored_value, entry.saved_against_rule)
        table.add_row(entry.day.isoformat(), *(f"{value:.2f}" for value in row))
    table.add_section()
    sums = [
        sum(getattr(entry, name) for entry in entries)
        for name in ("cost_without_battery", "cost_rule", "cost", "stored_value", "saved_against_rule")
    ]
    table.add_row("in all", *(f"{value:.2f}" for value in sums))
    Console().print(table)
