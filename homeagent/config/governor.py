"""When to think, as it is written: `adaptive`, `adaptive:0.001`, `fixed:5m`."""

from __future__ import annotations

import re
from datetime import timedelta

from homeagent.domain.thinking import ADAPTIVE, GovernorRules

FORMS = "adaptive, adaptive:SHARE (such as adaptive:0.001) or fixed:TIME (such as fixed:5m, fixed:1h)"
_FORM = re.compile(r"adaptive(?::(?P<share>\d*\.?\d+))?|fixed:(?P<count>\d+)(?P<unit>[mh])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1)}
LONGEST = timedelta(hours=24)


def governor_rules(text: str) -> GovernorRules:
    """Return when to think.

    Raises:
        ValueError: `text` says nothing that is known; the message says what is.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"is not one of {FORMS}")
    if found["share"] is not None:
        return GovernorRules(pays_from=float(found["share"]))
    if found["count"] is None:
        return ADAPTIVE
    every = int(found["count"]) * _UNITS[found["unit"]]
    if not timedelta(0) < every <= LONGEST:
        raise ValueError("a fixed time lies between a minute and 24 hours, as far as a plan reaches")
    return GovernorRules(every=every)
