"""Whether what is measured shows that a command has its effect. What a device says of itself counts for nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from homeagent.domain.command import (
    Instruction,
    SetCharge,
    SetMode,
    SetReserve,
    SetSwitch,
    SetTemperature,
    Suggest,
)
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import ProofSpec

TAPER = 0.05
"""So near to full or empty [share of the capacity] a battery may do less than it was told."""
PARTLY = 0.5
"""A battery that is cold or nearly full may do less, down to this share, and still obeys."""
SHARE = 0.1
CLEAR_OF_DEAD_BAND_C = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What is measured at the moment; None where it is not known. `battery_kw` is + discharging."""

    battery_kw: float | None = None
    net_kw: float | None = None
    soc_kwh: float | None = None
    apart_kw: float | None = None
    """What cars draw that the battery may not discharge into."""
    running: bool | None = None
    power_kw: float | None = None
    """What the device itself draws, - where it gives."""
    plugged: bool | None = None
    content: bool | None = None
    """Whether a car says that it is full, or takes no more."""
    left_kw: float | None = None
    """What is left over for a charger, with what it draws."""
    room_c: float | None = None
    target_c: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the effect is there, and what was seen, in words."""

    proved: bool
    seen: str


def judge(instruction: Instruction, observed: Observed, proof: ProofSpec, spec: BatterySpec) -> Verdict:
    """Return whether `observed` is what `instruction` should bring about."""
    if isinstance(instruction, SetSwitch):
        return _switched(instruction.on, observed)
    if isinstance(instruction, SetTemperature):
        return _heated(instruction.target_c, observed)
    if isinstance(instruction, SetCharge):
        return _charged(instruction, observed, proof)
    if isinstance(instruction, Suggest):
        return Verdict(proved=True, seen="the person was told")
    if observed.battery_kw is None:
        return Verdict(proved=False, seen="the battery's power is not known")
    band = expected_battery_kw(instruction, observed, spec, hold_stores=proof.hold_stores)
    if band is None:
        return Verdict(proved=False, seen="the home's net load is not known")
    low_kw, high_kw = band
    slack_kw = max(proof.tolerance_kw, SHARE * max(abs(low_kw), abs(high_kw)))
    proved = low_kw - slack_kw <= observed.battery_kw <= high_kw + slack_kw
    return Verdict(proved=proved, seen=_flow(observed.battery_kw, low_kw, high_kw))


def _flow(kw: float, low_kw: float, high_kw: float) -> str:
    wanted = f"{low_kw:+.2f} kW" if abs(high_kw - low_kw) < 0.01 else f"{low_kw:+.2f} to {high_kw:+.2f} kW"  # noqa: PLR2004 - rounding
    return f"battery at {kw:+.2f} kW, expected {wanted} (+ discharging)"


def expected_battery_kw(
    instruction: Instruction, observed: Observed, spec: BatterySpec, *, hold_stores: bool = False
) -> tuple[float, float] | None:
    """Return between which powers [kW, + discharging] the battery must be, None where that cannot be said.

    With `hold_stores` a battery that holds may store up to all of the surplus.
    """
    near_kwh = TAPER * spec.capacity_kwh
    soc_kwh = observed.soc_kwh
    full = soc_kwh is not None and soc_kwh >= spec.capacity_kwh - near_kwh
    empty = soc_kwh is not None and soc_kwh <= spec.min_soc_kwh + near_kwh
    if isinstance(instruction, SetMode) and instruction.mode != "self_consumption":
        if instruction.mode == "hold":
            surplus_kw = spec.max_charge_kw if observed.net_kw is None else max(-observed.net_kw, 0.0)
            return (-min(surplus_kw, spec.max_charge_kw) if hold_stores else 0.0), 0.0
        if instruction.mode == "charge":
            kw = spec.max_charge_kw if instruction.power_kw is None else instruction.power_kw
            return -kw, (0.0 if full else -PARTLY * kw)
        kw = spec.max_discharge_kw if instruction.power_kw is None else instruction.power_kw
        return (0.0 if empty else PARTLY * kw), kw
    if observed.net_kw is None:
        return None
    follow_kw = min(max(observed.net_kw, -spec.max_charge_kw), spec.max_discharge_kw)
    low_kw, high_kw = follow_kw, follow_kw
    if full or empty:
        low_kw, high_kw = min(follow_kw, 0.0), max(follow_kw, 0.0)
    if isinstance(instruction, SetReserve) and soc_kwh is not None:
        if soc_kwh < instruction.reserve_kwh - near_kwh:
            return -spec.max_charge_kw, min(-SHARE * spec.max_charge_kw, high_kw)
        if soc_kwh < instruction.reserve_kwh + near_kwh:
            return min(low_kw, 0.0), max(high_kw, 0.0)
    return low_kw, high_kw


def _charged(told: SetCharge, observed: Observed, proof: ProofSpec) -> Verdict:
    """A charger is proved by what it draws; a car may take less, and one that is away or full takes nothing."""
    kw, drawn_kw = told.power_kw, observed.power_kw
    if observed.plugged is False:
        return Verdict(proved=True, seen="no car is plugged in")
    if drawn_kw is None:
        if observed.running is None:
            return Verdict(proved=False, seen="what it draws is not known")
        drawn_kw = kw if observed.running == (kw > 0) else 0.0 if kw > 0 else math.inf
    seen = f"it draws {drawn_kw:.2f} kW of {kw:.2f} kW"
    slack_kw = max(proof.tolerance_kw, SHARE * abs(kw))
    if kw > 0 and observed.content and abs(drawn_kw) <= slack_kw:
        return Verdict(proved=True, seen=f"{seen}: the car takes no more")
    low_kw, high_kw = (PARTLY * kw, kw) if kw >= 0 else (kw, PARTLY * kw)
    return Verdict(proved=low_kw - slack_kw * (kw <= 0) <= drawn_kw <= high_kw + slack_kw, seen=seen)


def _switched(on: bool, observed: Observed) -> Verdict:  # noqa: FBT001 - the only thing a switch knows
    if observed.running is None:
        return Verdict(proved=False, seen="whether it runs is not known")
    return Verdict(proved=observed.running == on, seen=f"it is {'running' if observed.running else 'not running'}")


def _heated(target_c: float, observed: Observed) -> Verdict:
    """A thermostat is proved by its heater where the room is clear of the dead band, else by its set-point."""
    if observed.target_c is None or abs(observed.target_c - target_c) > CLEAR_OF_DEAD_BAND_C / 2:
        return Verdict(proved=False, seen=f"the set-point is {_degrees(observed.target_c)}")
    seen = f"set to {_degrees(observed.target_c)} in a room of {_degrees(observed.room_c)}"
    if observed.room_c is None or observed.running is None or abs(target_c - observed.room_c) < CLEAR_OF_DEAD_BAND_C:
        return Verdict(proved=True, seen=seen)
    heats = "heating" if observed.running else "not heating"
    return Verdict(proved=observed.running == (target_c > observed.room_c), seen=f"{seen}, {heats}")


def _degrees(value_c: float | None) -> str:
    return "unknown" if value_c is None else f"{value_c:.1f} degC"
