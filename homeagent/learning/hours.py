"""When to train: on the home's own sun, else while the grid is clean, else while it is cheap; never after the limit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from homeagent.domain.grid import BoolArray, FloatArray, TimeGrid, frozen_array

TRAINING_KW = 0.05
"""What a small machine draws at most while it trains: so much PV must be left over in a slot for it to count."""
AS_CLEAN = 1.1
"""Up to so many times the cleanest slot's carbon is as clean: forecasts of it are no better than that."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerAhead:
    """What power is expected to be like, each of shape (count,); NaN where it is not known.

    `surplus_kw` is PV beyond what the home uses, before any battery.
    """

    grid: TimeGrid
    surplus_kw: FloatArray
    carbon_g_per_kwh: FloatArray
    import_per_kwh: FloatArray

    def __post_init__(self) -> None:
        for name in ("surplus_kw", "carbon_g_per_kwh", "import_per_kwh"):
            object.__setattr__(self, name, frozen_array(getattr(self, name)))
            if getattr(self, name).shape != (self.grid.count,):
                raise ValueError(f"{name} needs shape ({self.grid.count},)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """When to begin, and what for: `why` is None where that is now, else what is better then."""

    at: datetime
    why: str | None


def best_hour(ahead: PowerAhead, now: datetime, latest: datetime) -> Hour:
    """Return the best time to begin from `now` to `latest`, the earliest of equals; now if nothing is known of later.

    Of the slots that begin before `latest` those with PV to spare are kept, if there are any; of these the cleanest;
    of these the cheapest. What is not known keeps no slot out, and lets none in before one that is known.
    """
    starts = ahead.grid.starts()
    reach = np.array([start + ahead.grid.step > now and start < latest for start in starts], dtype=bool)
    if now >= latest or not reach.any() or starts[int(reach.argmax())] > now:
        return Hour(at=now, why=None)
    first = int(reach.argmax())
    sunny = _kept(reach, ahead.surplus_kw >= TRAINING_KW)
    clean = _kept(sunny, ahead.carbon_g_per_kwh <= AS_CLEAN * _least(ahead.carbon_g_per_kwh, sunny))
    cheap = _kept(clean, ahead.import_per_kwh <= _least(ahead.import_per_kwh, clean))
    if cheap[first]:
        return Hour(at=now, why=None)
    why = "PV surplus" if not sunny[first] else "cleaner power" if not clean[first] else "cheaper power"
    return Hour(at=starts[int(cheap.argmax())], why=why)


def _least(values: FloatArray, reach: BoolArray) -> float:
    known = values[reach & ~np.isnan(values)]
    return float(known.min()) if known.size else np.nan


def _kept(reach: BoolArray, good: BoolArray) -> BoolArray:
    """Return those within reach that are good; all of them if none is."""
    both: BoolArray = reach & good
    return both if both.any() else reach
