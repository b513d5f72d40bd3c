"""Close analysis of a battery: what goes in and comes out, what it was told, what the grid takes. Pure."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from homeagent.domain.anomaly import Finding, Surroundings, Tape
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.forecasting.anomaly_days import Days, days_of, too_short
from homeagent.forecasting.anomaly_meters import unbalanced

LEAST_KW = 0.15
"""Below this idle losses say more than the battery does."""
BACK_DAYS = (3, 5)
LEAST_KWH = 4.0
LEAST_BEFORE_DAYS = 4
SMALLER, LESS_EFFICIENT = 0.87, 0.06
TWO_WAYS = (0.5, 1.05)
"""What a round trip may be: anything else is a meter's matter."""
OBEYED_OVER = timedelta(hours=12)
MISSED_KW, MISSED_SHARE = 0.3, 0.25
LEAST_TOLD_KWH, DISOBEYED, USUAL_DISOBEYED = 1.5, 0.5, 0.2
UNBALANCED = 0.05
BLOCKED_OVER = timedelta(hours=24)
LEAST_BLOCKED_H, LEAST_CURTAILED_KWH, LEAST_SURPLUS_KW = 1.5, 0.5, 0.15
NEARLY_FULL, STRONG_PV_KW = 0.97, 0.5
_DAYS_A_YEAR = 365


def examine_store(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return whether the battery holds less, or loses more, than it did."""
    if too_short(tape):
        return []
    days = days_of(tape, home.timezone)
    soc_before = np.concatenate([[np.nan], tape.soc_kwh[:-1]])
    change = np.diff(tape.soc_kwh, prepend=np.nan)
    power = tape.battery_kw
    inner = (soc_before > 0.08 * home.battery.capacity_kwh) & (tape.soc_kwh < 0.95 * home.battery.capacity_kwh)
    with np.errstate(invalid="ignore"):
        # a slot that begins or ends a run is half of each: only what is inside runs counts
        known = inner & ~np.isnan(change)
        charging, giving = known & (power < -LEAST_KW) & (change > 0), known & (power > LEAST_KW) & (change < 0)
    hours = tape.grid.step_hours
    sums = [
        np.where(flags, values, 0.0)
        for flags, values in (
            (charging, -power * hours),
            (charging, change),
            (giving, power * hours),
            (giving, -change),
        )
    ]
    charged, up, given, down = (np.nansum(days.of(values), axis=1) for values in sums)
    active = (charged > 0.3) | (given > 0.3)  # noqa: PLR2004 - a day on which it did something
    for back in BACK_DAYS:
        first = days.count - back
        if first < 1 or charged[first:].sum() < LEAST_KWH or given[first:].sum() < LEAST_KWH:
            continue
        now = _ratios(charged[first:], up[first:], given[first:], down[first:])
        use = active[:first] & (charged[:first] > 0.5) & (given[:first] > 0.5)  # noqa: PLR2004 - enough to divide by
        if use.sum() < LEAST_BEFORE_DAYS:
            continue
        before = _ratios(charged[:first][use], up[:first][use], given[:first][use], down[:first][use])
        found = _weaker(tape, days, first, before, now, given[first:].sum() / back, home)
        if found is not None:
            return [found]
    return []


def _ratios(charged: FloatArray, up: FloatArray, given: FloatArray, down: FloatArray) -> tuple[float, float]:
    """Return kWh that the charge rose by for each kWh put in, and kWh given for each that it fell by."""
    return float(up.sum() / charged.sum()), float(given.sum() / down.sum())


def _weaker(
    tape: Tape,
    days: Days,
    first: int,
    before: tuple[float, float],
    now: tuple[float, float],
    kwh_per_day: float,
    home: Surroundings,
) -> Finding | None:
    trip_before, trip = before[0] * before[1], now[0] * now[1]
    if not (TWO_WAYS[0] < trip < TWO_WAYS[1] and TWO_WAYS[0] < trip_before < TWO_WAYS[1]):
        return None
    left = float(np.sqrt((before[0] / before[1]) / (now[0] / now[1])))
    since = days.start(tape, first)
    buy, sell = home.import_price_per_kwh, home.export_price_per_kwh
    if left < SMALLER:
        capacity = left * home.battery.capacity_kwh
        gap = None if buy is None else buy - (sell or 0.0)
        kwh = (1 - left) * kwh_per_day * _DAYS_A_YEAR
        return Finding(
            kind="battery capacity",
            subject="battery",
            since=since,
            sure=0.85,
            size=1 - left,
            text=f"The battery holds about {capacity:.1f} kWh, {left:.0%} of before: its charge now rises by "
            f"{now[0]:.2f} kWh for each kWh put in (before: {before[0]:.2f}). At its use of late that is up to "
            f"{home.yearly(kwh, gap)} that it no longer shifts.",
            cost_per_year=home.money(kwh, gap),
        )
    if trip < trip_before - LESS_EFFICIENT:
        kwh = kwh_per_day * (1 / trip - 1 / trip_before) * _DAYS_A_YEAR
        return Finding(
            kind="battery efficiency",
            subject="battery",
            since=since,
            sure=0.85,
            size=trip_before - trip,
            text=f"Of each kWh put into the battery {trip:.0%} come back since about {home.day(since)}; before it was "
            f"{trip_before:.0%}. That loses {home.yearly(kwh, buy)}.",
            cost_per_year=home.money(kwh, buy),
        )
    return None


def disobeyed(told_kw: FloatArray, battery_kw: FloatArray) -> BoolArray:
    """Return the slots in which the battery did clearly other than it was told."""
    with np.errstate(invalid="ignore"):
        other: BoolArray = np.abs(battery_kw - told_kw) > MISSED_KW + MISSED_SHARE * np.abs(told_kw)
    return other


def examine_obey(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return whether the battery did other than it was told for most of what it was told."""
    if too_short(tape):
        return []
    recent = tape.last(OBEYED_OVER)
    off = disobeyed(tape.told_kw, tape.battery_kw)
    weight = np.nan_to_num(np.maximum(np.abs(tape.told_kw), np.abs(tape.battery_kw))) * ~np.isnan(tape.told_kw)
    told_kwh = float(weight[recent].sum()) * tape.grid.step_hours
    if told_kwh < LEAST_TOLD_KWH or unbalanced(tape)[recent].mean() > UNBALANCED:
        return []  # with a wrong meter nobody can say what the battery was to do
    share = float((weight * off)[recent].sum() / weight[recent].sum())
    earlier = slice(0, recent.start)
    usual = float((weight * off)[earlier].sum() / weight[earlier].sum()) if weight[earlier].sum() > 0 else 0.0
    if share < DISOBEYED or usual > USUAL_DISOBEYED:
        return []
    first = recent.start + int(np.argmax(off[recent]))
    missed_kw = float(np.nanmean(np.abs(tape.battery_kw - tape.told_kw)[recent][off[recent]]))
    still = float(np.nanmax(np.abs(tape.battery_kw[recent]))) < LEAST_KW
    doing = "does nothing at all" if still else f"is {missed_kw:.1f} kW off in the mean"
    return [
        Finding(
            kind="battery does not obey",
            subject="battery",
            since=tape.at(first),
            sure=0.9,
            size=share,
            text=f"Since {tape.at(first).astimezone(home.timezone):%H:%M} on {home.day(tape.at(first))} the battery "
            f"{doing}: {share:.0%} of what it was told in the last {OBEYED_OVER / timedelta(hours=1):.0f} hours "
            f"({told_kwh:.1f} kWh) did not happen; {usual:.0%} is usual. While it lasts it saves nothing.",
        )
    ]


def held_back(tape: Tape, capacity_kwh: float) -> BoolArray:
    """Return the slots in which surplus found no way out though nothing that was told speaks against it."""
    free = tape.free == 1
    with np.errstate(invalid="ignore"):
        curtailed = tape.curtailed_kw > LEAST_SURPLUS_KW
        full = (tape.soc_kwh >= NEARLY_FULL * capacity_kwh) & (np.abs(tape.battery_kw) < LEAST_SURPLUS_KW)
        matched = np.isnan(tape.curtailed_kw) & (np.abs(tape.grid_kw) < 0.03) & (tape.pv_kw > STRONG_PV_KW)  # noqa: PLR2004
    blocked: BoolArray = free & (curtailed | (full & matched))  # where nobody meters what is not made, a grid at rest
    return blocked


def examine_export(tape: Tape, home: Surroundings) -> list[Finding]:
    """Return whether the grid no longer takes what is left over."""
    if too_short(tape):
        return []
    recent = tape.last(BLOCKED_OVER)
    blocked = held_back(tape, home.battery.capacity_kwh)
    hours = float(blocked[recent].sum()) * tape.grid.step_hours
    with np.errstate(invalid="ignore"):
        since_first = slice(recent.start + int(np.argmax(blocked[recent])), recent.stop)
        exported = float(np.nansum(np.maximum(-tape.grid_kw[since_first], 0))) * tape.grid.step_hours
        could = np.nansum(np.maximum(-tape.grid_kw[: recent.start], 0)) * tape.grid.step_hours
    earlier = float(blocked[: recent.start].sum()) * tape.grid.step_hours
    days_before = max(np.isfinite(tape.free[: recent.start]).sum() * tape.grid.step_hours / 24, 1.0)
    lost_kwh = float(np.nansum(tape.curtailed_kw[recent][blocked[recent]])) * tape.grid.step_hours
    if hours < LEAST_BLOCKED_H or exported > 0.1 or could < 1.0 or earlier / days_before > 0.25 * hours:  # noqa: PLR2004
        return []
    first = recent.start + int(np.argmax(blocked[recent]))
    since = tape.at(first)
    kwh = lost_kwh * _DAYS_A_YEAR
    money = "" if not lost_kwh else f"; days like this one lose {home.yearly(kwh, home.export_price_per_kwh)}"
    return [
        Finding(
            kind="export blocked",
            subject="grid",
            since=since,
            sure=0.9 if lost_kwh > LEAST_CURTAILED_KWH else 0.7,
            size=lost_kwh,
            text=f"For {hours:.1f} hours since {since.astimezone(home.timezone):%H:%M} on {home.day(since)} surplus "
            f"found no way into the grid though its price and the plan allow it: {lost_kwh:.1f} kWh were not "
            f"made{money}. Is export limited in the inverter, or by the grid's operator?",
            cost_per_year=home.money(kwh, home.export_price_per_kwh) if lost_kwh else None,
        )
    ]
