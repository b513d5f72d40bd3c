"""A provider's solar forecast: how far it is corrected, what spread it gets, and when it is believed at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_forecasts import made_up_forecasts

from homeagent.agent.forecast_book import ForecastBook
from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.history import History
from homeagent.domain.issued import IssuedForecast
from homeagent.forecasting.floor import floor_scenarios
from homeagent.forecasting.provider_pv import Curve, Past, drawn, known_at, most_kw, past_of, scales, with_provider
from homeagent.forecasting.provider_skill import Fit, Score, fit_of, verdict

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
START = datetime(2024, 2, 20, tzinfo=UTC)


def roof(days: int, seed: int = 0) -> tuple[TimeGrid, FloatArray]:
    """Return a roof's hours: a clear course times the day's own sky."""
    rng = np.random.default_rng(seed)
    grid = TimeGrid(start=START, step=HOUR, count=days * 24)
    sky = np.repeat(rng.uniform(0.15, 1, days), 24)
    return grid, 4 * sky * np.maximum(np.cos((np.arange(grid.count) % 24 - 12) / 7 * np.pi / 2), 0)


def curves_of(forecasts: list[IssuedForecast]) -> list[Curve]:
    return [(one.issued_at, one.grid, one.mean) for one in forecasts]


def history(grid: TimeGrid, pv_kw: FloatArray, until: int) -> History:
    part = TimeGrid(start=grid.start, step=grid.step, count=until)
    return History(grid=part, load_kw=np.full(until, 0.5), pv_kw=pv_kw[:until])


def scenarios_of(past: History) -> Scenarios:
    return floor_scenarios(past, TimeGrid(start=past.grid.end, step=HOUR, count=24), BERLIN)


def mean_error(scenarios: Scenarios, truth: FloatArray) -> float:
    return float(np.abs(scenarios.weight @ scenarios.pv_kw - truth).mean())


@pytest.mark.parametrize("bias", [0.5, 1.0, 1.8])
def test_the_bias_is_found_and_little_of_the_error_is_left(bias: float) -> None:
    grid, pv_kw = roof(40)
    curves = curves_of(made_up_forecasts(grid, pv_kw, bias=bias, wrong=0.1))
    errors = []
    for until in range(32 * 24, 38 * 24, 6):
        past = history(grid, pv_kw, until)
        floor = scenarios_of(past)
        provided = with_provider(floor, curves, past, BERLIN)
        assert provided is not None
        truth = pv_kw[until : until + 24]
        errors.append((mean_error(provided, truth), mean_error(floor, truth)))
    mine, floors = np.mean(errors, axis=0)
    assert mine < 0.5 * floors


@pytest.mark.parametrize(("days", "low", "high"), [(1, 0.75, 0.95), (3, 0.6, 0.85), (28, 0.5, 0.56)])
def test_few_days_correct_little(days: int, low: float, high: float) -> None:
    grid, pv_kw = roof(28)
    measured = pv_kw.reshape(28, 24)[:days]
    found = scales(Past(forecast=2 * measured, measured=measured), 1)
    assert low < found[12] < high
    assert scales(Past(forecast=np.full((0, 24), np.nan), measured=np.full((0, 24), np.nan)), 1) == pytest.approx(1)
    assert grid.count == 28 * 24


def test_an_hour_in_the_shade_of_a_house_is_corrected_by_itself() -> None:
    _, pv_kw = roof(28)
    forecast = pv_kw.reshape(28, 24)
    measured = forecast.copy()
    measured[:, 15:18] *= 0.3
    found = scales(Past(forecast=forecast, measured=measured), 1)
    assert found[16] < 0.5
    assert found[11] > 0.9


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(0.3, 3), st.floats(0, 1), st.integers(3, 30))
def test_pv_is_never_below_zero_nor_above_what_the_roof_can(seed: int, bias: float, wrong: float, days: int) -> None:
    grid, pv_kw = roof(days + 4, seed)
    past = history(grid, pv_kw, days * 24)
    floor = scenarios_of(past)
    provided = with_provider(floor, curves_of(made_up_forecasts(grid, pv_kw, bias=bias, wrong=wrong)), past, BERLIN)
    assert provided is not None
    assert provided.pv_kw.min() >= 0
    assert provided.pv_kw.max() <= most_kw(past) + 1e-9
    assert np.array_equal(provided.weight, floor.weight)
    assert np.array_equal(provided.load_kw, floor.load_kw)


@given(st.lists(st.floats(0.01, 1), min_size=1, max_size=84), st.lists(st.floats(0.01, 1), min_size=1, max_size=84))
def test_days_are_drawn_as_often_as_they_are_likely(likely: list[float], weight: list[float]) -> None:
    share, weights = np.array(likely) / sum(likely), np.array(weight) / sum(weight)
    rows = drawn(np.array(likely), weights)
    assert (np.diff(rows) >= 0).all()
    taken = np.bincount(rows, weights, minlength=len(share))
    assert np.abs(np.cumsum(taken) - np.cumsum(share)).max() <= weights.max() / 2 + 1e-9


def test_nothing_that_was_issued_later_plays_a_part() -> None:
    grid, pv_kw = roof(34)
    forecasts = made_up_forecasts(grid, pv_kw, bias=1.2, wrong=0.2)
    past = history(grid, pv_kw, 30 * 24)
    known = [one for one in forecasts if one.issued_at <= past.grid.end]
    later = [replace(one, mean=one.mean * 3 + 1) for one in forecasts if one.issued_at > past.grid.end]
    results = [with_provider(scenarios_of(past), curves_of(some), past, BERLIN) for some in (known, known + later)]
    assert results[0] is not None
    assert results[1] is not None
    assert np.array_equal(results[0].pv_kw, results[1].pv_kw)
    assert np.array_equal(results[0].weight, results[1].weight)


def test_a_forecast_that_stands_still_says_nothing_and_an_older_one_fills_gaps() -> None:
    grid = TimeGrid(start=START + 30 * HOUR, step=HOUR, count=24)
    whole: Curve = (START, TimeGrid(start=START, step=HOUR, count=72), np.full(72, 2.0))
    short: Curve = (START + 20 * HOUR, TimeGrid(start=START, step=HOUR, count=40), np.full(40, 1.0))
    assert np.isnan(known_at([whole], grid.start, grid)).all()
    assert np.isnan(known_at([whole, short], START + 25 * HOUR, grid)).sum() == 0
    assert known_at([whole, short], START + 25 * HOUR, grid).tolist() == [1.0] * 10 + [2.0] * 14
    assert np.isnan(known_at([short], START + 19 * HOUR, grid)).all()


@pytest.mark.parametrize("end", [datetime(2024, 4, 1, tzinfo=UTC), datetime(2024, 10, 28, 6, tzinfo=UTC)])
def test_earlier_days_are_those_of_the_same_local_time_across_a_change_of_the_clock(end: datetime) -> None:
    grid = TimeGrid(start=end - 20 * 24 * HOUR, step=HOUR, count=20 * 24)
    local = np.array([at.astimezone(BERLIN).hour for at in grid.starts()], dtype=float)
    past = History(grid=grid, load_kw=local, pv_kw=local)
    curves: list[Curve] = [(grid.start - HOUR * 24, grid, local)]
    curves += [(at, grid, local) for at in grid.starts()[::6]]
    future = TimeGrid(start=end, step=HOUR, count=36)
    found = past_of(curves, past, future, BERLIN)
    both = ~np.isnan(found.forecast + found.measured)
    assert both.sum() > 15 * 36
    assert np.array_equal(found.forecast[both], found.measured[both])
    expected = np.array([at.astimezone(BERLIN).hour for at in future.starts()])
    assert (found.measured[0] == expected).sum() >= 34  # the hour that is skipped or comes twice is a neighbour


def test_a_night_stays_dark_though_errors_were_moved_by_an_hour() -> None:
    grid, pv_kw = roof(7)
    past = history(grid, pv_kw, 4 * 24)
    provided = with_provider(
        scenarios_of(past), curves_of(made_up_forecasts(grid, pv_kw, bias=0.5, wrong=0.5)), past, BERLIN, alike=False
    )
    assert provided is not None
    assert provided.pv_kw[:, :4].max() == 0
    assert np.array_equal(provided.weight, scenarios_of(past).weight)


def test_each_day_is_held_against_the_forecast_of_the_same_lead() -> None:
    past = History(
        grid=TimeGrid(start=START, step=HOUR, count=20 * 24),
        load_kw=np.full(20 * 24, 0.5),
        pv_kw=np.zeros(20 * 24),
    )
    lead = np.arange(48.0)
    curves = [(at, TimeGrid(start=at, step=HOUR, count=48), lead) for at in past.grid.starts()]
    found = past_of(curves, past, TimeGrid(start=past.grid.end, step=HOUR, count=36), BERLIN).whole_days()
    assert len(found.forecast) >= 18
    assert found.forecast[:18] == pytest.approx(np.tile(lead[:36], (18, 1)))


def scored(provider_kw: float, floor_kw: float, count: int = 20) -> list[Score]:
    return [
        Score(
            at=START + k * HOUR,
            provider_kw=provider_kw,
            floor_kw=floor_kw,
            both_kw=(provider_kw + floor_kw) / 2,
            mae_kw=0.1,
            bias_kw=0.0,
        )
        for k in range(count)
    ]


def test_a_provider_is_used_only_if_it_beats_the_floor_and_its_day_is_this_roofs() -> None:
    good = Fit(days=10, ratio=1.1, late_hours=0)
    assert verdict("x", scored(0.1, 0.2), good).used
    assert verdict("x", scored(0.1, 0.2), good).misfit is None
    worse = verdict("x", scored(0.2, 0.1), good)
    assert (worse.used, worse.share, worse.why) == (False, 0.0, "50% worse with it than with recent days alone")
    assert verdict("x", scored(0.1, 0.2), good).share == pytest.approx(0.8)
    young = verdict("x", scored(0.1, 0.2, 5), None)
    assert (young.used, young.why) == (False, "too young: 1 of 3 days could be compared so far")
    large = verdict("x", scored(0.1, 0.2), Fit(days=10, ratio=2.1, late_hours=0))
    assert large.used
    assert "does not fit your roof: it says 2.1 times what was made in 10 days; it is corrected" in (large.misfit or "")
    late = verdict("x", scored(0.1, 0.2), Fit(days=10, ratio=1.0, late_hours=3))
    assert not late.used
    assert "comes 3 h late in 10 days; it is not used" in (late.misfit or "")


@pytest.mark.parametrize("late_hours", [-3, 0, 3])
def test_another_roofs_timing_is_seen(late_hours: int) -> None:
    grid, pv_kw = roof(34)
    curves = curves_of(made_up_forecasts(grid, pv_kw, bias=1.0, wrong=0.1, late_hours=late_hours))
    fit = fit_of(curves, history(grid, pv_kw, 32 * 24), BERLIN)
    assert fit is not None
    assert fit.late_hours == late_hours
    assert fit.ratio == pytest.approx(1, abs=0.15)


def test_the_book_takes_the_better_of_two_and_neither_of_two_bad_ones() -> None:
    grid, pv_kw = roof(40)
    good = made_up_forecasts(grid, pv_kw, bias=1.5, wrong=0.1)
    fair = [replace(one, provider="fair") for one in made_up_forecasts(grid, pv_kw, bias=1.0, wrong=0.3, seed=1)]
    bad = [replace(one, provider="bad") for one in made_up_forecasts(grid, pv_kw, bias=1.0, wrong=2.5, seed=2)]
    past = history(grid, pv_kw, 36 * 24)
    floor = scenarios_of(past)

    def book_of(*series: list[IssuedForecast]) -> ForecastBook:
        book = ForecastBook()
        for one in sorted((one for some in series for one in some), key=lambda one: one.issued_at):
            if one.issued_at <= past.grid.end:
                book.add(one)
        return book

    book = book_of(good, fair, bad)
    best = book.conditioned(floor, past, BERLIN)
    alone = book_of(good).conditioned(floor, past, BERLIN)
    assert np.array_equal(best.pv_kw, alone.pv_kw)
    assert best.weight.sum() == pytest.approx(1)
    assert best.weight[len(floor.weight) :] == pytest.approx((1 - book.verdicts["made up"].share) * floor.weight)
    assert np.array_equal(best.load_kw[: len(floor.weight)], floor.load_kw)
    assert {name: found.used for name, found in book.verdicts.items()} == {"made up": True, "fair": True, "bad": False}
    assert any("says 1." in problem for problem in book.problems(past.grid.end))
    assert book_of(bad).conditioned(floor, past, BERLIN) is floor
    assert ForecastBook().conditioned(floor, past, BERLIN) is floor
    assert book.problems(past.grid.end + timedelta(days=3)) == []


def test_an_absurd_forecast_is_no_reason_not_to_plan(caplog: pytest.LogCaptureFixture) -> None:
    grid, pv_kw = roof(34)
    past = history(grid, pv_kw, 30 * 24)
    book = ForecastBook()
    for one in made_up_forecasts(grid, pv_kw, bias=1.0, wrong=0.1):
        if one.issued_at <= past.grid.end:
            book.add(replace(one, mean=one.mean + np.inf))
    floor = scenarios_of(past)
    with np.errstate(invalid="raise"):
        assert book.conditioned(floor, past, BERLIN) is floor
    assert "no solar forecast could be taken up" in caplog.text
