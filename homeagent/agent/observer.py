"""From readings to what the agent remembers, and to settled slots."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import numpy as np

from homeagent.agent.price_book import PriceBook
from homeagent.agent.slot_means import SlotMeans
from homeagent.agent.thinking import MEMORY, Memory
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.ledger import SettledSlot
from homeagent.domain.readings import Reading

METERS = (
    "load_kw",
    "pv_kw",
    "grid_kw",
    "battery_kw",
    "curtailed_kw",
    "carbon_g_per_kwh",
    "controlled_kw",
    "nobody_home",
)
BESIDE = ("controlled_kw", "nobody_home")
"""What is remembered, but no flow that is settled."""
SOC_STALE_AFTER = timedelta(minutes=70)
"""Older than this the state of charge is not trusted; hourly data must not look stale."""


class Observer:
    """Keeps slot means of every meter, and the state of charge at the slots' edges."""

    def __init__(
        self,
        now: datetime,
        step: timedelta,
        soc_stale_after: timedelta = SOC_STALE_AFTER,
        *,
        has_battery: bool = True,
    ) -> None:
        start = slot_start(now, step) - MEMORY
        self._has_battery = has_battery
        self.step = step
        self.means = {name: SlotMeans(start, step, MEMORY + timedelta(days=1)) for name in METERS}
        self.memory = Memory(
            load=self.means["load_kw"],
            pv=self.means["pv_kw"],
            carbon=self.means["carbon_g_per_kwh"],
            controlled=self.means["controlled_kw"],
            step=step,
        )
        self._soc_stale_after = soc_stale_after
        self._soc: Reading | None = None
        self._soc_at: dict[datetime, float] = {}
        self._settled_until = slot_start(now, step)

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured."""
        for reading in readings:
            if reading.entity in self.means:
                self.means[reading.entity].add(reading)
            elif reading.entity == "soc_kwh" and reading.value is not None:
                self._soc = reading
                self._soc_at[slot_start(reading.at + self.step / 2, self.step)] = reading.value

    def soc_kwh(self, now: datetime) -> float | None:
        """Return the state of charge, None where it is not known or too old; a home without a battery has 0."""
        if not self._has_battery:
            return 0.0
        if self._soc is None or now - self._soc.at > self._soc_stale_after:
            return None
        return self._soc.value

    def controlled_kw(self, start: datetime) -> float:
        """Return what controlled devices drew in the slot that starts then, 0 where nobody measured it."""
        slot = TimeGrid(start=start, step=self.step, count=1)
        return float(np.nan_to_num(self.means["controlled_kw"].window(slot))[0])

    def settle(self, now: datetime, prices: PriceBook) -> list[tuple[SettledSlot, float]]:
        """Return the slots closed since the last call that were measured whole, each with the state of charge after it.

        A slot with a missing meter or price is never settled: it is no saving and no loss.
        """
        grid = TimeGrid(
            start=self._settled_until, step=self.step, count=max((now - self._settled_until) // self.step, 0)
        )
        if not grid.count:
            return []
        means = {name: values.window(grid) for name, values in self.means.items()}
        settled = []
        for index in range(grid.count):
            start, end = grid.at(index), grid.at(index + 1)
            values = {name: float(series[index]) for name, series in means.items()}
            carbon = values.pop("carbon_g_per_kwh")
            for name in BESIDE:
                values.pop(name)
            if np.isnan(values["curtailed_kw"]):  # a home without a meter for it: what was never made costs nothing
                values["curtailed_kw"] = 0.0
            price, soc, soc_after = prices.at(start), self._soc_at.get(start), self._soc_at.get(end)
            if not self._has_battery:
                soc, soc_after, values["battery_kw"] = 0.0, 0.0, 0.0
            if price is None or soc is None or soc_after is None or any(np.isnan(v) for v in values.values()):
                continue
            slot = SettledSlot(
                start=start,
                hours=self.step / timedelta(hours=1),
                load_kw=values["load_kw"],
                pv_kw=values["pv_kw"],
                battery_kw=values["battery_kw"],
                grid_kw=values["grid_kw"],
                curtailed_kw=values["curtailed_kw"],
                soc_kwh=soc,
                import_price_per_kwh=price[0],
                export_price_per_kwh=price[1],
                carbon_g_per_kwh=None if np.isnan(carbon) else carbon,
            )
            settled.append((slot, soc_after))
        self._settled_until = grid.end
        self._soc_at = {at: soc for at, soc in self._soc_at.items() if at >= grid.end}
        return settled
