"""What a provider's solar forecast is worth on this roof, and whether it fits the roof at all.

It is judged as it would have been used: at each sixth hour of the last weeks its corrected scenarios, made from what
was known then, are held against what came within a day, beside the floor's, and beside both together, half and half. If
both together beat the floor, the plan looks at both, and the better the provider, the more it counts.

The measure is the continuous ranked probability score (CRPS): for a single course the mean absolute error, for several
that minus half of their mean difference.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.forecast import Scenarios
from homeagent.domain.grid import FloatArray, TimeGrid, slot_start
from homeagent.domain.history import History
from homeagent.forecasting.floor import floor_scenarios
from homeagent.forecasting.provider_pv import Curve, Past, known_at, past_of, pooled, with_provider

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVERY = timedelta(hours=6)
JUDGED = timedelta(days=21)
"""The last weeks count: a provider changes its model, a tree grows."""
FEWEST_SCORES = 12
"""Three days' worth; on fewer nothing is believed."""
FEWEST_FIT_DAYS = 5
TOO_MUCH, TOO_LITTLE = 1.4, 0.7
SHIFTS = range(-6, 7)
SHIFT_DROPPED = 2
"""From so many hours on the course of its day is another roof's."""
SHIFT_CLEAR, SHIFT_GAIN = 0.03, 0.5
"""A shift is named where the mean day is off by so much of its square sum, and shifting takes so much of that away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How provider, floor and both did in the 24 hours after `at` [kW].

    `mae_kw` is of the provider's corrected mean; `bias_kw` is what it said too much, uncorrected.
    """

    at: datetime
    provider_kw: float
    floor_kw: float
    both_kw: float
    mae_kw: float
    bias_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How the forecast's mean day lies to the roof's: `ratio` of energies, and by how many hours it comes too late."""

    days: int
    ratio: float
    late_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a provider is used, and why. `misfit` is what its owner should look at, None if all is well."""

    provider: str
    used: bool
    why: str
    share: float = 0.0
    """Of the plan's scenarios that are the provider's, by weight."""
    scores: int = 0
    provider_kw: float | None = None
    floor_kw: float | None = None
    both_kw: float | None = None
    mae_kw: float | None = None
    bias_kw: float | None = None
    misfit: str | None = None


def by_the_hour(history: History) -> History:
    """Return the history in clock hours, as far as they are whole; an hour needs half of its slots."""
    inside = HOUR // history.grid.step
    end = slot_start(history.grid.end, HOUR)
    last = history.grid.count - (history.grid.end - end) // history.grid.step
    count = last // inside
    grid = TimeGrid(start=end - count * HOUR, step=HOUR, count=count)
    load_kw, pv_kw = (
        _half_known(values[last - count * inside : last].reshape(count, inside))
        for values in (history.load_kw, history.pv_kw)
    )
    return History(grid=grid, load_kw=load_kw, pv_kw=pv_kw)


def _half_known(values: FloatArray) -> FloatArray:
    known = (~np.isnan(values)).sum(axis=1)
    means: FloatArray = np.where(2 * known >= values.shape[1], np.nansum(values, axis=1) / np.maximum(known, 1), np.nan)
    return means


def distance(scenarios: Scenarios, truth: FloatArray) -> FloatArray:
    """Return the CRPS of the PV of scenarios in each slot [kW], shape (count,); NaN where the truth is not known."""
    pv_kw, weight = scenarios.pv_kw, scenarios.weight
    between = np.abs(pv_kw[:, None, :] - pv_kw[None, :, :])
    apart: FloatArray = weight @ np.abs(pv_kw - truth) - 0.5 * np.einsum("i,ijk,j->k", weight, between, weight)
    return apart


def score(curves: Sequence[Curve], hourly: History, at: datetime, timezone: ZoneInfo) -> Score | None:
    """Return how a provider did in the day from `at` on, knowing nothing of it; None where too little is known.

    `hourly` reaches a day beyond `at`.
    """
    place = (at - hourly.grid.start) // HOUR
    day = DAY // HOUR
    if not day <= place <= hourly.grid.count - day:
        return None
    grid = TimeGrid(start=at, step=HOUR, count=day)
    truth = hourly.pv_kw[place : place + day]
    known = History(
        grid=TimeGrid(start=hourly.grid.start, step=HOUR, count=place),
        load_kw=hourly.load_kw[:place],
        pv_kw=hourly.pv_kw[:place],
    )
    floor = floor_scenarios(known, grid, timezone)
    provided = with_provider(floor, curves, known, timezone)
    expected = known_at(curves, at, grid)
    both = ~np.isnan(truth + expected)
    if provided is None or 2 * both.sum() < day:
        return None
    mean_kw = provided.weight @ provided.pv_kw
    return Score(
        at=at,
        provider_kw=float(distance(provided, truth)[both].mean()),
        floor_kw=float(distance(floor, truth)[both].mean()),
        both_kw=float(distance(pooled(provided, floor, 0.5), truth)[both].mean()),
        mae_kw=float(np.abs(mean_kw - truth)[both].mean()),
        bias_kw=float((expected - truth)[both].mean()),
    )


def fit_of(curves: Sequence[Curve], hourly: History, timezone: ZoneInfo) -> Fit | None:
    """Return how the provider's mean day lies to the roof's, None while too few days are known."""
    grid = TimeGrid(start=hourly.grid.end, step=HOUR, count=DAY // HOUR)
    past = past_of(curves, hourly, grid, timezone).whole_days()
    if len(past.forecast) < FEWEST_FIT_DAYS:
        return None
    forecast, measured = _mean_days(past)
    if forecast.sum() <= 0 or measured.sum() <= 0:
        return None
    off = {shift: _off(np.roll(forecast, -shift), measured) for shift in SHIFTS}
    best = min(off, key=lambda shift: (off[shift], abs(shift)))
    clear = off[0] > SHIFT_CLEAR * float((measured**2).sum()) and off[best] < SHIFT_GAIN * off[0]
    return Fit(
        days=len(past.forecast),
        ratio=float(forecast.sum() / measured.sum()),
        late_hours=best if clear else 0,
    )


def _mean_days(past: Past) -> tuple[FloatArray, FloatArray]:
    both = ~np.isnan(past.forecast + past.measured)
    count = np.maximum(both.sum(axis=0), 1)
    forecast, measured = (np.where(both, values, 0.0).sum(axis=0) / count for values in (past.forecast, past.measured))
    return forecast, measured


def _off(forecast: FloatArray, measured: FloatArray) -> float:
    """Return the square sum that is left of the measured day once the forecast is scaled to it."""
    scale = float(forecast @ measured) / float(forecast @ forecast)
    return float(((measured - scale * forecast) ** 2).sum())


def verdict(provider: str, scores: Sequence[Score], fit: Fit | None) -> Verdict:
    """Return whether a provider is used: only if the floor is worse without it, and its day has this roof's course."""
    misfit = None if fit is None else _misfit(provider, fit)
    late = 0 if fit is None else abs(fit.late_hours)
    if len(scores) < FEWEST_SCORES:
        why = f"too young: {len(scores) // 4} of {FEWEST_SCORES // 4} days could be compared so far"
        return Verdict(provider=provider, used=False, why=why, scores=len(scores), misfit=misfit)
    provider_kw, floor_kw, both_kw, mae_kw, bias_kw = (
        float(np.mean([getattr(one, name) for one in scores]))
        for name in ("provider_kw", "floor_kw", "both_kw", "mae_kw", "bias_kw")
    )
    better = both_kw < floor_kw
    used = better and late < SHIFT_DROPPED
    gain = abs(1 - both_kw / floor_kw) if floor_kw > 0 else 0.0
    why = f"{gain:.0%} {'better' if better else 'worse'} with it than with recent days alone"
    if better and not used:
        why = "its day has another course than this roof's"
    return Verdict(
        provider=provider,
        used=used,
        why=why,
        share=floor_kw**2 / (floor_kw**2 + provider_kw**2) if used else 0.0,
        scores=len(scores),
        provider_kw=provider_kw,
        floor_kw=floor_kw,
        both_kw=both_kw,
        mae_kw=mae_kw,
        bias_kw=bias_kw,
        misfit=misfit,
    )


def _misfit(provider: str, fit: Fit) -> str | None:
    what = f"the solar forecast {provider} does not fit your roof"
    if fit.late_hours:
        way = "late" if fit.late_hours > 0 else "early"
        then = "it is not used" if abs(fit.late_hours) >= SHIFT_DROPPED else "it is corrected by what was measured"
        remedy = "see its azimuth and time zone"
        return f"{what}: its day comes {abs(fit.late_hours)} h {way} in {fit.days} days; {then}; {remedy}"
    if not TOO_LITTLE <= fit.ratio <= TOO_MUCH:
        remedy = "it is corrected; see the kWp and tilt that it is set to, and whether it counts every roof once"
        return f"{what}: it says {fit.ratio:.1f} times what was made in {fit.days} days; {remedy}"
    return None
