"""Whatever an inverter lacks: it is told nothing that it does not have, nor force that its policy does not allow."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import batteries, net_kw, policies

from homeagent.control.abilities import beyond, rated_kw
from homeagent.control.following import NEARLY_KW, mode_now
from homeagent.control.guard import check
from homeagent.control.translation import LEVEL_TOLERANCE, translate
from homeagent.control.wording import worded
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import Command, Instruction, Rejected, SetMode, SetReserve
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec, SiteState
from homeagent.domain.wiring import DeviceSpec, Ranges
from homeagent.simulation.inverter import InverterModel

NOW = datetime(2025, 1, 1, tzinfo=UTC)
yes_or_no = st.booleans()
abilities = st.builds(
    InverterCapability,
    control=st.sampled_from(("continuous", "modes", "reserve")),
    max_power_kw=st.sampled_from((math.inf, 3.0)),
    charges=yes_or_no,
    discharges=yes_or_no,
    holds=yes_or_no,
    hold_stores=yes_or_no,
    sets_power=yes_or_no,
    low_reserve=st.sampled_from((0.0, 0.1)),
    high_reserve=st.sampled_from((0.9, 1.0)),
)


@st.composite
def situations(draw: st.DrawFn) -> tuple[BatterySpec, BatteryPolicy, float]:
    spec = draw(batteries())
    return spec, draw(policies(spec)), draw(st.floats(spec.min_soc_kwh, spec.capacity_kwh))


def concrete(policy: BatteryPolicy, can: InverterCapability, spec: BatterySpec, soc: float, net: float) -> Instruction:
    """Return what the inverter hears in the end: the guard loop's mode where it follows a policy."""
    told = translate(policy, can, spec, soc_kwh=soc, expected_net_kw=net, hours=0.5)
    if can.control == "continuous":
        return mode_now(policy, spec, soc, net, can)
    return told


@given(situations(), abilities, net_kw)
def test_nothing_is_told_that_is_not_there(
    situation: tuple[BatterySpec, BatteryPolicy, float], can: InverterCapability, net: float
) -> None:
    spec, policy, soc = situation
    told = concrete(policy, can, spec, soc, net)
    assert beyond(told, can, spec) is None
    until = NOW + timedelta(hours=1)
    order = Command(device="battery", instruction=told, issued_at=NOW, valid_until=until, reason="test")
    state = SiteState(at=NOW, soc_kwh=soc)
    low_enough = not isinstance(told, SetReserve) or told.reserve_kwh >= spec.min_soc_kwh
    if low_enough:
        assert not isinstance(check(order, state, spec, "control", None, timedelta(0), can), Rejected)
    if isinstance(told, SetMode) and told.power_kw is not None:
        rated = spec.max_charge_kw if told.mode == "charge" else spec.max_discharge_kw
        assert 0 <= told.power_kw <= min(rated, can.max_power_kw) + 1e-9


@given(situations(), abilities, net_kw)
def test_no_force_is_used_that_the_policy_does_not_allow(
    situation: tuple[BatterySpec, BatteryPolicy, float], can: InverterCapability, net: float
) -> None:
    spec, policy, soc = situation
    told = concrete(policy, can, spec, soc, net)
    if not isinstance(told, SetMode):
        return
    near = LEVEL_TOLERANCE * spec.capacity_kwh
    if told.mode == "charge":
        # buying, or a part of the surplus: without a power it is the rating
        power_kw = rated_kw("charge", can, spec) if told.power_kw is None else told.power_kw
        assert soc < policy.charge_to_kwh or power_kw <= -net + NEARLY_KW
    if told.mode == "discharge":
        power_kw = rated_kw("discharge", can, spec) if told.power_kw is None else told.power_kw
        over = net > policy.import_limit_kw and soc > policy.shave_to_kwh
        covers = soc > policy.discharge_to_kwh and power_kw <= net + NEARLY_KW
        assert soc > policy.export_to_kwh or over or covers
    if told.mode == "self_consumption" and net > NEARLY_KW and can.holds:  # it will discharge
        over = net > policy.import_limit_kw and soc > policy.shave_to_kwh
        empty = soc <= spec.min_soc_kwh + near
        assert soc > policy.discharge_to_kwh or over or empty


@given(situations(), abilities, st.lists(st.tuples(st.floats(0, 12), st.floats(0, 12)), min_size=1, max_size=6))
def test_a_simulated_inverter_takes_all_that_it_is_told(
    situation: tuple[BatterySpec, BatteryPolicy, float],
    can: InverterCapability,
    course: list[tuple[float, float]],
) -> None:
    spec, policy, soc = situation
    inverter = InverterModel(spec, can, initial_soc_kwh=soc)
    for step, (load, pv) in enumerate(course):
        at = NOW + step * timedelta(hours=1)
        told = translate(policy, can, spec, soc_kwh=inverter.soc_kwh, expected_net_kw=load - pv, hours=1.0)
        until = at + timedelta(hours=1)
        inverter.receive(
            Command(device="battery", instruction=told, issued_at=at, valid_until=until, reason="test"), at
        )
        got = inverter.step(at, load, pv, 1.0)
        assert abs(got.battery_kw) <= max(spec.max_charge_kw, spec.max_discharge_kw) + 1e-9
        assert spec.min_soc_kwh - 1e-9 <= got.soc_kwh_end <= spec.capacity_kwh + 1e-9


def test_a_simulated_inverter_refuses_what_it_does_not_have() -> None:
    spec = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
    inverter = InverterModel(spec, InverterCapability(discharges=False), initial_soc_kwh=5)
    order = Command(
        device="battery",
        instruction=SetMode(mode="discharge", power_kw=1),
        issued_at=NOW,
        valid_until=NOW + timedelta(hours=1),
        reason="test",
    )
    with pytest.raises(ValueError, match="the inverter has no discharge"):
        inverter.receive(order, NOW)


@given(situations(), net_kw)
def test_one_that_can_do_all_is_told_what_it_always_was(
    situation: tuple[BatterySpec, BatteryPolicy, float], net: float
) -> None:
    spec, policy, soc = situation
    assert mode_now(policy, spec, soc, net, InverterCapability()) == mode_now(policy, spec, soc, net)
    rule = self_consumption(spec)
    assert mode_now(rule, spec, soc, net, InverterCapability()) == SetMode(mode="self_consumption")


@given(
    batteries(),
    st.sampled_from(("charge", "discharge")),
    st.floats(0, 1),
    st.sampled_from((1.0, 10.0, 100.0)),
    st.sampled_from((math.inf, 2500.0)),
    net_kw,
)
def test_a_power_is_brought_into_range_and_step_and_never_made_more(
    spec: BatterySpec, mode: str, share: float, step_w: float, high_w: float, net: float
) -> None:
    rated_kw = spec.max_charge_kw if mode == "charge" else spec.max_discharge_kw
    told = SetMode(mode="charge" if mode == "charge" else "discharge", power_kw=share * rated_kw)
    ranges = Ranges(power_step_w=step_w, high_power_w=high_w)
    device = DeviceSpec(name="battery", kind="battery", verbs={}, safe=told, ranges=ranges)
    verb, words = worded(told, timedelta(hours=1), spec, device, net_kw=net)
    watts = words["power_w"]
    assert verb == mode
    assert isinstance(watts, int | float)
    assert 0 <= watts <= min(high_w, 1000 * share * rated_kw + 0.5)
    assert watts % step_w == pytest.approx(0, abs=1e-6)
    assert watts > min(high_w, 1000 * share * rated_kw) - step_w - 0.5
    assert words["power_percent"] in range(101)
    grid_w = words["grid_power_w"]
    assert isinstance(grid_w, int | float)
    assert grid_w == pytest.approx(1000 * net + (watts if mode == "charge" else -watts), abs=step_w / 2 + 1e-6)


@given(st.integers(0, 1439), st.integers(1, 720), st.sampled_from((1, 5, 15, 30, 60)))
def test_a_clock_window_holds_the_whole_lease(start: int, minutes: int, step: int) -> None:
    spec = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
    told = SetMode(mode="charge", power_kw=1)
    device = replace(
        DeviceSpec(name="battery", kind="battery", verbs={}, safe=told), ranges=Ranges(window_minutes=step)
    )
    local = NOW + timedelta(minutes=start)
    _, words = worded(told, timedelta(minutes=minutes), spec, device, local=local)
    first, last = (
        int(str(words[name])[:2]) * 60 + int(str(words[name])[3:]) for name in ("window_start", "window_end")
    )
    assert first % step == last % step == 0
    assert 0 <= (start - first) % 1440 < step
    assert (last - first) % 1440 >= minutes
    assert (last - start) % 1440 - minutes < step
