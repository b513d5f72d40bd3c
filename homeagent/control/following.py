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
