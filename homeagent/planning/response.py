"""What a device would do at given costs of load: the answer of one device to what the others plan."""

from __future__ import annotations

from dataclasses import dataclass

from homeagent.domain.grid import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Response:
    """One device's course. `level` is as in `DevicePlan`; `wish_cost` is what the wishes that it misses cost.

    `other` holds courses nearly as good, each of shape (count,) [kW]: other starts, a block moved. They are where the
    joint plan looks when one device's best is in the way of another's.
    """

    power_kw: FloatArray
    level: FloatArray
    wish_cost: float
    target_c: FloatArray | None = None
    start_slot: int | None = None
    unmet: tuple[str, ...] = ()
    other: tuple[FloatArray, ...] = ()
