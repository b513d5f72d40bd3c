"""A house learned from what it shows: of a made-up house with three nodes, stepped by the minute."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homeagent.devices.house_heat import modes_of
from homeagent.domain.grid import FloatArray
from homeagent.forecasting.house_model import HouseFit, HouseHistory, NotIdentified, identified
from homeagent.forecasting.house_windows import bridged, clean, held

STEP_H = 0.5
NIGHT = (22, 6)


def told_by_thermostat(hour: float, _: np.random.Generator) -> float:
    return 17.0 if hour >= NIGHT[0] or hour < NIGHT[1] else 20.0


def told_at_random(_: float, rng: np.random.Generator) -> float:
    return 17.0 + 4.0 * rng.random()


def always_on(_: float, __: np.random.Generator) -> float:
    return np.nan


def measured(told: object = told_by_thermostat, *, days: int = 40, loss_kw_per_k: float = 0.18) -> HouseHistory:
    """Air, furniture and walls; a thermostat with 6 kW of heat; readings with noise, in tenths."""
    rng = np.random.default_rng(3)
    minutes, count = round(STEP_H * 60), round(days * 24 / STEP_H)
    mean_c = np.clip(5 + np.cumsum(rng.normal(0, 1.0, days + 1)), -5, 11)
    bright = rng.uniform(0.1, 1, days + 1)
    air = stuff = wall = 19.0
    on, rows = False, []
    for slot in range(count):
        day, hour = divmod(slot * STEP_H, 24)
        outdoor = float(np.interp(day + hour / 24, range(days + 1), mean_c)) + 3.5 * np.sin((hour - 9) / 12 * np.pi)
        sun = 0.45 * bright[int(day)] * max(np.sin((hour - 8) / 8.5 * np.pi), 0) if 8 < hour < 16.5 else 0.0
        wanted = told(hour, rng)  # type: ignore[operator]
        gains = 0.2 + (0.4 * rng.random() if 7 < hour < 22 else 0.1)
        read, heat = air, 0.0
        for _ in range(minutes):
            on = (on or air < wanted - 0.2) and not air > wanted + 0.2
            made = 2.8 if np.isnan(wanted) else 6.0 * on
            heat += made / minutes
            to_stuff, to_wall = 0.6 * (air - stuff), 1.0 * (air - wall)
            air_kw = -to_stuff - to_wall - 0.7 * loss_kw_per_k * (air - outdoor) + 1.5 * sun + gains + 0.6 * made
            air += air_kw / 0.8 / 60
            stuff += (to_stuff + 1.5 * sun + 0.4 * made) / 3.0 / 60
            wall += (to_wall - 0.3 * loss_kw_per_k * (wall - outdoor)) / 14.0 / 60
        rows.append((round(read + rng.normal(0, 0.03), 1), outdoor, sun, heat))
    air_c, outdoor_c, sun_kw_m2, heat_kw = np.array(rows).T
    return HouseHistory(hours=STEP_H, air_c=air_c, outdoor_c=outdoor_c, sun_kw_m2=sun_kw_m2, heat_kw=heat_kw)


@pytest.mark.parametrize("loss", [0.12, 0.3])
def test_loss_and_time_constant_are_found_as_well_as_is_said(loss: float) -> None:
    fit = identified(measured(loss_kw_per_k=loss))
    assert isinstance(fit, HouseFit)
    assert fit.model.out_kw_per_k == pytest.approx(loss, rel=0.15)
    held_kwh = fit.model.air_kwh_per_k + fit.model.mass_kwh_per_k
    assert 1 / modes_of(fit.model).slow_per_h == pytest.approx(17.8 / loss, rel=0.35)
    assert 10 < held_kwh < 24
    assert fit.nodes == 2
    assert fit.loss_error < 0.35
    assert fit.error_k < 0.3
    assert fit.model.error_k_24h == fit.error_k


def test_a_house_that_moves_is_told_a_day_ahead_far_better_than_as_now() -> None:
    fit = identified(measured(told_at_random))
    assert isinstance(fit, HouseFit)
    assert fit.error_k < 0.25 * fit.now_error_k


def test_heat_believed_too_high_by_a_factor_makes_all_numbers_higher_by_it() -> None:
    history = measured(told_at_random)
    one, other = identified(history), identified(replace(history, heat_kw=1.3 * history.heat_kw))
    assert isinstance(one, HouseFit)
    assert isinstance(other, HouseFit)
    assert other.model.out_kw_per_k == pytest.approx(1.3 * one.model.out_kw_per_k, rel=0.05)
    assert other.error_k == pytest.approx(one.error_k, rel=0.05)


def test_a_cooled_house_is_found_too() -> None:
    history = measured(told_at_random)
    mirrored = replace(history, air_c=40 - history.air_c, outdoor_c=40 - history.outdoor_c, heat_kw=-history.heat_kw)
    fit = identified(replace(mirrored, sun_kw_m2=np.zeros_like(history.sun_kw_m2)))
    assert isinstance(fit, HouseFit)
    assert fit.model.out_kw_per_k == pytest.approx(0.18, rel=0.25)


def gone(values: FloatArray) -> FloatArray:
    return np.full_like(values, np.nan)


def test_where_nothing_can_be_told_it_says_why() -> None:
    history = measured()
    cases = {
        "heated too evenly": measured(always_on),
        "spans of 24 hours are measured": measured(days=9),
        "0 spans": replace(history, air_c=gone(history.air_c)),
        "it ran on 0 of": replace(history, heat_kw=np.zeros_like(history.heat_kw)),
    }
    for words, case in cases.items():
        found = identified(case)
        assert isinstance(found, NotIdentified), words
        assert words in found.reason


def test_a_stuck_thermometer_identifies_no_house() -> None:
    history = measured()
    found = identified(replace(history, air_c=np.full_like(history.air_c, 20.0)))
    assert isinstance(found, NotIdentified)
    assert "thermometer" in found.reason


def test_without_a_measured_sun_a_house_is_found_still() -> None:
    history = measured()
    fit = identified(replace(history, sun_kw_m2=gone(history.sun_kw_m2)))
    assert isinstance(fit, HouseFit)
    assert fit.model.sun_m2 == pytest.approx(0.0, abs=1e-3)


def test_spikes_and_short_gaps_are_mended_and_long_ones_stay() -> None:
    nan = np.nan
    air = np.array([20.0, 20.1, 20.0, 14.5, 20.2, nan, 20.4, nan, nan, nan, nan, 21.0])
    assert np.allclose(clean(air, 1.0)[:7], [20.0, 20.1, 20.0, 20.1, 20.2, 20.3, 20.4])
    assert np.isnan(clean(air, 1.0)[7:11]).all()
    assert np.isnan(bridged(np.array([nan, 1.0, nan, 3.0, nan]), 1.0)).tolist() == [True, False, False, False, True]
    assert held(np.array([nan, 1.0, nan, nan, nan, nan]), 1.0)[1:5].tolist() == [1.0] * 4
