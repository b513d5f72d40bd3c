"""How often a device may be written to: flash wears, and clouds count calls."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

DAY = timedelta(days=1)
FOR_FOLLOWING = 0.5
"""The share of the writes left that may go into following the load; the rest is for commands."""


class WriteBudget:
    """Counts writes over the last 24 hours."""

    def __init__(self, per_day: int) -> None:
        self.per_day = per_day
        self._writes: deque[datetime] = deque()

    def spend(self, now: datetime, count: int) -> None:
        """Count writes."""
        self._writes.extend([now] * count)

    def left(self, now: datetime) -> int:
        """Return how many writes are left."""
        while self._writes and self._writes[0] <= now - DAY:
            self._writes.popleft()
        return self.per_day - len(self._writes)

    def pace(self, now: datetime) -> timedelta:
        """Return how far apart writes must be that only follow the load, so that there always are some left."""
        left = FOR_FOLLOWING * self.left(now)
        return DAY if left < 1 else DAY / left
