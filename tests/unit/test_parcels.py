"""What goes to another machine and what comes back: every number, no name, and nothing that is damaged or foreign."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from dask_processes import request_of_a_home
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.site import Place
from homeagent.forecasting.issued_ahead import IssuedAhead
from homeagent.forecasting.learned import Calibration
from homeagent.forecasting.student import Network
from homeagent.learning.answer_parcel import answer_parcel, trained_of
from homeagent.learning.model import Student
from homeagent.learning.model_files import ModelFileError
from homeagent.learning.parcel import MOST_BYTES, Array, ParcelError, packed, unpacked
from homeagent.learning.request_parcel import request_of, request_parcel
from homeagent.learning.training import Request, Trained, train

REQUEST = request_of_a_home()


@pytest.fixture(scope="module")
def answer() -> bytes:
    return answer_parcel(train(REQUEST, lambda _line: None), REQUEST.ahead)


def rich_request() -> Request:
    """Return a request with all that one may hold."""
    course = REQUEST.course
    issued = IssuedAhead(since=np.array([-3, 5]), values=np.random.default_rng(1).normal(size=(2, 2, 48)))
    some = np.float32(1.5)
    network = Network.untaught((40, 8, 9), np.full(40, some), np.full(40, some), seed=3)
    student = Student(
        network=network, trust=0.7, calibration=Calibration(shift=np.arange(9) / 7), kind="int8", marks=None
    )
    return replace(REQUEST, course=replace(course, issued=issued), champions={"load": student}, search=True)


def test_a_request_arrives_as_it_was_sent() -> None:
    sent = rich_request()
    come = request_of(request_parcel(sent))
    assert come.course.past == sent.course.past
    assert come.course.calendar.grid == sent.course.calendar.grid
    for name in ("load_kw", "pv_kw", "temperature_c", "irradiance_w_m2", "nobody_home"):
        np.testing.assert_array_equal(getattr(come.course, name), getattr(sent.course, name))
    for name in ("offset_s", "day_share", "weekday", "day_off", "year_share", "sun_height"):
        np.testing.assert_array_equal(getattr(come.course.calendar, name), getattr(sent.course.calendar, name))
    assert come.course.issued is not None
    assert sent.course.issued is not None
    np.testing.assert_array_equal(come.course.issued.values, sent.course.issued.values)
    np.testing.assert_array_equal(come.course.issued.since, sent.course.issued.since)
    assert come.market is not None
    assert sent.market is not None
    assert come.market.site == replace(sent.market.site, place=None)
    np.testing.assert_array_equal(come.market.import_per_kwh, sent.market.import_per_kwh)
    here, there = sent.champions["load"], come.champions["load"]
    assert (there.trust, there.kind) == (here.trust, here.kind)
    np.testing.assert_array_equal(there.calibration.shift, here.calibration.shift)
    for ours, theirs in zip(here.network.weights, there.network.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    rest = ("ahead", "made_at", "budget", "kind", "with_teacher", "search", "compress", "seed")
    assert [getattr(come, name) for name in rest] == [getattr(sent, name) for name in rest]


def test_no_place_and_no_currency_go_along() -> None:
    market = REQUEST.market
    assert market is not None
    place = Place(latitude_deg=59.3293, longitude_deg=18.0686, country="SE")
    parcel = request_parcel(
        replace(REQUEST, market=replace(market, site=replace(market.site, place=place, currency="XBT")))
    )
    _, head, numbers = parcel.split(b"\n", 2)
    assert b"XBT" not in head
    assert b"SE" not in head
    assert b"59.3" not in head
    assert np.float64(59.3293).tobytes() not in numbers
    told = json.loads(head)
    assert all(dtype in {"<f8", "<i8", "|b1"} for dtype, _ in told["arrays"].values())


@given(st.data())
def test_damage_is_found_wherever_it_is(data: st.DataObject) -> None:
    parcel = packed({"a": 1}, {"x": np.arange(5.0), "y": np.ones((2, 3), np.float32)})
    at = data.draw(st.integers(0, len(parcel) - 1))
    flip = data.draw(st.integers(1, 255))
    with pytest.raises(ParcelError):
        unpacked(parcel[:at] + bytes([parcel[at] ^ flip]) + parcel[at + 1 :])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_parcel_or_are_refused(content: bytes) -> None:
    with pytest.raises(ParcelError):
        unpacked(content)


@pytest.mark.parametrize(
    "told",
    [
        {"x": ["|O", [1]]},
        {"x": ["<f8", [-1]]},
        {"x": ["<f8", [1 << 40]]},
        {"x": ["<f8", ["1"]]},
        {"x": ["<f8"]},
        ["x"],
        {},
    ],
)
def test_arrays_that_are_none_are_refused(told: object) -> None:
    first = json.dumps({"head": {}, "arrays": told}).encode() + b"\n" + np.arange(1.0).tobytes()
    with pytest.raises(ParcelError, match=r"its head|other things"):
        unpacked(hashlib.sha256(first).hexdigest().encode() + b"\n" + first)


@pytest.mark.parametrize("parcel", ["a parcel", None, packed({}, {"x": np.arange(1.0)})[:-1], bytes(MOST_BYTES + 1)])
def test_what_is_no_parcel_is_refused(parcel: object) -> None:
    with pytest.raises(ParcelError):
        unpacked(parcel)


def test_the_answer_is_the_training_itself(answer: bytes) -> None:
    here, there = train(REQUEST, lambda _line: None), trained_of(answer, REQUEST)
    assert here.model is not None
    assert there.model is not None
    assert there.model.regret == here.model.regret
    assert there.model.floor_regret == here.model.floor_regret
    assert set(there.model.students) == set(here.model.students) == {"load", "pv"}
    for quantity, ours in here.model.students.items():
        theirs = there.model.students[quantity]
        assert (theirs.trust, theirs.marks, theirs.kind) == (ours.trust, ours.marks, ours.kind)
        assert ours.notes is not None
        assert theirs.notes is not None
        np.testing.assert_array_equal(theirs.notes.origins, ours.notes.origins)
        np.testing.assert_array_equal(theirs.notes.rows.inputs, ours.notes.rows.inputs)
        np.testing.assert_array_equal(theirs.notes.corrections, ours.notes.corrections)
        for one, other in zip(theirs.network.weights, ours.network.weights, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_refusal_comes_back_in_one_plain_line() -> None:
    parcel = answer_parcel(Trained(model=None, cpu_seconds=1.5, reason="no\n\x1b[31m good"), 24)
    trained = trained_of(parcel, REQUEST)
    assert (trained.model, trained.reason, trained.cpu_seconds) == (None, "no  [31m good", 1.5)


Change = Callable[[dict[str, object], dict[str, Array]], object]
CHANGES: dict[str, Change] = {
    "of another release": lambda head, _: head.update(format=2),
    "no reason": lambda head, _: head.pop("reason"),
    "a ladder that is none": lambda head, _: head.update(ladder={"load": [1]}),
    "time that is none": lambda head, _: head.update(cpu_seconds="nan"),
    "money that is none": lambda head, _: head.update(champion_regret=float("inf")),
    "no card": lambda _, arrays: arrays.pop("file.card.json"),
    "nothing said": lambda _, arrays: arrays.pop("load.said"),
    "said of the future": lambda _, arrays: arrays.update({"load.origins": arrays["load.origins"] + 24 * 40}),
    "said of before the home": lambda _, arrays: arrays.update({"load.origins": arrays["load.origins"] - 24 * 60}),
    "said twice": lambda _, arrays: arrays.update({"load.origins": np.zeros_like(arrays["load.origins"])}),
    "said in another shape": lambda _, arrays: arrays.update({"load.said": arrays["load.said"][:, :-1]}),
    "said what is no number": lambda _, arrays: arrays["load.said"].fill(np.nan),
    "a file of other weights": lambda _, arrays: [
        array.__setitem__(slice(200, 210), 7) for name, array in arrays.items() if name.startswith("file.load")
    ],
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_answer_that_is_changed_is_refused(answer: bytes, change: Change) -> None:
    head, arrays = unpacked(answer)
    told = dict(head)
    change(told, arrays)
    with pytest.raises((ParcelError, ModelFileError)):
        trained_of(packed(told, arrays), REQUEST)


def test_an_answer_to_another_request_is_refused(answer: bytes) -> None:
    other = replace(REQUEST, made_at=REQUEST.made_at + timedelta(days=1))
    with pytest.raises(ModelFileError, match="another model than was asked for"):
        trained_of(answer, other)


def test_a_file_is_written_nowhere_else(answer: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    head, arrays = unpacked(answer)
    outside = tmp_path_factory.mktemp("outside") / "written"
    arrays |= {f"file.{outside}": np.zeros(3, np.uint8), "file...": np.zeros(3, np.uint8)}
    assert trained_of(packed(head, arrays), REQUEST).model is not None
    assert not outside.exists()


def test_marks_are_worked_out_here_and_not_believed(answer: bytes) -> None:
    head, arrays = unpacked(answer)
    card = json.loads(arrays["file.card.json"].tobytes())
    honest = trained_of(answer, REQUEST).model
    card["students"]["load"]["marks"]["pinball_kw"] = 0.0
    arrays["file.card.json"] = np.frombuffer(json.dumps(card).encode(), np.uint8)
    boasting = trained_of(packed(head, arrays), REQUEST).model
    assert honest is not None
    assert boasting is not None
    assert boasting.students["load"].marks == honest.students["load"].marks
