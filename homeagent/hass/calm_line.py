"""A connection for what changes all the time: it is heard in gulps, so that the process sleeps in between.

In a pause what comes is kept by the system, which wakes the process early when there is much of it, when the other side
ends the connection, or when somebody wants to hear at once. Every change arrives all the same, in order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from homeagent.hass.connection import Connection

GULP_BYTES = 32 * 1024
"""Some hundred changes: more is heard before the pause is over, so that neither side's memory fills."""

AFTER_OTHERS_S = 0.01
"""Who wakes at a whole minute for something else hears what there is, and the pause begins anew."""

Pause = Callable[[], float]
"""Gives how long [s] the next pause may be; 0 hears at once."""


class CalmLine:
    """The pauses of one connection. They end at whole multiples of their length by the clock, to wake with others."""

    def __init__(self, connection: Connection, pause_s: Pause, wall_s: Callable[[], float]) -> None:
        self._connection = connection
        self._pause_s = pause_s
        self._wall_s = wall_s
        self._end: asyncio.TimerHandle | None = None

    def heard(self) -> None:
        """Begin a pause, now that something was heard, unless there is one."""
        pause_s = self._pause_s()
        if self._end is None and pause_s > 0:
            self._connection.wake_at(GULP_BYTES)
            left_s = pause_s - self._wall_s() % pause_s + AFTER_OTHERS_S
            self._end = asyncio.get_running_loop().call_later(left_s, self.listen)

    def listen(self) -> None:
        """Hear at once what has come, and what comes next."""
        self.end()
        self._connection.wake_at(1)

    def end(self) -> None:
        """End the pause without hearing: the connection is closed."""
        if self._end is not None:
            self._end.cancel()
            self._end = None
