"""The public holidays of one country.

Asked for one country the library loads them all, 240 modules: 17 MB for good and a third of a second. So the country's
own module is loaded without its package; where that does not work, the library's way is taken.
"""

from __future__ import annotations

import importlib
import sys
from datetime import date
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PACKAGE = "holidays.countries"

Years = dict[tuple[str, int], tuple[date, ...]]
"""The holidays of a country in a year."""
_handed_over: Years = {}


def holidays_around(country: str, year: int) -> Years:
    """Return those of the years that a forecast of this year and the next looks at."""
    return {(country, near): holidays_of(country, near) for near in range(year - 2, year + 3)}


def take_over(years: Years) -> None:
    """Have `holidays_of` answer for these years without the library, whose 6 MB a small process can do without."""
    _handed_over.update(years)


@lru_cache(maxsize=64)
def holidays_of(country: str, year: int) -> tuple[date, ...]:
    """Return the days; none for a country that the library does not know."""
    if (country, year) in _handed_over:
        return _handed_over[country, year]
    try:
        kept = _alone(country)
    except (ImportError, AttributeError, TypeError, ValueError):  # a release of the library that is built otherwise
        kept = None
    if kept is not None:
        return tuple(kept(years=year))
    import holidays  # noqa: PLC0415 - heavy, and only for a home whose country is known

    try:
        return tuple(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return ()


@lru_cache(maxsize=4)
def _alone(country: str) -> Callable[..., Iterable[date]] | None:
    from holidays import registry  # noqa: PLC0415 - as above

    found = [(module, names[0]) for module, names in registry.COUNTRIES.items() if country in names[1:]]
    spec = find_spec(_PACKAGE)
    if not found or spec is None:
        return None
    module, name = found[0]
    loaded = _PACKAGE in sys.modules
    if not loaded:
        sys.modules[_PACKAGE] = module_from_spec(spec)  # named, not run
    try:
        kept: Callable[..., Iterable[date]] = getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)
    finally:
        if not loaded:
            del sys.modules[_PACKAGE]
    return kept
