"""Every recorded shape of a list of prices, on the days on which the clock changes and on a common one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from price_fixtures import (
    AUTUMN,
    BERLIN,
    DAY,
    HALF,
    HOUR,
    LONDON,
    QUARTER,
    RECORDED,
    SPRING,
    SUMMER,
    Recorded,
    edges,
    entries,
    nord_pool_answer,
    price_of,
    tibber_answer,
)

from homeagent.domain.price_unit import PriceUnitError
from homeagent.domain.tariff import ActionFeed, ListShape
from homeagent.sources.price_shapes import read_entity, read_response, recognise
from homeagent.sources.price_slots import PricedSlot, PriceShapeError, on_a_grid

NORD_POOL = ActionFeed(action="nordpool.get_prices_for_date", key="SE3")
TIBBER = ActionFeed(action="tibber.get_prices")
CASES = [(recorded, step) for recorded in RECORDED for step in recorded.steps]


def noon(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone).astimezone(UTC)


def right(slots: list[PricedSlot], days: list[date], zone: ZoneInfo, step: timedelta) -> None:
    """See that each slot of the days stands where it belongs, with its own price, and none beside."""
    wanted = [start.astimezone(UTC) for day in days for start in edges(day, zone, step)[:-1]]
    assert [slot.start for slot in slots] == wanted
    assert [slot.per_kwh for slot in slots] == pytest.approx([price_of(start) for start in wanted])
    series = on_a_grid(slots)
    assert (series.grid.step, series.grid.count) == (step, len(wanted))


@pytest.mark.parametrize(("recorded", "step"), CASES)
@pytest.mark.parametrize("zone", [BERLIN, LONDON])
@pytest.mark.parametrize("day", [SPRING, SUMMER, AUTUMN, SPRING - DAY, AUTUMN - DAY])
def test_a_recorded_shape_is_read_whole(recorded: Recorded, step: timedelta, zone: ZoneInfo, day: date) -> None:
    attributes = recorded.attributes(day, zone, step)
    assert recognise(attributes) == recorded.name
    slots = read_entity(attributes, timezone=zone, as_of=noon(day, zone))
    right(slots, [day + k * DAY for k in range(recorded.days)], zone, step)


@pytest.mark.parametrize("step", [HOUR, HALF, QUARTER])
@pytest.mark.parametrize("day", [SPRING, SUMMER, AUTUMN])
def test_answers_are_read_whole(day: date, step: timedelta) -> None:
    right(read_response(NORD_POOL, nord_pool_answer(day, BERLIN, step)), [day], BERLIN, step)
    answer = tibber_answer([day, day + DAY], BERLIN, step)
    assert " " in answer["prices"]["Villa"][0]["start_time"]
    right(read_response(TIBBER, answer), [day, day + DAY], BERLIN, step)


@pytest.mark.parametrize("answer", [{"SE3": []}, {"SE3": [], "SE4": []}])
def test_a_day_that_is_not_published_is_no_price_and_no_error(answer: dict[str, Any]) -> None:
    assert read_response(NORD_POOL, answer) == []


@pytest.mark.parametrize(
    ("feed", "answer", "words"),
    [
        (NORD_POOL, nord_pool_answer(SUMMER, BERLIN, HOUR, "SE4"), "answered without SE3; it has SE4"),
        (TIBBER, {"prices": {"Villa": [], "Cabin": []}}, "answered for Villa, Cabin; say which"),
        (TIBBER, {}, "no list of prices: {}"),
        (TIBBER, None, "no list of prices: None"),
        (NORD_POOL, {"SE3": [{"start": "2026-06-10T00:00:00+02:00"}]}, "hold no price"),
        (NORD_POOL, {"SE3": [{"start": "soon", "price": 1}]}, "no time with a time zone"),
    ],
)
def test_a_strange_answer_says_what_was_seen(feed: ActionFeed, answer: object, words: str) -> None:
    with pytest.raises(PriceShapeError, match=words):
        read_response(feed, answer)


@pytest.mark.parametrize(("values", "hours"), [(24, 23), (25, 24)])
def test_bare_numbers_that_do_not_fill_their_day_are_refused(values: int, hours: int) -> None:
    day = SPRING if hours == 23 else SUMMER
    attributes = {"today": [0.1] * values, "unit_of_measurement": "EUR/kWh"}
    with pytest.raises(PriceShapeError, match=f"{values} values, but {day} has {hours} hours"):
        read_entity(attributes, timezone=BERLIN, as_of=noon(day, BERLIN))


def read(attributes: dict[str, Any], **how: Any) -> list[PricedSlot]:  # noqa: ANN401 - passed on
    told = {"unit_of_measurement": "EUR/kWh"} | attributes
    return read_entity(told, timezone=BERLIN, as_of=noon(SUMMER, BERLIN), **how)


def test_what_is_no_price_is_left_out_and_text_is_a_number() -> None:
    listed = entries(SUMMER, BERLIN, HOUR, ("start", "end", "value"))
    for index, value in enumerate([None, float("nan"), float("inf"), True, "soon", "0.25", " 7e-2"]):
        listed[index]["value"] = value
    slots = read({"raw_today": listed})
    assert len(slots) == 24 - 5
    assert [slot.per_kwh for slot in slots[:2]] == [0.25, 0.07]


def test_a_list_that_stops_early_is_read_as_far_as_it_goes() -> None:
    slots = read({"rates": entries(SUMMER, BERLIN, HALF, ("start", "end", "value_inc_vat"))[:46]})
    assert slots[-1].start + HALF == edges(SUMMER, BERLIN, HOUR)[23].astimezone(UTC)


@pytest.mark.parametrize("attributes", [{"rates": []}, {"raw_today": [], "raw_tomorrow": None}, {"today": []}])
def test_a_list_that_is_empty_just_now_is_no_error(attributes: dict[str, Any]) -> None:
    assert read(attributes) == []
    assert recognise(attributes) is None


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({}, "its attributes are unit_of_measurement"),
        ({"raw_today": "soon"}, "raw_today"),
        ({"forecasts": [{"when": "2026", "cost": 1}]}, r"forecasts begins with \{'when': '2026', 'cost': 1\}"),
        ({"forecasts": [{"when": "2026"}]}, "list: forecasts, start: KEY, end: KEY, value: KEY"),
        ({"prices": [{"start": "2026-06-10T00:00:00", "price": 1}]}, "start is no time with a time zone"),
        ({"prices": [{"start": "2026-06-10", "price": "x"}]}, "prices begins with"),
        ({"data": [{"start_time": "x" * 500, "price_per_kwh": 1}]}, r"\.\.\."),
    ],
)
def test_an_unknown_shape_shows_what_was_seen_and_how_to_describe_it(attributes: dict[str, Any], words: str) -> None:
    with pytest.raises(PriceShapeError, match=words) as caught:
        read(attributes)
    assert len(str(caught.value)) < 500


def test_a_shape_can_be_described() -> None:
    listed = entries(SUMMER, BERLIN, HALF, ("from_time", "until", "cost"), 100)
    shape = ListShape(lists=("forecasts",), start="from_time", end="until", value="cost")
    right(read({"forecasts": listed}, shape=shape, unit="ct/kWh"), [SUMMER], BERLIN, HALF)
    bare = ListShape(lists=("day_0", "day_1"))
    right(
        read({"day_0": [price_of(at) for at in edges(SUMMER, BERLIN, HOUR)[:-1]]}, shape=bare), [SUMMER], BERLIN, HOUR
    )
    with pytest.raises(PriceShapeError, match="forecast is empty"):
        read({"forecast": []}, shape=shape)


@pytest.mark.parametrize("keys", [("from", "till", "price"), ("datetime", None, "total"), ("time", "to", "value")])
def test_words_like_those_of_others_are_understood(keys: tuple[str, str | None, str]) -> None:
    attributes = {"prices_today": entries(SUMMER, BERLIN, HOUR, keys), "prices_tomorrow": None}
    assert recognise(attributes) == "words like those of others"
    right(read(attributes), [SUMMER], BERLIN, HOUR)


def test_a_second_too_late_is_no_other_slot() -> None:
    listed = entries(SUMMER, BERLIN, HALF, ("start", "end", "value"))
    for entry in listed:
        entry["start"] = entry["start"].replace(":00+", ":01+")
    right(read({"raw_today": listed}), [SUMMER], BERLIN, HALF)


@pytest.mark.parametrize(
    ("attributes", "unit", "factor"),
    [
        ({"unit_of_measurement": "ct/kWh"}, None, 0.01),
        ({"unit_of_measurement": "EUR/kWh"}, "ct/kWh", 0.01),
        ({"unit_of_measurement": "EUR/MWh"}, None, 0.001),
        ({"unit_of_measurement": "EUR/Wh"}, None, 1000),
        ({"unit_of_measurement": None}, "EUR/MWh", 0.001),
    ],
)
def test_the_owner_knows_the_unit_best(attributes: dict[str, Any], unit: str | None, factor: float) -> None:
    listed = [{"start": "2026-06-10T00:00:00+02:00", "value": 1.0}]
    assert read({"raw_today": listed} | attributes, unit=unit)[0].per_kwh == pytest.approx(factor)


def test_a_key_knows_the_unit_better_than_the_sensor() -> None:
    """The price sensor of EPEX Spot 2 is in EUR/MWh, and lists both."""
    listed = [{"start_time": "2026-06-10T00:00:00+02:00", "price_eur_per_mwh": 85.0, "price_ct_per_kwh": 8.5}]
    assert read({"data": listed, "unit_of_measurement": "EUR/MWh"})[0].per_kwh == pytest.approx(0.085)
    pounds = [{"start_time": "2026-06-10T00:00:00+02:00", "price_gbp_per_mwh": 85.0}]
    assert read({"data": pounds, "unit_of_measurement": "GBP/kWh"})[0].per_kwh == pytest.approx(0.085)


def test_a_unit_that_is_none_or_contradicts_itself_is_refused() -> None:
    listed = [{"start": "2026-06-10T00:00:00+02:00", "value": 1.0}]
    with pytest.raises(PriceUnitError, match="is no price"):
        read({"raw_today": listed, "unit_of_measurement": "EUR"})
    with pytest.raises(PriceShapeError, match="says price_in_cents, but its unit is EUR/kWh"):
        read({"raw_today": listed, "price_in_cents": True})


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"unit_of_measurement": "EUR/kWh", "device_class": "monetary"},
        {"forecast": [{"datetime": "2026-06-10T00:00:00+02:00", "temperature": 20, "condition": "sunny"}]},
        {"detailedForecast": [{"period_start": "2026-06-10T00:00:00+02:00", "pv_estimate": 1.0}]},
        {"data": [{"start_time": "2026-06-10T00:00:00+02:00", "rank": 1}], "unit_of_measurement": None},
        {"forecast": [{"from": "2026-06-10T00:00Z", "value": 200}], "unit_of_measurement": "gCO2eq/kWh"},
        {"prices": [{"time": "2026-06-10T00:00:00+02:00", "price": 3}], "unit_of_measurement": "W"},
        {"today": ["sunny"] * 24},
        {"today": [None] * 24},
    ],
)
def test_what_lists_no_prices_is_not_taken_for_one(attributes: dict[str, Any]) -> None:
    assert recognise(attributes) is None


@pytest.mark.parametrize("name", ["raw_today", "today", "rates", "prices", "data"])
@pytest.mark.parametrize("entry", [0.1, None, {"start": "2026-06-10T00:00:00+02:00", "value": 1}, "x", []])
def test_a_hostile_list_neither_hangs_nor_counts(name: str, entry: object) -> None:
    attributes = {name: [entry] * 100_000}
    recognise(attributes)
    with pytest.raises(PriceShapeError) as caught:
        read(attributes)
    assert len(str(caught.value)) < 600
