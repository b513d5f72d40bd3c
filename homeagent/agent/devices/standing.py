"""How each device stands, since when, and how often it has begun to run today."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.agent.devices.warm_tasks import Course, course_of
from homeagent.domain.devices import DeviceState

DAYS_KEPT = 8


class Standing:
    """The last state of each device, and its starts by local day."""

    def __init__(self, timezone: ZoneInfo) -> None:
        self._timezone = timezone
        self._states: dict[str, DeviceState] = {}
        self._since: dict[str, datetime] = {}
        self._starts: dict[str, dict[str, int]] = {}

    def see(self, before: DeviceState | None, state: DeviceState) -> bool:
        """Take in how a device stands; return whether it has just begun to run."""
        self._states[state.name] = state
        if before is None:
            return False
        was, runs = course_of(before, 0).on, course_of(state, 0).on
        if was == runs:
            return False
        self._since[state.name] = state.at
        days = self._starts.setdefault(state.name, {})
        today = self._day(state.at)
        days[today] = days.get(today, 0) + runs
        for old in sorted(days)[:-DAYS_KEPT]:
            del days[old]
        return runs

    def of(self, device: str) -> DeviceState | None:
        """Return how a device was last seen to stand."""
        return self._states.get(device)

    def course(self, state: DeviceState) -> Course:
        """Return how a device runs, and for how long: by its own word, else by when it was seen to change."""
        course = course_of(state, self.starts(state.name, state.at))
        since = self._since.get(state.name)
        if state.since is not None or since is None:
            return course
        return replace(course, minutes_so=(state.at - since) / timedelta(minutes=1))

    def starts(self, device: str, at: datetime) -> int:
        """Return how often a device has begun to run on a local day of late."""
        return self._starts.get(device, {}).get(self._day(at), 0)

    def starts_by_day(self, device: str) -> dict[str, int]:
        """Return how often a device has begun to run on each of the last days, by ISO date."""
        return dict(self._starts.get(device, {}))

    def _day(self, at: datetime) -> str:
        return at.astimezone(self._timezone).date().isoformat()
