"""Physics that no policy may break, whatever it says."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import batteries, net_kw, policies

from homeagent.devices.battery import respond, self_consumption
from homeagent.domain.site import BatterySpec

hours = st.sampled_from((1 / 60, 1 / 12, 0.25, 0.5, 1.0))


@st.composite
def situations(draw: st.DrawFn) -> tuple[BatterySpec, float, float, float, float]:
    spec = draw(batteries())
    soc = draw(st.floats(spec.min_soc_kwh, spec.capacity_kwh))
    return spec, soc, draw(st.floats(0, 15)), draw(st.floats(0, 15)), draw(hours)


@given(st.data(), situations())
def test_physics_holds_under_any_policy(
    data: st.DataObject, situation: tuple[BatterySpec, float, float, float, float]
) -> None:
    spec, soc, load, pv, step = situation
    flows = respond(data.draw(policies(spec)), spec, soc, load, pv, step)
    power, grid, curtailed, after = (
        float(x) for x in (flows.power_kw, flows.grid_kw, flows.curtailed_kw, flows.soc_kwh)
    )
    assert math.isclose(grid, load - pv + power + curtailed, abs_tol=1e-9)
    assert -spec.max_discharge_kw - 1e-9 <= power <= spec.max_charge_kw + 1e-9
    assert spec.min_soc_kwh - 1e-9 <= after <= spec.capacity_kwh + 1e-9
    assert -1e-9 <= curtailed <= pv + 1e-9
    stored = power * spec.charge_efficiency if power > 0 else power / spec.discharge_efficiency
    assert math.isclose(after - soc, stored * step, abs_tol=1e-9)


@given(st.data(), situations())
def test_limits_are_kept_where_the_home_itself_keeps_them(
    data: st.DataObject, situation: tuple[BatterySpec, float, float, float, float]
) -> None:
    spec, soc, load, pv, step = situation
    policy = data.draw(policies(spec))
    flows = respond(policy, spec, soc, load, pv, step)
    made = min(pv, policy.pv_limit_kw)
    assert float(flows.grid_kw) <= max(policy.import_limit_kw, load - made) + 1e-9
    assert -float(flows.grid_kw) <= policy.export_limit_kw + 1e-9


@given(st.data(), situations(), net_kw)
def test_more_net_load_never_means_less_import(
    data: st.DataObject, situation: tuple[BatterySpec, float, float, float, float], more: float
) -> None:
    spec, soc, load, pv, step = situation
    policy = data.draw(policies(spec))
    one = respond(policy, spec, soc, load, pv, step)
    other = respond(policy, spec, soc, load + abs(more), pv, step)
    assert float(other.grid_kw) >= float(one.grid_kw) - 1e-9


@given(st.data(), situations(), net_kw)
def test_nothing_is_discharged_into_what_is_apart(
    data: st.DataObject, situation: tuple[BatterySpec, float, float, float, float], apart: float
) -> None:
    spec, soc, load, pv, step = situation
    policy = data.draw(policies(spec))
    apart = abs(apart)
    flows = respond(policy, spec, soc, load + apart, pv, step, apart_kw=apart)
    without = respond(policy, spec, soc, load + apart, pv, step)
    assert math.isclose(
        float(flows.grid_kw + pv - flows.curtailed_kw), load + apart + float(flows.power_kw), abs_tol=1e-9
    )
    if apart > 0:
        made = min(pv, policy.pv_limit_kw)
        assert -float(flows.power_kw) <= max(load - made, 0.0) + 1e-9
    assert float(flows.power_kw) >= float(without.power_kw) - 1e-9


@given(situations())
def test_the_rule_never_trades_with_the_grid(situation: tuple[BatterySpec, float, float, float, float]) -> None:
    spec, soc, load, pv, step = situation
    flows = respond(self_consumption(spec), spec, soc, load, pv, step)
    net = load - pv
    assert min(net, 0.0) - 1e-9 <= float(flows.grid_kw) <= max(net, 0.0) + 1e-9
    assert float(flows.curtailed_kw) == 0


@given(st.data(), situations())
def test_a_table_of_states_answers_as_single_states_do(
    data: st.DataObject, situation: tuple[BatterySpec, float, float, float, float]
) -> None:
    spec, _, load, pv, step = situation
    policy = data.draw(policies(spec))
    states = np.linspace(spec.min_soc_kwh, spec.capacity_kwh, 7)
    table = respond(policy, spec, states[:, None], np.array([load, 0.0]), np.array([pv, 1.0]), step)
    for row, soc in enumerate(states):
        single = respond(policy, spec, float(soc), load, pv, step)
        assert math.isclose(float(table.grid_kw[row, 0]), float(single.grid_kw), abs_tol=1e-12)
        assert math.isclose(float(table.soc_kwh[row, 0]), float(single.soc_kwh), abs_tol=1e-12)


def test_levels_bind_inside_a_step() -> None:
    spec = BatterySpec(
        capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, charge_efficiency=1, discharge_efficiency=1
    )
    policy = replace(self_consumption(spec), charge_to_kwh=3.0, store_to_kwh=10.0, discharge_to_kwh=6.0)
    charging = respond(policy, spec, 1.0, 0.5, 0.0, 1.0)
    assert float(charging.soc_kwh) == 3.0
    covering = respond(policy, spec, 7.0, 4.0, 0.0, 1.0)
    assert float(covering.soc_kwh) == 6.0
    assert float(covering.grid_kw) == 3.0
