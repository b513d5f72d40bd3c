"""The books: what each closed slot cost, what the day saved, and the month's peaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from homeagent.agent.footprint_book import FootprintBook
from homeagent.agent.observer import Observer
from homeagent.agent.peak_limits import PeakLimits
from homeagent.agent.price_book import PriceBook
from homeagent.domain.ledger import SavingsEntry, SettledSlot
from homeagent.domain.site import SiteSpec
from homeagent.savings.counterfactual import DayBook, RuleBattery
from homeagent.store import Store

RULE_SOC = "rule_soc_kwh"


class Accounts:
    """Settles what has passed. `day_book` is None until the first slot was settled."""

    def __init__(self, site: SiteSpec, store: Store, footprints: FootprintBook, peak_limits: PeakLimits | None) -> None:
        self.day_book: DayBook | None = None
        self.last_slot: SettledSlot | None = None
        self._site = site
        self._store = store
        self._footprints = footprints
        self._peak_limits = peak_limits

    def reopen(self, since: datetime, now: datetime) -> None:
        """Go on with the day's savings and the month's peaks where the run before left them."""
        today = now.astimezone(self._site.timezone).date()
        entries = [
            entry for entry in self._store.savings() if entry.day != today
        ]  # today goes on: its slots come again
        slots = list(self._store.settled_since(since))
        rule_soc_kwh = self._store.fact(RULE_SOC)
        closed_days = {entry.day for entry in entries}
        for slot, soc_after_kwh in slots:
            if self._peak_limits is not None:
                self._peak_limits.add(slot)
            if slot.start.astimezone(self._site.timezone).date() not in closed_days:
                if self.day_book is None:
                    rule = RuleBattery(self._site, slot.soc_kwh if rule_soc_kwh is None else float(rule_soc_kwh))
                    self.day_book = self._new_day_book(rule, entries)
                self.day_book.add(slot, soc_after_kwh)
                self.last_slot = slot
        if self.day_book is None and entries and rule_soc_kwh is not None:
            self.day_book = self._new_day_book(RuleBattery(self._site, float(rule_soc_kwh)), entries)

    def settle(self, now: datetime, observer: Observer, prices: PriceBook) -> Iterator[SettledSlot]:
        """Settle the slots that have closed, and yield each."""
        for slot, soc_after_kwh in observer.settle(now, prices):
            if self.day_book is None:
                self.day_book = self._new_day_book(RuleBattery(self._site, slot.soc_kwh), [])
            closed = self.day_book.add(slot, soc_after_kwh)
            if self._peak_limits is not None:
                self._peak_limits.add(slot)
            self.last_slot = slot
            self._store.write_settled_slot(slot)
            if closed is not None:
                self._store.write_savings(closed)
                # of the new day's start: the slot just added belongs to it, and is added again after a restart
                self._store.write_fact(RULE_SOC, repr(self.day_book.rule_soc_at_start_kwh))
            yield slot

    def close(self) -> None:
        """Write down what the day has come to so far."""
        closed = None if self.day_book is None else self.day_book.close()
        if closed is not None:
            self._store.write_savings(closed)

    def _new_day_book(self, rule: RuleBattery, entries: list[SavingsEntry]) -> DayBook:
        return DayBook(self._site, rule, entries=entries, own_energy=self._footprints.own_energy)
