"""How long ago a change happened that was heard late: by Home Assistant's clock, held against this process's own."""

from __future__ import annotations

import math

LONGEST_S = 30.0
"""No pause is as long: what seems later than this is a clock that was set, or a state without a time of its own."""
WINDOW_S = 600.0


class Lateness:
    """The two clocks differ by what they differed by when a change was heard at once: by the least of late.

    That is looked for in the present window of time and the one before it, so clocks may drift and be set.
    """

    def __init__(self) -> None:
        self._window = -math.inf
        self._least_s = self._least_before_s = math.inf

    def of(self, updated_s: float, now_s: float) -> float:
        """Return how long ago [s] that was which Home Assistant dates at `updated_s` and is heard at `now_s` here."""
        window = now_s // WINDOW_S
        if window != self._window:
            self._least_before_s = self._least_s if window == self._window + 1 else math.inf
            self._window, self._least_s = window, math.inf
        apart_s = now_s - updated_s
        self._least_s = min(self._least_s, apart_s)
        late_s = apart_s - min(self._least_s, self._least_before_s)
        return late_s if late_s <= LONGEST_S else 0.0
