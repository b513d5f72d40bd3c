"""What a battery is told for a slot before the slot is seen: levels and limits, not a setpoint."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryPolicy:
    """States of charge [kWh] that say what the best action is for any net load, and limits [kW] where needed.

    Charge from the grid up to `charge_to_kwh`; store surplus up to `store_to_kwh`; cover deficits down to
    `discharge_to_kwh`; sell down to `export_to_kwh`. Above `import_limit_kw` the battery covers the excess down to
    `shave_to_kwh` and never charges into it; PV above `export_limit_kw` is curtailed once the battery has taken its
    share; PV above `pv_limit_kw` is not made at all.
    """

    charge_to_kwh: float
    store_to_kwh: float
    discharge_to_kwh: float
    export_to_kwh: float
    import_limit_kw: float = math.inf
    shave_to_kwh: float = 0.0
    export_limit_kw: float = math.inf
    pv_limit_kw: float = math.inf
