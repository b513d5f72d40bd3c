"""The car's comings and goings: ways, plugging in (or forgetting to), what is told of the next one, and charging."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from homeagent.domain.command import Instruction, SetCharge
from homeagent.simulation.electric.days import ElectricDay
from homeagent.simulation.electric.drawn_electric import CarHabits
from homeagent.simulation.electric.electric_car import LEAST_A, VOLT_KV, ElectricCar
from homeagent.simulation.electric.plans import Trip
from homeagent.simulation.electric.truth import Departure

MINUTE = timedelta(minutes=1)
RESERVE_SHARE, NEED_MORE = 0.1, 1.1
LONG_WAY_KM, LONG_WAY_SHARE = 100.0, 0.95
REMEMBERED_MIN = 180
"""Of those who forgot to plug in, every second one remembers after so long (by an even day of the year)."""
ASKED_EFFICIENCY = 0.9
"""By which the charger reckons what it still has to give."""


@dataclass(slots=True)
class _Stay:
    """What is known of a stay at home."""

    plug_at: datetime | None
    since_kwh: float = 0.0
    plugged_at: datetime | None = None
    leaves_at: datetime | None = None
    limit_kwh: float = 0.0


class Garage:
    """A car with its day, at home or away."""

    def __init__(self, habits: CarHabits, day_of: Callable[[date], ElectricDay], now: datetime) -> None:
        self.habits = habits
        spec = habits.battery
        self.car = ElectricCar(spec, habits.target_share * spec.capacity_kwh)
        self._day_of = day_of
        self._trip: Trip | None = None
        self._back_at: datetime | None = None
        self._way_c = 10.0
        self._stay = _Stay(plug_at=now)
        self._last_kw = 0.0

    @property
    def at_home(self) -> bool:
        """Whether the car is there."""
        return self._trip is None

    @property
    def plugged(self) -> bool:
        """Whether it is at the charger."""
        return self._trip is None and self._stay.plugged_at is not None

    @property
    def leaves_at(self) -> datetime | None:
        """When somebody said that it leaves."""
        return self._stay.leaves_at if self.plugged else None

    @property
    def limit_kwh(self) -> float:
        """Where it stops to charge."""
        return self._stay.limit_kwh

    @property
    def asked_kwh(self) -> float | None:
        """What the charger still has to give, as it reckons."""
        if not self.plugged:
            return None
        return max(self._stay.limit_kwh - self.car.stored_kwh, 0.0) / ASKED_EFFICIENCY

    def leave_or_come(self, now: datetime, day: ElectricDay, minute: int) -> Departure | None:
        """Let the car come home, be plugged in, or leave; return how it left."""
        if self._trip is not None:
            if self._back_at is not None and now >= self._back_at:
                self._come_home(now)
            return None
        stay = self._stay
        if stay.plugged_at is None and stay.plug_at is not None and now >= stay.plug_at:
            self._plug_in(now, day)
        for trip in day.trips:
            if trip.leave == minute:
                return self._leave(trip, now, day.out_c[minute])
        return None

    def charge(self, told: Instruction | None, spare_kw: float) -> float:
        """Charge for a minute as told, or at once at full power; return the power drawn [kW].

        `spare_kw` is what the home fed into the grid in the minute before.
        """
        if not self.plugged:
            self.car.charging = False
            return 0.0
        spec = self.habits.battery
        wanted_kw, phases = spec.most_kw, max(spec.phases)
        if isinstance(told, SetCharge):
            wanted_kw, phases = max(told.power_kw, 0.0), told.phases
            if told.surplus:
                spare = spare_kw + self._last_kw
                least = LEAST_A * VOLT_KV * min(spec.phases)
                wanted_kw = max(wanted_kw, spare if spare >= least else 0.0)
        self._last_kw = self.car.charge(wanted_kw, phases, self._stay.limit_kwh)
        return self._last_kw

    def _leave(self, trip: Trip, now: datetime, out_c: float) -> Departure:
        spec, stay, stored = self.habits.battery, self._stay, self.car.stored_kwh
        way = spec.way_kwh(trip.km, out_c)
        need = min(NEED_MORE * way + RESERVE_SHARE * spec.capacity_kwh, spec.capacity_kwh * LONG_WAY_SHARE)
        plugged = stay.plugged_at is not None
        announced = plugged and stay.leaves_at is not None
        if announced:
            need = stay.limit_kwh
        minutes = (now - stay.plugged_at) / MINUTE if stay.plugged_at is not None else 0.0
        reachable = min(spec.stored_after(stay.since_kwh, minutes), max(stay.limit_kwh, stay.since_kwh))
        self._trip, self._back_at, self._way_c = trip, now + (trip.back - trip.leave) * MINUTE, out_c
        self._last_kw = 0.0
        self.car.charging = False
        return Departure(
            at=now,
            stored_kwh=stored,
            needed_kwh=need,
            reachable_kwh=reachable if plugged else stored,
            announced=announced,
            plugged=plugged,
        )

    def _come_home(self, now: datetime) -> None:
        trip = self._trip
        if trip is None:
            return
        self.car.drive(trip.km, self._way_c)
        plug_at: datetime | None = now + trip.plugged_after * MINUTE
        if not trip.plugs_in:
            plug_at = now + REMEMBERED_MIN * MINUTE if now.toordinal() % 2 == 0 else None
        self._trip, self._back_at, self._stay = None, None, _Stay(plug_at=plug_at)

    def _plug_in(self, now: datetime, day: ElectricDay) -> None:
        """Plug it in, and say when it leaves, if somebody does."""
        spec, share = self.habits.battery, self.habits.target_share
        leaves_at = None
        for ahead in (day, self._day_of(day.day + timedelta(days=1))):
            trip = next((one for one in ahead.trips if ahead.start + one.leave * MINUTE > now), None)
            if trip is None:
                continue
            if trip.announced_min is not None and ahead.start + trip.announced_min * MINUTE > now:
                leaves_at = ahead.start + trip.announced_min * MINUTE
                if trip.km > LONG_WAY_KM:
                    share = LONG_WAY_SHARE
            break
        limit = max(share * spec.capacity_kwh, self.car.stored_kwh)
        self._stay = _Stay(
            plug_at=None,
            since_kwh=self.car.stored_kwh,
            plugged_at=now,
            leaves_at=leaves_at,
            limit_kwh=limit,
        )
