"""What is understood of homes that are wired in the ways that are seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from surveys import HOUR, MINUTES, Home, flat_grid, lived, nested_grid

from homeagent.agent.discovery.understanding import still_open, understand
from homeagent.domain.discovery import Answer, FoundDevice, Understanding


def usual(*, load: bool = True, prices: bool = True, **grid: Any) -> Home:  # noqa: ANN401 - as `Home.power`
    """Return a home with PV, a battery and a price, all in the usual convention."""
    home = Home()
    home.power("sensor.grid_power", "grid", **grid)
    home.power("sensor.pv_power", "pv")
    home.power("sensor.battery_power", "battery")
    home.soc()
    if load:
        home.power("sensor.house_load", "load")
    if prices:
        home.prices()
    return home


def said(understanding: Understanding, kind: str, topic: str | None = None) -> str:
    return "\n".join(
        finding.text for finding in understanding.findings if finding.kind == kind and topic in {None, finding.topic}
    )


def test_a_usual_home_is_understood_with_no_more_than_five_questions() -> None:
    understood = understand(usual().survey())
    assert understood.values["meters"] == {
        "grid": "sensor.grid_power",
        "pv": "sensor.pv_power",
        "battery": "sensor.battery_power",
        "load": "sensor.house_load",
        "soc": "sensor.battery_soc",
    }
    assert understood.values["prices"]["import"] == "sensor.nordpool_kwh_de_lu_eur_3_10_0"
    assert [question.key for question in understood.questions] == [
        "battery.capacity_kwh",
        "battery.max_charge_kw",
        "battery.max_discharge_kw",
        "prices.export",
    ]
    assert not still_open(understood, {})
    assert not said(understood, "warning")


def test_it_is_said_in_words_with_live_values() -> None:
    assert "the house uses 0.47 kW now, the sun gives 3.41 kW, the battery holds 61 %" in said(
        understand(usual().survey()), "found", "now"
    )


def test_size_and_powers_are_estimated_from_the_past() -> None:
    battery = understand(usual().survey()).values["battery"]
    assert battery["capacity_kwh"] == pytest.approx(10, rel=0.05)
    assert 2.5 <= battery["max_charge_kw"] <= 3.1
    assert battery["min_soc"] == pytest.approx(0.1, abs=0.02)


def test_answers_take_the_place_of_suggestions() -> None:
    answers: dict[str, Answer] = {
        "battery.capacity_kwh": 12.5,
        "prices.export": 0.08,
        "meters.grid": "sensor.pv_power",
    }
    understood = understand(usual().survey(), answers)
    assert understood.values["battery"]["capacity_kwh"] == 12.5
    assert understood.values["prices"]["export"] == 0.08
    assert understood.values["meters"]["grid"] == "sensor.pv_power"


@pytest.mark.parametrize("form", ["nested", "flat"])
def test_the_dashboard_names_counters_and_prices_in_both_forms(form: str) -> None:
    home = usual(prices=False)
    home.counter("sensor.bought", "grid+")
    home.counter("sensor.sold", "grid-")
    home.prices("sensor.price")
    home.prices("sensor.other_price")
    grid = (
        nested_grid(["sensor.bought"], ["sensor.sold"], "sensor.price")
        if form == "nested"
        else flat_grid(
            "sensor.bought", "sensor.sold", entity_energy_price="sensor.price", number_energy_price_export=0.07
        )
    )
    home.energy = {"energy_sources": [grid], "device_consumption": []}
    understood = understand(home.survey())
    assert understood.values["prices"] == {"import": "sensor.price", "export": 0.07}
    assert "its sign is proved by its counter" in said(understood, "found", "grid")


def test_the_dashboards_own_powers_count_first() -> None:
    home = usual()
    home.power("sensor.x17", {"grid": -1})
    home.power("sensor.y_out", "battery+")
    home.power("sensor.y_in", "battery-")
    home.counter("sensor.bought", "grid+")
    home.energy = {
        "energy_sources": [
            flat_grid(
                "sensor.bought",
                None,
                stat_rate="sensor.x17_inverted",
                power_config={"stat_rate_inverted": "sensor.x17"},
            ),
            {
                "type": "battery",
                "stat_energy_from": "sensor.out",
                "stat_energy_to": "sensor.in",
                "power_config": {"stat_rate_from": "sensor.y_out", "stat_rate_to": "sensor.y_in"},
            },
        ]
    }
    meters = understand(home.survey()).values["meters"]
    assert meters["grid"] == {"entity": "sensor.x17", "positive": "export"}
    assert meters["battery"] == {"discharge": "sensor.y_out", "charge": "sensor.y_in"}


def test_a_dashboard_that_has_the_sign_wrong_is_corrected_and_said() -> None:
    home = usual()
    home.power("sensor.grid_power", {"grid": -1})
    home.energy = {"energy_sources": [flat_grid(None, None, stat_rate="sensor.grid_power")]}
    understood = understand(home.survey())
    assert understood.values["meters"]["grid"] == {"entity": "sensor.grid_power", "positive": "export"}
    assert "counts the other way than the Energy dashboard says" in said(understood, "warning", "grid")


def test_a_meter_that_is_read_a_day_late_is_replaced_by_the_inverters_own() -> None:
    home = usual()
    home.counter("octopus_energy:electricity_1_consumption", "grid+", entity=False)
    home.energy = {"energy_sources": [nested_grid(["octopus_energy:electricity_1_consumption"], [])]}
    understood = understand(home.survey())
    assert understood.values["meters"]["grid"] == "sensor.grid_power"
    assert "statistics without an entity" in said(understood, "warning", "grid")
    assert "sensor.grid_power is read instead" in said(understood, "warning", "grid")


def test_a_counter_that_moves_once_a_day_is_no_live_meter() -> None:
    home = Home(hours=lived(HOUR, 336, pv=False), minutes=lived(MINUTES, 288, seed=2, pv=False))
    home.power("sensor.battery_power", "battery")
    home.power("sensor.house_load", "load")
    home.soc()
    home.counter("sensor.meter_yesterday", "grid+", late=True)
    home.energy = {"energy_sources": [nested_grid(["sensor.meter_yesterday"], [])]}
    understood = understand(home.survey())
    assert "grid" not in understood.values["meters"]
    assert "arrive long after the fact" in said(understood, "warning", "grid")
    assert "worked out as load - PV - battery" in said(understood, "found", "grid")


def test_counters_serve_where_there_is_no_power() -> None:
    home = usual()
    del home.entities["sensor.grid_power"]
    for name, way in (("sensor.t1", "grid+"), ("sensor.t2", "grid+"), ("sensor.back", "grid-")):
        home.counter(name, way)
    home.energy = {"energy_sources": [nested_grid(["sensor.t1", "sensor.t2"], ["sensor.back"])]}
    grid = understand(home.survey()).values["meters"]["grid"]
    assert grid == ["sensor.t1", "sensor.t2", {"entity": "sensor.back", "positive": "export"}]


def test_three_phases_are_added_up_but_not_beside_their_total() -> None:
    home = usual()
    del home.entities["sensor.grid_power"]
    for phase in ("l1", "l2", "l3"):
        home.power(f"sensor.grid_power_{phase}", {"grid": 1 / 3})
    assert understand(home.survey()).values["meters"]["grid"] == [f"sensor.grid_power_{p}" for p in ("l1", "l2", "l3")]
    home.power("sensor.grid_power", "grid")
    assert understand(home.survey()).values["meters"]["grid"] == "sensor.grid_power"


def test_a_home_without_pv_and_load_meter_is_said_so() -> None:
    home = Home(hours=lived(HOUR, 336, pv=False), minutes=lived(MINUTES, 288, seed=2, pv=False))
    home.power("sensor.grid_power", "grid")
    home.power("sensor.battery_power", "battery")
    home.soc()
    understood = understand(home.survey())
    assert {"pv", "load"}.isdisjoint(understood.values["meters"])
    assert "no PV meter" in said(understood, "missing", "pv")
    assert "worked out as grid + PV + battery" in said(understood, "found", "load")


@pytest.mark.parametrize("load", [True, False])
@pytest.mark.parametrize("sign", [1, -1])
def test_pv_that_nothing_measures_is_noticed(*, load: bool, sign: int) -> None:
    home = usual(load=load)
    del home.entities["sensor.pv_power"]
    home.power("sensor.grid_power", {"grid": sign})
    home.counter("sensor.bought", "grid+")
    home.counter("sensor.sold", "grid-")
    home.energy = {"energy_sources": [flat_grid("sensor.bought", "sensor.sold")]}
    understood = understand(home.survey())
    meters = understood.values["meters"]
    assert meters["pv"] == "unmetered"
    assert meters["grid"] == (
        "sensor.grid_power" if sign == 1 else {"entity": "sensor.grid_power", "positive": "export"}
    )
    assert ("it follows from the load's meter" in said(understood, "warning", "pv")) == load


def test_pv_that_is_shown_below_zero_is_named() -> None:
    home = usual()
    home.power("sensor.pv_power", {"pv": -1})
    understood = understand(home.survey())
    assert understood.values["meters"]["pv"] == "unmetered"
    assert "shows production below zero" in said(understood, "warning", "pv")


def test_two_states_of_charge_that_differ_are_a_question() -> None:
    home = usual()
    home.soc("sensor.pack_two_battery_soc", backwards=True)
    home.soc("sensor.inverter_battery_soc")
    asked = next(question for question in understand(home.survey()).questions if question.key == "meters.soc")
    assert set(asked.choices) == {"sensor.battery_soc", "sensor.pack_two_battery_soc"}


def test_a_charge_that_counts_backwards_is_named() -> None:
    home = usual()
    home.soc(backwards=True)
    understood = understand(home.survey())
    assert understood.values["meters"]["battery"] == "sensor.battery_power"
    assert "falls while the battery charges" in said(understood, "warning", "battery")


def test_a_load_meter_of_something_else_is_not_used() -> None:
    home = usual(load=False)
    home.power("sensor.home_consumption", {"load": 0.2})
    understood = understand(home.survey())
    assert "load" not in understood.values["meters"]
    assert "measures something else" in said(understood, "warning", "load")


def test_an_export_that_is_shown_below_zero_is_read_right() -> None:
    home = usual()
    del home.entities["sensor.grid_power"]
    home.power("sensor.grid_import_power", "grid+")
    home.power("sensor.grid_export_power", {"grid-": -1})
    grid = understand(home.survey()).values["meters"]["grid"]
    assert grid == ["sensor.grid_import_power", "sensor.grid_export_power"]


def test_single_devices_are_not_the_home() -> None:
    home = usual(load=False)
    for name in (
        "sensor.ev_charger_power",
        "sensor.heat_pump_power",
        "sensor.washer_power",
        "sensor.pv_power_forecast",
    ):
        home.power(name, {"load": 0.3})
    meters = understand(home.survey()).values["meters"]
    assert meters["pv"] == "sensor.pv_power"
    assert "load" not in meters


def test_phones_and_cars_are_no_home_battery() -> None:
    home = usual()
    home.show("sensor.phone_battery_level", 80, "%", device_class="battery", platform="mobile_app")
    home.show("sensor.car_battery_soc", 40, "%", device_class="battery")
    home.show("sensor.door_battery", 90, "%", device_class="battery", platform="zha")
    assert understand(home.survey()).values["meters"]["soc"] == "sensor.battery_soc"


def test_entities_of_one_device_belong_together() -> None:
    home = Home()
    home.devices["d1"] = FoundDevice(id="d1", name="Acme X5")
    for name, of in (("sensor.acme_meter_ac_power", "grid"), ("sensor.acme_dc_solar", "pv")):
        home.power(name, of, device_id="d1")
    home.power("sensor.acme_b1", "battery", device_id="d2")
    home.show("sensor.acme_soc", 55, "%", device_id="d2", device_class="battery")
    home.soc("sensor.acme_soc", device_id="d2")
    home.counter("sensor.acme_in", "battery-", device_id="d2")
    home.counter("sensor.acme_out", "battery+", device_id="d2")
    home.energy = {
        "energy_sources": [
            {"type": "battery", "stat_energy_from": "sensor.acme_out", "stat_energy_to": "sensor.acme_in"}
        ]
    }
    meters = understand(home.survey()).values["meters"]
    assert (meters["battery"], meters["soc"]) == ("sensor.acme_b1", "sensor.acme_soc")


def test_two_price_sensors_are_a_question_and_a_warning() -> None:
    home = usual(prices=False)
    home.prices("sensor.price_one")
    home.prices("sensor.price_two", per_kwh=0.3)
    understood = understand(home.survey())
    asked = next(question for question in understood.questions if question.key == "prices.import")
    assert asked.choices == ("sensor.price_one", "sensor.price_two")
    assert "several price lists" in said(understood, "warning", "prices")
    chosen = understand(home.survey(), {"prices.import": "sensor.price_two"})
    assert chosen.values["prices"]["import"] == "sensor.price_two"


def test_cents_under_the_name_of_euros_are_caught() -> None:
    home = usual(prices=False)
    home.prices("sensor.price", per_kwh=24.3)
    understood = understand(home.survey())
    assert "a mean of 24.3 EUR/kWh cannot be" in said(understood, "warning", "prices")
    asked = next(question for question in understood.questions if question.key == "prices.import.unit")
    assert asked.suggestion == "ct/kWh"
    assert understood.values["prices"]["import"] == {"spot": {"entity": "sensor.price", "unit": "ct/kWh"}}


def test_without_a_price_the_household_is_asked_and_nothing_is_guessed() -> None:
    understood = understand(usual(prices=False).survey())
    assert [question.key for question in still_open(understood, {})] == ["prices.import"]
    assert not still_open(understood, {"prices.import": 0.3})


def test_with_too_little_past_the_sign_is_asked() -> None:
    home = usual(load=False)
    survey = replace(
        home.survey(), hours=replace(home.survey().hours, means={}), minutes=replace(home.survey().minutes, means={})
    )
    understood = understand(survey)
    asked = {question.key: question for question in understood.questions}
    assert {"meters.grid.positive", "meters.battery.positive"} <= set(asked)
    turned = understand(survey, {"meters.battery.positive": "charge"})
    assert turned.values["meters"]["battery"] == {"entity": "sensor.battery_power", "positive": "charge"}


def test_a_home_without_a_battery_is_said_so() -> None:
    home = Home(hours=lived(HOUR, 336, battery=False), minutes=lived(MINUTES, 288, seed=2, battery=False))
    home.power("sensor.grid_power", "grid")
    home.power("sensor.pv_power", "pv")
    understood = understand(home.survey())
    assert "no state of charge of a home battery" in said(understood, "missing", "battery")


def test_the_forecast_of_another_roof_is_named() -> None:
    home = usual()
    home.solar_forecasts = {"entry": 25.0}
    assert understand(home.survey()).values["solar"] == {"forecast": "home_assistant"}
    assert not said(understand(home.survey()), "warning", "forecasts")
    home.solar_forecasts = {"entry": 140.0}
    assert "is it that of another roof?" in said(understand(home.survey()), "warning", "forecasts")


def test_a_meter_that_shows_nothing_now_is_said_so() -> None:
    home = usual()
    grid = home.entities["sensor.grid_power"]
    home.entities["sensor.grid_power"] = replace(grid, state="unavailable")
    understood = understand(home.survey())
    assert understood.values["meters"]["grid"] == "sensor.grid_power"
    assert "sensor.grid_power shows no value now" in said(understood, "warning", "grid")


def test_what_an_inverter_gives_at_night_too_is_no_pv() -> None:
    home = usual(load=False)
    del home.entities["sensor.pv_power"]
    home.power("sensor.solar_inverter_power", {"pv": 1, "battery": 1})
    understood = understand(home.survey())
    assert understood.values["meters"]["pv"] == "unmetered"
    assert "gives power without sun too" in said(understood, "warning", "pv")


@pytest.mark.parametrize(("parts", "pv"), [(("pv+",), "sensor.inverter_energy"), (("pv+", "battery+"), "unmetered")])
def test_a_counter_of_pv_counts_no_battery(parts: tuple[str, ...], pv: str) -> None:
    """Nothing is counted in the dead of night here: a battery that is empty by then must not hide what is counted."""
    home = usual(load=False)
    del home.entities["sensor.pv_power"]
    names = {"sensor.out": "battery+", "sensor.in": "battery-", "sensor.inverter_energy": "pv+"}
    for name, of in names.items():
        home.counter(name, of)
    counted = home.past[HOUR]["sensor.inverter_energy"]
    home.past[HOUR]["sensor.inverter_energy"] = {
        at: kw + ("battery+" in parts) * home.past[HOUR]["sensor.out"][at] * (4 <= at.hour < 20)
        for at, kw in counted.items()
    }
    home.energy = {
        "energy_sources": [
            {"type": "solar", "stat_energy_from": "sensor.inverter_energy"},
            {"type": "battery", "stat_energy_from": "sensor.out", "stat_energy_to": "sensor.in"},
        ]
    }
    assert understand(home.survey()).values["meters"].get("pv") == pv


def test_a_fixed_feed_in_of_a_german_home_may_pay_nothing_at_negative_prices() -> None:
    home = usual()
    home.energy = {"energy_sources": [nested_grid([], ["sensor.sold"])]}
    german = replace(home.survey(), country="DE")
    assert "while the market's price is negative" in said(understand(german), "missing", "prices")
    assert not said(understand(replace(german, country="AT")), "missing", "prices")


def test_other_optimisers_are_named() -> None:
    home = usual()
    home.show("switch.predbat_active", "on")
    home.show("binary_sensor.octopus_energy_a1_intelligent_dispatching", "off")
    found = said(understand(home.survey()), "warning", "others")
    assert "Predbat" in found
    assert "Octopus Intelligent" in found


def test_a_disabled_meter_is_named() -> None:
    home = usual()
    home.counter("sensor.sold", "grid-", disabled=True)
    home.energy = {"energy_sources": [flat_grid("sensor.bought", "sensor.sold")]}
    assert "sensor.sold is disabled" in said(understand(home.survey()), "warning", "grid")


def test_what_could_not_be_read_is_said() -> None:
    home = usual()
    home.gaps = ("integrations: Unauthorized [unauthorized]",)
    assert "integrations" in said(understand(home.survey()), "missing", "survey")


def test_the_survey_of_an_empty_home_is_understood_as_empty() -> None:
    understood = understand(Home().survey())
    assert understood.values["meters"] == {}
    assert "no grid meter that shows" in said(understood, "missing", "grid")
