"""Tells times of a plan as the home's clock shows them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.domain.grid import TimeGrid

NEAR = timedelta(hours=18)
"""A time further ahead than this is told with its weekday."""


@dataclass(frozen=True, slots=True)
class WallClock:
    """Words for times of one grid."""

    grid: TimeGrid
    timezone: ZoneInfo

    def slot(self, slot: int, seen_from: int) -> str:
        """Return when a slot starts, as it is told in slot `seen_from`."""
        return self.at(self.grid.at(slot), seen_from)

    def at(self, at: datetime, seen_from: int) -> str:
        """Return a time as it is told in slot `seen_from`."""
        local = at.astimezone(self.timezone)
        return f"{local:%H:%M}" if at - self.grid.at(seen_from) <= NEAR else f"{local:%a %H:%M}"
