"""Watches the machine while the agent is awake, and says how hard to think on it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from homeagent.domain.effort import AT_EASE, Effort, HostRules, effort_now
from homeagent.domain.machine import MachineState
from homeagent.footprint.machine import read_machine

_LOGGER = logging.getLogger(__name__)

READ_EVERY = timedelta(minutes=1)
"""No oftener; nothing is read while nobody asks."""


class HostWatch:
    """Reads the machine when it is asked, and a minute has passed. Without `rules` it looks at nothing: all is well.

    A simulated home and a backtest have none: what comes of them must not hang on the weather in the room.
    """

    def __init__(self, rules: HostRules | None = None, read: Callable[[HostRules], MachineState] | None = None) -> None:
        self.state = MachineState()
        self.latest: Effort | None = None
        self._rules = rules
        self._read = read or _read
        self._read_at: datetime | None = None

    def effort(self, now: datetime) -> Effort:
        """Return how hard to think now. Cheap: a comparison, and once a minute a few small files."""
        if self._rules is None:
            return Effort(level="full", strains=(), asked_at=now)
        if self.latest is not None and self._read_at is not None and timedelta(0) <= now - self._read_at < READ_EVERY:
            return self.latest
        before, self._read_at = self.latest, now
        self.state = self._read(self._rules)
        self.latest = effort_now(self.state, now, before, self._rules)
        if self.latest.gist != (AT_EASE if before is None else before.gist):
            _LOGGER.info("the machine: %s", self.latest.told)
        return self.latest

    def told(self) -> Mapping[str, object] | None:
        """Return what the API says of the machine, None while nobody has looked."""
        effort, state = self.latest, self.state
        if effort is None or self._read_at is None:
            return None
        return {
            "effort": effort.level,
            "told": effort.told,
            "read_at": f"{self._read_at:%Y-%m-%dT%H:%M:%SZ}",
            "on_battery": state.on_battery,
            "battery": _rounded(state.battery, 3),
            "hottest_c": _rounded(state.hottest_c, 1),
            "hot_from_c": round(state.hot_from_c, 1),
            "throttled": state.throttled,
            "undervolted": state.undervolted,
            "load_per_core": _rounded(state.load, 2),
            "available_mb": _rounded(state.available_mb, 0),
            "memory_pressure": _rounded(state.memory_pressure, 3),
        }


def _read(rules: HostRules) -> MachineState:
    return read_machine(hot_c=rules.hot_c)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
