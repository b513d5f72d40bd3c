"""Hot water that is drawn: measured by the tank's own heat balance, expected by the habits of the same time of day.

What was drawn follows from the water's temperature and the heater's power; without a temperature from the power alone,
since a thermostat brings the tank back to where it was. A home that is new is taken to draw as a standard household:
25 litres a day for each person and 36 more, warmed by 37 K (SAP 2012, the British government's Standard Assessment
Procedure, appendix J), over the day as in load profile M of Regulation (EU) 812/2013, annex VII.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.domain.devices import TankSpec
from homeagent.domain.grid import FloatArray, TimeGrid
from homeagent.domain.site import Place
from homeagent.forecasting.calendar import local_calendar, same_time_on_earlier_days
from homeagent.forecasting.stretches import stretches

USUAL_PEOPLE = 2.4
"""In a home that does not say."""
A_DAY_KWH, A_PERSON_KWH = 36 * 37 * 4.186 / 3600, 25 * 37 * 4.186 / 3600
TAPPED_KWH = (
    (7.0, 0.105), (7.08, 1.4), (7.5, 0.105), (8.02, 0.105), (8.25, 0.105), (8.5, 0.105), (8.75, 0.105), (9.0, 0.105),
    (9.5, 0.105), (10.5, 0.105), (11.5, 0.105), (11.75, 0.105), (12.75, 0.315), (14.5, 0.105), (15.5, 0.105),
    (16.5, 0.105), (18.0, 0.105), (18.25, 0.105), (18.5, 0.105), (19.0, 0.105), (20.5, 0.735), (21.25, 0.105),
    (21.5, 1.4),
)  # fmt: skip
"""Load profile M: local hours, and the heat that is tapped then."""
BLUR_H = 1.0
"""Nobody taps by the clock of a standard."""
RUNS_SHARE = 0.05
"""A heater runs while it draws more than this share of its most."""
DAYS = 28
WHOLE_DAYS = 7
"""From so many measured days on habits speak alone; before, the standard household counts for the days that miss."""
OTHER_KIND = 0.5
"""A day of the other kind, workday or day off, counts so much."""
HIGH = 0.9
AT_ONCE_H = 1.0
"""What may be drawn at once: within so long, on nine days of ten."""
SHOWER_KWH = 1.4
AWAKE_H = (6.0, 23.0)
"""A new home may take a shower at any time between."""
_HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawOff:
    """What is expected in each slot, and what may be drawn at once about then, each (count,) [kWh of heat].

    `days` is on how many measured days it rests; `text` says so.
    """

    drawn_kwh: FloatArray
    drawn_high_kwh: FloatArray
    days: int
    text: str


def drawn_by_temperature(
    spec: TankSpec, grid: TimeGrid, water_c: FloatArray, power_kw: FloatArray, outdoor_c: FloatArray
) -> FloatArray:
    """Return the heat drawn in each slot, (count,) [kWh]; a gap of temperature or power is one of it too.

    All are means over the slots of `grid`. A thermometer wavers: heat that seems to come back is taken from the draws
    beside it, so that the sum stays right.
    """
    cop = np.interp(outdoor_c, spec.cop.outdoor_c, spec.cop.cop)
    given = power_kw * cop * grid.step_hours - spec.loss_kw_per_k * (water_c - spec.room_c) * grid.step_hours
    between = (given[1:] + given[:-1]) / 2 - spec.kwh_per_k * np.diff(water_c)
    drawn = np.full(grid.count, np.nan)
    for begin, end in zip(*stretches(~np.isnan(between)), strict=True):
        drawn[begin + 1 : end + 1] = _never_back(between[begin:end])
    return drawn


def _never_back(drawn_kwh: FloatArray) -> FloatArray:
    """Return draws of 0 or more with the same course of their sum, as near as a course that never falls can be."""
    total = np.concatenate([[0.0], np.cumsum(drawn_kwh)])
    rising = np.maximum.accumulate(total)
    falling = np.minimum.accumulate(total[::-1])[::-1]
    drawn: FloatArray = np.diff(np.maximum((rising + falling) / 2, 0.0))
    return drawn


def drawn_by_power(
    spec: TankSpec, grid: TimeGrid, power_kw: FloatArray, outdoor_c: FloatArray, timezone: ZoneInfo
) -> FloatArray:
    """Return the heat drawn as far as the heater's power alone tells it, (count,) [kWh].

    What a run of the heater gave, less the standing loss, was drawn since the run before ended. When in between is not
    told: it is spread as a standard household taps. It holds for a thermostat that heats to the same temperature.
    """
    cop = np.interp(outdoor_c, spec.cop.outdoor_c, spec.cop.cop)
    heat = power_kw * cop * grid.step_hours
    _, ends = stretches(np.nan_to_num(power_kw) > RUNS_SHARE * spec.max_kw)
    shape, _ = standard_household(grid, timezone)
    lost = spec.loss_kw_per_k * ((spec.useful_c + spec.max_c) / 2 - spec.room_c) * grid.step_hours
    drawn = np.full(grid.count, np.nan)
    for before, end in itertools.pairwise(ends):
        given = float(heat[before:end].sum()) - lost * (end - before)
        part = shape[before:end] + 1e-6
        drawn[before:end] = max(given, 0.0) * part / part.sum()  # NaN where the power has a gap
    return drawn


def standard_household(
    grid: TimeGrid, timezone: ZoneInfo, people: float | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return what a household that nothing is known of draws: expected, and at once, each (count,) [kWh]."""
    hour = local_calendar(grid, timezone, None).day_share * _HOURS
    a_day = A_DAY_KWH + A_PERSON_KWH * (USUAL_PEOPLE if people is None else people)
    scale = a_day / sum(kwh for _, kwh in TAPPED_KWH)
    mean, high = np.zeros(grid.count), np.zeros(grid.count)
    for at, kwh in TAPPED_KWH:
        apart = abs((hour - at + _HOURS / 2) % _HOURS - _HOURS / 2)
        mean += kwh * np.maximum(BLUR_H - apart, 0.0) / BLUR_H**2 * grid.step_hours
        high += kwh * (apart <= AT_ONCE_H / 2)
    awake = (hour >= AWAKE_H[0]) & (hour < AWAKE_H[1])
    return scale * mean, np.maximum(scale * high, np.where(awake, SHOWER_KWH, 0.0))


def expected_draw_off(
    past: TimeGrid,
    drawn_kwh: FloatArray,
    future: TimeGrid,
    timezone: ZoneInfo,
    people: float | None = None,
    place: Place | None = None,
) -> DrawOff:
    """Return what is expected to be drawn, from what was drawn before; `past` ends where `future` starts.

    NaN is a gap. Nothing of the future is looked at.
    """
    prior, prior_high = standard_household(future, timezone, people)
    if not past.count:
        return DrawOff(drawn_kwh=prior, drawn_high_kwh=np.maximum(prior_high, prior), days=0, text=_text(0))
    index = same_time_on_earlier_days(past, future, DAYS, timezone)
    at_once = max(round(AT_ONCE_H / past.step_hours), 1)
    drawn, high = (np.where(index >= 0, values[np.maximum(index, 0)], np.nan) for values in _about(drawn_kwh, at_once))
    off = local_calendar(past, timezone, place).day_off
    same = off[np.maximum(index, 0)] == local_calendar(future, timezone, place).day_off
    weight = np.where(np.isnan(drawn), 0.0, np.where(same, 1.0, OTHER_KIND))
    days = (~np.isnan(drawn)).sum(axis=0)
    trust = np.minimum(days / WHOLE_DAYS, 1.0)
    own = (weight * np.nan_to_num(drawn)).sum(axis=0) / np.maximum(weight.sum(axis=0), 1e-9)
    own_high = _quantile(np.nan_to_num(high), weight * ~np.isnan(high), HIGH)
    mean = trust * own + (1 - trust) * prior
    least = int(days.min(initial=DAYS))
    return DrawOff(
        drawn_kwh=mean,
        drawn_high_kwh=np.maximum(np.where(trust < 1, np.maximum(own_high, prior_high), own_high), mean),
        days=least,
        text=_text(least),
    )


def _about(drawn_kwh: FloatArray, slots: int) -> tuple[FloatArray, FloatArray]:
    """Return the mean and the sum over so many slots around each; NaN where half of them are not known."""
    kernel, first = np.ones(slots), slots // 2
    total, seen = (
        np.convolve(values, kernel)[first : first + len(drawn_kwh)]
        for values in (np.nan_to_num(drawn_kwh), (~np.isnan(drawn_kwh)).astype(float))
    )
    mean = np.where(seen > slots / 2, total / np.maximum(seen, 1.0), np.nan)
    return mean, mean * slots


def _quantile(values: FloatArray, weight: FloatArray, share: float) -> FloatArray:
    """Return the weighted quantile of each column, 0 where nothing has weight."""
    order = np.argsort(values, axis=0, kind="stable")
    ranked, heavy = np.take_along_axis(values, order, 0), np.take_along_axis(weight, order, 0)
    below = np.cumsum(heavy, axis=0)
    first = (below >= share * below[-1:] - 1e-12).argmax(axis=0)
    found: FloatArray = np.where(below[-1] > 0, ranked[first, np.arange(values.shape[1])], 0.0)
    return found


def _text(days: int) -> str:
    if not days:
        return "no hot water was measured yet: it is taken to be drawn as in a standard household"
    if days < WHOLE_DAYS:
        return f"{days} days of hot water are measured: a standard household stands in for the rest of a week"
    return f"hot water as on the last {days} measured days"
