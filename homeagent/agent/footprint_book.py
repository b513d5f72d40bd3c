"""Keeps what the agent itself uses: sampled every few minutes, added up by local day, in the store across restarts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.observer import Observer
from homeagent.agent.price_book import PriceBook
from homeagent.domain.footprint import NOTHING, FootprintDay, OwnEnergy
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.footprint.cpu_meter import SIMULATION, Counters, CpuMeter, peak_memory_mb, read_counters
from homeagent.footprint.energy import EnergyMeter
from homeagent.store import Store

SAMPLE_EVERY_S = 300.0
"""Short enough for the energy counter of a large processor, which goes round within a quarter of an hour."""
HOUR = timedelta(hours=1)
LONGEST_SPAN = timedelta(hours=2)
"""More than this between two samples is no running but a clock that was put right, or a machine that slept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What the agent has done since its start."""

    thinks: int
    looks: int
    decisions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a kWh costs at a time, and the carbon it stands for between two times [g/kWh]; None where not known."""

    import_price_per_kwh: Callable[[datetime], float | None]
    carbon_g_per_kwh: Callable[[datetime, datetime], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sample:
    at: datetime
    hour: datetime
    at_s: float
    seconds: dict[str, float]
    counters: Counters
    counts: Counts


class FootprintBook:
    """The book of one run; days of earlier runs go on where they ended. What a sample finds belongs to its start."""

    def __init__(
        self,
        store: Store,
        cpu: CpuMeter,
        timezone: ZoneInfo,
        counts: Callable[[], Counts],
        surroundings: Surroundings,
        energy: EnergyMeter,
        now: datetime,
    ) -> None:
        self.energy = energy
        self.days: dict[date, FootprintDay] = {day.day: day for day in store.footprint_days()}
        self.began = now
        self._store = store
        self._cpu = cpu
        self._timezone = timezone
        self._counts = counts
        self._surroundings = surroundings
        self._last = self._sample(now)

    def look(self, now: datetime) -> None:
        """Take a sample when it is time: after some minutes, or in a new hour, which has a price of its own."""
        last = self._last
        same_hour = last.hour <= now < last.hour + HOUR
        if not same_hour or time.monotonic() - last.at_s >= SAMPLE_EVERY_S:
            self.take(now)

    def take(self, now: datetime) -> None:
        """Add what was used since the last sample to the day it began on, and keep that day."""
        before, after = self._last, self._sample(now)
        self._last = after
        since = min(before.at, now)  # a clock that went back: what was used, was used
        found = self._used(before, after, since)
        day = self.days.get(found.day)
        self.days[found.day] = found if day is None else day.plus(found)
        self._store.write_footprint(self.days[found.day])

    def own_energy(self, day: date) -> OwnEnergy | None:
        """Return what is to be taken from a day's saving, None for a day that was not metered."""
        found = self.days.get(day)
        return None if found is None else found.own_energy

    def _sample(self, now: datetime) -> _Sample:
        return _Sample(
            at=now,
            hour=now.replace(minute=0, second=0, microsecond=0),
            at_s=time.monotonic(),
            seconds=self._cpu.totals(),
            counters=read_counters(),
            counts=self._counts(),
        )

    def _used(self, before: _Sample, after: _Sample, since: datetime) -> FootprintDay:
        seconds = {name: value - before.seconds.get(name, 0.0) for name, value in after.seconds.items()}
        seconds.pop(SIMULATION, None)
        written = (before.counters.written_bytes, after.counters.written_bytes)
        used = FootprintDay(
            day=since.astimezone(self._timezone).date(),
            running_hours=_running_hours(before.at, after.at),
            cpu_seconds=seconds,
            wakeups=after.counters.wakeups - before.counters.wakeups,
            written_mb=None if written[0] is None or written[1] is None else (written[1] - written[0]) / 1e6,
            peak_memory_mb=peak_memory_mb(),
            thinks=after.counts.thinks - before.counts.thinks,
            looks=after.counts.looks - before.counts.looks,
            decisions=after.counts.decisions - before.counts.decisions,
        )
        return self._with_energy(used, since, max(after.at, since))

    def _with_energy(self, used: FootprintDay, since: datetime, until: datetime) -> FootprintDay:
        spent = self.energy.spent(max(used.all_cpu_seconds, 0.0))
        energy_wh = spent.joules.times(1 / 3600)
        price = self._surroundings.import_price_per_kwh(since)
        carbon = self._surroundings.carbon_g_per_kwh(since, until)
        return replace(
            used,
            energy_wh=energy_wh,
            measured_wh=energy_wh.likely if spent.measured else 0.0,
            priced_wh=0.0 if price is None else energy_wh.likely,
            cost=NOTHING if price is None else energy_wh.times(price / 1000),
            carbon_known_wh=0.0 if carbon is None else energy_wh.likely,
            carbon_g=NOTHING if carbon is None else energy_wh.times(carbon / 1000),
        )


def surroundings_of(observer: Observer, prices: PriceBook) -> Surroundings:
    """Return what the agent knows of price and carbon: as measured, else as it was forecast."""

    def price(at: datetime) -> float | None:
        found = prices.at(at)
        return None if found is None else found[0]

    def carbon(since: datetime, until: datetime) -> float | None:
        step, memory = observer.step, observer.memory
        start = slot_start(since, step)
        grid = TimeGrid(start=start, step=step, count=min(max((until - start) // step, 1), HOUR * 24 // step))
        for known in (memory.carbon.window(grid), memory.issued.carbon(grid)):
            if not np.isnan(known).all():
                return float(np.nanmean(known))
        return None

    return Surroundings(import_price_per_kwh=price, carbon_g_per_kwh=carbon)


def _running_hours(before: datetime, after: datetime) -> float:
    apart = after - before
    return apart / HOUR if timedelta(0) < apart <= LONGEST_SPAN else 0.0
