"""The guard loop's decision: what mode makes a battery do, this moment, what its policy asks for."""

from __future__ import annotations

import math

from homeagent.control.abilities import forced, held
from homeagent.devices.battery import respond, self_consumption
from homeagent.domain.command import SetMode
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

INSTANT_H = 1 / 60
"""The policy is asked for a minute at a time, so that levels bind when they are reached."""
NEARLY_KW = 0.05
ABLE = InverterCapability()
"""An inverter that can be told everything."""


def mode_now(
    policy: BatteryPolicy,
    spec: BatterySpec,
    soc_kwh: float,
    net_kw: float,
    can: InverterCapability = ABLE,
    *,
    apart_kw: float = 0.0,
) -> SetMode:
    """Return the mode that does what `policy` asks at this net load (load less PV) [kW], or comes nearest to it.

    Where the inverter's own rule would do the same it is left to it, which follows the load faster than anyone else.
    `apart_kw` of the load is not for the battery to serve: a car that it may not discharge into.
    """
    load_kw, pv_kw = max(net_kw, 0.0), max(-net_kw, 0.0)
    wanted_kw = float(respond(policy, spec, soc_kwh, load_kw, pv_kw, INSTANT_H, apart_kw=apart_kw).power_kw)
    rule_kw = float(respond(self_consumption(spec), spec, soc_kwh, load_kw, pv_kw, INSTANT_H).power_kw)
    held_kw = max(rule_kw, 0.0) if can.hold_stores else 0.0
    if can.hold_stores and soc_kwh <= policy.discharge_to_kwh and abs(wanted_kw - held_kw) < NEARLY_KW:
        return held(can)
    if abs(wanted_kw - rule_kw) < NEARLY_KW:
        return SetMode(mode="self_consumption")
    if abs(wanted_kw) < NEARLY_KW:
        return held(can)
    told: SetMode | None = None
    if wanted_kw > 0:
        told = forced("charge", can, spec, wanted_kw=wanted_kw, room_kw=max(policy.import_limit_kw - net_kw, wanted_kw))
    elif apart_kw > 0 and not can.sets_power:
        return held(can)
    elif can.sets_power or soc_kwh > policy.export_to_kwh:
        room_kw = max(policy.export_limit_kw + net_kw, -wanted_kw)
        told = forced("discharge", can, spec, wanted_kw=-wanted_kw, room_kw=room_kw)
    if told is not None:
        return told
    nearer = abs(rule_kw - wanted_kw) <= abs(held_kw - wanted_kw)
    return SetMode(mode="self_consumption") if nearer and rule_kw > wanted_kw - NEARLY_KW else held(can)


def hangs_on_load(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float, can: InverterCapability = ABLE) -> bool:
    """Return whether what the battery is told hangs on the net load; where it does not nobody need watch that."""
    most_kw = max(spec.max_charge_kw, spec.max_discharge_kw)
    limits = [kw for kw in (policy.import_limit_kw, -policy.export_limit_kw) if math.isfinite(kw)]
    around = [kw + beside for kw in (*limits, 0.0) for beside in (-2 * NEARLY_KW, 2 * NEARLY_KW)]
    first, *others = (mode_now(policy, spec, soc_kwh, net_kw, can) for net_kw in (-most_kw, *around, most_kw))
    return any(other != first for other in others)


def eases(told: SetMode, wanted: SetMode, spec: BatterySpec) -> bool:
    """Return whether `wanted` charges or discharges with less force than `told`: that may keep a limit of the grid."""
    return any(
        _forced_kw(wanted, mode, rated_kw) < _forced_kw(told, mode, rated_kw) - NEARLY_KW
        for mode, rated_kw in (("charge", spec.max_charge_kw), ("discharge", spec.max_discharge_kw))
    )


def _forced_kw(told: SetMode, mode: str, rated_kw: float) -> float:
    if told.mode != mode:
        return 0.0
    return rated_kw if told.power_kw is None else told.power_kw
