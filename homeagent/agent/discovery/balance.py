"""What comes into a home is what it uses: how well every combination of readings fits to that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from homeagent.agent.discovery.choices import ENOUGH_SLOTS, Choice
from homeagent.agent.discovery.series import misfit
from homeagent.agent.discovery.words import Quantity
from homeagent.domain.grid import BoolArray, FloatArray

NEGATIVE_LOAD = 4.0
"""So many times its share counts what lies on the wrong side of zero."""
LEAST_LOAD_KW, LARGEST_LOAD_KW = 0.02, 20.0
UNMETERED = 0.15
"""What it costs to suppose PV that nothing measures: then the balance holds at night alone."""


def apart(choices: Mapping[Quantity, Sequence[Choice]]) -> FloatArray:
    """Return the cost of every combination where the home's balance cannot be drawn up."""
    return _outer([np.array([choice.cost for choice in of_it]) for of_it in choices.values()])


def _outer(costs: Sequence[FloatArray]) -> FloatArray:
    total = np.zeros(())
    for one in costs:
        total = total[..., None] + one
    return np.asarray(total)


class Balance:
    """The cost of every combination of choices: each one's own, and that of the home's balance."""

    def __init__(self, choices: Mapping[Quantity, Sequence[Choice]], night: BoolArray) -> None:
        self._choices = choices
        self._night = night
        self._own = apart(choices)

    def costs(self) -> FloatArray:
        """Return an array with an axis for each quantity, in their order."""
        always = self._own + self._against(np.ones_like(self._night))
        if not self._may_be_unmetered():
            return np.asarray(always)
        return np.minimum(always, self._own + self._against(self._night) + UNMETERED)

    def only_at_night(self, costs: FloatArray) -> bool:
        """Return whether the best combination holds at night alone."""
        if not self._may_be_unmetered():
            return False
        place = np.unravel_index(int(np.argmin(costs)), costs.shape)
        always = self._own + self._against(np.ones_like(self._night))
        return bool(always[place] > costs[place])

    def load_misfit(self, costs: FloatArray) -> float | None:
        """Return how far the load's meter is off in the best combination, None without one."""
        place = np.unravel_index(int(np.argmin(costs)), costs.shape)
        taken = {name: of_it[int(place[axis])].kw for axis, (name, of_it) in enumerate(self._choices.items())}
        if "load" not in taken:
            return None
        when = self._night if self.only_at_night(costs) else np.ones_like(self._night)
        parts = [kw[when] for name, kw in taken.items() if name != "load"]
        return misfit(np.sum(parts, axis=0), taken["load"][when])

    def _may_be_unmetered(self) -> bool:
        return "pv" not in self._choices and ENOUGH_SLOTS <= int(np.sum(self._night)) < len(self._night)

    def _against(self, when: BoolArray) -> FloatArray:
        """Return what speaks against the home's balance in some of the slots."""
        sums = self._sums()[..., when]
        size = np.maximum(np.mean(np.abs(sums), axis=-1), 1e-6)
        mean = np.mean(sums, axis=-1)
        against = np.minimum(NEGATIVE_LOAD * np.mean(np.maximum(-sums, 0), axis=-1) / size, 1.0)
        against = against + np.where((mean < LEAST_LOAD_KW) | (mean > LARGEST_LOAD_KW), 1.0, 0.0)
        if "load" not in self._choices:
            return np.asarray(against)
        loads = np.stack([choice.kw[when] for choice in self._choices["load"]])
        off = np.stack([np.sqrt(np.mean((sums - load) ** 2, axis=-1)) for load in loads], axis=-1)
        sizes = np.maximum(np.sqrt(np.mean(loads**2, axis=-1)), 1e-6)
        return np.asarray(against[..., None] + np.minimum(off / sizes, 1.0))

    def _sums(self) -> FloatArray:
        """Return what comes from grid, PV and battery, with an axis for each of them that there is."""
        total: FloatArray = np.zeros(len(self._night))
        for name, of_it in self._choices.items():
            if name != "load":
                total = total[..., None, :] + np.stack([choice.kw for choice in of_it])
        return total
