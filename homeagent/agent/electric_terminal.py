"""What the all-electric demo prints: each day of a simulated home as it really was."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from homeagent.simulation.electric.truth import HomeTruth


def print_electric(truth: HomeTruth, currency: str) -> None:
    """Print energy, cost and what people felt by day."""
    devices = sorted({name for day in truth.days for name in day.energy_kwh})
    table = Table(title=f"simulated home {truth.home}: {len(truth.days)} days")
    heads = (
        "day",
        "outdoors",
        "rooms",
        *(f"{name} [kWh]" for name in devices),
        f"cost [{currency}]",
        "too cold, hot [K h]",
    )
    for head in (*heads, "overrides", "short cars", "late runs"):
        table.add_column(head, justify="left" if head == "day" else "right")
    for day in truth.days:
        low_c, mean_c, high_c = day.air_c
        table.add_row(
            day.day.isoformat(),
            f"{day.outdoor_c:.1f}",
            f"{low_c:.1f} {mean_c:.1f} {high_c:.1f}",
            *(f"{day.energy_kwh.get(name, 0.0):.1f}" for name in devices),
            f"{day.cost:.2f}",
            f"{day.household_cold_kh:.1f}, {day.household_hot_kh:.1f}",
            str(day.overrides),
            str(sum(one.missed for one in day.departures)),
            str(sum(one.waited_min > 0 for one in day.runs)),
        )
    Console().print(table)
