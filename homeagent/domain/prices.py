"""Prices of import and export, with what of them is known and what is estimated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid, frozen_array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PublishedPrices:
    """Prices as a source gave them [currency/kWh], shape (count,); a gap is NaN.

    `spot_per_kwh` is the market price that they were made of, None where there is none.
    """

    grid: TimeGrid
    import_per_kwh: FloatArray
    export_per_kwh: FloatArray
    spot_per_kwh: FloatArray | None = None

    def __post_init__(self) -> None:
        for name in ("import_per_kwh", "export_per_kwh", "spot_per_kwh"):
            values = getattr(self, name)
            if values is None:
                continue
            object.__setattr__(self, name, frozen_array(values))
            if getattr(self, name).shape != (self.grid.count,):
                raise ValueError(f"{name} needs shape ({self.grid.count},)")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PriceCurve:
    """Prices per slot [currency/kWh], shape (count,); `estimated` marks the slots not published yet.

    `known_until` is the end of the last published slot, from the start on without a gap. `import_low_per_kwh` and
    `import_high_per_kwh` are the 10 % and 90 % quantiles of what importing will cost, the price itself where it is
    known; None where nobody estimated them. `estimated_from_days` counts the days that the estimate was learned from.
    """

    grid: TimeGrid
    import_per_kwh: FloatArray
    export_per_kwh: FloatArray
    estimated: BoolArray
    known_until: datetime
    import_low_per_kwh: FloatArray | None = None
    import_high_per_kwh: FloatArray | None = None
    estimated_from_days: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "import_per_kwh", frozen_array(self.import_per_kwh))
        object.__setattr__(self, "export_per_kwh", frozen_array(self.export_per_kwh))
        shape = (self.grid.count,)
        if not self.import_per_kwh.shape == self.export_per_kwh.shape == self.estimated.shape == shape:
            raise ValueError(f"a price curve of {self.grid.count} slots needs arrays of shape {shape}")
        for name in ("import_low_per_kwh", "import_high_per_kwh"):
            values = getattr(self, name)
            if values is None:
                continue
            object.__setattr__(self, name, frozen_array(values))
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} needs shape {shape}")
