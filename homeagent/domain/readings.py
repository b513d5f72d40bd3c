"""What was measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

Quantity: TypeAlias = Literal[
    "load_kw",
    "pv_kw",
    "grid_kw",
    "battery_kw",
    "curtailed_kw",
    "controlled_kw",
    "soc_kwh",
    "import_price_per_kwh",
    "export_price_per_kwh",
    "carbon_g_per_kwh",
    "temp_c",
    "nobody_home",
]
DeviceQuantity: TypeAlias = Literal["power_kw", "plugged", "air_c", "water_c"]
"""What is kept of a device; its readings are of the entity `NAME.QUANTITY`."""

INSTANT = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one quantity, or a gap with its reason.

    `over` is the time that a mean covers, ending at `at`; zero for an instant. Powers of the grid are + when importing,
    of the battery + when discharging, as Home Assistant's energy dashboard has it; load and PV are never negative.
    `nobody_home` is the share of the time in which nobody was there.
    """

    entity: str
    at: datetime
    value: float | None
    reason: str | None = None
    over: timedelta = INSTANT

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError(f"{self.entity}: a reading has either a value or the reason of its gap")
