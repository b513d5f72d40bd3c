"""What the agent knows of days to come that no meter says: announced loads, and times when nobody is at home."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.errors import InputError, Issue
from homeagent.domain.expectations import (
    LONGEST_LOAD,
    MOST_ANNOUNCED_KW,
    Absence,
    AnnouncedLoad,
    announced_kw,
    nobody_home,
)
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.forecasting.absence import SHORTEST, absent, long_enough, perhaps_away, quiet_levels_kw, while_away
from homeagent.forecasting.calendar import utc_offsets_s
from homeagent.forecasting.stretches import stretches
from homeagent.store.store import Store

FACT = "announced_loads"
KEEP = timedelta(days=45)
"""So long a load that is over is remembered: its hours are no habit."""
FURTHEST = timedelta(days=14)
MOST_LOADS = 50
MOSTLY = 0.5
"""Of a slot: nobody was at home in more than this share of it."""


class Expectations:
    """Announced loads, kept in the store, and absences: configured, or found once a day.

    `presence` gives in which share of each slot nobody was at home, NaN where that is not known: there it is found in
    the load.
    """

    def __init__(
        self,
        store: Store,
        timezone: ZoneInfo,
        absences: Sequence[Absence] = (),
        presence: Callable[[TimeGrid], FloatArray] | None = None,
    ) -> None:
        self._presence = presence
        self._store, self._timezone = store, timezone
        self._configured = tuple(absences)
        self.told_of: Callable[[], Sequence[Absence]] = tuple
        """Gives absences that people have told of beside those."""
        self._found: tuple[Absence, ...] = ()
        self._looked: date | None = None
        kept = store.fact(FACT)
        self._loads = [] if kept is None else [_load_of(row) for row in json.loads(kept)]

    @property
    def _absences(self) -> tuple[Absence, ...]:
        return (*self._configured, *self.told_of())

    @property
    def loads(self) -> tuple[AnnouncedLoad, ...]:
        """Every announced load that is remembered, by its start."""
        return tuple(sorted(self._loads, key=lambda load: (load.start, load.name)))

    def ahead(self, now: datetime) -> tuple[AnnouncedLoad, ...]:
        """Return the announced loads that are not over."""
        return tuple(load for load in self.loads if load.end > now)

    def announce(self, load: AnnouncedLoad, now: datetime) -> None:
        """Expect a load; one of the same name that is not over is replaced.

        Raises:
            InputError: it is over already, too far ahead, too long, or more than a home can draw.
        """
        refused = _wrong_with(load, now)
        others = [kept for kept in self._loads if kept.end > now - KEEP and (kept.name != load.name or kept.end <= now)]
        if refused is None and len([kept for kept in others if kept.end > now]) >= MOST_LOADS:
            refused = Issue(path="announced_loads", message="are too many", remedy="cancel some of them")
        if refused is not None:
            raise InputError(f"load {load.name}", (refused,))
        self._loads = [*others, load]
        self._keep()

    def cancel(self, name: str, now: datetime) -> bool:
        """Forget a load that is not over; return whether there was one."""
        left = [load for load in self._loads if load.name != name or load.end <= now]
        found = len(left) < len(self._loads)
        self._loads = left
        if found:
            self._keep()
        return found

    def _keep(self) -> None:
        self._store.write_fact(FACT, json.dumps([_row_of(load) for load in self._loads]))
        self._store.flush()

    def look(self, history: History) -> None:
        """Look in what was measured for times when nobody was at home, once a local day."""
        today = history.grid.end.astimezone(self._timezone).date()
        if today == self._looked:
            return
        self._looked = today
        away = self._gone(history)
        self._found = tuple(
            Absence(
                start=history.grid.at(int(begin)), end=None if end == history.grid.count else history.grid.at(int(end))
            )
            for begin, end in zip(*stretches(away), strict=True)
        )

    def now_away(self, history: History) -> Absence | None:
        """Return the absence that is found to go on, unless the last hours already look like somebody is back."""
        last = self._found[-1] if self._found else None
        if last is None or last.end is not None:
            return None
        return last if self._gone(history)[-1] else None

    def _gone(self, history: History) -> BoolArray:
        """Return the slots in which nobody was at home for long: as it was told, else as the load shows it."""
        found = absent(history, utc_offsets_s(history.grid, self._timezone))
        told = np.full(history.grid.count, np.nan) if self._presence is None else self._presence(history.grid)
        gone: BoolArray = np.where(np.isnan(told), found, long_enough(told > MOSTLY, history.grid.step))
        return gone

    def without(self, history: History) -> History:
        """Return the history with gaps where it shows no habit: absences and announced loads."""
        odd = self.no_habit(history.grid)
        return (
            history
            if not odd.any()
            else History(grid=history.grid, load_kw=np.where(odd, np.nan, history.load_kw), pv_kw=history.pv_kw)
        )

    def no_habit(self, grid: TimeGrid) -> BoolArray:
        """Return the slots whose load is no habit, shape (count,)."""
        found: BoolArray = self.away(grid) | (announced_kw(tuple(self._loads), grid) > 0)
        return found

    def away(self, grid: TimeGrid) -> BoolArray:
        """Return the slots of a past in which nobody was at home, as configured or found."""
        return nobody_home((*self._absences, *self._found), grid)

    def told_away(self, grid: TimeGrid) -> BoolArray:
        """Return the slots to come in which nobody will be at home, as it was said or configured."""
        return nobody_home(self._absences, grid)

    def expected(self, scenarios: Scenarios, history: History) -> Scenarios:
        """Return scenarios with what is known of them beforehand; `history` is all that was measured."""
        grid = scenarios.grid
        told = nobody_home(self._absences, grid)
        going_on = self.now_away(history)
        if told.any() or going_on is not None:
            levels_kw = quiet_levels_kw(history, self.away(history.grid), len(scenarios.weight))
            if told.any():
                scenarios = while_away(scenarios, told, levels_kw)
            elif going_on is not None:
                scenarios = perhaps_away(scenarios, levels_kw, grid.start - going_on.start)
        loads = self.ahead(grid.start)
        return scenarios.adding(announced_kw(loads, grid)) if loads else scenarios

    def told(self, now: datetime) -> list[str]:
        """Return in sentences what is expected beside habits."""
        said = [
            f"{load.name}: {load.energy_kwh:g} kWh from {self._clock(load.start)} to {self._clock(load.end)}."
            for load in self.ahead(now)
        ]
        said += [
            f"Nobody is at home from {self._clock(absence.start)} to {self._clock(absence.end)}, as told."
            for absence in self._absences
            if absence.end is not None and absence.end > now
        ]
        if self._found and self._found[-1].end is None:
            said.append(
                f"Nobody seems to be at home since {self._clock(self._found[-1].start)}: it stayed quiet for "
                f"{SHORTEST / timedelta(hours=1):.0f} hours or longer."
            )
        return said

    def _clock(self, at: datetime) -> str:
        return f"{at.astimezone(self._timezone):%a %d %b %H:%M}"


def _wrong_with(load: AnnouncedLoad, now: datetime) -> Issue | None:
    if load.end <= now:
        return Issue(path="start", message="is past, and the load with it", remedy="announce what is to come")
    if load.start > now + FURTHEST:
        return Issue(path="start", message="is more than two weeks ahead", remedy="announce it nearer to its time")
    if load.over > LONGEST_LOAD:
        return Issue(path="over_minutes", message="is longer than two days", remedy="announce parts of it")
    if load.power_kw > MOST_ANNOUNCED_KW:
        found, remedy = f"{load.power_kw:.0f} kW", "is it Wh? give kWh, or more time"
        return Issue(path="energy_kwh", message="is more than a home can draw", found=found, remedy=remedy)
    return None


def _row_of(load: AnnouncedLoad) -> list[object]:
    return [load.name, load.start.isoformat(), load.over.total_seconds(), load.energy_kwh]


def _load_of(row: Sequence[str | float]) -> AnnouncedLoad:
    name, start, seconds, energy = row
    return AnnouncedLoad(
        name=str(name),
        start=datetime.fromisoformat(str(start)),
        over=timedelta(seconds=float(seconds)),
        energy_kwh=float(energy),
    )
