"""The guard loop's decision: what mode makes a battery do, this moment, what its policy asks for."""

from __future__ import annotations

from homeagent.devices.battery import respond, self_consumption
from homeagent.domain.command import SetMode
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

INSTANT_H = 1 / 60
"""The policy is asked for a minute at a time, so that levels bind when they are reached."""
NEARLY_KW = 0.05


def mode_now(policy: BatteryPolicy, spec: BatterySpec, soc_kwh: float, net_kw: float) -> SetMode:
    """Return the mode that does what `policy` asks at this net load (load less PV) [kW].

    Where the inverter's own rule would do the same it is left to it, which follows the load faster than anyone else.
    """
    load_kw, pv_kw = max(net_kw, 0.0), max(-net_kw, 0.0)
    wanted_kw = float(respond(policy, spec, soc_kwh, load_kw, pv_kw, INSTANT_H).power_kw)
    rule_kw = float(respond(self_consumption(spec), spec, soc_kwh, load_kw, pv_kw, INSTANT_H).power_kw)
    if abs(wanted_kw - rule_kw) < NEARLY_KW:
        return SetMode(mode="self_consumption")
    if abs(wanted_kw) < NEARLY_KW:
        return SetMode(mode="hold")
    if wanted_kw > 0:
        return SetMode(mode="charge", power_kw=min(wanted_kw, spec.max_charge_kw))
    return SetMode(mode="discharge", power_kw=min(-wanted_kw, spec.max_discharge_kw))


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
