"""Small moves of a tank's runs, each judged exactly: the table's steps blur whether one slot less would do.

A move gives a slot from one run to another, shortens, lengthens or shifts a run. All moves are driven through the tank
at once; those that break a rest, a run or the dead band fall out.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from homeagent.devices.tank import TankStep
from homeagent.domain.grid import BoolArray, FloatArray
from homeagent.domain.tasks import TankTask
from homeagent.planning.tank_table import (
    SMALL_K,
    START_KWH,
    Money,
    forced_slots,
    hygiene_due,
    hygiene_late_cost,
    least_slots,
    starts_below_c,
    stops_above_c,
)

MOST_RUNS = 6
"""Runs further ahead are left as they are: they are planned anew before their time."""
ROUNDS = 2
GAIN, WORTH_A_ROUND = 1e-6, 2e-3
"""A gain below the first is none; one below the second share of the cost is not worth another round."""
SHIFTS = (-4, -1, 1, 4)
OTHERS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Driven:
    """Courses side by side: `water_c` (count + 1, courses), the rest (count, courses); `cut` by the thermostat."""

    water_c: FloatArray
    power_kw: FloatArray
    cut: BoolArray


def better_moves(
    task: TankTask, length: timedelta, money: Money, step: TankStep, cop: FloatArray, asked_kw: FloatArray
) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Return the best course that moves lead to, and the next best ones of the last round, as asked of the heater."""
    best, others = asked_kw, np.zeros((len(cop), 0))
    for _ in range(ROUNDS):
        courses = _moves(task, best)
        driven = _drive(task, step, cop, courses)
        total = _total(task, money, step, cop, driven)
        total[1:][~_keeps_rules(task, length, courses, driven)[1:]] = np.inf
        order = np.argsort(total, kind="stable")
        rank = [k for k in order.tolist() if np.isfinite(total[k])]
        others = courses[:, [k for k in rank if k != rank[0]][:OTHERS]]
        if total[rank[0]] > total[0] - GAIN:
            others = courses[:, [k for k in rank if k != 0][:OTHERS]]
            break
        best = courses[:, rank[0]]
        if total[rank[0]] > total[0] - WORTH_A_ROUND * abs(total[0]):
            break
    return best, tuple(others.T.copy())


def _moves(task: TankTask, asked_kw: FloatArray) -> FloatArray:
    """Return the course itself and its moves, shape (count, courses)."""
    count = len(asked_kw)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], asked_kw > 0, [0]]).astype(int)))
    runs = list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))[:MOST_RUNS]
    less = [(slot,) for first, end in runs for slot in sorted({first, end - 1})]
    more = [(slot,) for first, end in runs for slot in (first - 1, end) if 0 <= slot < count]
    changes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [(off, ()) for off in less]
    changes += [((), on) for on in more]
    changes += itertools.product(less, more)
    for first, end in runs:
        own = tuple(range(first, end))
        shifts = [shift for shift in SHIFTS if first + shift >= 0 and end + shift <= count]
        changes += [(own, ()), *((own, tuple(k + shift for k in own)) for shift in shifts)]
    courses = np.repeat(asked_kw[:, None], len(changes) + 1, axis=1)
    for place, (off, on) in enumerate(changes, start=1):
        courses[list(off), place] = 0.0
        courses[list(on), place] = task.spec.max_kw
    return courses


def _drive(task: TankTask, step: TankStep, cop: FloatArray, asked_kw: FloatArray) -> _Driven:
    spec = task.spec
    warms = cop * step.hours * step.k_per_kwh
    heated = asked_kw * warms[:, None] + spec.room_c * (1 - step.keeps)
    drawn = (task.drawn_kwh * step.k_per_kwh).tolist()
    water = np.empty((len(cop) + 1, asked_kw.shape[1]))
    now = water[0] = np.full(asked_kw.shape[1], task.water_c)
    over = np.zeros_like(asked_kw)
    for slot in range(len(cop)):
        undrawn = now * step.keeps + heated[slot]
        given = np.minimum(np.maximum(undrawn - spec.empty_c, 0.0), drawn[slot])
        now = undrawn - given
        excess = now - spec.max_c
        if excess.max() > 0:
            over[slot] = np.minimum(np.maximum(excess, 0.0), asked_kw[slot] * warms[slot])
            now = now - over[slot]
        water[slot + 1] = now
    power = asked_kw - over / warms[:, None]
    return _Driven(water_c=water, power_kw=power, cut=over > SMALL_K)


def _total(task: TankTask, money: Money, step: TankStep, cop: FloatArray, driven: _Driven) -> FloatArray:
    """Return what courses cost, all wishes counted as `evaluate` counts them, shape (courses,)."""
    spec, water = task.spec, driven.water_c
    high = step.high_missed_kwh(water[:-1], driven.power_kw, cop[:, None], task.drawn_high_kwh[:, None])
    on = driven.power_kw > 0
    starts = (on[1:] & ~on[:-1]).sum(axis=0) + (on[0] & (not task.on))
    total = money.paid(driven.power_kw).sum(axis=0) + task.cold_per_kwh * (high.sum(axis=0) + START_KWH * starts)
    total += task.left_per_kwh * spec.kwh_per_k * np.maximum(spec.max_c - water[-1], 0.0)
    due = hygiene_due(task, len(cop))
    if due is not None:
        hot = water[1:] >= spec.hygiene_c - SMALL_K
        first = np.where(hot.any(axis=0), hot.argmax(axis=0), len(cop))
        total += hygiene_late_cost(task) * np.maximum(first - due, 0)
    return np.asarray(total)


def _keeps_rules(task: TankTask, length: timedelta, asked_kw: FloatArray, driven: _Driven) -> BoolArray:
    """Return which courses keep runs and rests, start below the dead band, and end where the thermostat ends them."""
    on = asked_kw > 0
    before = np.concatenate([np.full((1, on.shape[1]), task.on), on[:-1]])
    begins, stops = on & ~before, ~on & before
    good = ~(begins & (driven.water_c[:-1] > starts_below_c(task.spec))).any(axis=0)
    good &= ~(stops & (driven.water_c[:-1] < stops_above_c(task.spec))).any(axis=0)
    good &= ~(driven.cut[:-1] & on[1:]).any(axis=0)
    good &= (on[: forced_slots(task, length)] == task.on).all(axis=0)
    steadiness = task.spec.steadiness
    for ahead in range(1, least_slots(steadiness.min_on, length)):
        good &= ~(begins[:-ahead] & ~on[ahead:]).any(axis=0)
    for ahead in range(1, least_slots(steadiness.min_off, length)):
        good &= ~(stops[:-ahead] & on[ahead:]).any(axis=0)
    return np.asarray(good)
