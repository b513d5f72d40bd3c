"""A measured home, replayed step by step around a simulated battery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import numpy as np

from homeagent.domain.command import Command, CommandResult, Confirmed
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.readings import Quantity, Reading
from homeagent.domain.site import PriceRules, SiteSpec
from homeagent.simulation.home_data import HomeData
from homeagent.simulation.inverter import InverterModel

HISTORY = timedelta(days=43)
"""How much of the past is handed to an agent that starts."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectory:
    """What the battery did in the window, each of shape (count,): + charging and + importing, as files have it."""

    grid: TimeGrid
    battery_kw: FloatArray
    soc_kwh: FloatArray
    grid_kw: FloatArray
    curtailed_kw: FloatArray


def price_step(prices: FloatArray, step: timedelta) -> int:
    """Return in blocks of how many rows the prices stand still: the coarsest part of an hour that fits them all."""
    per_hour = timedelta(hours=1) // step
    for block in sorted((n for n in range(1, per_hour + 1) if per_hour % n == 0), reverse=True):
        whole = prices[: len(prices) // block * block].reshape(-1, block)
        if len(whole) and ((whole == whole[:, :1]) | np.isnan(whole)).all():
            return block
    return 1


def known_until(now: datetime, rules: PriceRules, site: SiteSpec) -> datetime | None:
    """Return until when prices are published at `now`, None for ever: the end of today or tomorrow, local time."""
    if rules.known == "always":
        return None
    local = now.astimezone(site.timezone)
    days = 2 if local.time() >= rules.published_at else 1
    last = date.fromordinal(local.date().toordinal() + days)
    return datetime.combine(last, time(0), tzinfo=site.timezone)


class ReplayedHome:
    """Hands out what was measured as time passes, and moves the battery by the commands it gets.

    `first` and `last` bound the window (rows; `last` exclusive). Nothing of a row is told before it is over.
    """

    def __init__(self, data: HomeData, site: SiteSpec, inverter: InverterModel, first: int, last: int) -> None:
        self.data = data
        self.first = first
        self.last = last
        self._site = site
        self._inverter = inverter
        self._row = first
        self._columns = {name: data.column(name) for name in ("load_kw", "pv_kw", "carbon_g_per_kwh")}
        self._readings: list[Reading] = self._past()
        self._published_until: datetime | None = None
        self._flows = np.full((4, last - first), np.nan)

    @property
    def now(self) -> datetime:
        """The start of the row that comes next."""
        return self.data.grid.at(self._row)

    def readings(self) -> Sequence[Reading]:
        """Return what was measured since the last call, oldest first."""
        new, self._readings = self._readings, []
        return new

    async def send(self, command: Command) -> CommandResult:
        """Hand a command to the inverter."""
        self._inverter.receive(command, self.now)
        return Confirmed(command=command)

    def outcomes(self) -> Sequence[CommandResult]:
        """Return nothing: the inverter takes every command at once."""
        return ()

    async def published(self) -> PublishedPrices | None:
        """Return what has been published since the last call: the first time with the past that estimates need."""
        grid = self.data.grid
        until = known_until(self.now, self._site.prices, self._site) or grid.end
        if self._published_until is not None and until <= self._published_until:
            return None
        begin = self._published_until or _next_hour(max(grid.start, self.now - HISTORY))
        self._published_until = until
        low, high = (begin - grid.start) // grid.step, min((until - grid.start) // grid.step, grid.count)
        if low >= high:
            return None
        imports = self.data.column("price_import_per_kwh")[low:high]
        exports = self.data.column("price_export_per_kwh")[low:high]
        return _in_blocks(TimeGrid(start=begin, step=grid.step, count=high - low), imports, exports)

    def advance(self) -> None:
        """Let one row pass: the battery answers the row's own load and PV, then the row becomes known."""
        row, grid = self._row, self.data.grid
        load_kw, pv_kw = float(self._columns["load_kw"][row]), float(self._columns["pv_kw"][row])
        result = self._inverter.step(grid.at(row), load_kw, pv_kw, grid.step_hours)
        self._flows[:, row - self.first] = (
            result.battery_kw,
            result.soc_kwh_start,
            result.grid_kw,
            result.curtailed_kw,
        )
        self._row += 1
        end = grid.at(self._row)
        means: tuple[tuple[Quantity, float], ...] = (
            ("load_kw", load_kw),
            ("pv_kw", pv_kw),
            ("grid_kw", result.grid_kw),
            ("battery_kw", -result.battery_kw),
            ("curtailed_kw", result.curtailed_kw),
        )
        self._readings += [Reading(entity=name, at=end, value=value, over=grid.step) for name, value in means]
        carbon = float(self._columns["carbon_g_per_kwh"][row])
        if not np.isnan(carbon):
            self._readings.append(Reading(entity="carbon_g_per_kwh", at=end, value=carbon, over=grid.step))
        self._readings.append(Reading(entity="soc_kwh", at=end, value=result.soc_kwh_end))

    def trajectory(self) -> Trajectory:
        """Return what has been driven so far."""
        count = self._row - self.first
        battery_kw, soc_kwh, grid_kw, curtailed_kw = self._flows[:, :count]
        grid = TimeGrid(start=self.data.grid.at(self.first), step=self.data.grid.step, count=count)
        return Trajectory(grid=grid, battery_kw=battery_kw, soc_kwh=soc_kwh, grid_kw=grid_kw, curtailed_kw=curtailed_kw)

    def _past(self) -> list[Reading]:
        """Return the measured rows before the window, and the state of charge at its start."""
        grid = self.data.grid
        begin = max(0, self.first - HISTORY // grid.step)
        past = []
        for row in range(begin, self.first):
            end = grid.at(row + 1)
            for name, values in self._columns.items():
                value = float(values[row])
                if not np.isnan(value):
                    past.append(Reading(entity=name, at=end, value=value, over=grid.step))
        past.append(Reading(entity="soc_kwh", at=grid.at(self.first), value=self._inverter.soc_kwh))
        return past


def _next_hour(at: datetime) -> datetime:
    hour = at.replace(minute=0, second=0, microsecond=0)
    return hour if hour == at else hour + timedelta(hours=1)


def _in_blocks(grid: TimeGrid, imports: FloatArray, exports: FloatArray) -> PublishedPrices:
    """Return prices at the coarsest step that loses nothing; one that fits no whole hours keeps the data's own."""
    block = 1 if grid.start.minute else min(price_step(imports, grid.step), price_step(exports, grid.step))
    count = len(imports) // block
    step_grid = TimeGrid(start=grid.start, step=grid.step * block, count=count)
    return PublishedPrices(
        grid=step_grid,
        import_per_kwh=_block_value(imports, block, count),
        export_per_kwh=_block_value(exports, block, count),
    )


def _block_value(values: FloatArray, block: int, count: int) -> FloatArray:
    blocks = values[: count * block].reshape(count, block)
    known: BoolArray = ~np.isnan(blocks)
    first = np.where(known.any(axis=1), known.argmax(axis=1), 0)
    picked: FloatArray = blocks[np.arange(count), first]
    return picked
