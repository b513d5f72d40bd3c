"""Numbers with their units and ranges, and what was probably meant where one cannot be true."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from homeagent.config.home_assistant import wrong

PER_CENT = 100


def _efficiency(value: float) -> float:
    if value > 1:
        remedy = f"per cent? write {value / 100:g}" if value <= PER_CENT else "write a fraction, e.g. 0.95"
        raise wrong("is more than 1: no battery gives back more than it takes", remedy)
    if value <= 0:
        raise wrong("must be above 0", "write a fraction, e.g. 0.95")
    return value


def _fraction(value: float) -> float:
    if not 0 <= value <= 1:
        remedy = f"per cent? write {value / 100:g}" if 1 < value <= PER_CENT else "write a fraction from 0 to 1"
        raise wrong("is not between 0 and 1", remedy)
    return value


def _power(value: float) -> float:
    if value <= 0:
        raise wrong("must be above 0 kW", "write the power in kW")
    if value > 500:  # noqa: PLR2004 - no home battery or connection has more
        raise wrong("is more than a home has", f"watts? write {value / 1000:g}")
    return value


def _device_power(value: float) -> float:
    if _power(value) > 60:  # noqa: PLR2004 - no household device has more
        raise wrong("is more than a device has", f"watts? write {value / 1000:g}")
    return value


def _capacity(value: float) -> float:
    if value <= 0:
        raise wrong("must be above 0 kWh", "write the usable capacity in kWh")
    if value > 500:  # noqa: PLR2004 - no home battery has more
        raise wrong("is more than a home has", f"watt-hours? write {value / 1000:g}")
    return value


def _between(low_c: float, high_c: float) -> Callable[[float], float]:
    def check(value: float) -> float:
        if low_c <= value <= high_c:
            return value
        in_celsius = (value - 32) / 1.8
        meant = f"degF? write {in_celsius:.1f}" if low_c <= in_celsius <= high_c else "write degC"
        raise wrong(f"is not between {low_c:g} and {high_c:g} degC", meant)

    return check


room_c = _between(5, 35)
"""Return a room's temperature; an error says what was meant."""

Efficiency = Annotated[float, AfterValidator(_efficiency)]
Fraction = Annotated[float, AfterValidator(_fraction)]
PowerKw = Annotated[float, AfterValidator(_power)]
DeviceKw = Annotated[float, AfterValidator(_device_power)]
CapacityKwh = Annotated[float, AfterValidator(_capacity)]
NotNegative = Annotated[float, Field(ge=0)]
RoomC = Annotated[float, AfterValidator(room_c)]
WaterC = Annotated[float, AfterValidator(_between(5, 95))]
Minutes = Annotated[float, Field(ge=0, le=1440)]
DeviceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
