"""What the page, the API and the command line tell of anomalies."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from homeagent.domain.anomaly import Anomaly
from homeagent.domain.errors import PermanentError
from homeagent.web.serving import OWN_HEADER

TIMEOUT_S = 10.0
NOT_FOUND = 404
MOST_PAST = 20
ORDER = ("open", "dismissed", "past")
NONE_YET = "Nothing odd was found."


def anomalies_told(anomalies: Sequence[Anomaly], currency: str) -> dict[str, object]:
    """Return anomalies JSON-ready, the newest first: all that are open, of those that are past the last ones."""
    newest = sorted(anomalies, key=lambda one: one.number, reverse=True)
    rows = {standing: [_told(one) for one in newest if one.standing == standing] for standing in ORDER}
    return {"currency": currency, **rows, "past": rows["past"][:MOST_PAST]}


def _told(anomaly: Anomaly) -> dict[str, object]:
    finding = anomaly.finding
    return {
        "number": anomaly.number,
        "kind": finding.kind,
        "subject": finding.subject,
        "since": _stamp(finding.since),
        "found_at": _stamp(anomaly.found_at),
        "seen_at": _stamp(anomaly.seen_at),
        "ended_at": None if anomaly.ended_at is None else _stamp(anomaly.ended_at),
        "sure": round(finding.sure, 2),
        "cost_per_year": None if finding.cost_per_year is None else round(finding.cost_per_year, 2),
        "text": finding.text,
    }


def _stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def print_anomalies(told: Mapping[str, Any], *, as_json: bool) -> None:
    """Print anomalies as `anomalies_told` gives them."""
    if as_json:
        print(json.dumps(told, indent=2))  # noqa: T201 - it is the answer
        return
    from rich.console import Console  # noqa: PLC0415 - the page needs what is above, and no terminal

    console = Console(highlight=False)
    if not any(told[standing] for standing in ORDER):
        console.print(NONE_YET)
    for standing in ORDER:
        for one in told[standing]:
            ended = "" if one["ended_at"] is None else f", not seen since {one['ended_at'][:10]}"
            console.print(f"{one['number']}. {standing}{ended}, {one['sure']:.0%} sure: {one['text']}")


def dismiss(number: int, port: int) -> str:
    """Tell a running agent to leave an anomaly alone; return what became of it, in a sentence.

    Raises:
        PermanentError: no agent answers, or it has no open anomaly of this number.
    """
    url = f"http://127.0.0.1:{port}/api/v1/anomalies/{number}/dismiss"
    request = urllib.request.Request(url, method="POST", headers={OWN_HEADER: "cli"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310 - loopback, a fixed scheme
            return f"{number} is left alone from now on"
    except urllib.error.HTTPError as error:
        if error.code != NOT_FOUND:
            raise PermanentError(f"the agent refuses ({error})") from error
        raise PermanentError(f"there is no open anomaly {number}; homeagent anomalies lists them") from error
    except OSError as error:
        raise PermanentError(
            f"no agent answers on port {port}; is homeagent run running, or is its port another?"
        ) from error
