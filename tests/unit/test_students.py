"""Students: what they say untaught and taught, what their files compute, and what is made of their word."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import TimeGrid
from homeagent.forecasting.compression import without_units, without_weights
from homeagent.forecasting.features import LEVELS, Rows
from homeagent.forecasting.learned import Calibration, calibrate, calibrated_kw, choose_trust, corrected
from homeagent.forecasting.scenarios import shuffled
from homeagent.forecasting.scores import pinball, score
from homeagent.forecasting.student import Float32Array, Lessons, Network, merged, practise, teach
from homeagent.forecasting.tflite_file import Kind, tflite_bytes
from homeagent.learning.runtime import choose

RNG = np.random.default_rng(5)


def network(widths: tuple[int, ...] = (16, 8), inputs: int = 6, seed: int = 1) -> Network:
    made = Network.untaught(
        (inputs, *widths, len(LEVELS)), np.zeros(inputs, np.float32), np.ones(inputs, np.float32), seed
    )
    made.weights[-1][:] = np.random.default_rng(seed).normal(0, 0.3, made.weights[-1].shape)
    return made


def lessons(count: int = 4000) -> Lessons:
    """Return lessons whose truth is twice the first input with noise, the same at each level's base."""
    rows = RNG.normal(size=(count, 6)).astype(np.float32)
    truth = 2 * rows[:, :1] + RNG.normal(0, 0.5, (count, 1))
    return Lessons(
        rows=rows,
        measured=np.repeat(truth, len(LEVELS), axis=1).astype(np.float32),
        taught=None,
        levels=np.array(LEVELS, np.float32),
        weight=np.ones(count, np.float32),
    )


def plain_rows(origins: int = 30, slots: int = 24) -> Rows:
    base = np.sort(RNG.gamma(2, 0.5, (origins, slots, len(LEVELS))), axis=-1)
    return Rows(
        inputs=np.zeros((origins, slots, 1), np.float32),
        base=base,
        floor=base,
        scale_kw=np.full(origins, 0.8),
        most=np.full(origins, 8.0),
        counts=np.ones((origins, slots)),
    )


def test_an_untaught_student_says_what_the_recent_days_say() -> None:
    fresh = Network.untaught((6, 8, len(LEVELS)), np.zeros(6, np.float32), np.ones(6, np.float32))
    assert not fresh(RNG.normal(size=(5, 6)).astype(np.float32)).any()


def test_a_gap_in_the_inputs_says_nothing() -> None:
    told = network().standardised(np.array([[np.nan, 1e9, 0, 0, 0, 0]], np.float32))
    assert told[0, 0] == 0
    assert told[0, 1] == 5


def test_teaching_finds_quantiles() -> None:
    said = Network.untaught((6, 16, len(LEVELS)), np.zeros(6, np.float32), np.ones(6, np.float32))
    teach(said, lessons(), epochs=20, rate=3e-3)
    fresh = lessons(2000)
    below = (fresh.measured <= said(fresh.rows)).mean(axis=0)
    assert below == pytest.approx(np.array(LEVELS), abs=0.06)


def test_a_few_steps_a_night_follow_a_change() -> None:
    said, new = network(), lessons()
    truth = new.measured[:, 0].astype(np.float64)
    before = pinball(truth, said(new.rows).astype(np.float64)).mean()
    for night in range(20):
        practise(said, new, steps=6, rate=2e-3, seed=night)
    assert pinball(truth, said(new.rows).astype(np.float64)).mean() < 0.8 * before


def test_pruned_weights_stay_nothing_and_pruned_units_are_gone() -> None:
    pruned = without_weights(network((32, 16)), 0.5)
    teach(pruned, lessons(500), epochs=2, rate=1e-3)
    assert (pruned.weights[0] == 0).mean() == pytest.approx(0.5, abs=0.01)
    assert without_units(network((32, 16)), 0.5).widths == (16, 8)


@pytest.mark.parametrize("widths", [(5,), (16, 8), (33, 17, 9)], ids=str)
@pytest.mark.parametrize(("kind", "tolerance"), [("float32", 1e-5), ("dynamic", 0.08), ("int8", 0.08)])
def test_a_file_computes_what_its_network_does(widths: tuple[int, ...], kind: Kind, tolerance: float) -> None:
    runtime = choose()
    if runtime.build is None:
        pytest.skip("no TFLite runtime here")
    said = network(widths)
    rows: Float32Array = RNG.normal(size=(96, 6)).astype(np.float32)
    run = runtime.build(tflite_bytes(said, kind, 24, rows, "a test"))
    wanted = said(rows)
    given_back = np.concatenate([run(rows[at : at + 24]) for at in range(0, 96, 24)])
    assert np.abs(given_back - wanted).max() <= tolerance * max(float(np.abs(wanted).max()), 1.0)
    assert run(rows[:7]).shape == (7, len(LEVELS))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the library's own, harmless
def test_an_accelerator_that_does_not_work_leaves_the_cpu(tmp_path: Path) -> None:
    found = choose(tmp_path / "libnothing.so")
    assert found.note is not None
    assert "libnothing.so" in found.note
    assert found.name == choose().name


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0.6, 1.6))
def test_a_calibrated_band_covers_what_it_says(seed: int, wrong: float) -> None:
    rng = np.random.default_rng(seed)
    truth = 5 + rng.normal(size=4000)
    levels = np.array([-1.645, -1.282, -0.842, -0.385, 0, 0.385, 0.842, 1.282, 1.645])
    rows = plain_rows(2, 2000)
    said = np.broadcast_to(5 + wrong * levels, (2, 2000, len(LEVELS)))
    calibration = calibrate(truth, said.reshape(-1, len(LEVELS)))
    band = calibrated_kw(rows, said, calibration)
    assert score(truth.reshape(2, 2000) * 0.8, band, rows.counts).coverage == pytest.approx(0.8, abs=0.05)


def test_of_few_slots_little_is_believed() -> None:
    said = np.tile(np.linspace(0, 1, len(LEVELS)), (4, 1))
    few = calibrate(np.full(4, 5.0), said)
    many = calibrate(np.full(4000, 5.0), np.tile(said, (1000, 1)))
    assert np.abs(few.shift).max() < 0.05 * np.abs(many.shift).max()
    assert not calibrate(np.empty(0), np.empty((0, len(LEVELS)))).shift.any()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 50))
def test_whatever_a_student_says_the_forecast_is_one_a_home_can_have(seed: int, trust: float, wild: float) -> None:
    rows = plain_rows(4)
    corrections = np.random.default_rng(seed).normal(0, wild, rows.base.shape)
    found = calibrated_kw(rows, corrected(rows, corrections, trust), Calibration(shift=np.full(len(LEVELS), wild - 25)))
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found <= rows.most[0] * rows.scale_kw[0] + 1e-9).all()
    assert (np.diff(found, axis=-1) >= -1e-12).all()


def test_trust_follows_what_would_have_been_best() -> None:
    rows = plain_rows()
    truth = np.take(rows.base, LEVELS.index(0.5), axis=-1) + 1.0
    right, wrong = np.ones(rows.base.shape), -np.ones(rows.base.shape)
    assert choose_trust(rows, truth, right, 28) > 0.8
    assert choose_trust(rows, truth, wrong, 28) < 0.25
    assert choose_trust(rows, truth, wrong, 1) > 0.5


def courses(grid: TimeGrid, days: int = 20) -> Scenarios:
    weight = RNG.uniform(0.2, 1, days)
    return Scenarios(
        grid=grid,
        load_kw=RNG.gamma(2, 0.4, (days, grid.count)),
        pv_kw=RNG.gamma(2, 0.4, (days, grid.count)),
        weight=weight / weight.sum(),
        issued_at=grid.start,
        model_id="floor-1",
    )


def test_shuffled_courses_have_the_quantiles_and_the_order_of_days() -> None:
    grid = TimeGrid(start=datetime(2024, 5, 1, tzinfo=UTC), step=timedelta(hours=1), count=24)
    days = courses(grid, days=200)
    wanted = np.sort(RNG.gamma(3, 1, (24, len(LEVELS))), axis=-1)
    found = shuffled(days, grid, wanted, None, "student")
    assert (found.pv_kw == days.pv_kw).all()
    assert (np.argsort(found.load_kw, axis=0) == np.argsort(days.load_kw, axis=0)).all()
    share = days.weight @ (found.load_kw <= wanted[:, LEVELS.index(0.8)])
    assert share == pytest.approx(np.full(24, 0.8), abs=0.02)
    assert found.model_id == "student"


def test_what_goes_on_inside_a_slot_stays() -> None:
    fine = TimeGrid(start=datetime(2024, 5, 1, tzinfo=UTC), step=timedelta(minutes=5), count=288)
    coarse = TimeGrid(start=fine.start, step=timedelta(minutes=30), count=48)
    days = courses(fine)
    wanted = np.sort(RNG.gamma(3, 1, (48, len(LEVELS))), axis=-1)
    found = shuffled(days, coarse, wanted, wanted, "student")
    by_slot = found.load_kw.reshape(20, 48, 6)
    hourly = shuffled(days.in_slots_of(coarse), coarse, wanted, wanted, "student")
    assert by_slot.mean(axis=2) == pytest.approx(hourly.load_kw, rel=1e-6)
    assert (by_slot.std(axis=2) > 0).all()


def test_a_committee_is_one_network_that_says_its_members_mean() -> None:
    members = [network((12,), seed=seed) for seed in range(4)]
    rows = RNG.normal(size=(50, 6)).astype(np.float32)
    together = merged(members)
    assert together.widths == (48,)
    np.testing.assert_allclose(together(rows), np.mean([member(rows) for member in members], axis=0), atol=1e-5)


def test_a_committee_of_deeper_networks_is_refused() -> None:
    with pytest.raises(ValueError, match="one hidden layer"):
        merged([network((16, 8)), network((16, 8))])
