"""What people ask of the home's devices: kept in the store, so that a restart forgets nothing; one writer."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from homeagent.agent.requesting import may, request_from
from homeagent.domain.devices import DeviceKnown
from homeagent.domain.errors import InputError, Issue
from homeagent.domain.expectations import Absence
from homeagent.domain.people import (
    HOME,
    Asked,
    InForce,
    Request,
    RequestKind,
    Thumb,
    wishes_in_force,
    with_request,
    without_device,
)
from homeagent.store import Store
from homeagent.store.rows import epoch_s, instant

_LOGGER = logging.getLogger(__name__)

FACT = "requests"
MOST_THUMBS_KEPT = 2000
_ENDS_WITH_DEPARTURE: tuple[RequestKind, ...] = ("ready_by", "target", "boost", "not_tonight")
_ENDS_WITH_RUN: tuple[RequestKind, ...] = ("ready_by", "boost", "not_tonight")


class PeopleBook:
    """The requests in force and the thumbs of one home.

    `in_force` says what holds; `news` once what has changed since it was last asked, as a reason to think. The agent
    tells `left` when a car has left and `ran` when an appliance has begun: what was asked for that is over then.
    """

    def __init__(self, store: Store, devices: Sequence[DeviceKnown], timezone: ZoneInfo) -> None:
        self._store = store
        self._devices = {device.name: device for device in devices}
        self._timezone = timezone
        self._requests = _taken_up(store)
        self._thumbs = {thumb.decision: thumb for thumb in store.thumbs()[-MOST_THUMBS_KEPT:]}
        self._news: str | None = None
        self._before: InForce | None = None

    def in_force(self, now: datetime) -> InForce:
        """Return what is asked of every device now, and the vacation that lasts or lies ahead."""
        return wishes_in_force(self._requests, now)

    def absences(self, now: datetime) -> tuple[Absence, ...]:
        """Return when people have said that nobody will be at home."""
        vacation = self.in_force(now).vacation
        return () if vacation is None else (Absence(start=vacation.since, end=vacation.until),)

    def news(self, now: datetime) -> str | None:
        """Return once what people have asked, or what of it has begun or ended by itself; None where nothing has."""
        present = self.in_force(now)
        began_or_ended = self._before is not None and _held(present, now) != _held(self._before, now)
        self._before = present
        news, self._news = self._news, None
        return news or ("something that was asked for has begun or ended" if began_or_ended else None)

    def ask(self, kind: RequestKind, device: str, body: object, now: datetime) -> bool:
        """Take a request; return whether there is such a device.

        Raises:
            InputError: naming each field that is not usable.
        """
        known = self._devices.get(device)
        if known is None:
            return False
        self._take(request_from(kind, known, body, now, self._timezone), now)
        return True

    def go_away(self, body: object, now: datetime) -> None:
        """Take a vacation of the whole home; raises as `ask`."""
        self._take(request_from("vacation", None, body, now, self._timezone), now)

    def come_back(self) -> bool:
        """Take a vacation back; return whether there was one."""
        return self._drop(HOME, None, "the vacation was taken back")

    def resume(self, device: str) -> bool | None:
        """Take back all that is asked of a device; return whether anything was, None if there is no such device."""
        if device not in self._devices:
            return None
        return self._drop(device, None, f"a person resumed {device}")

    def by_hand(self, device: str, until: datetime | None, now: datetime) -> None:
        """Note that a person has set a device by hand: it is left to them until then, None: until it is resumed."""
        if device in self._devices and (until is None or until > now):
            self._take(Request(kind="pause", device=device, at=now, since=now, until=until), now)

    def left(self, device: str) -> None:
        """Note that a car has left: what was asked for its departure is over."""
        self._drop(device, _ENDS_WITH_DEPARTURE, None)

    def ran(self, device: str) -> None:
        """Note that an appliance has begun: what was asked for its run is over."""
        self._drop(device, _ENDS_WITH_RUN, None)

    def thumb(self, decision: str, body: object, now: datetime) -> Thumb:
        """Take what somebody says of a decision: `{"up": true}`.

        Raises:
            InputError: it does not say up or down.
        """
        up = body.get("up") if isinstance(body, dict) else None
        if not isinstance(up, bool):
            issue = Issue(path="up", message="must be true or false", found=str(up), remedy='send {"up": true}')
            raise InputError(f"thumb on {decision}", (issue,))
        thumb = Thumb(decision=decision, at=now, up=up)
        self._thumbs[decision] = thumb
        self._store.write_thumb(thumb)
        return thumb

    def thumb_on(self, decision: str) -> str | None:
        """Return "up" or "down" as somebody has said of a decision, None where nobody has."""
        thumb = self._thumbs.get(decision)
        return None if thumb is None else "up" if thumb.up else "down"

    @property
    def thumbs(self) -> Sequence[Thumb]:
        """What somebody said of decisions."""
        return tuple(self._thumbs.values())

    def may(self, device: str) -> tuple[RequestKind, ...]:
        """Return what can be asked of a device."""
        return may(self._devices[device])

    def _take(self, request: Request, now: datetime) -> None:
        self._requests = with_request(self._requests, request, now)
        self._keep()
        self._news = f"a person asked {request.device}: {request.kind.replace('_', ' ')}"
        _LOGGER.info("%s", self._news)

    def _drop(self, device: str, kinds: Sequence[RequestKind] | None, news: str | None) -> bool:
        kept = without_device(self._requests, device, kinds)
        dropped = len(kept) < len(self._requests)
        if dropped:
            self._requests = kept
            self._keep()
            self._news = news or self._news
        return dropped

    def _keep(self) -> None:
        self._store.write_fact(FACT, json.dumps([_row(one) for one in self._requests]), at_once=True)


def asked_json(asked: Asked) -> dict[str, object]:
    """Return what is asked of a device as the API tells it."""
    times = {"paused_until": asked.paused_until, "boost_until": asked.boost_until, "not_before": asked.not_before}
    times |= {"ready_by": asked.ready_by, "target_until": asked.target_until}
    stamps = {name: None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in times.items()}
    return {"paused": asked.paused, "target": asked.target, **stamps}


def _held(present: InForce, now: datetime) -> tuple[object, ...]:
    """Return what of it holds at this moment, so that two moments can be compared."""
    vacation = present.vacation
    away = vacation is not None and vacation.since <= now < vacation.until
    return (tuple(asked for asked in present.devices if asked != Asked(device=asked.device)), away)


def _row(request: Request) -> dict[str, object]:
    return {
        "kind": request.kind,
        "device": request.device,
        "at_s": epoch_s(request.at),
        "since_s": epoch_s(request.since),
        "until_s": None if request.until is None else epoch_s(request.until),
        "value": request.value,
    }


def _taken_up(store: Store) -> tuple[Request, ...]:
    kept = store.fact(FACT)
    return () if kept is None else tuple(_request(row) for row in json.loads(kept))


def _request(row: Mapping[str, Any]) -> Request:
    return Request(
        kind=row["kind"],
        device=row["device"],
        at=instant(row["at_s"]),
        since=instant(row["since_s"]),
        until=None if row["until_s"] is None else instant(row["until_s"]),
        value=row["value"],
    )
