"""Daily peaks of import, as a peak charge counts them: the clock hour's mean, the local day's largest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.domain.site import PeakChargeSpec


class PeakMeter:
    """Adds up import and keeps each local day's peak [kW].

    A day belongs to the zone of the charge. An hour that is only partly seen counts by the mean of what was seen.
    """

    def __init__(self, timezone: ZoneInfo) -> None:
        self.timezone = timezone
        self.daily_kw: dict[date, float] = {}
        self._hour: datetime | None = None
        self._energy_kwh = 0.0
        self._hours = 0.0

    def add(self, start: datetime, hours: float, grid_kw: float) -> None:
        """Count one step that begins at `start` and lies inside one clock hour; `grid_kw` is + importing."""
        hour = start.replace(minute=0, second=0, microsecond=0)
        if hour != self._hour:
            self._hour, self._energy_kwh, self._hours = hour, 0.0, 0.0
        self._energy_kwh += max(grid_kw, 0.0) * hours
        self._hours += hours
        day = hour.astimezone(self.timezone).date()
        closed = self._hours > 1 - 1e-9
        if closed:
            self.daily_kw[day] = max(self.daily_kw.get(day, 0.0), self._energy_kwh / self._hours)

    def of_month(self, day: date) -> dict[date, float]:
        """Return the peaks so far of the month that holds `day`."""
        return {at: peak for at, peak in self.daily_kw.items() if (at.year, at.month) == (day.year, day.month)}

    def forget_before(self, at: datetime, keep: timedelta) -> None:
        """Drop days older than `keep`."""
        oldest = (at - keep).astimezone(self.timezone).date()
        self.daily_kw = {day: peak for day, peak in self.daily_kw.items() if day >= oldest}


def z_kw(daily_kw: Iterable[float], days: int) -> float:
    """Return the mean of the `days` largest daily peaks; of fewer where a month has fewer."""
    top = sorted(daily_kw, reverse=True)[:days]
    return sum(top) / len(top) if top else 0.0


def peak_cost(charge: PeakChargeSpec, daily_kw: Mapping[date, float]) -> float:
    """Return what the peak charge costs over all months that `daily_kw` touches."""
    months: dict[tuple[int, int], list[float]] = {}
    for day, peak_kw in daily_kw.items():
        months.setdefault((day.year, day.month), []).append(peak_kw)
    return sum(charge.cost(z_kw(peaks, charge.days)) for peaks in months.values())
