"""What more confidence in a car's learned departures costs is said from its own stays and the home's prices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from device_tasks import CAR

from homeagent.agent.devices.confidence import ConfidenceTeller
from homeagent.agent.price_book import PriceBook
from homeagent.domain.car_sessions import CarSession
from homeagent.domain.grid import TimeGrid
from homeagent.domain.prices import PublishedPrices
from homeagent.domain.site import NO_BATTERY, SiteSpec
from homeagent.domain.wishes import CarWish

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def teller(days: int = 42) -> ConfidenceTeller:
    grid = TimeGrid(start=NOW - days * DAY, step=HOUR, count=days * 24)
    hours = np.array([at.hour for at in grid.starts()])
    prices = PriceBook(BERLIN, None)
    imports = np.where(hours < 4, 0.15, 0.30)
    prices.add(PublishedPrices(grid=grid, import_per_kwh=imports, export_per_kwh=imports / 3))
    return ConfidenceTeller(SiteSpec(timezone=BERLIN, battery=NO_BATTERY), prices)


def stays(count: int) -> list[CarSession]:
    """Return nights at home; on every fifth evening somebody leaves again."""
    found = []
    for back in range(count, 0, -1):
        plug_in = NOW - back * DAY + 5 * HOUR
        lasts = 2.5 * HOUR if back % 5 == 0 else 13 * HOUR
        found.append(CarSession(plug_in=plug_in, plug_out=plug_in + lasts, energy_kwh=10.0))
    return found


def test_half_the_risk_has_its_price_said() -> None:
    told = teller().told(CAR, CarWish(confidence=0.9), stays(28), NOW)
    assert told is not None
    assert told.startswith("A confidence of 0.95 instead of 0.9 would have cost ")
    assert " EUR more a month" in told
    assert "in 28 stays over 0.9 months." in told


def test_where_it_cannot_be_said_it_is_not() -> None:
    assert teller().told(CAR, CarWish(ready_by_min=420), stays(28), NOW) is None
    assert teller().told(CAR, CarWish(), stays(3), NOW) is None
    assert teller(days=10).told(CAR, CarWish(), stays(28), NOW) is None


def test_it_is_worked_out_once_a_day() -> None:
    one = teller()
    first = one.told(CAR, CarWish(confidence=0.9), stays(28), NOW)
    assert one.told(CAR, CarWish(confidence=0.9), stays(3), NOW + HOUR) == first
    assert one.told(replace(CAR, name="other"), CarWish(confidence=0.9), stays(3), NOW) is None
