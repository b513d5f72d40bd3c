"""Home Assistant's units to the agent's: kW, kWh, fractions, degC. An unknown one is an error."""

from __future__ import annotations

import math

from homeagent.domain.errors import PermanentError

POWER_KW = {"mW": 1e-6, "W": 1e-3, "kW": 1.0, "MW": 1e3}
ENERGY_KWH = {"Wh": 1e-3, "kWh": 1.0, "MWh": 1e3}
TEMPERATURES = {"°C": (1.0, 0.0), "°F": (5 / 9, -160 / 9)}


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
