"""Sessions charged hour by hour with what was known then: nothing of the departure, nor of prices not yet published."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np

from homeagent.agent.car_sessions.spot import HOUR, SpotAsKnown
from homeagent.domain.car_sessions import CarSession
from homeagent.domain.devices import CarSpec
from homeagent.domain.grid import slot_start
from homeagent.forecasting.car_habits import CarHabits
from homeagent.planning.car_value import OFF, Stay, value_of_need
from homeagent.simulation.session_file import UserSession

Known: TypeAlias = Literal["announced", "learned"]

PARTS = 8
"""An hour is charged in so many parts at full power, from its start on."""
HORIZON = 60
"""So many hours ahead are looked at where the departure is not announced."""
STATES = 24
START_KWH = 0.01
MET_KWH = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """What a session got: energy by clock hour, and what of it missed when the car left [kWh]."""

    session: UserSession
    kwh_by_hour: tuple[tuple[datetime, float], ...]
    missing_kwh: float


def habits_by_user(sessions: Iterable[UserSession], timezone: ZoneInfo) -> dict[str, CarHabits]:
    """Return the habits of each user, of their own sessions alone."""
    by_user: dict[str, list[CarSession]] = {}
    for one in sessions:
        by_user.setdefault(one.user, []).append(one.stay)
    return {user: CarHabits.of(stays, timezone) for user, stays in by_user.items()}


def charge_all(
    sessions: Sequence[UserSession],
    spot: SpotAsKnown,
    habits: Mapping[str, CarHabits] | None,
    *,
    power_kw: float,
    short_per_kwh: float,
) -> list[Charged]:
    """Return what every session gets. Without `habits` its departure is known from the start."""
    spec = CarSpec(name="car", max_charge_kw=power_kw)
    return [
        charge(one, spot, None if habits is None else habits[one.user], spec=spec, short_per_kwh=short_per_kwh)
        for one in sessions
    ]


def charge(
    session: UserSession, spot: SpotAsKnown, habits: CarHabits | None, *, spec: CarSpec, short_per_kwh: float
) -> Charged:
    """Return what one session gets: decided at the plug-in, and again whenever prices are published."""
    stay, left, on = session.stay, session.stay.energy_kwh, False
    at, given = stay.plug_in, []
    while left > MET_KWH and at < stay.plug_out:
        start = slot_start(at, HOUR)
        asked = _asked(stay, at, spot, habits, spec, left, short_per_kwh)
        value = value_of_need(asked, STATES)
        news = spot.next_news(at)
        for slot in range(math.ceil((min(news, stay.plug_out) - start) / HOUR)):
            begin = start + slot * HOUR
            level = value.choose(slot, left, on=on)
            on = level != OFF
            there = (min(begin + HOUR, stay.plug_out) - max(begin, stay.plug_in)) / HOUR
            if on:
                meant = float(asked.levels_kw[level] * asked.hours[slot])
                kwh = min(left, meant, spec.max_charge_kw * there)
                given.append((begin, kwh))
                left -= kwh
        at = news
    return Charged(session=session, kwh_by_hour=tuple(given), missing_kwh=max(left, 0.0))


def _asked(
    stay: CarSession,
    at: datetime,
    spot: SpotAsKnown,
    habits: CarHabits | None,
    spec: CarSpec,
    left_kwh: float,
    short_per_kwh: float,
) -> Stay:
    start = slot_start(at, HOUR)
    count = HORIZON if habits is not None else math.ceil((stay.plug_out - start) / HOUR)
    edges_h = (start - stay.plug_in) / HOUR + np.arange(count + 1.0)
    edges_h[0] = max(edges_h[0], 0.0)
    if habits is None:
        edges_h[-1] = stay.hours
        leaves = np.append(np.zeros(count - 1), 1.0)
    else:
        leaves = habits.leaves(stay.plug_in, stay.energy_kwh, edges_h)
    prices = spot.seen(at, start, count)
    usual = max(float(prices.mean()), 0.0)
    powers_kw = spec.max_charge_kw * np.arange(PARTS, 0, -1) / PARTS
    return Stay(
        spec=spec,
        levels_kw=powers_kw,
        costs=(prices * np.diff(edges_h))[:, None] * powers_kw,
        hours=np.diff(edges_h),
        leaves=leaves,
        needed_kwh=left_kwh,
        beyond_kwh=0.0,
        short_per_kwh=short_per_kwh,
        beyond_per_kwh=0.0,
        later_per_kwh=min(usual, short_per_kwh),
        start_cost=START_KWH * usual,
        in_bursts=True,
    )
