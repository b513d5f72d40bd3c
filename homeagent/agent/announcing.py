"""Announced loads on their way: from JSON, checked field by field, and back; and the command that sends one."""

from __future__ import annotations

import json
import math
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from homeagent.domain.errors import InputError, Issue, PermanentError
from homeagent.domain.expectations import AnnouncedLoad
from homeagent.web.serving import OWN_HEADER

TIMEOUT_S = 10.0
LONGEST_NAME = 40
LONGEST_SHOWN = 60
MOST_HOURS = 1000.0
LARGEST_ANSWER = 4096


def load_from(body: object, timezone: ZoneInfo) -> AnnouncedLoad:
    """Return the load that a request or a command line tells: name, energy_kwh, start, and over_minutes or power_kw.

    A start without an offset is the home's own time.

    Raises:
        InputError: naming each field that is not usable.
    """
    if not isinstance(body, dict):
        raise InputError(
            "announced load", (Issue(path="body", message="is no JSON object", remedy="see docs/habits.md"),)
        )
    issues: list[Issue] = []

    def number(key: str, *, needed: bool) -> float | None:
        value = body.get(key)
        if value is None and not needed:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not (0 < value < math.inf):
            issues.append(Issue(path=key, message="must be a number above 0", found=str(value), remedy=f"as {key}: 5"))
            return None
        return float(value)

    name = body.get("name", "load")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        issues.append(
            Issue(path="name", message="must be a short text", found=str(name)[:LONGEST_SHOWN], remedy="as name: car")
        )
    energy, minutes, power = (
        number("energy_kwh", needed=True),
        number("over_minutes", needed=False),
        number("power_kw", needed=False),
    )
    start = _start_of(body.get("start"), timezone, issues)
    if minutes is not None and power is not None:
        issues.append(Issue(path="over_minutes", message="and power_kw say the same", remedy="give one of them"))
    if issues or energy is None or start is None:
        raise InputError("announced load", tuple(issues))
    hours = minutes / 60 if minutes is not None else energy / power if power is not None else 1.0
    return AnnouncedLoad(name=str(name), start=start, over=timedelta(hours=min(hours, MOST_HOURS)), energy_kwh=energy)


def _start_of(text: object, timezone: ZoneInfo, issues: list[Issue]) -> datetime | None:
    remedy = "write it as 2026-05-01T18:00, in the home's own time"
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        issues.append(Issue(path="start", message="is no time", found=str(text)[:LONGEST_SHOWN], remedy=remedy))
        return None
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    there = at.replace(tzinfo=timezone).astimezone(UTC)
    if there.astimezone(timezone).replace(tzinfo=None) != at:
        issues.append(
            Issue(
                path="start", message="is skipped by the clock that day", found=str(text)[:LONGEST_SHOWN], remedy=remedy
            )
        )
        return None
    return there


def load_json(load: AnnouncedLoad) -> dict[str, object]:
    """Return a load as the API tells it."""
    return {
        "name": load.name,
        "start": f"{load.start:%Y-%m-%dT%H:%M:%SZ}",
        "over_minutes": load.over.total_seconds() / 60,
        "energy_kwh": load.energy_kwh,
    }


def announce(body: dict[str, object], port: int) -> str:
    """Announce a load to a running agent, and return in a sentence what it expects now.

    Raises:
        PermanentError: no agent answers, or it refuses the load.
    """
    url = f"http://127.0.0.1:{port}/api/v1/announced_loads"
    headers = {OWN_HEADER: "cli", "Content-Type": "application/json"}
    request = urllib.request.Request(url, method="POST", data=json.dumps(body).encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - loopback, a fixed scheme
            expected = json.load(response)["expected"]
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(LARGEST_ANSWER).decode(errors="replace")
        raise PermanentError(f"the agent refuses: {_reason(said)}") from error
    except OSError as error:
        raise PermanentError(
            f"no agent answers on port {port}; is homeagent run running, or is its port another?"
        ) from error
    return "\n".join(expected)


def _reason(said: str) -> str:
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        return said[:LONGEST_SHOWN]
