"""Weather as others forecast it and as a forecaster may look at it: at each origin what was known there, nothing later.

A provider's forecast of PV is not among it: it is worth more when taken up after the forecaster (`provider_pv`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.forecasting.calendar import IndexArray

NAMES = ("cloud_fraction", "temp_c")
"""What is looked at, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IssuedAhead:
    """Issues in order of time, each as it was known from slot `since` of a course on.

    `values` has shape (issues, names, slots): of the slots from `since` on, NaN where nobody said anything. A slot
    before the course has a negative number.
    """

    since: IndexArray
    values: FloatArray

    def at(self, origins: IndexArray, ahead: int) -> FloatArray:
        """Return what was known at each origin of the slots from it on, shape (names, origins, ahead)."""
        latest = self.since.searchsorted(origins, side="right") - 1
        lead = (origins - self.since[np.maximum(latest, 0)])[:, None] + np.arange(ahead)
        known = (latest >= 0)[:, None] & (lead < self.values.shape[2])
        found = self.values[np.maximum(latest, 0)[:, None], :, np.where(known, lead, 0)]
        return np.asarray(np.where(known[..., None], found, np.nan).transpose(2, 0, 1))

    def from_slot(self, first: int) -> IssuedAhead:
        """Return the same for a course that begins at slot `first` of this one."""
        return replace(self, since=self.since - first)


def issued_at(issued: IssuedAhead | None, origins: IndexArray, ahead: int) -> FloatArray:
    """Return what was known at each origin, gaps alone where nobody ever said anything."""
    if issued is None or not len(issued.since):
        return np.full((len(NAMES), len(origins), ahead), np.nan)
    return issued.at(origins, ahead)


def light_through(cloud_fraction: FloatArray) -> FloatArray:
    """Return the share of a clear sky's light under so many clouds.

    After Kasten and Czeplak, "Solar and terrestrial radiation dependent on the amount and type of cloud", Solar Energy
    24, 1980.
    """
    return np.asarray(1 - 0.75 * cloud_fraction**3.4)
