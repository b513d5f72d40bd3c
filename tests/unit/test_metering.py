"""Values that hold until they change become means; gaps, spikes, resets and clock jumps are told, never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.domain.readings import Reading
from homeagent.domain.wiring import Meters, MeterSource, MeterSpec
from homeagent.hass.entities import EntityState
from homeagent.hass.lateness import Lateness
from homeagent.hass.metering import MeterBoard

START = datetime(2025, 1, 1, tzinfo=UTC)


class Board:
    """A board with a clock of its own."""

    def __init__(self, *, load: bool = False, controlled: bool = False) -> None:
        self.now, self.seconds = START, 0.0
        one_way = {"low_kw": -0.5, "high_kw": 70.0}
        battery = MeterSpec(quantity="battery_kw", sources=(MeterSource(entity="s.battery"),), low_kw=-8.5, high_kw=8.5)
        grid = MeterSpec(quantity="grid_kw", sources=(MeterSource(entity="s.grid"),), low_kw=-25, high_kw=25)
        powers = [grid, MeterSpec(quantity="pv_kw", sources=(MeterSource(entity="s.pv"),), **one_way), battery]
        if load:
            powers.append(MeterSpec(quantity="load_kw", sources=(MeterSource(entity="s.load"),), **one_way))
        boiler = MeterSpec(quantity="boiler", sources=(MeterSource(entity="s.boiler"),), **one_way)
        meters = Meters(
            powers=tuple(powers), soc="s.soc", capacity_kwh=10.0, controlled=(boiler,) if controlled else ()
        )
        self.board = MeterBoard(meters, lambda: self.now, lambda: self.seconds)

    def see(self, entity: str, value: str, unit: str | None = "W") -> None:
        attributes = {} if unit is None else {"unit_of_measurement": unit}
        self.board.see(entity, EntityState(entity_id=entity, state=value, attributes=attributes, updated_at=START))

    def all(self, grid: str = "1000", pv: str = "500", battery: str = "0", soc: str = "50") -> None:
        for entity, value in (("s.grid", grid), ("s.pv", pv), ("s.battery", battery)):
            self.see(entity, value)
        self.see("s.soc", soc, "%")

    def gulp(self, untold: list[tuple[float, str]]) -> None:
        """Hear what happened at some seconds, all at once."""
        for at_s, watts in untold:
            attributes = {"unit_of_measurement": "W"}
            state = EntityState(entity_id="s.grid", state=watts, attributes=attributes, updated_at=START)
            self.board.see("s.grid", state, self.seconds - at_s)
        untold.clear()

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)

    def take(self) -> dict[str, Reading]:
        return {reading.entity: reading for reading in self.board.take()}


def test_means_are_weighted_by_time_and_the_load_is_what_is_left() -> None:
    board = Board()
    board.all()
    board.wait(45)
    board.see("s.grid", "3000")
    board.wait(15)
    taken = board.take()
    assert taken["grid_kw"].value == pytest.approx(1.5)
    assert taken["load_kw"].value == pytest.approx(2.0)
    assert taken["load_kw"].over == timedelta(seconds=60)
    assert taken["soc_kwh"].value == 5


def test_a_home_without_a_battery_has_an_empty_one() -> None:
    now, seconds = START, 0.0
    grid = MeterSpec(quantity="grid_kw", sources=(MeterSource(entity="s.grid"),), low_kw=-25, high_kw=25)
    board = MeterBoard(Meters(powers=(grid,), soc=None, capacity_kwh=1e-3, pv="none"), lambda: now, lambda: seconds)
    attributes = {"unit_of_measurement": "W"}
    board.see("s.grid", EntityState(entity_id="s.grid", state="1500", attributes=attributes, updated_at=START))
    assert {reading.entity: reading.value for reading in board.snapshot()} == {
        "load_kw": 1.5,
        "grid_kw": 1.5,
        "pv_kw": 0.0,
        "battery_kw": 0.0,
        "soc_kwh": 0.0,
    }
    board.lost()
    assert board.soc_kwh == 0.0
    assert board.problems() == ["no connection to Home Assistant"]


@given(st.lists(st.tuples(st.floats(0.5, 30), st.integers(-20000, 20000)), min_size=1, max_size=20))
def test_energy_is_conserved(changes: list[tuple[float, int]]) -> None:
    board = Board()
    board.all(grid="0")
    kws = kw = seconds = 0.0
    for wait_s, watts in changes:
        board.wait(wait_s)
        kws, seconds = kws + kw * wait_s, seconds + wait_s
        board.see("s.grid", str(watts))
        kw = watts / 1000
    assert board.take()["grid_kw"].value == pytest.approx(kws / seconds, abs=1e-9)


@given(st.lists(st.tuples(st.floats(0.5, 10), st.integers(-20000, 20000)), min_size=1, max_size=20), st.floats(1, 30))
def test_what_is_heard_in_gulps_measures_what_is_heard_at_once(
    changes: list[tuple[float, int]], pause_s: float
) -> None:
    at_once, late = Board(), Board()
    for board in (at_once, late):
        board.all(grid="0")
    untold: list[tuple[float, str]] = []
    for wait_s, watts in changes:
        for board in (at_once, late):
            board.wait(wait_s)
        at_once.see("s.grid", str(watts))
        untold.append((late.seconds, str(watts)))
        if late.seconds - untold[0][0] >= pause_s:
            late.gulp(untold)
    late.gulp(untold)
    means = [board.take()["grid_kw"].value for board in (at_once, late)]
    assert means[0] == pytest.approx(means[1], abs=1e-9)


def test_what_was_taken_is_not_changed_by_what_comes_late() -> None:
    board = Board()
    board.all(grid="0")
    board.wait(60)
    assert board.take()["grid_kw"].value == 0.0
    board.wait(10)
    board.gulp([(50.0, "6000")])  # in the minute before
    board.wait(50)
    assert board.take()["grid_kw"].value == pytest.approx(6.0)


@given(
    offset_s=st.floats(-1e5, 1e5),
    drift=st.floats(-1e-4, 1e-4),
    waits=st.lists(st.tuples(st.floats(0, 20), st.booleans()), min_size=30, max_size=100),
)
def test_lateness_is_told_by_the_other_clock(offset_s: float, drift: float, waits: list[tuple[float, bool]]) -> None:
    lateness, now_s = Lateness(), 1000.0
    for index, (wait_s, at_once) in enumerate(waits):
        now_s += 10 + wait_s
        really_s = 0.0 if at_once or index % 10 == 0 else wait_s
        told_s = lateness.of((now_s - really_s) * (1 + drift) + offset_s, now_s)
        assert told_s == pytest.approx(really_s, abs=1200 * 1e-4 + 0.01)


def test_a_clock_of_home_assistant_that_is_set_spoils_little() -> None:
    lateness = Lateness()
    assert lateness.of(500.0, 1000.0) == 0.0
    assert lateness.of(495.0, 1005.0) == pytest.approx(10.0)
    assert lateness.of(505.0 - 3600, 1010.0) == 0.0  # set back: nothing is so late
    assert lateness.of(510.0 + 3600, 1015.0) == 0.0  # set forward: the new difference counts
    assert lateness.of(513.0 + 3600, 1020.0) == pytest.approx(2.0)
    assert lateness.of(5000.0, 9000.0) == 0.0  # after a long silence nothing is known


def test_a_counter_gives_the_power_of_its_steps_and_falls_to_nothing() -> None:
    board = Board()
    board.all()
    board.see("s.pv", "100.0", "kWh")
    for count in range(1, 7):
        board.wait(60)
        board.see("s.pv", f"{100 + 0.05 * count:.2f}", "kWh")
    assert board.board.present_kw("pv_kw") == pytest.approx(3.0)
    board.wait(3600)
    board.take()
    assert board.board.present_kw("pv_kw") == pytest.approx(0.05)


def test_a_counter_that_never_moved_is_still_after_a_while() -> None:
    board = Board()
    board.see("s.pv", "100.00", "kWh")
    board.wait(299)
    assert board.board.present_kw("pv_kw") is None
    board.wait(422)  # 10 Wh in twelve minutes would be 50 W
    assert board.board.present_kw("pv_kw") == 0
    board.see("s.pv", "100.05", "kWh")
    assert board.board.present_kw("pv_kw") == pytest.approx(0.05 * 3600 / 721)


def test_a_counter_that_stops_is_not_believed_until_the_next_minute() -> None:
    board = Board()
    for count in ("100.00", "100.05"):
        board.see("s.pv", count, "kWh")
        board.wait(60)
    assert board.board.present_kw("pv_kw") == pytest.approx(3.0)
    board.wait(60)
    board.see("s.pv", "100.05", "kWh")
    board.wait(60)
    assert board.board.present_kw("pv_kw") == pytest.approx(1.0)


def test_a_counter_that_is_reset_or_leaps_is_no_power() -> None:
    board = Board()
    board.all()
    board.see("s.pv", "100", "kWh")
    board.wait(60)
    board.see("s.pv", "0.1", "kWh")
    board.wait(60)
    board.see("s.pv", "0.15", "kWh")
    assert board.board.present_kw("pv_kw") == pytest.approx(3.0)
    board.wait(60)
    board.see("s.pv", "900", "kWh")
    assert board.board.present_kw("pv_kw") is None
    assert "jumped by 899.85 kWh" in " ".join(board.board.problems())


@pytest.mark.parametrize("value", ["unavailable", "unknown", "nan"])
def test_no_value_is_a_gap_with_its_reason(value: str) -> None:
    board = Board()
    board.all()
    board.see("s.grid", value)
    board.wait(60)
    taken = board.take()
    assert taken["grid_kw"].value is None
    assert taken["grid_kw"].reason == f"s.grid is {value}"
    assert taken["load_kw"].value is None
    assert taken["pv_kw"].value == pytest.approx(0.5)


def test_half_a_minute_is_enough_for_a_mean_and_less_is_not() -> None:
    for known_s, there in ((31, True), (29, False)):
        board = Board()
        board.all()
        board.wait(known_s)
        board.see("s.grid", "unavailable")
        board.wait(60 - known_s)
        assert (board.take()["grid_kw"].value is not None) is there


def test_a_spike_is_a_gap_and_watts_under_the_unit_kw_are_named() -> None:
    board = Board()
    board.all()
    board.see("s.grid", "800", "kW")
    assert board.board.present_kw("grid_kw") is None
    assert "does it give watts under the unit kW?" in " ".join(board.board.problems())
    board.see("s.grid", "800000", "kW")
    assert "beyond this home" in " ".join(board.board.problems())
    assert "watts under" not in " ".join(board.board.problems())
    board.see("s.grid", "900")
    assert board.board.problems() == []


def test_an_unknown_unit_names_the_entity() -> None:
    board = Board()
    board.all()
    board.see("s.grid", "5", "A")
    assert "s.grid: its unit 'A' is none of a power" in " ".join(board.board.problems())


@pytest.mark.parametrize("jump", [timedelta(hours=1), -timedelta(hours=1)])
def test_a_clock_that_is_set_spoils_one_mean_and_no_more(jump: timedelta) -> None:
    board = Board()
    board.all()
    board.wait(60)
    board.now += jump
    assert all(reading.reason == "the clock was set" for reading in board.take().values())
    board.wait(60)
    assert board.take()["grid_kw"].value == pytest.approx(1.0)


def test_a_lost_link_leaves_nothing_to_trust() -> None:
    board = Board()
    board.all()
    board.board.lost()
    assert board.board.soc_kwh is None
    assert board.board.present_kw("grid_kw") is None
    board.wait(60)
    assert {reading.value for reading in board.take().values()} == {None}


def test_a_meter_with_the_wrong_sign_is_seen_by_the_load() -> None:
    board = Board()
    board.all(grid="-4000", pv="500")
    assert "the load comes out as -3.5 kW: a meter has the wrong sign" in board.board.problems()


def test_a_battery_that_counts_backwards_is_named_with_the_remedy() -> None:
    board = Board()
    for minute in range(60):
        board.all(battery="3000", soc=f"{50 + minute / 2:.0f}")
        board.wait(60)
        board.take()
    (problem,) = [problem for problem in board.board.problems() if "counts backwards" in problem]
    assert "positive: charge" in problem


def test_what_the_agent_switches_is_measured_apart() -> None:
    board = Board(load=True, controlled=True)
    board.all()
    board.see("s.load", "2500")
    board.see("s.boiler", "2000")
    board.wait(60)
    taken = board.take()
    assert taken["load_kw"].value == pytest.approx(2.5)
    assert taken["controlled_kw"].value == pytest.approx(2.0)


@pytest.mark.parametrize(("shown", "unit", "kwh"), [("101", "%", 10.0), ("0", "%", 0.0), ("6.1", "kWh", 6.1)])
def test_a_state_of_charge_stays_inside_the_battery(shown: str, unit: str, kwh: float) -> None:
    board = Board()
    board.see("s.soc", shown, unit)
    assert board.board.soc_kwh == pytest.approx(kwh)


def test_a_state_of_charge_that_cannot_be_is_refused() -> None:
    board = Board()
    board.see("s.soc", "500", "%")
    assert board.board.soc_kwh is None
    assert "which no battery of this size can hold" in str(board.board.soc_problem)
