"""A home's habits from its configuration's store or from a file of measurements: for the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from homeagent.agent.habit_book import HOUR, mean_price, told
from homeagent.agent.price_book import KEEP as KEEP_PRICES
from homeagent.agent.price_book import PriceBook
from homeagent.agent.remembering import METERS, Memory
from homeagent.config import load_config
from homeagent.config.places import place_of_zone
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.forecasting.appliance_runs import runs_of
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.habits import habits_of
from homeagent.simulation.home_data import is_appliance, read_home
from homeagent.store.history import kept_prices, kept_readings

LOOKED_AT = timedelta(weeks=8)
OBSERVED = timedelta(minutes=5)


def habits_of_home(file: Path) -> dict[str, object]:
    """Return the habits of the home that a configuration names, from its store.

    Raises:
        InputError: the configuration or the store is not usable.
    """
    config = load_config(file)
    now = datetime.now(UTC)
    memory = Memory(config.site, OBSERVED, now, None, None)
    memory.add(kept_readings(config.store, now - LOOKED_AT, METERS))
    prices = PriceBook(config.site.timezone)
    for published in kept_prices(config.store, now - KEEP_PRICES):
        prices.add(published)
    course = memory.course(slot_start(now, HOUR), LOOKED_AT)
    return told(habits_of(course.load_kw, course.calendar), mean_price(prices, now), config.site.currency)


def habits_of_file(data: Path, timezone: ZoneInfo) -> dict[str, object]:
    """Return the habits in the last weeks of a measured home's file, with its appliances if they were metered.

    Raises:
        InputError: the data are not usable.
    """
    home = read_home(data)
    first = max(home.grid.count - LOOKED_AT // home.grid.step, 0)
    grid = TimeGrid(start=home.grid.at(first), step=home.grid.step, count=home.grid.count - first)
    calendar = local_calendar(grid, timezone, place_of_zone(timezone.key))
    found = (
        runs_of(_appliance(name), values[first:], calendar)
        for name, values in home.columns.items()
        if is_appliance(name)
    )
    habits = habits_of(home.column("load_kw")[first:], calendar)
    return told(replace(habits, appliances=tuple(one for one in found if one is not None)), None, "")


def _appliance(column: str) -> str:
    return column.removeprefix("appliance_").removesuffix("_kw").replace("_", " ")
