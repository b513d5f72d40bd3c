"""Close analysis of PV: against the roof's own clear sky, in its clear moments, day by day. Pure.

A cloud takes another share at every moment; a string that is out, a shade or a limit takes the same one each time. So
what counts are clear stretches: an hour and more in which PV keeps the same share of its clear sky.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from homeagent.domain.anomaly import Finding, Surroundings, Tape
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.site import Place
from homeagent.forecasting.anomaly_days import LEAST_DAYS, Days, days_of, middle, row_medians
from homeagent.forecasting.clear_sky import best_roof, sky_over

STRETCH = timedelta(minutes=90)
LONG_STRETCH = timedelta(hours=2.5)
"""So long only a sky without clouds is steady: what fades is judged by these alone."""
STEADY = 0.035
"""A stretch is clear if its shares differ by no more than this."""
BACK_DAYS = (4, 6, 9, 13)
"""So many last days are held against those before."""
LOWER, SAME, OVER = 0.75, 0.06, 1.08
LEAST_CLEAR_DAYS, LEAST_CLEAR_H = 2, 4.0
FLAT, FLAT_H, FLAT_SLOTS, BELOW = 0.012, 1.0, 3, 0.88
SHADED, OPEN = 0.65, 0.85
LEAST_SHADE_H, ALIKE = 1.25, 0.12
FADED, LEAST_STEP, FADING_DAYS, LID = 0.15, 0.02, 36, 0.4
LEAST_PV_KW = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roof:
    """PV as a share of its clear sky, by local day: shape (days, slots); NaN where the sun is low."""

    days: Days
    pv_kw: FloatArray
    clear_kw: FloatArray
    share: FloatArray
    steady: BoolArray
    """Whether a slot lies in a clear stretch."""
    clear_share: FloatArray
    """Of each day: the share in its clear stretches, NaN without one; shape (days,)."""
    top: FloatArray
    """Of each day: the highest share over half an hour, shape (days,)."""


def guessed_place(home: Surroundings, at: datetime) -> Place:
    """Return the home's place, or one on its zone's meridian."""
    if home.place is not None:
        return home.place
    offset = at.astimezone(home.timezone).utcoffset() or timedelta(0)
    return Place(latitude_deg=45.0, longitude_deg=15 * (offset / timedelta(hours=1)))


def roof_of(tape: Tape, home: Surroundings) -> Roof | None:
    """Return a roof's shares, None where there is too little PV to say anything."""
    days = days_of(tape, home.timezone)
    if days.count < LEAST_DAYS + BACK_DAYS[0]:
        return None
    pv = np.where(np.isnan(tape.pv_kw), np.nan, tape.pv_kw)
    upto = days.first + (days.count - min(days.count // 3, BACK_DAYS[-1])) * days.per_day
    sky = sky_over(tape.grid, guessed_place(home, tape.grid.end))
    seen = (sky.height[:upto] > 0.2) & (tape.pv_kw[:upto] > LEAST_PV_KW / 2)  # noqa: PLR2004 - well up
    if seen.sum() < LEAST_DAYS * 3 / days.step_h:
        return None
    clear = best_roof(np.nan_to_num(pv), sky, upto)
    rows_pv, rows_clear = days.of(pv), days.of(clear)
    share = rows_pv / rows_clear
    half = max(round(0.5 / days.step_h), 1)
    smooth = _moving(share, half)
    with np.errstate(invalid="ignore"):
        top = np.where(np.isnan(smooth).all(axis=1), np.nan, np.nanmax(np.nan_to_num(smooth, nan=-1.0), axis=1))
    steady = _steady(share, max(round(STRETCH / tape.grid.step), 3))
    clear_share = np.array(
        [np.quantile(row[on], 0.8) if on.any() else np.nan for row, on in zip(share, steady, strict=True)]
    )
    return Roof(
        days=days, pv_kw=rows_pv, clear_kw=rows_clear, share=share, steady=steady, clear_share=clear_share, top=top
    )


def _moving(rows: FloatArray, width: int) -> FloatArray:
    sums = np.cumsum(np.concatenate([np.zeros((len(rows), 1)), np.nan_to_num(rows)], axis=1), axis=1)
    gaps = np.cumsum(np.concatenate([np.zeros((len(rows), 1)), np.isnan(rows)], axis=1), axis=1)
    means = (sums[:, width:] - sums[:, :-width]) / width
    return np.where(gaps[:, width:] > gaps[:, :-width], np.nan, means)


def _steady(share: FloatArray, width: int) -> BoolArray:
    """Return the slots inside stretches of `width` slots whose shares are all alike."""
    mean = _moving(share, width)
    square = _moving(share**2, width)
    with np.errstate(invalid="ignore", divide="ignore"):
        wide = np.sqrt(np.maximum(square - mean**2, 0.0)) / mean
        good = (wide < STEADY) & (mean > 0.15)  # noqa: PLR2004 - below it is the even grey of a lid of clouds
    flags = np.zeros(share.shape, dtype=np.bool_)
    for at in range(width):
        flags[:, at : at + good.shape[1]] |= good
    return flags


def examine_pv(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return what is odd about PV up to the last midnight."""
    roof = roof_of(tape, home)
    if roof is None:
        return []
    for look in (_capped, _shaded, _lower, _fading):
        found = look(roof, tape, home)
        if found is not None:
            return [found]
    return []


def _lost(roof: Roof, first: int, lost_share: float, home: Surroundings) -> tuple[float, float | None, str]:
    """Return what a lost share of PV is a year at the season's own sun: kWh, money, and both in words."""
    made = float(np.nansum(roof.pv_kw[:first])) * roof.days.step_h / max(first, 1)
    kwh = made * lost_share * 365
    buy, sell = home.import_price_per_kwh, home.export_price_per_kwh
    price = None if buy is None else (buy + (buy if sell is None else sell)) / 2
    return kwh, home.money(kwh, price), home.yearly(kwh, price)


def _lower(roof: Roof, tape: Tape, home: Surroundings) -> Finding | None:
    """Return a part of the roof that no longer makes anything: the clear stretches have the same lower share."""
    days = roof.days
    for back in BACK_DAYS:
        first = days.count - back
        if first < LEAST_DAYS:
            return None
        was, recent = roof.clear_share[:first], roof.clear_share[first:]
        known = recent[~np.isnan(recent)]
        if len(known) < LEAST_CLEAR_DAYS or (~np.isnan(was)).sum() < LEAST_CLEAR_DAYS:
            continue
        usual, level = float(np.nanquantile(was, 0.75)), float(known.max())
        agree = known >= (1 - SAME) * level
        hours = float((roof.steady[first:] & (roof.share[first:] >= (1 - SAME) * level)).sum()) * days.step_h
        best = float(np.nanmax(roof.top[first:]))
        if level > LOWER * usual or best > OVER * level or agree.sum() < LEAST_CLEAR_DAYS or hours < LEAST_CLEAR_H:
            continue
        if np.nanmedian(_rolling_top(roof.top[:first], back)) < OPEN * usual:
            continue  # so long a grey time is not unheard of
        left = level / usual
        _, cost, words = _lost(roof, first, 1 - left, home)
        since = days.start(tape, first)
        return Finding(
            kind="PV lower",
            subject="PV",
            since=since,
            sure=min(0.65 + 0.1 * float(agree.sum()), 0.95),
            size=1 - left,
            text=f"PV makes {left:.0%} of what this roof made under a clear sky before about {home.day(since)}, in "
            f"{hours:.0f} clear hours on {int(agree.sum())} days: a string or a panel seems to be out. That loses "
            f"{words}.",
            cost_per_year=cost,
        )
    return None


def _rolling_top(top: FloatArray, width: int) -> FloatArray:
    filled = np.nan_to_num(top)
    if len(filled) < width:
        return filled
    return np.asarray(np.lib.stride_tricks.sliding_window_view(filled, width).max(axis=1))


def _capped(roof: Roof, tape: Tape, home: Surroundings) -> Finding | None:
    """Return a limit: PV stands still at the same power while the sun goes on."""
    days = roof.days
    for back in BACK_DAYS:
        first = days.count - back
        if first < LEAST_DAYS:
            return None
        pv = roof.pv_kw[first:]
        cap = float(np.nanmax(pv)) if not np.isnan(pv).all() else 0.0
        was = float(np.nanquantile(np.nan_to_num(roof.pv_kw[:first]).max(axis=1), 0.8))
        if cap < LEAST_PV_KW or cap > BELOW * was:
            continue
        with np.errstate(invalid="ignore"):
            flat = np.abs(pv / cap - 1) < FLAT
            above = flat & (roof.clear_kw[first:] > 1.1 * cap)
        hours = np.where(above.sum(axis=1) >= FLAT_SLOTS, above.sum(axis=1) * days.step_h, 0.0)
        if (hours >= FLAT_H).sum() < LEAST_CLEAR_DAYS:
            continue
        lost = np.maximum(np.minimum(roof.clear_kw[:first], np.inf) * np.minimum(roof.share[:first], 1) - cap, 0)
        share = float(np.nansum(lost) / np.nansum(roof.pv_kw[:first]))
        _, cost, words = _lost(roof, first, share, home)
        since = days.start(tape, first + int(np.argmax(hours >= FLAT_H)))
        return Finding(
            kind="PV capped",
            subject="PV",
            since=since,
            sure=0.9,
            size=1 - cap / was,
            text=f"PV no longer rises above {cap:.1f} kW since about {home.day(since)}: it stood there for "
            f"{hours.sum():.0f} hours, and used to reach {was:.1f} kW. The inverter is limited or too hot. "
            f"That loses {words}.",
            cost_per_year=cost,
        )
    return None


def _shaded(roof: Roof, tape: Tape, home: Surroundings) -> Finding | None:
    """Return hours of the day in which the sun is now hidden though it shines before or after."""
    days = roof.days
    block = max(round(0.5 / days.step_h), 1)
    per = days.per_day // block
    hours_each = block * days.step_h

    def blocks(values: FloatArray) -> FloatArray:
        return np.asarray(values[:, : per * block].reshape(days.count, per, block).mean(axis=2))

    means, clear = blocks(roof.share), blocks(roof.steady.astype(np.float64)) >= 0.99  # noqa: PLR2004 - all of it
    for back in BACK_DAYS[1:]:
        first = days.count - back
        if first < LEAST_DAYS:
            return None
        now, was = _best_of(means[first:]), _best_of(means[:first])
        with np.errstate(invalid="ignore"):
            begin, end = _longest(now < SHADED * was)
        if (end - begin) * hours_each < LEAST_SHADE_H or end - begin > 0.6 * np.isfinite(now).sum():
            continue
        usual = middle(was)
        edge = round(2 / hours_each)
        around = [*range(max(begin - edge, 0), begin), *range(end, min(end + edge, per))]
        bright = (np.nan_to_num(means[first:, around]) > OPEN * usual).any(axis=1)
        steady = (clear[first:, around] & (np.nan_to_num(means[first:, around]) > OPEN * usual)).any(axis=1)
        if np.isnan(was[begin:end]).any():
            continue
        core = slice(begin + (end - begin > 4), end - (end - begin > 4))  # noqa: PLR2004 - its edges are half shaded
        ratio = row_medians(means[first:, core]) / middle(was[core])
        inside = steady & (clear[first:, core].mean(axis=1) >= 0.5) & (ratio < SHADED)  # noqa: PLR2004 - half of it
        if inside.sum() < LEAST_CLEAR_DAYS or np.ptp(ratio[inside]) > ALIKE:
            continue
        since_first = slice(int(np.argmax(inside)), None)
        if (bright & (ratio > OPEN))[since_first].any():
            continue
        left = float(np.median(ratio[inside]))
        energy = np.nan_to_num(roof.pv_kw[:first])
        part = float(energy[:, begin * block : end * block].sum() / energy.sum())
        _, cost, words = _lost(roof, first, part * (1 - left), home)
        since = days.start(tape, first + int(np.argmax(inside)))
        return Finding(
            kind="PV shaded",
            subject="PV",
            since=since,
            sure=min(0.65 + 0.1 * float(inside.sum()), 0.95),
            size=part * (1 - left),
            text=f"Between {_clock(begin * hours_each)} and {_clock(end * hours_each)} PV makes {left:.0%} of what it "
            f"made before about {home.day(since)}, on {int(inside.sum())} clear days, and as much as ever before or "
            f"after: something throws a shade. That loses {words}.",
            cost_per_year=cost,
        )
    return None


def _best_of(rows: FloatArray) -> FloatArray:
    """Return the third highest of each column (or the highest of few), NaN where nothing is known."""
    ranked = np.sort(np.nan_to_num(rows, nan=-1.0), axis=0)[::-1]
    best = ranked[min(1, len(ranked) - 1)]
    return np.where(best < 0, np.nan, best)


def _longest(flags: BoolArray) -> tuple[int, int]:
    best = (0, 0)
    begin = None
    for at, flag in enumerate([*flags.tolist(), False]):
        if flag and begin is None:
            begin = at
        elif not flag and begin is not None:
            best = max(best, (begin, at), key=lambda pair: pair[1] - pair[0])
            begin = None
    return best


def _clock(hours: float) -> str:
    return f"{int(hours):02d}:{round(hours % 1 * 60):02d}"


def _fading(roof: Roof, tape: Tape, home: Surroundings) -> Finding | None:
    """Return a share that falls from fortnight to fortnight at its best, under long clear skies alone."""
    days = roof.days
    if days.count < FADING_DAYS:
        return None
    long = _steady(roof.share, max(round(LONG_STRETCH / tape.grid.step), 3))
    at = np.flatnonzero(long.any(axis=1))
    level = np.array([np.median(row[on]) for row, on in zip(roof.share[at], long[at], strict=True)])
    at, level = at[level > LID], level[level > LID]
    parts = [level[(3 * at // days.count) == part] for part in range(3)]
    if min(map(len, parts)) < LEAST_CLEAR_DAYS + 1:
        return None
    best = [np.sort(part)[-2:] for part in parts]
    first, second, third = (float(two.mean()) for two in best)
    fell = 1 - third / first
    if fell < FADED or not third + LEAST_STEP < second < first - LEAST_STEP or np.ptp(best[2]) > SAME * third:
        return None
    span = float(at[-1] - at[0])
    _, cost, words = _lost(roof, days.count, fell, home)
    since = days.start(tape, int(at[0]))
    return Finding(
        kind="PV fading",
        subject="PV",
        since=since,
        sure=0.75,
        size=fell,
        text=f"PV under a clear sky fell by {fell:.0%} in {span:.0f} days, bit by bit, on {len(at)} clear days: dirt, "
        f"or leaves that grow? If it stays as it is, that loses {words}. The sun's path changes too, so this is "
        "likely, not certain.",
        cost_per_year=cost,
    )
