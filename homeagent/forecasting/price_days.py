"""Prices of days that are not published: a course and a level, learned from recent days, with their own past errors.

A day's prices are its level (their mean) and its course (what each time of day is above it). The course to come is
that of recent days, those of the same kind (workday, Saturday, Sunday or holiday) and the latest weighing most. The
level goes back from the last known day's towards that of recent days, by a share that these days show themselves. The
first hours of a new day carry on what was unusual about the last evening. Similar days and a level that reverts are the
common ground of day-ahead models (Weron, "Electricity price forecasting", International Journal of Forecasting 30,
2014). What is learned is drawn towards fixed values while days are few. What lies far off is cut before it counts, so
that one day of extreme prices does not poison the next (Uniejewski, Weron and Ziel, "Variance stabilizing
transformations for electricity spot price forecasting", IEEE Transactions on Power Systems 33, 2018, on why that is
needed; the cut is plainer than their transformations).

All of it is made of differences and weighted means: adding a constant to all prices adds it to every estimate, and a
factor multiplies it. Import and export are estimated side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.calendar import IndexArray

DAYS = 28
"""So many days are looked at for one estimate."""
HALF_LIFE, LEVEL_HALF_LIFE = 10.0, 14.0
"""After so many days a day counts half, for the course and for the level."""
OTHER_KIND = 0.15
"""A day of another kind counts so much for the course."""
KINDS = 3
STAYS, STAYS_DAYS = 0.7, 30.0
"""How much of a level is left after a day; that weighs as much as so many days of what is seen."""
KIND_DAYS = 1.0
"""What a kind of day has of its own is set against so many days without a difference."""
EVENING_H, FADES_H = 3, 8.0
"""The last hours of a day whose oddity goes on, and how fast that fades."""
GOES_ON, GOES_ON_DAYS = 1.0, 20.0
"""How much of it goes on; that weighs as much as so many days of what is seen."""
CUT, COMMON = 3.0, 0.8
"""What differs by more than so many times what that share of all differ by is cut there."""
WHOLE, KNOWN = 0.9, 0.5
"""So much of a day must be known for it to count, and for it to be completed."""
LEADS = 2
"""How many days ahead errors are told apart; what is further is as wrong as the last."""
LEAST_ERRORS = 7
LOW, HIGH = 0.1, 0.9
MARGIN = 0.25
"""An estimate lies at most so much of the seen range outside of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceDays:
    """Estimates for local days from `first_day` on, each of shape (days, slots a day, 2): import and export.

    `days` counts the whole days that they were learned from.
    """

    first_day: int
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    days: int


def learned(prices: FloatArray, kinds: IndexArray, first_day: int, ahead: int) -> PriceDays | None:
    """Return estimates of the last known day and of `ahead` days after it; None where nothing at all is known.

    `prices` has shape (days, slots a day, 2), gaps are NaN; `kinds` (days + ahead,) tells workdays 0, Saturdays 1,
    Sundays and holidays 2. `first_day` numbers the first of them.
    """
    if np.isnan(prices).all(axis=(0, 1)).any():
        return None
    last = _last_known(prices)
    prices, kinds = prices[: last + 1], kinds[: last + 1 + ahead]
    low, high = np.nanmin(prices, axis=(0, 1)), np.nanmax(prices, axis=(0, 1))
    whole = np.where(_share_known(prices)[:, None, None] >= WHOLE, prices, np.nan)
    count = int((~np.isnan(whole)).any(axis=(1, 2)).sum())
    if count == 0:
        mean = np.broadcast_to(np.nanmean(prices, axis=(0, 1)), (ahead + 1, *prices.shape[1:]))
        seen = prices.reshape(1, -1, 2) - mean[0, :1]
        errors = [np.nan_to_num(seen).repeat(prices.shape[1], axis=0).swapaxes(0, 1)] * (ahead + 1)
    else:
        if np.isnan(whole[-1]).any():
            whole[-1] = _completed(whole, prices[-1], kinds)
        mean = np.stack([whole[-1], *(expected(whole, kinds, np.array([last]), k + 1)[0] for k in range(ahead))])
        by_lead = [_errors(whole, kinds, k + 1) for k in range(min(ahead, LEADS))]
        errors = [by_lead[min(max(k - 1, 0), LEADS - 1)] for k in range(ahead + 1)]
    mean = np.where(np.isnan(mean), np.nanmean(prices, axis=(0, 1)), mean)
    margin = MARGIN * (high - low)
    bands = [_band(one, wrong) for one, wrong in zip(mean, errors, strict=True)]
    lows, means, highs = (
        np.clip(values, low - margin, high + margin)
        for values in (np.stack([band[0] for band in bands]), mean, np.stack([band[1] for band in bands]))
    )
    return PriceDays(
        first_day=first_day + last, mean=means, low=np.minimum(lows, means), high=np.maximum(highs, means), days=count
    )


def expected(prices: FloatArray, kinds: IndexArray, anchors: IndexArray, lead: int) -> FloatArray:
    """Return what the day `lead` days after each anchor is expected to cost, shape (anchors, slots, 2).

    Only days up to the anchor are looked at.
    """
    index = anchors[:, None] + np.arange(1 - DAYS, 1)
    inside = index >= 0
    days = np.where(inside[:, :, None, None], prices[np.maximum(index, 0)], np.nan)
    kind, target = kinds[np.maximum(index, 0)], kinds[anchors + lead]
    age = np.arange(DAYS)[::-1]
    level = _mean(days, 2)
    apart = _cut(days - level[:, :, None])
    recent = 0.5 ** (age / HALF_LIFE)
    alike = recent * np.where(kind == target[:, None], 1.0, OTHER_KIND)
    course = np.nan_to_num(_mean(apart, 1, alike[:, :, None, None]))
    ahead = course + _level(_cut(level), kind, target, age, lead)[:, None]
    if lead > 1:
        return ahead
    return ahead + _evening_goes_on(apart, recent)


def _evening_goes_on(apart: FloatArray, recent: FloatArray) -> FloatArray:
    """Return what the last evening's oddity adds to the day after it, shape (anchors, slots, 2)."""
    slots = apart.shape[2]
    part = max(EVENING_H * slots // 24, 1)
    usual = _mean(apart, 1, recent[None, :, None, None])[:, None]
    odd = _mean((apart - usual)[:, :, -part:], 2)
    after = _mean((apart - usual)[:, :, :part], 2)[:, 1:]
    pairs = np.nan_to_num(odd[:, :-1] * after)
    squares = np.where(np.isnan(after), 0.0, np.nan_to_num(odd[:, :-1] ** 2))
    prior = GOES_ON_DAYS * squares.sum(axis=1) / np.maximum((squares > 0).sum(axis=1), 1)
    share = (pairs.sum(axis=1) + prior * GOES_ON) / np.maximum(squares.sum(axis=1) + prior, 1e-15)
    fading = np.exp(-24 / slots * np.arange(slots) / FADES_H)
    return np.asarray((share.clip(0.0, 1.0) * np.nan_to_num(odd[:, -1]))[:, None] * fading[:, None])


def _level(level: FloatArray, kind: IndexArray, target: IndexArray, age: IndexArray, lead: int) -> FloatArray:
    """Return the level of the target day, shape (anchors, 2): that of recent days, its kind's own, and what is left."""
    weight = np.where(np.isnan(level), 0.0, 0.5 ** (age / LEVEL_HALF_LIFE)[None, :, None])
    base = _mean(level, 1, weight)
    own = np.zeros_like(level)
    of_target = np.zeros_like(base)
    for one in range(KINDS):
        of_kind = np.where((kind == one)[:, :, None], weight, 0.0)
        offset = np.nansum((level - base[:, None]) * of_kind, axis=1) / (of_kind.sum(axis=1) + KIND_DAYS)
        own += np.where((kind == one)[:, :, None], offset[:, None], 0.0)
        of_target += np.where((target == one)[:, None], offset, 0.0)
    plain = level - own
    mean = _mean(plain, 1, weight)
    left = np.nan_to_num(plain - mean[:, None])
    together = (left[:, :-lead] * left[:, lead:]).sum(axis=1)
    squares = (left**2).sum(axis=1)
    prior = STAYS_DAYS * squares / np.maximum((~np.isnan(level)).sum(axis=1) - lead, 1)
    stays = ((together + prior * STAYS**lead) / np.maximum(squares + prior, 1e-15)).clip(0.0, 1.0)
    return np.asarray(mean + of_target + stays * left[:, -1])


def _errors(prices: FloatArray, kinds: IndexArray, lead: int) -> FloatArray:
    """Return what such estimates got wrong on the last days, shape (days, slots, 2).

    While there are few, how recent days differ from their mean stands in, and the day's own prices where it is alone.
    """
    known = np.flatnonzero(~np.isnan(prices).any(axis=(1, 2)))
    anchors = np.arange(max(len(prices) - lead - DAYS, lead), len(prices) - lead)
    anchors = anchors[(known.searchsorted(anchors, side="right") >= LEAST_ERRORS)] if len(anchors) else anchors
    if len(anchors):
        errors = prices[anchors + lead] - expected(prices, kinds, anchors, lead)
        errors = errors[~np.isnan(errors).any(axis=(1, 2))]
        if len(errors) >= LEAST_ERRORS:
            return errors
    recent = prices[known[-DAYS:]]
    if len(recent) > 1:
        return np.asarray((recent - recent.mean(axis=0)) * np.sqrt((len(recent) + 1) / (len(recent) - 1)))
    spread = (prices - _mean(prices, 1)[:, None])[~np.isnan(prices).all(axis=(1, 2))]
    return np.asarray(np.nan_to_num(spread[-1])[:, None].repeat(prices.shape[1], axis=1))


def _band(mean: FloatArray, errors: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return low and high of one day, shape (slots, 2): errors of the hour before and after count as well."""
    hour = max(round(len(mean) / 24), 1)
    around = [errors, *(np.roll(errors, by, axis=1) for by in (-hour, hour))]
    wider = (len(errors) + 1) / len(errors)  # as in conformal prediction: the next error is one more
    levels = (max(1 - (1 - LOW) * wider, 0.0), min(HIGH * wider, 1.0))
    low, high = np.quantile(np.concatenate(around), levels, axis=0)
    return mean + low, mean + high


def _completed(whole: FloatArray, last: FloatArray, kinds: IndexArray) -> FloatArray:
    """Return the last day with its unpublished slots: the course it was expected to take, shifted to what is known."""
    at = len(whole) - 1
    course = expected(whole, kinds, np.array([at - 1]), 1)[0]
    completed = np.where(np.isnan(last), course + _mean(last - course, 0), last)
    return np.where(np.isnan(completed), _mean(last, 0), completed)


def _last_known(prices: FloatArray) -> int:
    enough = np.flatnonzero(_share_known(prices) >= KNOWN)
    return int(enough[-1] if len(enough) else np.flatnonzero(~np.isnan(prices).all(axis=(1, 2)))[-1])


def _share_known(prices: FloatArray) -> FloatArray:
    return np.asarray((~np.isnan(prices).any(axis=2)).mean(axis=1))


def _mean(values: FloatArray, axis: int, weight: FloatArray | None = None) -> FloatArray:
    """Return weighted means without the gaps, NaN where there is nothing else."""
    seen = np.where(np.isnan(values), 0.0, 1.0 if weight is None else weight)
    total = seen.sum(axis=axis)
    means: FloatArray = np.nansum(values * seen, axis=axis) / np.where(total > 0, total, np.nan)
    return means


def _cut(values: FloatArray) -> FloatArray:
    """Return values drawn in to the cuts around their median day, so that what is far off counts no more than that."""
    middle = _quantile(values, 0.5, 1)
    apart = np.abs(values - middle)
    cut = CUT * _quantile(apart.reshape(len(apart), -1, 2), COMMON, 1)
    if values.ndim > cut.ndim:
        cut = cut[:, None]
    return np.asarray(np.clip(values, middle - cut, middle + cut))


def _quantile(values: FloatArray, level: float, axis: int) -> FloatArray:
    """Return quantiles without the gaps, the axis kept; NaN where there is nothing else."""
    ranked = np.sort(values, axis=axis)  # gaps come last
    at = level * np.maximum((~np.isnan(values)).sum(axis=axis, keepdims=True) - 1, 0)
    below = at.astype(np.intp)
    low, high = (np.take_along_axis(ranked, index, axis=axis) for index in (below, np.ceil(at).astype(np.intp)))
    return np.asarray(low + (at - below) * (high - low))
