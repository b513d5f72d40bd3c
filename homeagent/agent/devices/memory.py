"""What devices were measured to do: means of slots by device, and the readings that keep them in the store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import get_args

from homeagent.agent.slot_means import SlotMeans
from homeagent.agent.thinking import MEMORY
from homeagent.domain.devices import ApplianceSpec, DeviceKnown, DeviceState
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.readings import DeviceQuantity, Reading

STEP = timedelta(minutes=15)
FINE = timedelta(minutes=5)
"""What an appliance draws: its programme is learned from it."""
LONGEST_HELD = timedelta(minutes=20)
"""So long a state is taken to hold until the next one is told; beyond it there is a gap."""
QUANTITIES: tuple[DeviceQuantity, ...] = get_args(DeviceQuantity)


class DeviceMemory:
    """Slot means of what each device tells, for as long as the agent remembers anything."""

    def __init__(self, devices: Iterable[DeviceKnown], now: datetime) -> None:
        self._means: dict[str, SlotMeans] = {}
        self._steps: dict[str, timedelta] = {}
        self._last: dict[str, DeviceState] = {}
        self._instants: dict[str, datetime] = {}
        for device in devices:
            for quantity in QUANTITIES:
                fine = quantity == "power_kw" and isinstance(device, ApplianceSpec)
                step, name = FINE if fine else STEP, entity(device.name, quantity)
                self._steps[name] = step
                self._means[name] = SlotMeans(slot_start(now, step) - MEMORY, step, MEMORY + timedelta(days=1))

    def see(self, state: DeviceState) -> list[Reading]:
        """Take in how a device stands; return readings of the time since it was last seen, to be kept."""
        before = self._last.get(state.name)
        if before is not None and state.at <= before.at:
            return []
        self._last[state.name] = state
        if before is None or state.at - before.at > LONGEST_HELD:
            return []
        readings = list(_between(before, state))
        self.add(readings)
        return readings

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in what was measured, in order of time; others' readings leave no trace.

        An instant stands for the time since the one before it.
        """
        for reading in readings:
            if reading.entity in self._means:
                self._means[reading.entity].add(held(reading, self._instants))

    def last(self, device: str) -> DeviceState | None:
        """Return how a device was last seen."""
        return self._last.get(device)

    def window(self, device: str, quantity: DeviceQuantity, grid: TimeGrid) -> FloatArray:
        """Return means on `grid`, whose step is a multiple of what is kept, shape (count,); NaN where not measured."""
        name = entity(device, quantity)
        inside = grid.step // self._steps[name]
        fine = TimeGrid(start=grid.start, step=self._steps[name], count=grid.count * inside)
        values: FloatArray = self._means[name].window(fine).reshape(grid.count, inside).mean(axis=1)
        return values


def entity(device: str, quantity: DeviceQuantity) -> str:
    """Return the name under which a device's readings are kept."""
    return f"{device}.{quantity}"


def held(reading: Reading, before: dict[str, datetime]) -> Reading:
    """Return an instant as a mean over the time since the one before of its entity, unless that is too long ago.

    `before` keeps when that was.
    """
    if reading.over:
        return reading
    since = reading.at - before.get(reading.entity, reading.at)
    before[reading.entity] = reading.at
    return replace(reading, over=since) if timedelta(0) < since <= LONGEST_HELD else reading


def _between(before: DeviceState, after: DeviceState) -> Iterator[Reading]:
    """Return the means between two looks: powers and flags as they stood before, temperatures halfway."""
    over = after.at - before.at
    values: dict[DeviceQuantity, float | None] = {
        "power_kw": after.power_kw,
        "plugged": None if before.plugged is None else float(before.plugged),
        "air_c": _halfway(before.air_c, after.air_c),
        "water_c": _halfway(before.water_c, after.water_c),
    }
    for quantity, value in values.items():
        if value is not None:
            yield Reading(entity=entity(after.name, quantity), at=after.at, value=value, over=over)


def _halfway(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else (one + other) / 2
