"""What the home used and made, slot by slot, as far as it was measured."""

from __future__ import annotations

from dataclasses import dataclass

from homeagent.domain.grid import FloatArray, TimeGrid, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Closed slots up to now: `grid.end` is the present. Means [kW], shape (count,); a gap is NaN."""

    grid: TimeGrid
    load_kw: FloatArray
    pv_kw: FloatArray

    def __post_init__(self) -> None:
        for name in ("load_kw", "pv_kw"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
            if getattr(self, name).shape != (self.grid.count,):
                raise ValueError(f"{name} needs shape ({self.grid.count},)")
