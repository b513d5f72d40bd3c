"""What heat pumps make of a kWh where nothing is measured yet: curves by class, and their correction by meters.

Heating: Ruhnau, Hirth and Praktiknjo, "Time series of heat demand and heat pump efficiency for energy system modeling",
Scientific Data 6, 2019: COP = 6.08 - 0.09 dT + 0.0005 dT^2 for air as source, dT from outdoors to the flow, times 0.85
for what real homes reach below test benches; flow 40 - t for radiators, 30 - 0.5 t for floors. Cooling: a constant
share of Carnot between a coil at 10 degC and 12 K above outdoors, which gives 3.2 at 35 degC, a plain split unit's.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from homeagent.domain.devices import CopCurve
from homeagent.domain.grid import FloatArray

HeatPumpClass: TypeAlias = Literal["air to radiators", "air to floor", "air conditioner", "heater"]

_OUTDOOR_C = np.arange(-20.0, 46.0, 5.0)
_REAL_HOMES = 0.85
_COIL_K, _CONDENSER_ABOVE_K, _CARNOT_SHARE = 283.15, 12.0, 0.418
_LEAST_LIFT_K, _LEAST_COP = 15.0, 1.0
_COOLING_LIFT_K = 20.0
BELIEVED_COP = (0.6, 1.6)
"""Against the class's curve; a meter that says otherwise measures something else."""


def usual_cop(pump: HeatPumpClass) -> CopCurve:
    """Return the curve of a class of heat pumps by outdoor temperature."""
    if pump == "heater":
        return CopCurve()
    if pump == "air conditioner":
        lift_k = np.maximum(_OUTDOOR_C + _CONDENSER_ABOVE_K + 273.15 - _COIL_K, _COOLING_LIFT_K)
        return CopCurve(outdoor_c=_OUTDOOR_C, cop=_CARNOT_SHARE * _COIL_K / lift_k)
    flow_c = 40.0 - _OUTDOOR_C if pump == "air to radiators" else 30.0 - 0.5 * _OUTDOOR_C
    lift_k = np.maximum(flow_c - _OUTDOOR_C, _LEAST_LIFT_K)
    cop = _REAL_HOMES * (6.08 - 0.09 * lift_k + 0.0005 * lift_k**2)
    return CopCurve(outdoor_c=_OUTDOOR_C, cop=np.maximum(cop, _LEAST_COP))


def corrected_cop(curve: CopCurve, outdoor_c: FloatArray, power_kwh: FloatArray, heat_kwh: FloatArray) -> CopCurve:
    """Return a curve moved as a whole to what meters of power and heat say over spans; NaN is a gap.

    The factor is heat made over heat expected, so that spans with much heat count most; out of `BELIEVED_COP` it is
    held at its end. Without a kWh of power that counts, the curve stays.
    """
    known = ~(np.isnan(outdoor_c) | np.isnan(power_kwh) | np.isnan(heat_kwh)) & (power_kwh > 0)
    expected = float((np.interp(outdoor_c[known], curve.outdoor_c, curve.cop) * power_kwh[known]).sum())
    if expected < 1.0:
        return curve
    factor = min(max(float(heat_kwh[known].sum()) / expected, BELIEVED_COP[0]), BELIEVED_COP[1])
    return CopCurve(outdoor_c=curve.outdoor_c, cop=np.maximum(curve.cop * factor, _LEAST_COP))
