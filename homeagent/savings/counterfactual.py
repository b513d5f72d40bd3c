"""The home without the agent: the same load, PV and prices, with no battery or with the inverter's own rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from homeagent.devices.battery import respond, self_consumption
from homeagent.domain.footprint import OwnEnergy
from homeagent.domain.ledger import SavingsEntry, SettledSlot
from homeagent.domain.policy import BatteryPolicy
from homeagent.domain.site import SiteSpec


def without_battery_kw(slot: SettledSlot) -> float:
    """Return the grid flow [kW, + importing] of the same slot in a home that has no battery and curtails nothing."""
    return slot.load_kw - slot.pv_kw


def money(grid_kw: float, slot: SettledSlot) -> float:
    """Return what a grid flow costs in this slot."""
    price = slot.import_price_per_kwh if grid_kw > 0 else slot.export_price_per_kwh
    return grid_kw * slot.hours * price


@dataclass(slots=True)
class RuleBattery:
    """A battery that the inverter runs by itself, beside the real one: it carries its own state of charge."""

    site: SiteSpec
    soc_kwh: float
    policy: BatteryPolicy = field(init=False)

    def __post_init__(self) -> None:
        self.policy = self_consumption(self.site.battery)

    def step(self, slot: SettledSlot) -> float:
        """Return the grid flow [kW] the rule would have given in this slot, and move its state of charge on."""
        flows = respond(self.policy, self.site.battery, self.soc_kwh, slot.load_kw, slot.pv_kw, slot.hours)
        self.soc_kwh = float(flows.soc_kwh)
        return float(flows.grid_kw)


def _not_metered(_day: date) -> OwnEnergy | None:
    return None


@dataclass(slots=True)
class DayBook:
    """Adds settled slots up to one entry a local day. What is stored at the end counts by its change, not its level.

    A kWh that the agent's battery holds more than at the start of the day, or than the rule's battery, is worth the
    day's mean import price after losses: an estimate that cancels out over the days. `own_energy` tells what the
    agent's own computing took on a day: the home without the agent does without it, so no saving is told before it.
    """

    site: SiteSpec
    rule: RuleBattery
    entries: list[SavingsEntry] = field(default_factory=list)
    own_energy: Callable[[date], OwnEnergy | None] = _not_metered
    _day: date | None = None
    _sums: dict[str, float] = field(default_factory=dict)

    def add(self, slot: SettledSlot, soc_after_kwh: float) -> SavingsEntry | None:
        """Count a settled slot; return the day before's entry when a new local day begins."""
        day = _local_day(slot.start, self.site.timezone)
        closed = self.close() if self._day is not None and day != self._day else None
        if self._day is None:
            self._day = day
            self._sums = dict.fromkeys(("cost", "none", "rule", "import", "export", "carbon_kg", "price", "hours"), 0.0)
            self._sums |= {"carbon_hours": 0.0, "soc": slot.soc_kwh, "rule_soc": self.rule.soc_kwh}
        sums = self._sums
        sums["cost"] += slot.cost
        sums["none"] += money(without_battery_kw(slot), slot)
        sums["rule"] += money(self.rule.step(slot), slot)
        sums["import"] += max(slot.grid_kw, 0.0) * slot.hours
        sums["export"] += max(-slot.grid_kw, 0.0) * slot.hours
        sums["price"] += slot.import_price_per_kwh * slot.hours
        sums["hours"] += slot.hours
        if slot.carbon_g_per_kwh is not None:
            sums["carbon_kg"] += max(slot.grid_kw, 0.0) * slot.hours * slot.carbon_g_per_kwh / 1000
            sums["carbon_hours"] += slot.hours
        sums["soc_after"] = soc_after_kwh
        return closed

    @property
    def rule_soc_at_start_kwh(self) -> float:
        """What the rule's battery held when the open day began, or holds now if none is open."""
        return self.rule.soc_kwh if self._day is None else self._sums["rule_soc"]

    def today(self) -> SavingsEntry | None:
        """Return the open day as it stands."""
        return None if self._day is None else self._entry(self._day)

    def close(self) -> SavingsEntry | None:
        """End the open day, and return its entry."""
        entry = self.today()
        if entry is not None:
            self.entries.append(entry)
        self._day = None
        return entry

    def _entry(self, day: date) -> SavingsEntry:
        sums = self._sums
        worth = sums["price"] / sums["hours"] * self.site.battery.discharge_efficiency
        gained = (sums["soc_after"] - sums["soc"]) * worth
        gained_by_rule = (self.rule.soc_kwh - sums["rule_soc"]) * worth
        own = self.own_energy(day)
        own_cost = None if own is None else own.cost or own.energy_kwh.times(sums["price"] / sums["hours"])
        spent = 0.0 if own_cost is None else own_cost.likely
        return SavingsEntry(
            day=day,
            cost=sums["cost"],
            cost_without_battery=sums["none"],
            cost_rule=sums["rule"],
            stored_value=gained,
            saved_against_none=sums["none"] - sums["cost"] + gained - spent,
            saved_against_rule=sums["rule"] - gained_by_rule - sums["cost"] + gained - spent,
            import_kwh=sums["import"],
            export_kwh=sums["export"],
            carbon_kg=sums["carbon_kg"] if sums["carbon_hours"] >= sums["hours"] - 1e-9 else None,
            own_kwh=None if own is None else own.energy_kwh.likely,
            own_cost=None if own_cost is None else own_cost.likely,
            own_cost_low=None if own_cost is None else own_cost.low,
            own_cost_high=None if own_cost is None else own_cost.high,
        )


def _local_day(at: datetime, timezone: ZoneInfo) -> date:
    return at.astimezone(timezone).date()
