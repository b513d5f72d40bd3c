"""What counts as proof: the measured effect, within what the physics allows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from homeagent.control.proof import Observed, judge
from homeagent.domain.command import Instruction, SetMode, SetReserve, SetSwitch, SetTemperature
from homeagent.domain.site import BatterySpec
from homeagent.domain.wiring import ProofSpec

SPEC = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, min_soc_kwh=1)
PROOF = ProofSpec(within=timedelta(seconds=60), tolerance_kw=0.3)
CHARGE, SELL, HOLD = SetMode(mode="charge", power_kw=3), SetMode(mode="discharge", power_kw=2), SetMode(mode="hold")
RULE = SetMode(mode="self_consumption")


@pytest.mark.parametrize(
    ("instruction", "battery_kw", "soc_kwh", "proved"),
    [
        (CHARGE, -3.0, 5, True),
        (CHARGE, -3.25, 5, True),
        (CHARGE, -3.5, 5, False),
        (CHARGE, -1.6, 5, True),  # cold, and still obeys
        (CHARGE, -0.5, 5, False),
        (CHARGE, 0.0, 5, False),
        (CHARGE, 3.0, 5, False),
        (CHARGE, 0.0, 9.8, True),  # full
        (SELL, 2.0, 5, True),
        (SELL, -2.0, 5, False),
        (SELL, 0.0, 1.2, True),  # empty
        (HOLD, 0.1, 5, True),
        (HOLD, 0.8, 5, False),
        (RULE, 1.0, 5, True),  # the net load
        (RULE, 0.0, 5, False),
        (RULE, 0.0, 1.1, True),
        (SetReserve(reserve_kwh=8), -2.0, 5, True),
        (SetReserve(reserve_kwh=8), 1.0, 5, False),
        (SetReserve(reserve_kwh=3), 1.0, 5, True),
        (SetReserve(reserve_kwh=5), 0.0, 5, True),
    ],
)
def test_a_battery_is_proved_by_its_power(
    instruction: Instruction, battery_kw: float, soc_kwh: float, *, proved: bool
) -> None:
    observed = Observed(battery_kw=battery_kw, net_kw=1.0, soc_kwh=soc_kwh)
    assert judge(instruction, observed, PROOF, SPEC).proved is proved


@pytest.mark.parametrize(
    ("battery_kw", "net_kw", "proved"),
    [(-2.0, -2.0, True), (0.0, -2.0, True), (-3.0, -2.0, False), (1.0, 2.0, False), (-1.0, 2.0, False)],
)
def test_one_that_holds_may_store_surplus_where_its_profile_says_so(
    battery_kw: float, net_kw: float, *, proved: bool
) -> None:
    observed = Observed(battery_kw=battery_kw, net_kw=net_kw, soc_kwh=5)
    assert judge(HOLD, observed, replace(PROOF, hold_stores=True), SPEC).proved is proved
    assert judge(HOLD, observed, PROOF, SPEC).proved is (battery_kw == 0)


def test_what_is_not_measured_proves_nothing() -> None:
    for instruction in (CHARGE, HOLD, RULE, SetSwitch(on=False), SetTemperature(target_c=20)):
        assert judge(instruction, Observed(), PROOF, SPEC).proved is False


def test_a_switch_is_proved_by_what_it_runs() -> None:
    assert judge(SetSwitch(on=True), Observed(running=True), PROOF, SPEC).proved
    assert not judge(SetSwitch(on=True), Observed(running=False), PROOF, SPEC).proved
    assert judge(SetSwitch(on=False), Observed(running=False), PROOF, SPEC).proved


@pytest.mark.parametrize(
    ("shown_c", "room_c", "running", "proved"),
    [
        (22, 19, True, True),
        (22, 19, False, False),
        (22, 25, False, True),
        (22, 25, True, False),
        (22, 22.2, True, True),  # inside the dead band either is right
        (22, 22.2, False, True),
        (19, 19, True, False),  # the set-point never came
        (22, None, None, True),
    ],
)
def test_a_thermostat_is_proved_by_its_heater(
    shown_c: float, room_c: float | None, *, running: bool | None, proved: bool
) -> None:
    observed = Observed(target_c=shown_c, room_c=room_c, running=running)
    assert judge(SetTemperature(target_c=22), observed, PROOF, SPEC).proved is proved
