"""Tells a running agent, over its own HTTP interface, to steer a device again."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request

from homeagent.domain.errors import PermanentError
from homeagent.web.serving import OWN_HEADER

TIMEOUT_S = 10.0
NOT_FOUND = 404


def resume(device: str, port: int) -> str:
    """Return what became of it, in a sentence.

    Raises:
        PermanentError: no agent answers, or it has no such device.
    """
    url = f"http://127.0.0.1:{port}/api/v1/devices/{urllib.parse.quote(device)}/resume"
    request = urllib.request.Request(url, method="POST", headers={OWN_HEADER: "cli"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
            resumed = json.load(response)["resumed"]
    except urllib.error.HTTPError as error:
        if error.code != NOT_FOUND:
            raise PermanentError(f"the agent refuses ({error})") from error
        raise PermanentError(f"the agent steers no device named {device}; see its page for their names") from error
    except OSError as error:
        raise PermanentError(
            f"no agent answers on port {port}; is homeagent run running, or is its port another?"
        ) from error
    return f"{device} is steered again" if resumed else f"{device} was not left alone: nothing to do"
