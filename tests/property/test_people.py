"""What people ask: the later word holds, what is over is over, and the order in which it is kept changes nothing."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.people import (
    HOME,
    Asked,
    Request,
    decision_id,
    next_morning,
    wishes_in_force,
    with_request,
    without_device,
)

NOW = datetime(2026, 1, 7, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")

hours = st.integers(-48, 48)
request = st.builds(
    lambda kind, device, at, since, lasts, value: Request(
        kind=kind,
        device=device,
        at=NOW + at * HOUR,
        since=NOW + since * HOUR,
        until=None if lasts is None else NOW + (since + lasts) * HOUR,
        value=value,
    ),
    st.sampled_from(("pause", "boost", "not_tonight", "ready_by", "target")),
    st.sampled_from(("car", "washer")),
    hours,
    hours,
    st.none() | st.integers(1, 24),
    st.none() | st.floats(0, 30),
)


def pause(device: str = "car", at: datetime = NOW, until: datetime | None = None) -> Request:
    return Request(kind="pause", device=device, at=at, since=at, until=until)


def boost(device: str = "car", at: datetime = NOW, until: datetime = NOW + HOUR) -> Request:
    return Request(kind="boost", device=device, at=at, since=at, until=until)


@given(st.lists(request, max_size=8, unique_by=lambda one: (one.at, one.device, one.kind)), st.randoms())
def test_the_order_in_which_requests_are_kept_changes_nothing(requests: list[Request], shuffler: random.Random) -> None:
    other = list(requests)
    shuffler.shuffle(other)
    assert wishes_in_force(requests, NOW) == wishes_in_force(other, NOW)


@given(st.lists(request, max_size=8))
def test_nothing_changes_before_the_next_change(requests: list[Request]) -> None:
    present = wishes_in_force(requests, NOW)
    if present.next_change is not None:
        assert present.next_change > NOW
        almost = NOW + (present.next_change - NOW) * 0.99
        assert wishes_in_force(requests, almost).devices == present.devices


@given(st.lists(request, max_size=8))
def test_a_device_is_never_asked_to_rest_and_to_run(requests: list[Request]) -> None:
    for asked in wishes_in_force(requests, NOW).devices:
        assert not (asked.paused and asked.boost_until is not None)
        assert not (asked.not_before is not None and asked.boost_until is not None)


@given(st.lists(request, max_size=8), request)
def test_a_new_request_holds_and_touches_no_other_device(requests: list[Request], new: Request) -> None:
    after = with_request(requests, new, NOW)
    assert new in after
    for other in {"car", "washer"} - {new.device}:
        assert wishes_in_force(after, NOW).of(other) == wishes_in_force(requests, NOW).of(other)


def test_the_later_of_pause_and_boost_holds() -> None:
    both = with_request(with_request((), pause(), NOW), boost(at=NOW + HOUR, until=NOW + 3 * HOUR), NOW + HOUR)
    asked = wishes_in_force(both, NOW + 2 * HOUR).of("car")
    assert not asked.paused
    assert asked.boost_until == NOW + 3 * HOUR
    assert wishes_in_force(both, NOW + 4 * HOUR).of("car") == Asked(device="car")


def test_a_pause_without_an_end_holds_until_it_is_taken_back() -> None:
    requests = (pause(), pause("washer"))
    later = NOW + timedelta(days=300)
    assert wishes_in_force(requests, later).of("car").paused
    left = without_device(requests, "car")
    assert not wishes_in_force(left, later).of("car").paused
    assert wishes_in_force(left, later).of("washer").paused


def test_a_vacation_that_lies_ahead_is_told_and_changes_nothing_yet() -> None:
    away = Request(kind="vacation", device=HOME, at=NOW, since=NOW + 24 * HOUR, until=NOW + 200 * HOUR)
    present = wishes_in_force((away,), NOW)
    assert present.vacation is not None
    assert present.vacation.since == NOW + 24 * HOUR
    assert present.next_change == NOW + 24 * HOUR
    assert present.devices == ()
    assert wishes_in_force((away,), NOW + 201 * HOUR).vacation is None


def test_a_target_holds_beside_a_time_to_be_ready() -> None:
    ready = Request(kind="ready_by", device="car", at=NOW, since=NOW, until=NOW + 12 * HOUR, value=0.6)
    fuller = Request(kind="target", device="car", at=NOW + HOUR, since=NOW + HOUR, value=0.9)
    assert wishes_in_force((ready,), NOW).of("car").target == 0.6
    asked = wishes_in_force((ready, fuller), NOW + HOUR).of("car")
    assert (asked.ready_by, asked.target) == (NOW + 12 * HOUR, 0.9)


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        ("2026-01-07T14:00+01:00", "2026-01-08T06:00+01:00"),
        ("2026-01-07T23:30+01:00", "2026-01-08T06:00+01:00"),
        ("2026-01-08T03:00+01:00", "2026-01-08T06:00+01:00"),
        ("2026-03-28T20:00+01:00", "2026-03-29T06:00+02:00"),  # the night with an hour less
        ("2026-10-24T20:00+02:00", "2026-10-25T06:00+01:00"),
    ],
)
def test_tonight_is_over_in_the_next_morning(now: str, morning: str) -> None:
    assert next_morning(datetime.fromisoformat(now).astimezone(UTC), BERLIN) == datetime.fromisoformat(morning)


def test_a_decision_has_a_name() -> None:
    assert decision_id(datetime(2026, 1, 7, tzinfo=UTC), "car") == "1767744000-car"
