"""Keeps the month's peaks, and the import limit that they and the recent days ask for."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta

import numpy as np

from homeagent.agent.price_book import PriceBook
from homeagent.domain.grid import TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.domain.ledger import SettledSlot
from homeagent.domain.peak import PeakMeter
from homeagent.domain.plan import ImportCap
from homeagent.domain.site import PeakChargeSpec, SiteSpec
from homeagent.forecasting.calendar import same_time_on_earlier_days
from homeagent.planning.peak_limit import LimitChoice, MonthSoFar, RecentDays, choose_limit

DAYS = 28
HOUR = timedelta(hours=1)
KEEP = timedelta(days=40)
BROKEN_KW = 0.05
"""A day whose peak lies this far above the limit asks for a new choice."""


class PeakLimits:
    """The limit is chosen once a local day, and again on a day that broke it."""

    def __init__(self, charge: PeakChargeSpec, site: SiteSpec) -> None:
        self.meter = PeakMeter(charge.timezone)
        self.choice: LimitChoice | None = None
        self._charge = charge
        self._site = site
        self._chosen_on: date | None = None
        self._chosen_after_kw = 0.0

    def add(self, slot: SettledSlot) -> None:
        """Count a settled slot's import."""
        self.meter.add(slot.start, slot.hours, slot.grid_kw)
        self.meter.forget_before(slot.start, KEEP)

    def cap(self, grid: TimeGrid, history: History, prices: PriceBook) -> ImportCap | None:
        """Return the limit for each slot of `grid`; on the present day it is never below the day's own peak so far."""
        today = grid.start.astimezone(self._charge.timezone).date()
        peak_kw = self.meter.daily_kw.get(today, 0.0)
        broken = self.choice is not None and peak_kw > max(self.choice.limit_kw, self._chosen_after_kw) + BROKEN_KW
        if today != self._chosen_on or broken:
            self.choice = self._choose(today, history, prices)
            self._chosen_on, self._chosen_after_kw = today, peak_kw
        if self.choice is None:
            return None
        is_today = np.array([at.astimezone(self._charge.timezone).date() == today for at in grid.starts()])
        limit_kw = np.where(is_today, max(self.choice.limit_kw, peak_kw), self.choice.limit_kw)
        return ImportCap(limit_kw=limit_kw, excess_price_per_kwh=np.full(grid.count, self.choice.excess_per_kwh))

    def _choose(self, today: date, history: History, prices: PriceBook) -> LimitChoice | None:
        """Try limits on the recent days, in clock hours from the present time of day on."""
        inside = HOUR // history.grid.step
        end = slot_start(history.grid.end, HOUR)
        count = (end - history.grid.start) // HOUR
        past = TimeGrid(start=end - count * HOUR, step=HOUR, count=count)
        skipped = (past.start - history.grid.start) // history.grid.step
        net_kw = (history.load_kw - np.nan_to_num(history.pv_kw))[skipped : skipped + count * inside]
        ahead = TimeGrid(start=end, step=HOUR, count=24)
        source = same_time_on_earlier_days(past, ahead, DAYS, self._site.timezone)
        by_day = np.append(net_kw.reshape(count, inside).mean(axis=1), np.nan)[source][::-1]
        curve = prices.typical_day(ahead)
        month = MonthSoFar(
            peaks_kw=tuple(peak for day, peak in self.meter.of_month(today).items() if day != today),
            days_left=monthrange(today.year, today.month)[1] - today.day + 1,
        )
        recent = RecentDays(net_kw=by_day, import_per_kwh=curve[0], export_per_kwh=curve[1])
        return choose_limit(
            self._charge, recent, month, self._site.battery, self._site.grid, pv_curtailable=self._site.pv_curtailable
        )
