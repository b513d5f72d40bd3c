"""What an inverter that cannot do everything is told instead: the nearest thing that it can."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from homeagent.domain.command import Instruction, SetMode, SetReserve
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

WORTH_FORCING = 0.5
"""Without a power to set, force is used where at least this share of the rating is wanted: that is nearer than none."""


def rated_kw(mode: Literal["charge", "discharge"], can: InverterCapability, spec: BatterySpec) -> float:
    """Return the most power that a forced mode has."""
    return min(spec.max_charge_kw if mode == "charge" else spec.max_discharge_kw, can.max_power_kw)


def forced(
    mode: Literal["charge", "discharge"],
    can: InverterCapability,
    spec: BatterySpec,
    *,
    wanted_kw: float,
    room_kw: float,
) -> SetMode | None:
    """Return the forced mode nearest to `wanted_kw` that stays within `room_kw`, None where there is none."""
    if not (can.charges if mode == "charge" else can.discharges):
        return None
    most_kw = rated_kw(mode, can, spec)
    if can.sets_power:
        return SetMode(mode=mode, power_kw=min(wanted_kw, most_kw, room_kw))
    fits = most_kw <= room_kw and wanted_kw >= WORTH_FORCING * most_kw
    return SetMode(mode=mode) if fits else None


def held(can: InverterCapability) -> SetMode:
    """Return what comes nearest to leaving the battery alone: an inverter that cannot do that follows its own rule."""
    return SetMode(mode="hold" if can.holds else "self_consumption")


def possible(policy: BatteryPolicy, can: InverterCapability, spec: BatterySpec) -> BatteryPolicy:
    """Return the policy without what the inverter cannot do: buying into the battery, selling out of it."""
    if not can.charges:
        policy = replace(policy, charge_to_kwh=spec.min_soc_kwh)
    if not can.discharges:
        policy = replace(policy, export_to_kwh=spec.capacity_kwh)
    return policy


def beyond(instruction: Instruction, can: InverterCapability, spec: BatterySpec) -> str | None:
    """Return what of an instruction the inverter cannot do, None if it can."""
    if isinstance(instruction, SetMode):
        there = {"charge": can.charges, "discharge": can.discharges, "hold": can.holds}.get(instruction.mode, True)
        if not there:
            return f"the inverter has no {instruction.mode}"
        power_kw = instruction.power_kw
        if power_kw is not None and power_kw > can.max_power_kw + 1e-9:
            return f"{power_kw:.2f} kW is more than the inverter takes"
    if isinstance(instruction, SetReserve):
        share = instruction.reserve_kwh / spec.capacity_kwh
        if not can.low_reserve - 1e-9 <= share <= can.high_reserve + 1e-9:
            return f"a reserve of {share:.0%} is none that the inverter takes"
    return None
