"""What people ask of devices, on its way from JSON: checked field by field."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, cast, get_args
from zoneinfo import ZoneInfo

from homeagent.domain.devices import (
    ApplianceSpec,
    CarSpec,
    DeviceClass,
    DeviceKnown,
    HeatSpec,
    HoursSpec,
    TankSpec,
)
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.grid import require_utc
from homeagent.domain.people import HOME, Request, RequestKind, next_morning

BOOST_FOR: Final = timedelta(hours=1)
TARGET_FOR: Final = timedelta(hours=4)
"""How long these hold where nobody says it; a car's target holds until it has left."""
LONGEST: Final = timedelta(days=60)
FURTHEST: Final = timedelta(days=366)
LONGEST_SHOWN: Final = 60
_KEYS: Final[dict[RequestKind, frozenset[str]]] = {
    "pause": frozenset({"for_minutes", "until"}),
    "boost": frozenset({"for_minutes", "until"}),
    "not_tonight": frozenset(),
    "ready_by": frozenset({"at", "target_percent"}),
    "target": frozenset({"target_c", "target_percent", "for_minutes", "until"}),
    "vacation": frozenset({"from", "until"}),
}
_MAY: Final[dict[DeviceClass, tuple[RequestKind, ...]]] = {
    "car": ("pause", "boost", "not_tonight", "ready_by", "target"),
    "heat": ("pause", "boost", "target"),
    "tank": ("pause", "boost", "target"),
    "appliance": ("pause", "boost", "not_tonight", "ready_by"),
    "hours": ("pause", "boost", "not_tonight"),
}

_WORDS: Final[dict[DeviceClass, str]] = {
    "car": "a car",
    "heat": "a heating or cooling",
    "tank": "a tank",
    "appliance": "an appliance",
    "hours": "what owes hours a day",
}


def class_of(device: DeviceKnown) -> DeviceClass:
    """Return what kind of device it is."""
    match device:
        case CarSpec():
            return "car"
        case HeatSpec():
            return "heat"
        case TankSpec():
            return "tank"
        case ApplianceSpec():
            return "appliance"
        case HoursSpec():
            return "hours"


def may(device: DeviceKnown) -> tuple[RequestKind, ...]:
    """Return what can be asked of a device."""
    return _MAY[class_of(device)]


def kind_named(name: str) -> RequestKind | None:
    """Return the kind of request of a name, None if there is none."""
    return cast("RequestKind", name) if name in get_args(RequestKind) else None


def request_from(
    kind: RequestKind, device: DeviceKnown | None, body: object, now: datetime, timezone: ZoneInfo
) -> Request:
    """Return what a request asks of a device, of the whole home where `device` is None.

    A time without an offset is the home's own; `18:30` is the next time its clock shows that.

    Raises:
        InputError: naming each field that is not usable.
    """
    name = HOME if device is None else device.name
    asked = _Fields(name, kind, body, now, timezone)
    if device is not None and kind not in may(device):
        could = ", ".join(may(device))
        asked.wrong(kind, f"cannot be asked of {_WORDS[class_of(device)]}", remedy=f"it can be asked: {could}")
    match kind:
        case "pause":
            made = Request(kind=kind, device=name, at=now, since=now, until=asked.end(None))
        case "boost":
            made = Request(kind=kind, device=name, at=now, since=now, until=asked.end(BOOST_FOR))
        case "not_tonight":
            made = Request(kind=kind, device=name, at=now, since=now, until=next_morning(now, timezone))
        case "ready_by":
            by, share = asked.time("at", needed=True), asked.share(needed=False)
            made = Request(kind=kind, device=name, at=now, since=now, until=by, value=share)
        case "target":
            made = _target(asked, device, name, now)
        case "vacation":
            since = asked.time("from", needed=False, past=True) or now
            made = Request(kind=kind, device=name, at=now, since=since, until=asked.time("until", needed=True))
    if made.until is not None and not made.since < made.until <= now + FURTHEST:
        asked.wrong("until", "must lie after its beginning and within a year", found=made.until.isoformat())
    asked.refuse()
    return made


def _target(asked: _Fields, device: DeviceKnown | None, name: str, now: datetime) -> Request:
    if isinstance(device, CarSpec):
        value, end = asked.share(needed=True), asked.end(None)
    else:
        low_c, high_c = _range_c(device)
        value, end = asked.number("target_c", low_c, high_c, "degC"), asked.end(TARGET_FOR)
    return Request(kind="target", device=name, at=now, since=now, until=end, value=value)


def _range_c(device: DeviceKnown | None) -> tuple[float, float]:
    match device:
        case HeatSpec():
            return device.guard_low_c, device.guard_high_c
        case TankSpec():
            return device.cold_c, device.max_c
        case _:
            return -math.inf, math.inf


@dataclass(slots=True)
class _Fields:
    """The fields of one body; every problem is noted, and told at once."""

    name: str
    kind: RequestKind
    body: object
    now: datetime
    timezone: ZoneInfo
    issues: list[Issue] = field(default_factory=list)

    def __post_init__(self) -> None:
        known = _KEYS[self.kind]
        if not isinstance(self.body, dict):
            self.wrong("body", "is no JSON object", remedy="send {} where there is nothing to say")
        for key in sorted(str(key) for key in self._given if key not in known):
            could = ", ".join(sorted(known)) or "nothing"
            self.wrong(key[:LONGEST_SHOWN], f"is not known of {self.kind}", remedy=f"it takes {could}")

    @property
    def _given(self) -> Mapping[str, object]:
        return self.body if isinstance(self.body, dict) else {}

    def wrong(self, path: str, message: str, *, found: object = None, remedy: str | None = None) -> None:
        """Note a problem."""
        shown = None if found is None else str(found)[:LONGEST_SHOWN]
        self.issues.append(Issue(path=path, message=message, found=shown, remedy=remedy))

    def refuse(self) -> None:
        """Raise InputError if there is any problem."""
        if self.issues:
            raise InputError(f"{self.kind} {self.name}", tuple(self.issues))

    def number(self, key: str, low: float, high: float, unit: str, *, needed: bool = True) -> float | None:
        """Return a number in its range, None where it is missing or wrong."""
        value = self._given.get(key)
        if value is None and not needed:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            remedy = f"a number from {low:g} to {high:g} {unit}"
            self.wrong(key, "is missing" if value is None else "is not usable", found=value, remedy=remedy)
            return None
        return float(value)

    def share(self, *, needed: bool) -> float | None:
        """Return a target in per cent as a fraction."""
        percent = self.number("target_percent", 1, 100, "%", needed=needed)
        return None if percent is None else percent / 100

    def end(self, otherwise: timedelta | None) -> datetime | None:
        """Return when it ends, by `for_minutes` or `until`; as `otherwise` says where neither is given."""
        minutes = self.number("for_minutes", 1, LONGEST / timedelta(minutes=1), "minutes", needed=False)
        until = self.time("until", needed=False)
        if minutes is not None and until is not None:
            self.wrong("for_minutes", "and until say the same", remedy="give one of them")
        if minutes is not None:
            return self.now + timedelta(minutes=minutes)
        if until is not None:
            return until
        return None if otherwise is None else self.now + otherwise

    def time(self, key: str, *, needed: bool, past: bool = False) -> datetime | None:
        """Return a time, None where it is missing or wrong; one that has passed is wrong unless `past`."""
        text = self._given.get(key)
        if text is None and not needed:
            return None
        at = None if text is None else instant_of(str(text), self.now, self.timezone)
        if at is None:
            what = "is missing" if text is None else "is no time that this clock shows"
            self.wrong(key, what, found=text, remedy="write it as 18:30 or 2026-05-01T18:30, in the home's own time")
        elif at <= self.now and not past:
            self.wrong(key, "lies in the past", found=text, remedy="name a time to come")
            return None
        return at


def instant_of(text: str, now: datetime, timezone: ZoneInfo) -> datetime | None:
    """Return a time as a person writes it, None where it is none, or one that the clock skips that day."""
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text.strip())
    if clock is not None:
        day = now.astimezone(timezone).date()
        for ahead in (0, 1, 2):
            date = day + timedelta(days=ahead)
            at = _at(datetime(date.year, date.month, date.day, int(clock[1]), int(clock[2])), timezone)  # noqa: DTZ001 - local
            if at is not None and at > now:
                return at
        return None
    try:
        at = datetime.fromisoformat(text)
        return require_utc(at) if at.tzinfo is not None else _at(at, timezone)
    except (ValueError, OverflowError):
        return None


def _at(local: datetime, timezone: ZoneInfo) -> datetime | None:
    at = require_utc(local.replace(tzinfo=timezone))
    return at if at.astimezone(timezone).replace(tzinfo=None) == local else None
