"""Forecasts from Home Assistant's entities: noted when they change, named when they fail or stand still."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from forecast_shapes import DAYS, half_hours_of_carbon, solcast, watt_hours

from homeagent.agent.live.forecast_checks import forecast_issues
from homeagent.agent.live.forecasts import LiveForecasts
from homeagent.domain.wiring import ForecastWiring, HomeAssistantSpec
from homeagent.hass.entities import EntityState
from homeagent.hass.inspection import HomeAssistantFacts
from homeagent.hass.link import Link
from homeagent.simulation.clock import VirtualClock

NOW = datetime(2024, 6, 5, 4, tzinfo=UTC)
TODAY, TOMORROW, WEST = "sensor.solcast_today", "sensor.solcast_tomorrow", "sensor.energy_production_today"
CO2 = "sensor.co2"
GRAMS = {"unit_of_measurement": "gCO2/kWh"}
ONE_ROOF = ForecastWiring(roofs={"sensor.solcast": (TODAY, TOMORROW)}, carbon=CO2)
TWO_ROOFS = ForecastWiring(roofs={"sensor.solcast": (TODAY, TOMORROW), "sensor.energy_production": (WEST,)})
DAY = DAYS["plain"]


def state(entity: str, value: str = "1", attributes: Mapping[str, Any] | None = None) -> EntityState:
    return EntityState(entity_id=entity, state=value, attributes=attributes or {}, updated_at=NOW)


class Home:
    """A live home's forecasts, and what they issue as time passes."""

    def __init__(self, wiring: ForecastWiring) -> None:
        self.clock = VirtualClock(NOW)
        link = Link(
            HomeAssistantSpec(url="http://127.0.0.1:1", token="x"),  # noqa: S106 - never used
            wiring.entities(),
            on_change=lambda _change: None,
            on_status=lambda _up: None,
        )
        self.live = LiveForecasts(wiring, link, self.clock)

    def shows(self, entity: str, attributes: Mapping[str, Any] | None = None, value: str = "1") -> None:
        self.live.see(entity, state(entity, value, attributes))

    def after(self, **span: float) -> list[Any]:
        self.clock.advance_to(self.clock.now() + timedelta(**span))
        return list(self.live.issued())


def test_sensors_of_several_days_are_one_forecast_once_they_have_settled() -> None:
    home = Home(ONE_ROOF)
    home.shows(TODAY, solcast(DAY))
    home.shows(TOMORROW, solcast(DAY + timedelta(days=1)))
    assert home.after(seconds=5) == []
    (issued,) = home.after(seconds=10)
    assert (issued.provider, issued.quantity, issued.grid.count) == (f"{TODAY}+{TOMORROW}", "pv_kw", 96)
    assert issued.issued_at == home.clock.now()
    assert issued.low is not None
    home.shows(TODAY, solcast(DAY) | {"dayname": "another attribute"})
    assert home.after(minutes=30) == []  # the same course is no news
    home.shows(TODAY, solcast(DAY) | {"detailedForecast": solcast(DAY)["detailedForecast"][:-1]})
    assert len(home.after(minutes=30)) == 1


def test_a_provider_that_changes_every_minute_is_not_noted_every_minute() -> None:
    home = Home(ForecastWiring(roofs={"roof": (WEST,)}))
    noted = 0
    for minute in range(60):
        home.shows(WEST, {"wh_period": {at: wh + minute for at, wh in watt_hours(DAY, 60).items()}})
        noted += len(home.after(minutes=1))
    assert noted == 6
    (last,) = home.after(minutes=10)
    assert last.mean.min() * 1000 == pytest.approx(59)  # what came too soon is not lost


def test_a_roof_of_which_nothing_is_known_stops_the_sum_and_is_named() -> None:
    home = Home(TWO_ROOFS)
    home.shows(TODAY, solcast(DAY))
    home.live.see(WEST, state(WEST, "unavailable"))
    assert home.after(minutes=1) == []
    told = home.live.problems()
    assert any(f"{WEST} is unavailable" in problem for problem in told)
    assert any(f"nothing is known of {WEST}, so the roofs cannot be added up" in problem for problem in told)
    home.shows(WEST, {"wh_period": watt_hours(DAY, 60)})
    home.shows(TOMORROW, solcast(DAY + timedelta(days=1)))
    assert len(home.after(minutes=1)) == 1
    assert home.live.problems() == []


def test_an_unknown_shape_is_named_and_the_rest_goes_on() -> None:
    home = Home(ONE_ROOF)
    home.shows(TODAY, {"power_curve": [1, 2]})
    home.shows(CO2, GRAMS, "250")
    assert any("its attributes are power_curve; known are detailedForecast" in told for told in home.live.problems())
    home.live.readings()
    home.after(minutes=1)
    (reading,) = home.live.readings()
    assert (reading.entity, reading.value, reading.over) == ("carbon_g_per_kwh", 250.0, timedelta(minutes=1))


def test_what_stands_still_is_named_and_a_restart_does_not_make_it_news() -> None:
    home = Home(ForecastWiring(roofs={"roof": (WEST,)}))
    home.shows(WEST, {"wh_period": watt_hours(DAY, 60)})
    issued = home.after(minutes=1)
    assert home.live.problems() == []
    home.after(hours=27)
    assert "has stood still since 2024-06-05 04:01 UTC and is not used" in home.live.problems()[0]
    again = Home(ForecastWiring(roofs={"roof": (WEST,)}))
    again.live.restore(issued)
    again.shows(WEST, {"wh_period": watt_hours(DAY, 60)})
    assert again.after(hours=27) == []
    assert "has stood still since" in again.live.problems()[0]


def test_what_was_never_seen_or_not_since_the_link_was_lost_is_named() -> None:
    home = Home(ONE_ROOF)
    home.shows(TODAY, solcast(DAY))
    home.shows(CO2, GRAMS, "250")
    assert home.live.problems() == [f"{TOMORROW} has not been seen yet"]
    home.live.lost()
    assert len(home.live.problems()) == 3


def test_carbon_is_read_as_it_holds_and_its_list_is_noted() -> None:
    home = Home(ONE_ROOF)
    home.shows(CO2, GRAMS | {"forecast": half_hours_of_carbon(DAY)}, "180")
    (issued,) = home.after(minutes=1)
    assert (issued.quantity, issued.provider) == ("carbon_g_per_kwh", CO2)
    assert np.array_equal(issued.mean[:3], [100, 101, 102])
    home.live.lost()
    home.live.readings()
    home.after(minutes=1)
    assert home.live.readings() == []


@pytest.mark.parametrize(("value", "unit"), [("38", "%"), ("low", "gCO2/kWh"), ("9000", "gCO2/kWh")])
def test_no_carbon_is_no_reading_and_says_so(value: str, unit: str) -> None:
    home = Home(ONE_ROOF)
    home.live.readings()
    home.shows(CO2, {"unit_of_measurement": unit}, value)
    home.after(minutes=1)
    assert home.live.readings() == []
    assert home.live.problems()[0].startswith(f"{CO2}: it")


def test_the_check_before_the_start_names_every_problem() -> None:
    wiring = ForecastWiring(
        roofs={"": (TODAY, "sensor.solcast_tomorow")}, weather="weather.home", carbon="sensor.fossil"
    )
    shown = {
        TODAY: state(TODAY, attributes={"unit_of_measurement": "kWh"}),
        TOMORROW: state(TOMORROW, attributes=solcast(DAY)),
        "weather.home": state("weather.home", "sunny", {"supported_features": 1}),
        "sensor.fossil": state("sensor.fossil", "38", {"unit_of_measurement": "%"}),
    }
    facts = HomeAssistantFacts(version="2025.4.4", timezone="UTC", currency="EUR", states=shown, actions=frozenset())
    told = [str(issue) for issue in forecast_issues(wiring, facts)]
    assert len(told) == 4
    assert "solar.forecast: sensor.solcast_today holds no solar forecast; its attributes are unit_of" in told[0]
    assert "did you mean sensor.solcast_tomorrow" in told[1]
    assert told[2].startswith("home.weather: weather.home: it has no hourly forecast")
    assert "share in %" in told[3]
    good = ForecastWiring(roofs={"": (TOMORROW,)})
    assert list(forecast_issues(good, facts)) == []
