"""Commands at the edge: guards that nothing crosses, relays, chargers, what the fuse leaves, and their words."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.control.edge import Edge
from homeagent.control.following import mode_now
from homeagent.control.guard import check, same
from homeagent.control.proof import Observed, judge
from homeagent.control.wording import worded
from homeagent.devices.battery import self_consumption
from homeagent.domain.command import (
    Command,
    Instruction,
    Rejected,
    SetCharge,
    SetMode,
    SetSwitch,
    SetTemperature,
    Suggest,
)
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, HeatSpec, Steadiness, TankSpec
from homeagent.domain.inverter import InverterCapability
from homeagent.domain.site import BatterySpec, SiteState
from homeagent.domain.wiring import DeviceKind, DeviceSpec, ProofSpec, Ranges, Step

NOW = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
SPEC = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
CAR = CarSpec(name="car", max_charge_kw=11, min_charge_kw=1.38, phases=(1, 3))
ROOM = HeatSpec(name="room", purpose="heating", max_kw=2)
TANK = TankSpec(name="tank", litres=200, max_kw=2)
RELAY: dict[str, tuple[Step, ...]] = {"on": (), "off": ()}
DEGREES: dict[str, tuple[Step, ...]] = {"temperature": ()}
KINDS: dict[type, DeviceKind] = {CarSpec: "charger", HeatSpec: "thermostat", TankSpec: "tank", ApplianceSpec: "switch"}


def device(
    known: DeviceKnown, verbs: dict[str, tuple[Step, ...]] | None = None, ranges: Ranges | None = None
) -> DeviceSpec:
    kind = KINDS[type(known)]
    return DeviceSpec(
        name=known.name, kind=kind, verbs=verbs or {}, safe=SetSwitch(on=False), known=known, ranges=ranges or Ranges()
    )


def on(told: Instruction | None) -> bool:
    assert isinstance(told, SetSwitch)
    return told.on


@given(target_c=st.floats(-20, 90))
def test_no_thermostat_is_told_beyond_its_guards(target_c: float) -> None:
    told = Edge(device(ROOM, DEGREES)).concrete(SetTemperature(target_c=target_c), Observed(), 0.0)
    assert isinstance(told, SetTemperature)
    assert ROOM.guard_low_c <= told.target_c <= ROOM.guard_high_c
    told = Edge(device(TANK, DEGREES)).concrete(SetTemperature(target_c=target_c), Observed(), 0.0)
    assert isinstance(told, SetTemperature)
    assert told.target_c <= TANK.max_c


@given(target_c=st.floats(5, 35), room_c=st.floats(-5, 45), was=st.booleans(), most_kw=st.sampled_from([0.0, math.inf]))
def test_a_relay_never_lets_a_room_freeze_or_get_too_hot(
    target_c: float,
    room_c: float,
    was: bool,  # noqa: FBT001 - drawn
    most_kw: float,
) -> None:
    edge = Edge(device(ROOM, RELAY))
    edge.concrete(SetTemperature(target_c=30.0 if was else 8.0), Observed(room_c=15.0), 0.0)
    edge.most_kw = most_kw
    told = edge.concrete(SetTemperature(target_c=target_c), Observed(room_c=room_c), 1.0)
    if room_c <= ROOM.guard_low_c:
        assert on(told)  # whatever the fuse and the shortest times say
    if room_c >= ROOM.guard_high_c:
        assert not on(told)


def test_a_relay_follows_its_thermometer_within_the_dead_band() -> None:
    edge = Edge(device(ROOM, RELAY))
    course = [(20.0, True), (20.9, True), (21.1, True), (21.2, False), (21.0, False), (20.8, True)]
    hour = 3600.0
    for step, (room_c, wanted) in enumerate(course):
        assert on(edge.concrete(SetTemperature(target_c=21.0), Observed(room_c=room_c), step * hour)) is wanted, room_c


def test_a_relay_keeps_its_shortest_times_at_the_edge_too() -> None:
    heat = HeatSpec(name="room", purpose="heating", max_kw=2, steadiness=Steadiness(min_on=timedelta(minutes=15)))
    edge = Edge(device(heat, RELAY))
    assert on(edge.concrete(SetTemperature(target_c=21.0), Observed(room_c=19.0), 0.0))
    assert on(edge.concrete(SetTemperature(target_c=16.0), Observed(room_c=19.0), 840.0))  # told otherwise too early
    assert not on(edge.concrete(SetTemperature(target_c=16.0), Observed(room_c=19.0), 900.0))


def test_a_relay_without_a_thermometer_cannot_be_told() -> None:
    assert Edge(device(TANK, RELAY)).concrete(SetTemperature(target_c=60.0), Observed(), 0.0) is None


def test_a_tank_is_filled_up_and_then_left_for_its_dead_band() -> None:
    edge, told = Edge(device(TANK, RELAY)), SetTemperature(target_c=55.0)
    course = [(53.0, False), (51.9, True), (54.9, True), (55.0, False), (52.5, False)]
    assert [on(edge.concrete(told, Observed(room_c=c), 3600.0 * at)) for at, (c, _) in enumerate(course)] == [
        wanted for _, wanted in course
    ]


def test_what_the_fuse_holds_back_draws_least() -> None:
    edge = Edge(device(ROOM, DEGREES))
    edge.most_kw = 0.0
    assert edge.concrete(SetTemperature(target_c=21.0), Observed(), 0.0) == SetTemperature(target_c=ROOM.guard_low_c)
    car = Edge(device(CAR))
    car.most_kw = 3.0
    assert car.concrete(SetCharge(power_kw=11.0, phases=3), Observed(), 0.0) == SetCharge(power_kw=3.0, phases=1)
    car.most_kw = 1.0
    assert car.concrete(SetCharge(power_kw=11.0, phases=3), Observed(), 0.0) == SetCharge(power_kw=0.0, phases=1)


def test_a_battery_that_charges_from_the_grid_gives_way_to_the_fuse() -> None:
    edge = Edge(DeviceSpec(name="battery", kind="battery", verbs={}, safe=SetMode(mode="self_consumption")))
    told = SetMode(mode="charge", power_kw=5.0)
    assert edge.concrete(told, Observed(), 0.0) == told
    edge.most_kw = 2.0
    assert edge.concrete(told, Observed(), 0.0) == SetMode(mode="charge", power_kw=2.0)
    edge.most_kw = 0.0
    assert edge.concrete(SetMode(mode="charge"), Observed(), 0.0) == SetMode(mode="hold")
    assert edge.concrete(SetMode(mode="discharge"), Observed(), 0.0) == SetMode(mode="discharge")


def test_a_car_that_charges_goes_on_when_it_is_to_follow_the_surplus() -> None:
    """Neither the change of a slot nor a restart of the agent stops it for a minute."""
    follows = SetCharge(power_kw=0.0, phases=1, surplus=True)
    after_a_slot = Edge(device(CAR))
    after_a_slot.concrete(SetCharge(power_kw=3.0, phases=1), Observed(), 0.0)
    after_a_restart = Edge(device(CAR))
    for edge in (after_a_slot, after_a_restart):
        told = edge.concrete(follows, Observed(left_kw=3.0, power_kw=3.0), 10.0)
        assert isinstance(told, SetCharge)
        assert told.power_kw == pytest.approx(3.0)
    told = Edge(device(CAR)).concrete(follows, Observed(left_kw=3.0, power_kw=0.0), 10.0)
    assert told == SetCharge(power_kw=0.0, phases=1)  # one that stands still waits until the sun has lasted


def test_a_programme_that_has_begun_is_not_interrupted_by_the_fuse() -> None:
    edge = Edge(device(ApplianceSpec(name="dryer", profile_kw=np.ones(60)), RELAY))
    edge.most_kw = 0.0
    assert on(edge.concrete(SetSwitch(on=True), Observed(running=True), 0.0))
    assert not on(edge.concrete(SetSwitch(on=True), Observed(running=False), 0.0))


@pytest.mark.parametrize(
    ("told", "verb", "current_a", "power_w"),
    [
        (SetCharge(power_kw=11.0, phases=3), "charge", 15, 11000),
        (SetCharge(power_kw=6.9, phases=3), "charge", 10, 6900),
        (SetCharge(power_kw=4.14, phases=3), "charge", 6, 4140),
        (SetCharge(power_kw=1.0, phases=1), "charge", 6, 1000),
        (SetCharge(power_kw=30.0, phases=1), "charge", 32, 30000),
        (SetCharge(power_kw=0.0), "stop", 6, 0),
        (SetCharge(power_kw=-3.0), "discharge", 13, 3000),
    ],
)
def test_a_charger_is_told_power_current_and_phases(told: SetCharge, verb: str, current_a: int, power_w: int) -> None:
    charger = device(CAR, ranges=Ranges(high_current_a=32))
    said, variables = worded(told, timedelta(hours=1), SPEC, charger)
    assert said == verb
    assert (variables["current_a"], variables["power_w"], variables["phases"]) == (current_a, power_w, told.phases)


@pytest.mark.parametrize(
    ("start", "said"), [("2026-01-14T20:30+00:00", "21:30"), ("2026-01-15T03:00+00:00", "04:00 on Thursday")]
)
def test_a_person_is_told_the_time_of_the_home(start: str, said: str) -> None:
    local = NOW.astimezone(ZoneInfo("Europe/Berlin"))
    verb, variables = worded(Suggest(start=datetime.fromisoformat(start)), timedelta(hours=1), SPEC, local=local)
    assert (verb, variables["start"]) == ("suggest", said)


@pytest.mark.parametrize(
    ("told_kw", "observed", "proved"),
    [
        (7.0, Observed(power_kw=6.9, plugged=True), True),
        (7.0, Observed(power_kw=4.0, plugged=True), True),  # a cold car takes less
        (7.0, Observed(power_kw=0.0, plugged=True), False),
        (7.0, Observed(power_kw=0.0, plugged=True, content=True), True),
        (7.0, Observed(power_kw=0.0, plugged=False), True),
        (3.0, Observed(power_kw=11.0, plugged=True), False),  # it does not hold to its current
        (0.0, Observed(power_kw=0.05, plugged=True), True),
        (0.0, Observed(power_kw=7.0, plugged=True), False),
        (-3.0, Observed(power_kw=-2.9, plugged=True), True),
        (-3.0, Observed(power_kw=0.0, plugged=True), False),
        (7.0, Observed(), False),
        (7.0, Observed(running=True), True),
        (0.0, Observed(running=True), False),
    ],
)
def test_a_charger_is_proved_by_what_it_draws(told_kw: float, observed: Observed, proved: bool) -> None:  # noqa: FBT001 - a table's column
    assert judge(SetCharge(power_kw=told_kw), observed, ProofSpec(), SPEC).proved is proved


@pytest.mark.parametrize(
    ("instruction", "known", "refused"),
    [
        (SetTemperature(target_c=60.0), TANK, False),
        (SetTemperature(target_c=75.0), TANK, True),
        (SetTemperature(target_c=60.0), None, True),
        (SetTemperature(target_c=6.0), ROOM, True),
        (SetCharge(power_kw=11.0, phases=3), CAR, False),
        (SetCharge(power_kw=22.0, phases=3), CAR, True),
        (SetCharge(power_kw=-3.0), CAR, True),
        (SetCharge(power_kw=3.0), TANK, True),
    ],
)
def test_no_command_crosses_the_limits_of_its_device(
    instruction: Instruction,
    known: DeviceKnown | None,
    refused: bool,  # noqa: FBT001 - a table's column
) -> None:
    command = Command(
        device="x", instruction=instruction, issued_at=NOW, valid_until=NOW + timedelta(hours=1), reason="a test"
    )
    state = SiteState(at=NOW, soc_kwh=None)
    said = check(command, state, SPEC, "control", None, timedelta(0), known=known)
    assert isinstance(said, Rejected) is refused


def test_less_than_an_ampere_is_no_other_command() -> None:
    one = SetCharge(power_kw=6.9, phases=3)
    assert same(one, SetCharge(power_kw=7.4, phases=3), SPEC)
    assert not same(one, SetCharge(power_kw=7.6, phases=3), SPEC)
    assert not same(one, SetCharge(power_kw=6.9, phases=1), SPEC)
    assert not same(SetCharge(power_kw=0.0), SetCharge(power_kw=0.2), SPEC)


def test_the_battery_does_not_discharge_into_a_car() -> None:
    """Of 8 kW the car draws 7.4: the battery gives the 0.6 kW of the rest, and an inverter that cannot gives none."""
    rule = self_consumption(SPEC)
    told = mode_now(rule, SPEC, 5.0, 8.0, apart_kw=7.4)
    assert told.mode == "discharge"
    assert told.power_kw == pytest.approx(0.6)
    assert mode_now(rule, SPEC, 5.0, 7.4, apart_kw=7.4) == SetMode(mode="hold")
    assert mode_now(rule, SPEC, 5.0, 8.0, InverterCapability(sets_power=False), apart_kw=7.4) == SetMode(mode="hold")
    assert mode_now(rule, SPEC, 5.0, -2.0, apart_kw=7.4) == SetMode(mode="self_consumption")  # the sun is enough
