"""Homes and policies for property tests."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec

power = st.floats(0.5, 12)
efficiency = st.floats(0.7, 1.0)
net_kw = st.floats(-15, 15)
price = st.floats(-0.3, 1.2)


@st.composite
def batteries(draw: st.DrawFn) -> BatterySpec:
    capacity_kwh = draw(st.floats(1, 30))
    return BatterySpec(
        capacity_kwh=capacity_kwh,
        max_charge_kw=draw(power),
        max_discharge_kw=draw(power),
        charge_efficiency=draw(efficiency),
        discharge_efficiency=draw(efficiency),
        min_soc_kwh=capacity_kwh * draw(st.floats(0, 0.5)),
    )


@st.composite
def policies(draw: st.DrawFn, spec: BatterySpec) -> BatteryPolicy:
    level = st.floats(spec.min_soc_kwh, spec.capacity_kwh)
    charge_to, one, other, export_to = sorted((draw(level), draw(level), draw(level), draw(level)))
    store_to, discharge_to = draw(st.permutations((one, other)))
    limit = st.one_of(st.just(math.inf), st.floats(0, 10))
    return BatteryPolicy(
        charge_to_kwh=charge_to,
        store_to_kwh=store_to,
        discharge_to_kwh=discharge_to,
        export_to_kwh=export_to,
        import_limit_kw=draw(limit),
        shave_to_kwh=min(draw(level), discharge_to),
        export_limit_kw=draw(limit),
        pv_limit_kw=draw(st.sampled_from((math.inf, 0.0))),
    )
