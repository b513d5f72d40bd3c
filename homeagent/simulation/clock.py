"""A clock that stands still until it is told to move on."""

from __future__ import annotations

from datetime import datetime

from homeagent.domain.grid import require_utc


class VirtualClock:
    """Time as the simulation has it; it never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = require_utc(start)

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        return self._now

    def advance_to(self, at: datetime) -> None:
        """Move on to `at`.

        Raises:
            ValueError: `at` lies in the past.
        """
        at = require_utc(at)
        if at < self._now:
            raise ValueError(f"the clock stands at {self._now.isoformat()} and cannot go back to {at.isoformat()}")
        self._now = at
