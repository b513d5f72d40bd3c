"""A day's satisfaction is filled from what is seen; a restart forgets nothing, and a gap is no harm and no praise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from homeagent.agent.satisfaction_book import Room, SatisfactionBook
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, TankSpec
from homeagent.domain.grid import frozen_array
from homeagent.domain.people import Thumb
from homeagent.domain.satisfaction import satisfaction
from homeagent.store import Store

BERLIN = ZoneInfo("Europe/Berlin")
MIDNIGHT = datetime(2026, 1, 6, 23, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DEVICES: tuple[DeviceKnown, ...] = (
    CarSpec(name="car", max_charge_kw=7.2),
    HeatSpec(name="living", purpose="heating", max_kw=3.0),
    TankSpec(name="tank", litres=200.0, max_kw=2.0),
    ApplianceSpec(name="washer", profile_kw=frozen_array([2.0] * 60)),
)
HOME = Room(device="living", low_c=20.0, high_c=24.0, home_awake=1.0)


def states(at: datetime, *, air_c: float | None = 21.0, plugged: bool = True, waits: bool = False) -> list[DeviceState]:
    return [
        DeviceState(name="car", at=at, plugged=plugged),
        DeviceState(name="living", at=at, air_c=air_c),
        DeviceState(name="tank", at=at, water_c=52.0),
        DeviceState(
            name="washer", at=at, ready_to_run=waits, on=False, ready_by=MIDNIGHT + 2 * HOUR if waits else None
        ),
    ]


def book_in(store: Store, now: datetime = MIDNIGHT) -> SatisfactionBook:
    return SatisfactionBook(store, DEVICES, BERLIN, now)


def live(
    book: SatisfactionBook, since: datetime, until: datetime, *, room: Room = HOME, air_c: float | None = 21.0
) -> None:
    at = since
    while at <= until:
        book.look(at, states(at, air_c=air_c), [room], {"car": 0.0})
        at += 5 * MINUTE


def test_a_quiet_day_is_full_and_sure(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        live(book, MIDNIGHT, MIDNIGHT + 24 * HOUR)
        (day, _) = book.days
        judged = satisfaction(day)
        assert judged.score == 100
        assert judged.confidence == pytest.approx(1.0)
        assert day.home_awake_hours == pytest.approx(24.0)
        assert store.satisfaction_days()[0] == day


def test_degrees_count_while_somebody_cares(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        live(book, MIDNIGHT, MIDNIGHT + 2 * HOUR, room=replace(HOME, home_awake=0.0), air_c=16.0)
        live(book, MIDNIGHT + 2 * HOUR, MIDNIGHT + 4 * HOUR, air_c=19.0)
        live(book, MIDNIGHT + 4 * HOUR, MIDNIGHT + 5 * HOUR, air_c=25.5)
        assert book.today.cold_kh == pytest.approx(2.0)
        assert book.today.hot_kh == pytest.approx(1.5)
        assert book.today.comfort_known == pytest.approx(1.0)


def test_a_gap_lowers_the_confidence_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        live(book, MIDNIGHT, MIDNIGHT + 6 * HOUR, air_c=18.0)
        live(book, MIDNIGHT + 6 * HOUR, MIDNIGHT + 12 * HOUR, air_c=None)
        assert book.today.cold_kh == pytest.approx(12.0)
        assert book.today.comfort_known == pytest.approx(0.5)
        book.look(MIDNIGHT + 18 * HOUR, states(MIDNIGHT + 18 * HOUR), [HOME])
        assert book.today.cold_kh == pytest.approx(12.0)
        known = book.today.cars_known
        assert known is not None
        assert known == pytest.approx((12 + 20 / 60) / 18)


def test_a_departure_that_is_short_is_missed(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        for minutes, plugged, needed in (
            (0, True, 9.0),
            (5, True, 4.0),
            (10, False, None),
            (15, True, 0.2),
            (20, False, 0.0),
        ):
            at = MIDNIGHT + minutes * MINUTE
            book.look(at, states(at, plugged=plugged), [HOME], {"car": needed})
        assert (book.today.departures, book.today.missed_departures) == (2, 1)
        assert book.today.short_kwh == pytest.approx(4.2)


def test_a_run_that_should_have_ended_is_late_until_it_has(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        for minutes in range(0, 181, 5):
            at = MIDNIGHT + minutes * MINUTE
            book.look(at, states(at, waits=True), [HOME])
        for minutes in range(185, 246, 5):
            at = MIDNIGHT + minutes * MINUTE
            runs = [replace(one, on=one.name == "washer") for one in states(at)]
            book.look(at, runs, [HOME])
        live(book, MIDNIGHT + 250 * MINUTE, MIDNIGHT + 300 * MINUTE)
        assert book.today.late_hours == pytest.approx(130 / 60)
        assert book.today.runs == 1


def test_a_person_who_turns_one_knob_twice_has_overridden_once(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        for minutes in (0, 10, 50, 200):
            book.overridden("living", MIDNIGHT + minutes * MINUTE)
        book.overridden("car", MIDNIGHT + 201 * MINUTE)
        assert book.today.overrides == 3


def test_thumbs_count_on_their_day(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        book.thumb(Thumb(decision="1-car", at=MIDNIGHT + HOUR, up=False))
        book.thumb(Thumb(decision="1-car", at=MIDNIGHT + 2 * HOUR, up=True))
        book.thumb(Thumb(decision="2-car", at=MIDNIGHT + 2 * HOUR, up=False))
        assert (book.today.thumbs_up, book.today.thumbs_down) == (1, 1)


def test_water_that_is_drawn_too_cold_counts_and_a_tank_that_cools_by_itself_does_not(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        for minutes, water_c in ((0, 55.0), (5, 50.0), (10, 44.0), (15, 43.99), (20, 38.0)):
            at = MIDNIGHT + minutes * MINUTE
            book.look(at, [DeviceState(name="tank", at=at, water_c=water_c)])
        drawn_kwh = 200 * 4.186 / 3600 * (43.99 - 38.0) - 0.002 * (41 - 18) / 12
        assert book.today.cold_water_kwh == pytest.approx(drawn_kwh * (45 - 40.995) / (40.995 - 10), rel=0.01)


def test_a_restart_goes_on_with_the_day(tmp_path: Path) -> None:
    path = tmp_path / "home.db"
    with Store.open(path) as store:
        book = book_in(store)
        live(book, MIDNIGHT, MIDNIGHT + 3 * HOUR, air_c=19.0)
        book.overridden("living", MIDNIGHT + 3 * HOUR)
        before = book.today
    with Store.open(path) as store:
        book = book_in(store, MIDNIGHT + 3 * HOUR)
        assert book.today == before
        live(book, MIDNIGHT + 3 * HOUR, MIDNIGHT + 25 * HOUR)
        closed, _ = book.days
        assert closed.cold_kh == pytest.approx(3.0)
        assert closed.overrides == 1
        assert closed.comfort_known == pytest.approx(1.0)


def test_a_start_at_noon_knows_half_of_the_day(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store, MIDNIGHT + 12 * HOUR)
        live(book, MIDNIGHT + 12 * HOUR, MIDNIGHT + 24 * HOUR)
        assert satisfaction(book.days[0]).confidence == pytest.approx(0.5)


def test_a_clock_that_is_set_back_harms_nothing(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        live(book, MIDNIGHT, MIDNIGHT + 2 * HOUR, air_c=19.0)
        live(book, MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR)
        assert book.today.cold_kh == pytest.approx(2.0)


def test_what_is_told_names_the_worst_day(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home.db", lasting=False) as store:
        book = book_in(store)
        live(book, MIDNIGHT, MIDNIGHT + 30 * HOUR, air_c=19.5)
        book.overridden("living", MIDNIGHT + 30 * HOUR)
        told = book.told()
        assert told["worst_day"] == "2026-01-07"
        days = told["days"]
        assert isinstance(days, list)
        assert days[0]["score"] == pytest.approx(76.0, abs=0.2)
        assert days[1]["points"]["overrides"] == 5.0
