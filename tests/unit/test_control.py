from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from homeagent.control.guard import LastSent, check
from homeagent.control.translation import translate
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import (
    AgentMode,
    Command,
    FollowPolicy,
    Instruction,
    Rejected,
    SetMode,
    SetReserve,
    Skipped,
)
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import BatterySpec, SiteState

SPEC = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=4, min_soc_kwh=1)
RULE = self_consumption(SPEC)
NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
MODES = InverterCapability(control="modes")
RESERVE = InverterCapability(control="reserve")


def told(policy: BatteryPolicy, capability: InverterCapability, soc: float, net: float) -> Instruction:
    return translate(policy, capability, SPEC, soc_kwh=soc, expected_net_kw=net, hours=1.0)


@pytest.mark.parametrize(
    ("policy", "soc", "net", "expected"),
    [
        (RULE, 5.0, 1.0, SetMode(mode="self_consumption")),
        (RULE, 5.0, -1.0, SetMode(mode="self_consumption")),
        (replace(RULE, charge_to_kwh=8.0, discharge_to_kwh=10.0), 5.0, 1.0, SetMode(mode="charge", power_kw=3 / 0.95)),
        (replace(RULE, export_to_kwh=3.0), 6.0, 0.5, SetMode(mode="discharge", power_kw=3 * 0.95)),
        (replace(RULE, discharge_to_kwh=10.0), 5.0, 1.0, SetMode(mode="hold")),
        (replace(RULE, discharge_to_kwh=10.0), 5.0, -1.0, SetMode(mode="self_consumption")),
        (replace(RULE, store_to_kwh=5.0, discharge_to_kwh=10.0), 5.0, -1.0, SetMode(mode="hold")),
        (
            replace(RULE, discharge_to_kwh=10.0, import_limit_kw=2.0, shave_to_kwh=2.0),
            5.0,
            3.5,
            SetMode(mode="discharge", power_kw=1.5),
        ),
    ],
)
def test_an_inverter_of_modes_gets_the_mode_that_the_policy_amounts_to(
    policy: BatteryPolicy, soc: float, net: float, expected: SetMode
) -> None:
    got = told(policy, MODES, soc, net)
    assert isinstance(got, SetMode)
    assert got.mode == expected.mode
    assert got.power_kw == (None if expected.power_kw is None else pytest.approx(expected.power_kw))


BUY = replace(RULE, charge_to_kwh=8.0, discharge_to_kwh=10.0)
SELL = replace(RULE, export_to_kwh=3.0)
KEEP = replace(RULE, discharge_to_kwh=10.0)
SHAVE = replace(RULE, discharge_to_kwh=10.0, import_limit_kw=2.0, shave_to_kwh=2.0)


@pytest.mark.parametrize(
    ("lacks", "policy", "net", "mode", "power_kw"),
    [
        ({"charges": False}, BUY, 1.0, "hold", None),
        ({"charges": False}, BUY, -1.0, "self_consumption", None),  # at least the surplus is stored
        ({"discharges": False}, SELL, 1.0, "self_consumption", None),  # at least the load is covered
        ({"discharges": False}, SHAVE, 3.5, "self_consumption", None),  # a peak costs more than the energy
        ({"holds": False}, KEEP, 1.0, "self_consumption", None),  # nothing else can be told
        ({"hold_stores": True}, KEEP, -1.0, "hold", None),  # it stores, and does not discharge in between
        ({"hold_stores": True}, RULE, -1.0, "self_consumption", None),
        ({"sets_power": False}, BUY, 1.0, "charge", None),  # 3.2 kW are wanted, 5 nearer than none
        ({"sets_power": False}, replace(BUY, charge_to_kwh=6.0), 1.0, "hold", None),  # 1.05 kW are wanted
        ({"sets_power": False}, replace(BUY, import_limit_kw=4.0), 1.0, "hold", None),  # 5 kW are too much for the fuse
        ({"sets_power": False}, SHAVE, 3.5, "self_consumption", None),
        ({"max_power_kw": 2.0}, BUY, 1.0, "charge", 2.0),
        ({"max_power_kw": 1.0}, SELL, 1.0, "discharge", 1.0),
    ],
)
def test_an_inverter_that_lacks_something_is_told_the_nearest_that_it_has(
    lacks: dict[str, Any], policy: BatteryPolicy, net: float, mode: str, power_kw: float | None
) -> None:
    got = told(policy, replace(MODES, **lacks), 5.0, net)
    assert isinstance(got, SetMode)
    assert (got.mode, got.power_kw) == (mode, power_kw)


def test_a_reserve_stays_in_what_can_be_set() -> None:
    can = replace(RESERVE, low_reserve=0.2, high_reserve=0.8)
    assert told(RULE, can, 5.0, 1.0) == SetReserve(reserve_kwh=2.0)
    assert told(replace(RULE, charge_to_kwh=9.0, discharge_to_kwh=9.0), can, 5.0, 1.0) == SetReserve(reserve_kwh=8.0)


def test_what_an_inverter_lacks_is_taken_out_of_the_policy_that_it_follows() -> None:
    policy = replace(RULE, charge_to_kwh=4.0, discharge_to_kwh=6.0, export_to_kwh=8.0)
    followed = told(policy, InverterCapability(charges=False, discharges=False), 5.0, 1.0)
    assert followed == FollowPolicy(policy=replace(policy, charge_to_kwh=1.0, export_to_kwh=10.0))


def test_what_the_inverter_does_not_have_is_refused() -> None:
    state = SiteState(at=NOW, soc_kwh=5.0)
    for instruction, can in (
        (SetMode(mode="hold"), InverterCapability(holds=False)),
        (SetMode(mode="charge", power_kw=3), InverterCapability(max_power_kw=2)),
        (SetReserve(reserve_kwh=9.5), InverterCapability(high_reserve=0.9)),
    ):
        refused = check(command(instruction), state, SPEC, "control", None, timedelta(0), can)
        assert isinstance(refused, Rejected), instruction


def test_a_mode_never_charges_above_the_import_limit() -> None:
    policy = replace(RULE, charge_to_kwh=10.0, discharge_to_kwh=10.0, import_limit_kw=3.0)
    got = told(policy, MODES, 2.0, 2.5)
    assert isinstance(got, SetMode)
    assert got.mode == "charge"
    assert got.power_kw == pytest.approx(0.5)


def test_a_reserve_above_the_charge_is_set_only_to_buy() -> None:
    assert told(RULE, RESERVE, 5.0, 1.0) == SetReserve(reserve_kwh=1.0)
    keep = replace(RULE, discharge_to_kwh=9.0)
    assert told(keep, RESERVE, 5.0, 1.0) == SetReserve(reserve_kwh=5.0)
    buy = replace(RULE, charge_to_kwh=9.0, discharge_to_kwh=9.0)
    assert told(buy, RESERVE, 5.0, 1.0) == SetReserve(reserve_kwh=9.0)


def command(instruction: Instruction, at: datetime = NOW, hours: float = 3) -> Command:
    return Command(
        device="battery", instruction=instruction, issued_at=at, valid_until=at + timedelta(hours=hours), reason="test"
    )


def verdict(
    instruction: Instruction,
    *,
    mode: AgentMode = "control",
    last: LastSent | None = None,
    soc: float | None = 5.0,
    now: datetime = NOW,
    hold: timedelta = timedelta(0),
    stale: frozenset[str] = frozenset(),
) -> Rejected | Skipped | None:
    state = SiteState(at=now, soc_kwh=soc, stale=stale)
    return check(command(instruction, at=now), state, SPEC, mode, last, hold)


def test_only_control_commands() -> None:
    assert verdict(FollowPolicy(policy=RULE)) is None
    for mode in ("observe", "advise"):
        assert isinstance(verdict(FollowPolicy(policy=RULE), mode=mode), Skipped)


@pytest.mark.parametrize(
    "instruction",
    [
        FollowPolicy(policy=replace(RULE, charge_to_kwh=11.0)),
        FollowPolicy(policy=replace(RULE, discharge_to_kwh=0.5)),
        FollowPolicy(policy=replace(RULE, charge_to_kwh=9.0, store_to_kwh=5.0)),
        FollowPolicy(policy=replace(RULE, charge_to_kwh=float("nan"))),
        SetReserve(reserve_kwh=0.2),
        SetReserve(reserve_kwh=float("nan")),
        SetMode(mode="charge", power_kw=6.0),
        SetMode(mode="discharge", power_kw=4.5),
        SetMode(mode="charge", power_kw=-1.0),
        SetMode(mode="charge", power_kw=float("nan")),
    ],
)
def test_what_is_outside_the_battery_is_rejected(instruction: Instruction) -> None:
    assert isinstance(verdict(instruction), Rejected)


def test_nothing_is_commanded_blind() -> None:
    assert isinstance(verdict(FollowPolicy(policy=RULE), soc=None), Rejected)
    assert isinstance(verdict(FollowPolicy(policy=RULE), stale=frozenset({"soc_kwh"})), Rejected)


def test_a_command_that_changes_nothing_is_not_sent_until_its_lease_runs_low() -> None:
    last = LastSent(command=command(FollowPolicy(policy=RULE)), changed_at=NOW)
    near = FollowPolicy(policy=replace(RULE, store_to_kwh=9.95))
    assert isinstance(verdict(near, last=last, now=NOW + timedelta(hours=1)), Skipped)
    assert verdict(near, last=last, now=NOW + timedelta(hours=2)) is None
    far = FollowPolicy(policy=replace(RULE, store_to_kwh=9.0))
    assert verdict(far, last=last, now=NOW + timedelta(hours=1)) is None


def test_modes_rest_for_a_while_and_levels_need_not() -> None:
    hold = timedelta(minutes=30)
    last = LastSent(command=command(SetMode(mode="hold")), changed_at=NOW)
    soon, later = NOW + timedelta(minutes=15), NOW + timedelta(minutes=45)
    assert isinstance(verdict(SetMode(mode="self_consumption"), last=last, now=soon, hold=hold), Skipped)
    assert verdict(SetMode(mode="self_consumption"), last=last, now=later, hold=hold) is None
    assert verdict(FollowPolicy(policy=RULE), last=last, now=soon, hold=hold) is None


def test_a_lease_that_has_ended_is_not_sent() -> None:
    state = SiteState(at=NOW + timedelta(hours=4), soc_kwh=5.0)
    assert isinstance(check(command(FollowPolicy(policy=RULE)), state, SPEC, "control", None, timedelta(0)), Rejected)


@pytest.mark.parametrize(
    ("capability", "net", "expected"),
    [
        (MODES, 8.0, SetMode(mode="hold")),
        (MODES, -1.0, SetMode(mode="self_consumption")),
        (RESERVE, 8.0, SetReserve(reserve_kwh=5.0)),
        (InverterCapability(), 8.0, FollowPolicy(policy=RULE)),
    ],
)
def test_an_inverter_that_cannot_tell_a_car_from_the_home_does_not_discharge_into_it(
    capability: InverterCapability, net: float, expected: Instruction
) -> None:
    assert translate(RULE, capability, SPEC, soc_kwh=5.0, expected_net_kw=net, hours=1.0, apart_kw=7.2) == expected
