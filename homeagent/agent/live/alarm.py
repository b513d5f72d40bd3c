"""What ends the agent's sleep: an instant that is known beforehand, news, or a person."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["news", "person"]

GATHER_S = 0.2
"""News that come within so short a time are taken in one round; a person is not kept waiting for them."""
AT_ONCE, AGAIN_AFTER_S = 10, 30.0
"""So many rounds may follow each other; each is made good after this time. A storm waits for that."""
DUE = "it was time"


class Ration:
    """So many at once, and one again after a while (the generic cell rate algorithm)."""

    def __init__(self) -> None:
        self._full_s = 0.0

    def next_s(self, now_s: float) -> float:
        """Return when the next one may be had."""
        return max(self._full_s - (AT_ONCE - 1) * AGAIN_AFTER_S, now_s)

    def spend(self, now_s: float) -> None:
        """Take one."""
        self._full_s = max(self._full_s, now_s) + AGAIN_AFTER_S


class Alarm:
    """Puts the loop to sleep. A person's act ends it at once, news after a moment; both are rationed, each by itself.

    So whatever storms in, rounds stay few, and what has come by then is seen all at once: the newest state wins.
    """

    def __init__(self, monotonic_s: Callable[[], float]) -> None:
        self.wakes: Counter[str] = Counter()
        """How often the loop was woken, by reason."""
        self.person_waited_s = 0.0
        """The longest that a person's act has waited for the loop."""
        self._monotonic_s = monotonic_s
        self._rations: dict[Kind, Ration] = {"news": Ration(), "person": Ration()}
        self._due_s: dict[Kind, float] = {}
        self._acted_s: float | None = None
        self._reasons: dict[str, None] = {}
        self._rung = asyncio.Event()

    def ring(self, reason: str, kind: Kind = "news") -> None:
        """Wake the loop, and say why."""
        self._reasons[reason] = None
        now_s = self._monotonic_s()
        if kind == "person" and self._acted_s is None:
            self._acted_s = now_s
        if kind not in self._due_s:
            self._due_s[kind] = self._rations[kind].next_s(now_s if kind == "person" else now_s + GATHER_S)
            self._rung.set()

    async def sleep(self, until_s: float) -> None:
        """Return at a monotonic time, or earlier if the alarm was rung."""
        while (left_s := min((until_s, *self._due_s.values())) - self._monotonic_s()) > 0:
            self._rung.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._rung.wait()
        now_s = self._monotonic_s()
        for kind in self._due_s:
            self._rations[kind].spend(now_s)
        if self._acted_s is not None:
            self.person_waited_s = max(self.person_waited_s, now_s - self._acted_s)
            self._acted_s = None
        self.wakes.update([*self._reasons] or [DUE])
        self._due_s.clear()
        self._reasons.clear()
