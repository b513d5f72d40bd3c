"""Several batteries as one: what they are together, and what each of them does of what they do together.

The planner sees the whole: room, powers and wear added up or weighted by them. What the whole is told is shared so that
the batteries keep level with one another while they can: then each has room and energy left for its full power, which
is what the whole is taken to have.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.site import NO_BATTERY, BatterySpec

SMALL = 1e-12


def aggregate(batteries: Sequence[BatterySpec]) -> BatterySpec:
    """Return several batteries as one: energies and powers added up, losses and wear weighted by the powers."""
    if not batteries:
        return NO_BATTERY
    if len(batteries) == 1:
        return batteries[0]
    charge_kw = sum(one.max_charge_kw for one in batteries)
    discharge_kw = sum(one.max_discharge_kw for one in batteries)
    return BatterySpec(
        name=" + ".join(one.name for one in batteries),
        capacity_kwh=sum(one.capacity_kwh for one in batteries),
        min_soc_kwh=sum(one.min_soc_kwh for one in batteries),
        max_charge_kw=charge_kw,
        max_discharge_kw=discharge_kw,
        charge_efficiency=_weighted([(one.charge_efficiency, one.max_charge_kw) for one in batteries]),
        discharge_efficiency=_weighted([(one.discharge_efficiency, one.max_discharge_kw) for one in batteries]),
        wear_per_kwh=_weighted([(one.wear_per_kwh, one.max_discharge_kw) for one in batteries]),
    )


def share(
    batteries: Sequence[BatterySpec], soc_kwh: Sequence[float], power_kw: float, hours: float
) -> tuple[float, ...]:
    """Return what each battery does of `power_kw` [+ charging, at the home's side] in a step, within what it can.

    Each gets power by the room that it has left (or the energy, to discharge), so that all become full or empty at
    the same time; what one cannot take for its rating goes to the others. The sum is `power_kw`, or what they can do.
    """
    charging = power_kw >= 0
    most_kw = np.array(
        [_most_kw(one, soc, hours, charging=charging) for one, soc in zip(batteries, soc_kwh, strict=True)]
    )
    room_kw = np.array(
        [_room_kw(one, soc, hours, charging=charging) for one, soc in zip(batteries, soc_kwh, strict=True)]
    )
    shares = _level(abs(power_kw), most_kw, room_kw)
    return tuple((shares if charging else -shares).tolist())


def _level(asked_kw: float, most_kw: FloatArray, room_kw: FloatArray) -> FloatArray:
    """Return shares in proportion to the room, none above its most; they add up to what is asked, or to the most."""
    given = np.zeros(len(most_kw))
    left, open_ = min(asked_kw, float(most_kw.sum())), room_kw > SMALL
    while left > SMALL and open_.any():
        rise = left / float(room_kw[open_].sum())
        reached = open_ & (rise * room_kw >= most_kw - given - SMALL)
        if not reached.any():
            given[open_] += rise * room_kw[open_]
            break
        left -= float((most_kw - given)[reached].sum())
        given[reached] = most_kw[reached]
        open_ &= ~reached
    return given


def _room_kw(spec: BatterySpec, soc_kwh: float, hours: float, *, charging: bool) -> float:
    """Return the power that would fill a battery within the step, or empty it [kW at the home's side]."""
    if charging:
        return max(spec.capacity_kwh - soc_kwh, 0.0) / (spec.charge_efficiency * hours)
    return max(soc_kwh - spec.min_soc_kwh, 0.0) * spec.discharge_efficiency / hours


def _most_kw(spec: BatterySpec, soc_kwh: float, hours: float, *, charging: bool) -> float:
    rated_kw = spec.max_charge_kw if charging else spec.max_discharge_kw
    return min(rated_kw, _room_kw(spec, soc_kwh, hours, charging=charging))


def _weighted(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the mean of values by weights, evenly where no weight is above 0."""
    total = sum(weight for _, weight in pairs)
    if total <= 0:
        return sum(value for value, _ in pairs) / len(pairs)
    return sum(value * weight for value, weight in pairs) / total
