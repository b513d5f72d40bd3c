"""Others' forecasts as they were issued, and what each is worth here: the plan takes up the best that has earned it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.issued import IssuedForecast
from homeagent.forecasting.provider_pv import STALE, Curve, known_at, pooled, with_provider
from homeagent.forecasting.provider_skill import (
    DAY,
    EVERY,
    JUDGED,
    Score,
    Verdict,
    by_the_hour,
    fit_of,
    score,
    verdict,
)

_LOGGER = logging.getLogger(__name__)

KEEP = timedelta(days=43)
AHEAD = timedelta(hours=48)
"""No plan looks further."""


class ForecastBook:
    """Remembers what was issued. Empty, it changes nothing."""

    def __init__(self) -> None:
        self._pv: dict[str, list[Curve]] = {}
        self._carbon: list[Curve] = []
        self._scores: dict[tuple[str, datetime], Score | None] = {}
        self._judged: datetime | None = None
        self.verdicts: Mapping[str, Verdict] = {}
        """Each solar provider, as it was last judged."""

    def add(self, issued: IssuedForecast) -> None:
        """Remember a forecast; they come in order of time."""
        if issued.quantity == "pv_kw":
            curves = self._pv.setdefault(issued.provider, [])
        elif issued.quantity == "carbon_g_per_kwh":
            curves = self._carbon
        else:
            return
        if curves and issued.issued_at < curves[-1][0]:
            return  # the clock was set back
        count = min(issued.grid.count, max((issued.issued_at + AHEAD - issued.grid.start) // issued.grid.step, 0))
        grid = TimeGrid(start=issued.grid.start, step=issued.grid.step, count=count)
        curves.append((issued.issued_at, grid, issued.mean[:count]))
        while curves[0][0] < issued.issued_at - KEEP:
            curves.pop(0)

    def carbon(self, grid: TimeGrid) -> FloatArray:
        """Return the carbon intensity that is expected at `grid.start` [g/kWh], NaN where nobody says."""
        return known_at(self._carbon, grid.start, grid)

    def conditioned(
        self, scenarios: Scenarios, history: History, timezone: ZoneInfo, *, alike: bool = True
    ) -> Scenarios:
        """Return the scenarios, and with them those of the best provider; as they were where none earns its place."""
        if not self._pv:
            return scenarios
        try:
            self.judge(history, timezone)
            for name in self._best_first():
                provided = with_provider(scenarios, self._pv[name], history, timezone, alike=alike)
                if provided is not None:
                    return pooled(provided, scenarios, self.verdicts[name].share)
        except (ArithmeticError, ValueError, IndexError):  # a bug or an absurd forecast: plan without it
            _LOGGER.exception("no solar forecast could be taken up")
        return scenarios

    def judge(self, history: History, timezone: ZoneInfo) -> None:
        """Hold each provider against what was measured up to the history's end; anew every sixth hour at most."""
        now = slot_start(history.grid.end, EVERY)
        if now == self._judged:
            return
        self._judged = now
        hourly = by_the_hour(history)
        times = [now - DAY - back * EVERY for back in range(JUDGED // EVERY)]
        kept = {}
        for name, curves in self._pv.items():
            for at in times:
                if at >= hourly.grid.start + DAY:
                    known = self._scores.get((name, at))
                    kept[name, at] = score(curves, hourly, at, timezone) if known is None else known
        self._scores = kept
        before = self.verdicts
        self.verdicts = {name: self._verdict(name, hourly, timezone) for name in self._pv}
        for name, found in self.verdicts.items():
            if name not in before or before[name].used != found.used:
                _LOGGER.info("solar forecast %s is %s: %s", name, "used" if found.used else "not used", found.why)

    def _verdict(self, name: str, hourly: History, timezone: ZoneInfo) -> Verdict:
        scores = [found for (provider, _), found in self._scores.items() if provider == name and found is not None]
        return verdict(name, scores, fit_of(self._pv[name], hourly, timezone))

    def _best_first(self) -> Iterator[str]:
        used = [found for found in self.verdicts.values() if found.used]
        yield from (found.provider for found in sorted(used, key=lambda found: found.provider_kw or np.inf))

    def problems(self, now: datetime) -> list[str]:
        """Return what the owner of the home should look at: forecasts that stand still or do not fit the roof."""
        found = [judged.misfit for name, judged in self.verdicts.items() if self._fresh(name, now)]
        return [misfit for misfit in found if misfit is not None]

    def _fresh(self, name: str, now: datetime) -> bool:
        return now - self._pv[name][-1][0] <= STALE
