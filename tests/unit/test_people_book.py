"""What people ask is checked, kept over a restart, and told once as a reason to think."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from homeagent.agent.people_book import PeopleBook, asked_json
from homeagent.agent.requesting import instant_of
from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, HeatSpec, HoursSpec, TankSpec
from homeagent.domain.errors import InputError
from homeagent.domain.grid import frozen_array
from homeagent.domain.people import RequestKind, Thumb
from homeagent.store import Store

NOW = datetime(2026, 1, 7, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
DEVICES: tuple[DeviceKnown, ...] = (
    CarSpec(name="car", max_charge_kw=7.2, capacity_kwh=60.0),
    HeatSpec(name="living", purpose="heating", max_kw=3.0),
    TankSpec(name="tank", litres=200.0, max_kw=2.0),
    ApplianceSpec(name="washer", profile_kw=frozen_array([2.0] * 60)),
    HoursSpec(name="pool", rated_kw=1.0, hours_per_day=6.0),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "home.db", lasting=False) as opened:
        yield opened


@pytest.fixture
def book(store: Store) -> PeopleBook:
    return PeopleBook(store, DEVICES, BERLIN)


def test_each_verb_is_understood(book: PeopleBook) -> None:
    assert book.ask("pause", "pool", {"for_minutes": 120}, NOW)
    assert book.ask("boost", "tank", {}, NOW)
    assert book.ask("not_tonight", "washer", {}, NOW)
    assert book.ask("ready_by", "car", {"at": "07:00", "target_percent": 60}, NOW)
    assert book.ask("target", "living", {"target_c": 21.5, "until": "2026-01-07T22:00"}, NOW)
    present = book.in_force(NOW)
    assert present.of("pool").paused_until == NOW + 2 * HOUR
    assert present.of("tank").boost_until == NOW + HOUR
    assert present.of("washer").not_before == datetime(2026, 1, 8, 5, tzinfo=UTC)
    assert present.of("car").ready_by == datetime(2026, 1, 8, 6, tzinfo=UTC)
    assert present.of("car").target == 0.6
    assert (present.of("living").target, present.of("living").target_until) == (21.5, NOW + 3 * HOUR)
    assert asked_json(present.of("car"))["ready_by"] == "2026-01-08T06:00:00Z"


def test_a_device_that_does_not_exist_is_not_asked(book: PeopleBook) -> None:
    assert not book.ask("pause", "toaster", {}, NOW)
    assert book.resume("toaster") is None


@pytest.mark.parametrize(
    ("kind", "device", "body", "said"),
    [
        ("pause", "car", [], "no JSON object"),
        ("pause", "car", {"for_hours": 2}, "for_hours: is not known of pause"),
        ("pause", "car", {"for_minutes": -1}, "from 1 to"),
        ("pause", "car", {"for_minutes": True}, "is not usable"),
        ("pause", "car", {"for_minutes": 5, "until": "23:00"}, "give one of them"),
        ("pause", "car", {"until": "2026-01-07T12:00"}, "lies in the past"),
        ("pause", "car", {"until": "soon"}, "is no time"),
        ("pause", "car", {"until": "2031-01-01T00:00"}, "within a year"),
        ("ready_by", "car", {}, "at: is missing"),
        ("ready_by", "car", {"at": "07:00", "target_percent": 120}, "from 1 to 100"),
        ("ready_by", "living", {"at": "07:00"}, "cannot be asked of a heat"),
        ("not_tonight", "living", {}, "cannot be asked of a heat"),
        ("target", "living", {"target_c": 95}, "from 8 to 30 degC"),
        ("target", "living", {"target_c": float("nan")}, "from 8 to 30 degC"),
        ("target", "tank", {"target_c": 80}, "from 10 to 65 degC"),
        ("target", "car", {"target_c": 20}, "target_percent: is missing"),
        ("target", "washer", {"target_c": 20}, "cannot be asked of an appliance"),
    ],
)
def test_what_cannot_be_used_is_refused_by_field(
    book: PeopleBook, kind: RequestKind, device: str, body: object, said: str
) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        book.ask(kind, device, body, NOW)
    assert book.in_force(NOW).devices == ()


def test_a_restart_forgets_nothing(tmp_path: Path) -> None:
    path = tmp_path / "home.db"
    with Store.open(path) as store:
        book = PeopleBook(store, DEVICES, BERLIN)
        book.ask("pause", "car", {}, NOW)
        book.ask("target", "living", {"target_c": 19}, NOW)
        book.go_away({"from": "2026-01-10T09:00", "until": "2026-01-17T18:00"}, NOW)
        book.thumb("1767744000-car", {"up": False}, NOW)
        before = book.in_force(NOW)
    with Store.open(path) as store:
        again = PeopleBook(store, DEVICES, BERLIN)
        assert again.in_force(NOW) == before
        assert again.thumb_on("1767744000-car") == "down"
        assert store.thumbs() == [Thumb(decision="1767744000-car", at=NOW, up=False)]
        assert [absence.start for absence in again.absences(NOW)] == [datetime(2026, 1, 10, 8, tzinfo=UTC)]


def test_what_was_asked_is_told_once_and_its_end_too(book: PeopleBook) -> None:
    assert book.news(NOW) is None
    book.ask("boost", "tank", {"for_minutes": 30}, NOW)
    assert book.news(NOW) == "a person asked tank: boost"
    assert book.news(NOW) is None
    assert book.news(NOW + HOUR) == "something that was asked for has begun or ended"
    assert book.news(NOW + HOUR) is None


def test_a_departure_ends_what_was_asked_for_it_and_leaves_a_pause(book: PeopleBook) -> None:
    book.ask("ready_by", "car", {"at": "07:00"}, NOW)
    book.ask("target", "car", {"target_percent": 90}, NOW)
    book.ask("pause", "car", {}, NOW)
    book.left("car")
    asked = book.in_force(NOW).of("car")
    assert (asked.ready_by, asked.target, asked.paused) == (None, None, True)
    assert book.resume("car")
    assert not book.resume("car")
    book.ask("boost", "washer", {}, NOW)
    book.ran("washer")
    assert book.in_force(NOW).of("washer").boost_until is None


def test_a_vacation_can_be_taken_back(book: PeopleBook) -> None:
    assert not book.come_back()
    with pytest.raises(InputError, match="until: is missing"):
        book.go_away({}, NOW)
    book.go_away({"until": "2026-01-17T18:00"}, NOW)
    vacation = book.in_force(NOW).vacation
    assert vacation is not None
    assert vacation.since == NOW
    assert book.come_back()
    assert book.in_force(NOW).vacation is None


def test_a_thumb_says_up_or_down(book: PeopleBook) -> None:
    for body in ({}, {"up": "yes"}, None):
        with pytest.raises(InputError, match="true or false"):
            book.thumb("1-car", body, NOW)
    book.thumb("1-car", {"up": True}, NOW)
    book.thumb("1-car", {"up": False}, NOW)
    assert book.thumb_on("1-car") == "down"
    assert book.thumb_on("2-car") is None


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("19:30", "2026-01-07T18:30:00+00:00"),
        ("07:00", "2026-01-08T06:00:00+00:00"),
        ("2026-01-09T07:00", "2026-01-09T06:00:00+00:00"),
        ("2026-01-09T07:00:00Z", "2026-01-09T07:00:00+00:00"),
        ("2026-03-29T02:30", None),  # the clock skips it
        ("25:00", None),
        ("9999-12-31T23:59+00:00", "9999-12-31T23:59:00+00:00"),
        ("0001-01-01T00:00+14:00", None),
    ],
)
def test_times_are_understood_as_a_person_writes_them(text: str, at: str | None) -> None:
    found = instant_of(text, NOW, BERLIN)
    assert (None if found is None else found.isoformat()) == at
