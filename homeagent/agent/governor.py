"""When to think next: before going on with the present plan is likely to lose more than a think must be worth.

Each plan comes with what not knowing better may lose in each of its next slots (`worth_by_slot`): much where a wrong
level meets a step of the price, nothing at night or where prices alone decide. The agent sleeps until the sum of that
reaches the price of a think. Readings that stray from what was expected shorten the sleep, readings that keep to it
lengthen it. What nobody can predict (prices, people, devices) wakes at once.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.plan import PlanningProblem
from homeagent.domain.site import SiteSpec
from homeagent.domain.thinking import GovernorRules, Wake

WITH_PEAK_CHARGE = timedelta(hours=2)
WITH_DEVICES = timedelta(hours=1)
CALM, MUCH, STORMY = 0.5, 2.0, 8.0
"""How much readings may slow or hasten the ageing of a plan, and from where on it is worth a word."""


def rules_for(site: SiteSpec, rules: GovernorRules, *, devices: bool = False) -> GovernorRules:
    """Return the rules that suit the home.

    With a peak charge the limit follows the day's peaks, and plans age fast. So do those of devices: what a room's or
    a tank's temperature may lose is not part of the battery's table.
    """
    longest = [rules.longest]
    longest += [WITH_PEAK_CHARGE] if site.peak_charge is not None else []
    longest += [WITH_DEVICES] if devices else []
    return replace(rules, longest=min(longest))


def at_stake(problem: PlanningProblem) -> float:
    """Return what one filling of the battery can be worth at the plan's prices [currency]: the home's own scale."""
    battery, prices = problem.site.battery, problem.prices
    spread = float(np.max(prices.import_per_kwh) - np.min(prices.export_per_kwh))
    return (battery.capacity_kwh - battery.min_soc_kwh) * max(spread, 0.0)


class Surprise:
    """How far the net load has strayed from what a plan was made for: `mean_kw` and `spread_kw` in the plan's slots."""

    def __init__(self, grid: TimeGrid, mean_kw: FloatArray, spread_kw: FloatArray) -> None:
        self._grid, self._mean_kw, self._spread_kw = grid, mean_kw, spread_kw
        self._kwh = 0.0
        self._variance = 0.0

    def see(self, start: datetime, hours: float, net_kw: float) -> None:
        """Take in the mean net load of a span that has passed."""
        if not self._grid.start <= start < self._grid.end or math.isnan(net_kw):
            return
        slot = self._grid.index_of(start)
        self._kwh += (net_kw - float(self._mean_kw[slot])) * hours
        # within a slot errors go together, from one slot to the next they do not
        self._variance += float(self._spread_kw[slot]) ** 2 * hours * self._grid.step_hours

    @property
    def size(self) -> float:
        """The squared ratio of what came to what was to be expected, within bounds: 1 is as expected."""
        if self._variance <= 0.0:
            return 1.0
        return min(max(self._kwh**2 / self._variance, CALM), STORMY)


class Governor:
    """Decides when one home's agent thinks."""

    def __init__(self, rules: GovernorRules) -> None:
        self.rules = rules
        self.thought_at: datetime | None = None
        self._grid: TimeGrid | None = None
        self._at_risk: FloatArray = np.zeros(0)
        """By the end of each slot, as shares of what is at stake."""
        self._surprise: Surprise | None = None

    def see(self, start: datetime, hours: float, net_kw: float) -> None:
        """Take in the mean net load of a span that has passed [kW]."""
        if self._surprise is not None:
            self._surprise.see(start, hours, net_kw)

    def wake(
        self,
        now: datetime,
        *,
        valid_until: datetime | None,
        new_prices: bool = False,
        news: str | None = None,
        patience: float = 1.0,
    ) -> Wake | None:
        """Return why to think now, None to sleep on. `news` is what a person did or what else became known, in words.

        `patience` is how many times more than usual a think must be worth.
        """
        if self.thought_at is None or self._grid is None or valid_until is None:
            return Wake(reason="there is no plan yet")
        if now >= valid_until:
            return Wake(reason="the plan has ended")
        if now < self.thought_at:
            return Wake(reason="the clock went back")
        if news is not None:
            return Wake(reason=news)
        if new_prices and self.rules.every is None:
            return Wake(reason="new prices were published")
        if now < self.next_at(patience):
            return None
        return Wake(reason=self._why_old(now - self.thought_at, patience), of_age=True)

    def _why_old(self, age: timedelta, patience: float) -> str:
        told = f"the plan is {_words(age)} old"
        if self.rules.every is not None or age >= self.rules.longest * patience:
            return told
        if self._surprise is not None and self._surprise.size >= MUCH:
            return f"{told}, and the home strays from what was expected"
        return f"{told}, and the next hours hang on it"

    def next_at(self, patience: float = 1.0) -> datetime:
        """Return when it is time to think again, if nothing happens and the readings go on as they do.

        Raises:
            ValueError: nothing was thought yet.
        """
        if self.thought_at is None or self._grid is None:
            raise ValueError("nothing was thought yet")
        if self.rules.every is not None:
            return self.thought_at + self.rules.every
        limit = self.rules.pays_from * patience / (1.0 if self._surprise is None else self._surprise.size)
        slot = int(np.searchsorted(self._at_risk, limit))
        latest = min(self.thought_at + self.rules.longest * patience, self._grid.end)
        return min(self._grid.at(slot), latest) if slot < len(self._at_risk) else latest

    def thought(self, now: datetime, problem: PlanningProblem, worth: FloatArray) -> None:
        """Take note of a think. `worth` is what not knowing better may lose in each of the next slots [currency]."""
        stake = at_stake(problem)
        self.thought_at, self._grid = now, problem.grid
        self._at_risk = np.cumsum(worth) / stake if stake > 0.0 else np.zeros(len(worth))
        scenarios = problem.scenarios.in_slots_of(problem.grid)
        net_kw = scenarios.load_kw - scenarios.pv_kw
        mean_kw = scenarios.weight @ net_kw
        self._surprise = Surprise(problem.grid, mean_kw, np.sqrt(scenarios.weight @ (net_kw - mean_kw) ** 2))


def _words(span: timedelta) -> str:
    hours, minutes = divmod(round(span / timedelta(minutes=1)), 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (minutes, "min")) if count) or "0 min"
