"""Tells a running agent, over its own HTTP interface, what a person asks of a device or thinks of a decision."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

from homeagent.domain.errors import InputError, Issue, PermanentError
from homeagent.domain.people import HOME
from homeagent.web.serving import OWN_HEADER

TIMEOUT_S = 10.0
LARGEST_ANSWER = 4096
_MINUTES = {"m": 1.0, "min": 1.0, "h": 60.0, "d": 1440.0}


def minutes_of(text: str) -> float:
    """Return how long `2h`, `90min` or `1.5d` is.

    Raises:
        InputError: it is no such time.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(m|min|h|d)", text.strip())
    if found is None:
        issue = Issue(path="--for", message="is no length of time", found=text, remedy="write it as 90min, 2h or 3d")
        raise InputError("tell", (issue,))
    return float(found[1]) * _MINUTES[found[2]]


def tell(device: str, verb: str, body: Mapping[str, object], port: int) -> str:
    """Ask something of a device, or of the home; return in a sentence what is asked of it now.

    Raises:
        PermanentError: no agent answers, or it refuses.
    """
    if device == HOME:
        return _of_home(verb, body, port)
    name = urllib.parse.quote(device, safe="")
    answer = _send("POST", f"devices/{name}/{verb}", body, port)
    if verb == "resume":
        return f"{device} is steered again" if answer["resumed"] else f"nothing was asked of {device}"
    asked = next(one["asked"] for one in answer["devices"] if one["name"] == device)
    said = [f"{key.replace('_', ' ')}: {value}" for key, value in asked.items() if value not in (None, False)]
    return f"{device} is asked: {', '.join(said)}"


def thumb(decision: str, *, up: bool, port: int) -> str:
    """Say what somebody thinks of a decision; raises as `tell`."""
    _send("POST", f"decisions/{urllib.parse.quote(decision, safe='')}/thumb", {"up": up}, port)
    return f"noted for {decision}: {'right' if up else 'wrong'}"


def _of_home(verb: str, body: Mapping[str, object], port: int) -> str:
    if verb == "back":
        _send("DELETE", "vacation", None, port)
        return "the vacation is taken back"
    if verb != "vacation":
        issue = Issue(path=verb, message="cannot be asked of the home", remedy="say vacation or back, or name a device")
        raise InputError("tell", (issue,))
    vacation = _send("POST", "vacation", body, port)["vacation"]
    return f"nobody is at home from {vacation['since']} to {vacation['until']}"


def _send(method: str, path: str, body: Mapping[str, object] | None, port: int) -> Any:  # noqa: ANN401 - JSON
    headers = {OWN_HEADER: "cli", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/api/v1/{path}", method=method, data=data, headers=headers
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - loopback, a fixed scheme
            return json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(LARGEST_ANSWER).decode(errors="replace")
        raise PermanentError(f"the agent refuses: {_reason(said)}") from error
    except OSError as error:
        raise PermanentError(
            f"no agent answers on port {port}; is homeagent run running, or is its port another?"
        ) from error


def _reason(said: str) -> str:
    try:
        return str(json.loads(said)["error"])
    except (ValueError, KeyError, TypeError):
        return said[:60]
