"""Profiles on the command line: a table of all, one in words, both as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from homeagent.config.capability import profile_capability
from homeagent.config.profile import Profile
from homeagent.config.profile_costs import Costs
from homeagent.config.profile_words import explained, lease_words
from homeagent.domain.inverter import InverterCapability

WIDEST = 200


def print_profiles(profiles: Sequence[Profile], costs: Costs, *, as_json: bool) -> None:
    """Print all profiles, one a row."""
    if as_json:
        sys.stdout.write(json.dumps([_row(profile, costs) for profile in profiles], indent=1) + "\n")
        return
    table = Table(title="Device profiles")
    for name in ("name", "title", "kind", "control", "lease", "answers in", "evidence", "costs a year"):
        table.add_column(name, justify="right" if name in {"answers in", "costs a year"} else "left")
    for profile in profiles:
        row = _row(profile, costs)
        cost = row["cost"]
        money = "" if cost is None else f"{round(cost['per_year'])} {costs.currency} ({round(100 * cost['share'])} %)"
        answer = f"{profile.answer_seconds:g} s"
        control = row["control"] or ""
        table.add_row(profile.name, profile.title, profile.kind, control, row["lease"], answer, profile.evidence, money)
    console = _console()
    console.print(table)
    console.print(f"costs: against an inverter that follows the load at once; {costs.basis}", highlight=False)


def print_profile(profile: Profile, costs: Costs, *, as_json: bool) -> None:
    """Print one profile in words."""
    if as_json:
        sys.stdout.write(json.dumps(profile.model_dump() | {"cost": _row(profile, costs)["cost"]}, indent=1) + "\n")
        return
    console = _console()
    console.print(f"[bold]{profile.name}[/bold]", highlight=False)
    for heading, lines in explained(profile, _capability(profile), costs):
        console.print(f"\n[bold]{heading}[/bold]", highlight=False)
        for line in lines:
            console.print(f"  {line}", highlight=False, markup=False)


def _row(profile: Profile, costs: Costs) -> dict[str, Any]:
    capability = _capability(profile)
    cost = None if capability is None else costs.of(profile.name, capability)
    return {
        "name": profile.name,
        "title": profile.title,
        "kind": profile.kind,
        "integrations": profile.integrations,
        "control": profile.control if profile.kind == "battery" else None,
        "verbs": [*profile.verbs],
        "lease": lease_words(profile),
        "answer_seconds": profile.answer_seconds,
        "evidence": profile.evidence,
        "cost": None if cost is None else asdict(cost),
    }


def _capability(profile: Profile) -> InverterCapability | None:
    return profile_capability(profile) if profile.kind == "battery" else None


def _console() -> Console:
    """Return a console as wide as the terminal; where there is none nothing is cut off."""
    return Console() if sys.stdout.isatty() else Console(width=WIDEST)
