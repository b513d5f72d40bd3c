"""A charger that follows the surplus: smoothly, never below its least current, and not to and fro.

What is left over is what the home exports, with what the charger itself draws, less what the battery gives: the house
battery is filled first and never emptied into the car. Whoever wants the car first plans a power for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from homeagent.domain.command import SetCharge
from homeagent.domain.devices import CarSpec

SMOOTHED_S = 30.0
"""Clouds and kettles shorter than this hardly move it."""
START_AFTER_S, STOP_AFTER_S = 60.0, 180.0
"""So long there must be enough before it starts, and too little before it stops; meanwhile it draws its least."""
REST_S = 300.0
"""A car that was stopped is left so for a while: contactors wear."""
PHASES_AFTER_S = 600.0
"""So long there must be enough for more phases before it changes to them."""
LEAST_CHANGE = 0.1
"""A change by less than this share of what it draws is not worth a write."""
NOTHING_KW = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a charger was told by following, and since when it has been otherwise. Times are monotonic seconds."""

    told: SetCharge | None = None
    left_kw: float | None = None
    seen_s: float = 0.0
    enough_since_s: float | None = None
    short_since_s: float | None = None
    stopped_s: float = -math.inf
    more_since_s: float | None = None


def left_over_kw(own_kw: float, net_kw: float, battery_kw: float) -> float:
    """Return what is left for a charger that draws `own_kw`; `net_kw` is load less PV, `battery_kw` + discharging."""
    return own_kw - net_kw + min(battery_kw, 0.0)


def power_for(asked: SetCharge, car: CarSpec, most_kw: float = math.inf) -> SetCharge:
    """Return a power that the charger can give, at most `most_kw`: below its least on its phases it is stopped."""
    if asked.power_kw < -NOTHING_KW:
        return SetCharge(power_kw=max(asked.power_kw, -car.max_discharge_kw), phases=asked.phases)
    phases = asked.phases if asked.phases in car.phases else min(car.phases)
    kw = min(asked.power_kw, most_kw, _most_kw(car, phases))
    if kw < _least_kw(car, phases) - NOTHING_KW:
        if phases > min(car.phases):  # fewer phases can carry less
            return power_for(replace(asked, phases=min(car.phases)), car, most_kw)
        kw = 0.0
    return SetCharge(power_kw=round(kw, 3), phases=phases)


def follow(
    asked: SetCharge, car: CarSpec, left_kw: float, before: Followed, now_s: float, most_kw: float = math.inf
) -> Followed:
    """Return what the charger is told now: what is left over, and at least what is asked."""
    smooth_kw = _smoothed(left_kw, before, now_s)
    running = before.told is not None and before.told.power_kw > NOTHING_KW
    floor_kw = max(asked.power_kw, 0.0)
    phases, more_since_s = _phases(asked, car, smooth_kw, before, now_s)
    least_kw = _least_kw(car, phases)
    wanted_kw = max(floor_kw, smooth_kw)
    enough = wanted_kw >= least_kw - NOTHING_KW
    enough_s = (now_s if before.enough_since_s is None else before.enough_since_s) if enough else None
    short_s = None if enough else (now_s if before.short_since_s is None else before.short_since_s)
    needed = floor_kw >= least_kw - NOTHING_KW
    rested = now_s - before.stopped_s >= REST_S
    starts = enough_s is not None and now_s - enough_s >= START_AFTER_S and rested
    stays = running and (short_s is None or now_s - short_s < STOP_AFTER_S)
    kw = max(wanted_kw, least_kw) if needed or starts or stays else 0.0
    told = power_for(SetCharge(power_kw=kw, phases=phases), car, most_kw)
    if before.told is not None and running and told.phases == before.told.phases and _near(told, before.told, most_kw):
        told = before.told
    stops = running and told.power_kw <= NOTHING_KW
    return Followed(
        told=told,
        left_kw=smooth_kw,
        seen_s=now_s,
        enough_since_s=enough_s,
        short_since_s=short_s,
        stopped_s=now_s if stops else before.stopped_s,
        more_since_s=more_since_s,
    )


def _smoothed(left_kw: float, before: Followed, now_s: float) -> float:
    if before.left_kw is None:
        return left_kw
    share = 1 - math.exp(-max(now_s - before.seen_s, 0.0) / SMOOTHED_S)
    return before.left_kw + share * (left_kw - before.left_kw)


def _phases(asked: SetCharge, car: CarSpec, left_kw: float, before: Followed, now_s: float) -> tuple[int, float | None]:
    """Return on how many phases it follows: more only after there has been enough for them for a while."""
    present = asked.phases if before.told is None else before.told.phases
    present = present if present in car.phases else min(car.phases)
    if asked.power_kw > _most_kw(car, present):
        return max(car.phases), None
    most = max(car.phases)
    wanted = most if max(left_kw, asked.power_kw) >= _least_kw(car, most) else min(car.phases)
    if wanted == present:
        return present, None
    since_s = now_s if before.more_since_s is None else before.more_since_s
    return (wanted, None) if now_s - since_s >= PHASES_AFTER_S else (present, since_s)


def _near(told: SetCharge, before: SetCharge, most_kw: float) -> bool:
    """Return whether a change is too small for a write; what must be less, must be."""
    if before.power_kw > most_kw + NOTHING_KW or told.power_kw <= NOTHING_KW:
        return False
    return abs(told.power_kw - before.power_kw) < LEAST_CHANGE * before.power_kw


def _least_kw(car: CarSpec, phases: int) -> float:
    return min(car.min_charge_kw * phases / min(car.phases), car.max_charge_kw)


def _most_kw(car: CarSpec, phases: int) -> float:
    return car.max_charge_kw * phases / max(car.phases)
