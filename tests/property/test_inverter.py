"""The simulated inverter: what the referee would recompute, whatever it is told and however poor it is."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import batteries, policies, power

from homeagent.devices.battery import respond
from homeagent.domain.command import Command, FollowPolicy, Instruction, Mode, SetMode, SetReserve
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec, GridLimits
from homeagent.simulation.inverter import InverterModel, NonIdealInverter

NOW = datetime(2025, 1, 1, tzinfo=UTC)
flows = st.tuples(st.floats(0, 15), st.floats(0, 15))
capabilities = st.builds(
    InverterCapability,
    answer_seconds=st.sampled_from((0.0, 60.0, 900.0)),
    min_power_kw=st.sampled_from((0.0, 0.5)),
    power_step_kw=st.sampled_from((0.0, 0.1, 1.0)),
)


def command(instruction: Instruction, hours: float = 1000) -> Command:
    until = NOW + timedelta(hours=hours)
    return Command(device="battery", instruction=instruction, issued_at=NOW, valid_until=until, reason="test")


@st.composite
def instructions(draw: st.DrawFn, spec: BatterySpec) -> Instruction:
    kind = draw(st.sampled_from(("policy", "mode", "reserve")))
    if kind == "policy":
        return FollowPolicy(policy=draw(policies(spec)))
    if kind == "reserve":
        return SetReserve(reserve_kwh=draw(st.floats(spec.min_soc_kwh, spec.capacity_kwh)))
    modes: tuple[Mode, ...] = ("self_consumption", "charge", "hold", "discharge")
    mode = draw(st.sampled_from(modes))
    forced = mode in {"charge", "discharge"}
    return SetMode(mode=mode, power_kw=draw(st.none() | power) if forced else None)


@given(st.data(), batteries(), st.lists(flows, min_size=1, max_size=8), st.sampled_from((1 / 12, 0.5, 1.0)))
def test_a_perfect_one_does_what_the_device_physics_says(
    data: st.DataObject, spec: BatterySpec, course: list[tuple[float, float]], hours: float
) -> None:
    policy = data.draw(policies(spec))
    soc = data.draw(st.floats(spec.min_soc_kwh, spec.capacity_kwh))
    inverter = InverterModel(spec, InverterCapability(), initial_soc_kwh=soc)
    inverter.receive(command(FollowPolicy(policy=policy)), NOW)
    for step, (load, pv) in enumerate(course):
        expected = respond(policy, spec, soc, load, pv, hours)
        got = inverter.step(NOW + step * timedelta(hours=hours), load, pv, hours)
        assert got.battery_kw == pytest.approx(float(expected.power_kw), abs=1e-9)
        assert got.grid_kw == pytest.approx(float(expected.grid_kw), abs=1e-9)
        assert got.curtailed_kw == pytest.approx(float(expected.curtailed_kw), abs=1e-9)
        soc = float(expected.soc_kwh)


@pytest.mark.parametrize("kind", [InverterModel, NonIdealInverter])
@given(data=st.data(), spec=batteries(), capability=capabilities, course=st.lists(flows, min_size=1, max_size=8))
def test_a_poor_one_never_breaks_physics(
    kind: type[InverterModel],
    data: st.DataObject,
    spec: BatterySpec,
    capability: InverterCapability,
    course: list[tuple[float, float]],
) -> None:
    soc = data.draw(st.floats(spec.min_soc_kwh, spec.capacity_kwh))
    limits = GridLimits(max_import_kw=data.draw(st.sampled_from((math.inf, 8.0))), max_export_kw=6.0)
    inverter = kind(spec, capability, grid=limits, initial_soc_kwh=soc)
    for step, (load, pv) in enumerate(course):
        at = NOW + step * timedelta(hours=1)
        inverter.receive(command(data.draw(instructions(spec))), at)
        got = inverter.step(at, load, pv, 1.0)
        assert got.grid_kw == pytest.approx(load - pv + got.curtailed_kw + got.battery_kw, abs=1e-6)
        assert -spec.max_discharge_kw - 1e-9 <= got.battery_kw <= spec.max_charge_kw + 1e-9
        assert got.soc_kwh_end <= spec.capacity_kwh + 1e-9
        assert got.soc_kwh_end >= min(spec.min_soc_kwh, got.soc_kwh_start) - 0.05 * spec.capacity_kwh * 1e-2 - 1e-9
        assert -1e-9 <= got.curtailed_kw <= pv + 1e-9
        gained = got.soc_kwh_end - got.soc_kwh_start
        assert gained <= max(got.battery_kw, 0.0) + 1e-6  # a battery makes no energy
        assert -got.grid_kw <= max(limits.max_export_kw, 0.0) + 1e-6


@given(batteries(), power)
def test_after_the_lease_it_goes_back_to_the_rule(spec: BatterySpec, load: float) -> None:
    inverter = InverterModel(spec, InverterCapability(), initial_soc_kwh=spec.capacity_kwh)
    inverter.receive(command(SetMode(mode="hold"), hours=1), NOW)
    assert inverter.step(NOW, load, 0.0, 1.0).battery_kw == pytest.approx(0, abs=1e-9)
    assert inverter.step(NOW + timedelta(hours=1), load, 0.0, 1.0).battery_kw < 0
