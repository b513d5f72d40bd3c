from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeagent.domain.footprint import Estimate, OwnEnergy
from homeagent.domain.ledger import SettledSlot
from homeagent.domain.site import BatterySpec, SiteSpec
from homeagent.savings.counterfactual import DayBook, RuleBattery

SITE = SiteSpec(
    timezone=ZoneInfo("UTC"),
    battery=BatterySpec(
        capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5, charge_efficiency=1, discharge_efficiency=1
    ),
)
START = datetime(2024, 3, 1, tzinfo=UTC)
SLOT = SettledSlot(
    start=START,
    hours=1.0,
    load_kw=1.0,
    pv_kw=0.0,
    battery_kw=0.0,
    grid_kw=1.0,
    curtailed_kw=0.0,
    soc_kwh=0.0,
    import_price_per_kwh=0.3,
    export_price_per_kwh=0.1,
)


def book(soc_kwh: float = 0.0) -> DayBook:
    return DayBook(SITE, RuleBattery(SITE, soc_kwh))


def test_a_battery_that_does_nothing_saves_nothing() -> None:
    days = book()
    for hour in range(24):
        days.add(replace(SLOT, start=START + timedelta(hours=hour)), 0.0)
    entry = days.close()
    assert entry is not None
    assert entry.cost == pytest.approx(7.2)
    assert entry.saved_against_none == pytest.approx(0.0)
    assert entry.saved_against_rule == pytest.approx(0.0)


def test_surplus_stored_and_used_is_saved_and_export_forgone_is_paid() -> None:
    days = book()
    days.add(replace(SLOT, load_kw=0.0, pv_kw=2.0, battery_kw=-2.0, grid_kw=0.0), 2.0)
    days.add(
        replace(SLOT, start=START + timedelta(hours=1), load_kw=2.0, battery_kw=2.0, grid_kw=0.0, soc_kwh=2.0), 0.0
    )
    entry = days.close()
    assert entry is not None
    assert entry.cost == 0.0
    assert entry.saved_against_none == pytest.approx(2 * 0.3 - 2 * 0.1)
    assert entry.saved_against_rule == pytest.approx(0.0)  # the rule does the same


def test_energy_bought_and_still_stored_is_no_loss() -> None:
    days = book()
    days.add(replace(SLOT, battery_kw=-2.0, grid_kw=3.0), 2.0)
    entry = days.close()
    assert entry is not None
    assert entry.cost == pytest.approx(0.9)
    assert entry.stored_value == pytest.approx(2 * 0.3)
    assert entry.saved_against_none == pytest.approx(0.0)


def test_a_new_local_day_closes_the_one_before() -> None:
    days = book()
    assert days.add(SLOT, 0.0) is None
    closed = days.add(replace(SLOT, start=START + timedelta(days=1)), 0.0)
    assert closed is not None
    assert closed.day == date(2024, 3, 1)
    assert days.today() is not None


def test_carbon_is_known_only_if_every_slot_knows_it() -> None:
    days = book()
    days.add(replace(SLOT, carbon_g_per_kwh=200.0), 0.0)
    today = days.today()
    assert today is not None
    assert today.carbon_kg == pytest.approx(0.2)
    days.add(replace(SLOT, start=START + timedelta(hours=1)), 0.0)
    today = days.today()
    assert today is not None
    assert today.carbon_kg is None


TAKEN = Estimate(low=0.001, likely=0.002, high=0.004)


@pytest.mark.parametrize("cost", [TAKEN.times(0.25), None], ids=["priced by the hour", "without a price of its own"])
def test_a_home_without_anything_to_save_pays_for_the_agent(cost: Estimate | None) -> None:
    days = DayBook(SITE, RuleBattery(SITE, 0.0), own_energy=lambda _: OwnEnergy(energy_kwh=TAKEN, cost=cost))
    for hour in range(24):
        days.add(replace(SLOT, start=START + timedelta(hours=hour), import_price_per_kwh=0.25), 0.0)
    entry = days.close()
    assert entry is not None
    assert entry.own_kwh == 0.002
    assert entry.own_cost == pytest.approx(0.0005)
    assert entry.saved_against_none == pytest.approx(-0.0005)
    assert entry.saved_against_rule == pytest.approx(-0.0005)
    assert (entry.own_cost_low, entry.own_cost_high) == pytest.approx((0.00025, 0.001))


def test_a_day_that_was_not_metered_says_so() -> None:
    days = book()
    days.add(SLOT, 0.0)
    today = days.today()
    assert today is not None
    assert today.own_kwh is None
    assert today.own_cost is None
    assert today.saved_against_none == pytest.approx(0.0)
