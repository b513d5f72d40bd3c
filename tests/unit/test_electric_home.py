"""Each part of the all-electric home against a known answer; people who come late, forget, and turn the thermostat."""

import asyncio
import datetime as dt

import numpy as np
import pytest

from homeagent.domain.command import (
    Command,
    Confirmed,
    Instruction,
    Rejected,
    SetCharge,
    SetSwitch,
    SetTemperature,
    Suggest,
)
from homeagent.domain.devices import ApplianceSpec, CarSpec, HeatSpec, TankSpec
from homeagent.simulation.all_electric import AllElectricHome
from homeagent.simulation.electric.building import Building, window_kw_per_k
from homeagent.simulation.electric.climate_machine import Thermostat, WaterSpec
from homeagent.simulation.electric.compressor import Compressor, CompressorSpec, heating_weather, speed_factor
from homeagent.simulation.electric.days import electric_day
from homeagent.simulation.electric.drawn_building import loss_kw_per_k
from homeagent.simulation.electric.drawn_electric import ApplianceHabits, drawn_electric
from homeagent.simulation.electric.electric_car import CarBatterySpec, ElectricCar
from homeagent.simulation.electric.layered_tank import KWH_PER_LITRE_K, LayeredTank, TankHeaterSpec
from homeagent.simulation.electric.machines import Machine
from homeagent.simulation.electric.programme import Programme

WINTER = dt.datetime(2025, 1, 12, 23, tzinfo=dt.UTC)
SUMMER = dt.datetime(2025, 7, 6, 22, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HEATER = TankHeaterSpec(
    litres=200, loss_kw_per_k=0.0, power_kw=2.0, heat_pump=False, quality=1.0, low_layer=6, band_k=5.0
)
CAR = CarBatterySpec(
    capacity_kwh=60,
    kwh_per_km=0.18,
    colder_share_per_k=0.01,
    most_a=16,
    phases=(1, 3),
    overhead_kw=0.2,
    efficiency=0.95,
)


def told(device: str, instruction: Instruction, at: dt.datetime, lasts: dt.timedelta = DAY) -> Command:
    return Command(device=device, instruction=instruction, issued_at=at, valid_until=at + lasts, reason="test")


def test_a_house_left_alone_settles_where_loss_and_heat_agree() -> None:
    spec = drawn_electric(2, "heating").building
    house = Building(spec, living_c=20.0, sleeping_c=20.0, out_c=0.0, ground_c=0.0)
    for _ in range(60 * 24 * 60):
        lost = house.step((1.5, 1.0), (0.0, 0.0), (0.0, 0.0), (0.0, 0.0), 0.0, 4.0)
    assert lost == pytest.approx(2.5, rel=1e-3)
    mean_c = (1.5 * house.living.air_c + 1.0 * house.sleeping.air_c) / 2.5
    assert mean_c * loss_kw_per_k(spec) == pytest.approx(2.5, rel=0.15)


def test_a_window_lets_in_what_de_gids_and_phaff_found() -> None:
    assert window_kw_per_k(1.0, 2.0, 20.0) == pytest.approx(0.5 * (0.004 + 0.07 + 0.01) ** 0.5 * 1.2072, rel=1e-3)


def test_a_thermostat_keeps_to_its_band() -> None:
    thermostat = Thermostat(0.5, 20.0)
    assert thermostat.step(20.0, 21.0)
    thermostat.sensed_c = 21.2
    assert thermostat.step(21.2, 21.0)  # inside the band it stays as it is
    thermostat.sensed_c = 21.3
    assert not thermostat.step(21.3, 21.0)
    cools = Thermostat(0.5, 26.0, cooling=True)
    assert cools.step(26.0, 25.0)


def test_a_heat_pump_has_the_maps_cop_at_the_maps_points() -> None:
    spec = CompressorSpec(rated_kw=6.0, least_speed=0.25, quality=1.0, fans_kw=0.0, standby_kw=0.01)
    weather = heating_weather(np.full(60, 7.0))
    compressor = Compressor(spec)
    for minute in range(10):
        power_kw, heat_kw = compressor.step(1.0, 35.0, weather, minute)
    assert heat_kw == pytest.approx(6.0)
    assert heat_kw / power_kw == pytest.approx(4.6)
    assert speed_factor(0.5) > speed_factor(1.0) == 1.0


def test_a_heat_pump_ices_near_freezing_and_rests_after_a_stop() -> None:
    spec = CompressorSpec(rated_kw=6.0, least_speed=0.25, quality=1.0, fans_kw=0.0, standby_kw=0.01, rest_min=8)
    compressor, icy, dry = Compressor(spec), heating_weather(np.full(600, 2.0)), heating_weather(np.full(600, 10.0))
    heats = [compressor.step(1.0, 35.0, icy, minute)[1] for minute in range(600)]
    assert 5 * 7 <= sum(heat < 0 for heat in heats) <= 5 * 9  # once in 70 + 5 minutes
    assert compressor.step(0.0, 35.0, dry, 0) == (0.01, 0.0)
    assert [compressor.step(1.0, 35.0, dry, minute)[1] > 0 for minute in range(10)].index(True) == 7
    assert min(Compressor(spec).step(1.0, 35.0, dry, minute)[1] for minute in range(600)) >= 0


def test_a_tank_warms_by_its_heaters_energy_and_gives_hot_water_until_it_is_drawn_empty() -> None:
    tank = LayeredTank(HEATER, 10.0)
    for _ in range(180):
        tank.step(65.0, 20.0, 1.0)
    assert tank.mean_c - 10 == pytest.approx(6.0 / (200 * KWH_PER_LITRE_K))
    full = LayeredTank(HEATER, 60.0)
    got = [full.draw(10.0, 40.0, 10.0)[0] for _ in range(60)]
    hot = next(number for number, got_c in enumerate(got) if got_c < 39)
    assert 10 * hot * (40 - 10) == pytest.approx(200 * (60 - 10), rel=0.2)  # layers keep it from mixing at once
    assert got[-1] < 20


def test_a_tanks_thermostat_has_its_band() -> None:
    tank = LayeredTank(HEATER, 56.0)
    assert tank.step(60.0, 20.0, 1.0) == (0.0, 0.0)
    tank.layers[:] = [54.9] * 8
    assert tank.step(60.0, 20.0, 1.0)[0] == 2.0


def test_a_charger_tells_whole_amperes_and_tapers_near_full() -> None:
    car = ElectricCar(CAR, 30.0)
    assert car.charge(11.0, 3, 60.0) == pytest.approx(15 * 0.23 * 3)
    assert car.charge(1.3, 1, 60.0) == 0.0  # below six amperes
    assert car.charge(1.5, 1, 60.0) == pytest.approx(6 * 0.23)
    before = car.stored_kwh
    car.charge(11.04, 3, 60.0)
    assert car.stored_kwh - before == pytest.approx((11.04 - 0.2) * 0.95 / 60)
    car.stored_kwh = 59.0
    assert car.charge(11.04, 3, 60.0) < 3.0
    car.stored_kwh = 48.0
    assert car.charge(11.04, 3, 48.0) == 0.0


def test_a_way_takes_more_in_the_cold_and_what_misses_is_charged_elsewhere() -> None:
    assert CAR.way_kwh(100, 20) == pytest.approx(18.0)
    assert CAR.way_kwh(100, 0) == pytest.approx(21.6)
    car = ElectricCar(CAR, 20.0)
    assert car.drive(100, 20) == pytest.approx(18 - 14)
    assert car.stored_kwh == pytest.approx(6.0)


def test_a_machine_runs_to_its_end_and_knows_what_it_was_wanted_for() -> None:
    habits = ApplianceHabits(name="dishwasher", rated_kw=2.0, a_day=1, slack_min=(60, 60), timer=False, switched=False)
    machine, now, ran = Machine(habits, 1), WINTER, None
    machine.load(now, 240.0, 0)
    machine.step(now, somebody_up=True, at_once=False)
    assert machine.ready_to_run
    machine.suggest(now + dt.timedelta(hours=1), np.random.default_rng(1))
    powers = []
    while ran is None:
        power_kw, ran = machine.step(now, somebody_up=True, at_once=False)
        powers.append(power_kw)
        now += dt.timedelta(minutes=1)
    late = ran.started_at - (WINTER + dt.timedelta(hours=1))
    assert dt.timedelta(0) <= late < dt.timedelta(hours=2)  # somebody presses a button, now and then late
    assert ran.waited_min == 0
    assert max(powers) == pytest.approx(2.0)


def test_a_suggested_start_waits_for_somebody_who_is_up() -> None:
    habits = ApplianceHabits(name="washer", rated_kw=2.0, a_day=1, slack_min=(60, 60), timer=False, switched=False)
    machine = Machine(habits, 1)
    machine.load(WINTER, 600.0, 0)
    machine.suggest(WINTER, np.random.default_rng(1))
    later = WINTER + dt.timedelta(hours=3)
    machine.step(later, somebody_up=False, at_once=False)
    assert not machine.running
    machine.step(later, somebody_up=True, at_once=False)
    assert machine.running


def test_programmes_set_back_at_night_or_never() -> None:
    assert Programme("constant").rooms_c(21.0, 180, cooling=False) == 21.0
    assert Programme("night").rooms_c(21.0, 180, cooling=False) == 18.0
    assert Programme("night").rooms_c(21.0, 600, cooling=False) == 21.0
    assert Programme("night").rooms_c(25.0, 1400, cooling=True) == 28.0


@pytest.mark.parametrize("season", ["heating", "cooling"])
def test_drawn_homes_keep_to_their_ranges(season: str) -> None:
    for seed in range(1, 120):
        home = drawn_electric(seed, "heating" if season == "heating" else "cooling")
        per_m2 = 1000 * loss_kw_per_k(home.building) / home.building.floor_m2
        assert 0.4 < per_m2 < {"new": 1.3, "renovated": 2.0, "old": 4.5}[home.building.kind]
        for zone in (home.building.living, home.building.sleeping):
            # a step of a minute must be short beside every node's own time
            quickest = zone.air_kwh_per_k / (
                zone.air_surface_kw_per_k + zone.air_inner_kw_per_k + zone.light_kw_per_k + 0.5
            )
            assert quickest * 60 > 3
            assert zone.surface_kwh_per_k / (zone.surface_core_kw_per_k + zone.air_surface_kw_per_k) * 60 > 3
            assert zone.outer_kwh_per_k / (zone.outer_out_kw_per_k + zone.inner_outer_kw_per_k) * 60 > 3
        assert 80 <= home.tank.litres <= 300
        assert (home.heating is None) is (season == "cooling")
        assert all(person.low_c < person.likes_c < person.high_c for person in home.people)


def test_the_same_seed_is_the_same_home_and_another_is_another() -> None:
    def truth(seed: int) -> object:
        home = AllElectricHome(seed, WINTER)
        home.advance(2 * DAY)
        return home.truth()

    assert truth(3) == truth(3)
    assert truth(3) != truth(4)
    first, second = (
        electric_day(drawn_electric(3, "heating"), AllElectricHome(3, WINTER).site.timezone, WINTER.date())
        for _ in range(2)
    )
    assert first.trips == second.trips
    assert first.base_kw == second.base_kw


@pytest.mark.parametrize("start", [WINTER, SUMMER])
def test_a_constant_set_point_keeps_people_comfortable(start: dt.datetime) -> None:
    homes = [AllElectricHome(seed, start, programme="constant", past=2 * DAY) for seed in (2, 6)]
    for home in homes:
        home.advance(3 * DAY)
    truths = [home.truth() for home in homes]
    assert sum(truth.discomfort_kh for truth in truths) / 6 < 1.0  # degree-hours a day and home
    assert sum(truth.missed(announced=True) for truth in truths) == 0
    assert sum(truth.total("guard_min") for truth in truths) == 0


def test_a_cold_person_turns_the_thermostat_up_and_the_lease_is_gone() -> None:
    home = AllElectricHome(2, WINTER)
    home.advance(dt.timedelta(hours=1))
    asyncio.run(home.send(told("heating", SetTemperature(target_c=15.0), home.now, 3 * DAY)))
    assert home.device_states()[0].target_c != 15.0  # it is told with the next minute
    home.advance(2 * DAY)
    truth = home.truth()
    assert truth.total("overrides") >= 1
    assert home.device_states()[0].target_c != 15.0
    assert sum(day.cold_kh for day in truth.days) > 0


def test_a_lease_that_ends_gives_the_device_back_to_its_programme() -> None:
    home = AllElectricHome(2, WINTER, programme="constant")
    asyncio.run(home.send(told("heating", SetTemperature(target_c=19.0), home.now, dt.timedelta(minutes=30))))
    home.advance(dt.timedelta(minutes=10))
    assert home.device_states()[0].target_c == 19.0
    home.advance(dt.timedelta(minutes=30))
    assert home.device_states()[0].target_c == home.drawn.set_c


def test_a_car_that_may_not_charge_leaves_with_less_and_it_is_told() -> None:
    home = AllElectricHome(3, WINTER)
    for _ in range(7 * 24):
        asyncio.run(home.send(told("car", SetCharge(power_kw=0.0), home.now)))
        home.advance(dt.timedelta(hours=1))
    truth = home.truth()
    assert truth.total_kwh(("car",)) == 0
    assert truth.departures
    assert truth.missed(announced=True) + truth.missed(announced=False) >= 1


def test_commands_that_a_device_cannot_take_are_refused() -> None:
    home = AllElectricHome(3, WINTER)
    unknown = asyncio.run(home.send(told("sauna", SetSwitch(on=True), home.now)))
    assert isinstance(unknown, Rejected)
    washer = home.house.machines["washer"]
    empty = asyncio.run(home.send(told("washer", SetSwitch(on=True), home.now)))
    assert isinstance(empty, Rejected)
    assert ("not loaded" if washer.habits.switched else "from afar") in empty.reason
    assert isinstance(asyncio.run(home.send(told("washer", Suggest(start=home.now), home.now))), Confirmed)


def test_the_owner_knows_sheets_and_not_the_truth() -> None:
    for seed in range(1, 20):
        home = AllElectricHome(seed, WINTER)
        kinds = [type(device) for device in home.devices]
        assert kinds[:3] == [HeatSpec, TankSpec, CarSpec]
        assert set(kinds[3:]) == {ApplianceSpec}
        heat = home.devices[0]
        assert isinstance(heat, HeatSpec)
        if isinstance(home.drawn.heating, WaterSpec):
            assert 1 < heat.cop.cop.min() < heat.cop.cop.max() < 6
        else:
            assert heat.min_kw == heat.max_kw
        assert {state.name for state in home.device_states()} == {device.name for device in home.devices}


def test_the_past_is_lived_and_told_with_each_devices_readings() -> None:
    home = AllElectricHome(2, WINTER, past=2 * DAY)
    assert home.now == WINTER
    by_name: dict[str, int] = {}
    for reading in home.readings():
        assert reading.at <= WINTER
        by_name[reading.entity] = by_name.get(reading.entity, 0) + 1
    for name in (
        "load_kw",
        "temp_c",
        "nobody_home",
        "controlled_kw",
        "heating.power_kw",
        "heating.air_c",
        "hot_water.water_c",
    ):
        assert by_name[name] == 2 * 288, name
    assert home.truth().days == ()


def test_forecasts_are_known_when_issued_and_get_worse_with_the_hours_ahead() -> None:
    home = AllElectricHome(2, WINTER, past=10 * DAY)
    issued = home.issued()
    assert issued
    assert all(one.issued_at <= home.now for one in issued)
    assert list(issued) == sorted(issued, key=lambda one: one.issued_at)
    near, far = [], []
    truth: dict[dt.datetime, float] = {}
    for ahead in range(-11, 3):
        day = electric_day(home.drawn, home.site.timezone, (WINTER + (ahead + 1) * DAY).date())
        truth |= {
            day.start + dt.timedelta(hours=hour): float(np.mean(day.out_c[60 * hour : 60 * hour + 60]))
            for hour in range(day.minutes // 60)
        }
    for one in issued:
        if one.quantity == "temp_c":
            off = [abs(value - truth[at]) for at, value in zip(one.grid.starts(), one.mean, strict=True) if at in truth]
            near += off[:6]
            far += off[42:48]
    assert 0.1 < np.mean(near) < np.mean(far) < 3.5
    assert home.issued() == []
