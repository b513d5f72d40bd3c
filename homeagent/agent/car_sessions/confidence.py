"""What confidence costs: the curve of what is saved against what misses, and a sentence for one home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from homeagent.agent.car_sessions.account import Account, account
from homeagent.agent.car_sessions.spot import SpotAsKnown
from homeagent.agent.car_sessions.walk import charge_all, habits_by_user
from homeagent.planning.car_confidence import short_price, usual_spread
from homeagent.simulation.session_file import UserSession

CURVE = (0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995)
MONTH_DAYS = 30.44


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One confidence, the price of a missing kWh that it stands for, and what came of it."""

    confidence: float
    short_per_kwh: float
    account: Account


def spread_before(sessions: Sequence[UserSession], spot: SpotAsKnown) -> float:
    """Return what waiting usually saves, by the prices known when the first session began."""
    return usual_spread(spot.year_before(sessions[0].stay.plug_in))


def point(
    sessions: Sequence[UserSession], spot: SpotAsKnown, timezone: ZoneInfo, *, power_kw: float, confidence: float
) -> CurvePoint:
    """Return what a confidence comes to over sessions, oldest first, with each departure learned as they go."""
    price = short_price(confidence, spread_before(sessions, spot))
    charged = charge_all(sessions, spot, habits_by_user(sessions, timezone), power_kw=power_kw, short_per_kwh=price)
    return CurvePoint(confidence=confidence, short_per_kwh=price, account=account(charged, spot, power_kw))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOfConfidence:
    """Two confidences in one home's own sessions, over so many months."""

    now: CurvePoint
    more: CurvePoint
    months: float
    currency: str

    @property
    def per_month(self) -> float:
        """What the energy costs more a month."""
        return (self.more.account.paid - self.now.account.paid) / self.months

    def __str__(self) -> str:
        """Say what more confidence costs, and what it is good for."""
        now, more = self.now.account, self.more.account
        less = "more" if self.per_month >= 0 else "less"
        return (
            f"A confidence of {self.more.confidence:g} instead of {self.now.confidence:g} would have cost "
            f"{abs(self.per_month):.2f} {self.currency} {less} a month: "
            f"{more.missing_kwh / self.months:.1f} instead of {now.missing_kwh / self.months:.1f} kWh a month missed "
            f"at departures, of {now.asked_kwh / self.months:.0f} kWh asked, in {now.sessions} stays over "
            f"{self.months:.1f} months."
        )


def price_of_confidence(
    sessions: Sequence[UserSession],
    spot: SpotAsKnown,
    timezone: ZoneInfo,
    *,
    power_kw: float,
    now: float,
    more: float,
    currency: str,
) -> PriceOfConfidence | None:
    """Return what more confidence costs in a home's own sessions, oldest first; None where there are none."""
    if not sessions:
        return None
    points = [point(sessions, spot, timezone, power_kw=power_kw, confidence=each) for each in (now, more)]
    span = max(one.stay.plug_out for one in sessions) - sessions[0].stay.plug_in
    months = max(span.total_seconds() / 86400 / MONTH_DAYS, 1 / MONTH_DAYS)
    return PriceOfConfidence(now=points[0], more=points[1], months=months, currency=currency)
