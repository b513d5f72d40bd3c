"""Solar forecasts as integrations list them: what each means, on days of 23, 24 and 25 hours."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from forecast_shapes import BERLIN, DAYS, HOURS_OF, forecast_solar, open_meteo, power_kw, solcast, times, watt_hours

from homeagent.sources import energy_dashboard, solar_shapes
from homeagent.sources.pieces import Piece, ShapeError, on_slots

TODAY, TOMORROW = "sensor.solcast_pv_forecast_forecast_today", "sensor.solcast_pv_forecast_forecast_tomorrow"
SHAPES = {
    "Solcast": (TODAY, solcast, 30),
    "Forecast.Solar": ("sensor.energy_production_today", forecast_solar, 60),
    "Open-Meteo": ("sensor.energy_production_d2_south", open_meteo, 15),
}


def energy_kwh(day: str) -> float:
    """Return what the made-up roof makes on a day."""
    return sum(power_kw(at) for at in times(DAYS[day], 15)) / 4


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_gives_the_days_course_whatever_the_clock_does(name: str, day: str) -> None:
    entity, made, minutes = SHAPES[name]
    grid, columns = solar_shapes.roofs({"roof": {entity: solar_shapes.read(entity, made(DAYS[day]))}})
    assert grid.start == times(DAYS[day], 15)[0]
    assert grid.step == timedelta(minutes=minutes)
    assert grid.count == HOURS_OF[day] * 60 // minutes
    assert columns[0] == pytest.approx([power_kw(at) for at in times(DAYS[day], minutes)])
    assert columns[0].sum() * grid.step_hours == pytest.approx(energy_kwh(day), rel=0.02)


def test_solcasts_half_hours_are_kw_and_its_hours_kwh() -> None:
    day = solcast(DAYS["plain"])
    halves = solar_shapes.roofs({"": {TODAY: solar_shapes.read(TODAY, day)}})
    hours = solar_shapes.roofs({"": {TODAY: solar_shapes.read(TODAY, day | {"detailedForecast": []})}})
    energies = [columns.sum(axis=1) * grid.step_hours for grid, columns in (halves, hours)]
    assert energies[0] == pytest.approx(energies[1], rel=1e-3)
    mean, low, high = halves[1]
    assert (low <= mean).all()
    assert (mean <= high).all()


def test_several_days_are_put_together_and_later_days_need_no_order() -> None:
    days = [DAYS["autumn"] + timedelta(days=ahead) for ahead in (1, 0)]
    pieces = {f"sensor.x_{day}": solar_shapes.read(TODAY, solcast(day)) for day in days}
    grid, columns = solar_shapes.roofs({"roof": pieces})
    assert grid.count == 2 * (25 + 24)
    assert not np.isnan(columns).any()


def test_roofs_are_added_up_whatever_their_steps() -> None:
    day = DAYS["plain"]
    roofs = {
        "south": {"sensor.a": solar_shapes.read("sensor.a", forecast_solar(day))},
        "west": {"sensor.b": solar_shapes.read("sensor.b", open_meteo(day))},
    }
    grid, columns = solar_shapes.roofs(roofs)
    assert grid.step == timedelta(minutes=15)
    assert columns[0].sum() * grid.step_hours == pytest.approx(2 * energy_kwh("plain"), rel=0.02)
    assert np.isnan(columns[1:]).all()


def test_a_roof_that_lacks_a_day_makes_that_day_unknown_not_small() -> None:
    first, second = DAYS["plain"], DAYS["plain"] + timedelta(days=1)
    roofs = {
        "south": {day.isoformat(): solar_shapes.read(TODAY, solcast(day)) for day in (first, second)},
        "west": {"only today": solar_shapes.read(TODAY, solcast(first))},
    }
    grid, columns = solar_shapes.roofs(roofs)
    assert grid.end == times(second, 30)[0]
    assert columns[0].sum() * grid.step_hours == pytest.approx(2 * energy_kwh("plain"), rel=0.02)


def test_days_taken_for_roofs_are_named_with_the_remedy() -> None:
    first, second = DAYS["plain"], DAYS["plain"] + timedelta(days=1)
    roofs = {
        "heute": {"sensor.x_heute": solar_shapes.read(TODAY, solcast(first))},
        "morgen": {"sensor.x_morgen": solar_shapes.read(TODAY, solcast(second))},
    }
    with pytest.raises(ShapeError, match=r"x_heute and sensor.x_morgen: .*no time in common.*\{forecast: \{roof:"):
        solar_shapes.roofs(roofs)


def test_the_dashboard_adds_up_the_chosen_roofs_alone() -> None:
    day = DAYS["autumn"]
    prefs = {
        "energy_sources": [
            {"type": "grid"},
            {"type": "solar", "config_entry_solar_forecast": ["a", "b"]},
            {"type": "solar", "config_entry_solar_forecast": None},
            {"type": "solar", "config_entry_solar_forecast": ["b"]},
        ]
    }
    entries = energy_dashboard.chosen_entries(prefs)
    assert entries == ("a", "b")
    other = {"wh_hours": watt_hours(day, 60)}
    reply = {"a": {"wh_hours": watt_hours(day, 30)}, "b": other, "another home's": other}
    grid, columns = energy_dashboard.read(reply, entries)
    assert grid.count == 25 * 2
    assert columns[0].sum() * grid.step_hours == pytest.approx(2 * energy_kwh("autumn"), rel=0.02)


def test_a_night_between_two_days_of_light_is_dark_and_a_hole_in_the_day_is_not() -> None:
    hours = watt_hours(DAYS["plain"], 60, light_only=True, days=2)
    _, columns = energy_dashboard.read({"a": {"wh_hours": hours}}, ["a"])
    assert not np.isnan(columns[0]).any()
    assert columns[0].min() == 0
    noon = [at for at in hours if 11 <= datetime.fromisoformat(at).hour <= 14 and at.startswith("2024-06-05")]
    holed = {at: wh for at, wh in hours.items() if at not in noon}
    _, columns = energy_dashboard.read({"a": {"wh_hours": holed}}, ["a"])
    assert np.isnan(columns[0]).sum() == len(noon)


def test_odd_minutes_at_sunrise_lose_no_energy() -> None:
    pieces = {
        "2024-06-05T04:47:30+00:00": 10.0,
        "2024-06-05T05:00:00+00:00": 200.0,
        "2024-06-05T06:00:00+00:00": 600.0,
        "2024-06-05T07:00:00+00:00": 900.0,
    }
    grid, columns = energy_dashboard.read({"a": {"wh_hours": pieces}}, ["a"])
    assert grid.step == timedelta(minutes=5)
    assert np.nansum(columns[0]) * grid.step_hours == pytest.approx(1.71, rel=0.01)


MIDNIGHT = datetime(2024, 6, 5, tzinfo=UTC)
NO_PREFS: dict[str, Any] = {"energy_sources": [{"type": "solar", "config_entry_solar_forecast": None}]}
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "no forecast chosen": (lambda: energy_dashboard.chosen_entries(NO_PREFS), "no solar forecast; choose a forecast"),
    "a roof is missing": (
        lambda: energy_dashboard.read({"a": {"wh_hours": watt_hours(DAYS["plain"], 60)}}, ["a", "b"]),
        "nothing of 1 of 2 roofs",
    ),
    "an unknown shape": (
        lambda: solar_shapes.read("sensor.x", {"forecasts": [], "unit": "W"}),
        "its attributes are forecasts, unit; known are detailedForecast",
    ),
    "a time without a zone": (
        lambda: solar_shapes.read("sensor.x", {"wh_period": {"2024-10-27T02:30:00": 1.0}}),
        "'2024-10-27T02:30:00' without a zone",
    ),
    "no time": (lambda: solar_shapes.read("sensor.x", {"wh_period": {"noon": 1.0}}), "'noon' where a time"),
    "below zero": (
        lambda: solar_shapes.roofs(
            {"": {"x": [Piece(MIDNIGHT, MIDNIGHT + timedelta(hours=1), (-1.0, np.nan, np.nan))]}}
        ),
        "below zero",
    ),
    "years of it": (
        lambda: on_slots([Piece(MIDNIGHT, MIDNIGHT + timedelta(days=400), (1.0,))]),
        "more than a forecast has",
    ),
    "nothing listed": (lambda: on_slots([]), "lists no values"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_forecast_is_refused_with_what_was_seen(name: str) -> None:
    work, told = REFUSED[name]
    with pytest.raises(ShapeError) as caught:
        work()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("entity", "attributes", "shape"),
    [
        (TODAY, solcast(DAYS["plain"]), "solcast"),
        ("sensor.solcast_forecast_tomorrow", solcast(DAYS["plain"]), "solcast"),
        ("sensor.energy_production_today_2", forecast_solar(DAYS["plain"]), "watt_hour_map"),
        ("sensor.energy_production_d3_roof", open_meteo(DAYS["plain"]), "watt_hour_map"),
        ("sensor.energy_production_today_remaining", forecast_solar(DAYS["plain"]), None),
        ("sensor.power", {"unit_of_measurement": "W"}, None),
        ("sensor.odd", {"detailedForecast": "none", "wh_period": 3}, None),
    ],
)
def test_what_an_entity_is_can_be_told_from_its_attributes(
    entity: str, attributes: dict[str, Any], shape: str | None
) -> None:
    assert solar_shapes.recognise(entity, attributes) == shape


def test_local_and_utc_times_of_the_hour_that_comes_twice_are_told_apart() -> None:
    autumn = DAYS["autumn"]
    twice = [at for at in times(autumn, 60) if at.hour == 2]
    assert len(twice) == 2
    assert {at.utcoffset() for at in twice} == {timedelta(hours=1), timedelta(hours=2)}
    assert twice[0].tzinfo is BERLIN
