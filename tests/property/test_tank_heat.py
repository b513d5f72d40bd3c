"""The heat of a tank whose cold water pushes the hot up, counted from one thermometer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.domain.devices import TankSpec
from homeagent.domain.grid import FloatArray
from homeagent.forecasting.tank_heat import tank_heat

SPEC = TankSpec(name="tank", litres=200, max_kw=2.0, layered=0.7, loss_kw_per_k=0.002)
SLOTS = 192
HEIGHT = 0.3
"""Where this tank's thermometer sits, as a share of its height; the counting does not know it."""


def usual(slots: int) -> FloatArray:
    """Return how likely a draw of 1 kWh in the mean is."""
    hour = np.arange(slots) / 4 % 24
    return 0.4 * (abs(hour - 7) < 1) + 0.3 * (abs(hour - 20) < 1)


def lived(seed: int, slots: int = SLOTS) -> tuple[FloatArray, FloatArray, float]:
    """Return a tank of two zones, hot above cold, under a thermostat: shown, power, and its last mean."""
    rng = np.random.default_rng(seed)
    shown, power, drawn = np.empty(slots), np.zeros(slots), np.zeros(slots)
    often = usual(slots)
    hot_c, low_c, share, on = 55.0, 55.0, 1.0, False  # `share` of it is hot, the rest at `low_c`
    for slot in range(slots):
        if rng.random() < often[slot]:
            drawn[slot] = rng.uniform(0.5, 1.5)
        part = min(drawn[slot] / (SPEC.kwh_per_k * (hot_c - SPEC.cold_c)), share)
        drawn[slot] = part * SPEC.kwh_per_k * (hot_c - SPEC.cold_c)
        if part:
            low_c = ((1 - share) * low_c + part * SPEC.cold_c) / (1 - share + part)
            share -= part
        at = hot_c if share > 1 - HEIGHT else low_c
        on = at < 50 if not on else at < 55
        power[slot] = SPEC.max_kw * on
        if on and share < 1:
            low_c += power[slot] * 0.25 / (SPEC.kwh_per_k * (1 - share))
        elif on:
            hot_c += power[slot] * 0.25 / SPEC.kwh_per_k
        cools = SPEC.loss_kw_per_k * 0.25 / SPEC.kwh_per_k
        hot_c, low_c = hot_c - cools * (hot_c - SPEC.room_c), low_c - cools * (low_c - SPEC.room_c)
        if low_c >= hot_c:
            hot_c, share = share * hot_c + (1 - share) * low_c, 1.0
            low_c = hot_c
        shown[slot] = hot_c if share > 1 - HEIGHT else low_c
    return shown, power, share * hot_c + (1 - share) * low_c


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_the_count_stays_within_what_the_thermometer_allows(seed: int) -> None:
    shown, power, mean = lived(seed)
    found = tank_heat(SPEC, 0.25, shown, power, np.zeros(SLOTS), usual(SLOTS))
    assert found is not None
    assert SPEC.cold_c <= found.mean_c <= found.top_c + 1e-9
    assert abs(found.mean_c - mean) < 15.0


def test_over_many_tanks_it_is_far_nearer_than_the_thermometer() -> None:
    off, thermometer_off = [], []
    for seed in range(60):
        shown, power, mean = lived(seed, slots=84 + seed)  # at any time of day
        none = np.zeros(len(shown))
        found = tank_heat(SPEC, 0.25, shown, power, none, usual(len(shown)))
        assert found is not None
        off.append(abs(found.mean_c - mean))
        thermometer_off.append(abs(shown[-1] - mean))
    assert np.mean(off) < 0.7 * np.mean(thermometer_off)


def test_a_mixed_tank_is_what_its_thermometer_shows() -> None:
    mixed = TankSpec(name="tank", litres=200, max_kw=2.0)
    shown = np.array([50.0, 49.0, np.nan])
    found = tank_heat(mixed, 0.25, shown, np.zeros(3), np.zeros(3), np.zeros(3))
    assert found is not None
    assert (found.mean_c, found.top_c) == (49.0, 49.0)
    assert tank_heat(SPEC, 0.25, np.full(3, np.nan), np.zeros(3), np.zeros(3), np.zeros(3)) is None


def test_a_tank_that_was_cold_all_through_has_no_hot_top() -> None:
    found = tank_heat(SPEC, 0.25, np.full(40, 25.0), np.zeros(40), np.zeros(40), np.zeros(40))
    assert found is not None
    assert found.top_c < SPEC.useful_c
    assert found.mean_c == pytest.approx(25.0, abs=4)
