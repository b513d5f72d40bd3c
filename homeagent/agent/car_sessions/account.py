"""What charging cost, beside charging at once and the cheapest that could have been.

A session counts if its energy fits into its time and every price is known; energy that misses is paid at the dearest
hour of its session, so that leaving it out never pays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from homeagent.agent.car_sessions.spot import HOUR, SpotAsKnown
from homeagent.agent.car_sessions.walk import Charged
from homeagent.domain.car_sessions import CarSession
from homeagent.domain.grid import FloatArray, slot_start

FITS_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Sums over the sessions that count: money, and energy [kWh]. `agent` has what misses at its dearest price."""

    sessions: int = 0
    at_once: float = 0.0
    agent: float = 0.0
    bound: float = 0.0
    paid: float = 0.0
    asked_kwh: float = 0.0
    missing_kwh: float = 0.0

    @property
    def share(self) -> float:
        """The share of the possible saving; NaN where nothing could be saved."""
        possible = self.at_once - self.bound
        return (self.at_once - self.agent) / possible if possible > 0 else math.nan

    @property
    def missing(self) -> float:
        """What missed of what was asked, as a fraction."""
        return self.missing_kwh / self.asked_kwh if self.asked_kwh > 0 else 0.0


def account(charged: Iterable[Charged], spot: SpotAsKnown, power_kw: float) -> Account:
    """Return the sums over those sessions that count."""
    rows = [row for one in charged if (row := _of_session(one, spot, power_kw)) is not None]
    if not rows:
        return Account()
    at_once, bound, paid, dearest, asked, missing = np.array(rows).T
    return Account(
        sessions=len(rows),
        at_once=float(at_once.sum()),
        agent=float((paid + missing * dearest).sum()),
        bound=float(bound.sum()),
        paid=float(paid.sum()),
        asked_kwh=float(asked.sum()),
        missing_kwh=float(missing.sum()),
    )


def _of_session(one: Charged, spot: SpotAsKnown, power_kw: float) -> tuple[float, ...] | None:
    stay = one.session.stay
    start = slot_start(stay.plug_in, HOUR)
    room = room_kwh(stay, power_kw)
    prices = spot.real(start, len(room))
    if np.isnan(prices).any() or room.sum() < stay.energy_kwh - FITS_KWH or stay.energy_kwh <= 0:
        return None
    at_once, bound = (
        _filled(room[order], prices[order], stay.energy_kwh)
        for order in (np.arange(len(room)), np.argsort(prices, kind="stable"))
    )
    paid = sum(kwh * float(prices[(at - start) // HOUR]) for at, kwh in one.kwh_by_hour)
    return at_once, bound, paid, float(prices.max()), stay.energy_kwh, one.missing_kwh


def room_kwh(stay: CarSession, power_kw: float) -> FloatArray:
    """Return what can flow in each clock hour of a stay."""
    start = slot_start(stay.plug_in, HOUR)
    hours = np.arange(math.ceil((stay.plug_out - start) / HOUR))
    begin_h, end_h = (stay.plug_in - start) / HOUR, (stay.plug_out - start) / HOUR
    return np.asarray((np.minimum(hours + 1, end_h) - np.maximum(hours, begin_h)) * power_kw)


def _filled(room: FloatArray, prices: FloatArray, kwh: float) -> float:
    """Return the cost of filling hours one after another."""
    before = np.cumsum(room) - room
    return float(np.clip(kwh - before, 0.0, room) @ prices)
