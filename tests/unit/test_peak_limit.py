"""The import limit of a month with a peak charge: known situations, known answers."""

from __future__ import annotations

import dataclasses
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from homeagent.domain.grid import FloatArray
from homeagent.domain.site import BatterySpec, GridLimits, PeakChargeSpec
from homeagent.planning.peak_limit import (
    LimitChoice,
    MonthSoFar,
    RecentDays,
    choose_limit,
    excess_prices,
    expected_charge,
    limits_to_try,
)

OSLO = ZoneInfo("Europe/Oslo")
PER_KW = PeakChargeSpec(timezone=OSLO, days=3, per_kw=10.0)
TIERS = PeakChargeSpec(timezone=OSLO, days=1, tiers=((2, 8), (4, 15), (6, 25), (10, 49)))
BATTERY = BatterySpec(capacity_kwh=10, max_charge_kw=5, max_discharge_kw=5)
HOUR = np.arange(24)
START_OF_MONTH = MonthSoFar(peaks_kw=(), days_left=30)


def home(peak_kw: float, days: int = 28) -> FloatArray:
    """Return 0.5 kW all day and one hour of `peak_kw` in the evening."""
    return np.tile(np.where(HOUR == 18, peak_kw, 0.5), (days, 1))


def choice(charge: PeakChargeSpec, net_kw: FloatArray, month: MonthSoFar = START_OF_MONTH) -> LimitChoice | None:
    recent = RecentDays(net_kw=net_kw, import_per_kwh=np.full(24, 0.3), export_per_kwh=np.zeros(24))
    return choose_limit(charge, recent, month, BATTERY, GridLimits(), pv_curtailable=True)


@pytest.mark.parametrize("charge", [PER_KW, TIERS])
def test_an_evening_peak_that_the_battery_can_cover_is_shaved(charge: PeakChargeSpec) -> None:
    chosen = choice(charge, home(5.0))
    assert chosen is not None
    assert chosen.limit_kw < 2
    assert chosen.excess_per_kwh > 1


def test_without_any_history_there_is_no_choice() -> None:
    assert choice(PER_KW, np.full((3, 24), np.nan)) is None


def test_a_month_already_spoilt_is_given_up() -> None:
    fresh = choice(TIERS, home(5.0))
    spoilt = choice(TIERS, home(5.0), MonthSoFar(peaks_kw=(9.0,), days_left=3))
    assert fresh is not None
    assert spoilt is not None
    assert spoilt.expected_cost >= 49
    again = choice(TIERS, home(5.0), MonthSoFar(peaks_kw=(9.0,), days_left=3))
    assert spoilt == again  # the same situation, the same choice


def test_limits_land_just_inside_a_tier() -> None:
    three_days = dataclasses.replace(TIERS, days=3)
    tried = limits_to_try(three_days, (5.0,), home(5.0), unshaved_kw=5.0)
    assert any(abs(limit - (4 * 3 - 5) / 2) < 0.01 for limit in tried)  # one of three days is known
    assert any(abs(limit - 2) < 0.01 for limit in limits_to_try(TIERS, (), home(5.0), unshaved_kw=5.0))


def test_what_a_kwh_above_the_limit_is_worth_follows_the_charge() -> None:
    assert list(excess_prices(PER_KW, np.array([1.0, 4.0]), 6.0)) == pytest.approx([10, 10])
    assert excess_prices(TIERS, np.array([1.9]), 5.9)[0] == pytest.approx((25 - 8) / 4)


@pytest.mark.parametrize(("known", "left", "expected"), [((), 30, 30.0), ((9.0, 9.0, 9.0), 5, 90.0), ((9.0,), 0, 90.0)])
def test_the_expected_charge_counts_the_month_so_far(known: tuple[float, ...], left: int, expected: float) -> None:
    got = expected_charge(PER_KW, MonthSoFar(peaks_kw=known, days_left=left), np.full((1, 28), 3.0))
    assert got[0] == pytest.approx(expected)
