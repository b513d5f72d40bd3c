"""What entities say of devices: units, charger's words, gaps with reasons, and what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.agent.live.device_board import DeviceBoard
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, TankSpec
from homeagent.domain.wiring import DeviceSensors
from homeagent.hass import device_reading as reading
from homeagent.hass.entities import EntityState

NOW = datetime(2026, 1, 14, 18, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
CAR = CarSpec(name="car", max_charge_kw=11, phases=(3,), capacity_kwh=60)
ROOM = HeatSpec(name="room", purpose="heating", max_kw=2)
TANK = TankSpec(name="tank", litres=200, max_kw=2)
WASHING = ApplianceSpec(name="washing", profile_kw=np.ones(60))
HOME = {
    "car": DeviceSensors(
        name="car", power="s.car", soc="s.soc", plugged="s.status", asked="s.asked", leaves="input_datetime.leaves"
    ),
    "room": DeviceSensors(name="room", temperature="s.room", thermostat="climate.room"),
    "tank": DeviceSensors(name="tank", power="s.tank", temperature="s.water"),
    "washing": DeviceSensors(name="washing", power="s.washing", ready="b.loaded"),
}


class Home:
    """Entities as Home Assistant shows them."""

    def __init__(self, *devices: DeviceKnown, unit: str = "°C") -> None:
        self.states: dict[str, EntityState] = {}
        sensors = [HOME[device.name] for device in devices]
        self.board = DeviceBoard(devices, sensors, self.states.get, lambda: unit, BERLIN)

    def show(self, entity: str, state: str, unit: str | None = None, **attributes: object) -> None:
        shown = attributes | ({} if unit is None else {"unit_of_measurement": unit})
        self.states[entity] = EntityState(entity_id=entity, state=state, attributes=shown, updated_at=NOW)

    def look(self, after: timedelta = timedelta(0)) -> DeviceState:
        (state,) = self.board.look(NOW + after)
        return state


def test_a_car_is_told_whole() -> None:
    home = Home(CAR)
    home.show("s.car", "7300", "W")
    home.show("s.soc", "40", "%")
    home.show("s.asked", "12000", "Wh")
    home.show("s.status", "charging")
    home.show("input_datetime.leaves", "2026-01-15 07:00:00")
    state = home.look()
    assert state == DeviceState(
        name="car",
        at=NOW,
        power_kw=7.3,
        on=True,
        plugged=True,
        stored_kwh=24.0,
        asked_kwh=12.0,
        leaves_at=datetime(2026, 1, 15, 6, 0, tzinfo=UTC),
    )


def test_an_unknown_charge_leaves_the_energy_asked() -> None:
    home = Home(CAR)
    home.show("s.car", "0", "kW")
    home.show("s.soc", "unknown")
    home.show("s.asked", "12", "kWh")
    home.show("s.status", "on")
    state = home.look()
    assert (state.stored_kwh, state.asked_kwh) == (None, 12.0)
    assert state.stale is None  # it can be planned
    assert home.board.problems() == [
        "car: s.soc is unknown; the energy asked of the charger counts, else what it usually needs"
    ]


def test_a_car_that_may_be_there_or_not_cannot_be_planned() -> None:
    home = Home(CAR)
    for entity, value, unit in (("s.car", "0", "W"), ("s.soc", "40", "%"), ("s.asked", "1", "kWh")):
        home.show(entity, value, unit)
    home.show("s.status", "unavailable")
    assert home.look().stale == "s.status is unavailable"


def test_a_car_unplugged_too_early_is_told_until_it_is_back() -> None:
    home = Home(CAR)
    for entity, value, unit in (("s.car", "0", "W"), ("s.soc", "40", "%"), ("s.asked", "7.5", "kWh")):
        home.show(entity, value, unit)
    home.show("s.status", "charging")
    home.look()
    assert home.board.problems() == []
    home.show("s.status", "disconnected")
    for minutes in (1, 2):
        home.look(timedelta(minutes=minutes))
        (problem,) = home.board.problems()
        assert problem.startswith("car: unplugged with 7.5 kWh still needed")
    home.show("s.status", "charging")
    home.look(timedelta(minutes=3))
    assert home.board.problems() == []


@pytest.mark.parametrize(
    ("shown", "plugged"),
    [
        ("on", True),
        ("off", False),
        ("disconnected", False),
        ("awaiting_start", True),
        ("Charger ready, no vehicle", False),
        ("Charging finished, vehicle still connected", True),
        ("Locked, car connected", True),
        ("WaitCar", True),
        ("SuspendedEVSE", True),
        ("Available", False),
        ("A", False),
        ("C2", True),
    ],
)
def test_chargers_have_words_of_their_own(shown: str, plugged: bool) -> None:  # noqa: FBT001 - a table's column
    state = EntityState(entity_id="s.status", state=shown, updated_at=NOW)
    assert reading.plugged(state, "s.status").value is plugged


def test_a_word_that_nobody_knows_is_no_guess() -> None:
    state = EntityState(entity_id="s.status", state="error", updated_at=NOW)
    told = reading.plugged(state, "s.status")
    assert told.value is None
    assert told.problem == "s.status shows 'error', which does not say whether a car is plugged in"


def test_a_departure_that_is_past_counts_no_more() -> None:
    home = Home(CAR)
    for entity, value, unit in (("s.car", "0", "W"), ("s.soc", "40", "%"), ("s.asked", "1", "kWh")):
        home.show(entity, value, unit)
    home.show("s.status", "on")
    home.show("input_datetime.leaves", "2026-01-14 07:00:00")
    assert home.look().leaves_at is None
    (problem,) = home.board.problems()
    assert problem.startswith("car: the announced departure at 07:00 on 14 January is past; it counts no more")


@pytest.mark.parametrize(("shown", "unit", "celsius"), [("20.5", "°C", 20.5), ("68.9", "°F", 20.5)])
def test_a_room_is_in_degrees_celsius(shown: str, unit: str, celsius: float) -> None:
    home = Home(ROOM, unit="°F")
    home.show("s.room", shown, unit)
    home.show("climate.room", "heat", temperature=70, hvac_action="heating")
    state = home.look()
    assert state.air_c == pytest.approx(celsius)
    assert state.target_c == pytest.approx(21.11, abs=0.01)
    assert state.on is True


@pytest.mark.parametrize(
    ("unit", "why"),
    [
        (None, "s.room: it has no unit of a temperature; known are °C, °F"),
        ("°C", "s.room shows 68 degC, which cannot be; does it give degF under the unit of degC?"),
        ("K", "s.room: its unit 'K' is none of a temperature; known are °C, °F"),
    ],
)
def test_a_wrong_unit_is_never_guessed(unit: str | None, why: str) -> None:
    home = Home(ROOM)
    home.show("s.room", "68", unit)
    home.show("climate.room", "heat", temperature=21)
    state = home.look()
    assert state.air_c is None
    assert state.stale == why


def test_a_thermostat_that_is_gone_says_so() -> None:
    home = Home(ROOM)
    home.show("s.room", "20", "°C")
    home.show("climate.room", "unavailable")
    state = home.look()
    assert (state.air_c, state.target_c, state.stale) == (20.0, None, "climate.room is unavailable")


def test_a_tank_that_is_heated_must_get_warmer() -> None:
    """Two kW warm 200 litres by 8.6 K an hour: within the hour a stuck thermometer is found out."""
    home = Home(TANK)
    home.show("s.water", "40.0", "°C")
    home.show("s.tank", "2000", "W")
    believed = [home.look(timedelta(minutes=minutes)).water_c for minutes in range(0, 60, 5)]
    assert believed[:6] == [40.0] * 6
    assert believed[-1] is None
    assert "its thermometer has stood at 40.0 degC though it was given" in home.board.problems()[0]
    home.show("s.water", "48.0", "°C")
    assert home.look(timedelta(hours=1)).water_c == 48.0
    assert home.board.problems() == []


def test_a_room_never_stands_still_for_a_day() -> None:
    home = Home(ROOM)
    home.show("s.room", "20.0", "°C")
    home.show("climate.room", "heat", temperature=21)
    hours = [home.look(timedelta(hours=hour)).air_c for hour in range(26)]
    assert hours[:24] == [20.0] * 24
    assert hours[24:] == [None, None]


def test_since_when_it_runs_is_known_only_if_it_was_seen_to_begin() -> None:
    home = Home(WASHING)
    home.show("b.loaded", "on")
    home.show("s.washing", "2000", "W")
    assert (home.look().on, home.look().since) == (True, None)
    assert "it runs already, and nobody saw it begin" in home.board.problems()[0]
    home.show("s.washing", "0", "W")
    assert home.look(timedelta(minutes=5)).since == NOW + timedelta(minutes=5)
    home.show("s.washing", "900", "W")
    state = home.look(timedelta(minutes=9))
    assert (state.on, state.since, state.ready_to_run) == (True, NOW + timedelta(minutes=9), True)


def test_without_a_link_nothing_is_known_of_any() -> None:
    home = Home(CAR, TANK)
    states = home.board.look(NOW, linked=False)
    assert [(state.name, state.stale) for state in states] == [
        ("car", "no link to Home Assistant"),
        ("tank", "no link to Home Assistant"),
    ]


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("07:00:00", "2026-01-15T07:00"),
        ("21:00:00", "2026-01-14T21:00"),
        ("2026-01-16T05:00:00+00:00", "2026-01-16T06:00"),
    ],
)
def test_a_time_of_day_is_its_next_one(text: str, local: str) -> None:
    told = reading.moment(EntityState(entity_id="s.t", state=text, updated_at=NOW), "s.t", NOW, BERLIN)
    assert told.value is not None
    assert told.value.astimezone(BERLIN).isoformat()[:16] == local
