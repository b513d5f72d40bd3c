"""Whether something else steers a device: changes that no person is known to have made, again and again."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["automation", "unsigned"]

ENOUGH = 3
WITHIN: dict[Kind, timedelta] = {"automation": timedelta(hours=1), "unsigned": timedelta(days=1)}
"""An unsigned change, at the device or by its own logic, is yielded to for hours, so it comes back more slowly."""


class Rivals:
    """Counts foreign changes of one device."""

    def __init__(self) -> None:
        self._acts: dict[Kind, deque[datetime]] = {kind: deque() for kind in WITHIN}

    def acted(self, kind: Kind, now: datetime) -> bool:
        """Count a change; return whether there were enough of them to call it steering, and then begin anew."""
        acts = self._acts[kind]
        acts.append(now)
        while acts[0] < now - WITHIN[kind]:
            acts.popleft()
        if len(acts) < ENOUGH:
            return False
        acts.clear()
        return True
