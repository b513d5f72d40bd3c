"""A simulated home as the two files that a backtest reads: a home's CSV, and a scenario that fits it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

from homeagent.domain.errors import InputError, Issue
from homeagent.simulation.home_file import write_home, write_whole
from homeagent.simulation.minute_home import MinuteHome, minute_home

SIGN = "# simulated by homeagent"
"""How a scenario begins that may be written anew."""


def scenario_text(home: MinuteHome) -> str:
    """Return the scenario of a home: its clock, its battery and how its prices are known."""
    battery, drawn = home.home.battery, home.home
    place = drawn.climate.place
    return f"""{SIGN}, seed {drawn.seed}: nobody lives in this home
home:
  timezone: {home.timezone.key}
  latitude: {place.latitude_deg}
  longitude: {place.longitude_deg}
  country: {place.country}
  currency: EUR
battery:
  capacity_kwh: {battery.capacity_kwh}
  max_charge_kw: {battery.max_charge_kw}
  max_discharge_kw: {battery.max_discharge_kw}
  charge_efficiency: {battery.charge_efficiency}
  discharge_efficiency: {battery.discharge_efficiency}
  min_soc: {battery.min_soc_kwh / battery.capacity_kwh:.3f}
  initial_soc: 0.5
prices: {{known: day_ahead}}
"""


SHARED_SCENARIO = f"""{SIGN}: one battery for all homes of this folder, whose own are beside them
home: {{timezone: Europe/Berlin, currency: EUR}}
battery:
  capacity_kwh: 8
  max_charge_kw: 4
  max_discharge_kw: 4
  charge_efficiency: 0.95
  discharge_efficiency: 0.95
  min_soc: 0.05
  initial_soc: 0.5
prices: {{known: day_ahead}}
"""


def write_one(seed: int, first: date, days: int, step: timedelta, path: Path) -> tuple[Path, Path]:
    """Write a home to `path` and scenario.yaml beside it; return both.

    Raises:
        InputError: a file cannot be written, or a scenario is there that somebody wrote.
    """
    scenario = path.with_name("scenario.yaml")
    _require_ours(scenario)
    home = minute_home(seed, first, days, step)
    write_home(path, home.data)
    write_whole(scenario, scenario_text(home).encode())
    return path, scenario


def write_many(
    seeds: Sequence[int], first: date, days: int, step: timedelta, folder: Path, progress: Callable[[int, int], None]
) -> Path:
    """Write a home and a scenario of its own for each seed, and one scenario for all; return the folder.

    Raises:
        InputError: a file cannot be written, or a scenario is there that somebody wrote.
    """
    scenarios = [folder / f"home-{seed:04d}.yaml" for seed in seeds]
    for path in (folder / "scenario.yaml", *scenarios):
        _require_ours(path)
    for done, (seed, scenario) in enumerate(zip(seeds, scenarios, strict=True)):
        progress(done, len(seeds))
        home = minute_home(seed, first, days, step)
        write_home(scenario.with_suffix(".csv.gz"), home.data)
        write_whole(scenario, scenario_text(home).encode())
    write_whole(folder / "scenario.yaml", SHARED_SCENARIO.encode())
    progress(len(seeds), len(seeds))
    return folder


def _require_ours(path: Path) -> None:
    """Refuse to write over a scenario that no simulation wrote."""
    if path.exists() and not path.read_bytes().startswith(SIGN.encode()):
        remedy = "give another --out, in a folder of its own"
        raise InputError(str(path), (Issue(path="file", message="is there, and was not simulated", remedy=remedy),))
