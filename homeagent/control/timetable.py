"""Devices that keep fixed hours: what they are to do now, and what that will draw."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.command import Instruction, SetSwitch
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.wiring import Timetable


def instruction_at(timetable: Timetable, at: datetime, timezone: ZoneInfo) -> Instruction:
    """Return what the device is to do at `at`: the last entry of the local day so far, or of the day before."""
    local = at.astimezone(timezone)
    minute = local.hour * 60 + local.minute
    passed = [instruction for start, instruction in timetable.entries if start <= minute]
    return passed[-1] if passed else timetable.entries[-1][1]


def drawn_kw(timetables: tuple[Timetable, ...], grid: TimeGrid, timezone: ZoneInfo) -> FloatArray:
    """Return what all switched devices together are expected to draw in each slot, shape (count,) [kW]."""
    total = np.zeros(grid.count)
    for timetable in timetables:
        if timetable.rated_kw > 0:
            told = [instruction_at(timetable, at, timezone) for at in grid.starts()]
            total += timetable.rated_kw * np.array([isinstance(what, SetSwitch) and what.on for what in told])
    return total
