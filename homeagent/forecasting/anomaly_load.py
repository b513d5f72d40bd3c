"""Close analysis of what a home uses: standby, a fridge's cycles, what runs through nights, what was left on. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

import numpy as np

from homeagent.domain.anomaly import Finding, Surroundings, Tape
from homeagent.domain.grid import FloatArray
from homeagent.forecasting.anomaly_days import (
    DAY,
    LEAST_DAYS,
    YEAR_H,
    Days,
    days_of,
    middle,
    quantiles,
    row_means,
    spread,
)

NIGHT_H = (1.0, 5.0)
"""Local hours in which hardly anybody switches anything."""
WAKING_H = (7.0, 22.0)
FLOOR, LOW, TOP = 0.15, 0.3, 0.9
"""Quantiles of a night: what never stops, what runs through it, and the top of a cycle."""
STANDBY_DAYS, NIGHTS, CYCLE_NIGHTS, STUCK_DAYS = 5, 3, 3, 2
LEAST_STANDBY_KW, LEAST_STANDBY_SHARE = 0.03, 0.2
LEAST_NIGHT_KW, LEAST_STUCK_KW = 0.15, 0.8
EVEN, UNEVEN = 0.75, 0.4
CERTAIN = 4.0
"""So many spreads above the usual is no chance."""
FINEST = timedelta(minutes=10)
"""Cycles are seen in slots no longer than this."""
LEAST_SWITCHES = 5
CALM = 0.35
"""A cycle is a cycle if its height differs by no more than this share from night to night."""
LONGER = 1.3
BLOCKS = 12
UNPAUSED = timedelta(hours=18)
LEFT_ON_KW = 0.45


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Nights:
    """Numbers of each night and its day, shape (days,)."""

    floor_kw: FloatArray
    low_kw: FloatArray
    waking_kw: FloatArray
    swing_kw: FloatArray
    switches: FloatArray
    duty: FloatArray


def nights_of(load_kw: FloatArray, days: Days) -> Nights:
    """Return what each night of a load looks like."""
    night = days.hours(load_kw, *NIGHT_H)
    waking = days.hours(load_kw, *WAKING_H)
    floor, low, top = (quantiles(night, share) for share in (FLOOR, LOW, TOP))
    bottom = quantiles(night, 0.05)
    swing = top - bottom
    with np.errstate(invalid="ignore"):
        above = night > (bottom + swing / 2)[:, None]
    return Nights(
        floor_kw=floor,
        low_kw=low,
        waking_kw=quantiles(waking, 0.05),
        swing_kw=swing,
        switches=(above[:, 1:] != above[:, :-1]).sum(axis=1).astype(np.float64),
        duty=above.mean(axis=1),
    )


def examine_load(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return what is odd about the nights up to the last midnight."""
    days = days_of(tape, home.timezone)
    if days.count < LEAST_DAYS + STANDBY_DAYS:
        return []
    nights = nights_of(tape.load_kw, days)
    stuck = _stuck(tape, days, home)
    if stuck is not None:
        return [stuck]
    found = [] if tape.grid.step > FINEST else _cycles(tape, days, nights, home)
    through = _through_nights(tape, days, nights, home)
    if through is not None:
        return [*found, through]
    grown = _standby(tape, days, nights, home)
    if grown is not None and not any(one.kind == "fridge runs on" for one in found):
        found.append(grown)
    return found


def _rise(values: FloatArray, recent: int, least: float) -> tuple[int, float, float] | None:
    """Return (first day, usual, now) where the last days all lie clearly above all that was usual before."""
    now = values[-recent:]
    if np.isnan(now).mean() > 0.4:  # noqa: PLR2004 - too much of it is not measured
        return None
    low_now = float(np.nanmin(now))
    for back in range(recent, min(len(values) - LEAST_DAYS, 30) + 1):
        before = values[: len(values) - back]
        usual, wide = middle(before), max(spread(before), 0.0)
        if np.isnan(usual):
            return None
        bar = usual + max(least, CERTAIN * wide, LEAST_STANDBY_SHARE * usual)
        since = values[len(values) - back :]
        if (
            low_now >= bar
            and float(np.nanmin(since)) >= usual + least
            and float(np.nanquantile(before, 0.95)) < low_now
        ):
            earlier = values[len(values) - back - 1]
            if np.isnan(earlier) or earlier < usual + least or back == min(len(values) - LEAST_DAYS, 30):
                return len(values) - back, usual, middle(since)
    return None


def _standby(tape: Tape, days: Days, nights: Nights, home: Surroundings) -> Finding | None:
    both = np.minimum(nights.floor_kw, nights.waking_kw)  # what never stops is seen by day, too
    found = _rise(both, STANDBY_DAYS, LEAST_STANDBY_KW)
    if found is None:
        return None
    first, usual, now = found
    if now - usual > LEFT_ON_KW or not _even(both[first:], now - usual):
        return None  # no standby: something is left on, or follows the weather
    kwh = (now - usual) * YEAR_H
    since = days.start(tape, first)
    return Finding(
        kind="standby grew",
        subject="load",
        since=since,
        sure=0.9 if days.count - first > STANDBY_DAYS else 0.8,
        size=now - usual,
        text=f"What the home draws around the clock rose from {usual * 1000:.0f} to {now * 1000:.0f} W about "
        f"{home.day(since)}: {home.yearly(kwh, home.import_price_per_kwh)}.",
        cost_per_year=home.money(kwh, home.import_price_per_kwh),
    )


def _through_nights(tape: Tape, days: Days, nights: Nights, home: Surroundings) -> Finding | None:
    """Return what runs through every night and not by day."""
    found = _rise(nights.low_kw, NIGHTS, LEAST_NIGHT_KW)
    if found is None:
        return None
    first, usual, now = found
    if not _even(nights.low_kw[first:], now - usual) or _bottom_rise(tape, days, first) < EVEN * (now - usual):
        return None  # heating and cooling rise and fall with the weather; a pump draws the same each night
    by_day = middle(nights.waking_kw[first:]) - middle(nights.waking_kw[:first])
    if by_day > 0.5 * (now - usual):
        return None
    hours = _hours_above(tape, days, first, usual + (now - usual) / 2)
    kwh = (now - usual) * hours * YEAR_H / 24
    since = days.start(tape, first)
    return Finding(
        kind="night load",
        subject="load",
        since=since,
        sure=0.9,
        size=now - usual,
        text=f"Since {home.day(since)} about {(now - usual) * 1000:.0f} W more run through every night, some "
        f"{hours:.0f} hours long: {home.yearly(kwh, home.import_price_per_kwh)} if it stays.",
        cost_per_year=home.money(kwh, home.import_price_per_kwh),
    )


def _even(kw: FloatArray, rise_kw: float) -> bool:
    """Return whether what was added is the same from day to day."""
    return bool(np.nanmax(kw) - np.nanmin(kw) <= UNEVEN * rise_kw)


def _bottom_rise(tape: Tape, days: Days, first: int) -> float:
    """Return by how much the lowest moments of the nights rose."""
    lowest = quantiles(days.hours(tape.load_kw, *NIGHT_H), 0.05)
    return middle(lowest[first:]) - middle(lowest[:first])


def _hours_above(tape: Tape, days: Days, first: int, bar_kw: float) -> float:
    """Return how long around the night the load stays above a bar, noon to noon, in the median of the nights."""
    rows = days.of(tape.load_kw)[first:]
    half = days.per_day // 2
    with np.errstate(invalid="ignore"):
        low = rows > bar_kw
    before, after = low[:-1, half:], low[1:, :half]
    if not len(before):
        return 8.0
    until = np.where(after.all(axis=1), half, np.argmin(after, axis=1))
    evening = before[:, ::-1]
    since = np.where(evening.all(axis=1), half, np.argmin(evening, axis=1))
    return float(np.median(until + since)) * days.step_h


def _stuck(tape: Tape, days: Days, home: Surroundings) -> Finding | None:
    """Return a large load that goes on and off around the clock, seven days a week."""
    rows = days.of(tape.load_kw)
    inside = days.per_day // BLOCKS
    blocks = rows[:, : inside * BLOCKS].reshape(days.count, BLOCKS, inside)
    with np.errstate(invalid="ignore"):
        swing = np.nanmax(np.nan_to_num(blocks, nan=-1.0), axis=2) - np.nanmin(np.nan_to_num(blocks, nan=99.0), axis=2)
        busy = (swing > LEAST_STUCK_KW).sum(axis=1)
    if (busy[-STUCK_DAYS:] < BLOCKS - 1).any() or np.quantile(busy[:-STUCK_DAYS], 0.9) >= BLOCKS - 2:
        return None
    first = days.count - STUCK_DAYS
    while first > 0 and busy[first - 1] >= BLOCKS - 1:
        first -= 1
    before = middle(row_means(days.hours(tape.load_kw, *NIGHT_H)[:first]))
    now = middle(row_means(days.hours(tape.load_kw, *NIGHT_H)[first:]))
    if now - before < LEAST_NIGHT_KW:
        return None
    kwh = (now - before) * YEAR_H
    since = days.start(tape, first)
    high = float(np.median(swing[first:]))
    return Finding(
        kind="stuck cycling",
        subject="load",
        since=since,
        sure=0.9,
        size=now - before,
        text=f"Since {home.day(since)} something of about {high:.1f} kW goes on and off around the clock, night and "
        f"day, {(now - before) * 24:.1f} kWh a day more: {home.yearly(kwh, home.import_price_per_kwh)} if it stays.",
        cost_per_year=home.money(kwh, home.import_price_per_kwh),
    )


def _cycles(tape: Tape, days: Days, nights: Nights, home: Surroundings) -> list[Finding]:
    """Return what became of a fridge whose cycles used to be seen in every night."""
    was = slice(0, days.count - CYCLE_NIGHTS)
    half = days.count // 2
    swing, switches = middle(nights.swing_kw[:half]), middle(nights.switches[:half])
    steady = spread(nights.swing_kw[:half]) <= CALM * swing
    if not (switches >= LEAST_SWITCHES and steady and swing > 0.02):  # noqa: PLR2004 - less is a meter's own noise
        return []
    now = nights.swing_kw[-CYCLE_NIGHTS:]
    if np.isnan(now).any():
        return []
    if (now < 0.35 * swing).all():
        return _no_longer(tape, days, nights, swing, home)
    duty = middle(nights.duty[:half][nights.swing_kw[:half] < 2 * swing])
    recent = nights.duty[-5:][nights.swing_kw[-5:] < 2 * swing]
    weeks = [middle(part) for part in np.array_split(nights.duty[was], 4)]
    rising = all(later >= earlier - 0.01 for earlier, later in pairwise(weeks))
    if len(recent) >= CYCLE_NIGHTS and recent.min() > LONGER * duty and rising:
        more_kw = (middle(recent) - duty) * swing
        kwh = more_kw * YEAR_H
        first = int(np.argmax(nights.duty > 1.1 * duty))
        since = days.start(tape, max(first, days.count // 4))
        return [
            Finding(
                kind="fridge runs longer",
                subject="load",
                since=since,
                sure=0.8,
                size=middle(recent) - duty,
                text=f"A fridge or freezer of about {swing * 1000:.0f} W ran {duty:.0%} of the night and now runs "
                f"{middle(recent):.0%}, more from week to week: {home.yearly(kwh, home.import_price_per_kwh)}. "
                "Is it iced up, or does a door not close?",
                cost_per_year=home.money(kwh, home.import_price_per_kwh),
            )
        ]
    return []


def _no_longer(tape: Tape, days: Days, nights: Nights, swing: float, home: Surroundings) -> list[Finding]:
    first = days.count - CYCLE_NIGHTS
    while first > LEAST_DAYS and nights.swing_kw[first - 1] < 0.35 * swing:
        first -= 1
    rows = row_means(days.hours(tape.load_kw, *NIGHT_H))
    before, now = middle(rows[:first]), middle(rows[first:])
    duty = middle(nights.duty[:first])
    since = days.start(tape, first)
    if now > before + 0.5 * (1 - duty) * swing:
        kwh = (1 - duty) * swing * YEAR_H
        text = (
            f"A fridge or freezer of about {swing * 1000:.0f} W no longer pauses since {home.day(since)}; it used to "
            f"run {duty:.0%} of the time: {home.yearly(kwh, home.import_price_per_kwh)} if it stays. Is a door open?"
        )
        return [
            Finding(
                kind="fridge runs on",
                subject="load",
                since=since,
                sure=0.85,
                size=swing,
                text=text,
                cost_per_year=home.money(kwh, home.import_price_per_kwh),
            )
        ]
    if now < before - 0.5 * duty * swing:
        text = (
            f"A fridge or freezer of about {swing * 1000:.0f} W, which ran {duty:.0%} of every night, has not been "
            f"seen since {home.day(since)}. If it was not switched off on purpose, what is in it thaws."
        )
        return [Finding(kind="fridge stopped", subject="load", since=since, sure=0.85, size=swing, text=text)]
    return []


def examine_running(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return a large load that has run without a pause for longer than anything before."""
    through_kw = tape.load_kw[tape.last(UNPAUSED)]
    if np.isnan(through_kw).mean() > 0.2 or np.nanquantile(through_kw, 0.1) < LEFT_ON_KW:  # noqa: PLR2004 - a fifth
        return []
    inside = max(timedelta(minutes=30) // tape.grid.step, 1)
    whole = tape.grid.count // inside
    blocks = tape.load_kw[tape.grid.count - whole * inside :].reshape(whole, inside)
    known = ~np.isnan(blocks)
    means = np.where(
        2 * known.sum(axis=1) >= inside, np.nansum(blocks, axis=1) / np.maximum(known.sum(axis=1), 1), np.nan
    )
    span = int(UNPAUSED / (inside * tape.grid.step))
    if whole < 2 * span + LEAST_DAYS * 24:
        return []
    filled = np.where(np.isnan(means), 0.0, means)
    lowest = np.lib.stride_tricks.sliding_window_view(filled, span).min(axis=1)
    now = float(lowest[-1])
    since_block = whole - span
    while since_block > 0 and filled[since_block - 1] >= 0.8 * now:
        since_block -= 1
    before = lowest[: max(since_block - span, 0)]
    before = before[-int(35 * DAY / (inside * tape.grid.step)) :]
    if len(before) < LEAST_DAYS * 24:
        return []
    usual, most = float(np.median(before)), float(before.max())
    left_kw = now - usual
    step_kw = now - float(np.median(filled[max(since_block - 4, 0) : since_block] if since_block else filled[:1]))
    if float(np.nanquantile(through_kw, 0.1)) - usual < 0.6 * left_kw:
        return []  # it does pause, for minutes
    if left_kw < LEFT_ON_KW or now < most + max(0.3, 0.5 * (most - usual)) or step_kw < 0.5 * left_kw:
        return []
    since = tape.at(tape.grid.count - (whole - since_block) * inside)
    hours = (whole - since_block) * inside * tape.grid.step_hours
    kwh = left_kw * 24
    local = since.astimezone(home.timezone)
    price = home.import_price_per_kwh
    money = "" if price is None else f", {kwh * price:.2f} {home.currency}"
    return [
        Finding(
            kind="left on",
            subject="load",
            since=since,
            sure=0.85 if hours < 24 else 0.95,  # noqa: PLR2004 - a day without a pause
            size=left_kw,
            text=f"Something of about {left_kw:.1f} kW has been running without a pause since {local:%H:%M} on "
            f"{home.day(since)}, {hours:.0f} hours: {kwh:.0f} kWh{money} for each day that it stays on; "
            f"{home.yearly(left_kw * YEAR_H, price)}.",
            cost_per_year=home.money(left_kw * YEAR_H, price),
        )
    ]
