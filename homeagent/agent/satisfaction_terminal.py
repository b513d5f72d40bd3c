"""Prints how content people can have been with each day."""

from __future__ import annotations

import json
from collections.abc import Sequence

from homeagent.agent.satisfaction_book import satisfaction_told
from homeagent.domain.satisfaction import SatisfactionDay, mean_satisfaction, points_of, satisfaction

SHOWN = 0.05
"""Points below this are not worth a word."""
NONE_YET = "No day is measured yet."


def print_satisfaction(days: Sequence[SatisfactionDay], last: int, *, as_json: bool) -> None:
    """Print the newest days, one a line, and their mean."""
    shown = list(days)[-last:]
    if as_json:
        print(json.dumps(satisfaction_told(shown), indent=2))  # noqa: T201 - it is the answer
        return
    from rich.console import Console  # noqa: PLC0415 - the agent needs what is above, and no terminal
    from rich.table import Table  # noqa: PLC0415 - as above

    console = Console(highlight=False)
    if not shown:
        console.print(NONE_YET)
        return
    table = Table(box=None, header_style="bold")
    for name in ("day", "score", "measured"):
        table.add_column(name, justify="left" if name == "day" else "right", no_wrap=True)
    table.add_column("taken off")
    for day in shown:
        judged = satisfaction(day)
        score = "unknown" if judged.score is None else f"{judged.score:.1f}"
        table.add_row(day.day.isoformat(), score, f"{judged.confidence:.0%}", _taken_off(day))
    console.print(table)
    mean = mean_satisfaction(shown)
    if mean.score is not None:
        console.print(f"mean {mean.score:.1f} of 100 over {len(shown)} days, {mean.confidence:.0%} measured")


def _taken_off(day: SatisfactionDay) -> str:
    """Return each harm that took something off, with what was measured of it."""
    measured = {
        "cold": f"{day.cold_kh:.1f} K h too cold",
        "hot": f"{day.hot_kh:.1f} K h too warm",
        "departures": f"{day.missed_departures} of {day.departures} departures missed, {day.short_kwh:.1f} kWh short",
        "waits": f"runs {day.late_hours:.1f} h late",
        "water": f"{day.cold_water_kwh:.1f} kWh of hot water cold",
        "overrides": f"changed by hand {day.overrides} times",
        "thumbs_down": f"thumbs down {day.thumbs_down} times",
        "thumbs_up": f"thumbs up {day.thumbs_up} times",
    }
    taken = [f"{measured[name]}: {-points:+.1f}" for name, points in points_of(day).items() if abs(points) >= SHOWN]
    return "; ".join(taken) or "nothing"
