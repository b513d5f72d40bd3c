"""Units of prices: what turns EUR/MWh, ct/kWh or p/kWh into currency per kWh."""

from __future__ import annotations

import re

from homeagent.domain.errors import PermanentError

_PER_KWH = {"wh": 1e3, "kwh": 1.0, "mwh": 1e-3}
_HUNDREDTHS = {"c", "ct", "cent", "cents", "p", "pence", "øre", "öre", "ore", "¢", "eurocent", "gr"}
_SIGNS = {"€": "EUR", "£": "GBP", "$": None, "kr": None, "Kr": None, "kr.": None, "zł": "PLN", "Kč": "CZK", "Ft": "HUF"}
_CODE = re.compile(r"[A-Za-z]{3}")
_UNIT = re.compile(r"\s*(\S+?)\s*/\s*(Wh|kWh|MWh)\s*")


class PriceUnitError(PermanentError):
    """A unit that the agent does not know, or that is of another kind."""


def price_factor(unit: object) -> float:
    """Return what turns a price in `unit` (EUR/kWh, ct/kWh, EUR/MWh, ...) into currency per kWh.

    Raises:
        PriceUnitError: it is no unit of a price.
    """
    match = _parts(unit)
    if match is None:
        raise PriceUnitError(f"{unit!r} is no price; known are e.g. EUR/kWh, EUR/MWh, ct/kWh and p/kWh")
    return _PER_KWH[match[2].lower()] / (100 if in_hundredths(unit) else 1)


def in_hundredths(unit: object) -> bool:
    """Return whether a price's unit counts cents, pence, oere and the like."""
    match = _parts(unit)
    return match is not None and match[1].lower() in _HUNDREDTHS


def currency_of(unit: object) -> str | None:
    """Return the currency's code that a price's unit names, None where it names none."""
    match = _parts(unit)
    if match is None or in_hundredths(unit):
        return None
    return _SIGNS[match[1]] if match[1] in _SIGNS else match[1].upper()


def _parts(unit: object) -> re.Match[str] | None:
    """Return money and energy of a unit; None where the first is no money (gCO2/kWh)."""
    match = _UNIT.fullmatch(unit) if isinstance(unit, str) else None
    if match is None or match[1].lower() in _HUNDREDTHS or match[1] in _SIGNS or _CODE.fullmatch(match[1]):
        return match
    return None
