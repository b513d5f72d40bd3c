"""The command `homeagent seasons`: run, write seasons.json, print the tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from homeagent.agent.seasons import BEGINS, Lived, Stay, Way, live_all
from homeagent.agent.seasons_figures import NOTICE, SeasonFigures, season_figures, spread
from homeagent.domain.errors import InputError, Issue
from homeagent.simulation.electric.drawn_electric import Season

ROWS = (
    ("hvac_kwh", "heating or cooling, kWh/day", 1),
    ("whole_kwh", "whole home, kWh/day", 1),
    ("cost", "cost on spot prices, EUR/day", 2),
    ("discomfort_kh", "out of band, awake, K h/day", 2),
    ("asleep_kh", "out of band, asleep, K h/day", 2),
    ("satisfaction", "satisfaction, 0 to 100", 1),
    ("missed_announced", "missed departures, announced", 0),
    ("missed_other", "missed departures, others", 0),
    ("guard_min", "minutes beyond a guard", 0),
    ("overrides", "thermostat set by hand, times a day", 2),
    ("cold_showers", "cold showers a day", 2),
    ("late_hours", "runs done late, h/day", 2),
)
TOLD = {
    "hvac_kwh": "heating or cooling, less",
    "whole_kwh": "whole home, less",
    "cost": "cost, less",
    "discomfort_kh": "discomfort, less",
    "satisfaction": "satisfaction, more",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run."""

    seeds: tuple[int, ...]
    days: int
    past_days: int
    seasons: tuple[Season, ...]
    ways: tuple[Way, ...]
    jobs: int
    out: Path

    def stays(self) -> list[Stay]:
        """Return every home, season and way."""
        return [
            Stay(seed=seed, season=season, way=way, days=self.days, past_days=self.past_days)
            for season in self.seasons
            for seed in self.seeds
            for way in self.ways
        ]


def run_seasons(request: Request, progress: Callable[[int, int], None]) -> list[SeasonFigures]:
    """Run them all and return what they came to; after each home what is known by then is written.

    Raises:
        InputError: the folder cannot be written.
    """
    stays, lived = request.stays(), list[Lived]()
    try:
        request.out.mkdir(parents=True, exist_ok=True)
        progress(0, len(stays))
        for one in live_all(stays, request.jobs):
            lived.append(one)
            lived.sort(key=lambda done: stays.index(done.stay))
            _write(request, lived)
            progress(len(lived), len(stays))
    except OSError as error:
        issue = Issue(path="--out", message=f"cannot be written: {error.strerror}", remedy="name a folder of yours")
        raise InputError(str(request.out), (issue,)) from error
    return [season_figures(season, lived) for season in request.seasons]


def _write(request: Request, lived: Sequence[Lived]) -> None:
    """Write what is known by now, whole or not at all."""
    told = [_told(season_figures(season, lived), lived) for season in request.seasons]
    body = {
        "notice": NOTICE,
        "days": request.days,
        "past_days": request.past_days,
        "runs": len(lived),
        "of": len(request.stays()),
        "seasons": told,
    }
    new = request.out / "seasons.json.new"
    new.write_text(json.dumps(body, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    new.replace(request.out / "seasons.json")


def _told(figures: SeasonFigures, lived: Sequence[Lived]) -> dict[str, Any]:
    mine = [one for one in lived if one.stay.season == figures.season]
    homes = []
    for seed, ways in figures.by_home.items():
        runs = {
            way: asdict(one) | {"cpu_s": round(run.cpu_s, 2), "thinks": run.thinks}
            for way, one in ways.items()
            for run in mine
            if (run.stay.seed, run.stay.way) == (seed, way)
        }
        homes.append({"seed": seed, **next(run.facts for run in mine if run.stay.seed == seed), "runs": runs})
    return {
        "season": figures.season,
        "begins": BEGINS[figures.season].isoformat(),
        "homes": homes,
        "compared": [asdict(one) for one in figures.comparisons()],
    }


def print_seasons(found: Sequence[SeasonFigures], request: Request) -> None:
    """Print a table for each season, and how the ways compare."""
    console = Console()
    for figures in found:
        console.print(_table(figures, request.days))
        for line in _lines(figures):
            console.print(line)
    console.print(f"Written to {request.out / 'seasons.json'}")


def _table(figures: SeasonFigures, days: int) -> Table:
    ways = figures.ways()
    title = f"{figures.season} season, {days} days, {len(figures.by_home)} homes ({NOTICE}): mean (lowest to highest)"
    table = Table(title=title)
    table.add_column("")
    for way in ways:
        table.add_column({"constant": "constant set-point", "night": "night schedule", "agent": "homeagent"}[way])
    for name, label, digits in ROWS:
        table.add_row(label, *(_cell(figures.values(way, name), digits) for way in ways))
    names = sorted({name for home in figures.by_home.values() for one in home.values() for name in one.switches})
    for name in names:
        each = [
            [ways_of[way].switches[name] for ways_of in figures.by_home.values() if name in ways_of[way].switches]
            for way in ways
        ]
        table.add_row(f"{name} switched on, 1/day", *(_cell(values, 1) for values in each))
    return table


def _cell(values: Sequence[float], digits: int) -> str:
    over = spread(values)
    if over is None:
        return ""
    return f"{over.mean:.{max(digits, 1)}f} ({over.low:.{digits}f} to {over.high:.{digits}f})"


def _lines(figures: SeasonFigures) -> list[str]:
    """Say in lines how the ways compare: the median home with the spread, and all homes' sums."""
    lines = []
    for one in figures.comparisons():
        of_sums = "not told" if one.of_sums is None else f"{100 * one.of_sums:+.1f} %"
        if one.homes is None:
            lines.append(f"{TOLD[one.name]} ({one.way} beside {one.beside}): too little in every home; sums {of_sums}")
            continue
        homes = one.homes
        lines.append(
            f"{TOLD[one.name]} ({one.way} beside {one.beside}): median {100 * homes.median:+.1f} % "
            f"({100 * homes.low:+.1f} to {100 * homes.high:+.1f} %, {homes.count} homes); sums {of_sums}"
        )
    return lines
