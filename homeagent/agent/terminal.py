"""What the command line shows: progress bars and tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from homeagent.agent.footprint_told import sums_of_own
from homeagent.agent.forecast_report import ForecastRow
from homeagent.agent.replay import Replay
from homeagent.domain.ledger import SavingsEntry
from homeagent.store.ledger import LedgerEntry


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
    if "future_weather" in summary:
        console.print(f"Note: {summary['future_weather']}")
    table = Table(title=f"{window['start']} to {window['end']}: {window['days']:.1f} days")
    table.add_column("")
    table.add_column(f"cost [{currency}]", justify="right")
    table.add_column("saved", justify="right")
    table.add_column("share of the possible saving", justify="right")
    none, own = summary["cost_without_battery"], summary["own_energy"]
    own_cost = 0.0 if own is None else own["cost"]
    rows = (
        ("without battery", none, 0.0 if summary["cost_perfect_foresight"] is not None else None),
        ("self-consumption rule", summary["cost_self_consumption_rule"], summary["share_of_possible_saving_rule"]),
        ("homeagent", summary["cost_agent"], summary["share_of_possible_saving_agent"]),
        ("perfect foresight (bound)", summary["cost_perfect_foresight"], None),
    )
    for name, cost, share in rows:
        if cost is not None:
            saved = none - cost - (own_cost if name == "homeagent" else 0.0)
            table.add_row(name, f"{cost:.2f}", f"{saved:.2f}", "" if share is None else f"{share:.3f}")
    console.print(table)
    if own is not None:
        console.print(
            f"Its own computing on this machine ({summary['machine']}): {1000 * own['kwh']:.2f} Wh "
            f"({1000 * own['kwh_low']:.2f} to {1000 * own['kwh_high']:.2f}), "
            f"{own_cost:.5f} {currency}, taken from what it saved"
        )
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
    own = sums_of_own(entries)
    if own["own_cost"] is None:
        return
    Console().print(
        f"Taken from it: the agent's own computing, {1000 * own['own_kwh']:.2f} Wh, {own['own_cost']:.5f} {currency} "
        f"({own['own_cost_low']:.5f} to {own['own_cost_high']:.5f})"
    )


def print_ledger(entries: Sequence[LedgerEntry], *, as_json: bool) -> None:
    """Print what devices were told, oldest first."""
    if as_json:
        for entry in entries:
            sys.stdout.write(json.dumps(asdict(entry) | {"at": entry.at.isoformat()}) + "\n")
        return
    console = Console(highlight=False, soft_wrap=True)
    for entry in entries:
        after = "" if entry.proved_after_s is None else f" after {entry.proved_after_s:.0f} s"
        console.print(f"[bold]{entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.device}: {entry.told}[/bold]")
        console.print(f"  why      {entry.why}")
        if entry.forecast is not None:
            console.print(f"  expected {entry.forecast}")
        console.print(f"  outcome  {entry.outcome or 'on its way'}{after}: {entry.proof or 'nothing measured yet'}")
        if entry.ended_by is not None:
            console.print(f"  ended by {entry.ended_by}")
        if entry.decision is not None:
            console.print(f"  decision {entry.decision}, of plan {entry.plan}")
    if not entries:
        console.print("nothing was commanded yet; in the modes observe and advise nothing ever is")


def print_forecasts(rows: Sequence[ForecastRow], *, as_json: bool) -> None:
    """Print what each forecast is worth here, one a row."""
    if as_json:
        for row in rows:
            sys.stdout.write(json.dumps(asdict(row) | {"last": row.last.isoformat()}) + "\n")
        return
    console = Console(highlight=False)
    if not rows:
        console.print("no forecast of others is kept; name some in solar.forecast, home.weather or carbon")
        return
    table = Table(title="Forecasts of others, on this home's measurements of the last three weeks")
    for name in ("provider", "of", "kept", "newest (UTC)", "MAE", "bias", "score", "floor", "both", "used"):
        table.add_column(name, justify="right" if name in {"kept", "MAE", "bias", "score", "floor", "both"} else "left")
    for row in rows:
        numbers = (row.mae_kw, row.bias_kw, row.provider_kw, row.floor_kw, row.both_kw)
        cells = ["" if value is None else f"{value:.3f} kW" for value in numbers]
        used = "" if row.used is None else "yes: " if row.used else "no: "
        table.add_row(row.provider, row.quantity, str(row.kept), f"{row.last:%m-%d %H:%M}", *cells, used + row.why)
    console.print(table)
    console.print(
        "MAE: of the corrected mean, a day ahead. Bias: what it says too much, uncorrected. Score: CRPS, less is"
    )
    console.print("better; the floor is the same time on recent days, which a provider must beat to be used.")
    for misfit in [row.misfit for row in rows if row.misfit is not None]:
        console.print(f"[red]{misfit}[/red]")


def print_replay(result: Replay) -> None:
    """Print a plan that was made again, and whether it is the same."""
    console, plan = Console(), result.plan
    table = Table(title=f"Plan {result.stored.digest} of {plan.issued_at:%Y-%m-%d %H:%M} UTC, made again")
    for name in ("slot (UTC)", "charge to", "store to", "discharge to", "sell to", "expected grid", "expected SoC"):
        table.add_column(name, justify="right")
    for slot, policy in enumerate(plan.policies):
        levels = (policy.charge_to_kwh, policy.store_to_kwh, policy.discharge_to_kwh, policy.export_to_kwh)
        flows = (plan.grid_kw.values[slot], plan.soc_kwh.values[slot])
        table.add_row(f"{plan.grid.at(slot):%m-%d %H:%M}", *(f"{value:.2f}" for value in (*levels, *flows)))
    console.print(table)
    console.print(result.stored.why)
    for difference in result.differences:
        console.print(f"[red]different:[/red] {difference}")
    if not result.differences:
        console.print("The same plan, from the same inputs")
