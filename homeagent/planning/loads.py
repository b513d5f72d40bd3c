"""What devices draw, for the battery and the phases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from homeagent.domain.grid import FloatArray
from homeagent.domain.site import GridLimits

SMALL_KW = 1e-6


def fuse_kw(limits: GridLimits, one_phase_kw: FloatArray) -> FloatArray:
    """Return what may be imported beside so much on one phase: by the home's connection, and by its fullest phase."""
    by_phase = limits.phases * limits.max_phase_kw - (limits.phases - 1) * one_phase_kw
    return np.minimum(by_phase, limits.max_import_kw)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Loads:
    """What devices draw [kW], each (..., count): in all, what the battery must not serve, what is on one phase."""

    all_kw: FloatArray
    apart_kw: FloatArray
    one_phase_kw: FloatArray

    @classmethod
    def side_by_side(cls, many: Sequence[Loads]) -> Loads:
        """Return several loads as one, along a new first axis."""
        return cls(
            all_kw=np.array([one.all_kw for one in many]),
            apart_kw=np.array([one.apart_kw for one in many]),
            one_phase_kw=np.array([one.one_phase_kw for one in many]),
        )

    @classmethod
    def none(cls, count: int) -> Loads:
        """Return no load at all."""
        zero = np.zeros(count)
        return cls(all_kw=zero, apart_kw=zero, one_phase_kw=zero)

    def until(self, end: int) -> Loads:
        """Return the loads in the slots before `end`."""
        return Loads(
            all_kw=self.all_kw[..., :end], apart_kw=self.apart_kw[..., :end], one_phase_kw=self.one_phase_kw[..., :end]
        )

    def __add__(self, other: Loads) -> Loads:
        return Loads(
            all_kw=self.all_kw + other.all_kw,
            apart_kw=self.apart_kw + other.apart_kw,
            one_phase_kw=self.one_phase_kw + other.one_phase_kw,
        )


def last_difference(loads: Loads, known: Loads) -> int:
    """Return the slot after the last one in which any of several loads differs from the known one."""
    differs = np.zeros(len(known.all_kw), dtype=np.bool_)
    for several, one in (
        (loads.all_kw, known.all_kw),
        (loads.apart_kw, known.apart_kw),
        (loads.one_phase_kw, known.one_phase_kw),
    ):
        differs |= (np.abs(several - one) > SMALL_KW).any(axis=0)
    found = np.flatnonzero(differs)
    return int(found[-1]) + 1 if len(found) else 0
