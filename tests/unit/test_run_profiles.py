"""Programmes learned from past runs."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.appliance_runs import find_runs
from homeagent.forecasting.run_profiles import RunProfile, TooFewRuns, run_profile

STEP = timedelta(minutes=5)
DISHES = np.array([0.4, 2.2, 1.0, 0.035, 0.03, 0.03, 0.05, 0.05, 0.02, 0.05, 0.3, 2.2, 2.2, 1.4])
"""As a measured dishwasher: between its two heatings it only moves water."""
SHORT = np.array([1.2, 1.6, 0.5, 0.1, 0.3])


def power(*runs: FloatArray, standby_kw: float = 0.0) -> FloatArray:
    """Return runs half a day apart."""
    values = np.full(144 * (len(runs) + 1), standby_kw)
    for k, run in enumerate(runs):
        values[100 + 144 * k : 100 + 144 * k + len(run)] = run
    return values


def test_a_run_is_whole_though_it_hardly_draws_between_its_heatings() -> None:
    for standby_kw in (0.0, 0.004):
        begins, ends, used = find_runs(power(DISHES, DISHES, standby_kw=standby_kw), STEP)
        assert (ends - begins).tolist() == [14, 14]
        assert used == pytest.approx(DISHES.sum() / 12)


def test_two_loads_a_quarter_of_an_hour_apart_are_two_runs() -> None:
    begins, _, _ = find_runs(power(np.concatenate([SHORT, np.zeros(3), SHORT])), STEP)
    assert len(begins) == 2


def test_what_only_blinks_is_no_run() -> None:
    assert len(find_runs(power(DISHES, np.full(60, 0.05)), STEP)[0]) == 1


def test_one_programme_is_its_mean_by_minute() -> None:
    found = run_profile(power(*(DISHES * factor for factor in (0.95, 1.0, 1.05))), STEP)
    assert isinstance(found, RunProfile)
    assert len(found.programmes) == 1
    assert found.expected.profile_kw == pytest.approx(np.repeat(DISHES, 5), rel=1e-3)
    assert found.expected.energy_kwh == pytest.approx(DISHES.sum() / 12)
    assert found.expected.energy_sd_kwh == pytest.approx(DISHES.sum() / 12 * 0.0408, rel=0.01)


def test_programmes_are_told_apart_the_most_frequent_first() -> None:
    found = run_profile(power(DISHES, SHORT, SHORT, DISHES, SHORT), STEP)
    assert isinstance(found, RunProfile)
    assert [(one.runs, len(one.profile_kw)) for one in found.programmes] == [(3, 25), (2, 70)]
    assert found.programmes[0].share == pytest.approx(0.6)
    energy = (3 * SHORT.sum() + 2 * DISHES.sum()) / 5 / 12
    assert found.expected.energy_kwh == pytest.approx(energy)
    assert found.expected.profile_kw.sum() / 60 == pytest.approx(energy)


def test_runs_with_a_gap_do_not_count() -> None:
    values = power(DISHES, DISHES, DISHES)
    values[105] = np.nan
    found = run_profile(values, STEP)
    assert found == TooFewRuns(reason="2 whole runs were seen, 3 are needed")
    assert isinstance(run_profile(np.zeros(0), STEP), TooFewRuns)
