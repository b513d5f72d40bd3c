"""A battery policy in the words of the inverter at hand."""

from __future__ import annotations

from typing import assert_never

from homeagent.domain.command import FollowPolicy, Instruction, SetMode, SetReserve
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

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
) -> Instruction:
    """Return the instruction nearest to `policy` that the inverter understands, for a slot of `hours`.

    `expected_net_kw` (load less PV) is what the slot is expected to bring: modes cannot tell surplus from deficit.
    """
    match capability.control:
        case "continuous":
            return FollowPolicy(policy=policy)
        case "modes":
            return _mode(policy, spec, soc_kwh, expected_net_kw, hours)
        case "reserve":
            return SetReserve(reserve_kwh=_reserve(policy, spec, soc_kwh))
    assert_never(capability.control)


def _mode(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float, expected_net_kw: float, hours: float) -> SetMode:
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    if soc_kwh < policy.charge_to_kwh - near:
        wanted_kw = (policy.charge_to_kwh - soc_kwh) / (spec.charge_efficiency * hours)
        room_kw = max(policy.import_limit_kw - expected_net_kw, 0.0)
        return SetMode(mode="charge", power_kw=min(wanted_kw, spec.max_charge_kw, room_kw))
    if soc_kwh > policy.export_to_kwh + near:
        wanted_kw = (soc_kwh - policy.export_to_kwh) * spec.discharge_efficiency / hours
        room_kw = max(policy.export_limit_kw + expected_net_kw, 0.0)
        return SetMode(mode="discharge", power_kw=min(wanted_kw, spec.max_discharge_kw, room_kw))
    excess_kw = expected_net_kw - policy.import_limit_kw
    if excess_kw > 0 and soc_kwh > policy.shave_to_kwh + near and soc_kwh <= policy.discharge_to_kwh + near:
        return SetMode(mode="discharge", power_kw=min(excess_kw, spec.max_discharge_kw))
    covers = soc_kwh > policy.discharge_to_kwh + near
    stores = soc_kwh < policy.store_to_kwh - near
    if (expected_net_kw >= 0 and covers) or (expected_net_kw < 0 and stores):
        return SetMode(mode="self_consumption")
    return SetMode(mode="hold")


def _reserve(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float) -> float:
    """Return the reserve; above the present state of charge only where charging from the grid is meant."""
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    if soc_kwh < policy.charge_to_kwh - near:
        return policy.charge_to_kwh
    return max(spec.min_soc_kwh, min(policy.discharge_to_kwh, soc_kwh))
