"""How hard to think on a strained machine: worse at once, better after a while, said once, read seldom."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeagent.agent.host_state import READ_EVERY, HostWatch
from homeagent.domain.effort import LEVELS, SETTLES, Effort, HostRules, effort_now, strains
from homeagent.domain.machine import MachineState

NOW = datetime(2024, 5, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EASE = MachineState(on_battery=False, hottest_c=40.0, throttled=False, load=0.2, memory_pressure=0.0)


@pytest.mark.parametrize(
    ("machine", "level", "told"),
    [
        (MachineState(), "full", "thinking and training as ever"),
        (EASE, "full", "thinking and training as ever"),
        (MachineState(on_battery=True, battery=0.34), "lean", "on battery at 34 %: thinking less, training waits"),
        (MachineState(on_battery=True), "lean", "on battery: thinking less, training waits"),
        (
            MachineState(on_battery=True, battery=0.12),
            "least",
            "on battery at 12 %: thinking as little as can be, training waits",
        ),
        (MachineState(on_battery=False, battery=0.12), "full", "thinking and training as ever"),
        (MachineState(hottest_c=77.0), "lean", "hot (77 degC): thinking less, training waits"),
        (MachineState(hottest_c=77.0, hot_from_c=90.0), "full", "thinking and training as ever"),
        (MachineState(hottest_c=81.0), "least", "hot (81 degC): thinking as little as can be, training waits"),
        (MachineState(throttled=True), "lean", "throttled: thinking less, training waits"),
        (
            MachineState(undervolted=True),
            "lean",
            "short of voltage (a stronger power supply helps): thinking less, training waits",
        ),
        (
            MachineState(memory_pressure=0.5),
            "least",
            "short of memory (programs wait for it 50 % of the time): thinking as little as can be, training waits",
        ),
        (
            MachineState(on_battery=True, battery=0.8, load=4.5),
            "least",
            "busy (load 4.5 a core) and on battery at 80 %: thinking as little as can be, training waits",
        ),
    ],
)
def test_a_machine_is_spared_by_what_it_suffers_from(machine: MachineState, level: str, told: str) -> None:
    effort = effort_now(machine, NOW, None)
    assert (effort.level, effort.told) == (level, told)
    assert effort.learned is (level == "full")


def test_less_effort_asks_more_of_a_think() -> None:
    patience = [Effort(level=level, strains=(), asked_at=NOW).patience for level in LEVELS]
    assert patience[0] == 1.0
    assert patience == sorted(set(patience))


def test_it_gets_better_by_one_level_after_a_quiet_while() -> None:
    effort = effort_now(MachineState(hottest_c=90.0), NOW, None)
    course = []
    for minute in range(1, 12):
        effort = effort_now(EASE, NOW + minute * MINUTE, effort)
        course.append(effort.level)
    assert course == ["least"] * 4 + ["lean"] * 5 + ["full"] * 2
    assert effort_now(EASE, NOW + MINUTE, effort_now(MachineState(load=3.0), NOW, None)).told == (
        "busy (load 3.0 a core) until lately: thinking less, training waits"
    )


def test_a_clock_that_went_back_holds_nothing_up() -> None:
    effort = effort_now(MachineState(load=3.0), NOW, None)
    assert effort_now(EASE, NOW - timedelta(hours=1), effort).level == "full"


machines = st.builds(
    MachineState,
    load=st.none() | st.floats(0, 6),
    hottest_c=st.none() | st.floats(20, 110),
    on_battery=st.none() | st.booleans(),
    battery=st.none() | st.floats(0, 1),
    memory_pressure=st.none() | st.floats(0, 1),
    throttled=st.none() | st.booleans(),
)


@given(st.lists(st.tuples(machines, st.integers(1, 4)), min_size=1, max_size=60))
def test_it_never_flutters_and_never_strains_more_than_asked(course: list[tuple[MachineState, int]]) -> None:
    now, last_change = NOW, NOW
    effort: Effort | None = None
    for machine, minutes in course:
        now += minutes * MINUTE
        before, effort = effort, effort_now(machine, now, effort)
        asked = strains(machine, HostRules().low_battery)
        rank = LEVELS.index(effort.level)
        assert rank >= max((LEVELS.index(strain.level) for strain in asked), default=0)
        if before is not None and rank < LEVELS.index(before.level):
            assert rank == LEVELS.index(before.level) - 1
            assert now - last_change >= SETTLES
        if before is None or effort.level != before.level:
            last_change = now


def test_the_machine_is_read_once_a_minute_and_only_when_asked() -> None:
    reads: list[HostRules] = []
    watch = HostWatch(HostRules(), lambda rules: reads.append(rules) or EASE)  # type: ignore[func-returns-value]
    assert watch.told() is None
    for second in range(0, 600, 5):
        watch.effort(NOW + timedelta(seconds=second))
    assert len(reads) == 10
    watch.effort(NOW + timedelta(days=1))  # it slept, or the machine did
    watch.effort(NOW)  # the clock went back
    assert len(reads) == 12
    assert READ_EVERY >= MINUTE


def test_a_reason_is_logged_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    course = [EASE, *[MachineState(hottest_c=76.0 + k % 3) for k in range(20)], *[EASE] * 20]
    states = iter(course)
    watch = HostWatch(HostRules(), lambda _rules: next(states))
    with caplog.at_level(logging.INFO):
        for minute in range(len(course)):
            watch.effort(NOW + minute * MINUTE)
    assert [record.getMessage() for record in caplog.records] == [
        "the machine: hot (76 degC): thinking less, training waits",
        "the machine: thinking and training as ever",
    ]
    told = watch.told()
    assert told is not None
    assert (told["effort"], told["hottest_c"], told["undervolted"]) == ("full", 40.0, None)


def test_where_nobody_is_to_look_nothing_is_read() -> None:
    def read(_rules: HostRules) -> MachineState:
        raise AssertionError

    watch = HostWatch(None, read)
    assert watch.effort(NOW).level == "full"
    assert watch.told() is None
