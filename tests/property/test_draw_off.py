"""What is found of hot water must be what was drawn, for any tank and any habit; nothing of the future is looked at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.domain.devices import CopCurve, TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array
from homeagent.forecasting.draw_off import (
    drawn_by_power,
    drawn_by_temperature,
    expected_draw_off,
    standard_household,
)

BERLIN = ZoneInfo("Europe/Berlin")
QUARTER = timedelta(minutes=15)
DAYS = 30


def lived(
    seed: int, days: int = DAYS, cop: float = 1.0
) -> tuple[TankSpec, TimeGrid, FloatArray, FloatArray, FloatArray]:
    """Return a tank under a thermostat in made-up use: its draws [kWh], its mean temperature and power by slot."""
    rng = np.random.default_rng(seed)
    spec = TankSpec(name="tank", litres=200, max_kw=2.0 / cop, cop=CopCurve(cop=frozen_array([cop])))
    grid = TimeGrid(start=datetime(2026, 3, 10, tzinfo=UTC), step=QUARTER, count=96 * days)
    usual, _ = standard_household(grid, BERLIN, 3)
    drawn = np.where(rng.random(grid.count) < usual / 0.8, rng.uniform(0.4, 1.2, grid.count), 0.0)
    water, power, on = np.empty(grid.count + 1), np.zeros(grid.count), False
    water[0] = 55.0
    for slot in range(grid.count):
        on = water[slot] < 50 or (on and water[slot] < 58)
        power[slot] = spec.max_kw * on
        lost = spec.loss_kw_per_k * (water[slot] - spec.room_c) * 0.25
        water[slot + 1] = water[slot] + (power[slot] * cop * 0.25 - drawn[slot] - lost) / spec.kwh_per_k
    return spec, grid, drawn, (water[1:] + water[:-1]) / 2, power


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 0.3), st.sampled_from((1.0, 3.0)))
def test_the_heat_balance_finds_what_was_drawn(seed: int, noise_k: float, cop: float) -> None:
    spec, grid, drawn, water, power = lived(seed, cop=cop)
    seen = water + np.random.default_rng(seed).normal(0, noise_k, grid.count)
    found = drawn_by_temperature(spec, grid, seen, power, np.zeros(grid.count))
    assert np.nanmin(found) >= 0
    assert np.nansum(found) == pytest.approx(drawn.sum(), rel=0.03)
    by_hour = [np.nan_to_num(each).reshape(-1, 4).sum(axis=1) for each in (found, drawn)]
    assert np.corrcoef(*by_hour)[0, 1] > 0.85


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 2**32 - 1))
def test_the_heaters_power_alone_finds_the_sum(seed: int) -> None:
    spec, grid, drawn, _, power = lived(seed)
    found = drawn_by_power(spec, grid, power, np.zeros(grid.count), BERLIN)
    known = ~np.isnan(found)
    assert known.mean() > 0.9
    assert found[known].sum() == pytest.approx(drawn[known].sum(), rel=0.05)


def test_a_gap_stays_a_gap() -> None:
    spec, grid, _, water, power = lived(1)
    water[100:110] = np.nan
    found = drawn_by_temperature(spec, grid, water, power, np.zeros(grid.count))
    assert np.isnan(found[100:110]).all()
    assert np.isfinite(found[112:-1]).all()
    power[200:300] = np.nan
    found = drawn_by_power(spec, grid, power, np.zeros(grid.count), BERLIN)
    assert np.isnan(found[200:300]).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(0, DAYS), st.integers(1, 192))
def test_what_is_expected_is_at_most_what_may_be_and_never_negative(seed: int, days: int, ahead: int) -> None:
    _, grid, drawn, _, _ = lived(seed % 7)
    past = TimeGrid(start=grid.end - days * 96 * QUARTER, step=QUARTER, count=days * 96)
    future = TimeGrid(start=grid.end, step=QUARTER, count=ahead)
    found = expected_draw_off(past, drawn[grid.count - past.count :], future, BERLIN)
    assert found.drawn_kwh.shape == found.drawn_high_kwh.shape == (ahead,)
    assert (found.drawn_kwh >= 0).all()
    assert (found.drawn_high_kwh >= found.drawn_kwh).all()


def test_habits_are_those_of_the_home_and_hold_across_a_change_of_the_clock() -> None:
    grid = TimeGrid(start=datetime(2026, 3, 1, 23, tzinfo=UTC), step=QUARTER, count=96 * 27)
    hour = np.array([at.astimezone(BERLIN).hour for at in grid.starts()])
    drawn = np.where(hour == 7, 0.5, 0.0)
    future = TimeGrid(start=grid.end, step=QUARTER, count=192)  # the clocks go forward on the 29th
    found = expected_draw_off(grid, drawn, future, BERLIN)
    ahead = np.array([at.astimezone(BERLIN).hour for at in future.starts()])
    assert found.drawn_kwh[ahead == 7].mean() > 0.35
    assert found.drawn_kwh[(ahead < 6) | (ahead > 8)].max() < 0.05
    assert found.drawn_high_kwh[ahead == 7].max() == pytest.approx(2.0)
    assert found.drawn_kwh[:96].sum() == pytest.approx(2.0, rel=0.05)


def test_a_new_home_draws_as_a_standard_household() -> None:
    empty = TimeGrid(start=datetime(2026, 3, 2, tzinfo=UTC), step=QUARTER, count=0)
    future = TimeGrid(start=empty.start, step=QUARTER, count=96)
    for people, a_day in ((1, 2.62), (4, 5.85)):  # (25 N + 36) l by 37 K
        found = expected_draw_off(empty, np.zeros(0), future, ZoneInfo("UTC"), people)
        assert found.drawn_kwh.sum() == pytest.approx(a_day, rel=0.01)
        assert "standard household" in found.text


def test_nothing_of_the_future_is_looked_at_and_gaps_weigh_nothing() -> None:
    _, grid, drawn, _, _ = lived(2)
    future = TimeGrid(start=grid.end, step=QUARTER, count=96)
    whole = expected_draw_off(grid, drawn, future, BERLIN)
    holes = drawn.copy()
    holes[-96 * 4 :] = np.nan
    fewer = expected_draw_off(grid, holes, future, BERLIN)
    assert fewer.days == whole.days - 4
    assert fewer.drawn_kwh.sum() == pytest.approx(whole.drawn_kwh.sum(), rel=0.3)
