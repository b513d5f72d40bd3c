"""What is asked of devices: from how they stand and what is wished to tasks, and from plans to what they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from device_tasks import CAR, HEAT, POOL, TANK, WASHING

from homeagent.agent.devices.car_task import (
    announced_departure,
    car_task,
    needed_kwh,
    next_time,
    thought_gone,
    with_target,
)
from homeagent.agent.devices.happenings import behind, happened, strayed
from homeagent.agent.devices.memory import DeviceMemory
from homeagent.agent.devices.orders import order
from homeagent.agent.devices.outdoor import Outdoor
from homeagent.agent.devices.warm_tasks import Course, course_of, hours_task, tank_task
from homeagent.domain.command import SafeState, SetCharge, SetSwitch, SetTemperature, Suggest
from homeagent.domain.devices import DeviceKnown, DeviceState
from homeagent.domain.grid import SlotSeries, TimeGrid
from homeagent.domain.issued import IssuedForecast
from homeagent.domain.readings import Reading
from homeagent.domain.tasks import DevicePlan
from homeagent.domain.wishes import CarWish, HoursWish, TankWish

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2025, 1, 14, 18, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
GRID = TimeGrid(start=NOW, step=QUARTER, count=144)


def plan(device: DeviceKnown, power_kw: np.ndarray, **more: object) -> DevicePlan:
    values = {"level": np.full(GRID.count + 1, np.nan), "follows_surplus": np.zeros(GRID.count, dtype=np.bool_)}
    return DevicePlan(name=device.name, power_kw=SlotSeries(grid=GRID, values=power_kw), **values | more)  # type: ignore[arg-type]


def powers(slot: int = 0, power_kw: float = 0.0) -> np.ndarray:
    return np.where(np.arange(GRID.count) == slot, power_kw, 0.0)


def test_a_car_is_ready_at_the_next_time_of_the_home_s_clock() -> None:
    assert next_time(7 * 60, NOW, OSLO) == datetime(2025, 1, 15, 6, tzinfo=UTC)
    assert next_time(20 * 60, NOW, OSLO) == datetime(2025, 1, 14, 19, tzinfo=UTC)
    # the night in which clocks go forward has no 02:30: the time that the zone takes for it counts
    assert next_time(150, datetime(2025, 3, 29, 12, tzinfo=UTC), OSLO) == datetime(2025, 3, 30, 1, 30, tzinfo=UTC)


def test_what_a_person_says_of_a_departure_comes_before_what_is_configured() -> None:
    state = DeviceState(name="car", at=NOW, plugged=True, leaves_at=NOW + timedelta(hours=2))
    departure, wrong = announced_departure(state, CarWish(ready_by_min=420), GRID, OSLO)
    assert departure is not None
    assert wrong is None
    assert np.flatnonzero(departure.leaves).tolist() == [7]
    assert departure.words == "as told"


def test_a_departure_in_the_past_is_said_and_left_out() -> None:
    state = DeviceState(name="car", at=NOW, plugged=True, leaves_at=NOW - timedelta(hours=1))
    departure, wrong = announced_departure(state, CarWish(ready_by_min=420), GRID, OSLO)
    assert departure is not None
    assert departure.at == datetime(2025, 1, 15, 6, tzinfo=UTC)
    assert wrong == "the departure that was told lies in the past, and is left out"


def test_a_car_can_be_charged_until_it_leaves_and_no_longer() -> None:
    state = DeviceState(name="car", at=NOW, plugged=True, asked_kwh=12.0)
    departure, _ = announced_departure(state, CarWish(ready_by_min=420), GRID, OSLO)
    assert departure is not None
    task = car_task(CAR, CarWish(short_per_kwh=3.0), state, departure, 10.0)
    assert task is not None
    assert task.present.sum() == 48  # until 06:00 UTC, which is 07:00 in Oslo


@pytest.mark.parametrize(
    ("state", "needed", "room"),
    [
        ({"stored_kwh": 30.0}, 20.0, 100 / 3),  # 80 % of 60 kWh, nine tenths arrive
        ({"stored_kwh": 55.0}, 0.0, 50 / 9),
        ({"asked_kwh": 7.0}, 7.0, 7.0),
        ({"stored_kwh": 30.0, "asked_kwh": 25.0}, 25.0, 100 / 3),  # somebody has told the charger
        ({}, 11.0, 11.0),
    ],
)
def test_what_a_car_needs_is_what_is_known_of_it(state: dict[str, float], needed: float, room: float) -> None:
    stands = DeviceState(name="car", at=NOW, plugged=True, **state)  # type: ignore[arg-type]
    assert needed_kwh(CAR, CarWish(target=0.8), stands, 11.0) == pytest.approx((needed, room))


def test_the_hours_of_the_day_that_is_not_over_are_owed_in_part() -> None:
    course = Course(on=False, minutes_so=60.0, starts_today=0)
    task = hours_task(replace(POOL, from_min=600, until_min=1200), HoursWish(), 1.5, course, GRID, OSLO)
    assert task.owed_hours.tolist() == [2.5, 4.0, 0.0]  # the third day ends for the plan before it may run
    assert task.allowed.sum() == 4 + 40


def test_a_tank_is_due_a_week_after_it_was_hot() -> None:
    course = Course(on=False, minutes_so=60.0, starts_today=0)
    flat = np.full(GRID.count, 0.1)
    hot_at = NOW - timedelta(days=6)
    task = tank_task(TANK, TankWish(), 48.0, (flat, flat), flat, course, GRID, hot_at)
    assert task.hygiene_by == 95
    assert tank_task(TANK, TankWish(), 48.0, (flat, flat), flat, course, GRID, None).hygiene_by is None
    late = tank_task(TANK, TankWish(), 48.0, (flat, flat), flat, course, GRID, NOW - timedelta(days=9))
    assert late.hygiene_by == 0
    in_vain = tank_task(TANK, TankWish(), 48.0, (flat, flat), flat, course, GRID, NOW - timedelta(days=8, hours=6))
    assert in_vain.hygiene_by is not None  # tried for a day without success: once more within the next
    assert GRID.at(in_vain.hygiene_by + 1) == NOW + timedelta(hours=18)


def test_orders_are_what_a_device_takes() -> None:
    three = replace(CAR, phases=(1, 3), max_charge_kw=11.0, min_charge_kw=1.38)
    assert order(three, plan(three, powers(0, 3.0)), NOW) == SetCharge(power_kw=3.0, phases=1)
    assert order(three, plan(three, powers(0, 9.0)), NOW) == SetCharge(power_kw=9.0, phases=3)
    # more than one phase carries, less than begins to flow on three: 6 A on each are 4.14 kW
    assert order(three, plan(three, powers(0, 3.8)), NOW) == SetCharge(power_kw=4.14, phases=3)
    assert order(three, plan(three, powers(0, 0.5)), NOW) == SetCharge(power_kw=1.38, phases=1)
    surplus = np.ones(GRID.count, dtype=np.bool_)
    told = order(CAR, plan(CAR, powers(), follows_surplus=surplus), NOW)
    assert told == SetCharge(power_kw=0.0, phases=1, surplus=True)
    target_c = np.full(GRID.count, 21.13)
    assert order(HEAT, plan(HEAT, powers(), target_c=target_c), NOW) == SetTemperature(target_c=21.0)
    assert order(POOL, plan(POOL, powers(0, 0.9)), NOW) == SetSwitch(on=True)
    assert order(POOL, plan(POOL, powers()), NOW + timedelta(days=3)) == SafeState()


def test_an_appliance_is_started_in_its_slot_alone_or_its_person_is_told_before() -> None:
    start = GRID.at(2)
    planned = plan(WASHING, powers(2, 2.0), start=start)
    told = [order(WASHING, planned, GRID.at(slot)) for slot in range(4)]
    assert told == [None, None, SetSwitch(on=True), None]
    by_hand = replace(WASHING, switched=False)
    told = [order(by_hand, planned, GRID.at(slot)) for slot in range(4)]
    assert told == [Suggest(start=start)] * 3 + [None]


def test_what_no_plan_knew_of_is_news() -> None:
    away, here = (DeviceState(name="car", at=NOW, plugged=plugged) for plugged in (False, True))
    assert happened(CAR, away, here) == "car was plugged in"
    assert happened(CAR, here, away) == "car was unplugged"
    assert happened(CAR, here, replace(here, leaves_at=NOW + QUARTER)) == "car leaves at another time"
    assert happened(CAR, here, here) is None
    waits = DeviceState(name="washing", at=NOW, ready_to_run=True)
    assert happened(WASHING, replace(waits, ready_to_run=False), waits) == "washing waits to be started"
    level = np.full(GRID.count + 1, 21.0)
    warm = DeviceState(name="house", at=NOW, air_c=22.4)
    assert strayed(HEAT, plan(HEAT, powers(), level=level), warm, NOW) == "house is at 22.4 degC instead of 21.0"
    assert strayed(HEAT, plan(HEAT, powers(), level=level), replace(warm, air_c=21.6), NOW) is None
    cold = DeviceState(name="water", at=NOW, water_c=21.0 + 15)
    assert strayed(TANK, plan(TANK, powers(), level=level), cold, NOW) is not None
    layered = replace(TANK, layered=0.6)  # its thermometer is not the mean that is planned
    assert strayed(layered, plan(layered, powers(), level=level), cold, NOW) is None


def test_a_car_that_charges_slower_than_planned_is_news() -> None:
    level = np.interp(np.arange(GRID.count + 1), [0, 4, 8, GRID.count], [7.0, 7.0, 0.0, 0.0])
    planned = plan(CAR, powers(), level=level)
    assert behind(CAR, planned, 7.0, GRID.at(5)) == "car still needs 7.0 kWh instead of 5.2"
    assert behind(CAR, planned, 5.6, GRID.at(5)) is None
    assert behind(CAR, planned, 3.0, GRID.at(5)) is None  # sooner is no harm
    assert behind(CAR, planned, 1.3, GRID.at(9)) == "car still needs 1.3 kWh instead of 0.0"
    assert behind(CAR, planned, None, GRID.at(9)) is None
    assert behind(TANK, planned, 9.0, GRID.at(9)) is None


def test_what_a_device_does_is_remembered_and_a_long_silence_is_a_gap() -> None:
    memory = DeviceMemory((HEAT,), NOW)
    states = [
        DeviceState(name="house", at=NOW + minutes * timedelta(minutes=5), air_c=20.0, power_kw=1.0)
        for minutes in range(4)
    ]
    kept = [reading for state in states for reading in memory.see(state)]
    late = DeviceState(name="house", at=NOW + timedelta(minutes=50), air_c=10.0, power_kw=9.0)
    assert memory.see(late) == []
    grid = TimeGrid(start=NOW, step=QUARTER, count=3)
    assert memory.window("house", "power_kw", grid)[0] == pytest.approx(1.0)
    assert np.isnan(memory.window("house", "air_c", grid)[1:]).all()
    again = DeviceMemory((HEAT,), NOW)
    again.add(kept)
    assert again.window("house", "air_c", grid)[0] == pytest.approx(20.0)


def test_the_course_of_a_device_is_how_long_it_is_as_it_is() -> None:
    state = DeviceState(name="house", at=NOW, power_kw=1.2, since=NOW - timedelta(minutes=40))
    assert course_of(state, 2) == Course(on=True, minutes_so=40.0, starts_today=2)


def test_the_weather_to_come_is_the_forecast_moved_by_what_it_is_off_now() -> None:
    outdoor = Outdoor(NOW, None)
    hour = TimeGrid(start=NOW, step=timedelta(hours=1), count=24)
    assert outdoor.expected_c(hour).tolist() == [10.0] * 24
    measured = [Reading(entity="temp_c", at=NOW - n * QUARTER, value=4.0, over=QUARTER) for n in range(96, -1, -1)]
    outdoor.add(measured)
    assert outdoor.expected_c(hour) == pytest.approx([4.0] * 24)
    outdoor.hear(IssuedForecast(provider="met", quantity="temp_c", issued_at=NOW, grid=hour, mean=np.full(24, 1.0)))
    ahead_c = outdoor.expected_c(hour)
    assert ahead_c[0] == pytest.approx(4.0)
    assert ahead_c[-1] == pytest.approx(1.0, abs=0.1)


def test_a_car_that_was_to_have_left_is_known_to_be_gone_from_the_plan_alone() -> None:
    state = DeviceState(name="car", at=NOW, plugged=True, asked_kwh=6.0, leaves_at=NOW + timedelta(minutes=50))
    departure, _ = announced_departure(state, CarWish(), GRID, OSLO)
    assert departure is not None
    task = car_task(CAR, CarWish(short_per_kwh=3.0), state, departure, 10.0)
    assert task is not None
    assert [thought_gone((task,), CAR, slot) for slot in range(5)] == [False, False, False, True, True]
    assert not thought_gone((), CAR, 4)


def test_a_person_s_target_comes_before_what_the_charger_is_asked() -> None:
    state = DeviceState(name="car", at=NOW, plugged=True, stored_kwh=30.0, asked_kwh=25.0)
    wish, told = with_target(CarWish(target=0.8), state, 0.6)
    assert needed_kwh(CAR, wish, told, 11.0)[0] == pytest.approx(20 / 3)
    assert with_target(CarWish(), state, None) == (CarWish(), state)
    blind = DeviceState(name="car", at=NOW, plugged=True, asked_kwh=25.0)  # nothing tells how full it is
    assert with_target(CarWish(), blind, 0.6)[1] == blind
