"""What ends the agent's sleep, with a clock that a test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from homeagent.agent.live.alarm import AGAIN_AFTER_S, AT_ONCE, DUE, GATHER_S, Alarm, Kind


class QuickLoop(asyncio.SelectorEventLoop):
    """Time passes at once while everybody waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0

    def time(self) -> float:
        return self.now_s

    def _run_once(self) -> None:
        if not self._ready and self._scheduled:  # type: ignore[attr-defined] # as the standard loop keeps them
            self.now_s = max(self.now_s, self._scheduled[0].when())  # type: ignore[attr-defined] # as above
        super()._run_once()  # type: ignore[misc] # as above


def played(scenario: Coroutine[Any, Any, None]) -> None:
    loop = QuickLoop()
    try:
        loop.run_until_complete(scenario)
    finally:
        loop.close()


def test_it_sleeps_until_the_next_known_instant() -> None:
    async def scenario() -> None:
        clock_s = asyncio.get_running_loop().time
        alarm = Alarm(clock_s)
        await alarm.sleep(clock_s() + 55)
        assert clock_s() == pytest.approx(1055)
        assert alarm.wakes == {DUE: 1}

    played(scenario())


@pytest.mark.parametrize(("kind", "waits_s"), [("news", GATHER_S), ("person", 0.0)])
def test_a_person_is_heard_at_once_and_news_are_gathered(kind: Kind, waits_s: float) -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        alarm = Alarm(loop.time)
        for after_s in (10.0, 10.05, 10.1):
            loop.call_later(after_s, alarm.ring, "it rang", kind)
        await alarm.sleep(loop.time() + 55)
        assert loop.time() == pytest.approx(1010 + waits_s)
        assert alarm.wakes == {"it rang": 1}

    played(scenario())


def test_a_storm_of_news_wakes_seldom_and_keeps_no_person_waiting() -> None:
    """10000 rings in ten seconds, and one of a person; then it is quiet."""

    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        alarm, woken, newest, seen = Alarm(loop.time), list[float](), [0], list[int]()

        def strike(number: int) -> None:
            newest[0] = number
            alarm.ring("prices came")

        for number in range(10_000):
            loop.call_later(number / 1000, strike, number)
        loop.call_later(5.0, alarm.ring, "a person acted", "person")
        while loop.time() < 1120:
            await alarm.sleep(1120)
            woken.append(loop.time() - 1000)
            seen.append(newest[0])
        assert 5.0 in [pytest.approx(at_s) for at_s in woken]
        assert len([at_s for at_s in woken if at_s < 10]) <= AT_ONCE + 1
        assert len(woken) <= AT_ONCE + 2 + 120 / AGAIN_AFTER_S
        assert seen[-1] == 9999

    played(scenario())
