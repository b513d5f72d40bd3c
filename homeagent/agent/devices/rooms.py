"""What is wanted of rooms, by who is likely there: from presence as it was measured and told, and habits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from homeagent.agent.thinking import MEMORY
from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid
from homeagent.domain.habits import Habits
from homeagent.domain.history import History
from homeagent.domain.site import Place
from homeagent.domain.wishes import HeatWish
from homeagent.forecasting.calendar import local_calendar
from homeagent.forecasting.comfort import ComfortBand, PresencePast, comfort_ahead
from homeagent.forecasting.habits import habits_of


class Rooms:
    """Gives the band of a room ahead. `nobody_home` gives presence in slots of `step`, `away` what is announced."""

    def __init__(
        self,
        nobody_home: Callable[[TimeGrid], FloatArray],
        step: timedelta,
        away: Callable[[TimeGrid], BoolArray],
        timezone: ZoneInfo,
        place: Place | None,
    ) -> None:
        self._nobody_home, self._step, self._away = nobody_home, step, away
        self._timezone, self._place = timezone, place
        self._habits: Habits | None = None

    def learn(self, past: History) -> None:
        """Read the household's habits from its own load."""
        self._habits = habits_of(past.load_kw, local_calendar(past.grid, self._timezone, self._place))

    def comfort(self, wish: HeatWish, grid: TimeGrid) -> ComfortBand:
        """Return what is wanted on `grid`, which starts now; `wish` has a price."""
        return comfort_ahead(
            wish,
            grid,
            self._timezone,
            place=self._place,
            past=self._past(grid),
            habits=self._habits,
            away=self._away(grid),
        )

    def _past(self, grid: TimeGrid) -> PresencePast:
        inside, count = grid.step // self._step, MEMORY // grid.step
        past = TimeGrid(start=grid.start - count * grid.step, step=grid.step, count=count)
        fine = TimeGrid(start=past.start, step=self._step, count=count * inside)
        return PresencePast(grid=past, nobody_home=self._nobody_home(fine).reshape(count, inside).mean(axis=1))
