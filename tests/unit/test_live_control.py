"""The guard loop's small decisions: the mode of the moment, hours, writes, pauses."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.control.following import eases, hangs_on_load, mode_now
from homeagent.control.guard import LastSent, check
from homeagent.control.rivals import Rivals
from homeagent.control.timetable import instruction_at
from homeagent.control.wording import worded
from homeagent.control.write_budget import WriteBudget
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import Command, SafeState, SetMode, SetReserve, SetSwitch, SetTemperature
from homeagent.domain.site import BatterySpec, SiteState
from homeagent.domain.wiring import Timetable
from homeagent.hass.link import FIRST_PAUSE_S, LONGEST_PAUSE_S, pause_s

SPEC = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, min_soc_kwh=1)
RULE = self_consumption(SPEC)
NOW = datetime(2025, 3, 30, 0, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("changes", "net_kw", "mode"),
    [
        ({}, 2.0, SetMode(mode="self_consumption")),
        ({}, -2.0, SetMode(mode="self_consumption")),
        ({"charge_to_kwh": 8.0, "discharge_to_kwh": 8.0}, 1.0, SetMode(mode="charge", power_kw=5.0)),
        (
            {"charge_to_kwh": 8.0, "discharge_to_kwh": 8.0, "import_limit_kw": 3.0},
            1.0,
            SetMode(mode="charge", power_kw=2.0),
        ),
        ({"discharge_to_kwh": 6.0}, 2.0, SetMode(mode="hold")),
        ({"store_to_kwh": 2.0, "export_to_kwh": 2.0}, 1.0, SetMode(mode="discharge", power_kw=5.0)),
    ],
)
def test_a_policy_becomes_the_mode_of_the_moment(changes: dict[str, float], net_kw: float, mode: SetMode) -> None:
    told = mode_now(replace(RULE, **changes), SPEC, soc_kwh=5.0, net_kw=net_kw)
    assert told.mode == mode.mode
    assert told.power_kw == pytest.approx(mode.power_kw)


@given(
    soc_kwh=st.floats(1, 10),
    net_kw=st.floats(-15, 15),
    charge=st.floats(1, 10),
    export=st.floats(1, 10),
    limit=st.floats(0, 20),
)
def test_no_mode_asks_for_more_than_the_battery_can(
    soc_kwh: float, net_kw: float, charge: float, export: float, limit: float
) -> None:
    policy = replace(
        RULE, charge_to_kwh=charge, discharge_to_kwh=charge, store_to_kwh=max(charge, export), import_limit_kw=limit
    )
    told = mode_now(policy, SPEC, soc_kwh, net_kw)
    assert (told.power_kw is None) == (told.mode in {"hold", "self_consumption"})
    assert 0 <= (told.power_kw or 0.0) <= 5.0


@given(
    soc_kwh=st.floats(1, 10),
    net_kw=st.floats(-8, 8),
    levels=st.tuples(*[st.floats(1, 10)] * 4).map(sorted),
    limit=st.floats(0.5, 20),
)
def test_what_does_not_hang_on_the_load_is_the_same_at_any(
    soc_kwh: float, net_kw: float, levels: list[float], limit: float
) -> None:
    charge, discharge, store, export = levels
    policy = replace(
        RULE,
        charge_to_kwh=charge,
        store_to_kwh=store,
        discharge_to_kwh=discharge,
        export_to_kwh=export,
        import_limit_kw=limit,
    )
    if not hangs_on_load(policy, SPEC, soc_kwh):
        assert mode_now(policy, SPEC, soc_kwh, net_kw) == mode_now(policy, SPEC, soc_kwh, 0.5)


def test_self_consumption_hangs_on_no_load_and_a_limit_of_the_grid_does() -> None:
    assert not hangs_on_load(RULE, SPEC, 5.0)
    assert hangs_on_load(replace(RULE, charge_to_kwh=9.0, discharge_to_kwh=9.0, import_limit_kw=3.0), SPEC, 5.0)
    assert hangs_on_load(replace(RULE, discharge_to_kwh=9.0), SPEC, 5.0)


def test_hours_are_the_homes_and_the_day_before_goes_on() -> None:
    hours = Timetable(device="boiler", entries=((360, SetSwitch(on=False)), (1320, SetSwitch(on=True))))

    def at(text: str) -> bool:
        told = instruction_at(hours, datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC), BERLIN)
        assert isinstance(told, SetSwitch)
        return told.on

    assert [at(f"2025-03-30T{clock}") for clock in ("00:30", "05:59", "06:00", "21:59", "22:00")] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_writes_of_a_day_are_counted() -> None:
    budget = WriteBudget(per_day=3)
    budget.spend(NOW, 2)
    budget.spend(NOW + timedelta(hours=10), 1)
    assert budget.left(NOW + timedelta(hours=23)) == 0
    assert budget.left(NOW + timedelta(hours=24)) == 2


@pytest.mark.parametrize(
    ("told", "wanted", "less"),
    [
        (SetMode(mode="charge", power_kw=3), SetMode(mode="charge", power_kw=2), True),
        (SetMode(mode="charge", power_kw=2), SetMode(mode="charge", power_kw=3), False),
        (SetMode(mode="charge"), SetMode(mode="charge", power_kw=3), True),  # none told is all it can
        (SetMode(mode="charge", power_kw=3), SetMode(mode="self_consumption"), True),
        (SetMode(mode="discharge", power_kw=3), SetMode(mode="hold"), True),
        (SetMode(mode="hold"), SetMode(mode="self_consumption"), False),  # clouds over PV: no hurry
        (SetMode(mode="self_consumption"), SetMode(mode="charge", power_kw=1), False),
    ],
)
def test_less_force_is_never_put_off(told: SetMode, wanted: SetMode, *, less: bool) -> None:
    assert eases(told, wanted, SPEC) is less


def test_following_the_load_leaves_writes_for_commands() -> None:
    """However often the load changes in a day, commands still find writes left."""
    budget, now, last = WriteBudget(per_day=200), NOW, NOW
    while now < NOW + timedelta(days=1):
        now += timedelta(seconds=5)
        if now - last >= budget.pace(now):
            budget.spend(now, 1)
            last = now
    assert 50 <= budget.left(now) <= 150
    assert WriteBudget(per_day=100_000).pace(NOW) < timedelta(seconds=2)


@given(outage_s=st.floats(0, 1e6), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_grow_with_the_outage_between_a_second_and_a_minute(outage_s: float, chance: float) -> None:
    assert FIRST_PAUSE_S <= pause_s(outage_s, chance) <= LONGEST_PAUSE_S
    assert pause_s(outage_s + 1, chance) >= pause_s(outage_s, chance)
    assert outage_s < 10 or pause_s(outage_s, chance) <= 0.1 * outage_s


def test_three_foreign_acts_in_their_time_are_a_rival() -> None:
    rivals = Rivals()
    assert [rivals.acted("automation", NOW + timedelta(minutes=25 * k)) for k in range(3)] == [False, False, True]
    assert not rivals.acted("automation", NOW + timedelta(minutes=80))
    slow = Rivals()
    assert [slow.acted("automation", NOW + timedelta(minutes=45 * k)) for k in range(4)] == [False] * 4
    assert [slow.acted("unsigned", NOW + timedelta(hours=5 * k)) for k in range(3)] == [False, False, True]


def command(instruction: SafeState | SetTemperature | SetMode) -> Command:
    return Command(
        device="d", instruction=instruction, issued_at=NOW, valid_until=NOW + timedelta(hours=1), reason="test"
    )


def test_safety_waits_for_no_minimum_hold() -> None:
    last = LastSent(command=command(SetMode(mode="charge", power_kw=3)), changed_at=NOW)
    state = SiteState(at=NOW + timedelta(minutes=1), soc_kwh=None)
    assert check(command(SafeState()), state, SPEC, "control", last, timedelta(hours=2)) is None
    other = check(command(SetMode(mode="hold")), replace(state, soc_kwh=5.0), SPEC, "control", last, timedelta(hours=2))
    assert other is not None
    assert "the last change is less than" in other.reason


@pytest.mark.parametrize(("target_c", "safe"), [(4.0, False), (5.0, True), (35.0, True), (60.0, False)])
def test_no_room_is_frozen_or_cooked(target_c: float, *, safe: bool) -> None:
    state = SiteState(at=NOW, soc_kwh=None)
    refused = check(command(SetTemperature(target_c=target_c)), state, SPEC, "control", None, timedelta(0))
    assert (refused is None) is safe


def test_commands_are_worded_with_their_lease_in_the_devices_units() -> None:
    verb, words = worded(SetMode(mode="charge", power_kw=2.5), timedelta(minutes=45), SPEC)
    assert (verb, words["power_w"], words["lease_minutes"], words["lease_seconds"]) == ("charge", 2500, 45, 2700)
    verb, words = worded(SetReserve(reserve_kwh=4.2), timedelta(minutes=45), SPEC)
    assert (verb, words["reserve_percent"]) == ("reserve", 42)
    assert worded(SetTemperature(target_c=20), timedelta(minutes=1), SPEC)[1]["target_f"] == 68.0
