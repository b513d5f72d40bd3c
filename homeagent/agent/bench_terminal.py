"""The bench as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def print_bench(found: Mapping[str, Any]) -> None:
    """Print what was measured."""
    console, machine = Console(highlight=False), found["machine"]
    low, likely, high = (machine[name] for name in ("busy_core_w_low", "busy_core_w", "busy_core_w_high"))
    console.print(f"{machine['kind']} ({machine['told'] or 'it tells no name'}), {machine['cores']} cores, ", end="")
    console.print(f"{likely:.2g} W for a busy core ({low:.2g} to {high:.2g}), by {machine['energy_from']}")
    console.print(_models(found))
    console.print(_training(found))
    console.print(_thinks(found))
    console.print(found["promise"]["text"])


def _models(found: Mapping[str, Any]) -> Table:
    title = "Models: a forecast of 24 hours, its features ready; accuracy against the teacher's"
    table = _table(title, ("of", "model", "run by", "us CPU", "per joule", "bytes", "accuracy"))
    for one in found["models"]:
        by = "" if one["model"] in {"floor", "teacher"} else f"{one['runtime']} {one['precision']}"
        per_joule = one["inferences_per_joule"]
        table.add_row(
            one["quantity"],
            one["model"],
            by,
            f"{one['cpu_us']:.1f}" if per_joule is not None else "",
            "" if per_joule is None else f"{per_joule:,.0f}",
            "" if one["bytes"] is None else f"{one['bytes']:,}",
            f"{one['accuracy_share']:.1%}",
        )
    for one in found["features"]:
        table.add_row(one["quantity"], "features", "numpy float64", f"{one['cpu_us']:.1f}", "", "", "")
    return table


def _training(found: Mapping[str, Any]) -> Table:
    home, quantities = found["home"], len(found["features"])
    table = _table(
        f"Training: {home['days']} days of a home, {'load and PV' if quantities > 1 else 'load alone'}",
        ("what", "CPU s", "MB at most", "joules"),
    )
    for one in found["training"]:
        table.add_row(one["what"], f"{one['cpu_s']:.3g}", f"{one['mb']:.0f}", _joules(one))
    return table


def _thinks(found: Mapping[str, Any]) -> Table:
    table = _table("Thinks and looks, in the small process", ("what", "plan's step", "CPU", "joules"))
    look = found["look"]
    table.add_row("look", "", f"{look['cpu_us']:.1f} us", _joules(look))
    for one in found["thinks"]:
        step = f"{one['plan_step_minutes']} min"
        table.add_row(f"think, {one['depth']}", step, f"{one['cpu_ms']:.2f} ms", _joules(one))
    return table


def _joules(one: Mapping[str, Any]) -> str:
    return f"{one['energy_j']:.2g} ({one['energy_j_low']:.2g} to {one['energy_j_high']:.2g})"


def _table(title: str, names: tuple[str, ...]) -> Table:
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 0, 0, 1))
    for name in names:
        table.add_column(name, justify="left" if name in {"of", "model", "run by", "what", "joules"} else "right")
    return table
