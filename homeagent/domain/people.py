"""What the people of a home ask of its devices for a while, and what they think of what was done.

A request is kept until it is over or taken back; which of them hold at a moment is a pure function of the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from homeagent.domain.grid import require_utc

RequestKind: TypeAlias = Literal["pause", "boost", "not_tonight", "ready_by", "target", "vacation"]

HOME: Final = "home"
"""The name under which the whole home is asked: a vacation."""
MORNING_H: Final = 6
"""When a night is over, by the home's clock."""
_CONTRARY: Final[dict[RequestKind, frozenset[RequestKind]]] = {
    "pause": frozenset({"boost"}),
    "boost": frozenset({"pause", "not_tonight"}),
    "not_tonight": frozenset({"boost"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing asked of a device, or of the home, in force from `since` to `until` (None: until it is taken back).

    `value` is the target of a `target` [degC, a car's as a fraction], and may be that of a `ready_by`. A `ready_by` is
    over when its time, `until`, has come.
    """

    kind: RequestKind
    device: str
    at: datetime
    since: datetime
    until: datetime | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of one device now. Nothing is asked where all is as it is by default."""

    device: str
    paused: bool = False
    """The agent leaves it alone: it tells it nothing, and plans with what it does by itself."""
    paused_until: datetime | None = None
    """None with `paused`: until somebody resumes it."""
    boost_until: datetime | None = None
    """It runs at its full power, whatever the price, until then; an appliance starts."""
    not_before: datetime | None = None
    """It does nothing before then, and what would have been needed earlier is not missed."""
    ready_by: datetime | None = None
    target: float | None = None
    """Of a room or a tank [degC], of a car as a fraction."""
    target_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vacation:
    """When nobody is at home, as somebody has said; it may lie ahead."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """All that is asked at a moment. `next_change` is when something of it begins or ends by itself."""

    devices: tuple[Asked, ...] = ()
    vacation: Vacation | None = None
    next_change: datetime | None = None

    def of(self, device: str) -> Asked:
        """Return what is asked of a device, which may be nothing."""
        return next((asked for asked in self.devices if asked.device == device), Asked(device=device))


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumb:
    """What somebody thinks of a decision, by the decision's id; the last word counts."""

    decision: str
    at: datetime
    up: bool


def decision_id(at: datetime, device: str) -> str:
    """Return the name of a decision, by which a person can say something about it."""
    return f"{int(at.timestamp())}-{device}"


def with_request(requests: Sequence[Request], new: Request, now: datetime) -> tuple[Request, ...]:
    """Return the requests with a new one: it replaces its like and what contradicts it; what is over is left out."""
    contrary = _CONTRARY.get(new.kind, frozenset()) | {new.kind}
    kept = [one for one in requests if not (one.device == new.device and one.kind in contrary) and not _over(one, now)]
    return (*kept, new)


def without_device(
    requests: Sequence[Request], device: str, kinds: Iterable[RequestKind] | None = None
) -> tuple[Request, ...]:
    """Return the requests without those of a device; with `kinds` only these are taken back."""
    gone = None if kinds is None else frozenset(kinds)
    return tuple(one for one in requests if one.device != device or (gone is not None and one.kind not in gone))


def wishes_in_force(requests: Sequence[Request], now: datetime) -> InForce:
    """Return what is asked at `now`: of two of a kind the later one holds, and a vacation also if it lies ahead."""
    ordered = sorted(requests, key=lambda one: (one.at, one.device, one.kind))
    alive = [one for one in ordered if not _over(one, now)]
    by_device: dict[str, list[Request]] = {}
    for one in alive:
        if one.since <= now and one.device != HOME:
            by_device.setdefault(one.device, []).append(one)
    vacations = [one for one in alive if one.kind == "vacation" and one.until is not None]
    changes = [at for one in alive for at in (one.since, one.until) if at is not None and at > now]
    return InForce(
        devices=tuple(_asked(device, by_device[device]) for device in sorted(by_device)),
        vacation=next(
            (Vacation(since=one.since, until=one.until) for one in reversed(vacations) if one.until is not None), None
        ),
        next_change=min(changes, default=None),
    )


def next_morning(now: datetime, timezone: ZoneInfo) -> datetime:
    """Return when the night that is meant by "tonight" is over: at three o'clock that is today's morning."""
    local = now.astimezone(timezone)
    day = local.date() if local.hour < MORNING_H else local.date() + timedelta(days=1)
    return require_utc(datetime(day.year, day.month, day.day, MORNING_H, tzinfo=timezone))


def _over(request: Request, now: datetime) -> bool:
    return request.until is not None and request.until <= now


def _asked(device: str, requests: Sequence[Request]) -> Asked:
    newest = {one.kind: one for one in requests}
    for one in requests:  # by age: a later one ends what contradicts it
        for kind in _CONTRARY.get(one.kind, frozenset()):
            if kind in newest and newest[kind].at <= one.at:
                del newest[kind]
    pause, boost, later = newest.get("pause"), newest.get("boost"), newest.get("not_tonight")
    ready, target = newest.get("ready_by"), newest.get("target")
    of_ready = ready is not None and ready.value is not None and (target is None or target.at <= ready.at)
    aim = ready if of_ready else target
    return Asked(
        device=device,
        paused=pause is not None,
        paused_until=None if pause is None else pause.until,
        boost_until=None if boost is None else boost.until,
        not_before=None if later is None else later.until,
        ready_by=None if ready is None else ready.until,
        target=None if aim is None else aim.value,
        target_until=None if aim is None else aim.until,
    )
