"""Fills each day's satisfaction from what is seen: rooms, departures, runs that wait, cold water, overrides, thumbs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from homeagent.domain.devices import ApplianceSpec, CarSpec, DeviceKnown, DeviceState, HeatSpec, TankSpec
from homeagent.domain.grid import require_utc
from homeagent.domain.people import Thumb
from homeagent.domain.satisfaction import (
    NOTICED_KWH,
    Satisfaction,
    SatisfactionDay,
    cold_water_kwh,
    mean_satisfaction,
    satisfaction,
)
from homeagent.store import Store

LONGEST_HELD = timedelta(minutes=20)
"""So long what was seen last is taken to hold; beyond it nobody knows."""
ONE_OVERRIDE = timedelta(hours=1)
"""Changes of one device within this are one override."""
KEEP_EVERY = timedelta(minutes=5)
FACT = "satisfaction_today"
"""What has added up over the present day, for a restart."""
WEEK = 7
MOST_DAYS = 60
"""So many days are told one by one; the mean of all is of all."""
HOUR = timedelta(hours=1)
METHOD = "100 less points for each harm; docs/satisfaction.md gives the weights and why they are so"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How warm a room shall be now: `home_awake` is the share of this moment that somebody cares, None: not known."""

    device: str
    low_c: float
    high_c: float
    home_awake: float | None


@dataclass(slots=True)
class _Sums:
    """What adds up over the local day; hours are weighted by how much somebody cares."""

    wanted_h: float = 0.0
    known_h: float = 0.0
    home_awake_h: float = 0.0
    cold_kh: float = 0.0
    hot_kh: float = 0.0
    passed_h: float = 0.0
    cars_h: float = 0.0
    runs_h: float = 0.0
    water_h: float = 0.0


class SatisfactionBook:
    """One home's satisfaction, by local day. The agent calls `look` at each round, and the rest when it happens."""

    def __init__(self, store: Store, devices: Sequence[DeviceKnown], timezone: ZoneInfo, now: datetime) -> None:
        self._store, self._timezone = store, timezone
        self._devices = tuple(devices)
        self._states: dict[str, DeviceState] = {}
        self._rooms: dict[str, Room] = {}
        self._needed: dict[str, float | None] = {}
        self._due: dict[str, datetime] = {}
        self._overridden: dict[str, datetime] = {}
        self._thumbs: dict[str, Thumb] = {thumb.decision: thumb for thumb in store.thumbs()}
        self._past = {day.day: day for day in store.satisfaction_days()}
        self._seen = now
        self._kept = now
        self._today, self._sums = self._begin(now)

    @property
    def days(self) -> list[SatisfactionDay]:
        """Every day so far, the present one last."""
        past = [day for at, day in sorted(self._past.items()) if at < self._today.day]
        return [*past, self.today]

    @property
    def today(self) -> SatisfactionDay:
        """The present day so far."""
        return _with_sums(self._today, self._sums, self._devices)

    def look(
        self,
        now: datetime,
        states: Sequence[DeviceState],
        rooms: Sequence[Room] = (),
        needed_kwh: Mapping[str, float | None] | None = None,
        due: Mapping[str, datetime] | None = None,
    ) -> None:
        """Take in how things stand.

        `needed_kwh` is what each car still needs of what was asked, at its charger: nothing where a person has it
        paused. `due` is when each appliance's run should have ended, where that is not in its state.
        """
        self._pass(now)
        for state in states:
            self._see(state, (due or {}).get(state.name))
        self._rooms = {room.device: room for room in rooms}
        self._needed = dict(needed_kwh or {})
        if not timedelta(0) <= now - self._kept < KEEP_EVERY:
            self.keep(now)

    def overridden(self, device: str, now: datetime) -> None:
        """Note that a person changed what a device was made to do; again within an hour it is the same change."""
        self._pass(now)
        before = self._overridden.get(device)
        self._overridden[device] = now
        if before is None or not timedelta(0) <= now - before < ONE_OVERRIDE:
            self._today = replace(self._today, overrides=self._today.overrides + 1)
            self.keep(now)

    def thumb(self, thumb: Thumb) -> None:
        """Take what somebody says of a decision; of two on one decision the last counts, on its own day."""
        self._pass(thumb.at)
        self._thumbs[thumb.decision] = thumb
        self._today = self._with_thumbs(self._today)
        self.keep(thumb.at)

    def keep(self, now: datetime) -> None:
        """Have the store keep the day so far."""
        self._kept = now
        self._store.write_satisfaction(self.today)
        self._store.write_fact(FACT, json.dumps({"day": self._today.day.isoformat(), **asdict(self._sums)}))

    def told(self) -> dict[str, object]:
        """Return each day's score with what was taken off, the last seven days and all of them, JSON-ready."""
        return satisfaction_told(self.days)

    def _see(self, state: DeviceState, due: datetime | None) -> None:
        before = self._states.get(state.name)
        self._states[state.name] = state
        due = due or state.ready_by
        if state.ready_to_run and due is not None:
            self._due[state.name] = due
        elif not state.ready_to_run and not state.on:
            self._due.pop(state.name, None)
        if before is None:
            return
        self._drawn_cold(before, state)
        if before.plugged and state.plugged is False:
            self._departed(before)
        if before.ready_to_run and state.ready_to_run is False:
            self._today = replace(self._today, runs=self._today.runs + 1)

    def _drawn_cold(self, before: DeviceState, state: DeviceState) -> None:
        """Count heat that water was short of; what the heater puts in counts as much as it draws, at least."""
        tank = next((one for one in self._devices if isinstance(one, TankSpec) and one.name == state.name), None)
        over = state.at - before.at
        if tank is None or before.water_c is None or state.water_c is None or not timedelta(0) < over <= LONGEST_HELD:
            return
        hours = over / HOUR
        heated_kwh = (state.power_kw or 0.0) * hours
        cold_kwh = cold_water_kwh(tank, before.water_c, state.water_c, hours, heated_kwh)
        self._today = replace(self._today, cold_water_kwh=self._today.cold_water_kwh + cold_kwh)

    def _departed(self, before: DeviceState) -> None:
        """Count a departure: what was still needed a moment before it is missing now."""
        needed = self._needed.get(before.name)
        short = max(needed or 0.0, 0.0)
        missed = short >= NOTICED_KWH
        day = self._today
        self._today = replace(
            day,
            departures=day.departures + 1,
            missed_departures=day.missed_departures + missed,
            short_kwh=day.short_kwh + short,
        )

    def _pass(self, now: datetime) -> None:
        """Add up the time since the last look, day by day; a gap in which nothing was seen is known of nobody."""
        if now <= self._seen:
            self._seen = min(self._seen, now)
            return
        held_until = self._seen + LONGEST_HELD
        while self._seen < now:
            midnight = _midnight_after(self._today.day, self._timezone)
            if self._seen >= midnight:
                self._turn(self._seen)
                continue
            until = min(now, midnight)
            if self._seen < held_until < until:
                until = held_until
            self._add(until - self._seen, held=self._seen < held_until, until=until)
            self._seen = until
        if self._seen >= _midnight_after(self._today.day, self._timezone):
            self._turn(self._seen)

    def _add(self, over: timedelta, *, held: bool, until: datetime) -> None:
        hours, sums = over / HOUR, self._sums
        sums.passed_h += hours
        heats = [device for device in self._devices if isinstance(device, HeatSpec)]
        for room in heats:
            self._add_room(room, hours / len(heats), held=held)
        for device in self._devices:
            state = self._states.get(device.name) if held else None
            if state is None or state.stale is not None:
                continue
            match device:
                case CarSpec():
                    sums.cars_h += hours * (state.plugged is not None)
                case TankSpec():
                    sums.water_h += hours * (state.water_c is not None)
                case ApplianceSpec():
                    sums.runs_h += hours * (state.ready_to_run is not None)
                    self._add_wait(device.name, until - over, until)

    def _add_room(self, device: HeatSpec, hours: float, *, held: bool) -> None:
        sums, room = self._sums, self._rooms.get(device.name)
        if not held or room is None or room.home_awake is None:
            sums.wanted_h += hours
            return
        cares = hours * room.home_awake
        sums.wanted_h += cares
        sums.home_awake_h += cares
        state = self._states.get(device.name)
        if state is None or state.stale is not None or state.air_c is None:
            return
        air_c = float(state.air_c)
        sums.known_h += cares
        sums.cold_kh += cares * max(room.low_c - air_c, 0.0)
        sums.hot_kh += cares * max(air_c - room.high_c, 0.0)

    def _add_wait(self, device: str, since: datetime, until: datetime) -> None:
        """Count the time for which a run has not ended although it should have."""
        due = self._due.get(device)
        if due is not None and due < until:
            late = until - max(due, since)
            self._today = replace(self._today, late_hours=self._today.late_hours + late / HOUR)

    def _turn(self, now: datetime) -> None:
        """Close the day, and begin the one that holds `now`."""
        closed = self.today
        self._past[closed.day] = closed
        self._store.write_satisfaction(closed)
        self._today, self._sums = self._begin(now)

    def _begin(self, now: datetime) -> tuple[SatisfactionDay, _Sums]:
        """Return the day that holds `now`, taken up where a run before has begun it; what it missed is not known."""
        day = now.astimezone(self._timezone).date()
        begun = self._past.get(day, SatisfactionDay(day=day))
        kept = json.loads(self._store.fact(FACT) or "{}")
        mine = kept.pop("day", None) == day.isoformat()
        passed_h = max((now - _midnight_after(day - timedelta(days=1), self._timezone)) / HOUR, 0.0)
        sums = _Sums(**kept) if mine else _Sums()
        missed_h = passed_h - sums.passed_h
        sums.wanted_h += missed_h
        sums.passed_h = passed_h
        return self._with_thumbs(begun), sums

    def _with_thumbs(self, day: SatisfactionDay) -> SatisfactionDay:
        said = [one.up for one in self._thumbs.values() if one.at.astimezone(self._timezone).date() == day.day]
        return replace(day, thumbs_up=sum(said), thumbs_down=len(said) - sum(said))


def _with_sums(day: SatisfactionDay, sums: _Sums, devices: Sequence[DeviceKnown]) -> SatisfactionDay:
    counts = {kind: sum(isinstance(device, kind) for device in devices) for kind in (CarSpec, ApplianceSpec, TankSpec)}

    def known(hours: float, count: int) -> float | None:
        return None if count == 0 else _share(hours, sums.passed_h * count)

    heats = any(isinstance(device, HeatSpec) for device in devices)
    return replace(
        day,
        home_awake_hours=sums.home_awake_h,
        cold_kh=sums.cold_kh,
        hot_kh=sums.hot_kh,
        comfort_known=_share(sums.known_h, sums.wanted_h) if heats else None,
        cars_known=known(sums.cars_h, counts[CarSpec]),
        runs_known=known(sums.runs_h, counts[ApplianceSpec]),
        water_known=known(sums.water_h, counts[TankSpec]),
    )


def _share(part: float, whole: float) -> float:
    return 1.0 if whole <= 0 else min(max(part / whole, 0.0), 1.0)


def _midnight_after(day: date, timezone: ZoneInfo) -> datetime:
    return require_utc(datetime.combine(day + timedelta(days=1), time(0), tzinfo=timezone))


def satisfaction_told(days: Sequence[SatisfactionDay]) -> dict[str, object]:
    """Return each day's score with what was taken off, the last seven days and all of them, JSON-ready."""
    judged = [(day, satisfaction(day)) for day in days]
    week = list(days)[-WEEK:]
    scored = [(one.score, day.day) for day, one in judged[-WEEK:] if one.score is not None]
    worst = min(scored, default=None)
    return {
        "method": METHOD,
        "days": [{**_day_json(day), **_judged_json(one)} for day, one in judged[-MOST_DAYS:]],
        "week": _judged_json(mean_satisfaction(week)),
        "all": _judged_json(mean_satisfaction(days)),
        "worst_day": None if worst is None else worst[1].isoformat(),
    }


def _day_json(day: SatisfactionDay) -> dict[str, object]:
    return {
        name: value.isoformat() if isinstance(value, date) else round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(day).items()
    }


def _judged_json(judged: Satisfaction) -> dict[str, object]:
    return {
        "score": None if judged.score is None else round(judged.score, 2),
        "confidence": round(judged.confidence, 3),
        "points": {name: round(value, 2) for name, value in judged.points},
    }
