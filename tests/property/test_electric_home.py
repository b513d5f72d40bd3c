"""The all-electric home keeps energy: what comes in goes out or is stored, over a day, whatever happens in it."""

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.simulation.all_electric import AllElectricHome
from homeagent.simulation.electric.building import Building
from homeagent.simulation.electric.climate_machine import WaterSpec
from homeagent.simulation.electric.compressor import Compressor, heating_weather
from homeagent.simulation.electric.drawn_electric import drawn_electric
from homeagent.simulation.electric.electric_car import ElectricCar
from homeagent.simulation.electric.layered_tank import LAYERS, LayeredTank

WINTER = dt.datetime(2025, 1, 12, 23, tzinfo=dt.UTC)
SUMMER = dt.datetime(2025, 7, 6, 22, tzinfo=dt.UTC)
SEEDS = st.integers(1, 200)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, out_c=st.floats(-20, 35), heat_kw=st.floats(-5, 10), sun_kw=st.floats(0, 5), wind=st.floats(0, 15))
def test_a_house_keeps_its_heat(seed: int, out_c: float, heat_kw: float, sun_kw: float, wind: float) -> None:
    spec = drawn_electric(seed, "heating").building
    house = Building(spec, living_c=21.0, sleeping_c=19.0, out_c=out_c, ground_c=10.0)
    before = house.living.heat_kwh + house.sleeping.heat_kwh
    moved = 0.0
    for _ in range(1440):
        heats, suns = (0.6 * heat_kw, 0.4 * heat_kw), (0.6 * sun_kw, 0.4 * sun_kw)
        lost = house.step(heats, (0.1, 0.1), suns, (0.1, 0.0), out_c, wind)
        moved += (heat_kw + 0.2 + sun_kw - lost) / 60
    after = house.living.heat_kwh + house.sleeping.heat_kwh
    assert after - before == pytest.approx(moved, abs=1e-6)
    assert all(math.isfinite(zone.air_c) for zone in (house.living, house.sleeping))


@settings(max_examples=20, deadline=None)
@given(
    seed=SEEDS,
    draws=st.lists(st.tuples(st.integers(0, 1439), st.floats(0.5, 200)), max_size=20),
    target_c=st.floats(40, 70),
)
def test_a_tank_keeps_its_heat_and_stays_in_layers(seed: int, draws: list[tuple[int, float]], target_c: float) -> None:
    tank, cold_c = LayeredTank(drawn_electric(seed, "heating").tank, 50.0), 8.0
    before, heated, drawn = tank.heat_kwh, 0.0, 0.0
    for minute in range(1440):
        for at, litres in draws:
            if at == minute:
                got_c, heat = tank.draw(litres, 40.0, cold_c)
                drawn += heat
                assert cold_c - 1e-6 <= got_c <= 40.0 + 0.1
        power_kw, heat_kw = tank.step(target_c, 20.0, 3.0)
        assert power_kw <= heat_kw + 1e-9
        heated += heat_kw / 60
    assert tank.heat_kwh - before == pytest.approx(heated - drawn - tank.lost_kwh, abs=1e-6)
    assert all(tank.layers[at] >= tank.layers[at + 1] - 0.5 for at in range(LAYERS - 1))


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, orders=st.lists(st.floats(0, 25), min_size=1, max_size=200), phases=st.sampled_from((1, 3)))
def test_a_car_stores_less_than_it_draws_and_stays_within_its_limits(
    seed: int, orders: list[float], phases: int
) -> None:
    spec = drawn_electric(seed, "heating").car.battery
    car = ElectricCar(spec, 0.9 * spec.capacity_kwh)
    before, bought = car.stored_kwh, 0.0
    for wanted_kw in orders:
        power_kw = car.charge(wanted_kw, phases, spec.capacity_kwh)
        assert 0 <= power_kw <= min(spec.most_kw, max(wanted_kw, 0)) + 1e-6
        bought += power_kw / 60
    assert 0 <= car.stored_kwh - before <= bought + 1e-9
    assert car.stored_kwh <= spec.capacity_kwh + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, out_c=st.floats(-20, 20), sink_c=st.floats(20, 60), speed=st.floats(0.05, 1))
def test_a_heat_pump_never_gives_more_than_carnot_allows(seed: int, out_c: float, sink_c: float, speed: float) -> None:
    heating = drawn_electric(seed, "heating").heating
    if not isinstance(heating, WaterSpec):
        return
    compressor = Compressor(heating.compressor)
    weather = heating_weather(np.full(1440, out_c))
    day = [compressor.step(speed, sink_c, weather, minute) for minute in range(1440)]
    power, heat = (sum(values) for values in zip(*day, strict=True))
    lift = max(sink_c - out_c, 5.0)
    assert 0 < heat / power < 0.75 * (sink_c + 273.15) / lift


@pytest.mark.parametrize(("start", "seed"), [(WINTER, 1), (WINTER, 2), (SUMMER, 1)])
def test_a_home_balances_its_meters(start: dt.datetime, seed: int) -> None:
    home = AllElectricHome(seed, start)
    home.readings()
    home.advance(dt.timedelta(days=1))
    by_name: dict[str, list[float]] = {}
    for reading in home.readings():
        assert reading.value is not None
        by_name.setdefault(reading.entity, []).append(reading.value)
    for load, pv, grid, battery, curtailed in zip(
        *(by_name[name] for name in ("load_kw", "pv_kw", "grid_kw", "battery_kw", "curtailed_kw")), strict=True
    ):
        assert load == pytest.approx(pv - curtailed + grid + battery, abs=1e-9)
    (day,) = home.truth().days
    assert sum(by_name["load_kw"]) / 12 == pytest.approx(sum(day.energy_kwh.values()))
    assert sum(by_name["controlled_kw"]) / 12 == pytest.approx(sum(day.energy_kwh.values()) - day.energy_kwh["base"])
