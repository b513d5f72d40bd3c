"""What is asked of a car that is plugged in. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import CarSpec, DeviceState
from homeagent.domain.grid import FloatArray, TimeGrid, require_utc
from homeagent.domain.tasks import CarTask, DeviceTask
from homeagent.domain.wishes import CarWish

CHARGES_KW = 0.3
LEAST_KWH = 0.05
CERTAIN = 1 - 1e-9
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """When a car leaves: announced (`at`), or as likely as `leaves` says in each slot; `words` say how it is known."""

    at: datetime | None
    leaves: FloatArray
    words: str


def announced_departure(
    state: DeviceState, wish: CarWish, grid: TimeGrid, timezone: ZoneInfo
) -> tuple[Departure | None, str | None]:
    """Return the departure that somebody has set, None where nobody has; and what is wrong with what was told."""
    if state.leaves_at is not None and state.leaves_at > grid.start:
        return _at(state.leaves_at, grid, "as told"), None
    wrong = None if state.leaves_at is None else "the departure that was told lies in the past, and is left out"
    if wish.ready_by_min is None:
        return None, wrong
    return _at(next_time(wish.ready_by_min, grid.start, timezone), grid, "as configured"), wrong


def next_time(minute: int, after: datetime, timezone: ZoneInfo) -> datetime:
    """Return the next time after `after` at which the home's clock shows so many minutes after midnight."""
    day = after.astimezone(timezone).date()
    for ahead in range(3):
        date = day + ahead * DAY
        local = datetime(date.year, date.month, date.day, minute // 60 % 24, minute % 60, tzinfo=timezone)
        if require_utc(local) > after:
            return require_utc(local)
    raise ValueError(f"no day has a minute {minute}")


def _at(leaves_at: datetime, grid: TimeGrid, words: str) -> Departure:
    """Return a certain departure: the last whole slot before it is the last in which the car can be charged."""
    leaves = np.zeros(grid.count)
    last = (leaves_at - grid.start) // grid.step - 1
    if last < grid.count:
        leaves[max(last, 0)] = 1.0
    return Departure(at=leaves_at, leaves=leaves, words=words)


def with_target(wish: CarWish, state: DeviceState, target: float | None) -> tuple[CarWish, DeviceState]:
    """Return wish and state with what a person wants now, which comes before what the charger is asked."""
    if target is None:
        return wish, state
    return replace(wish, target=target), state if state.stored_kwh is None else replace(state, asked_kwh=None)


def thought_gone(tasks: tuple[DeviceTask, ...], car: CarSpec, slot: int) -> bool:
    """Return whether a plan reckons in a slot with a car that has left."""
    task = next((one for one in tasks if isinstance(one, CarTask) and one.spec.name == car.name), None)
    return task is not None and not bool(task.present[slot])


def needed_kwh(spec: CarSpec, wish: CarWish, state: DeviceState, usual_kwh: float) -> tuple[float, float]:
    """Return what the car needs and what it can take at most, at the charger [kWh].

    By what its charger is asked where that is told, else by its state of charge, else what it usually takes.
    """
    if state.stored_kwh is not None and spec.capacity_kwh is not None:
        room = max(spec.capacity_kwh - state.stored_kwh, 0.0) / spec.charge_efficiency
        need = max(wish.target * spec.capacity_kwh - state.stored_kwh, 0.0) / spec.charge_efficiency
        need = need if state.asked_kwh is None else max(state.asked_kwh, 0.0)
        return min(need, room), room
    need = usual_kwh if state.asked_kwh is None else max(state.asked_kwh, 0.0)
    return need, need


def car_task(
    spec: CarSpec, wish: CarWish, state: DeviceState, departure: Departure, usual_kwh: float
) -> CarTask | None:
    """Return the task of a plugged car, None where there is nothing to do. `wish` has all its prices."""
    need, room = needed_kwh(spec, wish, state, usual_kwh)
    gives = spec.max_discharge_kw > 0 and state.stored_kwh is not None
    if not state.plugged or (room < LEAST_KWH and not gives):
        return None
    gone = np.concatenate([[False], np.maximum.accumulate(departure.leaves >= CERTAIN)[:-1]])
    return CarTask(
        spec=spec,
        present=~gone,
        leaves=departure.leaves,
        needed_kwh=need,
        room_kwh=room,
        short_per_kwh=wish.short_per_kwh or 0.0,
        beyond_per_kwh=wish.beyond_per_kwh or 0.0,
        stored_kwh=state.stored_kwh,
        surplus_only=wish.surplus_only,
        charging=(state.power_kw or 0.0) > CHARGES_KW,
    )
