from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from homeagent.domain.peak import PeakMeter, peak_cost, z_kw
from homeagent.domain.site import PeakChargeSpec

OSLO = ZoneInfo("Europe/Oslo")
TIERS = ((2.0, 83.0), (5.0, 147.0), (10.0, 252.0))


def test_an_hours_mean_counts_not_its_largest_quarter() -> None:
    meter = PeakMeter(OSLO)
    start = datetime(2024, 1, 10, 6, tzinfo=UTC)
    for quarter, kw in enumerate((8.0, 0.0, 0.0, 0.0)):
        meter.add(start + quarter * timedelta(minutes=15), 0.25, kw)
    assert meter.daily_kw == {date(2024, 1, 10): pytest.approx(2.0)}


def test_the_day_is_local_and_export_is_no_peak() -> None:
    meter = PeakMeter(OSLO)
    meter.add(datetime(2024, 1, 10, 23, tzinfo=UTC), 1.0, 3.0)  # past midnight in Oslo
    meter.add(datetime(2024, 1, 11, 12, tzinfo=UTC), 1.0, -9.0)
    assert meter.daily_kw == {date(2024, 1, 11): 3.0}


def test_z_is_the_mean_of_the_largest_days() -> None:
    assert z_kw([1.0, 5.0, 3.0, 4.0], 3) == 4.0
    assert z_kw([2.0], 3) == 2.0
    assert z_kw([], 3) == 0.0


def test_tiers_and_price_per_kw() -> None:
    tiers = PeakChargeSpec(timezone=OSLO, days=3, tiers=TIERS)
    assert [tiers.cost(z) for z in (0.0, 2.0, 2.1, 10.0, 99.0)] == [83, 83, 147, 252, 252]
    per_kw = PeakChargeSpec(timezone=OSLO, days=1, per_kw=4.0)
    days = {date(2024, 1, 3): 5.0, date(2024, 1, 9): 3.0, date(2024, 2, 1): 2.0}
    assert peak_cost(per_kw, days) == 4.0 * 5.0 + 4.0 * 2.0
