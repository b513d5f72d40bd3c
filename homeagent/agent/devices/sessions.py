"""Stays of cars at their chargers: seen as they go by, kept in the store so that years of them are known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeagent.agent.devices.memory import LONGEST_HELD
from homeagent.domain.car_sessions import CarSession
from homeagent.store import Store

FACT = "car_sessions"
MOST_KEPT = 800
SHORTEST = timedelta(minutes=5)
"""A shorter stay is a plug that was moved."""
HOUR = timedelta(hours=1)
PLUGGED = 0.5


@dataclass(slots=True)
class _Stay:
    plug_in: datetime
    seen: datetime
    energy_kwh: float = 0.0


class SessionBook:
    """The stays of each car, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store
        kept = json.loads(store.fact(FACT) or "{}")
        self._past: dict[str, list[CarSession]] = {car: [_session(row) for row in rows] for car, rows in kept.items()}
        self._open: dict[str, _Stay] = {}

    def of(self, car: str) -> Sequence[CarSession]:
        """Return the stays of a car that are over."""
        return self._past.get(car, ())

    def plugged_since(self, car: str) -> datetime | None:
        """Return when the car that is there was plugged in, None where none is."""
        stay = self._open.get(car)
        return None if stay is None else stay.plug_in

    def taken_kwh(self, car: str) -> float:
        """Return what the car that is there has taken since it was plugged in."""
        stay = self._open.get(car)
        return 0.0 if stay is None else stay.energy_kwh

    def drew(self, car: str, at: datetime, power_kw: float, over: timedelta) -> None:
        """Note what a car has drawn up to `at`."""
        stay = self._open.get(car)
        if stay is not None and at > stay.plug_in:
            stay.energy_kwh += power_kw * (over / HOUR)

    def plugged(self, car: str, at: datetime, plugged: float) -> None:
        """Note whether a car is there; what is older than what is known already changes nothing."""
        stay, past = self._open.get(car), self._past.get(car, [])
        if past and at <= past[-1].plug_out:
            return
        if plugged >= PLUGGED:
            if stay is None:
                self._open[car] = _Stay(plug_in=at, seen=at)
            else:
                stay.seen = max(stay.seen, at)
        elif stay is not None and at >= stay.seen:
            self._close(car, stay, at if at - stay.seen <= LONGEST_HELD else stay.seen)

    def _close(self, car: str, stay: _Stay, at: datetime) -> None:
        del self._open[car]
        if at - stay.plug_in < SHORTEST:
            return
        sessions = self._past.setdefault(car, [])
        sessions.append(CarSession(plug_in=stay.plug_in, plug_out=at, energy_kwh=round(stay.energy_kwh, 3)))
        del sessions[:-MOST_KEPT]
        kept = {name: [_row(one) for one in past] for name, past in self._past.items()}
        self._store.write_fact(FACT, json.dumps(kept))


def _row(session: CarSession) -> list[str | float]:
    return [session.plug_in.isoformat(), session.plug_out.isoformat(), session.energy_kwh]


def _session(row: Sequence[str | float]) -> CarSession:
    plug_in, plug_out, energy_kwh = row
    return CarSession(
        plug_in=datetime.fromisoformat(str(plug_in)),
        plug_out=datetime.fromisoformat(str(plug_out)),
        energy_kwh=float(energy_kwh),
    )
