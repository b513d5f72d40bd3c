"""Unbroken stretches of slots in which something holds."""

from __future__ import annotations

import numpy as np

from homeagent.domain.grid import BoolArray
from homeagent.forecasting.calendar import IndexArray


def stretches(holds: BoolArray) -> tuple[IndexArray, IndexArray]:
    """Return where each stretch begins and where it ends (exclusive), both of shape (stretches,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], holds.astype(int), [0]])))
    return edges[::2], edges[1::2]
