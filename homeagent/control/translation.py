"""A battery policy in the words of the inverter at hand."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from homeagent.control.abilities import forced, held, possible, rated_kw
from homeagent.domain.command import FollowPolicy, Instruction, SetMode, SetReserve
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

NO_CAR_KW = 0.3
LEVEL_TOLERANCE = 0.01
"""Levels nearer than this share of the capacity count as reached: no inverter measures its charge better."""


def translate(
    policy: BatteryPolicy,
    capability: InverterCapability,
    spec: BatterySpec,
    *,
    soc_kwh: float,
    expected_net_kw: float,
    hours: float,
    apart_kw: float = 0.0,
) -> Instruction:
    """Return the instruction nearest to `policy` that the inverter understands, for a slot of `hours`.

    `expected_net_kw` (load less PV) is what the slot is expected to bring: modes cannot tell surplus from deficit. Nor
    can they tell a car's load from the home's: while `apart_kw` of it is not for the battery to serve, it serves none.
    """
    if apart_kw > NO_CAR_KW and capability.control != "continuous":
        policy = replace(policy, discharge_to_kwh=spec.capacity_kwh, export_to_kwh=spec.capacity_kwh)
    match capability.control:
        case "continuous":
            return FollowPolicy(policy=possible(policy, capability, spec))
        case "modes":
            return _mode(policy, capability, spec, soc_kwh, expected_net_kw, hours)
        case "reserve":
            low_kwh, high_kwh = (
                share * spec.capacity_kwh for share in (capability.low_reserve, capability.high_reserve)
            )
            return SetReserve(reserve_kwh=min(max(_reserve(policy, spec, soc_kwh), low_kwh), high_kwh))
    assert_never(capability.control)


def _mode(
    policy: BatteryPolicy,
    can: InverterCapability,
    spec: BatterySpec,
    soc_kwh: float,
    expected_net_kw: float,
    hours: float,
) -> SetMode:
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    told: SetMode | None = None
    if soc_kwh < policy.charge_to_kwh - near:
        wanted_kw = (policy.charge_to_kwh - soc_kwh) / (spec.charge_efficiency * hours)
        room_kw = max(policy.import_limit_kw - expected_net_kw, 0.0)
        told = forced("charge", can, spec, wanted_kw=wanted_kw, room_kw=room_kw)
    elif soc_kwh > policy.export_to_kwh + near:
        wanted_kw = (soc_kwh - policy.export_to_kwh) * spec.discharge_efficiency / hours
        room_kw = max(policy.export_limit_kw + expected_net_kw, 0.0)
        told = forced("discharge", can, spec, wanted_kw=wanted_kw, room_kw=room_kw)
    if told is not None:
        return told
    covers = soc_kwh > policy.discharge_to_kwh + near
    excess_kw = expected_net_kw - policy.import_limit_kw
    if excess_kw > 0 and soc_kwh > policy.shave_to_kwh + near and not covers:
        # without a power of its own it covers the whole load: a peak costs more than the energy
        shaved = can.discharges and can.sets_power
        return _discharge(excess_kw, can, spec) if shaved else SetMode(mode="self_consumption")
    if can.hold_stores and can.holds:
        return SetMode(mode="self_consumption") if covers else held(can)
    stores = soc_kwh < policy.store_to_kwh - near
    if (expected_net_kw >= 0 and covers) or (expected_net_kw < 0 and stores):
        return SetMode(mode="self_consumption")
    return held(can)


def _discharge(kw: float, can: InverterCapability, spec: BatterySpec) -> SetMode:
    return SetMode(mode="discharge", power_kw=min(kw, rated_kw("discharge", can, spec)))


def _reserve(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float) -> float:
    """Return the reserve; above the present state of charge only where charging from the grid is meant."""
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    if soc_kwh < policy.charge_to_kwh - near:
        return policy.charge_to_kwh
    return max(spec.min_soc_kwh, min(policy.discharge_to_kwh, soc_kwh))
