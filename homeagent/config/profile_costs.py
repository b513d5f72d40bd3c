"""What a poor inverter costs, as it was measured on simulated homes. The numbers are in a file that a command makes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from homeagent.domain.inverter import InverterCapability

FILE = Path(__file__).with_name("profile_costs.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Money lost against an inverter that follows a policy at once: a year's, the mean over homes and their extremes.

    `share` is that part of what the better inverter saves.
    """

    per_year: float
    low_per_year: float
    high_per_year: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """All that was measured, and on what."""

    by_profile: Mapping[str, Cost]
    capabilities: Mapping[str, Mapping[str, Any]]
    """What each was measured with: an inverter that differs from it may cost something else."""
    seeds: Sequence[int]
    days: int
    starts: Sequence[str]
    saved_per_year: float
    """What the better inverter saves in a year, against a home without battery."""
    currency: str

    @property
    def basis(self) -> str:
        """What the numbers rest on, in words."""
        weeks = f"{_count(self.days, 'day')} from each of {_count(len(self.starts), 'date')} ({', '.join(self.starts)})"
        homes = f"{_count(len(self.seeds), 'home')} (seeds {', '.join(map(str, self.seeds))})"
        saved = f"the inverter that is compared with saves {round(self.saved_per_year)} {self.currency} a year there"
        return f"simulated, not measured: {homes}, {weeks}, with PV, 10 kWh and a spot price; {saved}"

    def of(self, name: str, capability: InverterCapability) -> Cost | None:
        """Return the cost of a profile, or of another one that can do the same; None where none was measured."""
        wanted = plain(capability)
        same = [other for other, known in self.capabilities.items() if dict(known) == wanted]
        return next((self.by_profile[other] for other in (name, *same) if other in same), None)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def plain(capability: InverterCapability) -> dict[str, Any]:
    """Return a capability as JSON has it."""
    return {name: str(value) if value == float("inf") else value for name, value in asdict(capability).items()}


@cache
def shipped_costs() -> Costs:
    """Return what was measured for the profiles of this release."""
    return from_json(FILE.read_text(encoding="utf-8"))


def from_json(text: str) -> Costs:
    """Return costs from what `as_json` wrote."""
    values = json.loads(text)
    profiles = values.pop("profiles")
    return Costs(
        by_profile={name: Cost(**entry["cost"]) for name, entry in profiles.items()},
        capabilities={name: entry["capability"] for name, entry in profiles.items()},
        **values,
    )


def as_json(costs: Costs) -> str:
    """Return costs as text."""
    values = {name: value for name, value in asdict(costs).items() if name not in {"by_profile", "capabilities"}}
    rows = {
        name: {"cost": asdict(cost), "capability": costs.capabilities[name]} for name, cost in costs.by_profile.items()
    }
    return json.dumps(values | {"profiles": rows}, indent=1) + "\n"
