"""`homeagent car-sessions`: a schedule for real sessions, or the curve of what confidence costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from homeagent.agent.car_sessions.account import Account, account
from homeagent.agent.car_sessions.confidence import CURVE, CurvePoint, point, spread_before
from homeagent.agent.car_sessions.curve_picture import curve_svg
from homeagent.agent.car_sessions.spot import SpotAsKnown
from homeagent.agent.car_sessions.walk import Known, charge_all, habits_by_user
from homeagent.config.places import place_of_zone, zone_named
from homeagent.domain.errors import InputError, Issue
from homeagent.planning.car_confidence import short_price
from homeagent.simulation.home_data import reason
from homeagent.simulation.session_file import UserSession, read_sessions, read_spot, write_schedule

ANNOUNCED_PER_KWH = 100.0
"""What a kWh that misses costs where the departure is known: more than any hour, so that none does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarSessionsOrder:
    """What the command is asked."""

    sessions: Path
    prices: Path
    weeks: int
    timezone: str
    power_kw: float
    known: Known
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    sessions: tuple[UserSession, ...]
    spot: SpotAsKnown


def write_sessions(order: CarSessionsOrder, out: Path) -> str:
    """Write the schedule, and return in a line what it comes to.

    Raises:
        InputError: a file cannot be read or written.
    """
    read = _read(order)
    learned = order.known == "learned"
    habits = habits_by_user(read.sessions, zone_named(order.timezone)) if learned else None
    price = short_price(order.confidence, spread_before(read.sessions, read.spot)) if learned else ANNOUNCED_PER_KWH
    charged = charge_all(read.sessions, read.spot, habits, power_kw=order.power_kw, short_per_kwh=price)
    write_schedule(out, ((one.session.session_id, at, kwh) for one in charged for at, kwh in one.kwh_by_hour))
    found = account(charged, read.spot, order.power_kw)
    how = f"learned, confidence {order.confidence:g} ({price:.2f} a missing kWh)" if learned else "announced"
    return f"{out}: departures {how}: {_words(found)}"


def draw_curve(order: CarSessionsOrder, picture: Path, console: Console) -> None:
    """Print a table of what each confidence comes to, and draw it.

    Raises:
        InputError: a file cannot be read or written.
    """
    read = _read(order)
    timezone = zone_named(order.timezone)
    points = [
        point(read.sessions, read.spot, timezone, power_kw=order.power_kw, confidence=confidence)
        for confidence in CURVE
    ]
    console.print(_table(points))
    try:
        picture.write_text(curve_svg(points), encoding="utf-8")
    except OSError as error:
        issue = Issue(path="--picture", message=f"cannot be written: {reason(error)}", remedy="name a file in a folder")
        raise InputError(str(picture), (issue,)) from error
    console.print(f"drawn: {picture}")


def _read(order: CarSessionsOrder) -> _Read:
    timezone = zone_named(order.timezone)
    sessions = read_sessions(order.sessions)
    if not sessions:
        issue = Issue(path="file", message="has no session with both ends and its energy", remedy="give one at least")
        raise InputError(str(order.sessions), (issue,))
    grid, per_kwh = read_spot(order.prices, order.weeks)
    return _Read(sessions=sessions, spot=SpotAsKnown(grid, per_kwh, timezone, place_of_zone(order.timezone)))


def _words(found: Account) -> str:
    return (
        f"{found.sessions} sessions, {found.share:.4f} of the possible saving "
        f"({found.at_once:.2f} at once, {found.agent:.2f} so, {found.bound:.2f} at best), "
        f"{found.missing_kwh:.1f} of {found.asked_kwh:.0f} kWh missed ({found.missing:.3%})"
    )


def _table(points: Sequence[CurvePoint]) -> Table:
    table = Table(title="What a confidence comes to")
    for name in ("confidence", "a missing kWh costs", "share of the saving", "missed", "paid"):
        table.add_column(name, justify="right")
    for one in points:
        found = one.account
        table.add_row(
            f"{one.confidence:g}",
            f"{one.short_per_kwh:.2f}",
            f"{found.share:.3f}",
            f"{found.missing:.2%}",
            f"{found.paid:.2f}",
        )
    return table
