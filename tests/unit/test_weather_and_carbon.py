"""Weather and carbon as Home Assistant shows them: units, lists, and what is taken for them by mistake."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from forecast_shapes import DAYS, HOURS_OF, half_hours_of_carbon, times, weather_hours

from homeagent.sources import carbon, weather
from homeagent.sources.pieces import ShapeError

AMERICAN = {"temperature_unit": "°F", "wind_speed_unit": "mph", "precipitation_unit": "in"}
METRIC = {"temperature_unit": "°C", "wind_speed_unit": "km/h", "precipitation_unit": "mm"}


@pytest.mark.parametrize("day", DAYS)
def test_weather_is_turned_into_the_agents_units_by_the_entitys(day: str) -> None:
    here = {name: columns for name, (_, columns) in weather.read(weather_hours(DAYS[day]), METRIC).items()}
    there = {name: columns for name, (_, columns) in weather.read(weather_hours(DAYS[day]), AMERICAN).items()}
    assert {name: len(column) for name, column in here.items()} == dict.fromkeys(here, HOURS_OF[day])
    first = {name: column[0] for name, column in here.items()}
    assert first == pytest.approx(
        {"temp_c": 50, "cloud_fraction": 0.3, "humidity_fraction": 0.7, "wind_m_s": 10, "precipitation_mm": 0.5}
    )
    assert there["temp_c"][0] == pytest.approx(10)
    assert there["wind_m_s"][0] == pytest.approx(16.09, abs=0.01)
    assert there["precipitation_mm"][0] == pytest.approx(12.7)


def test_weather_without_a_known_unit_or_hours_is_refused() -> None:
    with pytest.raises(ShapeError, match="its temperature is in K; known are °C, °F"):
        weather.read(weather_hours(DAYS["plain"]), METRIC | {"temperature_unit": "K"})
    with pytest.raises(ShapeError, match="empty"):
        weather.read([], METRIC)
    with pytest.raises(ShapeError, match="it has condition, datetime"):
        weather.read([{"datetime": "2024-06-05T00:00:00Z", "condition": "sunny"}], METRIC)


def test_an_hourly_forecast_is_told_from_a_daily_one() -> None:
    assert weather.recognise("weather.home", {"supported_features": 3})
    assert not weather.recognise("weather.home", {"supported_features": 1})
    assert not weather.recognise("sensor.weather", {"supported_features": 2})


@pytest.mark.parametrize("unit", ["gCO2eq/kWh", "g/kWh", "gCO2/kWh", "gCO₂/kWh", "g CO2-eq/kWh", "kgCO2/MWh"])
def test_a_carbon_intensity_is_known_by_its_unit(unit: str) -> None:
    assert carbon.recognise({"unit_of_measurement": unit})
    assert carbon.present("241.5", {"unit_of_measurement": unit}) == 241.5


NO_CARBON: dict[str, tuple[str, dict[str, str], str]] = {
    "the share of fossil fuel": ("38", {"unit_of_measurement": "%"}, "share in %, such as that of fossil fuel"),
    "an index in words": ("low", {"unit_of_measurement": "gCO2/kWh"}, "'low' and no number"),
    "no unit": ("241", {}, "it has no unit; name an entity in gCO2/kWh"),
    "grams taken for kilograms": ("241", {"unit_of_measurement": "kgCO2/kWh"}, "241000 g/kWh, which no grid has"),
}


@pytest.mark.parametrize("name", NO_CARBON)
def test_what_is_no_carbon_intensity_is_refused(name: str) -> None:
    state, attributes, told = NO_CARBON[name]
    with pytest.raises(ShapeError) as caught:
        carbon.present(state, attributes)
    assert told in str(caught.value)


@pytest.mark.parametrize("day", DAYS)
def test_the_british_list_is_read_with_its_ends(day: str) -> None:
    attributes = {"unit_of_measurement": "gCO2/kWh", "forecast": half_hours_of_carbon(DAYS[day])}
    found = carbon.expected(attributes)
    assert found is not None
    grid, mean = found
    assert (grid.step, grid.count) == (timedelta(minutes=30), 2 * HOURS_OF[day])
    assert mean[-1] == 100 + grid.count - 1


@pytest.mark.parametrize(
    ("start", "value"), [("start_time", "carbon_intensity"), ("period_start", "value"), ("datetime", "intensity")]
)
def test_a_list_without_ends_takes_its_steps_from_the_spacing(start: str, value: str) -> None:
    entries = [{start: at.isoformat(), value: 100 + at.hour} for at in times(DAYS["plain"], 30)]
    found = carbon.expected({"unit_of_measurement": "gCO2/kWh", "forecast": entries})
    assert found is not None
    assert found[0].count == 48


def test_a_state_alone_expects_nothing_and_an_unknown_list_is_described() -> None:
    unit: Mapping[str, Any] = {"unit_of_measurement": "gCO2eq/kWh"}
    assert carbon.expected(unit) is None
    with pytest.raises(ShapeError, match=r"its list holds \['co2', 'when'\]; a start is looked for as start_time"):
        carbon.expected({**unit, "forecast": [{"when": "2024-06-05T00:00:00Z", "co2": 1}]})
    with pytest.raises(ShapeError, match="an intensity is looked for as"):
        carbon.expected({**unit, "forecast": [{"start": "2024-06-05T00:00:00Z", "value": "low"}]})
