"""Home Assistant's units to the agent's: kW, kWh, fractions, degC, currency per kWh. An unknown one is an error."""

from __future__ import annotations

import math
import re

from homeagent.domain.errors import PermanentError

POWER_KW = {"mW": 1e-6, "W": 1e-3, "kW": 1.0, "MW": 1e3}
ENERGY_KWH = {"Wh": 1e-3, "kWh": 1.0, "MWh": 1e3}
TEMPERATURES = {"°C": (1.0, 0.0), "°F": (5 / 9, -160 / 9)}
_PER_KWH = {"Wh": 1e3, "kWh": 1.0, "MWh": 1e-3}
_HUNDREDTHS = {"c", "ct", "cent", "cents", "p", "pence", "øre", "öre", "¢", "eurocent", "gr"}


class UnitError(PermanentError):
    """A unit that the agent does not know, or that is of another kind."""


def power_kw(value: float, unit: object) -> float:
    """Return a power in kW."""
    return value * _factor(POWER_KW, unit, "a power")


def energy_kwh(value: float, unit: object) -> float:
    """Return an energy in kWh."""
    return value * _factor(ENERGY_KWH, unit, "an energy")


def is_energy(unit: object) -> bool:
    """Return whether `unit` counts energy."""
    return unit in ENERGY_KWH


def stored_kwh(value: float, unit: object, capacity_kwh: float) -> float:
    """Return a state of charge, given in per cent or as energy, in kWh."""
    return value / 100 * capacity_kwh if unit == "%" else value * _factor(ENERGY_KWH, unit, "a state of charge (%)")


def celsius(value: float, unit: object) -> float:
    """Return a temperature in degC."""
    scale, offset = TEMPERATURES[str(_known(TEMPERATURES, unit, "a temperature"))]
    return value * scale + offset


def price_factor(unit: object) -> float:
    """Return what turns a price in `unit` (EUR/kWh, ct/kWh, EUR/MWh, ...) into currency per kWh."""
    match = re.fullmatch(r"\s*(\S+?)\s*/\s*(Wh|kWh|MWh)\s*", unit) if isinstance(unit, str) else None
    if match is None:
        raise UnitError(f"{unit!r} is no price; known are e.g. EUR/kWh, EUR/MWh, ct/kWh and p/kWh")
    return _PER_KWH[match[2]] / (100 if match[1].lower() in _HUNDREDTHS else 1)


def number(text: str) -> float | None:
    """Return the number that a state shows, None where it is none or not finite."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _factor(known: dict[str, float], unit: object, what: str) -> float:
    return known[str(_known(known, unit, what))]


def _known(known: dict[str, float] | dict[str, tuple[float, float]], unit: object, what: str) -> object:
    if unit not in known:
        found = "it has no unit" if unit is None else f"its unit {unit!r} is none"
        raise UnitError(f"{found} of {what}; known are {', '.join(known)}")
    return unit
