"""What is odd in the home: a cheap check at every look, a close analysis where it says so, and a list for people."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import inf, isnan, nan

import numpy as np

from homeagent.agent.price_book import KEEP as KEEP_PRICES
from homeagent.agent.price_book import PriceBook
from homeagent.agent.slot_means import SlotMeans
from homeagent.agent.strip import Strip
from homeagent.domain.anomaly import FAMILIES, FAST, Anomaly, Family, Finding, Surroundings, Tape
from homeagent.domain.errors import HomeAgentError
from homeagent.domain.forecast import Forecast
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.readings import Reading
from homeagent.domain.site import Place, SiteSpec
from homeagent.forecasting.anomalies import examine
from homeagent.forecasting.anomaly_pv import guessed_place
from homeagent.forecasting.anomaly_watch import Closed, Mark, Watch, mark_of, told_kw
from homeagent.forecasting.sun import sun_height
from homeagent.store import Store

_LOGGER = logging.getLogger(__name__)

LOOKED_BACK = timedelta(days=42)
BLOCK = timedelta(hours=1)
"""So much is looked at together: what is odd stays so for longer."""
AGAIN_FAST = timedelta(hours=6)
"""After a close analysis that found nothing the same family is left alone for so long."""
AGAIN_SLOW = timedelta(hours=36)
CONFIRM_EVERY = timedelta(days=1)
LEAST_SURE = 0.7
REOPENED_WITHIN, DISMISSED_FOR, GROWN = timedelta(days=30), timedelta(days=90), 1.5
"""One that comes back soon is the same one; a dismissed one is raised again when it has grown by half."""
FORGOTTEN_AFTER, FORGOTTEN_SLOWLY = timedelta(days=2), timedelta(days=10)
"""An anomaly that close analyses have not seen for so long is past; what takes weeks to be seen is not gone in days."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
LONGEST_SLEEP = timedelta(days=7)
METERS = ("load_kw", "pv_kw", "grid_kw", "battery_kw", "curtailed_kw")


class AnomalyBook:
    """Looks at what the agent remembers anyway. `always` analyses closely each hour and day: to be measured against."""

    def __init__(
        self,
        site: SiteSpec,
        means: Mapping[str, SlotMeans],
        step: timedelta,
        prices: PriceBook,
        store: Store,
        now: datetime,
        *,
        always: bool = False,
        apart: bool = False,
    ) -> None:
        self._site, self._means, self._step, self._prices, self._store = site, means, step, prices, store
        self._always = always
        self._apart = apart
        self._done = slot_start(now, max(BLOCK, step))
        self._block = max(BLOCK, step)
        keep = LOOKED_BACK + DAY
        begin = slot_start(now, step) - keep
        self._soc, self._told, self._free = (Strip(begin, step, keep) for _ in range(3))
        self._home = Surroundings(
            timezone=site.timezone,
            place=site.place or _place(site.timezone.key),
            battery=site.battery,
            currency=site.currency,
        )
        self.watch = Watch(home=self._home, step_h=step / HOUR)
        self._policies: deque[tuple[datetime, BatteryPolicy | None]] = deque(maxlen=96)
        self._expected: tuple[TimeGrid, list[float]] | None = None
        self._sun: tuple[TimeGrid, list[float]] | None = None
        self._day: date | None = None
        self._not_before: dict[Family, datetime] = {}
        self._confirmed = now
        self._warm = False
        self.trouble: str | None = None
        """Why the last close look failed, if it did."""
        self._told_troubles: set[str] = set()
        self.looks = 0
        self.analyses: dict[Family, int] = dict.fromkeys(FAMILIES, 0)
        self.anomalies: list[Anomaly] = store.anomalies()

    def add(self, readings: Iterable[Reading]) -> None:
        """Take in states of charge; the means are the observer's."""
        for reading in readings:
            if reading.entity == "soc_kwh" and reading.value is not None:
                at = slot_start(reading.at + self._step / 2, self._step) - self._step
                self._soc.write(at, reading.value)

    def _measured(self, name: str, grid: TimeGrid) -> FloatArray:
        """Return what was measured; where devices are planned, without what they drew: that is nobody's habit."""
        values = self._means[name].window(grid)
        if self._apart and name in {"load_kw", "grid_kw"}:
            return values - np.nan_to_num(self._means["controlled_kw"].window(grid))
        return values

    def told(self, at: datetime, policy: BatteryPolicy | None) -> None:
        """Note what the battery follows from now on; None: nobody can say what it ought to do."""
        self._policies.append((at, policy))

    def expect(self, load: Forecast) -> None:
        """Note the band that a think has given."""
        self._expected = load.grid, load.high_kw.tolist()

    def due(self, now: datetime) -> bool:
        """Return whether enough has closed since the last look."""
        return not timedelta(0) <= now - self._done < self._block

    def look(self, now: datetime) -> None:
        """Take in the slots closed since the last look, and look closely where something is odd. It ends no round."""
        if not self.due(now):
            return
        try:
            self._look(now)
        except HomeAgentError:
            raise
        except Exception as error:
            self._done = slot_start(now, self._block)
            self.trouble = f"the search for anomalies failed ({type(error).__name__}: {error})"
            if self.trouble not in self._told_troubles:
                self._told_troubles.add(self.trouble)
                _LOGGER.exception("the search for anomalies failed; all else goes on")

    def _look(self, now: datetime) -> None:
        if not timedelta(0) <= now - self._done <= LONGEST_SLEEP:
            self._done = slot_start(now, self._block)  # the clock was set, or the machine slept for long
            return
        if not self._warm:
            self._warm_up()
        odd: set[Family] = set()
        while now - self._done >= self._block:
            odd |= self._take(TimeGrid(start=self._done, step=self._step, count=self._block // self._step))
            self._done += self._block
            odd |= self._midnight()
        wanted = self._wanted(odd, now)
        if wanted:
            self._examine(wanted, now)

    def _take(self, grid: TimeGrid) -> set[Family]:
        rows = zip(*(self._measured(name, grid).tolist() for name in METERS), strict=True)
        soc, suns, highs = self._soc.window(grid).tolist(), self._suns_of(grid), self._highs_of(grid)
        while len(self._policies) > 1 and self._policies[1][0] <= grid.start:
            self._policies.popleft()
        changes = len(self._policies) > 1 and self._policies[1][0] < grid.end
        policy = self._policy_at(grid.start)
        closed = []
        for index, row in enumerate(rows):
            if changes:
                policy = self._policy_at(grid.at(index))
            told, free = nan, nan
            if policy is not None:
                load, pv = row[:2]
                net_kw = load - min(pv, policy.pv_limit_kw)
                told = told_kw(policy, self._site.battery, soc[max(index - 1, 0)], net_kw, self.watch.step_h)
                free = self._exports_freely(policy, pv, grid.at(index)) if pv > load else 0.0
            closed.append(Closed._make((*row, soc[index], told, free, suns[index], highs[index])))
        self._told.write_all(grid.start, [slot.told_kw for slot in closed])
        self._free.write_all(grid.start, [slot.free for slot in closed])
        self.looks += len(closed)
        return self.watch.look(closed)

    def _policy_at(self, at: datetime) -> BatteryPolicy | None:
        return next((policy for since, policy in reversed(self._policies) if since <= at), None)

    def _exports_freely(self, policy: BatteryPolicy, pv_kw: float, at: datetime) -> float:
        """Return 1 where neither the plan nor the price nor the connection speaks against exporting, else 0."""
        price = self._prices.at(at)
        limit_kw = min(policy.export_limit_kw, policy.pv_limit_kw, self._site.grid.max_export_kw)
        return 1.0 if price is not None and price[1] > 0 and limit_kw > pv_kw else 0.0

    def _suns_of(self, grid: TimeGrid) -> list[float]:
        if self._sun is None or not self._sun[0].start <= grid.start <= grid.end <= self._sun[0].end:
            day = TimeGrid(start=grid.start, step=self._step, count=max(DAY // self._step, grid.count))
            self._sun = day, self._suns(day).tolist()
        first = (grid.start - self._sun[0].start) // self._step
        return self._sun[1][first : first + grid.count]

    def _highs_of(self, grid: TimeGrid) -> list[float]:
        """Return the top of the load's band as the last think gave it, without an end where there is none."""
        if self._expected is None or not self._expected[0].start <= grid.start <= grid.end <= self._expected[0].end:
            return [inf] * grid.count
        expected, high = self._expected
        return [high[(grid.at(index) - expected.start) // expected.step] for index in range(grid.count)]

    def _suns(self, grid: TimeGrid) -> FloatArray:
        return sun_height(grid, self._home.place or guessed_place(self._home, grid.start))

    def _high_at(self, at: datetime) -> float:
        if self._expected is None or not self._expected[0].start <= at < self._expected[0].end:
            return np.inf
        grid, high = self._expected
        return high[(at - grid.start) // grid.step]

    def _midnight(self) -> set[Family]:
        """Close the local day that has just ended, if one has."""
        local = self._done.astimezone(self._site.timezone)
        if local.hour or local.date() == self._day:
            return set()
        self._day = local.date()
        midnight = self._done - timedelta(minutes=local.minute)
        return self.watch.close_day(self._mark(slot_start(midnight, self._step)))

    def _mark(self, end: datetime) -> Mark:
        """Return the mark of the day that ended then."""
        grid = TimeGrid(start=end - DAY, step=self._step, count=DAY // self._step)
        columns = {name: self._measured(name, grid) for name in ("load_kw", "pv_kw", "battery_kw")}
        columns["soc_kwh"] = self._soc.window(grid)
        return mark_of(columns, self._suns(grid), self._step / HOUR, self._site.battery.capacity_kwh)

    def _warm_up(self) -> None:
        """Take the marks of the days before the first look."""
        self._warm = True
        local = self._done.astimezone(self._site.timezone)
        self._day = local.date()
        midnight = slot_start(self._done - timedelta(hours=local.hour, minutes=local.minute), self._step)
        for back in range(LOOKED_BACK // DAY - 1, -1, -1):
            mark = self._mark(midnight - back * DAY)
            if not isnan(mark.floor_kw):
                self.watch.close_day(mark)

    def _wanted(self, odd: set[Family], now: datetime) -> set[Family]:
        """Return what to analyse: what is odd and was not just looked at, and once a day what is open."""
        if self._always:
            hour = self._done.minute < self._block / timedelta(minutes=1)
            midnight = hour and not self._done.astimezone(self._site.timezone).hour
            return set(FAMILIES) if midnight else set(FAST) if hour else set()
        wanted = {family for family in odd if now >= self._not_before.get(family, now)}
        if now - self._confirmed >= CONFIRM_EVERY:
            self._confirmed = now
            open_kinds = {one.finding.kind for one in self.anomalies if one.standing == "open"}
            wanted |= {family for family, kinds in FAMILIES.items() if open_kinds.intersection(kinds)}
        return wanted

    def tape(self, now: datetime) -> Tape:
        """Return the last weeks up to the last look, from the first day on which anything was measured."""
        end, count = slot_start(now, self._block), LOOKED_BACK // self._step
        grid = TimeGrid(start=end - count * self._step, step=self._step, count=count)
        known = ~(np.isnan(self._means["load_kw"].window(grid)) & np.isnan(self._means["pv_kw"].window(grid)))
        first = int(np.argmax(known)) if known.any() else count - 1
        grid = TimeGrid(start=grid.at(first), step=self._step, count=count - first)
        columns = {name: self._measured(name, grid) for name in METERS}
        strips = {"soc_kwh": self._soc, "told_kw": self._told, "free": self._free}
        return Tape(grid=grid, **columns, **{name: strip.window(grid) for name, strip in strips.items()})

    def _examine(self, families: set[Family], now: datetime) -> None:
        buy, sell = self._mean_prices(now)
        home = replace(self._home, import_price_per_kwh=buy, export_price_per_kwh=sell)
        results = examine(families, self.tape(now), home)
        for family in families:
            self.analyses[family] += 1
            found = bool(results.get(family))
            self._not_before[family] = now + (CONFIRM_EVERY if found else AGAIN_FAST if family in FAST else AGAIN_SLOW)
        self.watch.settle(families)
        self.trouble = None
        for family, findings in results.items():
            self._note(family, [one for one in findings if one.sure >= LEAST_SURE], now)

    def _mean_prices(self, now: datetime) -> tuple[float | None, float | None]:
        grid = TimeGrid(start=slot_start(now, HOUR) - KEEP_PRICES, step=HOUR, count=KEEP_PRICES // HOUR)
        means = (values[~np.isnan(values)] for values in self._prices.on(grid))
        buy, sell = (float(known.mean()) if len(known) else None for known in means)
        return buy, sell

    def _note(self, family: Family, findings: list[Finding], now: datetime) -> None:
        """Put findings into the list: new ones are raised, known ones confirmed, those no longer seen are past."""
        for finding in findings:
            known = self._known(finding, now)
            if known is None:
                number = max((one.number for one in self.anomalies), default=0) + 1
                self._keep(Anomaly(number=number, finding=finding, found_at=now, seen_at=now))
                _LOGGER.warning("odd: %s", finding.text)
            else:
                finding = replace(finding, since=known.finding.since)  # noqa: PLW2901 - it is the same one
                standing = "open" if known.standing == "past" else known.standing
                self._keep(replace(known, finding=finding, seen_at=now, standing=standing, ended_at=None))
        patience = FORGOTTEN_AFTER if family in FAST else FORGOTTEN_SLOWLY
        for one in self.anomalies:
            if one.standing == "open" and one.finding.kind in FAMILIES[family] and now - one.seen_at >= patience:
                self._keep(replace(one, standing="past", ended_at=one.seen_at))
                _LOGGER.info("no longer odd: %s", one.finding.text)

    def _known(self, finding: Finding, now: datetime) -> Anomaly | None:
        for one in reversed(self.anomalies):
            if (one.finding.kind, one.finding.subject) != (finding.kind, finding.subject):
                continue
            if one.standing == "open" or (one.standing == "past" and now - one.seen_at < REOPENED_WITHIN):
                return one
            grown = finding.size > GROWN * one.finding.size
            if one.standing == "dismissed" and not grown and now - one.seen_at < DISMISSED_FOR:
                return one
        return None

    def _keep(self, anomaly: Anomaly) -> None:
        self.anomalies = [*(one for one in self.anomalies if one.number != anomaly.number), anomaly]
        self._store.write_anomaly(anomaly)

    def dismiss(self, number: int) -> bool:
        """Leave an anomaly alone from now on, as a person says; return whether there is an open one of this number."""
        for one in self.anomalies:
            if one.number == number and one.standing == "open":
                self._keep(replace(one, standing="dismissed"))
                self._store.flush()
                return True
        return False


def _place(zone: str) -> Place | None:
    """Return where a time zone is; a running agent knows its place, and loads no configuration for it."""
    from homeagent.config.places import place_of_zone  # noqa: PLC0415 - as above: 13 MB

    return place_of_zone(zone)
