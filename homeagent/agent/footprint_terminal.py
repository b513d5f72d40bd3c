"""The footprint in the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from homeagent.agent.footprint_told import footprint_told
from homeagent.domain.footprint import FootprintDay
from homeagent.domain.ledger import SavingsEntry
from homeagent.footprint.energy import EnergyMeter


def print_footprint(days: Sequence[FootprintDay], savings: Sequence[SavingsEntry], last: int, *, as_json: bool) -> None:
    """Print the last days and all together. The machine is taken to be this one."""
    told = footprint_told(EnergyMeter(), days, savings)
    if as_json:
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return
    console = Console(highlight=False)
    if told["total"] is None:
        console.print("nothing is added up yet: the first sample comes after five minutes")
        return
    console.print(_table([*told["days"][-last:], {"day": "all", **told["total"]}]))
    total, machine = told["total"], told["machine"]
    console.print(f"All days: {ranged(total, 'energy_wh', 'Wh')}, CO2 {ranged(total, 'carbon_g', 'g')}, ", end="")
    console.print(f"cost {ranged(total, 'cost', '')}; MB are written to disk")
    if total["share_of_saving"] is not None:
        console.print(f"Of what was saved it took {_percent(total['share_of_saving'], 4)}")
    parts = sorted(total["cpu_seconds"].items(), key=lambda entry: -entry[1])
    console.print("CPU seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts if round(seconds, 1)))
    console.print(f"A think takes {ranged(total, 'energy_j_per_think', 'J')}, a decision ", end="")
    console.print(ranged(total, "energy_j_per_decision", "J"))
    if total["energy_wh_per_unit_saved"] is not None:
        console.print(f"For each unit of money saved: {total['energy_wh_per_unit_saved']:.2g} Wh")
    console.print(f"Energy is told by {machine['energy_from']}, {machine['method']}.")
    console.print(
        f"Machine: {machine['kind']} ({machine['told'] or 'it tells no name'}), "
        f"{ranged(machine, 'busy_core_w', 'W')} for a busy core: {machine['source']}"
    )


def _table(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title="What the agent itself takes", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    names = ("day", "asleep", "thinks", "CPU s", "wakeups", "MB", "Wh", "g CO2", "cost")
    for name in names:
        table.add_column(name, justify="left" if name == "day" else "right", no_wrap=True)
    for row in rows:
        cpu_s = sum(row["cpu_seconds"].values())
        numbers = (row["written_mb"], row["energy_wh"], row["carbon_g"], row["cost"])
        cells = [_percent(row["asleep_share"], 2), str(row["thinks"]), f"{cpu_s:.1f}", str(row["wakeups"])]
        cells += ["" if number is None else f"{number:.2g}" for number in numbers]
        table.add_row(row["day"].removeprefix("20"), *cells)
    return table


def ranged(row: Mapping[str, Any], name: str, unit: str) -> str:
    """Return a number with its ends in words, as far as it is known."""
    low, likely, high = (row[key] for key in (f"{name}_low", name, f"{name}_high"))
    if likely is None:
        return "not known"
    return f"{likely:.2g}{' ' if unit else ''}{unit} ({low:.2g} to {high:.2g})"


def _percent(share: float | None, places: int) -> str:
    return "" if share is None else f"{100 * share:.{places}f} %"
